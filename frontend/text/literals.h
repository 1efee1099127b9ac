// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numeric immediates (core specification §6.3, §6.5.10): tokens to bits.
#pragma once

#include <array>

#include "frontend/text/cursor.h"

namespace petrel::text {

/// An integer literal of `bits` bits as its bit pattern.
Result<u64> expect_integer(Cursor& cursor, u32 bits);
Result<u32> expect_f32(Cursor& cursor);
Result<u64> expect_f64(Cursor& cursor);

/// How a vector literal is cut: `i8x16` has 16 lanes of 8 bits.
struct LaneShape {
  u32 lanes;
  u32 bits;
  bool is_float;
};
/// Consumes a shape keyword.
Result<LaneShape> expect_shape(Cursor& cursor);
/// The rest of `v128.const`: a shape and its lanes, as 16 bytes.
Result<std::array<u8, 16>> expect_v128(Cursor& cursor);

} // namespace petrel::text
