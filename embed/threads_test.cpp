// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads as an embedder has them: one Store per host thread, one shared memory among them. Run under the thread
// sanitizer too (`./x test --tsan`): guest data may race, the runtime's own state must not.
#include <chrono>
#include <thread>

#include "embed/program.h"
#include "embed/run.h"
#include "interp/interp.h"
#include "runtime/deadline.h"
#include "runtime/instance.h"

#undef CHECK // doctest has its own
#include <doctest/doctest.h>

namespace petrel {
namespace {

constexpr u32 kThreads = 8;

constexpr std::string_view kMaker = R"((module (memory (export "memory") 1 300 shared)))";

// A mutex (0 free, 1 taken, 2 taken and waited for), a counter, and a queue of 16 places with a word that changes.
constexpr std::string_view kWorker = R"((module
  (import "env" "memory" (memory 1 300 shared))
  (func $lock (param $at i32) (local $was i32)
    (local.set $was (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 0) (i32.const 1)))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $was)))
        (if (i32.or (i32.eq (local.get $was) (i32.const 2))
                    (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 1) (i32.const 2)))
          (then (drop (memory.atomic.wait32 (local.get $at) (i32.const 2) (i64.const -1)))))
        (local.set $was (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 0) (i32.const 2)))
        (br $again))))
  (func $unlock (param $at i32)
    (if (i32.ne (i32.atomic.rmw.sub (local.get $at) (i32.const 1)) (i32.const 1))
      (then
        (i32.atomic.store (local.get $at) (i32.const 0))
        (drop (memory.atomic.notify (local.get $at) (i32.const 1))))))

  (func (export "count") (param $n i32) (result i32)
    (loop $next
      (call $lock (i32.const 0))
      (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
      (call $unlock (i32.const 0))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0))
  (func (export "counter") (param i32) (result i32) (i32.atomic.load (i32.const 4)))

  ;; 16 mutex, 20 first, 24 behind the last, 28 number of changes, 64 places
  (func $changed
    (drop (i32.atomic.rmw.add (i32.const 28) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 28) (i32.const -1))))
  (func $push (param $value i32) (local $changes i32)
    (loop $again
      (call $lock (i32.const 16))
      (if (i32.lt_u (i32.sub (i32.load (i32.const 24)) (i32.load (i32.const 20))) (i32.const 16))
        (then
          (i32.store offset=64
            (i32.shl (i32.and (i32.load (i32.const 24)) (i32.const 15)) (i32.const 2))
            (local.get $value))
          (i32.store (i32.const 24) (i32.add (i32.load (i32.const 24)) (i32.const 1)))
          (call $unlock (i32.const 16))
          (call $changed)
          (return)))
      (local.set $changes (i32.atomic.load (i32.const 28)))
      (call $unlock (i32.const 16))
      (drop (memory.atomic.wait32 (i32.const 28) (local.get $changes) (i64.const -1)))
      (br $again)))
  (func $pop (result i32) (local $changes i32) (local $value i32)
    (loop $again
      (call $lock (i32.const 16))
      (if (i32.ne (i32.load (i32.const 24)) (i32.load (i32.const 20)))
        (then
          (local.set $value (i32.load offset=64
            (i32.shl (i32.and (i32.load (i32.const 20)) (i32.const 15)) (i32.const 2))))
          (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (i32.const 1)))
          (call $unlock (i32.const 16))
          (call $changed)
          (return (local.get $value))))
      (local.set $changes (i32.atomic.load (i32.const 28)))
      (call $unlock (i32.const 16))
      (drop (memory.atomic.wait32 (i32.const 28) (local.get $changes) (i64.const -1)))
      (br $again))
    (unreachable))
  (func (export "produce") (param $n i32) (result i32)
    (loop $next
      (call $push (local.get $n))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0))
  (func (export "consume") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $pop)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; Grows page by page and writes to the end of each new one.
  (func (export "grow") (param $n i32) (result i32)
    (loop $next
      (i32.store8 offset=65535
        (i32.shl (memory.grow (i32.const 1)) (i32.const 16)) (i32.const 1))
      (drop (i32.load8_u (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1))))
      (memory.copy (i32.const 40000) (i32.const 20000) (i32.const 1000))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (memory.size))

  (func (export "wait") (param $timeout i32) (result i32)
    (memory.atomic.wait64 (i32.const 1024) (i64.const 0) (i64.extend_i32_s (local.get $timeout))))
  (func (export "wait_other") (param $value i32) (result i32)
    (memory.atomic.wait32 (i32.const 1024) (local.get $value) (i64.const -1)))
  (func (export "notify") (param $count i32) (result i32)
    (memory.atomic.notify (i32.const 1024) (local.get $count)))))";

std::shared_ptr<const Program> program_of(std::string_view text) {
  auto bytes = sys::FileBytes::copy_of(as_bytes(text));
  REQUIRE(bytes.has_value());
  auto program = Program::from_bytes(std::move(*bytes), {});
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().to_string()));
  return *program;
}

runtime::StoreConfig config() {
  runtime::StoreConfig made;
  made.interp = &interp::hooks();
  return made;
}

/// A Store of a thread's own with a worker on the shared memory.
struct Worker {
  Worker(const std::shared_ptr<const Program>& program, std::shared_ptr<runtime::Memory> memory)
      : store(config()) {
    const runtime::Extern import = runtime::Extern::of(store.adopt_memory(std::move(memory)));
    auto made = store.instantiate(program->core_module(), {&import, 1});
    instance = made ? *made : nullptr;
  }
  /// The result; ~0 when it trapped or could not be made.
  u64 call(std::string_view name, u32 argument) {
    auto found = instance == nullptr ? std::nullopt : instance->find_export(name);
    RawVal args[1] = {RawVal::of_i32(argument)};
    if (!found || !store.call_checked(found->func, args)) {
      return ~u64{0};
    }
    return args[0].i64;
  }
  runtime::Store store;
  runtime::Instance* instance = nullptr;
};

struct World {
  World() : maker(config()) {
    auto instance = maker.instantiate(program_of(kMaker)->core_module(), {});
    REQUIRE(instance.has_value());
    memory = maker.owner_of((*instance)->find_export("memory")->memory);
    REQUIRE(memory != nullptr);
  }
  /// What each thread's function answered; `names[i % names.size()]` in thread i.
  std::vector<u64> run(std::vector<std::string_view> names, u32 argument) {
    std::vector<u64> results(kThreads);
    std::vector<std::thread> threads;
    for (u32 i = 0; i < kThreads; ++i) {
      threads.emplace_back(
          [&, i] { results[i] = Worker(worker, memory).call(names[i % names.size()], argument); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    return results;
  }
  u64 once(std::string_view name, u32 argument) {
    return Worker(worker, memory).call(name, argument);
  }

  std::shared_ptr<const Program> worker = program_of(kWorker);
  runtime::Store maker;
  std::shared_ptr<runtime::Memory> memory;
};

} // namespace

TEST_CASE("eight threads count under a mutex of the guest's") {
  World world;
  CHECK(world.run({"count"}, 2000) == std::vector<u64>(kThreads, 0));
  CHECK(world.once("counter", 0) == u64{kThreads} * 2000);
}

TEST_CASE("four threads send to four others through a queue") {
  World world;
  const auto results = world.run({"produce", "consume"}, 1000);
  u64 sum = 0;
  for (u32 i = 1; i < kThreads; i += 2) {
    CHECK(results[i] != ~u64{0});
    sum += results[i];
  }
  CHECK(sum == u64{kThreads / 2} * 1000 * 1001 / 2);
}

TEST_CASE("eight threads grow one memory while all use it") {
  World world;
  for (u64 pages : world.run({"grow"}, 30)) {
    CHECK(pages != ~u64{0});
  }
  CHECK(world.memory->size_pages() == 1 + u64{kThreads} * 30);
  for (u64 page = 1; page <= u64{kThreads} * 30; ++page) {
    CHECK(*world.memory->slice(page * 65536 + 65535, 0, 1) == 1); // each got a page of its own
  }
  // The maximum of 300 pages holds for all of them together: 59 are left.
  CHECK(world.memory->grow(60) == -1);
  CHECK(world.memory->grow(59) == 241);
}

TEST_CASE("wait: the value differs, the time is over, a notify, an interrupt") {
  World world;
  CHECK(world.once("wait_other", 1) == 1);
  CHECK(world.once("wait", 0) == 2);
  CHECK(world.once("wait", 1) == 2);
  CHECK(world.once("notify", 5) == 0);
  u64 outcome = 99;
  std::thread waiter([&] { outcome = world.once("wait_other", 0); });
  Worker waker(world.worker, world.memory);
  u64 woken = 0;
  while (woken == 0) { // until the other one waits
    woken = waker.call("notify", 5);
    std::this_thread::yield();
  }
  waiter.join();
  CHECK(woken == 1);
  CHECK(outcome == 0);
  Worker late(world.worker, world.memory);
  const runtime::Deadline deadline(late.store, std::chrono::milliseconds(1));
  CHECK(late.call("wait_other", 0) == ~u64{0});
}

TEST_CASE("a shared memory outlives the Store that made it") {
  std::shared_ptr<runtime::Memory> memory;
  std::shared_ptr<const Program> worker;
  {
    World world;
    memory = world.memory;
    worker = world.worker;
  }
  Worker later(worker, memory);
  CHECK(later.call("count", 3) == 0);
  CHECK(later.call("counter", 0) == 3);
  CHECK(later.call("grow", 1) == 2);
}

namespace {

/// A guest that starts its own threads; `thread` and `main` are the bodies.
Result<int> run_guest(const char* main, const char* thread) {
  const std::string text =
      std::string(
          "(module (import \"wasi\" \"thread-spawn\" (func $spawn (param i32) (result i32)))"
          "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
          "(memory (import \"env\" \"memory\") 1 2 shared)"
          "(func (export \"wasi_thread_start\") (param $tid i32) (param $argument i32) ") +
      thread + ") (func (export \"_start\") (local $i i32) " + main + "))";
  return run_program(*program_of(text), {});
}

constexpr const char* kForEver =
    "(drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))";

} // namespace

TEST_CASE("a guest starts threads itself") {
  // Eight threads add their argument; main waits for all, then exits with the sum.
  const auto sum = run_guest(
      R"((loop $next
           (if (i32.le_s (call $spawn (local.get $i)) (i32.const 0)) (then (unreachable)))
           (br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                (i32.const 8))))
         (loop $wait
           (local.set $i (i32.atomic.load (i32.const 0)))
           (if (i32.ne (local.get $i) (i32.const 8))
             (then (drop (memory.atomic.wait32 (i32.const 0) (local.get $i) (i64.const -1)))
                   (br $wait))))
         (call $exit (i32.atomic.load (i32.const 4))))",
      R"((drop (i32.atomic.rmw.add (i32.const 4) (local.get $argument)))
         (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
         (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))");
  REQUIRE_MESSAGE(sum.has_value(), (sum ? "" : sum.error().to_string()));
  CHECK(*sum == 28);
}

TEST_CASE("the program ends with its main thread, with a trap and with an exit of any thread") {
  const std::string spawn = "(drop (call $spawn (i32.const 0)))";
  CHECK(run_guest(spawn.c_str(), kForEver) == 0);
  CHECK(run_guest((spawn + kForEver).c_str(), "(call $exit (i32.const 7))") == 7);
  const auto trapped = run_guest((spawn + kForEver).c_str(), "(unreachable)");
  REQUIRE_FALSE(trapped.has_value());
  CHECK(trapped.error().info().trap_code == static_cast<u32>(ir::TrapCode::unreachable));
  const auto busy = run_guest((spawn + "(loop $again (br $again))").c_str(), "(unreachable)");
  REQUIRE_FALSE(busy.has_value());
  CHECK(busy.error().info().trap_code == static_cast<u32>(ir::TrapCode::unreachable));
}

TEST_CASE("threads beyond the limit are not started") {
  // One more than the limit, all waiting: the last answers -1.
  const auto code = run_guest(
      R"((loop $next
           (if (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0))
             (then (call $exit (i32.eq (local.get $i) (i32.const 256)))))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br $next)))",
      kForEver);
  REQUIRE_MESSAGE(code.has_value(), (code ? "" : code.error().to_string()));
  CHECK(*code == 1);
}

} // namespace petrel
