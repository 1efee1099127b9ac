// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C = alpha * A * B + beta * C in the order i, k, j: the inner loop is contiguous and independent, made for the
// vectoriser.
#define KERNEL_NAME "gemm"
#define KERNEL_ROUNDS 300
#include "bench.h"

#define ROWS 200
#define COLUMNS 220
#define INNER 240

static double a[ROWS][INNER];
static double b[INNER][COLUMNS];
static double c[ROWS][COLUMNS];

static uint32_t kernel_round(uint32_t round) {
  double alpha = 1.5;
  double beta = 1.2;
  for (int i = 0; i < ROWS; i++) {
    for (int k = 0; k < INNER; k++) {
      a[i][k] = (double)((i * k + (int)round + 1) % ROWS) / ROWS;
    }
  }
  for (int k = 0; k < INNER; k++) {
    for (int j = 0; j < COLUMNS; j++) {
      b[k][j] = (double)(k * (j + 2) % COLUMNS) / COLUMNS;
    }
  }
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      c[i][j] = (double)((i * j + 1) % INNER) / INNER;
    }
  }
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      c[i][j] *= beta;
    }
    for (int k = 0; k < INNER; k++) {
      for (int j = 0; j < COLUMNS; j++) {
        c[i][j] += alpha * a[i][k] * b[k][j];
      }
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < ROWS; i++) {
    sum = mix_f64(sum, c[i][(i * 3) % COLUMNS]);
  }
  return sum;
}
