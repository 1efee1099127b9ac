// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// F1: any bytes as a core module. Beyond "no report": errors have an offset inside the file, and the slow validator
// agrees with the verdict.
#include "tests/fuzz/targets.h"

int LLVMFuzzerTestOneInput(const petrel::u8* data, petrel::usize size) {
  petrel::fuzz::check_verdict({data, size});
  return 0;
}
