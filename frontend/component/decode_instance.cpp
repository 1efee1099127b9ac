// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Component instances and aliases (Binary.md, "Instance Definitions" and "Alias Definitions").
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {
namespace {

/// Without `core`: where the sentence says it already.
const char* plain_name(Sort sort) {
  std::string_view name = sort_name(sort);
  return name.starts_with("core ") ? name.data() + 5 : name.data();
}

std::unexpected<Error> out_of_bounds(Sort sort, u32 index) {
  const char* what = sort == Sort::func ? "function" : sort_name(sort).data();
  return fail(ErrorClass::invalid,
              strf("unknown %s %u: %s index out of bounds", what, index, what));
}

} // namespace

Result<Sort> Decoder::core_sort(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 code, r.read_u8());
  switch (code) {
  case 0x00: return Sort::core_func;
  case 0x01: return Sort::core_table;
  case 0x02: return Sort::core_memory;
  case 0x03: return Sort::core_global;
  case 0x04: return Sort::core_tag;
  case 0x10: return Sort::core_type;
  case 0x11: return Sort::core_module;
  case 0x12: return Sort::core_instance;
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for a core sort", code));
  }
}

Result<Sort> Decoder::sort(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 code, r.read_u8());
  switch (code) {
  case 0x00: return core_sort(r);
  case 0x01: return Sort::func;
  case 0x02: TRY(require(ir::Feature::ComponentValues, "the sort `value`")); return Sort::value;
  case 0x03: return Sort::type;
  case 0x04: return Sort::component;
  case 0x05: return Sort::instance;
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for a sort", code));
  }
}

Result<Entity> Decoder::entity_of(Sort sort, u32 index) {
  Scope& s = top();
  auto at = [&](const std::vector<TypeId>& space, EntityKind kind) -> Result<Entity> {
    if (index >= space.size()) {
      return out_of_bounds(sort, index);
    }
    return Entity{kind, space[index]};
  };
  switch (sort) {
  case Sort::core_module: return at(s.core_modules, EntityKind::core_module);
  case Sort::func: return at(s.funcs, EntityKind::func);
  case Sort::type: return at(s.types, EntityKind::type);
  case Sort::component: return at(s.components, EntityKind::component);
  case Sort::instance: return at(s.instances, EntityKind::instance);
  case Sort::value:
    return fail(ErrorClass::unsupported, "component-model-values: a value definition");
  case Sort::core_func:
  case Sort::core_table:
  case Sort::core_memory:
  case Sort::core_global:
  case Sort::core_tag:
  case Sort::core_type:
  case Sort::core_instance: break;
  }
  return fail(ErrorClass::invalid, strf("a %s cannot be imported, exported or given to a component",
                                        sort_name(sort).data()));
}

Status Decoder::push_entity(const Entity& entity) {
  Scope& s = top();
  switch (entity.kind) {
  case EntityKind::core_module: return grow(s.core_modules, entity.type, "modules");
  case EntityKind::func: return grow(s.funcs, entity.type, "functions");
  case EntityKind::type: return grow(s.types, entity.type, "types");
  case EntityKind::component: return grow(s.components, entity.type, "components");
  case EntityKind::instance: return grow(s.instances, entity.type, "instances");
  case EntityKind::value: break;
  }
  return fail(ErrorClass::unsupported, "component-model-values: a value definition");
}

Result<NamedRef> Decoder::ref(ByteReader& r, std::string_view name) {
  TRY_ASSIGN(Sort kind, sort(r));
  TRY_ASSIGN(u32 index, r.read_var_u32());
  TRY_ASSIGN(Entity entity, entity_of(kind, index));
  return NamedRef{name, kind, index, entity.type};
}

Status Decoder::instance(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 form, r.read_u8());
  switch (form) {
  case 0x00: return instantiate(r);
  case 0x01: return inline_exports(r);
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for instance", form));
  }
}

Status Decoder::instantiate(ByteReader& r) {
  TypeTable& types = out_->types;
  Scope& s = top();
  TRY_ASSIGN(u32 index, r.read_var_u32());
  if (index >= s.components.size()) {
    return out_of_bounds(Sort::component, index);
  }
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 3, "instantiation arguments"));
  Def def{.kind = Def::Kind::instantiate, .index = index};
  std::unordered_map<std::string_view, Entity> given;
  UniqueNames seen;
  for (u32 i = 0; i < count; ++i) {
    u64 offset = r.offset();
    TRY_ASSIGN(std::string_view name, r.read_name());
    TRY_ASSIGN(NamedRef arg, ref(r, name));
    TRY_ASSIGN(Entity entity, entity_of(arg.sort, arg.index));
    if (auto earlier = seen.add(name)) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("instantiation argument `%s` conflicts with previous argument `%s`",
                          escaped(name).c_str(), escaped(*earlier).c_str()));
    }
    given.emplace(name, entity);
    def.args.push_back(arg);
  }
  ComponentType callee = types.component(s.components[index]);
  if (!types.spend(callee.imports.size() + callee.exports.size())) {
    return fail(ErrorClass::limit, "instantiations take too many steps to check");
  }
  Substitution map;
  for (const NamedEntity& import : callee.imports) {
    auto arg = given.find(import.name);
    if (arg == given.end()) {
      return fail(ErrorClass::invalid,
                  strf("missing import named `%s`", escaped(import.name).c_str()));
    }
    bind_resources(types, arg->second, import.entity, callee.bound, map);
    std::string why = mismatch(types, arg->second, types.substitute(import.entity, map));
    if (!why.empty()) {
      return fail(ErrorClass::invalid, strf("type mismatch for import `%s`: %s",
                                            escaped(import.name).c_str(), why.c_str()));
    }
    bind_resources(types, arg->second, import.entity, {}, map,
                   true); // after the check: what is given replaces what was named
  }
  std::vector<ResourceId> fresh = types.freshen(callee.fresh, map);
  s.fresh.insert(s.fresh.end(), fresh.begin(), fresh.end());
  InstanceType made;
  made.exports = callee.exports;
  for (NamedEntity& e : made.exports) {
    e.entity = types.substitute(e.entity, map);
  }
  TRY_ASSIGN(def.type, types.make_instance(std::move(made)));
  TRY(grow(s.instances, def.type, "instances"));
  record(std::move(def));
  return {};
}

Status Decoder::inline_exports(ByteReader& r) {
  Scope& s = top();
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 4, "exports of an instance"));
  Def def{.kind = Def::Kind::exports};
  InstanceType made;
  UniqueNames seen;
  std::unordered_set<std::string_view> resource_names;
  for (u32 i = 0; i < count; ++i) {
    u64 offset = r.offset();
    std::string_view implements;
    TRY_ASSIGN(std::string_view name, name_attributes(r, implements));
    auto parsed = parse_extern_name(name, options_.features);
    if (!parsed) {
      return std::unexpected(std::move(parsed).error().with_offset(offset));
    }
    TRY_ASSIGN(NamedRef item, ref(r, name));
    TRY_ASSIGN(Entity entity, entity_of(item.sort, item.index));
    if (auto earlier = seen.add(name)) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("export name `%s` conflicts with previous name `%s`",
                          escaped(name).c_str(), escaped(*earlier).c_str()));
    }
    if (entity.kind == EntityKind::type && out_->types[entity.type].kind == TypeKind::resource) {
      resource_names.insert(name);
    }
    // The bag's types have identities of their own: no constructor or method can be of one.
    TRY(check_annotated(*parsed, entity, resource_names, {}));
    made.exports.push_back({name, entity});
    def.args.push_back(item);
  }
  TRY_ASSIGN(def.type, out_->types.make_instance(std::move(made)));
  TRY(grow(s.instances, def.type, "instances"));
  record(std::move(def));
  return {};
}

Status Decoder::alias(ByteReader& r) {
  TRY_ASSIGN(Sort kind, sort(r));
  u64 offset = r.offset();
  TRY_ASSIGN(u8 form, r.read_u8());
  if (top().kind != ScopeKind::component) {
    bool fits = form == 0x00 ? kind == Sort::instance || kind == Sort::type
                             : form == 0x02 && (kind == Sort::core_type || kind == Sort::type);
    if (!fits) {
      return fail_at(
          ErrorClass::invalid, offset,
          "aliases in component and instance types may only refer to types or instances");
    }
  }
  switch (form) {
  case 0x00: return alias_export(r, kind);
  case 0x01: return alias_core_export(r, kind);
  case 0x02: return alias_outer(r, kind);
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for alias", form));
  }
}

Status Decoder::alias_export(ByteReader& r, Sort kind) {
  Scope& s = top();
  TRY_ASSIGN(u32 index, r.read_var_u32());
  TRY_ASSIGN(std::string_view name, r.read_name());
  if (index >= s.instances.size()) {
    return out_of_bounds(Sort::instance, index);
  }
  const InstanceType& type = out_->types.instance(s.instances[index]);
  if (!out_->types.spend(type.exports.size())) {
    return fail(ErrorClass::limit, "aliases take too many steps to check");
  }
  for (const NamedEntity& e : type.exports) {
    if (e.name != name) {
      continue;
    }
    static constexpr Sort kSorts[] = {Sort::core_module, Sort::func,      Sort::value,
                                      Sort::type,        Sort::component, Sort::instance};
    if (kSorts[static_cast<u32>(e.entity.kind)] != kind) {
      return fail(ErrorClass::invalid, strf("export `%s` for instance %u is not a %s",
                                            escaped(name).c_str(), index, plain_name(kind)));
    }
    Entity entity = e.entity;
    TRY(push_entity(entity));
    record({.kind = Def::Kind::alias_export,
            .sort = kind,
            .index = index,
            .name = name,
            .type = entity.type});
    return {};
  }
  return fail(ErrorClass::invalid,
              strf("instance %u has no export named `%s`", index, escaped(name).c_str()));
}

Status Decoder::alias_core_export(ByteReader& r, Sort kind) {
  Scope& s = top();
  TRY_ASSIGN(u32 index, r.read_var_u32());
  TRY_ASSIGN(std::string_view name, r.read_name());
  if (index >= s.core_instances.size()) {
    return fail(ErrorClass::invalid,
                strf("unknown core instance %u: core instance index out of bounds", index));
  }
  const CoreInstanceType& type = *s.core_instances[index];
  auto found = type.by_name.find(name);
  if (found == type.by_name.end()) {
    return fail(ErrorClass::invalid,
                strf("core instance %u has no export named `%s`", index, escaped(name).c_str()));
  }
  static constexpr Sort kSorts[] = {Sort::core_func, Sort::core_table, Sort::core_memory,
                                    Sort::core_global, Sort::core_tag};
  CoreExtern item = type.exports[found->second].type;
  if (kSorts[static_cast<u32>(item.kind)] != kind) {
    return fail(ErrorClass::invalid, strf("export `%s` for core instance %u is not a %s",
                                          escaped(name).c_str(), index, plain_name(kind)));
  }
  TRY(push_core_item(kind, item));
  record({.kind = Def::Kind::alias_core, .sort = kind, .index = index, .name = name});
  return {};
}

Status Decoder::alias_outer(ByteReader& r, Sort kind) {
  TRY_ASSIGN(u32 count, r.read_var_u32());
  TRY_ASSIGN(u32 index, r.read_var_u32());
  TRY_ASSIGN(Scope * from, outer_scope(count));
  Scope& s = top();
  u32 component_count = 0; // scopes out as the flattener counts: components only
  for (u32 i = 0; i < count; ++i) {
    component_count += scopes_[scopes_.size() - 1 - i]->kind == ScopeKind::component ? 1 : 0;
  }
  bool crosses_component = component_count != 0;
  switch (kind) {
  case Sort::core_type: {
    if (index >= from->core_types.size()) {
      return out_of_bounds(kind, index);
    }
    CoreTypeEntry entry = from->core_types[index];
    return grow(s.core_types, std::move(entry), "core types");
  }
  case Sort::type: {
    if (index >= from->types.size()) {
      return out_of_bounds(kind, index);
    }
    TypeId type = from->types[index];
    if (!out_->types.spend(crosses_component ? out_->types[type].size : 1)) {
      return fail(ErrorClass::limit, "aliases take too many steps to check");
    }
    if (crosses_component && has_free_resources(out_->types, type)) {
      return fail(ErrorClass::invalid, "cannot alias outer type which transitively refers to "
                                       "resources not defined in the current component");
    }
    return grow(s.types, type, "types");
  }
  case Sort::core_module: {
    if (index >= from->core_modules.size()) {
      return out_of_bounds(kind, index);
    }
    TypeId type = from->core_modules[index];
    TRY(grow(s.core_modules, type, "modules"));
    break;
  }
  case Sort::component: {
    if (index >= from->components.size()) {
      return out_of_bounds(kind, index);
    }
    TypeId type = from->components[index];
    TRY(grow(s.components, type, "components"));
    break;
  }
  case Sort::core_func:
  case Sort::core_table:
  case Sort::core_memory:
  case Sort::core_global:
  case Sort::core_tag:
  case Sort::core_instance:
  case Sort::func:
  case Sort::value:
  case Sort::instance:
    return fail(ErrorClass::malformed,
                strf("invalid outer alias of a %s: only modules, types and components",
                     sort_name(kind).data()));
  }
  record({.kind = Def::Kind::alias_outer, .sort = kind, .index = index, .count = component_count});
  return {};
}

} // namespace petrel::frontend::comp
