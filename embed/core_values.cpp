// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/core_values.h"

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/number_text.h"
#include "base/unicode.h"

namespace petrel {

namespace {

template <typename T> bool take(const NumberResult<T>& parsed, RawVal& value) {
  if (parsed) {
    value = RawVal::of_i64(*parsed);
  }
  return parsed.has_value();
}

/// A shape of the text format's v128.const.
struct Shape {
  std::string_view name;
  u32 lane_bits;
  bool is_float;
};
constexpr Shape kShapes[] = {{"i8x16", 8, false},  {"i16x8", 16, false}, {"i32x4", 32, false},
                             {"i64x2", 64, false}, {"f32x4", 32, true},  {"f64x2", 64, true}};

/// Takes the next word off `rest`; words stand between any of `separators`.
std::string_view next_word(std::string_view& rest, std::string_view separators) {
  rest.remove_prefix(std::min(rest.find_first_not_of(separators), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(separators));
  rest.remove_prefix(word.size());
  return word;
}

NumberResult<u64> parse_lane(std::string_view word, const Shape& shape) {
  if (!shape.is_float) {
    return parse_integer(word, shape.lane_bits);
  }
  return shape.lane_bits == 32 ? NumberResult<u64>(parse_f32(word)) : parse_f64(word);
}

bool parse_vector(std::string_view text, RawVal& value) {
  const std::string_view name = next_word(text, " :");
  const auto* const shape = std::ranges::find(kShapes, name, &Shape::name);
  if (shape == std::end(kShapes)) {
    return false;
  }
  if (text.starts_with(':')) {
    text.remove_prefix(1);
  }
  constexpr std::string_view kBetweenLanes = " ,";
  const u32 lane_bytes = shape->lane_bits / 8;
  for (u32 at = 0; at < sizeof value.bytes; at += lane_bytes) {
    const auto lane = parse_lane(next_word(text, kBetweenLanes), *shape);
    if (!lane) {
      return false;
    }
    std::memcpy(value.bytes + at, &*lane, lane_bytes); // little-endian
  }
  return next_word(text, kBetweenLanes).empty();
}

bool parse_into(std::string_view text, ValType type, RawVal& value) {
  switch (type.kind()) {
  case ValKind::i32: return take(parse_integer(text, 32), value);
  case ValKind::i64: return take(parse_integer(text, 64), value);
  case ValKind::f32: return take(parse_f32(text), value);
  case ValKind::f64: return take(parse_f64(text), value);
  case ValKind::ref_null: value = RawVal{}; return text == "null";
  case ValKind::v128: return parse_vector(text, value);
  case ValKind::bot:
  case ValKind::ref:
  case ValKind::i8:
  case ValKind::i16: return false;
  }
  PETREL_UNREACHABLE();
}

} // namespace

Result<RawVal> parse_core_value(std::string_view text, ValType type) {
  RawVal value{};
  if (!parse_into(text, type, value)) {
    return fail(ErrorClass::usage, strf("argument '%s': expected a value of type %s",
                                        escaped(text).c_str(), to_string(type).c_str()));
  }
  return value;
}

} // namespace petrel
