// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FNV-1a, 64 bits: for hash tables keyed by our own data and for contract hashes computed at compile
// time. Never a security boundary: whatever is found by hash is compared in full.
#pragma once

#include <string_view>

#include "base/types.h"

namespace petrel {

constexpr u64 kFnvOffset = 0xcbf29ce484222325;

constexpr u64 fnv1a(std::string_view text, u64 seed = kFnvOffset) {
  u64 hash = seed;
  for (char c : text) {
    hash = (hash ^ static_cast<u8>(c)) * 0x100000001b3;
  }
  return hash;
}

} // namespace petrel
