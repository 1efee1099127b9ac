// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers and layouts of WASI preview 1, and access to the calling guest's memory.
#pragma once

#include <cstring>

#include "runtime/instance.h"
#include "wasi/preview1.h"

namespace petrel::wasi::p1 {

/// `errno` of preview 1, the values in use here.
enum class Errno : u16 {
  success = 0,
  acces = 2,
  again = 6,
  badf = 8,
  fault = 21,
  intr = 27,
  inval = 28,
  io = 29,
  mfile = 33,
  nosys = 52,
  notsock = 57,
  notsup = 58,
  perm = 63,
  pipe = 64,
  spipe = 70,
  notcapable = 76,
};

enum class Filetype : u8 { unknown = 0, character_device = 2 };

constexpr u64 kRightFdRead = u64{1} << 1;
constexpr u64 kRightFdWrite = u64{1} << 6;
constexpr u64 kRightPoll = u64{1} << 27;

Errno errno_of(int host_errno);

/// Checked view of the caller's memory 0. A module without memory faults on every access.
class GuestMemory {
public:
  explicit GuestMemory(runtime::Instance* caller)
      : memory_(caller != nullptr && caller->memory_count() != 0 ? &caller->memory(MemIdx(0))
                                                                 : nullptr) {}

  /// Host address of [pointer, + size), or nullptr.
  u8* slice(u64 pointer, u64 size_bytes) const {
    return memory_ == nullptr ? nullptr : memory_->slice(pointer, 0, size_bytes);
  }
  template <typename T> bool load(u64 pointer, T& value) const {
    const u8* at = slice(pointer, sizeof(T));
    if (at == nullptr) {
      return false;
    }
    std::memcpy(&value, at, sizeof(T));
    return true;
  }
  template <typename T> bool store(u64 pointer, const T& value) const {
    u8* at = slice(pointer, sizeof(T));
    if (at == nullptr) {
      return false;
    }
    std::memcpy(at, &value, sizeof(T));
    return true;
  }

private:
  runtime::Memory* memory_;
};

/// One call: who calls, with what.
struct Call {
  Preview1& wasi;
  runtime::Store& store;
  GuestMemory memory;
  const RawVal* args;

  u32 u32_at(u32 i) const { return args[i].i32; }
  u64 u64_at(u32 i) const { return args[i].i64; }
};

// The functions of wasi/preview1.def that answer an errno.
Errno args_get(Call& call);
Errno args_sizes_get(Call& call);
Errno clock_res_get(Call& call);
Errno clock_time_get(Call& call);
Errno environ_get(Call& call);
Errno environ_sizes_get(Call& call);
Errno fd_close(Call& call);
Errno fd_fdstat_get(Call& call);
Errno fd_fdstat_set_rights(Call& call);
Errno fd_filestat_get(Call& call);
Errno fd_filestat_get_unstable(Call& call);
Errno fd_read(Call& call);
Errno fd_renumber(Call& call);
Errno fd_write(Call& call);
Errno no_descriptor(Call& call);
Errno no_socket(Call& call);
Errno not_a_file(Call& call);
Errno not_seekable(Call& call);
Errno poll_oneoff(Call& call);
Errno poll_oneoff_unstable(Call& call);
Errno proc_raise(Call& call);
Errno random_get(Call& call);
Errno sched_yield(Call& call);

} // namespace petrel::wasi::p1
