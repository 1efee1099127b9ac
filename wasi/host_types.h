// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host layout of the generic WIT types (ir/transfer_plan.h, "Host layout") and the two checks that every handler
// of a 0.2 function needs: finding the object behind a handle, adding a new one.
#pragma once

#include "component/arena.h"
#include "component/host.h"

namespace petrel::wasi {

using component::HostCall;
using component::List;
using component::Nothing;
using component::String;

/// option<T>
template <typename T> struct OptionOf {
  u8 is_some = 0;
  T value{};
  void set(const T& content) {
    is_some = 1;
    value = content;
  }
};

/// result<Ok, Err>; Nothing where a side has no payload.
template <typename Ok, typename Err> struct ResultOf {
  u8 is_err = 0;
  union {
    Ok ok;
    Err err;
  };
  ResultOf() : ok() {}
  void set_ok(const Ok& content) {
    is_err = 0;
    ok = content;
  }
  void set_err(const Err& content) {
    is_err = 1;
    err = content;
  }
};
template <> struct ResultOf<Nothing, Nothing> {
  u8 is_err = 0;
  void set_ok() { is_err = 0; }
  void set_err() { is_err = 1; }
};

/// tuple<A, B>
template <typename A, typename B> struct PairOf {
  A first;
  B second;
};

/// Parameters of a method without further ones.
struct SelfParams {
  u32 self;
};

/// A trap unless the handle is known and of class T. The canonical ABI sees to it that it always is.
template <typename T> T* find_resource(HostCall& call, u32 id) {
  T* object = call.resources.get<T>(id);
  if (object == nullptr) {
    call.trap(ir::TrapCode::unknown_handle);
  }
  return object;
}

/// Adds an object; false with a trap when the Store has as many as it may have.
inline bool push_resource(HostCall& call, std::unique_ptr<component::HostResource> object, u32& id,
                          u32 parent = component::ResourceTable::kNoParent) {
  const std::optional<u32> added = call.resources.push(std::move(object), parent);
  if (!added) {
    return call.trap(ir::TrapCode::handle_table_full);
  }
  id = *added;
  return true;
}

/// Memory for a result that the guest sizes; nullptr with a trap when it is more than one call may hold.
template <typename T> T* result_array(HostCall& call, u64 count) {
  T* array = call.arena.allocate_array<T>(count);
  if (array == nullptr) {
    call.trap(ir::TrapCode::allocation_too_large, "result exceeds what one call may copy");
  }
  return array;
}

/// Handler of the methods of resources that no guest can hold yet.
inline bool no_such_resource(HostCall& call, const void*, void*) {
  return call.trap(ir::TrapCode::unknown_handle);
}

} // namespace petrel::wasi
