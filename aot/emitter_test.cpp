// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How instructions look in IR: addresses, calls, tables, numeric corner cases.
#include "aot/test_support.h"

#include <doctest/doctest.h>

namespace petrel::aot {
namespace {

using test::assembly_of;
using test::count;
using test::function_ir;
using test::has_in_order;
using test::ir_of;

TEST_CASE("addresses: zero-extended index, offset added in 64 bits, never inbounds") {
  const std::string f = function_ir(ir_of(R"(
    (memory 1)
    (func $f (export "f") (param i32) (result i32) (i32.load offset=0xffffffff (local.get 0))))"),
                                    "wasm_f");
  CHECK(has_in_order(f, {"zext i32 %1 to i64", "getelementptr i8", "i64 4294967295",
                         "load volatile i32", "align 1"}));
  CHECK(count(f, "inbounds") == 0);
  CHECK(count(f, "!invariant.load") == 1);
}

TEST_CASE("addresses: explicit bounds compare the end in 64 bits") {
  CompileOptions options;
  options.explicit_bounds = true;
  const std::string f = function_ir(ir_of(R"(
    (memory 1)
    (func $f (export "f") (param i32) (result i64) (i64.load offset=16 (local.get 0))))",
                                          OptLevel::O1, options),
                                    "wasm_f");
  CHECK(has_in_order(f, {"zext i32 %1 to i64", ", 24", "icmp ugt i64", "llvm.ubsantrap(i8 2)"}));
}

TEST_CASE("calls: context in swiftself, one result in its register, several through memory") {
  const std::string ir = ir_of(R"(
    (import "m" "imported" (func $imported (param i32) (result i32)))
    (func $two (export "two") (result i32 f64) (i32.const 1) (f64.const 2))
    (func $f (export "f") (param i32) (result i32) (call $two) (drop) (call $imported) ))",
                               OptLevel::O0);
  CHECK(count(ir, "define hidden void @wasm_two(ptr noundef nonnull swiftself align 16 "
                  "dereferenceable(128) %0, "
                  "ptr noalias noundef align 16 %1)") == 1);
  const std::string f = function_ir(ir, "wasm_f");
  CHECK(has_in_order(f, {"call void @wasm_two(ptr swiftself %0, ptr noalias noundef align 16",
                         "load ptr", "!invariant.load", "call i32 %", "(ptr swiftself %"}));
}

TEST_CASE("tail calls: functions that make them have the tail convention and a native entry") {
  const std::string ir = ir_of(R"(
    (func $f (export "f") (param i32) (result i32) (return_call $g (local.get 0) (i64.const 1)))
    (func $g (param i32 i64) (result i32) (return_call $plain (local.get 0)))
    (func $plain (param i32) (result i32) (local.get 0)))",
                               OptLevel::O0);
  CHECK(has_in_order(ir, {"define hidden swifttailcc i32 @wasm_f(",
                          "musttail call swifttailcc i32 @wasm_g(", "ret i32"}));
  CHECK(has_in_order(function_ir(ir, "cw_entry.wasm_f"),
                     {"define hidden i32", "call swifttailcc i32 @wasm_f("}));
  // A callee that makes no tail calls is called and returned from, in the native convention.
  CHECK(has_in_order(function_ir(ir, "wasm_g"), {"call i32 @wasm_plain(", "ret i32"}));
  CHECK(count(function_ir(ir, "wasm_g"), "musttail") == 0);
  CHECK(count(ir, "cw_entry.wasm_plain") == 0);
}

TEST_CASE("tail calls: nothing lies on the stack") {
  // LLVM 22 drops stack arguments of such calls; six integers do not fit into registers beside context and results.
  const std::string ir = ir_of(R"(
    (func $f (export "f") (param i32) (result i32 i32)
      (return_call $g (local.get 0) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (f32.const 7)))
    (func $g (param i32 i32 i32 i32 i32 i32 f32) (result i32 i32)
      (return_call $f (i32.add (local.get 5) (local.get 0)))))",
                               OptLevel::O0);
  CHECK(has_in_order(function_ir(ir, "wasm_f"),
                     {"store i32 6,", "musttail call swifttailcc void @wasm_g(ptr swiftself",
                      "i32 5, float 7.0", "ptr noalias noundef align 16"}));
  CHECK(has_in_order(function_ir(ir, "wasm_g"),
                     {"(ptr noundef", "i32 %5, float %6, ptr noalias", "load i32, ptr"}));
}

TEST_CASE("call_indirect: bounds, type id, cold path") {
  const std::string f = function_ir(ir_of(R"(
    (type $t (func (param i32) (result i32)))
    (table 3 funcref)
    (func $f (export "f") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1))))"),
                                    "wasm_f");
  CHECK(has_in_order(f, {"icmp ugt i64", "br i1"}));
  CHECK(count(f, "llvm.ubsantrap(i8 4)") == 1);
  CHECK(count(f, "icmp eq i64") == 1);
  CHECK(count(f, "call zeroext i1") == 1);
}

TEST_CASE("division: traps before what LLVM leaves undefined") {
  const std::string ir = ir_of(R"(
    (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func $rem (export "rem") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1))))");
  const std::string div = function_ir(ir, "wasm_div");
  CHECK(has_in_order(
      div, {"icmp eq i32", "icmp eq i32 %1, -2147483648", "icmp eq i32 %2, -1", "sdiv i32"}));
  CHECK(count(div, "llvm.ubsantrap(i8 7)") == 1);
  CHECK(count(div, "llvm.ubsantrap(i8 8)") == 1);
  CHECK(
      has_in_order(function_ir(ir, "wasm_rem"), {"icmp eq i64", "select i1", "i64 1", "srem i64"}));
}

TEST_CASE("each trap keeps a place of its own") {
  const std::string text = assembly_of(R"(
    (func $f (export "f") (param i32 i32 i32) (result i32)
      (i32.add (i32.div_u (local.get 0) (local.get 1)) (i32.div_u (local.get 0) (local.get 2)))))");
  CHECK(count(text, "ud1l\t7(%eax), %eax") == 2);
}

TEST_CASE("operations that must quiet a signalling NaN are not folded away") {
  const std::string ir = ir_of(R"(
    (func $mul (export "mul") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 1)))
    (func $add (export "add") (param f64) (result f64) (f64.add (local.get 0) (f64.const -0)))
    (func $trip (export "trip") (param f32) (result f32) (f32.demote_f64 (f64.promote_f32 (local.get 0)))))");
  CHECK(count(function_ir(ir, "wasm_mul"), "fmul float") == 1);
  CHECK(count(function_ir(ir, "wasm_add"), "fadd double") == 1);
  CHECK(has_in_order(function_ir(ir, "wasm_trip"), {"fpext", "fptrunc"}));
}

TEST_CASE("immutable globals of the module are constants, imported ones are loaded once") {
  const std::string ir = ir_of(R"(
    (import "m" "g" (global $imported i32))
    (global $own i32 (i32.const 42))
    (func $f (export "f") (result i32) (global.get $own))
    (func $i (export "i") (result i32) (global.get $imported)))");
  CHECK(count(function_ir(ir, "wasm_f"), "ret i32 42") == 1);
  CHECK(count(function_ir(ir, "wasm_i"), "!invariant.load") == 2);
}

TEST_CASE("code behind a branch is skipped, whatever blocks it opens") {
  const std::string f = function_ir(ir_of(R"(
    (func $f (export "f") (param i32) (result i32)
      (block $out (result i32)
        (br $out (i32.const 3))
        (loop (if (result i32) (i32.const 1) (then (i32.const 2)) (else (unreachable))) (drop))
        (i32.const 4))))"),
                                    "wasm_f");
  CHECK(count(f, "ret i32 3") == 1);
  CHECK(count(f, "ubsantrap") == 0);
}

} // namespace
} // namespace petrel::aot
