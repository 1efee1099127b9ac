// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports and exports of components, component types and instance types (Binary.md, "Import and Export
// Definitions"): names, attributes, types, annotated names, external visibility.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {

Result<std::string_view> Decoder::name_attributes(ByteReader& r, std::string_view& implements) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 form, r.read_u8());
  if (form > 0x02) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for component name", form));
  }
  TRY_ASSIGN(std::string_view name, r.read_name());
  if (form != 0x02) {
    return name;
  }
  TRY(require(ir::Feature::ComponentImplements, "a name with attributes"));
  TRY_ASSIGN(u32 count, read_items(r, 16, 1, "name attributes"));
  u32 seen = 0;
  for (u32 i = 0; i < count; ++i) {
    offset = r.offset();
    TRY_ASSIGN(u8 kind, r.read_u8());
    TRY_ASSIGN(std::string_view text, r.read_name());
    if (kind > 0x02) {
      return fail_at(ErrorClass::malformed, offset,
                     strf("invalid leading byte (0x%x) for name option", kind));
    }
    if ((seen >> kind & 1) != 0) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("duplicate '%s' option in name", kind == 0   ? "implements"
                                                           : kind == 1 ? "versionsuffix"
                                                                       : "external-id"));
    }
    seen |= 1u << kind;
    if (kind == 0x00) {
      Status ok = check_interface_name(text, options_.features);
      if (!ok) {
        return fail_at(ErrorClass::invalid, offset,
                       strf("name `%s` is not valid with `implements`: must be an interface",
                            escaped(text).c_str()));
      }
      implements = text;
    } else if (kind == 0x01) {
      usize at = name.find('@');
      if (at == std::string_view::npos ||
          !is_semver(std::string(name.substr(at + 1)) + std::string(text))) {
        return fail_at(ErrorClass::invalid, offset,
                       strf("version suffix `%s` does not complete a semver in `%s`",
                            escaped(text).c_str(), escaped(name).c_str()));
      }
    }
  }
  return name;
}

Result<Entity> Decoder::extern_type(ByteReader& r, TypeBound& bound) {
  u64 offset = r.offset();
  Scope& s = top();
  TRY_ASSIGN(u8 kind, r.read_u8());
  auto type_at = [&](TypeKind want, const char* what) -> Result<TypeId> {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    if (index >= s.types.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown type %u: type index out of bounds", index));
    }
    if (out_->types[s.types[index]].kind != want) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("type index %u is not %s type", index, what));
    }
    return s.types[index];
  };
  switch (kind) {
  case 0x00: {
    TRY_ASSIGN(u8 sort, r.read_u8());
    if (sort != 0x11) {
      return fail_at(
          ErrorClass::malformed, offset,
          strf("invalid leading byte (0x%x) for component external kind: expected 0x11", sort));
    }
    TRY_ASSIGN(u32 index, r.read_var_u32());
    if (index >= s.core_types.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown core type %u: type index out of bounds", index));
    }
    if (!s.core_types[index].is_module) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("core type index %u is not a module type", index));
    }
    return Entity{EntityKind::core_module, s.core_types[index].module};
  }
  case 0x01: {
    TRY_ASSIGN(TypeId type, type_at(TypeKind::func, "a function"));
    return Entity{EntityKind::func, type};
  }
  case 0x02:
    TRY(require(ir::Feature::ComponentValues, "a value import or export"));
    return fail_at(ErrorClass::unsupported, offset,
                   "component-model-values: a value import or export");
  case 0x03: {
    TRY_ASSIGN(u8 form, r.read_u8());
    if (form == 0x01) {
      bound.is_sub_resource = true;
      return Entity{EntityKind::type, {}};
    }
    if (form != 0x00) {
      return fail_at(ErrorClass::malformed, offset,
                     strf("invalid leading byte (0x%x) for type bound", form));
    }
    TRY_ASSIGN(u32 index, r.read_var_u32());
    if (index >= s.types.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown type %u: type index out of bounds", index));
    }
    return Entity{EntityKind::type, s.types[index]};
  }
  case 0x04: {
    TRY_ASSIGN(TypeId type, type_at(TypeKind::component, "a component"));
    return Entity{EntityKind::component, type};
  }
  case 0x05: {
    TRY_ASSIGN(TypeId type, type_at(TypeKind::instance, "an instance"));
    return Entity{EntityKind::instance, type};
  }
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for component external kind", kind));
  }
}

Result<Entity> Decoder::introduce(Entity entity, const TypeBound& bound,
                                  std::vector<ResourceId>& introduced) {
  TypeTable& types = out_->types;
  if (bound.is_sub_resource) {
    entity.type = types.make_resource();
    introduced.push_back(types[entity.type].resource());
  } else if (entity.kind == EntityKind::type) {
    entity.type = types.rename(entity.type);
  } else if (entity.kind == EntityKind::instance) {
    entity.type = types.open_instance(entity.type, introduced);
  }
  return entity;
}

Status Decoder::import_(ByteReader& r) {
  Scope& s = top();
  std::string_view implements;
  TypeBound bound;
  TRY_ASSIGN(std::string_view name, name_attributes(r, implements));
  TRY_ASSIGN(Entity entity, extern_type(r, bound));
  TRY_ASSIGN(entity, introduce(entity, bound, s.bound));
  TRY(add_extern(true, name, implements, entity));
  TRY(push_entity(entity));
  static constexpr Sort kSorts[] = {Sort::core_module, Sort::func,      Sort::value,
                                    Sort::type,        Sort::component, Sort::instance};
  record({.kind = Def::Kind::import_,
          .sort = kSorts[static_cast<u32>(entity.kind)],
          .name = name,
          .type = entity.type});
  return {};
}

Status Decoder::export_declarator(ByteReader& r) {
  Scope& s = top();
  std::string_view implements;
  TypeBound bound;
  TRY_ASSIGN(std::string_view name, name_attributes(r, implements));
  TRY_ASSIGN(Entity entity, extern_type(r, bound));
  TRY_ASSIGN(entity, introduce(entity, bound, s.fresh));
  TRY(add_extern(false, name, implements, entity));
  return push_entity(entity);
}

Status Decoder::export_(ByteReader& r) {
  Scope& s = top();
  std::string_view implements;
  TRY_ASSIGN(std::string_view name, name_attributes(r, implements));
  TRY_ASSIGN(NamedRef item, ref(r, name));
  TRY_ASSIGN(Entity entity, entity_of(item.sort, item.index));
  u64 offset = r.offset();
  TRY_ASSIGN(u8 ascribed, r.read_u8());
  if (ascribed > 1) {
    return fail_at(
        ErrorClass::malformed, offset,
        strf("invalid leading byte (0x%x) for optional component export type", ascribed));
  }
  if (ascribed == 1) {
    TypeBound bound;
    TRY_ASSIGN(Entity want, extern_type(r, bound));
    std::vector<ResourceId> introduced;
    TRY_ASSIGN(want, introduce(want, bound, introduced));
    Substitution map;
    bind_resources(out_->types, entity, want, introduced, map);
    std::string why = mismatch(out_->types, entity, out_->types.substitute(want, map));
    if (!why.empty()) {
      return fail(ErrorClass::invalid,
                  strf("ascribed type of export is not compatible with item's type: `%s`: %s",
                       escaped(name).c_str(), why.c_str()));
    }
    s.fresh.insert(s.fresh.end(), introduced.begin(), introduced.end());
    entity = want;
  } else if (entity.kind == EntityKind::type) {
    entity.type = out_->types.rename(entity.type);
  }
  TRY(add_extern(false, name, implements, entity));
  TRY(push_entity(entity));
  record({.kind = Def::Kind::export_,
          .sort = item.sort,
          .index = item.index,
          .name = name,
          .type = entity.type,
          .args = {item}});
  return {};
}

Status Decoder::add_extern(bool is_import, std::string_view text, std::string_view implements,
                           const Entity& entity) {
  Scope& s = top();
  const char* what = is_import ? "import" : "export";
  TRY_ASSIGN(ExternName name, parse_extern_name(text, options_.features));
  if (!implements.empty() &&
      (entity.kind != EntityKind::instance || name.kind != NameKind::label)) {
    return fail(ErrorClass::invalid,
                strf("only instances can have an `implements`, under a plain name: `%s`",
                     escaped(text).c_str()));
  }
  if (auto earlier = (is_import ? s.import_names : s.export_names).add(text)) {
    return fail(ErrorClass::invalid, strf("%s name `%s` conflicts with previous name `%s`", what,
                                          escaped(text).c_str(), escaped(*earlier).c_str()));
  }
  if (!out_->types.spend(out_->types[entity.type].size)) {
    return fail(ErrorClass::limit, "imports and exports take too many steps to check");
  }
  if (!implements.empty()) {
    s.implements.emplace(text, implements);
  }
  std::string_view toplevel_name = name.kind == NameKind::label ? text : std::string_view();
  if (!register_named(s, is_import, toplevel_name, entity)) {
    return fail(
        ErrorClass::invalid,
        strf("%s not valid to be used as %s: `%s` uses a type that no import or export has named",
             kind_name(entity.kind).data(), what, escaped(text).c_str()));
  }
  TRY(check_annotated(name, entity, is_import ? s.import_resource_names : s.export_resource_names,
                      is_import ? s.import_resources : s.export_resources));
  (is_import ? s.imports : s.exports).push_back({text, entity});
  return {};
}

Status Decoder::check_annotated(const ExternName& name, const Entity& entity,
                                const std::unordered_set<std::string_view>& names,
                                const std::unordered_map<u32, std::string_view>& resources) {
  if (name.kind == NameKind::label || name.kind == NameKind::interface) {
    return {};
  }
  auto invalid = [&](const char* text) {
    return fail(ErrorClass::invalid, strf("%s in `%s`", text, escaped(name.text).c_str()));
  };
  if (entity.kind != EntityKind::func) {
    return fail(ErrorClass::invalid,
                strf("item for name `%s` is not a func", escaped(name.text).c_str()));
  }
  const TypeTable& types = out_->types;
  const Type& func = types[entity.type];
  TypeId resource;
  switch (name.kind) {
  case NameKind::static_:
    return names.contains(name.resource)
               ? Status()
               : invalid("static resource name is not known in this context");
  case NameKind::constructor: {
    if (func.elem.is_none()) {
      return invalid("function should return one value");
    }
    const Type* result = &types[func.elem];
    if (result->value == DefTypeKind::result && !result->elem.is_none()) {
      result = &types[result->elem];
    }
    if (result->value != DefTypeKind::own) {
      return invalid("function should return `(own $T)` or `(result (own $T))`");
    }
    resource = result->elem;
    break;
  }
  case NameKind::method: {
    auto params = types.fields(entity.type);
    if (params.empty()) {
      return invalid("function should have at least one argument");
    }
    if (params[0].name != "self") {
      return invalid("function should have a first argument called `self`");
    }
    if (types[params[0].type].value != DefTypeKind::borrow) {
      return invalid("function should take a first argument of `(borrow $T)`");
    }
    resource = types[params[0].type].elem;
    break;
  }
  case NameKind::label:
  case NameKind::interface: break;
  }
  auto found = resources.find(resource.index());
  if (found == resources.end()) {
    return invalid("resource used in function does not have a name in this context");
  }
  if (found->second != name.resource) {
    return fail(ErrorClass::invalid,
                strf("function does not match expected resource name `%s` in `%s`",
                     escaped(found->second).c_str(), escaped(name.text).c_str()));
  }
  return {};
}

bool Decoder::register_named(Scope& s, bool is_import, std::string_view toplevel_name,
                             const Entity& entity) {
  const TypeTable& types = out_->types;
  const Type& type = types[entity.type];
  if (entity.kind == EntityKind::type && type.kind == TypeKind::resource &&
      !toplevel_name.empty()) {
    auto& names = is_import ? s.import_resource_names : s.export_resource_names;
    if (names.insert(toplevel_name).second) {
      (is_import ? s.import_resources : s.export_resources)
          .emplace(entity.type.index(), toplevel_name);
    }
  }
  if (s.kind == ScopeKind::instance_type) {
    return true;
  }
  const auto& visible = is_import ? s.import_visible : s.export_visible;
  switch (entity.kind) {
  case EntityKind::type:
    if (!all_named_in(entity.type, visible)) {
      return false;
    }
    if (is_import) {
      s.import_visible.insert(entity.type.index());
    }
    s.export_visible.insert(entity.type.index());
    return true;
  case EntityKind::instance:
    for (const NamedEntity& e : types.instance(entity.type).exports) {
      if (!register_named(s, is_import, {}, e.entity)) {
        return false;
      }
    }
    return true;
  case EntityKind::func: return all_named_in(entity.type, visible);
  case EntityKind::value: return is_named(entity.type, visible);
  case EntityKind::component:
  case EntityKind::core_module: return true; // closed
  }
  PETREL_UNREACHABLE();
}

bool Decoder::all_named_in(TypeId id, const std::unordered_set<u32>& visible) const {
  const TypeTable& types = out_->types;
  const Type& type = types[id];
  switch (type.kind) {
  case TypeKind::resource:
  case TypeKind::component:
  case TypeKind::module: return true;
  case TypeKind::instance:
    for (const NamedEntity& e : types.instance(id).exports) {
      if (e.entity.kind != EntityKind::component && !all_named_in(e.entity.type, visible)) {
        return false;
      }
    }
    return true;
  case TypeKind::value:
    if (type.value == DefTypeKind::own || type.value == DefTypeKind::borrow) {
      return visible.contains(type.elem.index());
    }
    break;
  case TypeKind::func: break;
  }
  bool ok = (type.elem.is_none() || is_named(type.elem, visible)) &&
            (type.second.is_none() || is_named(type.second, visible));
  for (const NamedType& f : types.fields(id)) {
    ok = ok && (f.type.is_none() || is_named(f.type, visible));
  }
  return ok;
}

bool Decoder::is_named(TypeId id, const std::unordered_set<u32>& visible) const {
  switch (out_->types[id].value) {
  case DefTypeKind::record:
  case DefTypeKind::variant:
  case DefTypeKind::enum_:
  case DefTypeKind::flags: return visible.contains(id.index());
  case DefTypeKind::own:
  case DefTypeKind::borrow:
  case DefTypeKind::tuple:
  case DefTypeKind::list:
  case DefTypeKind::fixed_list:
  case DefTypeKind::map:
  case DefTypeKind::option:
  case DefTypeKind::result:
  case DefTypeKind::stream:
  case DefTypeKind::future: return all_named_in(id, visible);
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
  case DefTypeKind::error_context: return true;
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::frontend::comp
