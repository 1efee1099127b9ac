// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LU factorisation without pivoting of a diagonally dominant matrix, row by row with dot products: triangular loops, a
// strided operand, an accumulator in memory.
#define KERNEL_NAME "lu"
#define KERNEL_ROUNDS 60
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
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < i; j++) {
      for (int k = 0; k < j; k++) {
        matrix[i][j] -= matrix[i][k] * matrix[k][j];
      }
      matrix[i][j] /= matrix[j][j];
    }
    for (int j = i; j < SIDE; j++) {
      for (int k = 0; k < i; k++) {
        matrix[i][j] -= matrix[i][k] * matrix[k][j];
      }
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < SIDE; i++) {
    sum = mix_f64(sum, matrix[i][(i * 11) % SIDE]);
  }
  return sum;
}
