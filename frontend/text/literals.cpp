// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/literals.h"

#include "base/format.h"
#include "base/number_text.h"

namespace petrel::text {

namespace {

/// True for `inf`, `nan` and `nan:…`, which the lexer calls keywords.
bool is_float_word(const Cursor& cursor) {
  return cursor.at(TokenKind::keyword) &&
         (cursor.word() == "inf" || cursor.word() == "nan" || cursor.word().starts_with("nan:"));
}

template <typename T> Result<T> finish(Cursor& cursor, NumberResult<T> value, const char* type) {
  if (value) {
    cursor.next();
    return *value;
  }
  if (value.error() == NumberError::out_of_range) {
    return cursor.malformed_at(cursor.peek(), strf("%s constant out of range", type));
  }
  return cursor.unexpected(strf("an %s constant", type));
}

} // namespace

Result<u64> expect_integer(Cursor& cursor, u32 bits) {
  std::string type = strf("i%u", bits);
  if (!cursor.at(TokenKind::number)) {
    return cursor.unexpected(type + " constant");
  }
  return finish(cursor, parse_integer(cursor.word(), bits), type.c_str());
}

Result<u32> expect_f32(Cursor& cursor) {
  if (!cursor.at(TokenKind::number) && !is_float_word(cursor)) {
    return cursor.unexpected("an f32 constant");
  }
  return finish(cursor, parse_f32(cursor.word()), "f32");
}

Result<u64> expect_f64(Cursor& cursor) {
  if (!cursor.at(TokenKind::number) && !is_float_word(cursor)) {
    return cursor.unexpected("an f64 constant");
  }
  return finish(cursor, parse_f64(cursor.word()), "f64");
}

Result<LaneShape> expect_shape(Cursor& cursor) {
  constexpr std::array<std::pair<std::string_view, LaneShape>, 6> kShapes = {{
      {"i8x16", {16, 8, false}},
      {"i16x8", {8, 16, false}},
      {"i32x4", {4, 32, false}},
      {"i64x2", {2, 64, false}},
      {"f32x4", {4, 32, true}},
      {"f64x2", {2, 64, true}},
  }};
  for (const auto& [name, shape] : kShapes) {
    if (cursor.accept_keyword(name)) {
      return shape;
    }
  }
  return cursor.unexpected("a vector shape");
}

Result<std::array<u8, 16>> expect_v128(Cursor& cursor) {
  TRY_ASSIGN(LaneShape shape, expect_shape(cursor));
  std::array<u8, 16> out{};
  u32 lane_bytes = shape.bits / 8;
  u32 given = 0;
  for (Cursor lane = cursor; lane.at(TokenKind::number) || is_float_word(lane); lane.next()) {
    ++given;
  }
  if (given != shape.lanes) {
    return cursor.malformed_at(
        cursor.peek(), strf("wrong number of lane literals: %u, expected %u", given, shape.lanes));
  }
  for (u32 lane = 0; lane < shape.lanes; ++lane) {
    u64 bits = 0;
    if (!shape.is_float) {
      TRY_ASSIGN(bits, expect_integer(cursor, shape.bits));
    } else if (shape.bits == 32) {
      TRY_ASSIGN(bits, expect_f32(cursor));
    } else {
      TRY_ASSIGN(bits, expect_f64(cursor));
    }
    for (u32 i = 0; i < lane_bytes; ++i) {
      out[lane * lane_bytes + i] = static_cast<u8>(bits >> (8 * i));
    }
  }
  return out;
}

} // namespace petrel::text
