// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the host offers interfaces to components. A host function gets its parameters as one plain struct in the
// host layout of ir/transfer_plan.h (canonical ABI with 8-byte pointers) and fills in its result likewise; the
// transfer plan did all checking. Tables are static: an interface costs nothing until a guest imports it.
//
//     struct WriteParams { u32 self; List<u8> contents; };                // (self:borrow<…>,contents:list<u8>)
//     bool write(HostCall& call, const WriteParams& params, WriteResult& result);
//
// Handles arrive and leave as ids of the Store's ResourceTable. Strings and lists of the result must stay alive
// until the function returned: static data, or memory of `call.arena`.
#pragma once

#include <span>
#include <string_view>

#include "component/resource_table.h"
#include "ir/traps.h"
#include "runtime/store.h"

namespace petrel::component {

class Arena;
class ComponentInstance;

/// A list (or, as List<char>, a UTF-8 string) in host layout.
template <typename T> struct List {
  const T* ptr = nullptr;
  u64 count = 0;
  std::span<const T> span() const { return {ptr, count}; }
};
struct String : List<char> {
  String() = default;
  String(std::string_view text) : List{text.data(), text.size()} {}
  std::string_view view() const { return {ptr, count}; }
};
static_assert(sizeof(String) == 16);

/// What a host function gets besides its parameters.
struct HostCall {
  runtime::Store& store;
  ResourceTable& resources;
  Arena& arena; ///< freed after the call's result was transferred
  void* data;   ///< of the interface's registration (wasi: the WasiCtx)

  /// Makes a trap pending; always false.
  bool trap(ir::TrapCode code) { return store.raise(code); }
  bool trap(ir::TrapCode code, std::string_view message) { return store.raise(code, message); }
};

/// False: a trap or exit is pending in the Store.
using HostFn = bool (*)(HostCall& call, const void* params, void* result);

/// A row of an interface's table; `key` is the type key of ir/component_plan.h. `[constructor]r`,
/// `[method]r.m`, `[static]r.m` as in WIT's canonical names.
struct HostFuncDef {
  std::string_view name;
  std::string_view key;
  HostFn fn;
};

/// A resource type of an interface. Dropping the last handle removes the object from the ResourceTable.
struct HostResourceDef {
  std::string_view name;
};

/// One interface, all versions of its compatible track up to `version`.
struct HostInterface {
  std::string_view name;              ///< `wasi:io/streams`
  std::string_view version;           ///< highest version served, `0.2.12`; empty when unversioned
  std::span<const HostFuncDef> funcs; ///< sorted by name
  std::span<const HostResourceDef> resources;
};

/// Adapts `bool f(HostCall&, const Params&, Result&)` to HostFn.
template <auto kFunction> struct HostThunk;
template <typename Params, typename Result, bool (*kFunction)(HostCall&, const Params&, Result&)>
struct HostThunk<kFunction> {
  static bool call(HostCall& call, const void* params, void* result) {
    // SAFETY: the plan's host layout of the key is the struct's (checked by the interface's tests).
    return kFunction(call, *static_cast<const Params*>(params), *static_cast<Result*>(result));
  }
};
/// Parameter or result type of functions without any.
struct Nothing {};

} // namespace petrel::component
