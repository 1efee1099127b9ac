// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WASI preview 1 for core modules (`wasi_snapshot_preview1`, and `wasi_unstable`, its predecessor, in which two
// records have an older layout). State is one small descriptor table over the shared WasiCtx.
#pragma once

#include <memory>
#include <vector>

#include "runtime/host.h"
#include "runtime/linker.h"
#include "wasi/ctx.h"

namespace petrel::wasi {

/// The descriptor table of one guest.
class Preview1 {
public:
  explicit Preview1(WasiCtx& ctx);
  Preview1(const Preview1&) = delete;
  Preview1& operator=(const Preview1&) = delete;

  /// Offers both module names.
  void add_to_linker(runtime::Linker& linker) const;

  struct Descriptor {
    int fd = -1;    ///< host descriptor; -1: closed
    u64 rights = 0; ///< fd_read (bit 1) or fd_write (bit 6), as granted; only shrinks
    u64 inheriting = 0;
  };
  WasiCtx& ctx() { return ctx_; }
  /// nullptr when not open.
  Descriptor* find(u32 fd);
  std::vector<Descriptor>& table() { return table_; }

private:
  WasiCtx& ctx_;
  std::vector<Descriptor> table_;
  runtime::HostModule modules_[2];
};

} // namespace petrel::wasi
