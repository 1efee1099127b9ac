// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LU factorisation without pivoting of a diagonally dominant matrix, right-looking: triangular loops with rows that
// shrink.
#define KERNEL_NAME "lu"
#define KERNEL_ROUNDS 500
#include "bench.h"

#define SIDE 260

static double matrix[SIDE][SIDE];

static uint32_t kernel_round(uint32_t round) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      matrix[i][j] = (double)((i * 3 + j * 7 + (int)round) % 41) / 41.0;
    }
    matrix[i][i] += SIDE;
  }
  for (int k = 0; k < SIDE; k++) {
    for (int i = k + 1; i < SIDE; i++) {
      double factor = matrix[i][k] / matrix[k][k];
      matrix[i][k] = factor;
      for (int j = k + 1; j < SIDE; j++) {
        matrix[i][j] -= factor * matrix[k][j];
      }
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < SIDE; i++) {
    sum = mix_f64(sum, matrix[i][(i * 11) % SIDE]);
  }
  return sum;
}
