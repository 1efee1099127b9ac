// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/guest_threads.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include "runtime/instance.h"
#include "runtime/signals.h"
#include "wasi/preview1.h"

namespace petrel {

namespace {

constexpr std::string_view kModule = "wasi";
constexpr std::string_view kSpawn = "thread-spawn";
constexpr std::string_view kStart = "wasi_thread_start";
constexpr auto kRepeat =
    std::chrono::milliseconds(1); // a signal can come just before a thread sleeps

/// Asks a Store to leave what it runs, also when its thread sleeps.
void interrupt(runtime::Store& store, pthread_t thread) {
  store.interrupt();
  pthread_kill(thread, runtime::interrupt_signal());
}

/// `wasi_thread_start`, if it is exported with the right type.
ir::FuncRef* start_function(runtime::Instance& instance) {
  const ir::Export* exported = instance.ir().find_export(kStart);
  if (exported == nullptr || exported->kind != ir::ExternKind::func) {
    return nullptr;
  }
  const ir::TypeDef& type = instance.ir().func_type(FuncIdx(exported->index));
  const auto params = instance.ir().params(type);
  const bool fits = type.results.count == 0 && params.size() == 2 && params[0] == ValKind::i32 &&
                    params[1] == ValKind::i32;
  return fits ? instance.func_ref(FuncIdx(exported->index)) : nullptr;
}

} // namespace

bool GuestThreads::is_wanted(const ir::Module& module) {
  return std::ranges::any_of(module.imports(), [&](const ir::Import& import) {
    return module.str(import.module) == kModule && module.str(import.name) == kSpawn;
  });
}

GuestThreads::GuestThreads(const Program& program, wasi::WasiCtx& ctx, runtime::Store& main)
    : program_(program), ctx_(ctx), main_(main) {
  static constexpr runtime::HostFuncDef kFunctions[] = {{kSpawn, "i:i", spawn_entry}};
  host_module_ = {kModule, kFunctions, this};
  runtime::prepare_signals();
}

Status GuestThreads::add_to_linker(runtime::Linker& linker, runtime::Store& store) {
  linker.add_host_module(host_module_);
  if (&store != &main_) {
    for (const SharedMemory& shared : memories_) {
      linker.define(shared.module, shared.name,
                    runtime::Extern::of(store.adopt_memory(shared.memory)));
    }
    return {};
  }
  const auto core = program_.core_module();
  for (const ir::Import& import : core->ir.imports()) {
    if (import.kind != ir::ExternKind::memory || core->ir.memories()[import.index].is_shared == 0) {
      continue;
    }
    TRY_ASSIGN(runtime::Memory * memory, store.make_memory(core->ir.memories()[import.index]));
    memories_.push_back({std::string(core->ir.str(import.module)),
                         std::string(core->ir.str(import.name)), store.owner_of(memory)});
    linker.define(memories_.back().module, memories_.back().name, runtime::Extern::of(memory));
  }
  return {};
}

bool GuestThreads::spawn_entry(runtime::HostCall& call, RawVal* args) {
  const i32 tid = static_cast<GuestThreads*>(call.data)->spawn(args[0].i32);
  args[0] = RawVal::of_i32(static_cast<u32>(tid));
  return true;
}

/// Forgets threads that ended. The lock is held.
void GuestThreads::reap() {
  std::erase_if(threads_, [](const std::unique_ptr<Thread>& thread) {
    return thread->is_done && pthread_join(thread->handle, nullptr) == 0;
  });
}

i32 GuestThreads::spawn(u32 argument) {
  std::lock_guard lock(mutex_);
  reap();
  if (is_ending_ || threads_.size() >= kMaxThreads || last_tid_ == kMaxTid) {
    return -1;
  }
  auto thread = std::make_unique<Thread>(Thread{this, last_tid_ + 1, argument});
  // It waits for the lock before anyone looks at the handle.
  if (pthread_create(&thread->handle, nullptr, thread_entry, thread.get()) != 0) {
    return -1;
  }
  threads_.push_back(std::move(thread));
  return static_cast<i32>(++last_tid_);
}

void* GuestThreads::thread_entry(void* data) {
  Thread& thread = *static_cast<Thread*>(data);
  thread.owner->run(thread);
  return nullptr;
}

void GuestThreads::run(Thread& thread) {
  Status done = run_guest(thread);
  std::unique_lock lock(mutex_);
  if (!done && !is_ending_) {
    first_error_ = std::move(done).error();
    is_ending_ = true;
    while (!has_main_ended_) { // it ends the others
      interrupt(main_, main_thread_);
      changed_.wait_for(lock, kRepeat);
    }
  }
  thread.is_done = true;
  changed_.notify_all();
}

/// From here on (or, with null, no longer) the thread runs guest code in `store`. False: do not begin.
bool GuestThreads::make_interruptible(Thread& thread, runtime::Store* store) {
  std::lock_guard lock(mutex_);
  thread.store = store;
  return !is_ending_;
}

Status GuestThreads::run_guest(Thread& thread) {
  wasi::Preview1 preview1(ctx_);
  runtime::Store store(main_.config());
  struct Interruptible {
    GuestThreads& owner;
    Thread& thread;
    ~Interruptible() { owner.make_interruptible(thread, nullptr); }
  } until_end{*this, thread};
  if (!make_interruptible(thread, &store)) {
    return {};
  }
  runtime::Linker linker;
  preview1.add_to_linker(linker);
  TRY(add_to_linker(linker, store));
  const auto core = program_.core_module();
  TRY_ASSIGN(auto imports, linker.resolve(store, core->ir));
  TRY_ASSIGN(runtime::Instance * instance, store.instantiate(core, imports));
  ir::FuncRef* const start = start_function(*instance);
  if (start == nullptr) {
    return fail(ErrorClass::link, "thread-spawn: the module exports no function "
                                  "\"wasi_thread_start\" of type [i32 i32] -> []");
  }
  RawVal args[2] = {RawVal::of_i32(thread.tid), RawVal::of_i32(thread.argument)};
  return store.call_checked(start, args);
}

Status GuestThreads::finish(Status done) {
  std::unique_lock lock(mutex_);
  const bool was_ending = is_ending_;
  is_ending_ = true;
  has_main_ended_ = true;
  changed_.notify_all();
  auto all_done = [&] {
    return std::ranges::all_of(threads_, [](const auto& thread) { return thread->is_done; });
  };
  while (!all_done()) {
    for (const auto& thread : threads_) {
      if (thread->store != nullptr) {
        interrupt(*thread->store, thread->handle);
      }
    }
    changed_.wait_for(lock, kRepeat);
  }
  lock.unlock(); // a thread that is done may still hold it
  for (const auto& thread : threads_) {
    pthread_join(thread->handle, nullptr);
  }
  threads_.clear();
  if (was_ending && first_error_) {
    return std::unexpected(*std::exchange(first_error_, std::nullopt));
  }
  return done;
}

} // namespace petrel
