// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executes a validated component symbolically, once, and leaves the flat plan (components-and-wasi.md §3):
// every instantiation of a nested component runs its definitions in an environment of its own, on an explicit
// stack; imports are bound to what the parent gives, resources to their run-time identity. What the root
// imports becomes host imports, what it exports becomes exports with host transfer plans.
//
// INVARIANT(validated): the decoder has checked every index and type; lookups here are CHECKed.
#pragma once

#include <memory>
#include <vector>

#include "frontend/component/decoder.h"
#include "frontend/component/plan_builder.h"
#include "frontend/component/plan_image.h"

namespace petrel::frontend::comp {

constexpr u32 kMaxInstances = 10'000; ///< component instances after flattening
constexpr u32 kMaxInitialisers = 1'000'000;
constexpr usize kMaxImageBytes = usize{128} << 20;
constexpr u64 kMaxSteps = 2'000'000; ///< definitions executed, exports bound

class Flattener {
public:
  Flattener(ComponentFile& file, const DecodeOptions& options)
      : file_(file), types_(file.types), plan_(image_, options.copy_floats) {}
  /// The plan image. Errors: unsupported (core modules or components among the root's imports), limit.
  Result<std::vector<u8>> run();

private:
  /// Where a core definition comes from.
  struct CoreDef {
    ir::CoreArg::Kind kind = ir::CoreArg::Kind::instance_export;
    u32 index = 0;
    std::string_view name;
    ir::ExternKind extern_kind = ir::ExternKind::func;
  };
  struct CoreInstance {
    u32 real = kNoIndex; ///< CoreInstanceIdx; kNoIndex for a bag of exports
    std::unordered_map<std::string_view, CoreDef> exports;
  };
  /// A component function: a lift, or an import of the root.
  struct Func {
    bool is_lift = false;
    u32 index = 0; ///< LiftIdx or HostImportIdx
    TypeId type;   ///< with the resources of `env`
  };
  struct Env;
  struct Closure {
    const ComponentDef* def = nullptr;
    Env* lexical = nullptr; ///< where it was defined: outer aliases
  };
  struct Instance;
  struct Item {
    EntityKind kind = EntityKind::func;
    u32 index = 0; ///< func: in funcs_; core_module: CoreModuleIdx; type: ResourceIdx or kNoIndex
    Instance* instance = nullptr;
    Closure component;
  };
  struct Instance {
    std::unordered_map<std::string_view, Item> exports;
  };
  /// One component instance being flattened.
  struct Env {
    const ComponentDef* def = nullptr;
    Env* lexical = nullptr;
    ir::ComponentInstanceIdx idx;
    usize pc = 0;
    TypeId result_type; ///< how the parent sees the instance made
    Instance args;
    Instance* exported = nullptr;
    std::vector<CoreDef> core_funcs, core_tables, core_memories, core_globals, core_tags;
    std::vector<u32> core_modules;
    std::vector<CoreInstance> core_instances;
    std::vector<u32> funcs;
    std::vector<Instance*> instances;
    std::vector<Closure> components;
    std::unordered_map<u32, u32> resources;       ///< ResourceId → ResourceIdx
    std::unordered_map<u32, ir::DefTypeIdx> memo; ///< TypeId → type with resources
  };
  struct LiftInfo {
    bool params_in_memory;
    bool result_in_memory;
    bool is_async;
  };

  // flattener.cpp
  Status execute(Env& env, const Def& def);
  Status push(const Closure& closure, ir::ComponentInstanceIdx parent, TypeId result_type,
              Instance args);
  void pop();
  Status core_instantiate(Env& env, const Def& def);
  void core_exports(Env& env, const Def& def);
  Status instantiate(Env& env, const Def& def);
  void alias_core(Env& env, const Def& def);
  void alias_outer(Env& env, const Def& def);
  Status import_(Env& env, const Def& def);
  Status resource(Env& env, const Def& def);
  Item item(Env& env, Sort sort, u32 index, TypeId type);
  void push_item(Env& env, const Item& item, TypeId type);
  void bind(Env& env, Entity expected, const Item& item);
  std::vector<CoreDef>& core_space(Env& env, Sort sort);

  // flatten_host.cpp
  Result<Item> host_item(Env& env, std::string_view interface, std::string_view name,
                         const Entity& entity);
  Result<Item> host_instance(Env& env, std::string_view interface, std::string_view prefix,
                             TypeId type);
  Result<Item> host_func(Env& env, std::string_view interface, std::string_view name, TypeId type);
  Status export_item(Env& env, std::string_view interface, std::string_view name,
                     const Entity& entity, const Item& item);
  Status export_func(Env& env, std::string_view interface, std::string_view name, TypeId type,
                     const Func& func);
  Status write_keys();

  // flatten_canon.cpp
  Status lift(Env& env, const Def& def);
  Status lower(Env& env, const Def& def);
  Status builtin(Env& env, const Def& def);
  ir::OptionsIdx options(Env& env, const OptionsDef& options);
  ir::FuncSlot func_slot(const CoreDef& def);
  u32 slot(const CoreDef& def, ir::ExternKind kind, u32& counter);
  ir::FuncSlot new_func(Env& env);
  ir::CoreSignature signature(const CoreSig& sig);
  Result<ir::DefTypeIdx> value(Env& env, TypeId type);
  Result<ir::CompFuncTypeIdx> func_type(Env& env, TypeId type);
  Result<ir::TransferPlanIdx> params_plan(ir::CompFuncTypeIdx type, const ir::PlanEnd& src,
                                          const ir::PlanEnd& dst);
  Result<ir::TransferPlanIdx> result_plan(ir::CompFuncTypeIdx type, const ir::PlanEnd& src,
                                          const ir::PlanEnd& dst);

  bool spend(u64 steps) {
    steps_left_ = steps > steps_left_ ? 0 : steps_left_ - steps;
    return steps_left_ != 0;
  }
  Instance* new_instance() {
    instances_.push_back(std::make_unique<Instance>());
    return instances_.back().get();
  }
  std::string_view keep(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return *texts_.back();
  }

  ComponentFile& file_;
  TypeTable& types_;
  PlanImage image_;
  PlanBuilder plan_;
  std::vector<std::unique_ptr<Env>> envs_;
  std::vector<Env*> stack_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<Func> funcs_;
  std::vector<LiftInfo> lift_infos_;
  std::map<std::tuple<u8, u32, std::string_view>, u32> slots_;
  std::map<std::vector<u32>, u32> options_;
  std::vector<u8> key_wanted_; ///< per CompFuncType
  u64 steps_left_ = kMaxSteps;
};

} // namespace petrel::frontend::comp
