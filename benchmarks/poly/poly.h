// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Frame of suite B: thirty numeric kernels (matrix products, solvers, statistics, stencils, dynamic programming) of the
// kind and the medium sizes that PolyBench made usual, written from their mathematical definitions. A file holds
// several kernels, each introduced by
//
//   KERNEL(name, rounds) { … return checksum; }
//
// benchmarks/build.py finds these lines and compiles a program per kernel: it defines KERNEL_NAME, KERNEL_ROUNDS and
// renames the chosen function to kernel_round; the compiler drops the others with their arrays.
//
// What must stay true: see ../kernels/bench.h. Input that a round does not change is made in round 0 only, so that the
// algorithm is what is measured; something small varies with the round, so that no round can be left out.
#pragma once

#include "../kernels/bench.h"

#define KERNEL(name, rounds) static __attribute__((unused)) uint32_t round_##name(uint32_t round)

#define HELPER static __attribute__((unused))

// Values in (0, 2): a fixed function of place, `seed` and `modulus`.
HELPER void fill(double* to, int rows, int columns, int seed, int modulus) {
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++) {
      to[i * columns + j] = (double)((i * (j + seed) + j + 1) % modulus + 1) / modulus;
    }
  }
}

// A symmetric matrix whose diagonal outweighs its rows: it has a Cholesky factor and needs no pivoting.
HELPER void fill_dominant(double* to, int side, int seed) {
  for (int i = 0; i < side; i++) {
    for (int j = 0; j <= i; j++) {
      double value = (double)((i + j * (3 + seed)) % 37) / 37;
      to[i * side + j] = value;
      to[j * side + i] = value;
    }
    to[i * side + i] = side + seed;
  }
}

// Checksum of every `stride`th of `count` values.
HELPER uint32_t digest(const double* from, int count, int stride) {
  uint32_t sum = 0;
  for (int i = 0; i < count; i += stride) {
    sum = mix_f64(sum, from[i]);
  }
  return sum;
}
