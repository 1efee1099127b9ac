// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/canon_abi.h"

#include <algorithm>

namespace petrel::frontend::comp {
namespace {

ValType join(ValType a, ValType b) {
  if (a == b) {
    return a;
  }
  auto is_32 = [](ValType t) { return t.kind() == ValKind::i32 || t.kind() == ValKind::f32; };
  return is_32(a) && is_32(b) ? ValKind::i32 : ValKind::i64;
}

void flatten_cases(const TypeTable& types, std::span<const TypeId> cases, ValType pointer,
                   std::vector<ValType>& out) {
  out.push_back(ValKind::i32);
  usize start = out.size();
  for (TypeId c : cases) {
    if (c.is_none()) {
      continue;
    }
    std::vector<ValType> flat;
    flatten(types, c, pointer, flat);
    for (usize i = 0; i < flat.size(); ++i) {
      if (start + i < out.size()) {
        out[start + i] = join(out[start + i], flat[i]);
      } else {
        out.push_back(flat[i]);
      }
    }
  }
}

} // namespace

u32 flat_count(const TypeTable& types, std::span<const NamedType> values) {
  u32 count = 0;
  for (const NamedType& v : values) {
    count = std::min<u32>(count + types[v.type].flat_count, kFlatMany);
  }
  return count;
}

void flatten(const TypeTable& types, TypeId id, ValType pointer, std::vector<ValType>& out) {
  const Type& type = types[id];
  switch (type.value) {
  case DefTypeKind::bool_:
  case DefTypeKind::s8:
  case DefTypeKind::u8:
  case DefTypeKind::s16:
  case DefTypeKind::u16:
  case DefTypeKind::s32:
  case DefTypeKind::u32:
  case DefTypeKind::char_:
  case DefTypeKind::error_context:
  case DefTypeKind::flags:
  case DefTypeKind::enum_:
  case DefTypeKind::own:
  case DefTypeKind::borrow:
  case DefTypeKind::stream:
  case DefTypeKind::future: out.push_back(ValKind::i32); return;
  case DefTypeKind::s64:
  case DefTypeKind::u64: out.push_back(ValKind::i64); return;
  case DefTypeKind::f32: out.push_back(ValKind::f32); return;
  case DefTypeKind::f64: out.push_back(ValKind::f64); return;
  case DefTypeKind::string:
  case DefTypeKind::list:
  case DefTypeKind::map:
    out.push_back(pointer);
    out.push_back(pointer);
    return;
  case DefTypeKind::record:
  case DefTypeKind::tuple:
    for (const NamedType& f : types.fields(id)) {
      flatten(types, f.type, pointer, out);
    }
    return;
  case DefTypeKind::fixed_list:
    for (u32 i = 0; i < type.number; ++i) {
      flatten(types, type.elem, pointer, out);
    }
    return;
  case DefTypeKind::variant: {
    std::vector<TypeId> cases;
    for (const NamedType& f : types.fields(id)) {
      cases.push_back(f.type);
    }
    flatten_cases(types, cases, pointer, out);
    return;
  }
  case DefTypeKind::option: {
    TypeId cases[] = {type.elem};
    flatten_cases(types, cases, pointer, out);
    return;
  }
  case DefTypeKind::result: {
    TypeId cases[] = {type.elem, type.second};
    flatten_cases(types, cases, pointer, out);
    return;
  }
  }
  PETREL_UNREACHABLE();
}

FlatSignature flatten_func(const TypeTable& types, TypeId func, const FlattenContext& context) {
  FlatSignature out;
  ValType pointer = context.is_memory64 ? ValKind::i64 : ValKind::i32;
  auto params = types.fields(func);
  TypeId result = types[func].elem;
  u32 max_params = context.is_async && !context.is_lift ? kMaxFlatAsyncParams : kMaxFlatParams;
  out.params_in_memory = flat_count(types, params) > max_params;
  if (out.params_in_memory) {
    out.sig.params.push_back(pointer);
  } else {
    for (const NamedType& p : params) {
      flatten(types, p.type, pointer, out.sig.params);
    }
  }
  u32 result_count = result.is_none() ? 0 : types[result].flat_count;
  if (context.is_async) {
    if (context.is_lift) {
      out.result_in_memory = result_count > kMaxFlatParams; // of task.return
      if (context.has_callback) {
        out.sig.results.push_back(ValKind::i32);
      }
      return out;
    }
    out.result_in_memory = result_count > 0;
    if (out.result_in_memory) {
      out.sig.params.push_back(pointer);
    }
    out.sig.results.push_back(ValKind::i32);
    return out;
  }
  out.result_in_memory = result_count > kMaxFlatResults;
  if (out.result_in_memory) {
    (context.is_lift ? out.sig.results : out.sig.params).push_back(pointer);
  } else if (result_count == 1) {
    flatten(types, result, pointer, out.sig.results);
  }
  return out;
}

} // namespace petrel::frontend::comp
