// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The binary decoder and validator of components (Binary.md), one pass: each definition is checked against
// the scope when it is read and recorded for the flattener. Nested components and types are a stack of
// scopes, not C++ recursion. Core modules are decoded by the core decoder at their file offsets.
//
// Split by grammar: decoder.cpp sections and the stack; decode_core.cpp core types, modules, instances;
// decode_types.cpp value, function and resource types; decode_instance.cpp instances and aliases;
// decode_extern.cpp imports and exports; decode_canon.cpp canonical definitions.
//
// Errors carry the offset of the definition, or of the byte when the bytes themselves are bad. Wording as
// in the specification's tests.
#pragma once

#include <memory>
#include <vector>

#include "frontend/component/scope.h"
#include "frontend/module_decoder.h"

namespace petrel::frontend::comp {

constexpr u32 kMaxIndexSpace = 1'000'000;
constexpr u32 kMaxNestedComponents = 1'000;
constexpr u32 kMaxNestedModules = 10'000;

/// Everything decoded: the flattener's and printer's input. Names are views into the file and the images.
struct ComponentFile {
  TypeTable types;
  std::vector<std::unique_ptr<ComponentDef>>
      components;                       ///< nested ones before what contains them; the root last
  std::vector<ModuleImage> modules;     ///< static core modules in file order
  std::vector<ModuleType> module_types; ///< of those
  std::vector<std::pair<std::string_view, Bytes>> customs; ///< custom sections of the root
  const ComponentDef& root() const { return *components.back(); }
};

class Decoder {
public:
  Decoder(Bytes file, const DecodeOptions& options) : file_(file), options_(options) {}
  Result<std::unique_ptr<ComponentFile>> run();

private:
  struct CanonInfo {
    const char* text; ///< of the row of ir/canon_builtins.def
  };
  struct TypeBound {
    bool is_sub_resource = false;
    TypeId eq;
  };

  // decoder.cpp
  Status push_component(ByteReader bytes);
  Status push_type_scope(ScopeKind kind, ByteReader& r);
  Status step();
  Status step_component(Scope& s);
  Status begin_section(Scope& s);
  Status item(Scope& s);
  Status declarator(Scope& s);
  Status end_component();
  Status end_type_scope();
  Status custom_section(Scope& s, ByteReader r);
  Status require(ir::Feature feature, std::string_view what) const;
  template <typename T> Status grow(std::vector<T>& space, T value, const char* what);
  Scope& top() { return *scopes_.back(); }
  Result<Scope*> outer_scope(u32 count);
  void record(Def def);

  // decode_core.cpp
  Status core_module(ByteReader bytes);
  Status core_instance(ByteReader& r);
  Status core_instantiate(ByteReader& r);
  Status core_inline_exports(ByteReader& r);
  Status check_core_args(const ModuleType& module, std::span<const NamedRef> args);
  Status core_type(ByteReader& r, bool in_module_type, std::vector<CoreTypeEntry>& space);
  Result<CoreSig> core_func_type(ByteReader& r);
  Result<ValType> core_val_type(ByteReader& r);
  Result<Limits> core_limits(ByteReader& r);
  Result<CoreExtern> core_extern(ByteReader& r, std::span<const CoreTypeEntry> types);
  Result<TypeId> module_type_body(ByteReader& r);
  Status module_type_alias(ByteReader& r, std::vector<CoreTypeEntry>& types);
  Result<CoreExtern> core_item(Sort sort, u32 index);
  Status push_core_item(Sort sort, const CoreExtern& item);

  // decode_types.cpp
  Status type_definition(ByteReader& r);
  Result<TypeId> value_type(ByteReader& r);
  Result<TypeId> optional_value_type(ByteReader& r);
  Result<TypeId> defined_type(u8 opcode, ByteReader& r);
  Result<TypeId> composite_type(u8 opcode, ByteReader& r);
  Result<TypeId> gated_type(u8 opcode, ByteReader& r);
  Result<TypeId> handle_type(u8 opcode, ByteReader& r);
  Result<TypeId> func_type(ByteReader& r, bool is_async);
  Result<TypeId> result_list(ByteReader& r);
  Result<TypeId> resource_type(ByteReader& r);
  Result<std::vector<NamedType>> labels(ByteReader& r, u8 opcode);
  Result<std::string_view> label(ByteReader& r, const char* what, UniqueNames& seen);

  // decode_instance.cpp
  Result<Sort> sort(ByteReader& r);
  Result<Sort> core_sort(ByteReader& r);
  Status instance(ByteReader& r);
  Status instantiate(ByteReader& r);
  Status inline_exports(ByteReader& r);
  Status alias(ByteReader& r);
  Status alias_export(ByteReader& r, Sort sort);
  Status alias_core_export(ByteReader& r, Sort sort);
  Status alias_outer(ByteReader& r, Sort sort);
  Result<NamedRef> ref(ByteReader& r, std::string_view name);
  Result<Entity> entity_of(Sort sort, u32 index);
  Status push_entity(const Entity& entity);

  // decode_extern.cpp
  Result<std::string_view> name_attributes(ByteReader& r, std::string_view& implements);
  Result<Entity> extern_type(ByteReader& r, TypeBound& bound);
  Status import_(ByteReader& r);
  Status export_(ByteReader& r);
  Status export_declarator(ByteReader& r);
  Result<Entity> introduce(Entity entity, const TypeBound& bound,
                           std::vector<ResourceId>& introduced);
  Status add_extern(bool is_import, std::string_view name, std::string_view implements,
                    const Entity& entity);
  Status check_annotated(const ExternName& name, const Entity& entity,
                         const std::unordered_set<std::string_view>& resource_names,
                         const std::unordered_map<u32, std::string_view>& resources);
  bool register_named(Scope& s, bool is_import, std::string_view toplevel_name,
                      const Entity& entity);
  bool all_named_in(TypeId type, const std::unordered_set<u32>& visible) const;
  bool is_named(TypeId type, const std::unordered_set<u32>& visible) const;

  // decode_canon.cpp
  Status canon(ByteReader& r);
  Status lift(ByteReader& r);
  Status lower(ByteReader& r);
  Status builtin(u8 opcode, ByteReader& r);
  Status builtin_immediate(char letter, const CanonInfo& info, CanonDef& def, ByteReader& r);
  Status builtin_type(const CanonInfo& info, BuiltinDef& def, u32 type_index);
  Status check_builtin_options(const CanonInfo& info, const CanonDef& def);
  Result<CoreSig> builtin_signature(const CanonInfo& info, const CanonDef& def);
  Status charge(TypeId type);
  Status resolve_memory(OptionsDef& o);
  static std::string list_text(std::span<const ValType> list);
  Result<OptionsDef> options(ByteReader& r);
  Status check_options(const OptionsDef& o, bool is_lift, const Type* func);
  Status check_needed(const OptionsDef& o, bool memory, bool realloc);
  Result<const CoreExtern*> core_func(u32 index);
  Result<TypeId> func_type_at(u32 index);

  Bytes file_;
  const DecodeOptions& options_;
  std::unique_ptr<ComponentFile> out_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::unordered_map<u32, std::shared_ptr<const CoreInstanceType>>
      instance_types_;  ///< by module type
  u64 item_offset_ = 0; ///< of the definition being read
  u32 component_count_ = 0;
  u32 type_scope_depth_ = 0;
};

/// A vector's count, checked against `limit` and the bytes that remain (rule R4).
Result<u32> read_items(ByteReader& r, u32 limit, usize min_item_bytes, const char* what);

/// Resources that `type` mentions without introducing them itself.
bool has_free_resources(TypeTable& types, TypeId type);

} // namespace petrel::frontend::comp
