// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A validated component as the flattener executes it: its definitions in file order with resolved types.
// Index operands count in the component's own index spaces (Binary.md: every import, alias, instance,
// canonical definition and export appends to the space of its sort).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "frontend/component/types.h"
#include "ir/component_plan.h"

namespace petrel::frontend::comp {

/// The thirteen index spaces.
enum class Sort : u8 {
  core_func,
  core_table,
  core_memory,
  core_global,
  core_tag,
  core_type,
  core_module,
  core_instance,
  func,
  value,
  type,
  component,
  instance,
};
std::string_view sort_name(Sort sort);

struct NamedRef {
  std::string_view name;
  Sort sort = Sort::func;
  u32 index = 0;
  TypeId type; ///< for sort type: what it refers to
};

constexpr u32 kNoIndex = 0xffffffff;

/// Canonical options, by index.
struct OptionsDef {
  ir::StringEncoding encoding = ir::StringEncoding::utf8;
  bool is_async = false;
  bool is_memory64 = false;
  u32 memory = kNoIndex;  ///< core memory
  u32 realloc = kNoIndex; ///< core functions
  u32 post_return = kNoIndex;
  u32 callback = kNoIndex;
};

/// A canonical built-in's immediates.
struct BuiltinDef {
  ir::CanonKind kind = ir::CanonKind::resource_new;
  bool is_async = false;
  TypeId type;    ///< resource, stream or future; task.return: the result or none
  u32 number = 0; ///< context slot
};

/// What lifts, lowers and built-ins need besides.
struct CanonDef {
  OptionsDef options;
  BuiltinDef builtin;
  SigRef sig; ///< of the core function made, or lifted
};

struct Def {
  enum class Kind : u8 {
    core_module,      ///< index: static module
    core_instantiate, ///< index: core module; args: (name, core instance)
    core_exports,     ///< args
    component,        ///< index: in ComponentFile::components
    instantiate,      ///< index: component; args; type: of the instance made
    exports,          ///< args; type: of the instance made
    alias_export,     ///< sort, index: instance, name; type: of the item
    alias_core,       ///< sort, index: core instance, name
    alias_outer,      ///< sort (core_module, component), count: scopes out, index
    resource,         ///< type; index: destructor's core function or kNoIndex
    lift,             ///< index: core function; type; canon
    lower,            ///< index: function; type; canon
    builtin,          ///< canon
    import_,          ///< name, sort, type
    export_, ///< name, sort, index, type (with the ascription applied), args: the item with its own type
  };
  Kind kind = Kind::core_module;
  Sort sort = Sort::func;
  u32 index = 0;
  u32 count = 0;
  std::string_view name = {};
  TypeId type = {};
  std::vector<NamedRef> args = {};
  std::unique_ptr<CanonDef> canon = {};
  u64 offset = 0; ///< where the definition starts in the file
};

struct ComponentDef {
  std::vector<Def> defs;
  TypeId type;
};

} // namespace petrel::frontend::comp
