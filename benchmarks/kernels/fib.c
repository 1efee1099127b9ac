// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fibonacci by plain double recursion: the price of a direct call, its prologue and stack check.
#define KERNEL_NAME "fib"
#define KERNEL_ROUNDS 300
#include "bench.h"

static __attribute__((noinline)) uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint32_t kernel_round(uint32_t round) { return fib(29 + (round & 1)); }
