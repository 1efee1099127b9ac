// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that a preview 1 guest starts itself (wasi-threads: import "wasi" "thread-spawn", export `wasi_thread_start`).
// Each runs on a host thread, in a Store and an instance of its own; what they share are the shared memories that the
// module imports, made here, and the WasiCtx. Descriptor tables are per thread: there is only stdio so far.
//
// When one thread traps or exits, the program has: the others are interrupted. When the main thread ends, so do all.
#pragma once

#include <condition_variable>
#include <mutex>
#include <pthread.h>

#include "embed/program.h"
#include "runtime/linker.h"
#include "wasi/ctx.h"

namespace petrel {

class GuestThreads {
public:
  static constexpr u32 kMaxThreads = 256; ///< at a time; thread-spawn answers -1 beyond
  static constexpr u32 kMaxTid = 0x1fffffff;

  /// Does the module want to start threads?
  static bool is_wanted(const ir::Module& module);

  /// For the thread that calls and its Store; `program` and `ctx` outlive this.
  GuestThreads(const Program& program, wasi::WasiCtx& ctx, runtime::Store& main);
  ~GuestThreads() { static_cast<void>(finish({})); }
  GuestThreads(const GuestThreads&) = delete;
  GuestThreads& operator=(const GuestThreads&) = delete;

  /// Offers thread-spawn and the shared memories to an instance in `store`. Errors: limit.
  Status add_to_linker(runtime::Linker& linker, runtime::Store& store);

  /// The main thread ended with `done`: ends the others and tells how the program did. First error wins.
  Status finish(Status done);

private:
  struct Thread {
    GuestThreads* owner;
    u32 tid;
    u32 argument;
    pthread_t handle = {};
    runtime::Store* store = nullptr; ///< while it can be interrupted
    bool is_done = false;
  };
  struct SharedMemory {
    std::string module;
    std::string name;
    std::shared_ptr<runtime::Memory> memory;
  };

  static bool spawn_entry(runtime::HostCall& call, RawVal* args);
  static void* thread_entry(void* thread);
  i32 spawn(u32 argument);
  void run(Thread& thread);
  Status run_guest(Thread& thread);
  bool make_interruptible(Thread& thread, runtime::Store* store);
  void reap();

  const Program& program_;
  wasi::WasiCtx& ctx_;
  runtime::Store& main_;
  const pthread_t main_thread_ = pthread_self();
  runtime::HostModule host_module_;
  std::vector<SharedMemory> memories_;
  std::mutex mutex_; ///< for all below
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Thread>> threads_;
  u32 last_tid_ = 0;
  bool is_ending_ = false;
  bool has_main_ended_ = false;
  std::optional<Error> first_error_;
};

} // namespace petrel
