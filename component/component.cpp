// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instantiation: the initialiser list of the plan, executed in order. Calls are in call.cpp.
#include "component/component.h"

#include "base/format.h"
#include "base/unicode.h"
#include "ir/interface_name.h"

namespace petrel::component {

Result<std::unique_ptr<ComponentInstance>>
ComponentInstance::instantiate(runtime::Store& store, std::shared_ptr<const Component> component,
                               ResolvedImports imports) {
  std::unique_ptr<ComponentInstance> instance(
      new ComponentInstance(store, std::move(component), std::move(imports)));
  const ir::PlanHeader& header = instance->plan_.header();
  instance->funcs_.resize(header.func_slots);
  instance->memories_.resize(header.memory_slots);
  instance->tables_.resize(header.table_slots);
  for (usize i = 0; i < instance->plan_.components().size(); ++i) {
    instance->states_.push_back(std::make_unique<InstanceState>());
  }
  instance->prepare_resources();
  for (const ir::Initialiser& init : instance->plan_.initialisers()) {
    TRY(instance->execute(init));
  }
  return instance;
}

void ComponentInstance::prepare_resources() {
  const auto resources = plan_.resources();
  resource_types_.resize(resources.size());
  for (usize i = 0; i < resources.size(); ++i) {
    ResourceType& type = resource_types_[i];
    if (!resources[i].is_imported()) {
      type.id = &type; // generative: this instance's own
      type.owner = state(resources[i].owner);
    } else {
      // A type that no host interface knows can have no handles; any unique address will do.
      type.id = imports_.resource_types[i] != nullptr ? imports_.resource_types[i] : &type;
    }
  }
}

Status ComponentInstance::execute(const ir::Initialiser& init) {
  switch (init.kind) {
  case ir::InitKind::start_component: {
    const ir::ComponentInstanceInfo& info = plan_.components()[init.index];
    states_[init.index]->parent = info.parent.is_none() ? nullptr : state(info.parent);
    return {};
  }
  case ir::InitKind::instantiate_module:
    return instantiate_module(plan_.instantiates()[init.index]);
  case ir::InitKind::extract: return extract(plan_.extracts()[init.index]);
  case ir::InitKind::define_resource:
    resource_types_[init.index].dtor = func(plan_.resources()[init.index].dtor);
    return {};
  case ir::InitKind::lower_import: lower_import(plan_.lowers()[init.index]); return {};
  case ir::InitKind::fuse: fuse(plan_.fused()[init.index]); return {};
  case ir::InitKind::canon_builtin: return canon_builtin(plan_.builtins()[init.index]);
  }
  PETREL_UNREACHABLE();
}

Status ComponentInstance::instantiate_module(const ir::InstantiateModule& init) {
  // Shares the component's owner.
  const std::shared_ptr<const runtime::CoreModule> module(component_,
                                                          component_->modules[init.module.index()]);
  std::vector<runtime::Extern> externs;
  for (const ir::CoreArg& arg : plan_.array(init.args)) {
    if (arg.kind == ir::CoreArg::Kind::func_slot) {
      externs.push_back(runtime::Extern::of(funcs_[arg.index]));
      continue;
    }
    auto found = core_instances_[arg.index]->find_export(plan_.str(arg.name));
    CHECK(found.has_value()); // validated by the frontend
    externs.push_back(*found);
  }
  TRY_ASSIGN(runtime::Instance * instance, store_.instantiate(module, externs));
  core_instances_.push_back(instance);
  return {};
}

Status ComponentInstance::extract(const ir::Extract& init) {
  auto found = core_instances_[init.instance.index()]->find_export(plan_.str(init.name));
  CHECK(found.has_value() && found->kind == init.kind);
  switch (init.kind) {
  case ir::ExternKind::func: funcs_[init.slot] = found->func; return {};
  case ir::ExternKind::memory: memories_[init.slot] = found->memory; return {};
  case ir::ExternKind::table: tables_[init.slot] = found->table; return {};
  case ir::ExternKind::global:
  case ir::ExternKind::tag: break;
  }
  PETREL_UNREACHABLE();
}

GuestOptions ComponentInstance::resolve(ir::OptionsIdx idx) const {
  const ir::CanonOptions& options = plan_.option(idx);
  GuestOptions resolved;
  resolved.instance = state(options.instance);
  resolved.memory = options.memory.is_none() ? nullptr : memories_[options.memory.index()];
  resolved.realloc = func(options.realloc);
  resolved.post_return = func(options.post_return);
  return resolved;
}

ir::FuncRef* ComponentInstance::host_func(const ir::CoreSignature& signature,
                                          runtime::HostCallback fn, void* data) {
  return store_.make_host_func(plan_.array(signature.params), plan_.array(signature.results), fn,
                               data);
}

void ComponentInstance::lower_import(const ir::LowerImport& lower) {
  lowered_.push_back(std::make_unique<LoweredImport>(
      LoweredImport{this, &lower, resolve(lower.options), imports_.funcs[lower.import.index()]}));
  funcs_[lower.slot.index()] = host_func(lower.signature, on_host_call, lowered_.back().get());
}

void ComponentInstance::fuse(const ir::FusedAdapter& fused) {
  const ir::Lift& lift = plan_.lifts()[fused.callee.index()];
  fused_.push_back(std::make_unique<FusedCall>(
      FusedCall{this, &fused, resolve(fused.options), resolve(lift.options)}));
  funcs_[fused.slot.index()] = host_func(fused.signature, on_fused_call, fused_.back().get());
}

Status ComponentInstance::canon_builtin(const ir::CanonBuiltin& builtin) {
  const ir::CanonKind kind = builtin.kind;
  if (!ir::canon_is_sync(kind)) {
    return fail(ErrorClass::unsupported, strf("canonical built-in %.*s: async components are not "
                                              "in this build (component-model-async)",
                                              PETREL_SV(ir::canon_text(kind))));
  }
  InstanceState* holder = state(plan_.option(builtin.options).instance);
  builtins_.push_back(std::make_unique<BoundBuiltin>(BoundBuiltin{this, &builtin, holder}));
  funcs_[builtin.slot.index()] = host_func(builtin.signature, on_builtin, builtins_.back().get());
  return {};
}

const ir::ComponentExport* ComponentInstance::find_func(std::string_view interface,
                                                        std::string_view name) const {
  const ir::ComponentExport* best = nullptr;
  for (const ir::ComponentExport& exported : plan_.exports()) {
    if (exported.kind != ir::ExportKind::lifted_func || plan_.str(exported.name) != name) {
      continue;
    }
    const std::string_view own = plan_.str(exported.interface);
    if (own == interface) {
      return &exported;
    }
    const bool on_track =
        !interface.empty() && ir::without_version(own) == ir::without_version(interface) &&
        (interface == ir::compatible_track(own) || interface == ir::without_version(own) ||
         ir::compatible_track(interface) == ir::compatible_track(own));
    if (on_track &&
        (best == nullptr ||
         ir::compare_versions(ir::version_of(own), ir::version_of(plan_.str(best->interface))) ==
             std::strong_ordering::greater)) {
      best = &exported;
    }
  }
  return best;
}

} // namespace petrel::component
