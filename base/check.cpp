// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only place where the library itself writes to stderr and ends the process: its own bug.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace petrel {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error: %s:%d: %s does not hold; please report\n", file, line,
               condition);
  std::abort();
}

} // namespace petrel
