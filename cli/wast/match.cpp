// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NaN patterns (specification, interpreter/README.md): a canonical NaN has only the quiet bit set in its
// payload, an arithmetic one has at least that; both with either sign.
#include "cli/wast/match.h"

#include <cstring>

#include "base/format.h"
#include "base/number_text.h"

namespace petrel::wast {

namespace {

using text::LaneCheck;
using text::ScriptValue;
using text::ScriptValueKind;

bool float_lane_matches(u64 actual, u64 expected, LaneCheck check, u32 bits) {
  u64 quiet = bits == 32 ? 0x7fc00000u : 0x7ff8000000000000u;
  u64 magnitude = bits == 32 ? actual & 0x7fffffffu : actual & 0x7fffffffffffffffu;
  switch (check) {
  case LaneCheck::exact: return actual == expected;
  case LaneCheck::nan_canonical: return magnitude == quiet;
  case LaneCheck::nan_arithmetic: return (magnitude & quiet) == quiet;
  }
  PETREL_UNREACHABLE();
}

u64 load_le(const u8* bytes, u32 size_bytes) {
  u64 value = 0;
  for (u32 i = 0; i < size_bytes; ++i) {
    value |= u64{bytes[i]} << (8 * i);
  }
  return value;
}

bool vector_matches(const ResultValue& value, const ScriptValue& expected) {
  u8 actual[16];
  std::memcpy(actual, value.bits, sizeof actual);
  if (!expected.is_float_lanes) {
    return std::memcmp(actual, expected.bytes.data(), sizeof actual) == 0;
  }
  u32 lane_bytes = expected.lane_bits / 8u;
  for (u32 lane = 0; lane < 16 / lane_bytes; ++lane) {
    u64 got = load_le(actual + lane * lane_bytes, lane_bytes);
    u64 want = load_le(expected.bytes.data() + lane * lane_bytes, lane_bytes);
    if (!float_lane_matches(got, want, expected.checks[lane], expected.lane_bits)) {
      return false;
    }
  }
  return true;
}

/// True when a non-null reference that is a `shape` is what `(ref.<pattern>)` means.
bool is_below(AbsHeapType shape, AbsHeapType pattern) {
  const bool is_eq =
      shape == AbsHeapType::i31 || shape == AbsHeapType::struct_ || shape == AbsHeapType::array;
  return shape == pattern || (is_eq && pattern == AbsHeapType::eq) ||
         ((is_eq || shape == AbsHeapType::eq) && pattern == AbsHeapType::any);
}

bool one_matches(const ResultValue& value, const ScriptValue& expected) {
  switch (expected.kind) {
  case ScriptValueKind::i32:
    return value.type == ValType(ValKind::i32) &&
           static_cast<u32>(value.bits[0]) == static_cast<u32>(expected.low());
  case ScriptValueKind::i64:
    return value.type == ValType(ValKind::i64) && value.bits[0] == expected.low();
  case ScriptValueKind::f32:
    return value.type == ValType(ValKind::f32) &&
           float_lane_matches(static_cast<u32>(value.bits[0]), expected.low(), expected.checks[0],
                              32);
  case ScriptValueKind::f64:
    return value.type == ValType(ValKind::f64) &&
           float_lane_matches(value.bits[0], expected.low(), expected.checks[0], 64);
  case ScriptValueKind::v128:
    return value.type == ValType(ValKind::v128) && vector_matches(value, expected);
  case ScriptValueKind::ref_null: return value.type.is_ref() && value.is_null;
  case ScriptValueKind::ref:
    return value.type.is_ref() && !value.is_null && is_below(value.shape, *expected.heap) &&
           (!expected.number || value.host_number == expected.number);
  }
  PETREL_UNREACHABLE();
}

std::string float_text(u64 bits, LaneCheck check, u32 width) {
  switch (check) {
  case LaneCheck::exact: return width == 32 ? format_f32(static_cast<u32>(bits)) : format_f64(bits);
  case LaneCheck::nan_canonical: return "nan:canonical";
  case LaneCheck::nan_arithmetic: return "nan:arithmetic";
  }
  PETREL_UNREACHABLE();
}

std::string vector_text(u64 low, u64 high) {
  return strf("(v128.const i64x2 0x%016llx 0x%016llx)", static_cast<unsigned long long>(low),
              static_cast<unsigned long long>(high));
}

std::string one_text(const ScriptValue& value) {
  switch (value.kind) {
  case ScriptValueKind::i32:
    return strf("(i32.const %d)", static_cast<i32>(static_cast<u32>(value.low())));
  case ScriptValueKind::i64: return strf("(i64.const %lld)", static_cast<long long>(value.low()));
  case ScriptValueKind::f32:
    return "(f32.const " + float_text(value.low(), value.checks[0], 32) + ")";
  case ScriptValueKind::f64:
    return "(f64.const " + float_text(value.low(), value.checks[0], 64) + ")";
  case ScriptValueKind::v128: return vector_text(value.low(), load_le(value.bytes.data() + 8, 8));
  case ScriptValueKind::ref_null: return "(ref.null)";
  case ScriptValueKind::ref:
    return value.number ? strf("(ref.extern %u)", *value.number) : "(a non-null reference)";
  }
  PETREL_UNREACHABLE();
}

} // namespace

bool matches(const ResultValue& value, const text::ExpectedValue& expected) {
  for (const ScriptValue& alternative : expected) {
    if (one_matches(value, alternative)) {
      return true;
    }
  }
  return false;
}

bool message_matches(std::string_view expected, std::string_view actual) {
  // Seven assertions about exceptions go on with the operand lists of the interpreter they were written for.
  for (const std::string_view list : {": instruction requires [", ": block requires ["}) {
    expected = expected.substr(0, expected.find(list));
  }
  return actual.find(expected) != std::string_view::npos;
}

bool trap_matches(std::string_view expected, ir::TrapCode actual) {
  std::string_view text = ir::trap_spec_text(actual);
  return !text.empty() && (text.starts_with(expected) || expected.starts_with(text));
}

std::string to_string(const ResultValue& value) {
  if (value.type.is_ref()) {
    if (value.is_null) {
      return "(ref.null)";
    }
    return value.host_number ? strf("(ref.extern %u)", *value.host_number)
                             : "(a non-null " + petrel::to_string(value.type) + ")";
  }
  ScriptValue shown;
  switch (value.type.kind()) {
  case ValKind::i32: shown.kind = ScriptValueKind::i32; break;
  case ValKind::i64: shown.kind = ScriptValueKind::i64; break;
  case ValKind::f32: shown.kind = ScriptValueKind::f32; break;
  case ValKind::f64: shown.kind = ScriptValueKind::f64; break;
  case ValKind::v128: return vector_text(value.bits[0], value.bits[1]);
  case ValKind::bot:
  case ValKind::ref_null:
  case ValKind::ref:
  case ValKind::i8:
  case ValKind::i16: return "(no value type)";
  }
  for (u32 i = 0; i < 8; ++i) {
    shown.bytes[i] = static_cast<u8>(value.bits[0] >> (8 * i));
  }
  if (shown.kind == ScriptValueKind::i32 || shown.kind == ScriptValueKind::f32) {
    std::memset(shown.bytes.data() + 4, 0, 4);
  }
  return one_text(shown);
}

std::string to_string(const text::ExpectedValue& expected) {
  std::string out;
  for (const ScriptValue& alternative : expected) {
    out += (out.empty() ? "" : " or ") + one_text(alternative);
  }
  return out;
}

} // namespace petrel::wast
