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

std::string print_core_value(const RawVal& value, ValType type) {
  switch (type.kind()) {
  case ValKind::i32: return strf("%d", static_cast<i32>(value.i32));
  case ValKind::i64: return strf("%lld", static_cast<long long>(value.i64));
  case ValKind::f32: return format_f32(value.i32);
  case ValKind::f64: return format_f64(value.i64);
  case ValKind::v128:
    return strf("0x%016llx%016llx", static_cast<unsigned long long>(value.bits[1]),
                static_cast<unsigned long long>(value.bits[0]));
  case ValKind::ref:
  case ValKind::ref_null: return value.i64 == 0 ? "null" : to_string(type);
  case ValKind::bot:
  case ValKind::i8:
  case ValKind::i16: break;
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel
