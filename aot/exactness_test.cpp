// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The programs of "Why exactness needs care": what LLVM would drop or move if a trapping access, a store to
// state or an explicit trap were written down naively. Checked on the final IR at -O2 and -O3.
#include "aot/test_support.h"

#include <doctest/doctest.h>

namespace petrel::aot {
namespace {

using test::count;
using test::function_ir;
using test::has_in_order;
using test::ir_of;

constexpr OptLevel kLevels[] = {OptLevel::O1, OptLevel::O2, OptLevel::O3, OptLevel::Os};

TEST_CASE("exact traps: a global store before a load that may trap survives the next store") {
  for (OptLevel level : kLevels) {
    const std::string f = function_ir(ir_of(R"(
      (memory 1) (global $g (mut i32) (i32.const 0))
      (func $f (export "f") (param i32)
        (global.set $g (i32.const 11))
        (drop (i32.load (local.get 0)))
        (global.set $g (i32.const 22))))",
                                            level),
                                      "wasm_f");
    CHECK(has_in_order(f, {"store volatile i32 11", "load volatile i32", "store volatile i32 22"}));
  }
}

TEST_CASE("exact traps: a global store before an explicit trap survives") {
  for (OptLevel level : kLevels) {
    const std::string f = function_ir(ir_of(R"(
      (global $g (mut i32) (i32.const 0))
      (func $f (export "f") (param i32) (result i32)
        (global.set $g (i32.const 11))
        (i32.div_u (i32.const 100) (local.get 0))
        (global.set $g (i32.const 22))))",
                                            level),
                                      "wasm_f");
    CHECK(has_in_order(f, {"store volatile i32 11", "br i1"}));
    CHECK(count(f, "store volatile i32 22") == 1);
    CHECK(has_in_order(
        f, {"asm sideeffect \"\", \"~{memory}\"()", "call void @llvm.ubsantrap(i8 7)"}));
  }
}

TEST_CASE("exact traps: memory stores before unreachable survive") {
  for (bool bounds : {false, true}) {
    CompileOptions options;
    options.explicit_bounds = bounds;
    const std::string f = function_ir(ir_of(R"(
      (memory 1)
      (func $f (export "f") (param i32)
        (i32.store (local.get 0) (i32.const 77))
        (unreachable)))",
                                            OptLevel::O2, options),
                                      "wasm_f");
    CHECK(has_in_order(f, {bounds ? "store i32 77" : "store volatile i32 77", "asm sideeffect",
                           "llvm.ubsantrap(i8 1)"}));
  }
}

TEST_CASE("exact traps: a load whose value is dropped stays") {
  for (OptLevel level : kLevels) {
    const std::string f = function_ir(ir_of(R"(
      (memory 1)
      (func $f (export "f") (param i32)
        (drop (i64.load8_s offset=5 (local.get 0)))
        (drop (f64.load (local.get 0)))))",
                                            level),
                                      "wasm_f");
    CHECK(has_in_order(f, {"load volatile i8", "load volatile double"}));
  }
}

TEST_CASE("exact traps: a callee that only reads stays although its result is dropped") {
  for (OptLevel level : kLevels) {
    const std::string f = function_ir(ir_of(R"(
      (memory 1)
      (func $get (param i32) (result i32) (i32.load (local.get 0)))
      (func $f (export "f") (param i32)
        (drop (call $get (local.get 0)))))",
                                            level),
                                      "wasm_f");
    CHECK(count(f, "load volatile i32") + count(f, "call i32 @wasm_get") == 1);
  }
}

constexpr const char* kStoreLoop = R"(
    (memory 1)
    (func $f (export "f") (param $at i32) (param $n i32)
      (loop $next
        (i32.store (local.get $at) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))";

TEST_CASE("exact traps: stores in a loop that may trap midway keep their order") {
  const std::string f = function_ir(ir_of(kStoreLoop, OptLevel::Os), "wasm_f");
  CHECK(count(f, "store volatile i32 1") == 1);
  CHECK(count(f, "<8 x i32>") == 0);
  CHECK(count(f, "memset") == 0);
}

TEST_CASE("exact traps: a versioned loop has a range check, a plain copy closed by a barrier, and "
          "the exact one") {
  for (OptLevel level : {OptLevel::O2, OptLevel::O3}) {
    const std::string f = function_ir(ir_of(kStoreLoop, level), "wasm_f");
    CHECK(has_in_order(f, {"icmp ugt i64", "br i1"}));
    CHECK(count(f, "store <8 x i32>") >= 1);
    CHECK(count(f, "asm sideeffect \"\", \"~{memory}\"()") >= 1);
    CHECK(count(f, "store volatile i32 1") == 1);
  }
}

TEST_CASE("exact traps: a loop with an address that is not understood has no second copy") {
  const std::string f = function_ir(ir_of(R"(
    (memory 1)
    (func $f (export "f") (param $at i32) (param $n i32) (result i32)
      (loop $next
        (local.set $at (i32.load (local.get $at)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $at)))"),
                                    "wasm_f");
  CHECK(count(f, "load i32") == 0);
  CHECK(count(f, "load volatile i32") >= 1);
}

TEST_CASE("relaxed traps: accesses are plain") {
  CompileOptions options;
  options.relaxed_traps = true;
  const std::string f = function_ir(ir_of(R"(
    (memory 1) (global $g (mut i32) (i32.const 0))
    (func $f (export "f") (param i32) (result i32)
      (global.set $g (i32.const 5))
      (i32.load (local.get 0))))",
                                          OptLevel::O2, options),
                                    "wasm_f");
  CHECK(count(f, "volatile") == 0);
  CHECK(count(f, "load i32") == 1);
}

TEST_CASE("an empty endless loop stays, and endless recursion is no loop") {
  for (OptLevel level : kLevels) {
    const std::string ir = ir_of(R"(
      (func $spin (export "spin") (loop $again (br $again)))
      (func $deep (export "deep") (result i32) (i32.add (i32.const 1) (call $deep)))
      (func $runaway (export "runaway") (call $runaway)))",
                                 level);
    CHECK(has_in_order(function_ir(ir, "wasm_spin"), {"br label %loop"}));
    CHECK(count(function_ir(ir, "wasm_deep"), "call i32 @wasm_deep") >= 1);
    CHECK(count(function_ir(ir, "wasm_runaway"), "call void @wasm_runaway") >= 1);
    CHECK(count(ir, "mustprogress") == 0);
  }
}

} // namespace
} // namespace petrel::aot
