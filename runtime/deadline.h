// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stops a guest at a point in time: one timer thread per process, started with the first deadline. It sets the
// Store's interrupt word (the interpreter polls it, host calls look at it) and signals the thread, again every
// millisecond until the guest has left, because a signal that arrives in host code is only noted.
#pragma once

#include <chrono>

#include "runtime/store.h"

namespace petrel::runtime {

/// While alive, guest code that `store` runs on the calling thread traps with `interrupt` after `timeout`.
class Deadline {
public:
  Deadline(Store& store, std::chrono::nanoseconds timeout);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

private:
  u64 id_;
  Store& store_;
};

} // namespace petrel::runtime
