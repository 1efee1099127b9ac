// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LEB128 immediates of validated code: no checks. Handlers decode one byte inline and leave longer forms to
// their slow twins, which come here.
#pragma once

#include "base/types.h"

namespace petrel::interp {

/// An unsigned value of at most 64 bits at `at`, which moves past it.
inline u64 read_leb_u64(const u8*& at) {
  u64 result = 0;
  u32 shift = 0;
  u8 byte = 0;
  do {
    byte = *at++;
    result |= static_cast<u64>(byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return result;
}

/// The same of at most 32 bits; a memarg's offset may take ten bytes all the same.
inline u32 read_leb_u32(const u8*& at) { return static_cast<u32>(read_leb_u64(at)); }

/// A signed value of at most 64 bits.
inline i64 read_leb_s64(const u8*& at) {
  u64 result = 0;
  u32 shift = 0;
  u8 byte = 0;
  do {
    byte = *at++;
    result |= static_cast<u64>(byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  if (shift < 64 && (byte & 0x40) != 0) {
    result |= ~u64{0} << shift;
  }
  return static_cast<i64>(result);
}

inline void skip_leb(const u8*& at) {
  while (*at++ >= 0x80) {
  }
}

/// Whether a value or block type is not one byte: a long type index, or a reference with a heap type (0x63, 0x64; other
/// codes of 0x60 to 0x67 do not occur). Most blocks have type 0x40.
inline bool is_long_type(u8 first) {
  return first != 0x40 && (first >= 0x80 || (first & 0xf8) == 0x60);
}

/// Moves past a value or block type of any form.
inline void skip_type(const u8*& at) {
  if ((*at & 0xf8) == 0x60) {
    ++at;
  }
  skip_leb(at);
}

} // namespace petrel::interp
