// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For unit tests of WASI 0.2: calls host functions by interface and name with hand-made host structs, as the
// canonical ABI would, without any guest.
#pragma once

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

#include "component/arena.h"
#include "wasi/host_types.h"
#include "wasi/preview2.h"
#include "wasi/test_pipe.h"

namespace petrel::wasi {

/// variant stream-error
struct TestStreamError {
  u8 is_closed;
  u32 error;
};
using TestBytes = ResultOf<List<u8>, TestStreamError>;
using TestCount = ResultOf<u64, TestStreamError>;
using TestDone = ResultOf<Nothing, TestStreamError>;
struct TestLength {
  u32 self;
  u64 len;
};
struct TestContents {
  u32 self;
  List<u8> contents;
};
struct TestSelf {
  u32 self;
};

/// A guest's host side: Store, resources, context.
class TestWorld {
public:
  explicit TestWorld(WasiConfig config,
                     u32 resource_limit = component::ResourceTable::kDefaultLimit)
      : store(runtime::StoreConfig{}), resources(resource_limit), ctx(std::move(config)),
        wasi(ctx) {}

  /// True: the function returned. False: a trap or exit is pending.
  template <typename Params, typename Result>
  bool call(std::string_view interface, std::string_view name, const Params& params,
            Result& result) {
    const component::HostFuncDef* def = find(interface, name);
    REQUIRE_MESSAGE(def != nullptr, interface << " " << name);
    arena.reset();
    HostCall host{store, resources, arena, &wasi};
    return def->fn(host, &params, &result);
  }
  /// Calls what cannot fail.
  template <typename Result, typename Params>
  Result get(std::string_view interface, std::string_view name, const Params& params) {
    Result result{};
    CHECK(call(interface, name, params, result));
    return result;
  }
  u32 get_handle(std::string_view interface, std::string_view name) {
    return get<u32>(interface, name, Nothing{});
  }

  /// The text of the trap, or `exit N`, that the call must end with.
  template <typename Params, typename Result>
  std::string trap_of(std::string_view interface, std::string_view name, const Params& params,
                      Result& result) {
    if (call(interface, name, params, result)) {
      return "no trap";
    }
    const bool is_trap = store.pending().kind == runtime::PendingKind::trap;
    const Error error = store.take_pending();
    constexpr std::string_view kPrefix = "wasm trap: ";
    CHECK_EQ(error.info().text.starts_with(kPrefix), is_trap);
    return is_trap ? error.info().text.substr(kPrefix.size())
                   : "exit " + std::to_string(error.info().exit_code);
  }

  static const component::HostFuncDef* find(std::string_view interface, std::string_view name) {
    for (const auto package :
         {io_interfaces(), clocks_interfaces(), random_interfaces(), cli_interfaces(),
          filesystem_interfaces(), sockets_interfaces(), http_interfaces()}) {
      for (const component::HostInterface& each : package) {
        if (each.name == interface) {
          const auto at =
              std::ranges::lower_bound(each.funcs, name, {}, &component::HostFuncDef::name);
          return at != each.funcs.end() && at->name == name ? &*at : nullptr;
        }
      }
    }
    return nullptr;
  }

  runtime::Store store;
  component::ResourceTable resources;
  component::Arena arena;
  WasiCtx ctx;
  Preview2 wasi;
};

} // namespace petrel::wasi
