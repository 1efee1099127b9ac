// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System calls on behalf of a guest: reads, writes, sleeps and polls that a deadline can cut short. Every function
// comes back with EINTR only when the Store was asked to leave; the caller then returns to the guest border, where
// the interrupt becomes a trap.
#pragma once

#include <chrono>
#include <expected>
#include <poll.h>
#include <span>
#include <sys/uio.h>

#include "base/types.h"
#include "runtime/store.h"

namespace petrel::wasi {

/// Result of a host call: a count, or the errno.
using IoResult = std::expected<u64, int>;

/// readv(2): what is there, waiting only if nothing is; 0 = end of file. At most IOV_MAX (1024) buffers.
IoResult read_fd(runtime::Store& store, int fd, std::span<const iovec> into);
IoResult read_fd(runtime::Store& store, int fd, std::span<u8> into);
/// Writes everything, also after ignore_broken_pipes() failing with EPIPE instead of a signal. Changes `from`. When
/// something was written before a failure, the number of those bytes.
IoResult write_fd(runtime::Store& store, int fd, std::span<iovec> from);
IoResult write_fd(runtime::Store& store, int fd, Bytes bytes);
/// Makes writes to a pipe without a reader fail instead of ending the process, unless the embedder handles SIGPIPE.
void ignore_broken_pipes();
/// poll(2) with a relative timeout in nanoseconds; negative = none. The number of ready entries.
IoResult poll_fds(runtime::Store& store, std::span<pollfd> fds, i64 timeout_ns);

/// What the guest's clocks say: nanoseconds since 1970, since an arbitrary start, and their resolutions. Virtual in
/// deterministic Stores.
u64 wall_clock_now_ns(const runtime::Store& store);
u64 monotonic_now_ns(const runtime::Store& store);
u64 clock_resolution_ns(const runtime::Store& store, clockid_t clock);
IoResult clock_now_ns(const runtime::Store& store, clockid_t clock);

/// Cryptographically secure random bytes, from the kernel, in pieces between which a deadline is seen; in deterministic
/// Stores those of the seed. The number of bytes.
IoResult fill_random(runtime::Store& store, std::span<u8> into);

bool is_terminal(int fd);

} // namespace petrel::wasi
