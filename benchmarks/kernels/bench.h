// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Frame shared by the eighteen kernels. A kernel file defines KERNEL_NAME, KERNEL_ROUNDS and kernel_round(); this
// header supplies main(), a seeded generator and the checksum.
//
//   kernel [ROUNDS]     prints "NAME rounds=R checksum=XXXXXXXX"
//
// What must stay true: the line printed is a function of ROUNDS alone, and the same for the native and the wasm build.
// Floating point is therefore never contracted into fused operations and no libm function but sqrt is used; sizes are
// fixed-width. One round takes 1 to 20 ms as native code, the default number of rounds 0.3 to 1 s.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static uint32_t kernel_round(uint32_t round);

static uint32_t random_state = 0x2545f491u;

// xorshift, 32 bits; the same sequence in each run.
static inline uint32_t random_u32(void) {
  uint32_t x = random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return random_state = x;
}

// Folds one word into a running checksum.
static inline uint32_t mix(uint32_t sum, uint32_t word) {
  sum ^= word;
  sum *= 0x9e3779b1u;
  return sum ^ (sum >> 15);
}

// Folds the exact bits of a double into a running checksum.
static inline uint32_t mix_f64(uint32_t sum, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return mix(mix(sum, (uint32_t)bits), (uint32_t)(bits >> 32));
}

int main(int argc, char** argv) {
  uint32_t rounds = KERNEL_ROUNDS;
  if (argc > 1) {
    rounds = (uint32_t)strtoul(argv[1], NULL, 10);
  }
  uint32_t sum = 1;
  for (uint32_t round = 0; round < rounds; round++) {
    sum = mix(sum, kernel_round(round));
  }
  printf("%s rounds=%u checksum=%08x\n", KERNEL_NAME, (unsigned)rounds, (unsigned)sum);
  return 0;
}
