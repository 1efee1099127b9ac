// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter on hand-assembled modules: register states, side table forms, frames, traps and their offsets, host and
// cross-instance calls. Instruction semantics as such are covered by the specification's scripts.
#include "interp/interp.h"

#include <bit>
#include <doctest/doctest.h>

#include "interp/test_module.h"
#include "ir/side_table.h"

namespace petrel::interp {
namespace {

constexpr u32 kFileStart = 16; // offset of the first body (TestModule)

runtime::StoreConfig config() {
  runtime::StoreConfig made;
  made.interp = &hooks();
  return made;
}

/// A Store with one instance.
struct World {
  explicit World(const TestModule& module, std::vector<runtime::Extern> imports = {},
                 u64 stack_bytes = u64{1} << 20)
      : store([&] {
          runtime::StoreConfig made = config();
          made.max_stack_bytes = stack_bytes;
          return made;
        }()) {
    auto result = store.instantiate(module.build(), imports);
    REQUIRE(result.has_value());
    instance = *result;
  }
  /// Calls function `func`; false: trapped.
  bool call(u32 func, std::vector<RawVal>& args) {
    return store.call(instance->func_ref(FuncIdx(func)), args.data());
  }
  u64 call_u64(u32 func, std::vector<u64> values = {}) {
    std::vector<RawVal> args;
    for (u64 value : values) {
      args.push_back(RawVal::of_i64(value));
    }
    args.resize(args.size() + 8);
    REQUIRE(call(func, args));
    return args[0].i64;
  }
  /// Calls and expects a trap; takes it.
  runtime::Pending trap_of(u32 func, std::vector<u64> values = {}) {
    std::vector<RawVal> args;
    for (u64 value : values) {
      args.push_back(RawVal::of_i64(value));
    }
    args.resize(args.size() + 8);
    REQUIRE_FALSE(call(func, args));
    const runtime::Pending pending = store.pending();
    static_cast<void>(store.take_pending());
    return pending;
  }

  runtime::Store store;
  runtime::Instance* instance = nullptr;
};

std::vector<u8> concat(std::initializer_list<std::vector<u8>> parts) {
  std::vector<u8> out;
  for (const auto& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

const ValType kI32 = ValKind::i32;
const ValType kI64 = ValKind::i64;

TEST_CASE("operands in every register state") {
  // Below the operands of the tested instruction lie 0, 1 or 2 constants, which must survive.
  for (int below = 0; below <= 3; ++below) {
    for (int drops = 0; drops <= 2;
         ++drops) { // dropping makes the state smaller: operands lie in memory
      TestModule m;
      const u32 type = m.add_type({kI32, kI32}, {kI32});
      std::vector<u8> body;
      for (int i = 0; i < below; ++i) {
        body = concat({body, code({0x41, 1 << i})}); // 1, 2, 4
      }
      body = concat({body, code({0x20, 0, 0x20, 1})});
      for (int i = 0; i < drops; ++i) {
        body = concat({body, code({0x41, 9, 0x1a})});
      }
      body = concat({body, code({0x6b})}); // a - b
      for (int i = 0; i < below; ++i) {
        body = concat({body, code({0x41, 0, 0x6a, 0x6a})}); // + 0, + the constant below
      }
      body = concat({body, code({0x0b})});
      m.add_func({.type = type, .locals = 2, .code = body, .side_table = {}});
      World world(m);
      CHECK(world.call_u64(0, {100, 30}) == 70u + (1u << below) - 1);
      CHECK(world.call_u64(0, {0, 1}) == static_cast<u32>((1 << below) - 2));
    }
  }
}

TEST_CASE("select, tee, drop and globals in every state") {
  for (int below = 0; below <= 3; ++below) {
    TestModule m;
    const u32 type = m.add_type({kI32}, {kI32});
    m.add_global(kI32, 5);
    std::vector<u8> body;
    for (int i = 0; i < below; ++i) {
      body = concat({body, code({0x41, 1})});
    }
    // (local.tee 1 (select 10 20 local0)) drop; global += local 1; global
    body = concat({body, code({0x41, 10, 0x41, 20, 0x20, 0, 0x1b, 0x22, 1, 0x1a, 0x23, 0, 0x20, 1,
                               0x6a, 0x24, 0, 0x23, 0})});
    for (int i = 0; i < below; ++i) {
      body = concat({body, code({0x6a})});
    }
    body = concat({body, code({0x0b})});
    m.add_func({.type = type, .locals = 2, .code = body, .side_table = {}});
    World world(m);
    CHECK(world.call_u64(0, {1}) == 15u + static_cast<u32>(below));
    CHECK(world.call_u64(0, {0}) == 35u + static_cast<u32>(below));
  }
}

TEST_CASE("pairs that one handler executes, in every state and with padded second halves") {
  for (int below = 0; below <= 3; ++below) {
    for (int form = 0; form < 4; ++form) {
      TestModule m;
      m.add_type({kI32, kI32}, {kI32});
      std::vector<u8> body;
      for (int i = 0; i < below; ++i) {
        body = concat({body, code({0x41, 1})});
      }
      const std::vector<u8> get1 = (form & 1) != 0 ? code({0x20, 0x81, 0}) : code({0x20, 1});
      const std::vector<u8> drop = (form & 2) != 0 ? code({0x41, 9, 0x1a}) : code({});
      // local 2 = a; (local 2 - b) + 7 - (a - b) + -3, plus the constants below
      body =
          concat({body, code({0x20, 0}), drop, code({0x21, 2, 0x20, 2}), get1, drop,
                  code({0x6b, 0x41, 7, 0x6a, 0x20, 0}), get1, code({0x6b, 0x6b, 0x41, 0x7d, 0x6a}),
                  drop, code({0x21, 2}), get1, code({0x1a, 0x20, 2})});
      for (int i = 0; i < below; ++i) {
        body = concat({body, code({0x6a})});
      }
      m.add_func({.type = 0, .locals = 3, .code = concat({body, code({0x0b})}), .side_table = {}});
      World world(m);
      CHECK(world.call_u64(0, {100, 30}) == 4u + static_cast<u32>(below));
      CHECK(world.call_u64(0, {0, 0xffffffff}) == 4u + static_cast<u32>(below));
    }
  }
}

TEST_CASE("i32.const with i32.add wraps") {
  TestModule m;
  m.add_type({kI32}, {kI64});
  m.add_func({.type = 0,
              .locals = 1,
              .code = code({0x20, 0, 0x41, 1, 0x6a, 0xad, 0x0b}),
              .side_table = {}});
  World world(m);
  CHECK(world.call_u64(0, {0xffffffff}) == 0);
  CHECK(world.call_u64(0, {41}) == 42);
}

TEST_CASE("LEB128 immediates of every length") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  const u32 type64 = m.add_type({}, {kI64});
  m.add_memory(1);
  m.add_global(kI32, 77);
  // local.get 0 padded to 5 bytes, i32.const -1 padded, i32.add; global.get padded; i32.add; local.set padded; local.get
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x20, 0x80, 0x80, 0x80, 0x80, 0,    0x41, 0xff, 0xff, 0xff, 0xff,
                            0x7f, 0x6a, 0x23, 0x80, 0x80, 0x80, 0x80, 0,    0x6a, 0x21, 0x80,
                            0,    0x20, 0x80, 0x80, 0,    0x22, 0x80, 0,    0x0b}),
              .side_table = {}});
  World world1(m);
  CHECK(world1.call_u64(0, {10}) == 86);
  struct Const {
    std::vector<u8> leb;
    i64 value;
  };
  const Const consts[] = {{code({0x3f}), 63},
                          {code({0x40}), -64},
                          {code({0xc0, 0}), 64},
                          {code({0xbf, 0x7f}), -65},
                          {code({0xff, 0x3f}), 8191},
                          {code({0x80, 0x40}), -8192},
                          {code({0x80, 0xc0, 0}), 8192},
                          {code({0xff, 0xff, 0x3f}), 1048575},
                          {code({0x80, 0x80, 0x40}), -1048576},
                          {code({0x80, 0x80, 0xc0, 0}), 1048576},
                          {code({0xff, 0xff, 0xff, 0xff, 7}), 0x7fffffff},
                          {code({0x80, 0x80, 0x80, 0x80, 0x78}), -0x80000000ll},
                          {code({0xff, 0x80, 0x80, 0x80, 0}), 127}};
  for (const Const& c : consts) {
    TestModule n;
    const u32 t32 = n.add_type({}, {kI32});
    const u32 t64 = n.add_type({}, {kI64});
    n.add_func(
        {.type = t32, .code = concat({code({0x41}), c.leb, code({0x0b})}), .side_table = {}});
    n.add_func(
        {.type = t64, .code = concat({code({0x42}), c.leb, code({0x0b})}), .side_table = {}});
    World world(n);
    CHECK(world.call_u64(0) == static_cast<u32>(c.value));
    CHECK(world.call_u64(1) == static_cast<u64>(c.value));
  }
  TestModule big;
  big.add_type({}, {kI64});
  big.add_func(
      {.type = 0,
       .code = code({0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 0x0b}),
       .side_table = {}});
  World world(big);
  CHECK(world.call_u64(0) == u64{1} << 63);
  static_cast<void>(type64);
}

/// (func (param i32) (result i32)): local 0's byte at `offset` bytes, stored then loaded, with a memarg as given.
std::vector<u8> store_load(const std::vector<u8>& memarg, int below) {
  std::vector<u8> body;
  for (int i = 0; i < below; ++i) {
    body = concat({body, code({0x41, 0})});
  }
  body = concat(
      {body, code({0x20, 0, 0x41, 0xb9, 0x0a, 0x36}), memarg, code({0x20, 0, 0x28}), memarg});
  for (int i = 0; i < below; ++i) {
    body = concat({body, code({0x6a})});
  }
  return concat({body, code({0x0b})});
}

TEST_CASE("memory access with memargs of every length; faults name the instruction") {
  const std::pair<std::vector<u8>, u64> memargs[] = {
      {code({2, 0}), 0},
      {code({2, 0x7f}), 127},
      {code({2, 0x80, 1}), 128},
      {code({2, 0xff, 0x7f}), 16383},
      {code({2, 0x80, 0x80, 1}), 16384},
      {code({2, 0x80, 0x80, 0x80, 0}), 0},
      {code({2, 0xff, 0x80, 0x80, 0x80, 0}), 127},
      {code({0x82, 0x80, 0, 4}), 4},
      {code({0x82, 0x80, 0, 0x84, 0x80, 0}), 4},
      {code({2, 0xff, 0xff, 0xff, 0xff, 0x0f}), 0xffffffff},
  };
  for (const auto& [memarg, offset] : memargs) {
    for (int below = 0; below <= 2; ++below) {
      TestModule m;
      m.add_type({kI32}, {kI32});
      m.add_memory(1);
      m.add_func({.type = 0, .locals = 1, .code = store_load(memarg, below), .side_table = {}});
      World world(m);
      if (offset <= 65536 - 4) {
        CHECK(world.call_u64(0, {65536 - 4 - offset}) == 1337);
      }
      const u64 past = offset <= 65536 - 4 ? 65536 - 3 - offset : 0;
      for (u64 address : {past, u64{65536}, u64{0x80000000}, u64{0xffffffff}}) {
        const auto trap = world.trap_of(0, {address});
        CHECK(trap.code == ir::TrapCode::memory_out_of_bounds);
        REQUIRE(trap.frame_count == 1);
        CHECK(trap.frames[0].func_idx == 0);
        CHECK(trap.frames[0].wasm_offset == kFileStart + static_cast<u32>(below) * 2 + 5);
      }
    }
  }
}

TEST_CASE("a load that faults, in every state") {
  for (int opcode = 0x28; opcode <= 0x35; ++opcode) {
    for (int below = 0; below <= 2; ++below) {
      for (int drops = 0; drops <= 1; ++drops) {
        TestModule m;
        m.add_type({kI32}, {});
        m.add_memory(1);
        std::vector<u8> body;
        for (int i = 0; i < below; ++i) {
          body = concat({body, code({0x41, 0})});
        }
        body = concat({body, code({0x20, 0})});
        for (int i = 0; i < drops; ++i) {
          body = concat({body, code({0x41, 0, 0x1a})});
        }
        const u32 at = kFileStart + static_cast<u32>(body.size());
        body = concat({body, code({opcode, 0, 0, 0x1a})});
        for (int i = 0; i < below; ++i) {
          body = concat({body, code({0x1a})});
        }
        m.add_func(
            {.type = 0, .locals = 1, .code = concat({body, code({0x0b})}), .side_table = {}});
        World world(m);
        world.call_u64(0, {0});
        const auto trap = world.trap_of(0, {65536});
        CHECK(trap.code == ir::TrapCode::memory_out_of_bounds);
        REQUIRE(trap.frame_count == 1);
        CHECK(trap.frames[0].wasm_offset == at);
      }
    }
  }
}

u32 near(i32 dpc, i32 dstp) { return ir::BranchEntry{dpc, 0, 0, dstp}.near_word(); }
std::vector<u32> words(std::initializer_list<std::vector<u32>> parts) {
  std::vector<u32> all;
  for (const std::vector<u32>& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}
u32 calls(u32 index, u32 length = 2) { return ir::call_word(index, length); }

/// fib by recursion: if (n < 2) return n; return fib(n - 1) + fib(n - 2)
TestModule::FuncDef fib(u32 type, u32 self) {
  return {.type = type,
          .locals = 1,
          .max_height = 3,
          .code = code({0x20, 0,   0x41, 2,    0x48, 0x04, 0x40,
                        0x20, 0,   0x0f, 0x0b, // 0..10
                        0x20, 0,   0x41, 1,    0x6b, 0x10, static_cast<int>(self),
                        0x20, 0,   0x41, 2,    0x6b, 0x10, static_cast<int>(self),
                        0x6a, 0x0b}),
          .side_table = {near(5, 1), calls(self), calls(self)}};
}

TEST_CASE("recursion, backtrace and the stack limit") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  const u32 nothing = m.add_type({}, {});
  m.add_func(fib(type, 0));
  // 1: calls itself for ever; 2: unreachable, called by 3 through 4
  m.add_func({.type = nothing, .code = code({0x10, 1, 0x0b}), .side_table = {calls(1)}});
  m.add_func({.type = nothing, .code = code({0x01, 0x00, 0x0b}), .side_table = {}});
  m.add_func({.type = nothing, .code = code({0x01, 0x10, 2, 0x0b}), .side_table = {calls(2)}});
  m.add_func({.type = nothing,
              .code = code({0x01, 0x01, 0x10, 0x83, 0, 0x0b}),
              .side_table = {calls(3, 3)}});
  World world(m);
  CHECK(world.call_u64(0, {20}) == 6765);
  auto trap = world.trap_of(1);
  CHECK(trap.code == ir::TrapCode::call_stack_exhausted);
  CHECK(trap.frames_total > 1000);
  CHECK(trap.frame_count == runtime::Pending::kMaxFrames);
  trap = world.trap_of(4);
  CHECK(trap.code == ir::TrapCode::unreachable);
  REQUIRE(trap.frame_count == 3);
  const u32 start2 = kFileStart + 27 + 3;
  CHECK(trap.frames[0].func_idx == 2);
  CHECK(trap.frames[0].wasm_offset == start2 + 1);
  CHECK(trap.frames[1].func_idx == 3);
  CHECK(trap.frames[1].wasm_offset == start2 + 3 + 1);
  CHECK(trap.frames[2].func_idx == 4);
  CHECK(trap.frames[2].wasm_offset == start2 + 3 + 4 + 2);
  CHECK(world.call_u64(0, {10}) == 55);
}

TEST_CASE("the stack limit holds for frames with many locals") {
  TestModule m;
  const u32 nothing = m.add_type({}, {});
  m.add_func(
      {.type = nothing, .locals = 50000, .code = code({0x10, 0, 0x0b}), .side_table = {calls(0)}});
  m.add_func({.type = nothing, .locals = 300000, .code = code({0x0b}), .side_table = {}});
  World world(m);
  CHECK(world.trap_of(0).frames_total == 5); // 4 MiB of value stack, 800 KB each
  CHECK(world.trap_of(1).code == ir::TrapCode::call_stack_exhausted);
}

TEST_CASE("loop with back edge; interrupt") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  // local1 = sum; loop: sum += n; n -= 1; br_if loop n; end; sum
  m.add_func({.type = type,
              .locals = 2,
              .code = code({0x03, 0x40, 0x20, 1,    0x20, 0,    0x6a, 0x21, 1,    0x20, 0,
                            0x41, 1,    0x6b, 0x22, 0,    0x0d, 0,    0x0b, 0x20, 1,    0x0b}),
              .side_table = {near(-14, 0)}});
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x03, 0x40, 0x0c, 0, 0x0b, 0x00, 0x0b}),
              .side_table = {near(0, 0)}});
  World world(m);
  CHECK(world.call_u64(0, {1000}) == 500500);
  world.store.interrupt();
  for (u32 func : {0u, 1u}) { // 1: a br that jumps to itself
    const auto trap = world.trap_of(func, {1000});
    CHECK(trap.code == ir::TrapCode::interrupt);
    CHECK(trap.frame_count == 1);
  }
}

TEST_CASE("branches with operand motion, and far ones without") {
  struct Form {
    u32 keep;
    u32 drop;
  };
  // block (result i32 × keep): drop × const 1, keep × const (2, 3, …), br; … end; then sum of the kept ones
  for (const Form& form : {Form{0, 1}, Form{1, 1}, Form{1, 63}, Form{2, 3}, Form{3, 62}, Form{4, 1},
                           Form{0, 2}, Form{0, 0}, Form{1, 0}, Form{2, 0}}) {
    TestModule m;
    m.add_type({}, {kI32});
    std::vector<u8> body = code({0x41, 100, 0x02, 0x40});
    for (u32 i = 0; i < form.drop; ++i) {
      body = concat({body, code({0x41, 1})});
    }
    for (u32 i = 0; i < form.keep; ++i) {
      body = concat({body, code({0x41, static_cast<int>(i) + 2})});
    }
    body = concat({body, code({0x0c, 0, 0x00, 0x0b})}); // br; unreachable; end
    u32 expected = static_cast<u32>(-28);               // i32.const with byte 100
    for (u32 i = 0; i < form.keep; ++i) {
      body = concat({body, code({0x6a})});
      expected += i + 2;
    }
    body = concat({body, code({0x0b})});
    m.add_func({.type = 0,
                .max_height = 100,
                .code = body,
                .side_table = {ir::BranchEntry::far_word(2), 0xbad, 3, form.keep, form.drop, 0}});
    World world(m);
    CHECK(world.call_u64(0) == expected);
  }
}

TEST_CASE("comparisons and tests in front of a br_if, in every state") {
  // block (result i32); below × const 1; a < b (or eqz of a - b); br_if 0; … the fall sums up with 50
  for (bool is_test : {false, true}) {
    for (int below = 1; below <= 3; ++below) {
      for (bool is_padded : {false, true}) {
        TestModule m;
        m.add_type({kI32, kI32}, {kI32});
        std::vector<u8> body = code({0x02, 0x7f});
        for (int i = 0; i < below; ++i) {
          body = concat({body, code({0x41, i + 1})});
        }
        body =
            concat({body, code({0x20, 0, 0x20, 1}), is_test ? code({0x6b, 0x45}) : code({0x48})});
        const std::vector<u8> branch = is_padded ? code({0x0d, 0x80, 0x80, 0}) : code({0x0d, 0});
        std::vector<u8> fall;
        for (int i = 1; i < below; ++i) {
          fall = concat({fall, code({0x6a})});
        }
        fall = concat({fall, code({0x41, 50, 0x6a, 0x0b, 0x0b})});
        const i32 dpc = static_cast<i32>(branch.size() + fall.size() - 2);
        const u32 drop = static_cast<u32>(below - 1);
        m.add_func({.type = 0,
                    .locals = 2,
                    .code = concat({body, branch, fall}),
                    .side_table = {drop == 0 ? near(dpc, 1) : ir::BranchEntry::far_word(1),
                                   static_cast<u32>(dpc), 1, drop, 0}});
        World world(m);
        const u32 fallen = static_cast<u32>(below * (below + 1) / 2 + 50);
        CHECK(world.call_u64(0, {1, is_test ? 1u : 2u}) == static_cast<u32>(below));
        CHECK(world.call_u64(0, {0xffffffff, is_test ? 0xffffffff : 0u}) ==
              static_cast<u32>(below));
        CHECK(world.call_u64(0, {2, 1}) == fallen);
      }
    }
  }
}

TEST_CASE("br_if not taken over a far entry and a padded label; if with a padded block type") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  // block: local.get 0; br_if 0 (padded label, far entry); call 1 -> not taken reads the next entry; end; const 7
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x02, 0x40, 0x20, 0, 0x0d, 0x80, 0x80, 0, 0x41, 5, 0x10, 1, 0x0f, 0x0b,
                            0x41, 7, 0x0b}),
              .side_table = {ir::BranchEntry::far_word(2), calls(1), 9, 0, 0, 0}});
  m.add_func(
      {.type = type, .locals = 1, .code = code({0x20, 0, 0x41, 1, 0x6a, 0x0b}), .side_table = {}});
  // if (result i32) with a padded type, else
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x20, 0, 0x04, 0xff, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x0b}),
              .side_table = {near(6, 2), near(3, 1)}});
  World world(m);
  CHECK(world.call_u64(0, {1}) == 7);
  CHECK(world.call_u64(0, {0}) == 6);
  CHECK(world.call_u64(2, {1}) == 1);
  CHECK(world.call_u64(2, {0}) == 2);
}

TEST_CASE("br_table: one-byte and padded counts, motion in records") {
  for (bool is_padded : {false, true}) {
    TestModule m;
    m.add_type({kI32}, {kI32});
    // const 40; block; block; block; const 1,2 (one kept over one); local.get 0; br_table 0 1 (default 2) end…
    // Labels: 0 without motion needs matching heights, so only entries 1 and 2 move.
    std::vector<u8> head =
        code({0x41, 40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x41, 1, 0x41, 2, 0x20, 0});
    std::vector<u8> table =
        is_padded ? code({0x0e, 0x82, 0x80, 0, 0, 1, 2}) : code({0x0e, 2, 0, 1, 2});
    const i32 length = static_cast<i32>(table.size());
    // end(0): 40 1 2 -> add, return; end(1): 40 2 -> sub, return; end(2): 40 -> end
    const std::vector<u8> tail = code({0x0b, 0x6a, 0x0f, 0x0b, 0x6b, 0x0f, 0x0b, 0x0b});
    const auto record = [&](i32 offset, u32 keep, u32 drop) {
      return std::vector<u32>{static_cast<u32>(length + offset), keep, drop, 0};
    };
    m.add_func({.type = 0,
                .locals = 1,
                .code = concat({head, table, tail}),
                .side_table = words({{near(length, 3), ir::BranchEntry::far_word(2),
                                      ir::BranchEntry::far_word(1 + 4)},
                                     record(3, 1, 1),
                                     record(6, 0, 2)})});
    World world(m);
    CHECK(world.call_u64(0, {0}) == 3);
    CHECK(world.call_u64(0, {1}) == 38);
    CHECK(world.call_u64(0, {2}) == 40);
    CHECK(world.call_u64(0, {3}) == 40);
    CHECK(world.call_u64(0, {0xffffffff}) == 40);
  }
}

TEST_CASE("runs of blocks are skipped through their entry") {
  TestModule m;
  m.add_type({kI32}, {kI32});
  std::vector<u8> body;
  for (int i = 0; i < 6; ++i) {
    body = concat({body, code({0x02, 0x40})});
  }
  body = concat({body, code({0x20, 0, 0x0d, 2, 0x41, 1, 0x0f, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
                             0x41, 2, 0x0b})});
  m.add_func({.type = 0, .locals = 1, .code = body, .side_table = {12, near(7, 1)}});
  World world(m);
  CHECK(world.call_u64(0, {0}) == 1);
  CHECK(world.call_u64(0, {1}) == 2);
}

TEST_CASE("several results, more than locals") {
  TestModule m;
  const u32 many = m.add_type({}, {kI32, kI32, kI32, kI32, kI32});
  const u32 one = m.add_type({}, {kI32});
  m.add_func({.type = many,
              .code = code({0x41, 1, 0x41, 2, 0x41, 3, 0x41, 4, 0x41, 5, 0x0b}),
              .side_table = {}});
  m.add_func({.type = one,
              .code = code({0x41, 10, 0x10, 0, 0x6b, 0x6b, 0x6b, 0x6b, 0x6a, 0x0b}),
              .side_table = {calls(0)}});
  // extra operands below the results are left behind by return
  m.add_func({.type = many,
              .code = code({0x41, 9, 0x41, 1, 0x41, 2, 0x41, 3, 0x41, 4, 0x41, 5, 0x0f, 0x0b}),
              .side_table = {}});
  World world(m);
  for (u32 func : {0u, 2u}) {
    std::vector<RawVal> results(5);
    REQUIRE(world.call(func, results));
    for (u32 i = 0; i < 5; ++i) {
      CHECK(results[i].i32 == i + 1);
    }
  }
  CHECK(world.call_u64(1) == 10 + 1 - (2 - (3 - (4 - 5))));
}

TEST_CASE("locals start at zero also where an earlier frame lay") {
  TestModule m;
  const u32 type = m.add_type({}, {kI64});
  m.add_func({.type = type,
              .locals = 3,
              .code = code({0x20, 0, 0x20, 1, 0x84, 0x20, 2, 0x84, 0x0b}),
              .side_table = {}});
  m.add_func({.type = type,
              .code = code({0x42, 0x7f, 0x42, 0x7f, 0x42, 0x7f, 0x42, 0x7f, 0x42, 0x7f, 0x1a, 0x1a,
                            0x1a, 0x1a, 0x1a, 0x10, 0, 0x0b}),
              .side_table = {calls(0)}});
  World world(m);
  CHECK(world.call_u64(1) == 0);
}

TEST_CASE("numeric traps name the instruction") {
  struct Case {
    int opcode;
    u64 left;
    u64 right;
    ir::TrapCode code;
  };
  const u64 nan64 = std::bit_cast<u64>(__builtin_nan(""));
  for (const Case& c : {Case{0x6d, 1, 0, ir::TrapCode::integer_divide_by_zero},
                        Case{0x6d, 0x80000000, 0xffffffff, ir::TrapCode::integer_overflow},
                        Case{0x6e, 1, 0, ir::TrapCode::integer_divide_by_zero},
                        Case{0x6f, 1, 0, ir::TrapCode::integer_divide_by_zero},
                        Case{0x70, 1, 0, ir::TrapCode::integer_divide_by_zero},
                        Case{0x7f, u64{1} << 63, ~u64{0}, ir::TrapCode::integer_overflow},
                        Case{0xaa, 0, nan64, ir::TrapCode::invalid_conversion_to_integer},
                        Case{0xaa, 0, std::bit_cast<u64>(3e9), ir::TrapCode::integer_overflow}}) {
    for (int below = 0; below <= 2; ++below) {
      TestModule m;
      m.add_type({kI64, kI64}, {});
      std::vector<u8> body;
      for (int i = 0; i < below; ++i) {
        body = concat({body, code({0x41, 0})});
      }
      body = concat({body, code({0x20, 0, 0x20, 1, c.opcode})});
      m.add_func(
          {.type = 0, .locals = 2, .code = concat({body, code({0x00, 0x0b})}), .side_table = {}});
      World world(m);
      const auto trap = world.trap_of(0, {c.left, c.right});
      CHECK(trap.code == c.code);
      REQUIRE(trap.frame_count == 1);
      CHECK(trap.frames[0].wasm_offset == kFileStart + static_cast<u32>(below) * 2 + 4);
    }
  }
}

TEST_CASE("bulk operations and growth") {
  TestModule m;
  const u32 type = m.add_type({kI32, kI32, kI32}, {});
  const u32 grow = m.add_type({kI32}, {kI32});
  m.add_memory(1);
  // memory.fill with its opcode and index padded; offset of the trap is the prefix
  m.add_func({.type = type,
              .locals = 3,
              .code = code({0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x8b, 0x80, 0, 0x80, 0, 0x0b}),
              .side_table = {}});
  m.add_func({.type = type,
              .locals = 3,
              .code = code({0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b}),
              .side_table = {}});
  m.add_func({.type = grow,
              .locals = 1,
              .code = code({0x20, 0, 0x40, 0, 0x1a, 0x3f, 0, 0x0b}),
              .side_table = {}});
  m.add_func(
      {.type = grow, .locals = 1, .code = code({0x20, 0, 0x2d, 0, 0, 0x0b}), .side_table = {}});
  World world(m);
  world.call_u64(0, {65530, 0x1ff, 6});
  CHECK(world.call_u64(3, {65530}) == 0xff);
  CHECK(world.call_u64(3, {65529}) == 0);
  world.call_u64(1, {0, 65529, 2});
  CHECK(world.call_u64(3, {1}) == 0xff);
  auto trap = world.trap_of(0, {65530, 0, 7});
  CHECK(trap.code == ir::TrapCode::memory_out_of_bounds);
  CHECK(trap.frames[0].wasm_offset == kFileStart + 6);
  CHECK(world.trap_of(3, {65536}).code == ir::TrapCode::memory_out_of_bounds);
  CHECK(world.call_u64(2, {1}) == 2);
  CHECK(world.call_u64(3, {65536}) == 0);
  CHECK(world.call_u64(2, {0x10000}) == 2);
}

TEST_CASE("saturating truncation behind a padded prefix") {
  TestModule m;
  m.add_type({kI64}, {kI32});
  m.add_func({.type = 0,
              .locals = 1,
              .code = code({0x20, 0, 0xfc, 0x82, 0x80, 0, 0x41, 1, 0x6a, 0x0b}),
              .side_table = {}});
  World world(m);
  CHECK(world.call_u64(0, {std::bit_cast<u64>(41.5)}) == 42);
  CHECK(world.call_u64(0, {std::bit_cast<u64>(1e30)}) == 0x80000000);
}

// --- Calls that leave the instance -------------------------------------------------------------------------

struct HostState {
  World* world = nullptr;
  u32 reenter = 0;
  u32 depth_seen = 0;
};

TEST_CASE("host functions, re-entry and their traps") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  m.import_func(type); // 0
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x41, 1, 0x20, 0, 0x10, 0, 0x6a, 0x0b}),
              .side_table = {calls(0)}}); // 1
  m.add_func({.type = type,
              .locals = 1,
              .code = code({0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x0b}),
              .side_table = {calls(1)}});                                                      // 2
  m.add_func({.type = type, .locals = 1, .code = code({0x01, 0x00, 0x0b}), .side_table = {}}); // 3
  HostState state;
  const auto host = [](runtime::HostCall& call, RawVal* args) {
    auto& s = *static_cast<HostState*>(call.data);
    ++s.depth_seen;
    u32 frames = 0;
    walk(
        call.store.vm(), [](void* data, const WalkedFrame&) { ++*static_cast<u32*>(data); },
        &frames);
    CHECK(frames == s.depth_seen * 2);
    bool ok = true;
    if (args[0].i32 == 99) {
      ok = call.store.call(s.world->instance->func_ref(FuncIdx(3)), args);
    } else if (args[0].i32 != 0) {
      ok = call.store.call(s.world->instance->func_ref(FuncIdx(2)), args); // 2 -> 1 -> host again
    }
    --s.depth_seen;
    return ok;
  };
  World world(TestModule{});
  state.world = &world;
  const ValType types[] = {kI32};
  ir::FuncRef* func = world.store.make_host_func(types, types, host, &state);
  auto instance = world.store.instantiate(m.build(), std::vector{runtime::Extern::of(func)});
  REQUIRE(instance.has_value());
  world.instance = *instance;
  CHECK(world.call_u64(2, {1}) == 1);
  CHECK(world.call_u64(2, {6}) == 6);
  const auto trap = world.trap_of(2, {100});
  CHECK(trap.code == ir::TrapCode::unreachable);
  REQUIRE(trap.frame_count == 3);
  CHECK(trap.frames[0].func_idx == 3);
  CHECK(trap.frames[1].func_idx == 1);
  CHECK(trap.frames[2].func_idx == 2);
  CHECK(world.call_u64(2, {1}) == 1);
}

TEST_CASE("a memory fault below a host function leaves both activations") {
  TestModule m;
  const u32 type = m.add_type({}, {});
  m.import_func(type);
  m.add_memory(1);
  m.add_func({.type = type, .code = code({0x01, 0x10, 0, 0x0b}), .side_table = {calls(0)}}); // 1
  m.add_func(
      {.type = type, .code = code({0x41, 0x7f, 0x41, 0, 0x37, 3, 0, 0x0b}), .side_table = {}}); // 2
  m.add_func(
      {.type = type, .code = code({0x41, 0, 0x41, 9, 0x36, 2, 0, 0x0b}), .side_table = {}}); // 3
  World world(TestModule{});
  const auto host = [](runtime::HostCall& call, RawVal* args) {
    World& w = *static_cast<World*>(call.data);
    CHECK(call.store.call(w.instance->func_ref(FuncIdx(3)), args));
    return call.store.call(w.instance->func_ref(FuncIdx(2)), args);
  };
  ir::FuncRef* func = world.store.make_host_func({}, {}, host, &world);
  world.instance = *world.store.instantiate(m.build(), std::vector{runtime::Extern::of(func)});
  for (int again = 0; again < 3; ++again) {
    const auto trap = world.trap_of(1);
    CHECK(trap.code == ir::TrapCode::memory_out_of_bounds);
    REQUIRE(trap.frame_count == 2);
    CHECK(trap.frames[0].func_idx == 2);
    CHECK(trap.frames[0].wasm_offset == kFileStart + 4 + 4);
    CHECK(trap.frames[1].func_idx == 1);
    CHECK(trap.frames[1].wasm_offset == kFileStart + 1);
  }
  CHECK(world.instance->memory(MemIdx(0)).base()[0] == 9);
}

TEST_CASE("endless re-entry through the host ends as a trap") {
  TestModule m;
  const u32 type = m.add_type({}, {});
  m.import_func(type);
  m.add_func({.type = type, .code = code({0x10, 0, 0x0b}), .side_table = {calls(0)}});
  World world(TestModule{});
  const auto host = [](runtime::HostCall& call, RawVal* args) {
    return call.store.call(static_cast<World*>(call.data)->instance->func_ref(FuncIdx(1)), args);
  };
  ir::FuncRef* func = world.store.make_host_func({}, {}, host, &world);
  world.instance = *world.store.instantiate(m.build(), std::vector{runtime::Extern::of(func)});
  const auto trap = world.trap_of(1);
  CHECK(trap.code == ir::TrapCode::call_stack_exhausted);
  CHECK(trap.frames_total > 100);
}

TEST_CASE("calls into another instance use its memory and globals and come back") {
  TestModule callee;
  const u32 type = callee.add_type({kI32}, {kI32});
  callee.add_memory(1);
  callee.add_global(kI32, 1000);
  // mem[0] += arg; result mem[0] + global 0; traps when the argument is 7
  callee.add_func({.type = type,
                   .locals = 1,
                   .code = code({0x20, 0, 0x41, 7, 0x46, 0x04, 0x40, 0x00, 0x0b, 0x41, 0,
                                 0x41, 0, 0x28, 2, 0,    0x20, 0,    0x6a, 0x36, 2,    0,
                                 0x41, 0, 0x28, 2, 0,    0x23, 0,    0x6a, 0x0b}),
                   .side_table = {near(3, 1)}});
  TestModule caller;
  caller.add_type({kI32}, {kI32});
  caller.import_func(0);
  caller.add_memory(1);
  caller.add_global(kI32, 5);
  caller.add_table({0, 1, 2});
  // 1: mem[0] = 50; import(arg) + mem[0] + global 0
  caller.add_func({.type = 0,
                   .locals = 1,
                   .code = code({0x41, 0, 0x41, 50, 0x36, 2,    0,    0x20, 0,    0x10, 0,
                                 0x41, 0, 0x28, 2,  0,    0x6a, 0x23, 0,    0x6a, 0x0b}),
                   .side_table = {calls(0)}});
  // 2: call_indirect (local 0) with argument 1; then + mem[0]
  caller.add_func({.type = 0,
                   .locals = 1,
                   .code = code({0x41, 1, 0x20, 0, 0x11, 0, 0, 0x41, 0, 0x28, 2, 0, 0x6a, 0x0b}),
                   .side_table = {calls(0, 3)}});
  World world(callee);
  ir::FuncRef* exported = world.instance->func_ref(FuncIdx(0));
  runtime::Instance* first = world.instance;
  world.instance =
      *world.store.instantiate(caller.build(), std::vector{runtime::Extern::of(exported)});
  CHECK(world.call_u64(1, {3}) == 3 + 1000 + 50 + 5);
  CHECK(world.call_u64(2, {0}) == 4 + 1000 + 50);
  CHECK(world.call_u64(2, {1}) == 5 + 1000 + 50 + 5 + 50);
  auto trap = world.trap_of(1, {7});
  CHECK(trap.code == ir::TrapCode::unreachable);
  REQUIRE(trap.frame_count == 2);
  CHECK(trap.frames[0].instance == first);
  CHECK(trap.frames[1].instance == world.instance);
  CHECK(trap.frames[1].wasm_offset == kFileStart + 9);
  CHECK(world.trap_of(2, {3}).code == ir::TrapCode::uninitialized_element);
  CHECK(world.trap_of(2, {4}).code == ir::TrapCode::undefined_element);
  CHECK(world.trap_of(2, {0xffffffff}).code == ir::TrapCode::undefined_element);
  CHECK(world.call_u64(1, {1}) == 6 + 1000 + 50 + 5);
}

TEST_CASE("call_indirect checks the type") {
  TestModule m;
  const u32 type = m.add_type({kI32}, {kI32});
  const u32 other = m.add_type({kI64}, {kI32});
  m.add_table({0, 1});
  m.add_func({.type = type, .locals = 1, .code = code({0x20, 0, 0x0b}), .side_table = {}});
  m.add_func({.type = other, .locals = 1, .code = code({0x41, 3, 0x0b}), .side_table = {}});
  for (const auto& call : {code({0x11, 0, 0}), code({0x11, 0x80, 0x80, 0, 0x80, 0})}) {
    m.add_func({.type = type,
                .locals = 1,
                .code = concat({code({0x41, 8, 0x20, 0}), call, code({0x0b})}),
                .side_table = {calls(0, static_cast<u32>(call.size()))}});
  }
  World world(m);
  for (u32 func : {2u, 3u}) {
    CHECK(world.call_u64(func, {0}) == 8);
    const auto trap = world.trap_of(func, {1});
    CHECK(trap.code == ir::TrapCode::indirect_call_type_mismatch);
    REQUIRE(trap.frame_count == 1);
    CHECK(trap.frames[0].func_idx == func);
    CHECK(world.trap_of(func, {2}).code == ir::TrapCode::uninitialized_element);
  }
}

} // namespace
} // namespace petrel::interp
