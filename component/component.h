// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Components at run time. A Component is a flattened program (ir/component_plan.h) with its core modules; an
// instance is what executing the plan's initialisers in a Store leaves behind: core instances, slots, handle tables.
// Component instances of the source program exist only as `InstanceState`s.
#pragma once

#include <memory>
#include <vector>

#include "component/host.h"
#include "component/transfer.h"
#include "ir/component_plan.h"
#include "runtime/instance.h"
#include "runtime/store.h"

namespace petrel::component {

/// Decoded, validated, flattened; immutable and shared.
struct Component {
  ir::ComponentPlan plan;
  std::vector<const runtime::CoreModule*>
      modules; ///< by CoreModuleIdx; live as long as the Component
};

/// What satisfies the imports of a component, made by `Linker::resolve`.
struct ResolvedImports {
  struct Func {
    const HostFuncDef* def = nullptr; ///< null: unused and not provided
    void* data = nullptr;
  };
  std::vector<Func> funcs;                    ///< by HostImportIdx
  std::vector<ResourceTypeId> resource_types; ///< by ResourceIdx; null for local resources
};

class Linker {
public:
  /// Offers an interface; of several that fit one import the highest version wins.
  void add(const HostInterface& interface, void* data) {
    interfaces_.push_back({&interface, data});
  }

  /// Names by compatible track, then structure by type key. Errors: link, all that is missing at once.
  Result<ResolvedImports> resolve(const ir::ComponentPlan& plan) const;

private:
  struct Offer {
    const HostInterface* interface;
    void* data;
  };
  const Offer* find(std::string_view interface_name) const;
  std::string resolve_func(const ir::ComponentPlan& plan, const ir::HostImport& import,
                           ResolvedImports::Func& out) const;

  std::vector<Offer> interfaces_;
};

class ComponentInstance {
public:
  /// Executes the initialisers. Errors: unsupported (async built-ins), link, limit, trap, exit.
  static Result<std::unique_ptr<ComponentInstance>>
  instantiate(runtime::Store& store, std::shared_ptr<const Component> component,
              ResolvedImports imports);

  const Component& component() const { return *component_; }
  runtime::Store& store() const { return store_; }
  ResourceTable& resources() { return resources_; }

  /// The lifted function `name` of an exported interface, matched by compatible track when `interface` ends in a
  /// track (`wasi:cli/run@0.2`); nullptr when there is none.
  const ir::ComponentExport* find_func(std::string_view interface, std::string_view name) const;

  /// Calls a lifted export; `params` and `result` in host layout. Strings and lists of the result lie in `arena`.
  /// Errors: trap, exit.
  Status call(const ir::ComponentExport& exported, const void* params, void* result, Arena& arena);

private:
  ComponentInstance(runtime::Store& store, std::shared_ptr<const Component> component,
                    ResolvedImports imports)
      : store_(store), component_(std::move(component)), imports_(std::move(imports)),
        plan_(component_->plan) {}

  struct LoweredImport {
    ComponentInstance* self;
    const ir::LowerImport* lower;
    GuestOptions options;
    ResolvedImports::Func func;
  };
  struct FusedCall {
    ComponentInstance* self;
    const ir::FusedAdapter* fused;
    GuestOptions caller;
    GuestOptions callee;
  };
  struct BoundBuiltin {
    ComponentInstance* self;
    const ir::CanonBuiltin* builtin;
    InstanceState* state;
  };

  void prepare_resources();
  Status execute(const ir::Initialiser& init);
  Status instantiate_module(const ir::InstantiateModule& init);
  Status extract(const ir::Extract& init);
  void lower_import(const ir::LowerImport& lower);
  void fuse(const ir::FusedAdapter& fused);
  Status canon_builtin(const ir::CanonBuiltin& builtin);
  GuestOptions resolve(ir::OptionsIdx idx) const;
  ir::FuncRef* func(ir::FuncSlot slot) const {
    return slot.is_none() ? nullptr : funcs_[slot.index()];
  }
  InstanceState* state(ir::ComponentInstanceIdx idx) const { return states_[idx.index()].get(); }
  TransferContext context(const GuestOptions* src, const GuestOptions* dst, Arena* arena,
                          CallScope* scope);
  ir::FuncRef* host_func(const ir::CoreSignature& signature, runtime::HostCallback fn, void* data);

  bool call_host(const LoweredImport& lowered, RawVal* args);
  bool call_fused(const FusedCall& fused, RawVal* args);
  bool call_builtin(const BoundBuiltin& bound, RawVal* args);
  bool drop_resource(InstanceState& holder, const ResourceType& type, u32 index);
  bool call_lifted(const ir::ComponentExport& exported, const void* params, void* result,
                   Arena& arena);
  bool place_params(const ir::TransferPlan& plan, const TransferContext& context, TransferEnd src,
                    const GuestOptions& callee, RawVal* flat);
  bool post_return(const GuestOptions& callee, const ir::Lift& lift, const RawVal* flat_results);

  static bool on_host_call(runtime::HostCall& call, RawVal* args);
  static bool on_fused_call(runtime::HostCall& call, RawVal* args);
  static bool on_builtin(runtime::HostCall& call, RawVal* args);

  runtime::Store& store_;
  std::shared_ptr<const Component> component_;
  ResolvedImports imports_;
  ir::ComponentPlan plan_;
  ResourceTable resources_;
  Arena host_arena_; ///< of the host call in progress (host functions do not nest)
  std::vector<ResourceType> resource_types_;
  std::vector<std::unique_ptr<InstanceState>> states_;
  std::vector<runtime::Instance*> core_instances_;
  std::vector<ir::FuncRef*> funcs_;
  std::vector<runtime::Memory*> memories_;
  std::vector<runtime::Table*> tables_;
  std::vector<std::unique_ptr<LoweredImport>> lowered_;
  std::vector<std::unique_ptr<FusedCall>> fused_;
  std::vector<std::unique_ptr<BoundBuiltin>> builtins_;
  bool poisoned_ = false; ///< a trap happened: nothing of this Store may be entered again
};

} // namespace petrel::component
