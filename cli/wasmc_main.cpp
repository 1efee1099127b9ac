// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry point of `wasmc`.
#include <cstdio>

int main() {
  std::fputs("wasmc: error: no command is in this build yet\n", stderr);
  return 2;
}
