// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recursion whose frames hold arrays with taken addresses: in wasm they lie on the shadow stack in linear memory, and
// the stack pointer is a mutable global. N queens with a copied board, plus a recursive merge of small arrays.
#define KERNEL_NAME "stack"
#define KERNEL_ROUNDS 350
#include "bench.h"

#define SIDE 8

typedef struct {
  uint8_t column_of_row[SIDE];
  uint8_t taken_columns[SIDE];
  uint8_t taken_rising[2 * SIDE];
  uint8_t taken_falling[2 * SIDE];
} Board;

static __attribute__((noinline)) uint32_t place(const Board* board, uint32_t row, uint32_t* fingerprint) {
  if (row == SIDE) {
    for (uint32_t i = 0; i < SIDE; i++) {
      *fingerprint = *fingerprint * 31 + board->column_of_row[i];
    }
    return 1;
  }
  uint32_t solutions = 0;
  for (uint32_t column = 0; column < SIDE; column++) {
    uint32_t rising = row + column;
    uint32_t falling = row + SIDE - column;
    if (board->taken_columns[column] | board->taken_rising[rising] | board->taken_falling[falling]) {
      continue;
    }
    Board next = *board;
    next.column_of_row[row] = (uint8_t)column;
    next.taken_columns[column] = 1;
    next.taken_rising[rising] = 1;
    next.taken_falling[falling] = 1;
    solutions += place(&next, row + 1, fingerprint);
  }
  return solutions;
}

// Sorts `count` (a power of two, at most 64) words through buffers of the callers' frames.
static __attribute__((noinline)) void merge_sort(uint32_t* words, uint32_t count) {
  if (count == 1) {
    return;
  }
  uint32_t half = count / 2;
  uint32_t left[32];
  uint32_t right[32];
  memcpy(left, words, half * sizeof *words);
  memcpy(right, words + half, half * sizeof *words);
  merge_sort(left, half);
  merge_sort(right, half);
  uint32_t i = 0;
  uint32_t j = 0;
  for (uint32_t k = 0; k < count; k++) {
    words[k] = j == half || (i < half && left[i] <= right[j]) ? left[i++] : right[j++];
  }
}

static uint32_t kernel_round(uint32_t round) {
  uint32_t fingerprint = round;
  uint32_t sum = 0;
  for (uint32_t pass = 0; pass < 8; pass++) {
    Board board = {0};
    sum = mix(sum, place(&board, 0, &fingerprint));
  }
  for (uint32_t pass = 0; pass < 600; pass++) {
    uint32_t words[64];
    for (uint32_t i = 0; i < 64; i++) {
      words[i] = random_u32();
    }
    merge_sort(words, 64);
    sum = mix(sum, words[pass & 63]);
  }
  return mix(sum, fingerprint);
}
