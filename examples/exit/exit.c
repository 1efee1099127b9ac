// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ends with exit status 7: proc_exit of preview 1, or exit-with-code of WASI 0.2.
#include "../guest.h"

#ifndef PREVIEW1
IMPORT("wasi:cli/exit@0.2.12", "exit-with-code") _Noreturn void exit_with_code(int32_t status);
#endif

static int guest_main(void) {
  print("leaving with 7\n");
#ifdef PREVIEW1
  p1_proc_exit(7);
#else
  exit_with_code(7);
#endif
}
