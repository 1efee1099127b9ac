// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All shortest paths (Floyd and Warshall) on 32-bit weights: minimum of a row and a shifted row.
#define KERNEL_NAME "floyd"
#define KERNEL_ROUNDS 40
#include "bench.h"

#define NODES 280

static int32_t distance[NODES][NODES];

static uint32_t kernel_round(uint32_t round) {
  for (int i = 0; i < NODES; i++) {
    for (int j = 0; j < NODES; j++) {
      distance[i][j] = i == j ? 0 : (i * j + (int)round) % 7 + 1;
      if ((i + j) % 13 == 0 || (i + j) % 7 == 0 || (i + j) % 11 == 0) {
        distance[i][j] = 999;
      }
    }
  }
  for (int k = 0; k < NODES; k++) {
    for (int i = 0; i < NODES; i++) {
      for (int j = 0; j < NODES; j++) {
        int32_t through = distance[i][k] + distance[k][j];
        distance[i][j] = distance[i][j] < through ? distance[i][j] : through;
      }
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < NODES; i++) {
    for (int j = 0; j < NODES; j += 9) {
      sum = mix(sum, (uint32_t)distance[i][j]);
    }
  }
  return sum;
}
