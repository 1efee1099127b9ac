// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sieve of Eratosthenes on a byte per odd number: strided byte stores and one counting loop.
#define KERNEL_NAME "sieve"
#define KERNEL_ROUNDS 450
#include "bench.h"

#define LIMIT 2000000u

static uint8_t composite[LIMIT / 2];

static uint32_t kernel_round(uint32_t round) {
  uint32_t limit = LIMIT - 2 * (round & 63);
  memset(composite, 0, sizeof composite);
  for (uint32_t n = 3; n * n < limit; n += 2) {
    if (composite[n / 2]) {
      continue;
    }
    for (uint32_t multiple = n * n; multiple < limit; multiple += 2 * n) {
      composite[multiple / 2] = 1;
    }
  }
  uint32_t primes = 1;
  uint32_t last = 2;
  for (uint32_t i = 1; i < limit / 2; i++) {
    if (!composite[i]) {
      primes++;
      last = 2 * i + 1;
    }
  }
  return mix(primes, last);
}
