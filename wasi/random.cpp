// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:random: handlers of wasi/random.def. The insecure functions give secure bytes too.
#include <cerrno>

#include "wasi/host_io.h"
#include "wasi/host_table.h"
#include "wasi/preview2.h"

namespace petrel::wasi {

namespace {

constexpr u64 kMaxRandomBytes = u64{16} << 20;

bool fill(HostCall& call, void* at, u64 size_bytes) {
  // SAFETY: bytes of an object of this process, as large as said.
  const IoResult filled = fill_random(call.store, {static_cast<u8*>(at), size_bytes});
  return filled || call.trap(ir::TrapCode::interrupt);
}

struct LengthParams {
  u64 len;
};

bool random_bytes(HostCall& call, const LengthParams& params, List<u8>& result) {
  if (params.len > kMaxRandomBytes) {
    return call.trap(ir::TrapCode::allocation_too_large,
                     "more than 16 MiB of random bytes in one call");
  }
  u8* const into = result_array<u8>(call, params.len);
  result = {into, params.len};
  return into != nullptr && fill(call, into, params.len);
}

bool random_u64(HostCall& call, const Nothing&, u64& result) {
  return fill(call, &result, sizeof result);
}

bool insecure_seed(HostCall& call, const Nothing&, PairOf<u64, u64>& result) {
  return fill(call, &result, sizeof result);
}

#define PETREL_WASI_TABLE "wasi/random.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> random_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
