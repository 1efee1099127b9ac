// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/core_values.h"

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

bool parse_into(std::string_view text, ValType type, RawVal& value) {
  switch (type.kind()) {
  case ValKind::i32: return take(parse_integer(text, 32), value);
  case ValKind::i64: return take(parse_integer(text, 64), value);
  case ValKind::f32: return take(parse_f32(text), value);
  case ValKind::f64: return take(parse_f64(text), value);
  case ValKind::ref_null: value = RawVal{}; return text == "null";
  case ValKind::bot:
  case ValKind::v128:
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
