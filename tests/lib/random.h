// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// splitmix64: the numbers of generators and mutators, the same for a seed everywhere.
#pragma once

#include "base/types.h"

namespace petrel::tests {

class Random {
public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    state_ += 0x9e3779b97f4a7c15;
    u64 z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Below `bound`, which is not 0.
  u64 below(u64 bound) { return next() % bound; }

private:
  u64 state_;
};

} // namespace petrel::tests
