// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The integer and byte vocabulary used everywhere, and the two ways to change an integer's width:
// `narrow` when the value must fit (a misfit is our bug) and `checked_narrow` when it may not.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace petrel {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using f32 = float;
using f64 = double;
using usize = std::size_t;

using Bytes = std::span<const u8>;

/// Converts between integer types; aborts when the value does not fit (rule R11: no silent narrowing).
template <std::integral To, std::integral From> constexpr To narrow(From value) {
  CHECK(std::in_range<To>(value));
  return static_cast<To>(value);
}

/// Converts between integer types; empty when the value does not fit.
template <std::integral To, std::integral From>
constexpr std::optional<To> checked_narrow(From value) {
  if (!std::in_range<To>(value)) {
    return std::nullopt;
  }
  return static_cast<To>(value);
}

/// Bytes of a string, for writers and digests.
inline Bytes as_bytes(std::string_view text) {
  // SAFETY: char and u8 have the same size and alignment, and u8 may alias anything.
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

/// Text of a byte range; no validation.
inline std::string_view as_text(Bytes bytes) {
  // SAFETY: as above, in the other direction.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Rounds `value` up to a multiple of `alignment`, which is a power of two; the caller knows that the sum fits.
constexpr u64 align_up(u64 value, u64 alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

} // namespace petrel
