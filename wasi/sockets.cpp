// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:sockets: handlers of wasi/sockets.def. The network capability exists but grants nothing: creating a socket
// and looking up a name answer access-denied, so no method of a socket can be reached.
#include "wasi/host_table.h"
#include "wasi/preview2.h"
#include "wasi/streams.h"

namespace petrel::wasi {

namespace {

class Network final : public component::HostResourceOf<Network> {};

bool instance_network(HostCall& call, const Nothing&, u32& result) {
  return push_resource(call, std::make_unique<Network>(), result);
}

constexpr u8 kAccessDenied = 1; // of enum error-code

/// For every function that would answer result<own<…>, error-code>.
bool denied(HostCall&, const void*, void* result) {
  // SAFETY: the layout of those results, whatever the resource.
  static_cast<ResultOf<u32, u8>*>(result)->set_err(kAccessDenied);
  return true;
}
static_assert(has_layout<ResultOf<u32, u8>>({8, 4}));

struct ErrorParams {
  u32 err;
};

/// No stream of a socket exists, so no error comes from one.
bool network_error_code(HostCall& call, const ErrorParams& params, OptionOf<u8>& result) {
  result.is_some = 0;
  return find_resource<IoError>(call, params.err) != nullptr;
}

#define PETREL_WASI_TABLE "wasi/sockets.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> sockets_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
