// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Traps three calls deep, after printing a line: the message names the function, and the backtrace shows the way
// there. Built with its function names.
#include "../guest.h"

static volatile int32_t zero;

NOINLINE static int32_t divide(int32_t dividend, int32_t divisor) { return dividend / divisor; }

NOINLINE static int32_t compute_average(const int32_t* values, int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum += values[i];
  }
  return divide(sum, count);
}

NOINLINE static int32_t report(void) {
  static const int32_t values[3] = {3, 4, 5};
  return compute_average(values, zero) + 1;
}

static int guest_main(void) {
  print("before the trap\n");
  int32_t average = report();
  print("never printed\n");
  return average;
}
