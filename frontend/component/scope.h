// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the validator knows inside one component, component type or instance type: the index spaces built so
// far, the names taken, and which types have been named by imports and exports (external visibility). Scopes
// form a stack; outer aliases count outwards along it.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/byte_reader.h"
#include "frontend/component/definitions.h"
#include "frontend/component/names.h"

namespace petrel::frontend::comp {

enum class ScopeKind : u8 { component, component_type, instance_type };

/// An entry of the core type space: a signature or a module type.
struct CoreTypeEntry {
  bool is_module = false;
  SigRef sig;
  TypeId module;
};

/// What a core instance exports.
struct CoreInstanceType {
  std::vector<CoreExport> exports;
  std::unordered_map<std::string_view, u32> by_name;
};

struct Scope {
  ScopeKind kind = ScopeKind::component;

  // Reading state.
  ByteReader sections{Bytes{}}; ///< component: what follows
  ByteReader section{Bytes{}};  ///< component: the current section
  u8 section_id = 0;
  u32 items_left = 0; ///< of the current section, or declarators of a type
  bool in_section = false;
  ByteReader* reader = nullptr; ///< where items and declarators are read
  u64 start_offset = 0;

  // Index spaces.
  std::vector<CoreExtern> core_funcs, core_tables, core_memories, core_globals, core_tags;
  std::vector<CoreTypeEntry> core_types;
  std::vector<TypeId> core_modules;
  std::vector<std::shared_ptr<const CoreInstanceType>> core_instances;
  std::vector<TypeId> funcs, types, components, instances;

  // Names and visibility.
  std::vector<NamedEntity> imports, exports;
  UniqueNames import_names, export_names;
  std::unordered_set<u32> import_visible,
      export_visible; ///< TypeIds named by imports; by imports or exports
  std::unordered_map<u32, std::string_view> import_resources, export_resources; ///< TypeId → label
  std::unordered_set<std::string_view> import_resource_names, export_resource_names;
  std::vector<ResourceId> bound;                    ///< introduced by imports
  std::vector<ResourceId> fresh;                    ///< defined here, or by instances made here
  std::unordered_map<u32, ValType> local_resources; ///< ResourceId → rep, for resource.new and .rep
  std::unordered_map<std::string_view, std::string_view> implements;

  u32 context_type = 0;              ///< ValKind of context.get/set once used
  std::unique_ptr<ComponentDef> def; ///< components only
  std::string_view debug_name;
};

} // namespace petrel::frontend::comp
