// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Subtyping of component types (Explainer.md, "Subtyping"): value and function types are equal or not, by
// shape; instances may have more exports than asked for; components are contravariant in their imports.
// The texts follow the specification tests' wording. Recursion: INVARIANT(type-depth) of types.h.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/types.h"

namespace petrel::frontend::comp {
namespace {

std::string quoted(std::string_view name) { return escaped(name); }

bool is_primitive(const Type& t) { return t.value <= DefTypeKind::error_context; }

std::string value_mismatch(const TypeTable& types, TypeId actual, TypeId expected);

std::string fields_mismatch(const TypeTable& types, TypeId actual, TypeId expected,
                            const char* what, const char* full) {
  auto a = types.fields(actual);
  auto e = types.fields(expected);
  if (a.size() != e.size()) {
    return strf("expected %zu %ss, found %zu", e.size(), what, a.size());
  }
  for (usize i = 0; i < e.size(); ++i) {
    if (a[i].name != e[i].name) {
      return strf("expected %s name%s `%s`, found `%s`", what, what[0] == 'f' ? "" : "d",
                  quoted(e[i].name).c_str(), quoted(a[i].name).c_str());
    }
    if (a[i].type.is_none() != e[i].type.is_none()) {
      return strf(e[i].type.is_none() ? "expected %s `%s` to have no type"
                                      : "expected %s `%s` to have a type, found none",
                  what, quoted(e[i].name).c_str());
    }
    if (e[i].type.is_none()) {
      continue;
    }
    if (std::string why = value_mismatch(types, a[i].type, e[i].type); !why.empty()) {
      std::string name = e[i].name.empty() ? strf("%zu", i) : "`" + quoted(e[i].name) + "`";
      return strf("type mismatch in %s %s: %s", full, name.c_str(), why.c_str());
    }
  }
  return {};
}

std::string optional_mismatch(const TypeTable& types, TypeId actual, TypeId expected,
                              const char* what) {
  if (actual.is_none() && expected.is_none()) {
    return {};
  }
  if (actual.is_none()) {
    return strf("expected %s type, but found none", what);
  }
  if (expected.is_none()) {
    return strf("expected %s type to not be present", what);
  }
  std::string why = value_mismatch(types, actual, expected);
  return why.empty() ? why : strf("type mismatch in %s variant: %s", what, why.c_str());
}

std::string value_mismatch(const TypeTable& types, TypeId actual, TypeId expected) {
  const Type& a = types[actual];
  const Type& e = types[expected];
  if (a.shape == e.shape) {
    return {};
  }
  if (a.value != e.value) {
    if (is_primitive(a) && is_primitive(e)) {
      return strf("expected primitive `%s` found primitive `%s`", value_kind_name(e.value).data(),
                  value_kind_name(a.value).data());
    }
    return strf("expected %s, found %s",
                is_primitive(e) && !is_primitive(a) ? "primitive" : value_kind_name(e.value).data(),
                value_kind_name(a.value).data());
  }
  switch (e.value) {
  case DefTypeKind::record:
    return fields_mismatch(types, actual, expected, "field", "record field");
  case DefTypeKind::variant:
    return fields_mismatch(types, actual, expected, "case", "variant case");
  case DefTypeKind::tuple: return fields_mismatch(types, actual, expected, "type", "tuple field");
  case DefTypeKind::flags: return "mismatch in flags elements";
  case DefTypeKind::enum_: return "mismatch in enum elements";
  case DefTypeKind::own:
  case DefTypeKind::borrow: return "resource types are not the same";
  case DefTypeKind::fixed_list:
    if (a.number != e.number) {
      return strf("expected %u elements, found %u", e.number, a.number);
    }
    return value_mismatch(types, a.elem, e.elem);
  case DefTypeKind::result: {
    std::string why = optional_mismatch(types, a.elem, e.elem, "ok");
    return why.empty() ? optional_mismatch(types, a.second, e.second, "err") : why;
  }
  case DefTypeKind::stream:
  case DefTypeKind::future: return optional_mismatch(types, a.elem, e.elem, "element");
  case DefTypeKind::list:
  case DefTypeKind::option: return value_mismatch(types, a.elem, e.elem);
  case DefTypeKind::map: {
    std::string why = value_mismatch(types, a.elem, e.elem);
    return why.empty() ? value_mismatch(types, a.second, e.second) : why;
  }
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
  case DefTypeKind::error_context: break;
  }
  return "types differ";
}

std::string func_mismatch(const TypeTable& types, TypeId actual, TypeId expected) {
  const Type& a = types[actual];
  const Type& e = types[expected];
  if (a.shape == e.shape) {
    return {};
  }
  if (a.is_async != e.is_async) {
    return e.is_async ? "expected an async function, found a sync one"
                      : "expected a sync function, found an async one";
  }
  auto ap = types.fields(actual);
  auto ep = types.fields(expected);
  if (ap.size() != ep.size()) {
    return strf("expected %zu parameters, found %zu", ep.size(), ap.size());
  }
  for (usize i = 0; i < ep.size(); ++i) {
    if (ap[i].name != ep[i].name) {
      return strf("expected parameter named `%s`, found `%s`", quoted(ep[i].name).c_str(),
                  quoted(ap[i].name).c_str());
    }
    if (std::string why = value_mismatch(types, ap[i].type, ep[i].type); !why.empty()) {
      return strf("type mismatch in function parameter `%s`: %s", quoted(ep[i].name).c_str(),
                  why.c_str());
    }
  }
  if (a.elem.is_none() != e.elem.is_none()) {
    return e.elem.is_none() ? "expected no result, found one" : "expected a result, found none";
  }
  if (!e.elem.is_none()) {
    if (std::string why = value_mismatch(types, a.elem, e.elem); !why.empty()) {
      return "type mismatch with result type: " + why;
    }
  }
  return {};
}

using ByName = std::unordered_map<std::string_view, Entity>;
ByName by_name(std::span<const NamedEntity> list) {
  ByName map;
  for (const NamedEntity& e : list) {
    map.emplace(e.name, e.entity);
  }
  return map;
}

std::string instance_mismatch(TypeTable& types, TypeId actual, TypeId expected) {
  if (!types.spend(types.instance(actual).exports.size() +
                   types.instance(expected).exports.size())) {
    return "comparing types takes too many steps";
  }
  Substitution map;
  // Copies: substitution below appends to the table.
  InstanceType want = types.instance(expected);
  InstanceType have = types.instance(actual);
  bind_resources(types, {EntityKind::instance, actual}, {EntityKind::instance, expected},
                 want.fresh, map);
  ByName exports = by_name(have.exports);
  for (const NamedEntity& e : want.exports) {
    auto found = exports.find(e.name);
    if (found == exports.end()) {
      return strf("missing expected export `%s`", quoted(e.name).c_str());
    }
    if (std::string why = mismatch(types, found->second, types.substitute(e.entity, map));
        !why.empty()) {
      return strf("type mismatch in instance export `%s`: %s", quoted(e.name).c_str(), why.c_str());
    }
  }
  return {};
}

std::string component_mismatch(TypeTable& types, TypeId actual, TypeId expected) {
  if (!types.spend(types.component(actual).exports.size() +
                   types.component(expected).imports.size())) {
    return "comparing types takes too many steps";
  }
  ComponentType want = types.component(expected);
  ComponentType have = types.component(actual);
  // What the expected type imports is what the actual component will be given.
  Substitution given;
  ByName imports = by_name(want.imports);
  for (const NamedEntity& i : have.imports) {
    auto found = imports.find(i.name);
    if (found == imports.end()) {
      return strf("missing expected import `%s`", quoted(i.name).c_str());
    }
    bind_resources(types, found->second, i.entity, have.bound, given);
    if (std::string why = mismatch(types, found->second, types.substitute(i.entity, given));
        !why.empty()) {
      return strf("type mismatch in import `%s`: %s", quoted(i.name).c_str(), why.c_str());
    }
  }
  Substitution made;
  ByName exports = by_name(have.exports);
  for (const NamedEntity& e : want.exports) {
    auto found = exports.find(e.name);
    if (found == exports.end()) {
      return strf("missing expected export `%s`", quoted(e.name).c_str());
    }
    Entity export_given = types.substitute(found->second, given);
    bind_resources(types, export_given, e.entity, want.fresh, made);
    if (std::string why = mismatch(types, export_given, types.substitute(e.entity, made));
        !why.empty()) {
      return strf("type mismatch in export `%s`: %s", quoted(e.name).c_str(), why.c_str());
    }
  }
  return {};
}

std::string type_mismatch(TypeTable& types, TypeId actual, TypeId expected) {
  const Type& a = types[actual];
  const Type& e = types[expected];
  if (a.kind != e.kind) {
    auto name = [](const Type& t) {
      return t.kind == TypeKind::value ? std::string_view("defined type") : kind_name(t);
    };
    return strf("expected %s, found %s", name(e).data(), name(a).data());
  }
  switch (e.kind) {
  case TypeKind::resource: return a.number == e.number ? "" : "resource types are not the same";
  case TypeKind::value: return value_mismatch(types, actual, expected);
  case TypeKind::func: return func_mismatch(types, actual, expected);
  case TypeKind::instance: {
    std::string why = instance_mismatch(types, actual, expected);
    return why.empty() ? instance_mismatch(types, expected, actual) : why;
  }
  case TypeKind::component: {
    std::string why = component_mismatch(types, actual, expected);
    return why.empty() ? component_mismatch(types, expected, actual) : why;
  }
  case TypeKind::module: return core_mismatch(types.module(actual), types.module(expected));
  }
  PETREL_UNREACHABLE();
}

} // namespace

std::string mismatch(TypeTable& types, Entity actual, Entity expected) {
  if (!types.spend(1)) {
    return "comparing types takes too many steps";
  }
  if (actual.kind != expected.kind) {
    return strf("expected %s, found %s", kind_name(expected.kind).data(),
                kind_name(actual.kind).data());
  }
  switch (expected.kind) {
  case EntityKind::core_module:
    return core_mismatch(types.module(actual.type), types.module(expected.type));
  case EntityKind::func: return func_mismatch(types, actual.type, expected.type);
  case EntityKind::value: return value_mismatch(types, actual.type, expected.type);
  case EntityKind::type: return type_mismatch(types, actual.type, expected.type);
  case EntityKind::component: return component_mismatch(types, actual.type, expected.type);
  case EntityKind::instance: return instance_mismatch(types, actual.type, expected.type);
  }
  PETREL_UNREACHABLE();
}

void bind_resources(TypeTable& types, Entity actual, Entity expected,
                    std::span<const ResourceId> bound, Substitution& map, bool rename) {
  if ((bound.empty() && !rename) || actual.kind != expected.kind) {
    return;
  }
  if (expected.kind == EntityKind::type) {
    const Type& e = types[expected.type];
    if (rename && (e.kind == TypeKind::value || e.kind == TypeKind::resource) &&
        types[actual.type].kind == e.kind) {
      map.rename(expected.type, actual.type);
    }
    if (e.kind == TypeKind::resource && types[actual.type].kind == TypeKind::resource) {
      for (ResourceId r : bound) {
        if (r == e.resource()) {
          map.resources.try_emplace(r, actual.type);
          return;
        }
      }
    }
    return;
  }
  if (expected.kind == EntityKind::instance &&
      types.spend(types.instance(actual.type).exports.size())) {
    ByName exports = by_name(types.instance(actual.type).exports);
    for (const NamedEntity& e : types.instance(expected.type).exports) {
      if (auto found = exports.find(e.name); found != exports.end()) {
        bind_resources(types, found->second, e.entity, bound, map, rename);
      }
    }
  }
}

} // namespace petrel::frontend::comp
