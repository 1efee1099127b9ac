// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/type_codes.h"

#include "base/format.h"
#include "frontend/body_errors.h"

namespace petrel::frontend {

namespace {

/// Feature that an abstract heap type's code belongs to; empty when it is no such code.
std::optional<ir::Feature> heap_feature(u8 code) {
  switch (code) {
  case 0x70: // func
  case 0x6f: // extern
    return ir::Feature::ReferenceTypes;
  case 0x69: // exn
  case 0x74: // noexn
    return ir::Feature::Exceptions;
  case 0x73: // nofunc
  case 0x72: // noextern
  case 0x71: // none
  case 0x6e: // any
  case 0x6d: // eq
  case 0x6c: // i31
  case 0x6b: // struct
  case 0x6a: // array
    return ir::Feature::Gc;
  default: return std::nullopt;
  }
}

Status require(ir::Feature feature, ir::FeatureGate features, std::string_view what) {
  if (features.has(feature)) {
    return {};
  }
  return ir::fail_feature(feature, features, what);
}

} // namespace

namespace {

Result<ValType> abstract_ref(u8 byte, ir::FeatureGate features) {
  auto feature = heap_feature(byte);
  if (!feature) {
    return fail(ErrorClass::malformed, strf("malformed reference type 0x%02x", byte));
  }
  const ValType type = ValType::ref(static_cast<AbsHeapType>(byte), true);
  // funcref was the only element type of tables from the start.
  if (byte != 0x70) {
    TRY(require(*feature, features, to_string(type)));
  }
  return type;
}

Result<ValType> number_type(u8 byte, ir::FeatureGate features) {
  switch (byte) {
  case 0x7f: return ValType(ValKind::i32);
  case 0x7e: return ValType(ValKind::i64);
  case 0x7d: return ValType(ValKind::f32);
  case 0x7c: return ValType(ValKind::f64);
  case 0x7b: TRY(require(ir::Feature::Simd, features, "v128")); return ValType(ValKind::v128);
  default: break;
  }
  return fail(ErrorClass::malformed, strf("malformed value type 0x%02x", byte));
}

template <typename T> Result<T> at_offset(Result<T> result, u64 offset) {
  if (!result) {
    return std::unexpected(std::move(result).error().with_offset(offset));
  }
  return result;
}

} // namespace

Result<ValType> read_ref_type(ByteReader& r, ir::FeatureGate features, u32 type_count) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u8 byte, r.read_u8());
  if (byte != 0x63 && byte != 0x64) {
    return at_offset(abstract_ref(byte, features), offset);
  }
  if (!features.has(ir::Feature::FunctionReferences)) {
    return std::unexpected(
        ir::fail_feature(ir::Feature::FunctionReferences, features, "typed reference")
            .error()
            .with_offset(offset));
  }
  const u64 heap_offset = r.offset();
  TRY_ASSIGN(i64 code, r.read_var_s33());
  TRY_ASSIGN(HeapType heap, at_offset(heap_type_of_code(code, features, type_count), heap_offset));
  return ValType::ref(heap, byte == 0x63);
}

Result<ValType> read_val_type(ByteReader& r, ir::FeatureGate features, u32 type_count) {
  const u64 offset = r.offset();
  const auto byte = r.peek();
  if (byte && (*byte == 0x63 || *byte == 0x64 || heap_feature(*byte))) {
    if (*byte == 0x70) {
      TRY(at_offset<ValType>(
          [&]() -> Result<ValType> {
            TRY(require(ir::Feature::ReferenceTypes, features, "funcref"));
            return ValType();
          }(),
          offset));
    }
    return read_ref_type(r, features, type_count);
  }
  TRY_ASSIGN(u8 form, r.read_u8());
  return at_offset(number_type(form, features), offset);
}

Result<HeapType> heap_type_of_code(i64 code, ir::FeatureGate features, u32 type_count) {
  if (code >= 0) {
    if (!features.has(ir::Feature::FunctionReferences)) {
      return ir::fail_feature(ir::Feature::FunctionReferences, features, "reference to a type");
    }
    if (code >= type_count) {
      return fail(ErrorClass::invalid, unknown_index("type", static_cast<u32>(code)));
    }
    return HeapType(TypeIdx(static_cast<u32>(code)));
  }
  const u8 byte = static_cast<u8>(code & 0x7f);
  auto feature = code >= -64 ? heap_feature(byte) : std::nullopt;
  if (!feature) {
    return fail(ErrorClass::malformed, "malformed heap type");
  }
  TRY(require(*feature, features, to_string(ValType::ref(static_cast<AbsHeapType>(byte), true))));
  return HeapType(static_cast<AbsHeapType>(byte));
}

} // namespace petrel::frontend
