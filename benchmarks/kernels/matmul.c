// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Square matrix product by rows and columns (ijk order): the inner loop strides through memory and its sum may not be
// reassociated, so neither build can vectorise it.
#define KERNEL_NAME "matmul"
#define KERNEL_ROUNDS 200
#include "bench.h"

#define SIDE 180

static double a[SIDE][SIDE];
static double b[SIDE][SIDE];
static double c[SIDE][SIDE];

static uint32_t kernel_round(uint32_t round) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      a[i][j] = (double)((i * j + (int)round) % 97) / 97.0;
      b[i][j] = (double)((i + 2 * j + (int)round) % 89) / 89.0;
    }
  }
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      double sum = 0;
      for (int k = 0; k < SIDE; k++) {
        sum += a[i][k] * b[k][j];
      }
      c[i][j] = sum;
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < SIDE; i++) {
    sum = mix_f64(sum, c[i][(i * 7) % SIDE]);
  }
  return sum;
}
