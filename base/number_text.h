// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Number literals of the text format (core specification §6.3.1, §6.3.2) to and from bits, exactly:
// a literal is rounded once, straight to its own width (a decimal f32 never passes through a double),
// round to nearest, ties to even. A finite literal that would round to infinity is out of range.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/types.h"

namespace petrel {

enum class NumberError : u8 {
  syntax,       ///< not a literal of that kind
  out_of_range, ///< a literal, but the value (or the NaN payload) does not fit
};

template <typename T> using NumberResult = std::expected<T, NumberError>;

/// What a run of characters is, by the grammar of literals alone.
enum class NumberShape : u8 { none, unsigned_int, signed_int, floating };

/// Classifies a token: `unsigned_int` (no sign), `signed_int` (`+` or `-`), `floating` (a fraction, an
/// exponent, `inf`, `nan`, `nan:0x…`), or `none`.
NumberShape number_shape(std::string_view text);

/// An unsigned literal of at most `bits` bits (1 to 64).
NumberResult<u64> parse_unsigned(std::string_view text, u32 bits);
/// An integer literal of `bits` bits, `-2^(bits-1) … 2^bits-1`, as its two's complement bit pattern.
NumberResult<u64> parse_integer(std::string_view text, u32 bits);
/// A floating-point literal as its bits.
NumberResult<u32> parse_f32(std::string_view text);
NumberResult<u64> parse_f64(std::string_view text);

/// The shortest literal that reads back to the same bits: `-0`, `1.5`, `1e+30`, `inf`, `nan`, `-nan:0x200000`.
std::string format_f32(u32 bits);
std::string format_f64(u64 bits);

} // namespace petrel
