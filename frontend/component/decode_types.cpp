// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The type section and type declarators (Binary.md, "Type Definitions"): value, function, resource types;
// component and instance types open a scope and are finished by decoder.cpp.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {
namespace {

/// Primitive by opcode, 0x7f downwards; nullopt when it is none. error-context is apart.
std::optional<DefTypeKind> primitive_of(u8 opcode) {
  switch (opcode) {
  case 0x7f: return DefTypeKind::bool_;
  case 0x7e: return DefTypeKind::s8;
  case 0x7d: return DefTypeKind::u8;
  case 0x7c: return DefTypeKind::s16;
  case 0x7b: return DefTypeKind::u16;
  case 0x7a: return DefTypeKind::s32;
  case 0x79: return DefTypeKind::u32;
  case 0x78: return DefTypeKind::s64;
  case 0x77: return DefTypeKind::u64;
  case 0x76: return DefTypeKind::f32;
  case 0x75: return DefTypeKind::f64;
  case 0x74: return DefTypeKind::char_;
  case 0x73: return DefTypeKind::string;
  default: return std::nullopt;
  }
}

bool is_map_key(const Type& type) {
  return type.value <= DefTypeKind::string && type.value != DefTypeKind::f32 &&
         type.value != DefTypeKind::f64;
}

} // namespace

Status Decoder::type_definition(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 opcode, r.read_u8());
  Scope& s = top();
  switch (opcode) {
  case 0x41: return push_type_scope(ScopeKind::component_type, r);
  case 0x42: return push_type_scope(ScopeKind::instance_type, r);
  case 0x40:
  case 0x43: {
    if (opcode == 0x43) {
      TRY(require(ir::Feature::ComponentAsync, "an async function type"));
    }
    TRY_ASSIGN(TypeId type, func_type(r, opcode == 0x43));
    return grow(s.types, type, "types");
  }
  case 0x3e:
  case 0x3f: {
    if (opcode == 0x3e) {
      return fail_at(ErrorClass::unsupported, offset,
                     "an async resource destructor: gone from the specification");
    }
    TRY_ASSIGN(TypeId type, resource_type(r));
    return grow(s.types, type, "types");
  }
  default: {
    TRY_ASSIGN(TypeId type, defined_type(opcode, r));
    return grow(s.types, type, "types");
  }
  }
}

Result<TypeId> Decoder::value_type(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(i64 code, r.read_var_s33());
  if (code < 0) {
    u8 opcode = static_cast<u8>(code & 0x7f);
    if (code >= -64) {
      if (auto primitive = primitive_of(opcode)) {
        return out_->types.primitive(*primitive);
      }
      if (opcode == 0x64) {
        TRY(require(ir::Feature::ComponentErrorContext, "the type error-context"));
        return out_->types.primitive(DefTypeKind::error_context);
      }
    }
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for component value type", opcode));
  }
  Scope& s = top();
  u64 index = static_cast<u64>(code);
  if (index >= s.types.size()) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("unknown type %llu: type index out of bounds",
                        static_cast<unsigned long long>(index)));
  }
  TypeId type = s.types[index];
  if (out_->types[type].kind != TypeKind::value) {
    return fail_at(
        ErrorClass::invalid, offset,
        strf("type index %llu is not a defined type", static_cast<unsigned long long>(index)));
  }
  return type;
}

Result<TypeId> Decoder::optional_value_type(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 present, r.read_u8());
  switch (present) {
  case 0x00: return TypeId::none();
  case 0x01: return value_type(r);
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for an optional type", present));
  }
}

Result<TypeId> Decoder::defined_type(u8 opcode, ByteReader& r) {
  if (auto primitive = primitive_of(opcode)) {
    return out_->types.primitive(*primitive);
  }
  switch (opcode) {
  case 0x72:
  case 0x71:
  case 0x6f:
  case 0x6e:
  case 0x6d: return composite_type(opcode, r);
  case 0x70: {
    TRY_ASSIGN(TypeId elem, value_type(r));
    return out_->types.make_value(
        {.kind = DefTypeKind::list, .elem = elem, .second = {}, .fields = {}});
  }
  case 0x6b: {
    TRY_ASSIGN(TypeId elem, value_type(r));
    return out_->types.make_value(
        {.kind = DefTypeKind::option, .elem = elem, .second = {}, .fields = {}});
  }
  case 0x6a: {
    TRY_ASSIGN(TypeId ok, optional_value_type(r));
    TRY_ASSIGN(TypeId err, optional_value_type(r));
    return out_->types.make_value(
        {.kind = DefTypeKind::result, .elem = ok, .second = err, .fields = {}});
  }
  case 0x69:
  case 0x68: return handle_type(opcode, r);
  case 0x67:
  case 0x66:
  case 0x65:
  case 0x64:
  case 0x63: return gated_type(opcode, r);
  default:
    return fail_at(ErrorClass::malformed, r.offset() - 1,
                   strf("invalid leading byte (0x%x) for component defined type", opcode));
  }
}

Result<std::string_view> Decoder::label(ByteReader& r, const char* what, UniqueNames& seen) {
  u64 offset = r.offset();
  TRY_ASSIGN(std::string_view name, r.read_name());
  if (name.empty()) {
    return fail_at(ErrorClass::invalid, offset, strf("%s name cannot be empty", what));
  }
  if (!is_label(name)) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("%s name `%s` is not in kebab case", what, escaped(name).c_str()));
  }
  if (auto earlier = seen.add(name)) {
    std::string_view kind =
        what; // "record field" is called "field" the second time, as the tests have it
    if (usize space = kind.find(' '); space != std::string_view::npos) {
      kind.remove_prefix(space + 1);
    }
    return fail_at(ErrorClass::invalid, offset,
                   strf("%s name `%s` conflicts with previous %.*s name `%s`", what,
                        escaped(name).c_str(), PETREL_SV(kind), escaped(*earlier).c_str()));
  }
  return name;
}

Result<std::vector<NamedType>> Decoder::labels(ByteReader& r, u8 opcode) {
  const char* what = opcode == 0x72   ? "record field"
                     : opcode == 0x71 ? "variant case"
                     : opcode == 0x6e ? "flag"
                                      : "enum tag";
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 1, "labels"));
  UniqueNames seen;
  std::vector<NamedType> out;
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(std::string_view name, label(r, what, seen));
    TypeId type = TypeId::none();
    if (opcode == 0x72) {
      TRY_ASSIGN(type, value_type(r));
    } else if (opcode == 0x71) {
      TRY_ASSIGN(type, optional_value_type(r));
      u64 offset = r.offset();
      TRY_ASSIGN(u8 refines, r.read_u8());
      if (refines != 0) {
        return fail_at(ErrorClass::malformed, offset,
                       strf("invalid leading byte (0x%x) for zero byte required", refines));
      }
    }
    out.push_back({name, type});
  }
  return out;
}

Result<TypeId> Decoder::composite_type(u8 opcode, ByteReader& r) {
  u64 offset = r.offset();
  TypeTable::ValueSpec spec;
  if (opcode == 0x6f) {
    TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 1, "tuple types"));
    for (u32 i = 0; i < count; ++i) {
      TRY_ASSIGN(TypeId type, value_type(r));
      spec.fields.push_back({{}, type});
    }
    spec.kind = DefTypeKind::tuple;
  } else {
    TRY_ASSIGN(spec.fields, labels(r, opcode));
    spec.kind = opcode == 0x72   ? DefTypeKind::record
                : opcode == 0x71 ? DefTypeKind::variant
                : opcode == 0x6e ? DefTypeKind::flags
                                 : DefTypeKind::enum_;
  }
  if (spec.fields.empty()) {
    const char* text = opcode == 0x72   ? "record type must have at least one field"
                       : opcode == 0x71 ? "variant type must have at least one case"
                       : opcode == 0x6e ? "flags must have at least one entry"
                       : opcode == 0x6d ? "enum type must have at least one variant"
                                        : "tuple type must have at least one type";
    return fail_at(ErrorClass::invalid, offset, text);
  }
  if (opcode == 0x6e && spec.fields.size() > 32) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("cannot have more than 32 flags, found %zu", spec.fields.size()));
  }
  return out_->types.make_value(std::move(spec));
}

Result<TypeId> Decoder::handle_type(u8 opcode, ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u32 index, r.read_var_u32());
  Scope& s = top();
  if (index >= s.types.size()) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("unknown type %u: type index out of bounds", index));
  }
  TypeId resource = s.types[index];
  if (out_->types[resource].kind != TypeKind::resource) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("type index %u is not a resource type", index));
  }
  return out_->types.make_value({.kind = opcode == 0x69 ? DefTypeKind::own : DefTypeKind::borrow,
                                 .elem = resource,
                                 .second = {},
                                 .fields = {}});
}

Result<TypeId> Decoder::gated_type(u8 opcode, ByteReader& r) {
  u64 offset = r.offset();
  switch (opcode) {
  case 0x67: {
    TRY(require(ir::Feature::ComponentFixedLengthLists, "a fixed-length list"));
    TRY_ASSIGN(TypeId elem, value_type(r));
    TRY_ASSIGN(u32 length, r.read_var_u32());
    if (length == 0) {
      return fail_at(ErrorClass::invalid, offset,
                     "fixed-length lists must have more than zero elements");
    }
    return out_->types.make_value({.kind = DefTypeKind::fixed_list,
                                   .elem = elem,
                                   .second = {},
                                   .number = length,
                                   .fields = {}});
  }
  case 0x66:
  case 0x65: {
    const char* what = opcode == 0x66 ? "stream" : "future";
    TRY(require(ir::Feature::ComponentAsync, opcode == 0x66 ? "a stream type" : "a future type"));
    TRY_ASSIGN(TypeId elem, optional_value_type(r));
    if (!elem.is_none() && out_->types[elem].has_borrow) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("%s element cannot contain a `borrow` type", what));
    }
    if (opcode == 0x66 && !elem.is_none() && out_->types[elem].value == DefTypeKind::char_) {
      return fail_at(ErrorClass::invalid, offset, "`stream<char>` is not valid at this time");
    }
    return out_->types.make_value(
        {.kind = opcode == 0x66 ? DefTypeKind::stream : DefTypeKind::future,
         .elem = elem,
         .second = {},
         .fields = {}});
  }
  case 0x64:
    TRY(require(ir::Feature::ComponentErrorContext, "the type error-context"));
    return out_->types.primitive(DefTypeKind::error_context);
  default: {
    TRY(require(ir::Feature::ComponentMap, "a map type"));
    TRY_ASSIGN(TypeId key, value_type(r));
    TRY_ASSIGN(TypeId value, value_type(r));
    if (!is_map_key(out_->types[key])) {
      return fail_at(ErrorClass::invalid, offset,
                     "invalid map key: expected bool, an integer, char or string");
    }
    return out_->types.make_value(
        {.kind = DefTypeKind::map, .elem = key, .second = value, .fields = {}});
  }
  }
}

Result<TypeId> Decoder::result_list(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 form, r.read_u8());
  if (form == 0x00) {
    return value_type(r);
  }
  if (form == 0x01) {
    TRY_ASSIGN(u32 count, r.read_var_u32());
    if (count == 0) {
      return TypeId::none();
    }
    return fail_at(
        ErrorClass::malformed, offset,
        strf("invalid leading byte (0x%x) for number of results: named results are gone", count));
  }
  return fail_at(ErrorClass::malformed, offset,
                 strf("invalid leading byte (0x%x) for component function results", form));
}

Result<TypeId> Decoder::func_type(ByteReader& r, bool is_async) {
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 2, "function parameters"));
  UniqueNames seen;
  std::vector<NamedType> params;
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(std::string_view name, label(r, "function parameter", seen));
    TRY_ASSIGN(TypeId type, value_type(r));
    params.push_back({name, type});
  }
  u64 offset = r.offset();
  TRY_ASSIGN(TypeId result, result_list(r));
  if (!result.is_none() && out_->types[result].has_borrow) {
    return fail_at(ErrorClass::invalid, offset, "function result cannot contain a `borrow` type");
  }
  return out_->types.make_func(std::move(params), result, is_async);
}

Result<TypeId> Decoder::resource_type(ByteReader& r) {
  u64 offset = r.offset();
  Scope& s = top();
  TRY_ASSIGN(ValType rep, core_val_type(r));
  TRY_ASSIGN(u8 has_dtor, r.read_u8());
  u32 dtor = kNoIndex;
  if (has_dtor > 1) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for a resource destructor", has_dtor));
  }
  if (has_dtor == 1) {
    TRY_ASSIGN(dtor, r.read_var_u32());
  }
  if (s.kind != ScopeKind::component) {
    return fail_at(ErrorClass::invalid, offset,
                   "resources can only be defined within a concrete component");
  }
  if (rep != ValType(ValKind::i32)) {
    return fail_at(ErrorClass::invalid, offset, "resources can only be represented by `i32`");
  }
  if (dtor != kNoIndex) {
    TRY_ASSIGN(const CoreExtern* func, core_func(dtor));
    if (func->sig.get() != CoreSig{{ValType(ValKind::i32)}, {}}) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("wrong signature for a destructor: expected [i32] -> [], found %s",
                          to_string(func->sig.get()).c_str()));
    }
  }
  TypeId type = out_->types.make_resource();
  ResourceId resource = out_->types[type].resource();
  s.fresh.push_back(resource);
  s.local_resources.emplace(resource.index(), rep);
  record({.kind = Def::Kind::resource, .index = dtor, .type = type});
  return type;
}

} // namespace petrel::frontend::comp
