// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pollables: what a guest can wait for, and the one place that waits. A pollable made by a stream asks the stream
// each time, so it is a child of it: the ResourceTable keeps the stream alive as long as the pollable.
#pragma once

#include "component/resource_table.h"
#include "wasi/host_io.h"

namespace petrel::component {
class Arena;
}

namespace petrel::wasi {

/// What must happen for something to be ready.
struct Interest {
  enum class Kind : u8 { ready, at_time, on_fd };
  Kind kind = Kind::ready;
  short events = 0; ///< on_fd: as for poll(2)
  int fd = -1;
  u64 when_ns = 0; ///< at_time: on the monotonic clock

  static Interest at_time(u64 when_ns) { return {.kind = Kind::at_time, .when_ns = when_ns}; }
  static Interest on_fd(int fd, short events) {
    return {.kind = Kind::on_fd, .events = events, .fd = fd};
  }
};

/// An object that pollables can be made of.
class PollSource {
public:
  virtual Interest interest() const = 0;

protected:
  ~PollSource() = default;
};

class Pollable final : public component::HostResourceOf<Pollable> {
public:
  explicit Pollable(Interest fixed) : fixed_(fixed) {}
  /// `source` is the parent in the ResourceTable.
  explicit Pollable(const PollSource& source) : source_(&source) {}

  Interest interest() const { return source_ != nullptr ? source_->interest() : fixed_; }

private:
  const PollSource* source_ = nullptr;
  Interest fixed_;
};

/// What to do when nothing is ready.
enum class Wait : u8 { no, yes };

constexpr u32 kMaxPollables = 1024;

/// Sets `ready[i]` for every interest that is; with Wait::yes not before one is. The number of them. `fds` is
/// scratch space of the same length.
IoResult poll_interests(runtime::Store& store, std::span<const Interest> interests,
                        std::span<pollfd> fds, std::span<bool> ready, Wait wait);
/// The same for one interest: 0 or 1.
IoResult poll_interest(runtime::Store& store, const Interest& interest, Wait wait);

} // namespace petrel::wasi
