// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Five-point stencil, two grids in turn: neighbouring loads that overlap between iterations, vectorisable.
#define KERNEL_NAME "jacobi2d"
#define KERNEL_ROUNDS 200
#include "bench.h"

#define SIDE 360
#define STEPS 24

static double grid[SIDE][SIDE];
static double other[SIDE][SIDE];

static void sweep(double to[SIDE][SIDE], double from[SIDE][SIDE]) {
  for (int i = 1; i < SIDE - 1; i++) {
    for (int j = 1; j < SIDE - 1; j++) {
      to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i + 1][j] + from[i - 1][j]);
    }
  }
}

static uint32_t kernel_round(uint32_t round) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      grid[i][j] = ((double)i * (j + 2 + (int)(round % 7)) + 2) / SIDE;
      other[i][j] = grid[i][j];
    }
  }
  for (int step = 0; step < STEPS; step++) {
    sweep(other, grid);
    sweep(grid, other);
  }
  uint32_t sum = 0;
  for (int i = 0; i < SIDE; i++) {
    sum = mix_f64(sum, grid[i][(i * 5) % SIDE]);
  }
  return sum;
}
