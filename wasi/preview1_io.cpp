// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Descriptors of preview 1: reading and writing stdio, what a descriptor is, and poll_oneoff. Records are written
// field by field into zeroed bytes, so that no padding of the host reaches a guest.
#include <algorithm>
#include <cerrno>
#include <limits>
#include <vector>

#include "wasi/host_io.h"
#include "wasi/preview1_abi.h"

namespace petrel::wasi::p1 {

namespace {

constexpr u32 kMaxIovecs = 1024;
constexpr u32 kMaxSubscriptions = 1024;

Filetype filetype_of(const Preview1::Descriptor& descriptor) {
  return is_terminal(descriptor.fd) ? Filetype::character_device : Filetype::unknown;
}

/// One of iovec or ciovec.
struct Buffer {
  u32 pointer;
  u32 size_bytes;
};

/// The guest's buffers as the host sees them, all checked before any byte moves.
Errno read_buffers(Call& call, std::vector<iovec>& buffers) {
  const u64 list = call.u32_at(1);
  const u32 count = call.u32_at(2);
  if (count > kMaxIovecs) {
    return Errno::inval;
  }
  u64 total = 0;
  for (u32 i = 0; i < count; ++i) {
    Buffer buffer{};
    u8* at = nullptr;
    if (!call.memory.load(list + u64{i} * sizeof(Buffer), buffer) ||
        (at = call.memory.slice(buffer.pointer, buffer.size_bytes)) == nullptr) {
      return Errno::fault;
    }
    total += buffer.size_bytes;
    buffers.push_back({at, buffer.size_bytes});
  }
  if (total > std::numeric_limits<u32>::max()) {
    return Errno::inval;
  }
  return call.memory.slice(call.u32_at(3), 4) != nullptr ? Errno::success : Errno::fault;
}

/// fd_read and fd_write: `transfer(descriptor, buffers)`, the count goes to the fourth parameter.
template <typename Transfer> Errno move_bytes(Call& call, u64 right, Transfer transfer) {
  const Preview1::Descriptor* descriptor = call.wasi.find(call.u32_at(0));
  if (descriptor == nullptr || (descriptor->rights & right) == 0) {
    return Errno::badf;
  }
  std::vector<iovec> buffers;
  if (Errno error = read_buffers(call, buffers); error != Errno::success) {
    return error;
  }
  const IoResult moved = transfer(descriptor->fd, std::span(buffers));
  if (!moved) {
    return errno_of(moved.error());
  }
  call.memory.store(call.u32_at(3), static_cast<u32>(*moved));
  return Errno::success;
}

} // namespace

Errno fd_read(Call& call) {
  return move_bytes(call, kRightFdRead, [&](int fd, std::span<iovec> into) -> IoResult {
    return read_fd(call.store, fd, std::span<const iovec>(into));
  });
}

Errno fd_write(Call& call) {
  return move_bytes(call, kRightFdWrite, [&](int fd, std::span<iovec> from) -> IoResult {
    return write_fd(call.store, fd, from);
  });
}

Errno fd_close(Call& call) {
  Preview1::Descriptor* descriptor = call.wasi.find(call.u32_at(0));
  if (descriptor == nullptr) {
    return Errno::badf;
  }
  *descriptor = {}; // the host's own stdio stays open
  return Errno::success;
}

Errno fd_renumber(Call& call) {
  Preview1::Descriptor* from = call.wasi.find(call.u32_at(0));
  Preview1::Descriptor* to = call.wasi.find(call.u32_at(1));
  if (from == nullptr || to == nullptr) {
    return Errno::badf;
  }
  if (from != to) {
    *to = *from;
    *from = {};
  }
  return Errno::success;
}

Errno fd_fdstat_get(Call& call) {
  const Preview1::Descriptor* descriptor = call.wasi.find(call.u32_at(0));
  if (descriptor == nullptr) {
    return Errno::badf;
  }
  // fdstat: filetype u8 at 0, flags u16 at 2, rights base u64 at 8, inheriting u64 at 16
  u8 record[24] = {};
  record[0] = static_cast<u8>(filetype_of(*descriptor));
  std::memcpy(record + 8, &descriptor->rights, 8);
  std::memcpy(record + 16, &descriptor->inheriting, 8);
  return call.memory.store(call.u32_at(1), record) ? Errno::success : Errno::fault;
}

Errno fd_fdstat_set_rights(Call& call) {
  Preview1::Descriptor* descriptor = call.wasi.find(call.u32_at(0));
  if (descriptor == nullptr) {
    return Errno::badf;
  }
  if ((call.u64_at(1) & ~descriptor->rights) != 0 ||
      (call.u64_at(2) & ~descriptor->inheriting) != 0) {
    return Errno::notcapable;
  }
  descriptor->rights = call.u64_at(1);
  descriptor->inheriting = call.u64_at(2);
  return Errno::success;
}

namespace {

/// filestat: dev, ino u64; filetype u8 at 16; link count, size and three times, all unknown for a stream.
template <u64 kSize> Errno put_filestat(Call& call) {
  const Preview1::Descriptor* descriptor = call.wasi.find(call.u32_at(0));
  if (descriptor == nullptr) {
    return Errno::badf;
  }
  u8 record[kSize] = {};
  record[16] = static_cast<u8>(filetype_of(*descriptor));
  return call.memory.store(call.u32_at(1), record) ? Errno::success : Errno::fault;
}

} // namespace

Errno fd_filestat_get(Call& call) { return put_filestat<64>(call); }
/// `wasi_unstable` had a link count of 32 bits.
Errno fd_filestat_get_unstable(Call& call) { return put_filestat<56>(call); }

Errno no_descriptor(Call&) { return Errno::badf; }

Errno not_a_file(Call& call) {
  return call.wasi.find(call.u32_at(0)) == nullptr ? Errno::badf : Errno::inval;
}
Errno not_seekable(Call& call) {
  return call.wasi.find(call.u32_at(0)) == nullptr ? Errno::badf : Errno::spipe;
}
Errno no_socket(Call& call) {
  return call.wasi.find(call.u32_at(0)) == nullptr ? Errno::badf : Errno::notsock;
}

namespace {

enum class EventType : u8 { clock = 0, fd_read = 1, fd_write = 2 };

/// A subscription, 48 bytes: userdata u64 at 0; tag u8 at 8; clock: id u32 at 16, timeout u64 at 24, precision u64 at
/// 32, flags u16 at 40; descriptor: u32 at 16. `wasi_unstable` had one more u64 in front of the clock's id: 56 bytes.
struct SubscriptionLayout {
  u64 size_bytes;
  u64 clock_at;
};
constexpr SubscriptionLayout kSubscription{48, 16};
constexpr SubscriptionLayout kUnstableSubscription{56, 24};

struct Subscription {
  u64 userdata;
  EventType type;
  u32 id;
  u64 timeout_ns;
  bool is_absolute;
};

/// An event, 32 bytes: userdata u64 at 0, error u16 at 8, type u8 at 10, nbytes u64 at 16, flags u16 at 24.
struct Event {
  static constexpr u64 kSize = 32;
  u64 userdata;
  Errno error;
  EventType type;
  u64 nbytes;
  bool hangup;

  void write(u8* at) const {
    std::memset(at, 0, kSize);
    std::memcpy(at, &userdata, 8);
    std::memcpy(at + 8, &error, 2);
    at[10] = static_cast<u8>(type);
    std::memcpy(at + 16, &nbytes, 8);
    at[24] = hangup ? 1 : 0;
  }
};

Errno read_subscription(const u8* at, SubscriptionLayout layout, Subscription& out) {
  std::memcpy(&out.userdata, at, 8);
  if (at[8] > static_cast<u8>(EventType::fd_write)) {
    return Errno::inval;
  }
  out.type = static_cast<EventType>(at[8]);
  const u8* const clock = at + layout.clock_at;
  std::memcpy(&out.id, out.type == EventType::clock ? clock : at + 16, 4);
  std::memcpy(&out.timeout_ns, clock + 8, 8);
  u16 flags = 0;
  std::memcpy(&flags, clock + 24, 2);
  out.is_absolute = (flags & 1) != 0;
  return Errno::success;
}

/// What all subscriptions together wait for.
struct Wait {
  std::vector<Subscription> subscriptions;
  std::vector<Event> ready; ///< known before waiting: errors
  std::vector<pollfd> fds;  ///< parallel to fd_subscriptions
  std::vector<u32> fd_subscriptions;
  u64 earliest_ns = std::numeric_limits<u64>::max(); ///< monotonic time of the first clock
};

/// When a clock subscription is due, in monotonic time; empty: a clock that cannot be waited for.
std::optional<u64> due_ns(const runtime::Store& store, const Subscription& sub) {
  if (sub.id > 1) {
    return std::nullopt;
  }
  const u64 now = monotonic_now_ns(store);
  u64 delay = sub.timeout_ns;
  if (sub.is_absolute) {
    const u64 base = sub.id == 0 ? wall_clock_now_ns(store) : now;
    delay = sub.timeout_ns > base ? sub.timeout_ns - base : 0;
  }
  u64 due = 0;
  return __builtin_add_overflow(now, delay, &due) ? std::numeric_limits<u64>::max() : due;
}

void prepare(Call& call, Wait& wait, std::vector<u64>& due) {
  for (u32 i = 0; i < wait.subscriptions.size(); ++i) {
    const Subscription& sub = wait.subscriptions[i];
    due.push_back(std::numeric_limits<u64>::max());
    if (sub.type == EventType::clock) {
      if (auto when = due_ns(call.store, sub)) {
        due.back() = *when;
        wait.earliest_ns = std::min(wait.earliest_ns, *when);
      } else {
        wait.ready.push_back({sub.userdata, Errno::inval, sub.type, 0, false});
      }
      continue;
    }
    const Preview1::Descriptor* descriptor = call.wasi.find(sub.id);
    const bool reads = sub.type == EventType::fd_read;
    if (descriptor == nullptr ||
        (descriptor->rights & (reads ? kRightFdRead : kRightFdWrite)) == 0) {
      wait.ready.push_back({sub.userdata, Errno::badf, sub.type, 0, false});
      continue;
    }
    wait.fds.push_back({descriptor->fd, static_cast<short>(reads ? POLLIN : POLLOUT), 0});
    wait.fd_subscriptions.push_back(i);
  }
}

/// Waits in virtual time, as poll_virtual of wasi/poll.cpp: descriptors are ready, else the first clock is.
u64 wait_virtually(runtime::Determinism& clock, Wait& wait) {
  for (pollfd& fd : wait.fds) {
    fd.revents = fd.events;
  }
  if (wait.ready.empty() && wait.fds.empty()) {
    clock.wait_until(wait.earliest_ns);
    return wait.earliest_ns;
  }
  return clock.monotonic_ns();
}

/// Waits until the first clock is due or a descriptor is ready. What the clock says then.
IoResult wait_really(Call& call, Wait& wait) {
  i64 timeout = -1;
  if (!wait.ready.empty()) {
    timeout = 0;
  } else if (wait.earliest_ns != std::numeric_limits<u64>::max()) {
    const u64 now = monotonic_now_ns(call.store);
    const u64 left = wait.earliest_ns > now ? wait.earliest_ns - now : 0;
    timeout = static_cast<i64>(std::min<u64>(left, std::numeric_limits<i64>::max()));
  }
  if (auto polled = poll_fds(call.store, wait.fds, timeout); !polled) {
    return polled;
  }
  return monotonic_now_ns(call.store);
}

Errno wait_for(Call& call, Wait& wait, const std::vector<u64>& due) {
  runtime::Determinism* const virtual_clock = call.store.determinism();
  const IoResult now =
      virtual_clock != nullptr ? wait_virtually(*virtual_clock, wait) : wait_really(call, wait);
  if (!now) {
    return errno_of(now.error());
  }
  for (usize i = 0; i < wait.fds.size(); ++i) {
    if (wait.fds[i].revents != 0) {
      const Subscription& sub = wait.subscriptions[wait.fd_subscriptions[i]];
      wait.ready.push_back(
          {sub.userdata, Errno::success, sub.type, 1, (wait.fds[i].revents & POLLHUP) != 0});
    }
  }
  for (usize i = 0; i < wait.subscriptions.size(); ++i) {
    if (due[i] <= *now) {
      wait.ready.push_back(
          {wait.subscriptions[i].userdata, Errno::success, EventType::clock, 0, false});
    }
  }
  return Errno::success;
}

Errno poll(Call& call, SubscriptionLayout layout) {
  const u32 count = call.u32_at(2);
  if (count == 0 || count > kMaxSubscriptions) {
    return Errno::inval;
  }
  const u8* in = call.memory.slice(call.u32_at(0), u64{count} * layout.size_bytes);
  u8* out = call.memory.slice(call.u32_at(1), u64{count} * Event::kSize);
  if (in == nullptr || out == nullptr || call.memory.slice(call.u32_at(3), 4) == nullptr) {
    return Errno::fault;
  }
  Wait wait;
  for (u32 i = 0; i < count; ++i) {
    Subscription sub{};
    if (Errno error = read_subscription(in + u64{i} * layout.size_bytes, layout, sub);
        error != Errno::success) {
      return error;
    }
    wait.subscriptions.push_back(sub);
  }
  std::vector<u64> due;
  prepare(call, wait, due);
  if (Errno error = wait_for(call, wait, due); error != Errno::success) {
    return error;
  }
  for (usize i = 0; i < wait.ready.size(); ++i) {
    wait.ready[i].write(out + i * Event::kSize);
  }
  call.memory.store(call.u32_at(3), static_cast<u32>(wait.ready.size()));
  return Errno::success;
}

} // namespace

Errno poll_oneoff(Call& call) { return poll(call, kSubscription); }
Errno poll_oneoff_unstable(Call& call) { return poll(call, kUnstableSubscription); }

} // namespace petrel::wasi::p1
