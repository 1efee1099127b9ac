// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that the host gives to guests. They are called by array entry on the guest's stack, with at least
// kHostStackRedZone bytes left; they never unwind: false means that a trap or exit is pending in the Store.
#pragma once

#include <span>
#include <string_view>

#include "ir/vm.h"

namespace petrel::runtime {

class Store;
class Instance;

/// What a host function gets to know besides its arguments.
struct HostCall {
  Store& store;
  Instance* caller; ///< the importing instance; null when called by the embedder
  void* data;       ///< of the registration
};

/// `args`: parameters in, results out, in the same slots (room for max of both).
using HostCallback = bool (*)(HostCall& call, RawVal* args);

/// A host function as one importing instance sees it.
struct HostImport : ir::HostImportHead {
  HostCallback fn;
  void* data;
  Store* store;
  Instance* caller;
};

/// A row of a host module's table. `signature`: parameters, `:`, results; i I f F v = i32 i64 f32 f64 v128,
/// e = externref, r = funcref.
struct HostFuncDef {
  std::string_view name;
  std::string_view signature;
  HostCallback fn;
};

/// Functions under one import module name, sorted by name. Static tables only: kept by reference.
struct HostModule {
  std::string_view name;
  std::span<const HostFuncDef> funcs;
  void* data;
};

/// The array entry of every host function: checks the stack, calls HostImport::fn, honours an interrupt.
bool host_entry(ir::FuncRef* callee, RawVal* args);

} // namespace petrel::runtime
