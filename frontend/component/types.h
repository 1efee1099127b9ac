// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The types a component's validator works with. Two identities live side by side:
//
//   TypeId    nominal: every definition, import and export of a type makes a new one. External visibility
//             (Binary.md, "exports": a type used must have been *named* by an import or export) is about these.
//   shape     structural: equal numbers = equal types. Subtyping and equality of value and function types are
//             comparisons of shapes; resources are leaves, by ResourceId.
//
// Resources are generative: an import, a (sub resource) export and each instantiation of a component that
// defines one make fresh ResourceIds, by `Substitution`.
//
// INVARIANT(type-depth): `depth` <= 100 and `size` (summed through sharing) <= 1,000,000 for every type, checked
// where a type is made; functions that walk types may therefore recurse.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/types.h"
#include "frontend/component/core_types.h"
#include "ir/component_plan.h"

namespace petrel::frontend::comp {

using ir::DefTypeKind;
using TypeId = Id<struct NominalTypeTag>;
using ResourceId = Id<struct AbstractResourceTag>;

constexpr u32 kMaxTypeDepth = 100;
constexpr u64 kMaxTypeSize = 1'000'000;
constexpr u32 kMaxTypes = 1'000'000;
constexpr u64 kMaxElemSize = (1u << 28) - 1;
constexpr u8 kFlatMany = 17; ///< more than 16 core values

enum class TypeKind : u8 { value, resource, func, instance, component, module };

struct NamedType {
  std::string_view name;
  TypeId type;
};

/// What an import or export is: its sort and its type. For `type`, the type itself.
enum class EntityKind : u8 { core_module, func, value, type, component, instance };
struct Entity {
  EntityKind kind = EntityKind::func;
  TypeId type;
};
struct NamedEntity {
  std::string_view name;
  Entity entity;
};

struct Type {
  TypeKind kind = TypeKind::value;
  DefTypeKind value = DefTypeKind::bool_;
  bool has_resources = false; ///< mentions a ResourceId somewhere
  bool has_borrow = false;
  bool has_list = false; ///< contains a list, map or string: values live behind pointers
  bool is_async = false; ///< functions
  u8 flat_count = 0;     ///< values: core values when flat, at most kFlatMany
  u8 align32 = 1;
  u8 align64 = 1;
  u32 depth = 1;
  u32 shape = 0; ///< value, resource, func: structural identity
  u64 size = 1;
  u64 size32 = 0;
  u64 size64 = 0;
  TypeId elem; ///< as in ir::DefType; func: the result; own, borrow: the resource type
  TypeId second;
  u32 number = 0;      ///< fixed list: length; own, borrow, resource: ResourceId
  u32 first_field = 0; ///< fields, cases, labels, parameters in the table's pool
  u32 field_count = 0;
  TypeId alias_of; ///< what `rename` made this from: for printing
  u32 scope = 0;   ///< instance, component, module: index of its description

  ResourceId resource() const { return ResourceId(number); }
};

/// An instance type: its exports in order. `fresh` = resources its own (sub resource) exports introduce; empty in the type of an
/// actual (imported, instantiated) instance, whose resources belong to the scope around it.
struct InstanceType {
  std::vector<NamedEntity> exports;
  std::vector<ResourceId> fresh;
};
/// A component type. `bound` = resources that its imports introduce, `fresh` = those each instance makes anew.
struct ComponentType {
  std::vector<NamedEntity> imports;
  std::vector<NamedEntity> exports;
  std::vector<ResourceId> bound;
  std::vector<ResourceId> fresh;
};

/// Replaces resources by types, and value types that an import names by the types given for them (their nominal identity
/// matters for external visibility); remembers what it made, so that shared types stay shared.
struct Substitution {
  std::map<ResourceId, TypeId> resources;
  std::unordered_map<u32, TypeId> memo;
  bool has_renames = false;
  bool empty() const { return resources.empty() && !has_renames; }
  void rename(TypeId from, TypeId to) {
    has_renames = true;
    memo[from.index()] = to;
  }
};

/// All types of one component file, imports of nested components included.
class TypeTable {
public:
  TypeTable();

  const Type& operator[](TypeId id) const { return types_[id.index()]; }
  std::span<const NamedType> fields(TypeId id) const {
    const Type& t = types_[id.index()];
    return std::span(fields_).subspan(t.first_field, t.field_count);
  }
  const InstanceType& instance(TypeId id) const { return instances_[types_[id.index()].scope]; }
  const ComponentType& component(TypeId id) const { return components_[types_[id.index()].scope]; }
  const ModuleType& module(TypeId id) const { return modules_[types_[id.index()].scope]; }

  /// The predefined type of a primitive (bool_ … error_context).
  TypeId primitive(DefTypeKind kind) const { return TypeId(static_cast<u32>(kind)); }

  /// Makers of value types. Errors (no offset): limits, and `elem_size` at or above 2^28.
  struct ValueSpec {
    DefTypeKind kind = DefTypeKind::tuple;
    TypeId elem;
    TypeId second;
    u32 number = 0;
    std::vector<NamedType> fields;
  };
  Result<TypeId> make_value(ValueSpec spec);
  Result<TypeId> make_func(std::vector<NamedType> params, TypeId result, bool is_async);
  Result<TypeId> make_instance(InstanceType type);
  Result<TypeId> make_component(ComponentType type);
  TypeId make_module(ModuleType type);
  /// A resource type with a fresh ResourceId.
  TypeId make_resource();
  /// The same type under a new nominal identity.
  TypeId rename(TypeId id);

  /// Applies a substitution. When the table's limit is reached, answers `id` itself; `over_limit` tells.
  TypeId substitute(TypeId id, Substitution& map);
  Entity substitute(Entity entity, Substitution& map) {
    return {entity.kind, substitute(entity.type, map)};
  }
  bool over_limit() const { return types_.size() > kMaxTypes || work_left_ == 0; }

  /// An instance type as the type of one instance: fresh copies of the resources it introduces, which are appended to
  /// `introduced`; the result introduces none itself.
  TypeId open_instance(TypeId id, std::vector<ResourceId>& introduced);
  /// Gives `map` a fresh resource type per listed resource; returns the new ResourceIds.
  std::vector<ResourceId> freshen(std::span<const ResourceId> resources, Substitution& map);

  usize type_count() const { return types_.size(); }

  /// Charges work whose amount the input decides (comparing types, binding names); false when all is spent.
  bool spend(u64 steps) {
    work_left_ = steps > work_left_ ? 0 : work_left_ - steps;
    return work_left_ != 0;
  }

private:
  TypeId add(Type type);
  u32 intern_shape(const Type& type);
  u32 intern_name(std::string_view name);
  void lay_out(Type& type) const;
  void lay_out_cases(Type& type) const;
  void lay_out_fields(Type& type) const;
  TypeId substitute_scope(TypeId id, Substitution& map);
  template <typename F> void for_each_child(const Type& type, F&& visit) const;
  Status check_limits(const Type& type) const;

  std::vector<Type> types_;
  std::vector<NamedType> fields_;
  std::vector<InstanceType> instances_;
  std::vector<ComponentType> components_;
  std::vector<ModuleType> modules_;
  std::map<std::vector<u32>, u32> shapes_;
  std::unordered_map<std::string_view, u32> names_;
  u32 next_resource_ = 0;
  u64 work_left_ = 20'000'000;
};

/// Bytes of a discriminant for `cases` cases: 1, 2 or 4.
constexpr u32 discriminant_bytes(u64 cases) { return cases <= 256 ? 1 : cases <= 65536 ? 2 : 4; }
/// Bytes of flags in memory: 1, 2 or 4.
constexpr u32 flags_bytes(u64 labels) { return labels <= 8 ? 1 : labels <= 16 ? 2 : 4; }

/// The kind as messages name it: `record`, `func`, `resource`, …
std::string_view kind_name(const Type& type);
std::string_view kind_name(EntityKind kind);
/// A value type's keyword as WIT writes it: `u8`, `list`, …
std::string_view value_kind_name(DefTypeKind kind);

/// Subtyping of what is supplied (`actual`) against what is asked for (`expected`); empty = fits, else why not. Resources must have
/// been substituted on both sides already.
std::string mismatch(TypeTable& types, Entity actual, Entity expected);
/// Binds the resources that `expected` introduces (type exports at any depth of instance types) to those of `actual`. With
/// `rename`, value types it exports take the identity of the actual ones as well.
void bind_resources(TypeTable& types, Entity actual, Entity expected,
                    std::span<const ResourceId> bound, Substitution& map, bool rename = false);

} // namespace petrel::frontend::comp
