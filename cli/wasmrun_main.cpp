// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry point of `wasmrun`.
#include <cstdio>

int main() {
  std::fputs("wasmrun: error: no command is in this build yet\n", stderr);
  return 2;
}
