// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which addresses an access may reach: every kind of access x kind of memory x offset x address near an edge, against the
// sum in 128 bits (reliability: "Address arithmetic").
#include <string>

#include "base/format.h"
#include "embed/program.h"
#include "interp/interp.h"
#include "runtime/instance.h"

#undef CHECK // doctest has its own
#include <doctest/doctest.h>

namespace petrel {
namespace {

using u128 = unsigned __int128;

struct Kind {
  const char* memories; ///< the last one is accessed
  u32 index;
  bool is_64;
  u64 size_bytes;
};
constexpr Kind kKinds[] = {
    {"(memory 1)", 0, false, 0x10000},
    {"(memory 0)", 0, false, 0},
    {"(memory 1 2 shared)", 0, false, 0x10000},
    {"(memory i64 1)", 0, true, 0x10000},
    {"(memory i64 0)", 0, true, 0},
    {"(memory 100 (pagesize 1))", 0, false, 100},
    {"(memory i64 4097 (pagesize 1))", 0, true, 4097},
    {"(memory 2) (memory 1)", 1, false, 0x10000},
    {"(memory 2) (memory i64 1)", 1, true, 0x10000},
    {"(memory i64 2) (memory 1)", 1, false, 0x10000},
    {"(memory 0) (memory 0) (memory 100 (pagesize 1))", 2, false, 100},
};

struct Access {
  const char* name;
  const char* operands; ///< behind the address
  u32 size_bytes;
  bool is_store;
  bool is_atomic;
};
constexpr Access kAccesses[] = {
    {"i32.load8_u", "", 1, false, false},
    {"i64.load16_s", "", 2, false, false},
    {"f32.load", "", 4, false, false},
    {"i64.load", "", 8, false, false},
    {"i32.store8", "(i32.const 7)", 1, true, false},
    {"i64.store32", "(i64.const 7)", 4, true, false},
    {"f64.store", "(f64.const 7)", 8, true, false},
    {"i32.atomic.load8_u", "", 1, false, true},
    {"i64.atomic.load", "", 8, false, true},
    {"i32.atomic.store16", "(i32.const 7)", 2, true, true},
    {"i32.atomic.rmw.add", "(i32.const 7)", 4, false, true},
    {"i64.atomic.rmw32.cmpxchg_u", "(i64.const 7) (i64.const 7)", 4, false, true},
    {"memory.atomic.notify", "(i32.const 1)", 4, false, true},
};
constexpr u64 kOffsets[] = {0, 1, 127, 128, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
constexpr u64 kFarOffsets[] = {0x100000000, u64{1} << 63, ~u64{0} - 8, ~u64{0}};

/// A function per access, called "0", "1", …
std::string module_text(const Kind& kind, u64 offset) {
  std::string text = strf("(module %s", kind.memories);
  u32 number = 0;
  for (const Access& access : kAccesses) {
    const std::string instruction =
        strf("(%s %u offset=%llu (local.get 0) %s)", access.name, kind.index,
             static_cast<unsigned long long>(offset), access.operands);
    text += strf("(func (export \"%u\") (param %s) ", number++, kind.is_64 ? "i64" : "i32");
    text += access.is_store ? instruction : "(drop " + instruction + ")";
    text += ")";
  }
  return text + ")";
}

std::vector<u64> addresses(const Kind& kind, u64 offset) {
  std::vector<u64> all;
  for (u64 below = 0; below <= 17; ++below) {
    all.push_back(kind.size_bytes - below);          // the end; near 2^64 for small ones
    all.push_back(kind.size_bytes - offset - below); // the end with the offset
  }
  all.insert(all.end(), {0, 1, 8, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff, 0x100000000,
                         u64{1} << 63, ~u64{0} - 7, ~u64{0}});
  for (u64& address : all) {
    address = kind.is_64 ? address : address & 0xffffffff;
  }
  return all;
}

/// 0: fine.
u32 expected_trap(const Kind& kind, const Access& access, u64 address, u64 offset) {
  const u128 start = u128{address} + offset;
  if (access.is_atomic && start % access.size_bytes != 0) {
    return static_cast<u32>(ir::TrapCode::unaligned_atomic);
  }
  return start + access.size_bytes > kind.size_bytes
             ? static_cast<u32>(ir::TrapCode::memory_out_of_bounds)
             : 0;
}

void check_kind(const Kind& kind, u64 offset) {
  const std::string text = module_text(kind, offset);
  ProgramOptions options;
  options.decode.features = options.decode.features.with(ir::Feature::CustomPageSizes);
  auto bytes = sys::FileBytes::copy_of(as_bytes(text));
  REQUIRE(bytes.has_value());
  auto program = Program::from_bytes(std::move(*bytes), options);
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().to_string()));
  runtime::StoreConfig config;
  config.interp = &interp::hooks();
  runtime::Store store(config);
  auto instance = store.instantiate((*program)->core_module(), {});
  REQUIRE(instance.has_value());
  u32 number = 0;
  for (const Access& access : kAccesses) {
    ir::FuncRef* const func = (*instance)->find_export(std::to_string(number++))->func;
    for (u64 address : addresses(kind, offset)) {
      RawVal args[1] = {RawVal::of_i64(address)};
      const Status done = store.call_checked(func, args);
      const u32 found = done ? 0 : done.error().info().trap_code;
      if (found != expected_trap(kind, access, address, offset)) {
        FAIL_CHECK(kind.memories, " ", access.name, " offset ", offset, " address ", address,
                   ": trap ", found);
      }
    }
  }
}

} // namespace

TEST_CASE("accesses at every edge of every kind of memory") {
  for (const Kind& kind : kKinds) {
    for (u64 offset : kOffsets) {
      check_kind(kind, offset);
    }
    for (u64 offset : kFarOffsets) {
      if (kind.is_64) {
        check_kind(kind, offset);
      }
    }
  }
}

TEST_CASE("instances with other kinds of memory call each other") {
  // Each direction switches the handlers: a guarded memory 0, then one without guard, and back.
  const char* const kCallee =
      "(module (memory i64 1) (data (i64.const 70) \"\\2a\")"
      " (func (export \"far\") (param i64) (result i32) (i32.load8_u offset=6 (local.get 0))))";
  const char* const kCaller =
      "(module (import \"\" \"far\" (func $far (param i64) (result i32))) (memory 1)"
      " (data (i32.const 5) \"\\01\")"
      " (func (export \"run\") (result i32) (i32.add (call $far (i64.const 64))"
      "   (i32.load8_u (i32.const 5))))"
      " (func (export \"trap\") (result i32)"
      "   (drop (call $far (i64.const 64))) (i32.load8_u (i32.const -1))))";
  runtime::StoreConfig config;
  config.interp = &interp::hooks();
  runtime::Store store(config);
  std::vector<std::shared_ptr<const Program>> programs;
  auto make = [&](const char* text, std::span<const runtime::Extern> imports) {
    auto bytes = sys::FileBytes::copy_of(as_bytes(std::string_view(text)));
    auto program = Program::from_bytes(std::move(*bytes), {});
    REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().to_string()));
    programs.push_back(*program);
    auto instance = store.instantiate((*program)->core_module(), imports);
    REQUIRE(instance.has_value());
    return *instance;
  };
  const runtime::Extern far = *make(kCallee, {})->find_export("far");
  runtime::Instance* const caller = make(kCaller, {&far, 1});
  RawVal args[1] = {};
  REQUIRE(store.call_checked(caller->find_export("run")->func, args).has_value());
  CHECK(args[0].i64 == 43);
  const Status trapped = store.call_checked(caller->find_export("trap")->func, args);
  REQUIRE_FALSE(trapped.has_value());
  CHECK(trapped.error().info().trap_code == static_cast<u32>(ir::TrapCode::memory_out_of_bounds));
}

} // namespace petrel
