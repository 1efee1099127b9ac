// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Escape times of the Mandelbrot set: a tight loop of double arithmetic with an unpredictable end.
#define KERNEL_NAME "mandelbrot"
#define KERNEL_ROUNDS 80
#include "bench.h"

#define WIDTH 160
#define HEIGHT 120
#define MAX_STEPS 220

static uint32_t escape_time(double cx, double cy) {
  double x = 0;
  double y = 0;
  uint32_t steps = 0;
  while (steps < MAX_STEPS) {
    double xx = x * x;
    double yy = y * y;
    if (xx + yy > 4.0) {
      break;
    }
    y = 2.0 * x * y + cy;
    x = xx - yy + cx;
    steps++;
  }
  return steps;
}

static uint32_t kernel_round(uint32_t round) {
  double zoom = 1.0 / (1.0 + 0.05 * (double)(round % 40));
  uint32_t sum = 0;
  for (int row = 0; row < HEIGHT; row++) {
    uint32_t line = 0;
    for (int column = 0; column < WIDTH; column++) {
      double cx = -0.7 + zoom * 3.0 * ((double)column / WIDTH - 0.5);
      double cy = zoom * 2.4 * ((double)row / HEIGHT - 0.5);
      line += escape_time(cx, cy);
    }
    sum = mix(sum, line);
  }
  return sum;
}
