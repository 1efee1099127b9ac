// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The floor of a cold start: a process that does nothing. Linked static against glibc.
int main(void) { return 0; }
