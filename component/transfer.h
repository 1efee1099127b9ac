// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executes transfer plans (ir/transfer_plan.h): the canonical ABI's lift and lower in one walk, for host→guest,
// guest→host and guest→guest alike. Traps are left pending in the Store.
//
// Guest pointers become host addresses only through `runtime::Memory::slice` (rule R1). Memories never move
// (runtime/memory.h), so an address stays valid across realloc; bounds of new memory are checked after each call.
#pragma once

#include <vector>

#include "component/arena.h"
#include "component/handle_table.h"
#include "ir/component_plan.h"
#include "runtime/store.h"

namespace petrel::component {

/// State of one component instance (definitions.py `ComponentInstance`).
struct InstanceState {
  InstanceState* parent = nullptr;
  HandleTable handles;
  bool may_enter = true;
  bool may_leave = true;
};

/// Canonical options with their slots resolved.
struct GuestOptions {
  InstanceState* instance = nullptr;
  runtime::Memory* memory = nullptr;
  ir::FuncRef* realloc = nullptr;
  ir::FuncRef* post_return = nullptr;
};

/// A resource type at run time.
struct ResourceType {
  ResourceTypeId id = nullptr;
  InstanceState* owner = nullptr; ///< implementing instance; null: the host
  ir::FuncRef* dtor = nullptr;
};

/// What one call borrowed: given back when it ends (definitions.py `Subtask.lenders`, `Task.num_borrows`).
struct CallScope {
  struct Lend {
    HandleTable* table;
    u32 index;
  };
  std::vector<Lend> lends;
  u32 num_borrows = 0;
};

struct TransferContext {
  runtime::Store& store;
  const ir::ComponentPlan& plan;
  std::span<const ResourceType> resources;
  const GuestOptions* src = nullptr; ///< null: host
  const GuestOptions* dst = nullptr; ///< null: host
  Arena* arena = nullptr;            ///< host destination: strings and lists
  CallScope* scope = nullptr;
  /// Strings and number lists may stay in guest memory: no guest code runs while the host looks at them.
  bool may_alias_guest = false;
};

/// One end of a transfer: flat slots or the address of a tuple whose bounds were checked.
struct TransferEnd {
  RawVal* slots = nullptr;
  u8* memory = nullptr;
};

/// Runs `plan`. False: a trap is pending.
bool transfer(const TransferContext& context, const ir::TransferPlan& plan, TransferEnd src,
              TransferEnd dst);

/// Checks a guest pointer to a tuple of the end's size and alignment. Null: a trap is pending.
u8* checked_tuple(runtime::Store& store, const GuestOptions& guest, u64 pointer,
                  const ir::PlanEnd& end);

/// Calls realloc with `may_leave` off and checks what it returns. Empty: a trap is pending.
std::optional<u64> call_realloc(runtime::Store& store, const GuestOptions& guest, u64 old_pointer,
                                u64 old_size, u32 align, u64 new_size);

} // namespace petrel::component
