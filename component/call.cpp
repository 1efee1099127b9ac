// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls across component borders (definitions.py `canon_lift`, `canon_lower`, synchronous case): guest → host, host →
// guest, guest → guest, and the resource built-ins. Each follows the order of the reference: enter checks,
// parameters, the call, results, post-return, what was borrowed goes back.
#include <cstring>

#include "base/format.h"
#include "component/component.h"

namespace petrel::component {

using ir::TrapCode;

namespace {

/// Highest number of core values of a lifted or lowered function: 16 parameters plus an out-pointer.
constexpr u32 kMaxFlat = 17;

void give_back(CallScope& scope) {
  for (const CallScope::Lend& lend : scope.lends) {
    lend.table->end_lend(lend.index);
  }
  scope.lends.clear();
}

/// Marks the instances that a call enters: ancestors of the callee that are none of the caller.
class Entered {
public:
  static bool may_enter(const InstanceState* callee, const InstanceState* caller) {
    for (const InstanceState* at = callee; at != nullptr; at = at->parent) {
      if (!is_ancestor(at, caller) && !at->may_enter) {
        return false;
      }
    }
    return true;
  }
  Entered(InstanceState* callee, const InstanceState* caller) : callee_(callee), caller_(caller) {
    set(false);
  }
  ~Entered() { set(true); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

private:
  static bool is_ancestor(const InstanceState* state, const InstanceState* of) {
    for (; of != nullptr; of = of->parent) {
      if (of == state) {
        return true;
      }
    }
    return false;
  }
  void set(bool value) {
    for (InstanceState* at = callee_; at != nullptr; at = at->parent) {
      if (!is_ancestor(at, caller_)) {
        at->may_enter = value;
      }
    }
  }
  InstanceState* callee_;
  const InstanceState* caller_;
};

} // namespace

TransferContext ComponentInstance::context(const GuestOptions* src, const GuestOptions* dst,
                                           Arena* arena, CallScope* scope) {
  return {store_, plan_, resource_types_, src, dst, arena, scope};
}

bool ComponentInstance::on_host_call(runtime::HostCall& call, RawVal* args) {
  const auto& lowered = *static_cast<const LoweredImport*>(call.data);
  return lowered.self->call_host(lowered, args);
}

bool ComponentInstance::call_host(const LoweredImport& lowered, RawVal* args) {
  if (!lowered.options.instance->may_leave) {
    return store_.raise(TrapCode::cannot_leave_component);
  }
  const ir::TransferPlan& params_plan = plan_.plan(lowered.lower->params);
  CallScope scope;
  TransferContext in = context(&lowered.options, nullptr, &host_arena_, &scope);
  in.may_alias_guest = true;
  TransferEnd src{.slots = args};
  if (params_plan.src.shape == ir::EndShape::memory) {
    src.memory = checked_tuple(store_, lowered.options, args[0].i32, params_plan.src);
    if (src.memory == nullptr) {
      return false;
    }
  }
  void* const params = host_arena_.allocate(params_plan.dst.size_bytes);
  CHECK(params != nullptr); // a fixed size, far below the limit
  bool ok = transfer(in, params_plan, src, {.memory = static_cast<u8*>(params)});
  void* result = nullptr;
  const bool has_result = !lowered.lower->result.is_none();
  if (ok) {
    result =
        host_arena_.allocate(has_result ? plan_.plan(lowered.lower->result).src.size_bytes : 0);
    if (result == nullptr) {
      ok = store_.raise(TrapCode::allocation_too_large,
                        "call exceeds what one call may copy into the host");
    }
  }
  if (ok) {
    HostCall call{store_, resources_, host_arena_, lowered.func.data};
    ok = lowered.func.def->fn(call, params, result);
  }
  if (ok && has_result) {
    const ir::TransferPlan& result_plan = plan_.plan(lowered.lower->result);
    TransferEnd dst{.slots = args};
    if (result_plan.dst.shape == ir::EndShape::memory) {
      const u32 last = lowered.lower->signature.params.count - 1;
      dst.memory = checked_tuple(store_, lowered.options, args[last].i32, result_plan.dst);
      ok = dst.memory != nullptr;
    }
    ok = ok && transfer(context(nullptr, &lowered.options, nullptr, &scope), result_plan,
                        {.memory = static_cast<u8*>(result)}, dst);
  }
  give_back(scope);
  host_arena_.reset();
  return ok;
}

bool ComponentInstance::place_params(const ir::TransferPlan& plan, const TransferContext& ctx,
                                     TransferEnd src, const GuestOptions& callee, RawVal* flat) {
  TransferEnd dst{.slots = flat};
  if (plan.dst.shape == ir::EndShape::memory) {
    auto pointer = call_realloc(store_, callee, 0, 0, plan.dst.align_bytes, plan.dst.size_bytes);
    if (!pointer) {
      return false;
    }
    dst.memory = callee.memory->base() + *pointer;
    flat[0] = RawVal::of_i32(static_cast<u32>(*pointer));
  }
  return transfer(ctx, plan, src, dst);
}

bool ComponentInstance::post_return(const GuestOptions& callee, const ir::Lift& lift,
                                    const RawVal* flat_results) {
  if (callee.post_return == nullptr) {
    return true;
  }
  RawVal args[kMaxFlat] = {};
  CHECK(lift.signature.results.count <= kMaxFlat);
  std::memcpy(args, flat_results, lift.signature.results.count * sizeof(RawVal));
  callee.instance->may_leave = false;
  const bool ok = store_.call_no_throw(callee.post_return, args);
  callee.instance->may_leave = true;
  return ok;
}

bool ComponentInstance::call_lifted(const ir::ComponentExport& exported, const void* params,
                                    void* result, Arena& arena) {
  const ir::Lift& lift = plan_.lifts()[exported.index];
  const GuestOptions callee = resolve(lift.options);
  if (poisoned_ || !Entered::may_enter(callee.instance, nullptr)) {
    return store_.raise(TrapCode::cannot_enter_component);
  }
  Entered entered(callee.instance, nullptr);
  CallScope scope;
  RawVal flat[kMaxFlat] = {};
  // SAFETY: plans only read their source.
  const TransferEnd host_params{.memory = static_cast<u8*>(const_cast<void*>(params))};
  if (!place_params(plan_.plan(exported.params), context(nullptr, &callee, nullptr, &scope),
                    host_params, callee, flat) ||
      !store_.call_no_throw(func(lift.func), flat)) {
    return false;
  }
  if (!exported.result.is_none()) {
    const ir::TransferPlan& plan = plan_.plan(exported.result);
    TransferEnd src{.slots = flat};
    if (plan.src.shape == ir::EndShape::memory) {
      src.memory = checked_tuple(store_, callee, flat[0].i32, plan.src);
      if (src.memory == nullptr) {
        return false;
      }
    }
    if (!transfer(context(&callee, nullptr, &arena, &scope), plan, src,
                  {.memory = static_cast<u8*>(result)})) {
      return false;
    }
  }
  if (scope.num_borrows != 0) {
    return store_.raise(TrapCode::borrows_remain);
  }
  give_back(scope);
  return post_return(callee, lift, flat);
}

Status ComponentInstance::call(const ir::ComponentExport& exported, const void* params,
                               void* result, Arena& arena) {
  if (call_lifted(exported, params, result, arena)) {
    return {};
  }
  poisoned_ = true;
  return std::unexpected(store_.take_pending());
}

bool ComponentInstance::on_fused_call(runtime::HostCall& call, RawVal* args) {
  const auto& fused = *static_cast<const FusedCall*>(call.data);
  return fused.self->call_fused(fused, args);
}

bool ComponentInstance::call_fused(const FusedCall& fused, RawVal* args) {
  const ir::Lift& lift = plan_.lifts()[fused.fused->callee.index()];
  if (!fused.caller.instance->may_leave) {
    return store_.raise(TrapCode::cannot_leave_component);
  }
  if (!Entered::may_enter(fused.callee.instance, fused.caller.instance)) {
    return store_.raise(TrapCode::cannot_enter_component);
  }
  Entered entered(fused.callee.instance, fused.caller.instance);
  const ir::TransferPlan& params_plan = plan_.plan(fused.fused->params);
  CallScope scope;
  RawVal flat[kMaxFlat] = {};
  TransferEnd src{.slots = args};
  if (params_plan.src.shape == ir::EndShape::memory) {
    src.memory = checked_tuple(store_, fused.caller, args[0].i32, params_plan.src);
    if (src.memory == nullptr) {
      return false;
    }
  }
  if (!place_params(params_plan, context(&fused.caller, &fused.callee, nullptr, &scope), src,
                    fused.callee, flat) ||
      !store_.call_no_throw(func(lift.func), flat)) {
    return false;
  }
  if (!fused.fused->result.is_none()) {
    const ir::TransferPlan& plan = plan_.plan(fused.fused->result);
    TransferEnd from{.slots = flat};
    TransferEnd to{.slots = args};
    if (plan.src.shape == ir::EndShape::memory) {
      from.memory = checked_tuple(store_, fused.callee, flat[0].i32, plan.src);
      if (from.memory == nullptr) {
        return false;
      }
    }
    if (plan.dst.shape == ir::EndShape::memory) {
      to.memory = checked_tuple(store_, fused.caller,
                                args[fused.fused->signature.params.count - 1].i32, plan.dst);
      if (to.memory == nullptr) {
        return false;
      }
    }
    if (!transfer(context(&fused.callee, &fused.caller, nullptr, &scope), plan, from, to)) {
      return false;
    }
  }
  if (scope.num_borrows != 0) {
    return store_.raise(TrapCode::borrows_remain);
  }
  give_back(scope);
  return post_return(fused.callee, lift, flat);
}

bool ComponentInstance::on_builtin(runtime::HostCall& call, RawVal* args) {
  const auto& bound = *static_cast<const BoundBuiltin*>(call.data);
  return bound.self->call_builtin(bound, args);
}

bool ComponentInstance::call_builtin(const BoundBuiltin& bound, RawVal* args) {
  const ResourceType& type = resource_types_[bound.builtin->resource.index()];
  InstanceState& holder = *bound.state;
  if (bound.builtin->kind != ir::CanonKind::resource_rep && !holder.may_leave) {
    return store_.raise(TrapCode::cannot_leave_component);
  }
  if (bound.builtin->kind == ir::CanonKind::resource_new) {
    auto added = holder.handles.add({.type = type.id, .rep = args[0].i32, .is_own = true});
    if (!added) {
      return store_.raise(added.error().code, added.error().message);
    }
    args[0] = RawVal::of_i32(*added);
    return true;
  }
  if (bound.builtin->kind == ir::CanonKind::resource_rep) {
    auto handle = holder.handles.get(args[0].i32, type.id);
    if (!handle) {
      return store_.raise(handle.error().code, handle.error().message);
    }
    args[0] = RawVal::of_i32((*handle)->rep);
    return true;
  }
  CHECK(bound.builtin->kind == ir::CanonKind::resource_drop);
  return drop_resource(holder, type, args[0].i32);
}

bool ComponentInstance::drop_resource(InstanceState& holder, const ResourceType& type, u32 index) {
  auto found = holder.handles.get(index, type.id);
  if (!found) {
    return store_.raise(found.error().code, found.error().message);
  }
  const ResourceHandle handle = **found;
  if (handle.num_lends != 0) {
    return store_.raise(TrapCode::resource_is_borrowed);
  }
  holder.handles.remove(index);
  if (!handle.is_own) {
    --*handle.borrow_scope;
    return true;
  }
  if (type.owner == nullptr) {
    if (resources_.remove(handle.rep) == ResourceTable::RemoveStatus::has_children) {
      return store_.raise(TrapCode::unknown_handle, "resource has children");
    }
    return true;
  }
  if (type.dtor == nullptr) {
    return true;
  }
  if (type.owner != &holder && !Entered::may_enter(type.owner, &holder)) {
    return store_.raise(TrapCode::cannot_enter_component);
  }
  Entered entered(type.owner, &holder);
  RawVal args[1] = {RawVal::of_i32(handle.rep)};
  return store_.call_no_throw(type.dtor, args);
}

} // namespace petrel::component
