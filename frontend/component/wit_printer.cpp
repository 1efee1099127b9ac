// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interfaces are printed from the instance types of the root's imports and exports. A type that renames one
// which another interface exports is a `use`; everything else is a definition. Types are referred to by their
// name in the interface being printed. Recursion: INVARIANT(type-depth) of types.h.
#include "frontend/component/wit_printer.h"

#include <algorithm>
#include <unordered_map>

#include "base/unicode.h"
#include "ir/interface_name.h"

namespace petrel::frontend::comp {
namespace {

constexpr std::string_view kKeywords[] = {
    "as",       "async",     "bool", "borrow", "char",   "constructor", "enum",    "error-context",
    "export",   "f32",       "f64",  "flags",  "from",   "func",        "future",  "import",
    "include",  "interface", "list", "map",    "option", "own",         "package", "record",
    "resource", "result",    "s16",  "s32",    "s64",    "s8",          "static",  "stream",
    "string",   "tuple",     "type", "u16",    "u32",    "u64",         "u8",      "use",
    "variant",  "with",      "world"};

std::string ident(std::string_view name) {
  bool keyword = std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords);
  return (keyword ? "%" : "") + escaped(name, 256);
}

/// `wasi:io/streams@0.2.9` → package `wasi:io@0.2.9`, interface `streams`.
std::string package_of(std::string_view interface) {
  std::string_view bare = ir::without_version(interface);
  std::string_view version = interface.substr(bare.size());
  return std::string(bare.substr(0, bare.find('/'))) + std::string(version);
}
std::string_view local_name(std::string_view interface) {
  std::string_view bare = ir::without_version(interface);
  usize slash = bare.find('/');
  return slash == std::string_view::npos ? bare : bare.substr(slash + 1);
}

struct Owner {
  std::string_view interface;
  std::string_view name;
};

class Printer {
public:
  explicit Printer(const ComponentFile& file)
      : types_(file.types), root_(types_.component(file.root().type)) {}

  std::string run() {
    collect(root_.imports);
    collect(root_.exports);
    out_ = "package root:component;\n\nworld root {\n";
    world(root_.imports, "import");
    if (!root_.imports.empty() && !root_.exports.empty()) {
      out_ += "\n";
    }
    world(root_.exports, "export");
    out_ += "}\n";
    packages();
    return std::move(out_);
  }

private:
  using Names = std::unordered_map<u32, std::string_view>;

  static bool is_interface(const NamedEntity& e) {
    return e.entity.kind == EntityKind::instance && e.name.find(':') != std::string_view::npos;
  }

  /// Remembers which interface a type comes from and which interfaces there are.
  void collect(std::span<const NamedEntity> list) {
    for (const NamedEntity& e : list) {
      if (!is_interface(e)) {
        continue;
      }
      for (const NamedEntity& item : types_.instance(e.entity.type).exports) {
        if (item.entity.kind == EntityKind::type) {
          owners_.try_emplace(item.entity.type.index(), Owner{e.name, item.name});
        }
      }
      std::string package = package_of(e.name);
      auto found = std::find_if(packages_.begin(), packages_.end(),
                                [&](const auto& p) { return p.first == package; });
      if (found == packages_.end()) {
        packages_.push_back({package, {}});
        found = packages_.end() - 1;
      }
      auto same = [&](const NamedEntity* other) { return other->name == e.name; };
      if (std::none_of(found->second.begin(), found->second.end(), same)) {
        found->second.push_back(&e);
      }
    }
  }

  void line(u32 indent, std::string_view text) {
    out_.append(indent * 2, ' ');
    out_ += text;
    out_ += "\n";
  }

  void world(std::span<const NamedEntity> list, const char* verb) {
    Names names;
    for (const NamedEntity& e : list) {
      std::string head = std::string(verb) + " ";
      if (is_interface(e)) {
        line(1, head + escaped(e.name, 256) + ";");
      } else if (e.entity.kind == EntityKind::instance) {
        line(1, head + ident(e.name) + ": interface {");
        interface_body(e, 2);
        line(1, "}");
      } else if (e.entity.kind == EntityKind::func) {
        line(1, head + function(e.name, e.entity.type, false, names) + ";");
      } else if (e.entity.kind == EntityKind::type) {
        world_type(e, names);
      } else {
        line(1, "// " + head + escaped(e.name, 256) + ": " + std::string(kind_name(e.entity.kind)));
      }
    }
  }

  void world_type(const NamedEntity& e, Names& names) {
    names.emplace(e.entity.type.index(), e.name);
    if (const Owner* owner = owner_of(e.entity.type, {})) {
      use({}, {owner->interface, {{owner->name, e.name}}}, 1);
      return;
    }
    definition(e, {}, names, 1);
  }

  /// Packages that others use come first, otherwise in order of appearance.
  void sort_packages() {
    std::vector<std::pair<std::string, std::vector<const NamedEntity*>>> sorted;
    while (!packages_.empty()) {
      auto ready = [&](const auto& p) {
        for (const NamedEntity* e : p.second) {
          for (const NamedEntity& item : types_.instance(e->entity.type).exports) {
            const Owner* owner = item.entity.kind == EntityKind::type
                                     ? owner_of(item.entity.type, e->name)
                                     : nullptr;
            if (owner == nullptr || package_of(owner->interface) == p.first) {
              continue;
            }
            std::string needed = package_of(owner->interface);
            if (std::any_of(packages_.begin(), packages_.end(),
                            [&](const auto& other) { return other.first == needed; })) {
              return false;
            }
          }
        }
        return true;
      };
      auto next = std::find_if(packages_.begin(), packages_.end(), ready);
      next = next == packages_.end() ? packages_.begin() : next; // a cycle: as they came
      sorted.push_back(std::move(*next));
      packages_.erase(next);
    }
    packages_ = std::move(sorted);
  }

  void packages() {
    sort_packages();
    bool first = true;
    for (const auto& [package, interfaces] : packages_) {
      out_ += first ? "" : "\n\n";
      first = false;
      line(0, "package " + escaped(package, 256) + " {");
      for (const NamedEntity* e : interfaces) {
        line(1, "interface " + ident(local_name(e->name)) + " {");
        interface_body(*e, 2);
        line(1, "}");
      }
      line(0, "}");
    }
  }

  /// The interface that `type` is taken from, when it is not `here`.
  const Owner* owner_of(TypeId type, std::string_view here) const {
    for (TypeId t = type; !t.is_none(); t = types_[t].alias_of) {
      auto found = owners_.find(t.index());
      if (found != owners_.end() && found->second.interface != here) {
        return &found->second;
      }
    }
    return nullptr;
  }

  using Use =
      std::pair<std::string_view, std::vector<std::pair<std::string_view, std::string_view>>>;
  void use(std::string_view here, const Use& u, u32 indent) {
    bool same_package = !here.empty() && package_of(here) == package_of(u.first);
    std::string text =
        "use " + (same_package ? ident(local_name(u.first)) : escaped(u.first, 256)) + ".{";
    bool first = true;
    for (const auto& [theirs, ours] : u.second) {
      text += (first ? "" : ", ") + ident(theirs) + (theirs == ours ? "" : " as " + ident(ours));
      first = false;
    }
    line(indent, text + "};");
  }

  void interface_body(const NamedEntity& interface, u32 indent) {
    const InstanceType& desc = types_.instance(interface.entity.type);
    Names names;
    std::vector<Use> uses; // neighbours of one interface share a line
    std::string_view last_use;
    std::vector<const NamedEntity*> definitions;
    std::unordered_map<std::string_view, std::vector<const NamedEntity*>> methods;
    std::vector<const NamedEntity*> functions;
    for (const NamedEntity& e : desc.exports) {
      if (e.entity.kind == EntityKind::func) {
        if (e.name.starts_with('[')) {
          std::string_view rest = e.name.substr(std::min(e.name.find(']') + 1, e.name.size()));
          methods[rest.substr(0, rest.find('.'))].push_back(&e);
        } else {
          functions.push_back(&e);
        }
      } else if (e.entity.kind == EntityKind::type) {
        names.emplace(e.entity.type.index(), e.name);
        const Owner* owner = owner_of(e.entity.type, interface.name);
        if (owner == nullptr) {
          definitions.push_back(&e);
          continue;
        }
        if (last_use != owner->interface) {
          uses.push_back({owner->interface, {}});
        }
        uses.back().second.push_back({owner->name, e.name});
        last_use = owner->interface;
        continue;
      }
    }
    for (const Use& u : uses) {
      use(interface.name, u, indent);
    }
    bool blank = !uses.empty();
    for (const NamedEntity* e : definitions) {
      out_ += blank ? "\n" : "";
      blank = true;
      definition(*e, methods[e->name], names, indent);
    }
    for (const NamedEntity* e : functions) {
      out_ += blank ? "\n" : "";
      blank = true;
      line(indent, function(e->name, e->entity.type, false, names) + ";");
    }
  }

  void definition(const NamedEntity& e, std::span<const NamedEntity* const> methods,
                  const Names& names, u32 indent) {
    const Type& type = types_[e.entity.type];
    if (!type.alias_of.is_none() && names.contains(type.alias_of.index()) &&
        type.kind == TypeKind::resource) {
      line(indent, "type " + ident(e.name) + " = " + ident(names.at(type.alias_of.index())) + ";");
      return;
    }
    if (type.kind == TypeKind::resource) {
      if (methods.empty()) {
        line(indent, "resource " + ident(e.name) + ";");
        return;
      }
      line(indent, "resource " + ident(e.name) + " {");
      for (const NamedEntity* m : methods) {
        line(indent + 1, function(m->name, m->entity.type, true, names) + ";");
      }
      line(indent, "}");
      return;
    }
    const bool fields = type.value == DefTypeKind::record || type.value == DefTypeKind::variant ||
                        type.value == DefTypeKind::enum_ || type.value == DefTypeKind::flags;
    if (type.kind != TypeKind::value || !fields) {
      // Its own name is what is being defined, so its structure is asked for.
      std::string text = type.kind == TypeKind::value ? structure(e.entity.type, names)
                                                      : std::string(kind_name(type));
      if (!type.alias_of.is_none() && names.contains(type.alias_of.index())) {
        text = ident(names.at(type.alias_of.index()));
      }
      line(indent, "type " + ident(e.name) + " = " + text + ";");
      return;
    }
    if (!type.alias_of.is_none() && names.contains(type.alias_of.index())) {
      line(indent, "type " + ident(e.name) + " = " + ident(names.at(type.alias_of.index())) + ";");
      return;
    }
    line(indent, std::string(value_kind_name(type.value)) + " " + ident(e.name) + " {");
    for (const NamedType& f : types_.fields(e.entity.type)) {
      std::string text = ident(f.name);
      if (!f.type.is_none()) {
        text += type.value == DefTypeKind::record ? ": " + reference(f.type, names)
                                                  : "(" + reference(f.type, names) + ")";
      }
      line(indent + 1, text + ",");
    }
    line(indent, "}");
  }

  std::string function(std::string_view name, TypeId id, bool in_resource,
                       const Names& names) const {
    const Type& type = types_[id];
    auto params = types_.fields(id);
    std::string out;
    bool constructor = name.starts_with("[constructor]");
    if (in_resource && constructor) {
      out = "constructor";
    } else if (in_resource) {
      out = ident(name.substr(name.find('.') + 1)) +
            (name.starts_with("[static]") ? ": static " : ": ");
      out += type.is_async ? "async func" : "func";
      if (name.starts_with("[method]")) {
        params = params.subspan(std::min<usize>(1, params.size()));
      }
    } else {
      out = ident(name) + (type.is_async ? ": async func" : ": func");
    }
    out += "(";
    bool first = true;
    for (const NamedType& p : params) {
      out += (first ? "" : ", ") + ident(p.name) + ": " + reference(p.type, names);
      first = false;
    }
    out += ")";
    bool plain_constructor = in_resource && constructor && !type.elem.is_none() &&
                             types_[type.elem].value == DefTypeKind::own;
    if (!type.elem.is_none() && !plain_constructor) {
      out += " -> " + reference(type.elem, names);
    }
    return out;
  }

  /// By name where the interface has one, else by structure.
  std::string reference(TypeId id, const Names& names) const {
    for (TypeId t = id; !t.is_none(); t = types_[t].alias_of) {
      if (auto found = names.find(t.index()); found != names.end()) {
        return ident(found->second);
      }
    }
    return structure(id, names);
  }

  std::string resource_name(TypeId id, const Names& names) const {
    for (TypeId t = id; !t.is_none(); t = types_[t].alias_of) {
      if (auto found = names.find(t.index()); found != names.end()) {
        return ident(found->second);
      }
    }
    auto owner = owners_.find(id.index());
    return owner == owners_.end() ? "resource" : ident(owner->second.name);
  }

  std::string structure(TypeId id, const Names& names) const {
    const Type& type = types_[id];
    std::string word(value_kind_name(type.value));
    switch (type.value) {
    case DefTypeKind::own: return resource_name(type.elem, names);
    case DefTypeKind::borrow: return "borrow<" + resource_name(type.elem, names) + ">";
    case DefTypeKind::list:
    case DefTypeKind::option: return word + "<" + reference(type.elem, names) + ">";
    case DefTypeKind::fixed_list:
      return "list<" + reference(type.elem, names) + ", " + std::to_string(type.number) + ">";
    case DefTypeKind::map:
      return "map<" + reference(type.elem, names) + ", " + reference(type.second, names) + ">";
    case DefTypeKind::stream:
    case DefTypeKind::future:
      return type.elem.is_none() ? word : word + "<" + reference(type.elem, names) + ">";
    case DefTypeKind::result:
      if (type.second.is_none()) {
        return type.elem.is_none() ? word : word + "<" + reference(type.elem, names) + ">";
      }
      return "result<" + (type.elem.is_none() ? "_" : reference(type.elem, names)) + ", " +
             reference(type.second, names) + ">";
    case DefTypeKind::tuple:
    case DefTypeKind::record:
    case DefTypeKind::variant:
    case DefTypeKind::enum_:
    case DefTypeKind::flags: {
      std::string list;
      for (const NamedType& f : types_.fields(id)) {
        list += list.empty() ? "" : ", ";
        list += f.type.is_none() ? ident(f.name) : reference(f.type, names);
      }
      return word + "<" + list + ">";
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
    case DefTypeKind::error_context: return word;
    }
    PETREL_UNREACHABLE();
  }

  const TypeTable& types_;
  const ComponentType& root_;
  std::string out_;
  std::unordered_map<u32, Owner> owners_; ///< TypeId → where it is exported first
  std::vector<std::pair<std::string, std::vector<const NamedEntity*>>> packages_;
};

} // namespace

std::string print_wit(const ComponentFile& file) { return Printer(file).run(); }

} // namespace petrel::frontend::comp
