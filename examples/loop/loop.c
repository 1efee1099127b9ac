// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Never ends by itself: for --timeout.
#include "../guest.h"

static volatile uint32_t rounds;

static int guest_main(void) {
  print("looping\n");
  for (;;) {
    rounds = rounds + 1;
  }
}
