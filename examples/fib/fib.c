// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A core module without imports whose functions are called from the command line: wasmrun call fib.wasm fib 20
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("fib") uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT("factorial") uint64_t factorial(uint64_t n) {
  uint64_t product = 1;
  for (uint64_t i = 2; i <= n; i++) {
    product *= i;
  }
  return product;
}

EXPORT("mean") double mean(double x, double y) { return (x + y) / 2; }

EXPORT("mean32") float mean32(float x, float y) { return (x + y) / 2; }

EXPORT("divide") int32_t divide(int32_t dividend, int32_t divisor) { return dividend / divisor; }

EXPORT("nothing") void nothing(void) {}
