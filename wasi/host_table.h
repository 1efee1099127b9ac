// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Form of the interface tables wasi/{cli,clocks,filesystem,http,io,random,sockets}.def:
//
//   PETREL_WASI_INTERFACE(id, "package/interface", "resource", …)   starts an interface
//   PETREL_WASI_FUNC("name", "type key", handler)                   its functions, sorted by name
//   PETREL_WASI_END(id)
//   PETREL_WASI_TYPES(id, "package/interface", "resource", …)       an interface that holds only resources
//
// A handler is `bool f(HostCall&, const Params&, Result&)`, or a HostFn for several functions at once. The
// keys are compared with the WIT by tests/wasi/run.py, the handlers' structs with the keys while compiling.
//
// A package's .cpp defines its handlers, then expands its table:
//   #define PETREL_WASI_TABLE "wasi/io.def"
//   #include "wasi/host_table.inc"
// which defines kInterfaces.
#pragma once

#include <array>

#include "component/component.h"
#include "wasi/host_types.h"
#include "wasi/key_layout.h"

namespace petrel::wasi {

using component::HostFuncDef;
using component::HostInterface;
using component::HostResourceDef;

/// Version of the WIT that the tables were written from; serves the whole track.
constexpr std::string_view kPreview2Version = "0.2.12";

template <auto kHandler> struct HandlerKind {
  static constexpr bool fits(std::string_view) { return false; }
};
template <component::HostFn kHandler> struct HandlerKind<kHandler> {
  static consteval bool fits(std::string_view) { return true; } // one handler for many keys
  static constexpr component::HostFn kFn = kHandler;
};
template <typename Params, typename Result, bool (*kHandler)(HostCall&, const Params&, Result&)>
  requires(!std::same_as<Params, void>)
struct HandlerKind<kHandler> {
  static consteval bool fits(std::string_view key) { return key_fits<Params, Result>(key); }
  static constexpr component::HostFn kFn = component::HostThunk<kHandler>::call;
};

/// One row; does not compile when the handler's structs have another layout than the key.
template <auto kHandler>
consteval HostFuncDef host_func(std::string_view name, std::string_view key) {
  CHECK(HandlerKind<kHandler>::fits(key));
  return {name, key, HandlerKind<kHandler>::kFn};
}

template <typename... Names>
consteval std::array<HostResourceDef, sizeof...(Names)> resource_defs(Names... names) {
  return {HostResourceDef{names}...};
}

consteval bool has_sorted_names(std::span<const HostFuncDef> funcs) {
  return std::ranges::adjacent_find(funcs, std::ranges::greater_equal{}, &HostFuncDef::name) ==
         funcs.end();
}

} // namespace petrel::wasi
