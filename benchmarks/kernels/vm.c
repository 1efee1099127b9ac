// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A byte-code machine inside the guest: a switch in a loop, an operand stack in memory. Its program walks Collatz
// sequences and keeps the longest; engines see one hot br_table (an interpreter interprets an interpreter).
#define KERNEL_NAME "vm"
#define KERNEL_ROUNDS 300
#include "bench.h"

enum { kPush, kLoad, kStore, kAdd, kMul, kSub, kHalve, kOdd, kLess, kJump, kJumpZero, kDup, kSwap, kDrop, kHalt };

enum { kN, kLength, kBest, kBestN, kX, kLimit, kVariables };

// clang-format off
static const uint8_t program[] = {
    /*  0 */ kLoad, kN, kLoad, kLimit, kLess, kJumpZero, 75,             // while n < limit
    /*  7 */ kLoad, kN, kStore, kX, kPush, 1, kStore, kLength,           //   x = n, length = 1
    /* 15 */ kPush, 1, kLoad, kX, kLess, kJumpZero, 51,                  //   while 1 < x
    /* 22 */ kLoad, kX, kOdd, kJumpZero, 37,                             //     if x is odd
    /* 27 */ kLoad, kX, kPush, 3, kMul, kPush, 1, kAdd, kJump, 40,       //       3 * x + 1
    /* 37 */ kLoad, kX, kHalve,                                          //     else x / 2
    /* 40 */ kStore, kX, kLoad, kLength, kPush, 1, kAdd, kStore, kLength, // is the next x; length = length + 1
    /* 49 */ kJump, 15,
    /* 51 */ kLoad, kBest, kLoad, kLength, kLess, kJumpZero, 66,         //   if best < length
    /* 58 */ kLoad, kLength, kStore, kBest, kLoad, kN, kStore, kBestN,   //     best = length, best_n = n
    /* 66 */ kLoad, kN, kPush, 1, kAdd, kStore, kN, kJump, 0,            //   n = n + 1
    /* 75 */ kHalt,
};
// clang-format on

static uint32_t execute(uint32_t first, uint32_t limit) {
  uint32_t variables[kVariables] = {0};
  uint32_t stack[64];
  uint32_t depth = 0;
  uint32_t pc = 0;
  variables[kN] = first;
  variables[kLimit] = limit;
  for (;;) {
    switch (program[pc++]) {
    case kPush:
      stack[depth++] = program[pc++];
      break;
    case kLoad:
      stack[depth++] = variables[program[pc++]];
      break;
    case kStore:
      variables[program[pc++]] = stack[--depth];
      break;
    case kAdd:
      depth--;
      stack[depth - 1] += stack[depth];
      break;
    case kMul:
      depth--;
      stack[depth - 1] *= stack[depth];
      break;
    case kSub:
      depth--;
      stack[depth - 1] -= stack[depth];
      break;
    case kHalve:
      stack[depth - 1] >>= 1;
      break;
    case kOdd:
      stack[depth - 1] &= 1;
      break;
    case kLess:
      depth--;
      stack[depth - 1] = stack[depth - 1] < stack[depth];
      break;
    case kJump:
      pc = program[pc];
      break;
    case kJumpZero:
      pc = stack[--depth] ? pc + 1 : program[pc];
      break;
    case kDup:
      stack[depth] = stack[depth - 1];
      depth++;
      break;
    case kSwap: {
      uint32_t top = stack[depth - 1];
      stack[depth - 1] = stack[depth - 2];
      stack[depth - 2] = top;
      break;
    }
    case kDrop:
      depth--;
      break;
    case kHalt:
      return mix(variables[kBest], variables[kBestN]);
    }
  }
}

static uint32_t kernel_round(uint32_t round) { return execute(2 + round * 8, 1500 + round * 8); }
