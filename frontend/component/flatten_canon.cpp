// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical definitions in the flattener: options and core items become run-time slots, lifts and lowers get
// their transfer plans, a lower of a lift becomes one fused adapter.
#include "base/format.h"
#include "frontend/component/canon_abi.h"
#include "frontend/component/flattener.h"

namespace petrel::frontend::comp {

u32 Flattener::slot(const CoreDef& def, ir::ExternKind kind, u32& counter) {
  CHECK(def.kind == ir::CoreArg::Kind::instance_export);
  auto [found, is_new] = slots_.try_emplace({static_cast<u8>(kind), def.index, def.name}, counter);
  if (is_new) {
    ++counter;
    image_.add_init(ir::InitKind::extract, image_.extracts.size());
    image_.extracts.push_back({.kind = kind,
                               .instance = ir::CoreInstanceIdx(def.index),
                               .name = image_.name(def.name),
                               .slot = found->second});
  }
  return found->second;
}

ir::FuncSlot Flattener::func_slot(const CoreDef& def) {
  if (def.kind == ir::CoreArg::Kind::func_slot) {
    return ir::FuncSlot(def.index);
  }
  return ir::FuncSlot(slot(def, ir::ExternKind::func, image_.func_slots));
}

ir::FuncSlot Flattener::new_func(Env& env) {
  u32 idx = image_.func_slots++;
  env.core_funcs.push_back({ir::CoreArg::Kind::func_slot, idx, {}, ir::ExternKind::func});
  return ir::FuncSlot(idx);
}

ir::CoreSignature Flattener::signature(const CoreSig& sig) {
  return {image_.put(sig.params), image_.put(sig.results)};
}

ir::OptionsIdx Flattener::options(Env& env, const OptionsDef& o) {
  auto func = [&](u32 index) {
    return index == kNoIndex ? ir::FuncSlot::none() : func_slot(env.core_funcs[index]);
  };
  ir::CanonOptions row;
  row.instance = env.idx;
  row.encoding = o.encoding;
  row.is_async = o.is_async ? 1 : 0;
  row.is_memory64 = o.is_memory64 ? 1 : 0;
  if (o.memory != kNoIndex) {
    row.memory = ir::MemorySlot(
        slot(env.core_memories[o.memory], ir::ExternKind::memory, image_.memory_slots));
  }
  row.realloc = func(o.realloc);
  row.post_return = func(o.post_return);
  row.callback = func(o.callback);
  std::vector<u32> key = {row.instance.index(),
                          static_cast<u32>(row.encoding) | u32{row.is_async} << 8 |
                              u32{row.is_memory64} << 16,
                          row.memory.index(),
                          row.realloc.index(),
                          row.post_return.index(),
                          row.callback.index()};
  auto [found, is_new] = options_.try_emplace(std::move(key), narrow<u32>(image_.options.size()));
  if (is_new) {
    image_.options.push_back(row);
  }
  return ir::OptionsIdx(found->second);
}

Result<ir::DefTypeIdx> Flattener::value(Env& env, TypeId id) {
  if (id.is_none()) {
    return ir::DefTypeIdx::none();
  }
  // Types without resources are the same in every instance: keep them with the root.
  Env& home = types_[id].has_resources ? env : *envs_.front();
  if (auto found = home.memo.find(id.index()); found != home.memo.end()) {
    return found->second;
  }
  if (image_.types.size() > kMaxTypes || !spend(1 + types_[id].field_count)) {
    return fail(ErrorClass::limit, strf("flattened types exceed the limit of %u", kMaxTypes));
  }
  const Type& t = types_[id];
  ir::DefType row;
  row.kind = t.value;
  row.flat_count = t.flat_count;
  row.align32 = t.align32;
  row.align64 = t.align64;
  row.size32 = narrow<u32>(t.size32);
  row.size64 = narrow<u32>(t.size64);
  row.number = t.number;
  if (t.value == DefTypeKind::own || t.value == DefTypeKind::borrow) {
    auto resource = env.resources.find(t.number);
    CHECK(resource != env.resources.end());
    row.number = resource->second;
  } else {
    TRY_ASSIGN(row.elem, value(env, t.elem));
    TRY_ASSIGN(row.second, value(env, t.second));
  }
  std::vector<ir::Field> fields;
  for (const NamedType& f : types_.fields(id)) {
    TRY_ASSIGN(ir::DefTypeIdx type, value(env, f.type));
    fields.push_back({image_.name(f.name), type});
  }
  ir::DefTypeIdx made = image_.intern(row, fields);
  home.memo[id.index()] = made;
  return made;
}

Result<ir::CompFuncTypeIdx> Flattener::func_type(Env& env, TypeId id) {
  std::vector<ir::Field> params;
  if (!spend(1 + types_[id].field_count)) {
    return fail(ErrorClass::limit, "flattening the component takes too many steps");
  }
  for (const NamedType& p : types_.fields(id)) {
    TRY_ASSIGN(ir::DefTypeIdx type, value(env, p.type));
    params.push_back({image_.name(p.name), type});
  }
  TRY_ASSIGN(ir::DefTypeIdx result, value(env, types_[id].elem));
  ir::CompFuncTypeIdx made = image_.intern_func(params, result, types_[id].is_async);
  key_wanted_.resize(image_.func_types.size());
  return made;
}

Result<ir::TransferPlanIdx> Flattener::params_plan(ir::CompFuncTypeIdx type, const ir::PlanEnd& src,
                                                   const ir::PlanEnd& dst) {
  // A copy: building appends to the image that the fields lie in.
  auto params = image_.fields(image_.func_types[type.index()].params);
  std::vector<ir::Field> fields(params.begin(), params.end());
  return plan_.build(fields, src, dst);
}

Result<ir::TransferPlanIdx> Flattener::result_plan(ir::CompFuncTypeIdx type, const ir::PlanEnd& src,
                                                   const ir::PlanEnd& dst) {
  ir::DefTypeIdx result = image_.func_types[type.index()].result;
  if (result.is_none()) {
    return ir::TransferPlanIdx::none();
  }
  ir::Field field{{}, result};
  return plan_.build({&field, 1}, src, dst);
}

Status Flattener::lift(Env& env, const Def& def) {
  FlatSignature flat = flatten_func(types_, def.type,
                                    {.is_lift = true,
                                     .is_async = def.canon->options.is_async,
                                     .has_callback = def.canon->options.callback != kNoIndex,
                                     .is_memory64 = def.canon->options.is_memory64});
  ir::Lift row;
  row.func = func_slot(env.core_funcs[def.index]);
  row.options = options(env, def.canon->options);
  TRY_ASSIGN(row.type, func_type(env, def.type));
  row.signature = signature(def.canon->sig.get());
  funcs_.push_back({.is_lift = true, .index = narrow<u32>(image_.lifts.size()), .type = def.type});
  env.funcs.push_back(narrow<u32>(funcs_.size() - 1));
  image_.lifts.push_back(row);
  lift_infos_.push_back(
      {flat.params_in_memory, flat.result_in_memory, def.canon->options.is_async});
  return {};
}

Status Flattener::lower(Env& env, const Def& def) {
  FlatSignature flat = flatten_func(types_, def.type,
                                    {.is_lift = false,
                                     .is_async = def.canon->options.is_async,
                                     .has_callback = false,
                                     .is_memory64 = def.canon->options.is_memory64});
  const Func func = funcs_[env.funcs[def.index]];
  ir::OptionsIdx options_idx = options(env, def.canon->options);
  const ir::CanonOptions caller = image_.options[options_idx.index()];
  ir::PlanEnd caller_params = PlanBuilder::guest(caller, options_idx, flat.params_in_memory);
  ir::PlanEnd caller_result = PlanBuilder::guest(caller, options_idx, flat.result_in_memory);
  if (!func.is_lift) {
    ir::LowerImport row;
    row.import = ir::HostImportIdx(func.index);
    row.options = options_idx;
    row.signature = signature(def.canon->sig.get());
    image_.imports[func.index].is_used = 1;
    ir::CompFuncTypeIdx type = image_.imports[func.index].type;
    TRY_ASSIGN(row.params, params_plan(type, caller_params, PlanBuilder::host()));
    TRY_ASSIGN(row.result, result_plan(type, PlanBuilder::host(), caller_result));
    row.slot = new_func(env);
    image_.add_init(ir::InitKind::lower_import, image_.lowers.size());
    image_.lowers.push_back(row);
    return {};
  }
  const ir::Lift callee = image_.lifts[func.index];
  const ir::CanonOptions callee_options = image_.options[callee.options.index()];
  const LiftInfo info = lift_infos_[func.index];
  ir::FusedAdapter row;
  row.callee = ir::LiftIdx(func.index);
  row.options = options_idx;
  row.signature = signature(def.canon->sig.get());
  TRY_ASSIGN(row.params, params_plan(callee.type, caller_params,
                                     PlanBuilder::guest(callee_options, callee.options,
                                                        info.params_in_memory)));
  TRY_ASSIGN(row.result,
             result_plan(callee.type,
                         PlanBuilder::guest(callee_options, callee.options, info.result_in_memory),
                         caller_result));
  row.slot = new_func(env);
  image_.add_init(ir::InitKind::fuse, image_.fused.size());
  image_.fused.push_back(row);
  return {};
}

Status Flattener::builtin(Env& env, const Def& def) {
  const BuiltinDef& b = def.canon->builtin;
  ir::CanonBuiltin row;
  row.kind = b.kind;
  row.is_async = b.is_async || def.canon->options.is_async ? 1 : 0;
  row.options = options(env, def.canon->options);
  row.number = b.number;
  row.signature = signature(def.canon->sig.get());
  if (ir::canon_is_sync(b.kind)) {
    auto found = env.resources.find(types_[b.type].number);
    CHECK(found != env.resources.end());
    row.resource = ir::ResourceIdx(found->second);
  } else if (!b.type.is_none()) {
    TRY_ASSIGN(row.type, value(env, b.type));
  }
  row.slot = new_func(env);
  image_.add_init(ir::InitKind::canon_builtin, image_.builtins.size());
  image_.builtins.push_back(row);
  return {};
}

} // namespace petrel::frontend::comp
