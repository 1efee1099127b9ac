// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls through a table of functions whose order the branch predictor cannot learn: call_indirect with its bounds,
// null and signature checks.
#define KERNEL_NAME "indirect"
#define KERNEL_ROUNDS 100
#include "bench.h"

#define CALLS 1200000

typedef uint32_t (*Operation)(uint32_t, uint32_t);

static uint32_t op_add(uint32_t x, uint32_t y) { return x + y; }
static uint32_t op_subtract(uint32_t x, uint32_t y) { return x - 3 * y; }
static uint32_t op_xor(uint32_t x, uint32_t y) { return x ^ (y << 3); }
static uint32_t op_multiply(uint32_t x, uint32_t y) { return x * (y | 1); }
static uint32_t op_rotate(uint32_t x, uint32_t y) { return (x << (y & 31)) | (x >> ((32 - y) & 31)); }
static uint32_t op_minimum(uint32_t x, uint32_t y) { return (x < y ? x : y) + 17; }
static uint32_t op_average(uint32_t x, uint32_t y) { return (x >> 1) + (y >> 1); }
static uint32_t op_fold(uint32_t x, uint32_t y) { return (x >> 16) ^ (x << 2) ^ y; }

static Operation volatile operations[8] = {op_add, op_subtract, op_xor, op_multiply, op_rotate, op_minimum, op_average, op_fold};

static uint32_t kernel_round(uint32_t round) {
  uint32_t value = round + 1;
  uint32_t pick = round * 2654435761u + 12345u;
  for (uint32_t i = 0; i < CALLS; i++) {
    pick = pick * 1664525u + 1013904223u;
    // Seven calls of eight repeat a fixed pattern, the eighth is as good as random.
    uint32_t index = (i & 7) == 7 ? pick >> 29 : i & 7;
    value = operations[index](value, pick);
  }
  return value;
}
