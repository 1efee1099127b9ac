// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/value_text.h"

#include "base/format.h"
#include "base/number_text.h"

namespace petrel::ir {

std::string value_text(const RawVal& value, ValType type) {
  switch (type.kind()) {
  case ValKind::i32: return strf("%d", static_cast<i32>(value.i32));
  case ValKind::i64: return strf("%lld", static_cast<long long>(value.i64));
  case ValKind::f32: return format_f32(value.i32);
  case ValKind::f64: return format_f64(value.i64);
  case ValKind::v128:
    return strf("i32x4 0x%08x 0x%08x 0x%08x 0x%08x", static_cast<u32>(value.bits[0]),
                static_cast<u32>(value.bits[0] >> 32), static_cast<u32>(value.bits[1]),
                static_cast<u32>(value.bits[1] >> 32));
  case ValKind::ref:
  case ValKind::ref_null: return value.i64 == 0 ? "null" : to_string(type);
  case ValKind::bot:
  case ValKind::i8:
  case ValKind::i16: break;
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::ir
