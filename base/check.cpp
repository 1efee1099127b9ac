// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only place where the library itself writes to stderr and ends the process: its own bug.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

#include "base/library_check.h"

extern "C" {
// Defined by every linker: where the program begins in memory.
extern const char __executable_start[] __attribute__((weak, visibility("hidden")));
}

namespace petrel {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error: %s:%d: %s does not hold; please report\n", file, line,
               condition);
  std::abort();
}

[[gnu::noinline]] void library_check_failed() noexcept {
  const char* after = static_cast<const char*>(__builtin_return_address(0));
  std::fprintf(stderr,
               "internal error: a check of the C++ library failed at 0x%zx; please report\n",
               static_cast<std::size_t>(after - __executable_start) - 1);
  std::abort();
}

} // namespace petrel
