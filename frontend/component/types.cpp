// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/types.h"

#include <algorithm>

#include "base/format.h"

namespace petrel::frontend::comp {
namespace {

constexpr u32 kNone = 0xffffffff;
constexpr u32 kPrimitiveCount = static_cast<u32>(DefTypeKind::error_context) + 1;

struct PrimitiveLayout {
  u8 size32;
  u8 align32;
  u8 size64;
  u8 align64;
  u8 flat;
};
constexpr PrimitiveLayout kPrimitives[kPrimitiveCount] = {
    {1, 1, 1, 1, 1},  // bool
    {1, 1, 1, 1, 1},  // s8
    {1, 1, 1, 1, 1},  // u8
    {2, 2, 2, 2, 1},  // s16
    {2, 2, 2, 2, 1},  // u16
    {4, 4, 4, 4, 1},  // s32
    {4, 4, 4, 4, 1},  // u32
    {8, 8, 8, 8, 1},  // s64
    {8, 8, 8, 8, 1},  // u64
    {4, 4, 4, 4, 1},  // f32
    {8, 8, 8, 8, 1},  // f64
    {4, 4, 4, 4, 1},  // char
    {8, 4, 16, 8, 2}, // string
    {4, 4, 4, 4, 1},  // error-context
};

u8 flat_sum(u32 a, u32 b) { return static_cast<u8>(std::min<u32>(a + b, kFlatMany)); }

/// align_up in arithmetic that cannot wrap: sizes stay below 2^62 because each maker checks them.
u64 place(u64 size, u64 align) { return align_up(size, align); }

} // namespace

TypeTable::TypeTable() {
  for (u32 i = 0; i < kPrimitiveCount; ++i) {
    Type type;
    type.value = static_cast<DefTypeKind>(i);
    const PrimitiveLayout& layout = kPrimitives[i];
    type.size32 = layout.size32;
    type.size64 = layout.size64;
    type.align32 = layout.align32;
    type.align64 = layout.align64;
    type.flat_count = layout.flat;
    type.has_list = type.value == DefTypeKind::string;
    type.shape = intern_shape(type);
    types_.push_back(type);
  }
}

TypeId TypeTable::add(Type type) {
  TypeId id(narrow<u32>(types_.size()));
  types_.push_back(type);
  return id;
}

u32 TypeTable::intern_name(std::string_view name) {
  return names_.try_emplace(name, narrow<u32>(names_.size())).first->second;
}

u32 TypeTable::intern_shape(const Type& type) {
  auto shape_of = [&](TypeId id) { return id.is_none() ? kNone : types_[id.index()].shape; };
  std::vector<u32> key = {static_cast<u32>(type.kind), static_cast<u32>(type.value),
                          type.is_async ? 1u : 0u};
  if (type.kind == TypeKind::resource) {
    key.push_back(type.number);
  } else if (type.kind == TypeKind::value &&
             (type.value == DefTypeKind::own || type.value == DefTypeKind::borrow)) {
    key.push_back(type.number);
  } else {
    key.push_back(shape_of(type.elem));
    key.push_back(shape_of(type.second));
    key.push_back(type.number);
    for (u32 i = 0; i < type.field_count; ++i) {
      const NamedType& field = fields_[type.first_field + i];
      key.push_back(intern_name(field.name));
      key.push_back(shape_of(field.type));
    }
  }
  return shapes_.try_emplace(std::move(key), narrow<u32>(shapes_.size())).first->second;
}

template <typename F> void TypeTable::for_each_child(const Type& type, F&& visit) const {
  if (!type.elem.is_none() &&
      !(type.value == DefTypeKind::own || type.value == DefTypeKind::borrow)) {
    visit(type.elem);
  }
  if (!type.second.is_none()) {
    visit(type.second);
  }
  for (u32 i = 0; i < type.field_count; ++i) {
    const NamedType& field = fields_[type.first_field + i];
    if (!field.type.is_none()) {
      visit(field.type);
    }
  }
}

void TypeTable::lay_out_fields(Type& type) const {
  u32 flat = 0;
  for (u32 i = 0; i < type.field_count; ++i) {
    const Type& f = types_[fields_[type.first_field + i].type.index()];
    type.size32 = place(type.size32, f.align32) + f.size32;
    type.size64 = place(type.size64, f.align64) + f.size64;
    type.align32 = std::max(type.align32, f.align32);
    type.align64 = std::max(type.align64, f.align64);
    flat = flat_sum(flat, f.flat_count);
  }
  type.size32 = place(type.size32, type.align32);
  type.size64 = place(type.size64, type.align64);
  type.flat_count = static_cast<u8>(flat);
}

void TypeTable::lay_out_cases(Type& type) const {
  u64 cases = type.field_count;
  if (type.value == DefTypeKind::option || type.value == DefTypeKind::result) {
    cases = 2;
  }
  u8 disc = static_cast<u8>(discriminant_bytes(cases));
  u8 align32 = 1;
  u8 align64 = 1;
  u64 size32 = 0;
  u64 size64 = 0;
  u8 flat = 0;
  for_each_child(type, [&](TypeId id) {
    const Type& c = types_[id.index()];
    align32 = std::max(align32, c.align32);
    align64 = std::max(align64, c.align64);
    size32 = std::max(size32, c.size32);
    size64 = std::max(size64, c.size64);
    flat = std::max(flat, c.flat_count);
  });
  type.align32 = std::max(disc, align32);
  type.align64 = std::max(disc, align64);
  type.size32 = place(place(disc, align32) + size32, type.align32);
  type.size64 = place(place(disc, align64) + size64, type.align64);
  type.flat_count = flat_sum(1, flat);
}

void TypeTable::lay_out(Type& type) const {
  switch (type.value) {
  case DefTypeKind::record:
  case DefTypeKind::tuple: lay_out_fields(type); return;
  case DefTypeKind::variant:
  case DefTypeKind::enum_:
  case DefTypeKind::option:
  case DefTypeKind::result: lay_out_cases(type); return;
  case DefTypeKind::flags:
    type.align32 = type.align64 = static_cast<u8>(flags_bytes(type.field_count));
    type.size32 = type.size64 = type.align32;
    type.flat_count = 1;
    return;
  case DefTypeKind::list:
  case DefTypeKind::map:
    type.align32 = 4;
    type.size32 = 8;
    type.align64 = 8;
    type.size64 = 16;
    type.flat_count = 2;
    return;
  case DefTypeKind::fixed_list: {
    const Type& elem = types_[type.elem.index()];
    type.align32 = elem.align32;
    type.align64 = elem.align64;
    type.size32 = elem.size32 * type.number;
    type.size64 = elem.size64 * type.number;
    type.flat_count = static_cast<u8>(std::min<u64>(u64{elem.flat_count} * type.number, kFlatMany));
    return;
  }
  case DefTypeKind::own:
  case DefTypeKind::borrow:
  case DefTypeKind::stream:
  case DefTypeKind::future:
    type.align32 = type.align64 = 4;
    type.size32 = type.size64 = 4;
    type.flat_count = 1;
    return;
  case DefTypeKind::bool_:
  case DefTypeKind::s8:
  case DefTypeKind::u8:
  case DefTypeKind::s16:
  case DefTypeKind::u16:
  case DefTypeKind::s32:
  case DefTypeKind::u32:
  case DefTypeKind::s64:
  case DefTypeKind::u64:
  case DefTypeKind::f32:
  case DefTypeKind::f64:
  case DefTypeKind::char_:
  case DefTypeKind::string:
  case DefTypeKind::error_context: break; // predefined, never made
  }
  PETREL_UNREACHABLE();
}

Status TypeTable::check_limits(const Type& type) const {
  if (type.depth > kMaxTypeDepth) {
    return fail(ErrorClass::limit,
                strf("type nesting is too deep: more than %u levels", kMaxTypeDepth));
  }
  if (type.size > kMaxTypeSize) {
    return fail(ErrorClass::limit, strf("effective type size exceeds the limit of %llu",
                                        static_cast<unsigned long long>(kMaxTypeSize)));
  }
  if (over_limit()) {
    return fail(ErrorClass::limit, strf("types count exceeds the limit of %u", kMaxTypes));
  }
  return {};
}

Result<TypeId> TypeTable::make_value(ValueSpec spec) {
  Type type;
  type.value = spec.kind;
  type.elem = spec.elem;
  type.second = spec.second;
  type.number = spec.number;
  if (spec.kind == DefTypeKind::own || spec.kind == DefTypeKind::borrow) {
    type.number = types_[spec.elem.index()].number;
    type.has_resources = true;
    type.has_borrow = spec.kind == DefTypeKind::borrow;
  }
  type.first_field = narrow<u32>(fields_.size());
  type.field_count = narrow<u32>(spec.fields.size());
  fields_.insert(fields_.end(), spec.fields.begin(), spec.fields.end());
  type.has_list = spec.kind == DefTypeKind::list || spec.kind == DefTypeKind::map;
  type.size += spec.fields.size();
  for_each_child(type, [&](TypeId id) {
    const Type& c = types_[id.index()];
    type.depth = std::max(type.depth, c.depth + 1);
    type.size += c.size;
    type.has_resources |= c.has_resources;
    type.has_borrow |= c.has_borrow;
    type.has_list |= c.has_list;
  });
  if (spec.kind == DefTypeKind::stream || spec.kind == DefTypeKind::future) {
    type.has_list = false; // elements cross later, by the built-ins' own options
  }
  TRY(check_limits(type));
  lay_out(type);
  if (type.size64 > kMaxElemSize) {
    return fail(ErrorClass::invalid, strf("type of %llu bytes exceeds maximum byte size of %llu",
                                          static_cast<unsigned long long>(type.size64),
                                          static_cast<unsigned long long>(kMaxElemSize)));
  }
  type.shape = intern_shape(type);
  return add(type);
}

Result<TypeId> TypeTable::make_func(std::vector<NamedType> params, TypeId result, bool is_async) {
  Type type;
  type.kind = TypeKind::func;
  type.value = DefTypeKind::tuple;
  type.is_async = is_async;
  type.elem = result;
  type.first_field = narrow<u32>(fields_.size());
  type.field_count = narrow<u32>(params.size());
  fields_.insert(fields_.end(), params.begin(), params.end());
  type.size += params.size();
  for_each_child(type, [&](TypeId id) {
    const Type& c = types_[id.index()];
    type.depth = std::max(type.depth, c.depth + 1);
    type.size += c.size;
    type.has_resources |= c.has_resources;
    type.has_borrow |= c.has_borrow;
    type.has_list |= c.has_list;
  });
  TRY(check_limits(type));
  type.shape = intern_shape(type);
  return add(type);
}

Result<TypeId> TypeTable::make_instance(InstanceType desc) {
  Type type;
  type.kind = TypeKind::instance;
  type.has_resources = !desc.fresh.empty();
  for (const NamedEntity& e : desc.exports) {
    const Type& c = types_[e.entity.type.index()];
    type.depth = std::max(type.depth, c.depth + 1);
    type.size += 1 + c.size;
    type.has_resources |= c.has_resources;
  }
  TRY(check_limits(type));
  type.scope = narrow<u32>(instances_.size());
  instances_.push_back(std::move(desc));
  return add(type);
}

Result<TypeId> TypeTable::make_component(ComponentType desc) {
  Type type;
  type.kind = TypeKind::component;
  for (const auto* list : {&desc.imports, &desc.exports}) {
    for (const NamedEntity& e : *list) {
      const Type& c = types_[e.entity.type.index()];
      type.depth = std::max(type.depth, c.depth + 1);
      type.size += 1 + c.size;
      type.has_resources |= c.has_resources;
    }
  }
  TRY(check_limits(type));
  type.scope = narrow<u32>(components_.size());
  components_.push_back(std::move(desc));
  return add(type);
}

TypeId TypeTable::make_module(ModuleType desc) {
  Type type;
  type.kind = TypeKind::module;
  type.size += desc.imports.size() + desc.exports.size();
  type.scope = narrow<u32>(modules_.size());
  modules_.push_back(std::move(desc));
  return add(type);
}

TypeId TypeTable::make_resource() {
  Type type;
  type.kind = TypeKind::resource;
  type.number = next_resource_++;
  type.has_resources = true;
  type.shape = intern_shape(type);
  return add(type);
}

TypeId TypeTable::rename(TypeId id) {
  Type copy = types_[id.index()];
  copy.alias_of = id;
  return add(copy);
}

std::vector<ResourceId> TypeTable::freshen(std::span<const ResourceId> resources,
                                           Substitution& map) {
  std::vector<ResourceId> made;
  for (ResourceId r : resources) {
    TypeId fresh = make_resource();
    map.resources[r] = fresh;
    made.push_back(types_[fresh.index()].resource());
  }
  return made;
}

TypeId TypeTable::open_instance(TypeId id, std::vector<ResourceId>& introduced) {
  std::vector<ResourceId> bound = instance(id).fresh;
  if (bound.empty()) {
    return id;
  }
  Substitution map;
  std::vector<ResourceId> made = freshen(bound, map);
  introduced.insert(introduced.end(), made.begin(), made.end());
  TypeId opened = substitute(id, map);
  instances_[types_[opened.index()].scope].fresh.clear();
  return opened;
}

TypeId TypeTable::substitute(TypeId id, Substitution& map) {
  if (id.is_none() || id.index() < kPrimitiveCount || map.empty() || over_limit() ||
      (!types_[id.index()].has_resources && !map.has_renames)) {
    return id;
  }
  if (auto found = map.memo.find(id.index()); found != map.memo.end()) {
    return found->second;
  }
  spend(1);
  Type type = types_[id.index()];
  TypeId made = id;
  if (type.kind == TypeKind::resource) {
    auto found = map.resources.find(type.resource());
    if (found != map.resources.end()) {
      made = found->second;
      if (!type.alias_of.is_none()) { // a second name of the resource stays one
        type.alias_of = substitute(type.alias_of, map);
        type.number = types_[made.index()].number;
        type.shape = types_[made.index()].shape;
        made = add(type);
      }
    }
  } else if (type.kind == TypeKind::instance || type.kind == TypeKind::component) {
    made = substitute_scope(id, map);
  } else if (type.kind != TypeKind::module) {
    const TypeId elem = type.elem;
    const TypeId second = type.second;
    type.elem = substitute(type.elem, map);
    type.second = substitute(type.second, map);
    bool changed = type.elem != elem || type.second != second;
    if (type.kind == TypeKind::value &&
        (type.value == DefTypeKind::own || type.value == DefTypeKind::borrow)) {
      type.number = types_[type.elem.index()].number;
    }
    std::vector<NamedType> fields(fields_.begin() + type.first_field,
                                  fields_.begin() + type.first_field + type.field_count);
    for (NamedType& field : fields) {
      TypeId before = field.type;
      field.type = substitute(field.type, map);
      changed |= field.type != before;
    }
    type.alias_of = substitute(type.alias_of, map);
    changed |= type.alias_of != types_[id.index()].alias_of;
    if (changed) {
      type.first_field = narrow<u32>(fields_.size());
      fields_.insert(fields_.end(), fields.begin(), fields.end());
      type.shape = intern_shape(type);
      made = add(type);
    }
  }
  map.memo[id.index()] = made;
  return made;
}

TypeId TypeTable::substitute_scope(TypeId id, Substitution& map) {
  Type type = types_[id.index()];
  auto substitute_list = [&](std::vector<NamedEntity>& list) {
    for (NamedEntity& e : list) {
      e.entity.type = substitute(e.entity.type, map);
    }
  };
  auto substitute_resources = [&](std::vector<ResourceId>& list) {
    for (ResourceId& r : list) {
      if (auto found = map.resources.find(r); found != map.resources.end()) {
        r = types_[found->second.index()].resource();
      }
    }
  };
  if (type.kind == TypeKind::instance) {
    InstanceType desc = instances_[type.scope];
    substitute_list(desc.exports);
    substitute_resources(desc.fresh);
    type.scope = narrow<u32>(instances_.size());
    instances_.push_back(std::move(desc));
  } else {
    ComponentType desc = components_[type.scope];
    substitute_list(desc.imports);
    substitute_list(desc.exports);
    type.scope = narrow<u32>(components_.size());
    components_.push_back(std::move(desc));
  }
  return add(type);
}

std::string_view value_kind_name(DefTypeKind kind) {
  switch (kind) {
  case DefTypeKind::bool_: return "bool";
  case DefTypeKind::s8: return "s8";
  case DefTypeKind::u8: return "u8";
  case DefTypeKind::s16: return "s16";
  case DefTypeKind::u16: return "u16";
  case DefTypeKind::s32: return "s32";
  case DefTypeKind::u32: return "u32";
  case DefTypeKind::s64: return "s64";
  case DefTypeKind::u64: return "u64";
  case DefTypeKind::f32: return "f32";
  case DefTypeKind::f64: return "f64";
  case DefTypeKind::char_: return "char";
  case DefTypeKind::string: return "string";
  case DefTypeKind::error_context: return "error-context";
  case DefTypeKind::record: return "record";
  case DefTypeKind::tuple: return "tuple";
  case DefTypeKind::variant: return "variant";
  case DefTypeKind::enum_: return "enum";
  case DefTypeKind::flags: return "flags";
  case DefTypeKind::list: return "list";
  case DefTypeKind::fixed_list: return "fixed-length list";
  case DefTypeKind::map: return "map";
  case DefTypeKind::option: return "option";
  case DefTypeKind::result: return "result";
  case DefTypeKind::own: return "own";
  case DefTypeKind::borrow: return "borrow";
  case DefTypeKind::stream: return "stream";
  case DefTypeKind::future: return "future";
  }
  PETREL_UNREACHABLE();
}

std::string_view kind_name(const Type& type) {
  switch (type.kind) {
  case TypeKind::value: return value_kind_name(type.value);
  case TypeKind::resource: return "resource";
  case TypeKind::func: return "func";
  case TypeKind::instance: return "instance";
  case TypeKind::component: return "component";
  case TypeKind::module: return "module";
  }
  PETREL_UNREACHABLE();
}

std::string_view kind_name(EntityKind kind) {
  switch (kind) {
  case EntityKind::core_module: return "module";
  case EntityKind::func: return "func";
  case EntityKind::value: return "value";
  case EntityKind::type: return "type";
  case EntityKind::component: return "component";
  case EntityKind::instance: return "instance";
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::frontend::comp
