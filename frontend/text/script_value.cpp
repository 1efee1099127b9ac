// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/script_value.h"

#include "base/format.h"
#include "frontend/text/literals.h"
#include "frontend/text/type_table.h"

namespace petrel::text {

namespace {

struct RefWord {
  std::string_view word;
  AbsHeapType heap;
};
constexpr RefWord kRefWords[] = {
    {"ref.func", AbsHeapType::func},      {"ref.extern", AbsHeapType::extern_},
    {"ref.host", AbsHeapType::any},       {"ref.any", AbsHeapType::any},
    {"ref.eq", AbsHeapType::eq},          {"ref.i31", AbsHeapType::i31},
    {"ref.struct", AbsHeapType::struct_}, {"ref.array", AbsHeapType::array},
    {"ref.exn", AbsHeapType::exn},
};

void store_le(ScriptValue& value, u32 offset, u64 bits, u32 size_bytes) {
  for (u32 i = 0; i < size_bytes; ++i) {
    value.bytes[offset + i] = static_cast<u8>(bits >> (8 * i));
  }
}

/// A NaN pattern's word if one stands here.
std::optional<LaneCheck> accept_nan_pattern(Cursor& cursor, bool is_pattern) {
  if (is_pattern && cursor.accept_keyword("nan:canonical")) {
    return LaneCheck::nan_canonical;
  }
  if (is_pattern && cursor.accept_keyword("nan:arithmetic")) {
    return LaneCheck::nan_arithmetic;
  }
  return std::nullopt;
}

/// One float of `bits` bits into lane `lane`.
Status parse_float_lane(Cursor& cursor, ScriptValue& value, u32 lane, u32 bits, bool is_pattern) {
  if (auto check = accept_nan_pattern(cursor, is_pattern)) {
    value.checks[lane] = *check;
  } else if (bits == 32) {
    TRY_ASSIGN(u32 pattern, expect_f32(cursor));
    store_le(value, lane * 4, pattern, 4);
  } else {
    TRY_ASSIGN(u64 pattern, expect_f64(cursor));
    store_le(value, lane * 8, pattern, 8);
  }
  return {};
}

Status parse_vector(Cursor& cursor, ScriptValue& value, bool is_pattern) {
  value.kind = ScriptValueKind::v128;
  TRY_ASSIGN(LaneShape shape, expect_shape(cursor));
  value.lane_bits = static_cast<u8>(shape.bits);
  value.is_float_lanes = shape.is_float;
  for (u32 lane = 0; lane < shape.lanes; ++lane) {
    if (shape.is_float) {
      TRY(parse_float_lane(cursor, value, lane, shape.bits, is_pattern));
    } else {
      TRY_ASSIGN(u64 bits, expect_integer(cursor, shape.bits));
      store_le(value, lane * shape.bits / 8, bits, shape.bits / 8);
    }
  }
  return {};
}

Status parse_reference(Cursor& cursor, std::string_view word, ScriptValue& value) {
  if (word == "ref.null") {
    value.kind = ScriptValueKind::ref_null;
    if (!cursor.at(TokenKind::rparen)) {
      TypeTable no_types;
      TRY_ASSIGN(HeapType heap, no_types.parse_heap_type(cursor));
      value.heap = heap.is_abstract() ? heap.abstract() : AbsHeapType::any;
    }
    return {};
  }
  for (const RefWord& row : kRefWords) {
    if (row.word == word) {
      value.kind = ScriptValueKind::ref;
      value.heap = row.heap;
      if (cursor.at(TokenKind::number)) {
        TRY_ASSIGN(u64 number, expect_unsigned(cursor, 32, "a host reference's number"));
        value.number = static_cast<u32>(number);
      }
      return {};
    }
  }
  return cursor.unexpected("a constant");
}

} // namespace

u64 ScriptValue::low() const {
  u64 bits = 0;
  for (u32 i = 0; i < 8; ++i) {
    bits |= u64{bytes[i]} << (8 * i);
  }
  return bits;
}

Result<ScriptValue> parse_script_value(Cursor& cursor, bool is_pattern) {
  ScriptValue value;
  std::string_view word = cursor.form_keyword();
  if (word.empty()) {
    return cursor.unexpected("a constant in parentheses");
  }
  Cursor before = cursor;
  before.next();
  cursor.next();
  cursor.next();
  if (word == "i32.const" || word == "i64.const") {
    u32 bits = word == "i32.const" ? 32 : 64;
    value.kind = bits == 32 ? ScriptValueKind::i32 : ScriptValueKind::i64;
    TRY_ASSIGN(u64 pattern, expect_integer(cursor, bits));
    store_le(value, 0, pattern, bits / 8);
  } else if (word == "f32.const" || word == "f64.const") {
    u32 bits = word == "f32.const" ? 32 : 64;
    value.kind = bits == 32 ? ScriptValueKind::f32 : ScriptValueKind::f64;
    TRY(parse_float_lane(cursor, value, 0, bits, is_pattern));
  } else if (word == "v128.const") {
    TRY(parse_vector(cursor, value, is_pattern));
  } else if (word.starts_with("ref.")) {
    TRY(parse_reference(cursor, word, value));
  } else {
    return before.unexpected("a constant");
  }
  TRY(cursor.expect_rparen());
  return value;
}

Result<ExpectedValue> parse_expected_value(Cursor& cursor) {
  ExpectedValue alternatives;
  bool either = cursor.accept_form("either");
  do {
    TRY_ASSIGN(ScriptValue value, parse_script_value(cursor, true));
    alternatives.push_back(value);
  } while (either && cursor.at(TokenKind::lparen));
  if (either) {
    TRY(cursor.expect_rparen());
  }
  return alternatives;
}

} // namespace petrel::text
