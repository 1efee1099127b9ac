// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/type_codes.h"

#include "base/format.h"

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

Result<ValType> ref_type_of_byte(u8 byte, ir::FeatureGate features) {
  if (byte == 0x63 || byte == 0x64) {
    return ir::fail_feature(ir::Feature::FunctionReferences, features, "typed reference");
  }
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

Result<ValType> val_type_of_byte(u8 byte, ir::FeatureGate features) {
  switch (byte) {
  case 0x7f: return ValType(ValKind::i32);
  case 0x7e: return ValType(ValKind::i64);
  case 0x7d: return ValType(ValKind::f32);
  case 0x7c: return ValType(ValKind::f64);
  case 0x7b: TRY(require(ir::Feature::Simd, features, "v128")); return ValType(ValKind::v128);
  default: break;
  }
  if (byte != 0x63 && byte != 0x64 && !heap_feature(byte)) {
    return fail(ErrorClass::malformed, strf("malformed value type 0x%02x", byte));
  }
  if (byte == 0x70) {
    TRY(require(ir::Feature::ReferenceTypes, features, "funcref"));
  }
  return ref_type_of_byte(byte, features);
}

Result<HeapType> heap_type_of_code(i64 code, ir::FeatureGate features) {
  if (code >= 0) {
    return ir::fail_feature(ir::Feature::FunctionReferences, features, "reference to a type");
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
