// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What printed modules look like, and that they come back. tests/text shows the second for the official suite.
#include "frontend/text/print.h"

#include <doctest/doctest.h>

#include "base/format.h"
#include "frontend/text/encode.h"
#include "frontend/text/strip.h"

namespace petrel::text {
namespace {

std::vector<u8> encoded(std::string_view text) {
  auto module = encode_module(text);
  REQUIRE_MESSAGE(module.has_value(), (module ? "" : module.error().to_string()));
  return std::move(module->bytes);
}

std::string printed(Bytes bytes, const PrintOptions& options = {}) {
  auto text = print_to_string(bytes, options);
  REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().to_string()));
  return *text;
}

/// The text of the module that `text` encodes to; encoding it again gives the same bytes.
std::string reprinted(std::string_view text, const PrintOptions& options = {}) {
  const std::vector<u8> bytes = encoded(text);
  const std::string out = printed(bytes, options);
  CHECK_MESSAGE(encoded(out) == bytes, out);
  return out;
}

std::string error_of(std::string_view text) {
  auto module = encode_module(text);
  return module ? "accepted" : module.error().to_string();
}

std::vector<u8> module_of(std::initializer_list<std::string_view> sections) {
  std::string bytes("\0asm\1\0\0\0", 8);
  for (std::string_view section : sections) {
    bytes += section;
  }
  const Bytes view = as_bytes(bytes);
  return {view.begin(), view.end()};
}
#define BYTES(literal) std::string_view(literal, sizeof(literal) - 1)

constexpr std::string_view kSample = R"((module $m
  (type $s (sub (struct (field $x (mut i8)) (field (ref null $s)))))
  (import "a" "b\n\u{202e}" (func $imp (param f32) (result i32 i64)))
  (import "a" "t" (table 1 2 externref))
  (table i64 3 (ref null $s))
  (memory $mem 1 2 shared)
  (memory $"m 2" i64 0 (pagesize 1))
  (global $g (mut v128) (v128.const f64x2 -nan 0x1p-1074))
  (tag $e (param i32))
  (export "f" (func $f))
  (start $st)
  (elem $seg (table 1) (offset i64.const 1) (ref null $s) (item ref.null $s))
  (elem declare func $f)
  (data $d (memory $"m 2") (i64.const 0) "a\00\ff\"\\")
  (func $st)
  (func $f (param $p i32) (param f64) (result i32) (local $l i64) (local f32 f32)
    (block $out (result i32)
      (loop
        (br_if $out (i32.const -1) (i32.eqz (local.get $p)))
        (br_table 0 $out (i32.const 2) (local.get $p)))
      (i32.load8_s $mem offset=4 (i32.const 0)))
    (drop (i32.load align=1 (i32.const 0)))
    (drop (f32.const nan:0x200000))
    (drop (struct.get_u $s $x (ref.null $s)))
    (memory.init $"m 2" $d (i64.const 0) (i32.const 0) (i32.const 0))
    (if (result i32) (i32.const 1) (then (i32.const 2)) (else unreachable)) (i32.add))))";

TEST_CASE("flat") {
  CHECK("\n" + reprinted(kSample) == R"(
(module $m
  (type $s (;0;) (sub (struct (field $x (mut i8)) (field (ref null $s)))))
  (type (;1;) (func (param f32) (result i32 i64)))
  (type (;2;) (func (param i32)))
  (type (;3;) (func))
  (type (;4;) (func (param i32 f64) (result i32)))
  (import "a" "b\u{a}\u{202e}" (func $imp (;0;) (type 1) (param f32) (result i32 i64)))
  (import "a" "t" (table (;0;) 1 2 externref))
  (table (;1;) i64 3 (ref null $s))
  (memory $mem (;0;) 1 2 shared)
  (memory $"m 2" (;1;) i64 0 (pagesize 1))
  (tag $e (;0;) (type 2) (param i32))
  (global $g (;0;) (mut v128) (v128.const i32x4 0x00000000 0xfff80000 0x00000001 0x00000000))
  (export "f" (func $f))
  (start $st)
  (elem $seg (;0;) (table 1) (i64.const 1) (ref null $s) (ref.null $s))
  (elem (;1;) declare func $f)
  (func $st (;1;) (type 3))
  (func $f (;2;) (type 4) (param $p i32) (param f64) (result i32)
    (local $l i64) (local f32 f32)
    block $out (result i32)
      loop  ;; label = @2
        i32.const -1
        local.get $p
        i32.eqz
        br_if $out
        i32.const 2
        local.get $p
        br_table 0 (;@2;) $out
      end
      i32.const 0
      i32.load8_s offset=4
    end
    i32.const 0
    i32.load align=1
    drop
    f32.const nan:0x200000
    drop
    ref.null $s
    struct.get_u $s $x
    drop
    i64.const 0
    i32.const 0
    i32.const 0
    memory.init $"m 2" $d
    i32.const 1
    if (result i32)  ;; label = @1
      i32.const 2
    else
      unreachable
    end
    i32.add
  )
  (data $d (;0;) (memory $"m 2") (i64.const 0) "a\00\ff\22\5c")
)
)");
}

TEST_CASE("folded") {
  const std::string text = reprinted(kSample, {.folded = true});
  CHECK("\n" + text.substr(text.find("    (block $out")) == R"(
    (block $out (result i32)
      (loop
        (i32.const -1)
        (br_if $out (i32.eqz (local.get $p)))
        (i32.const 2)
        (br_table 0 (;@2;) $out (local.get $p))
      )
      (i32.load8_s offset=4 (i32.const 0))
    )
    (drop (i32.load align=1 (i32.const 0)))
    (drop (f32.const nan:0x200000))
    (drop (struct.get_u $s $x (ref.null $s)))
    (memory.init $"m 2" $d (i64.const 0) (i32.const 0) (i32.const 0))
    (if (result i32)
      (i32.const 1)
      (then
        (i32.const 2)
      )
      (else
        (unreachable)
      )
    )
    (i32.add)
  )
  (data $d (;0;) (memory $"m 2") (i64.const 0) "a\00\ff\22\5c")
)
)");
}

TEST_CASE("names that identifiers cannot carry") {
  const std::string text = reprinted(R"((module (func $a) (func $b (@name "a")) (func (@name ""))
    (func (param $x i32) (param $y (@name "x") i32) (block $l (block $l br 1)) (call 1)) (func $"a#1")))");
  CHECK(text.find("(func $a (;0;)") != std::string::npos);
  CHECK(text.find("(func $a#1 (@name \"a\") (;1;)") != std::string::npos);
  CHECK(text.find("(func (@name \"\") (;2;)") != std::string::npos);
  CHECK(text.find("(param $x i32) (param $x#1 (@name \"x\") i32)") != std::string::npos);
  CHECK(text.find("(func $a#1#4 (@name \"a#1\") (;4;)") != std::string::npos);
  CHECK(text.find("br 1 (;@1;)") != std::string::npos); // $l is the inner block
}

TEST_CASE("try with its handlers") {
  const std::string_view flat = R"((module (tag $e) (func
    try $t try nop delegate $t catch $e rethrow 0 catch_all nop end
    block try_table (catch $e 0) (catch_all 1) end end)))";
  CHECK(reprinted(flat).find("    delegate $t\n") != std::string::npos);
  const std::string text = reprinted(flat, {.folded = true});
  CHECK_MESSAGE(text.find("(delegate $t)") != std::string::npos, text);
  CHECK(text.find("(catch $e\n        (rethrow $t)\n      )") != std::string::npos);
}

TEST_CASE("custom sections and metadata stay where they are") {
  const std::string text = reprinted(R"((module (@custom "a" (before first) "\00") (type (func))
    (@custom "b" (after type) "\"") (@custom "z")
    (func (type 0) (@metadata.code.branch_hint "\01") (if (i32.const 0) (then)))))");
  CHECK(text.find("(@custom \"a\" (before first) \"\\00\")") != std::string::npos);
  CHECK(text.find("(@custom \"b\" (after type) \"\\22\")") != std::string::npos);
  CHECK(text.find("(@custom \"z\" \"\")") != std::string::npos);
  CHECK(text.find("(@metadata.code.branch_hint \"\\01\") if") != std::string::npos);
  CHECK(text.find("petrel") == std::string::npos);
}

TEST_CASE("numbers that are longer than they need to be") {
  const std::vector<u8> bytes =
      module_of({BYTES("\1\x84\0\1\x60\0\0"), BYTES("\3\2\1\0"),
                 BYTES("\x0a\x11\1\x0f\2\1\x7f\1\x7f\x41\x80\0\x41\0\x28\x42\0\0\x0b")});
  const std::string text = printed(bytes);
  CHECK(text.find("(@petrel.section type 2)") != std::string::npos);
  CHECK(text.find("(@petrel.locals (1 i32) (1 i32))") != std::string::npos);
  CHECK(text.find("(@petrel.sizes 2) i32.const 0") != std::string::npos);
  CHECK(text.find("(@petrel.sizes 1 1) i32.load") != std::string::npos);
  CHECK(encoded(text) == bytes);
  const std::string plain = printed(bytes, {.plain = true});
  CHECK(plain.find("petrel") == std::string::npos);
  CHECK(encoded(plain) != bytes);
}

TEST_CASE("an annotation that does not fit is refused") {
  CHECK(error_of("(func (@petrel.sizes 1 1) nop)") ==
        "error[malformed]: 1:30: @petrel.sizes annotation: more sizes than parts");
  CHECK(error_of("(func (@petrel.locals (1 i32)) (local i64))") ==
        "error[malformed]: 1:32: @petrel.locals annotation: differs from the locals");
  CHECK(error_of("(func (@petrel.sizes 99) nop)") ==
        "error[malformed]: 1:7: @petrel.sizes annotation: malformed size");
  CHECK(error_of("(@petrel.section code) (func (@petrel.section code))") ==
        "error[malformed]: 1:30: misplaced @petrel.section annotation");
  CHECK(error_of("(@unknown (x) \"y\") (func (@unknown))") == "accepted");
}

TEST_CASE("nesting is not recursion") {
  constexpr usize kDepth = 100'000;
  std::string text = "(func ";
  for (usize i = 0; i < kDepth; ++i) {
    text += "block ";
  }
  for (usize i = 0; i < kDepth; ++i) {
    text += "end ";
  }
  const std::vector<u8> bytes = encoded(text + ")");
  for (bool folded : {false, true}) {
    CHECK(encoded(printed(bytes, {.folded = folded})) == bytes);
  }
}

TEST_CASE("a listing ends where the bytes cannot be read") {
  const std::vector<u8> bytes =
      module_of({BYTES("\1\4\1\x60\0\0"), BYTES("\3\2\1\0"), BYTES("\x0a\6\1\4\0\x41\x2a\xff")});
  std::string text;
  auto append = [](void* target, std::string_view piece) -> Status {
    static_cast<std::string*>(target)->append(piece);
    return {};
  };
  const Status status = print_module(bytes, {.offsets = true}, append, &text);
  REQUIRE(!status);
  CHECK(status.error().to_string() == "error[malformed]: func 0, offset 0x19: illegal opcode ff");
  CHECK("\n" + text == R"(
00000000: 00 61 73 6d 01 00 00 00  module, version 1
00000008: 01 04                    section type (id 1), 4 bytes
0000000a: 01                         count 1
0000000b: 60 00 00                   (type (;0;) (func))
0000000e: 03 02                    section func (id 3), 2 bytes
00000010: 01                         count 1
00000011: 00                         func 0: type 0
00000012: 0a 06                    section code (id 10), 6 bytes
00000014: 01                         count 1
00000015: 04 00                      (func (;0;) (type 0)
00000017: 41 2a                        i32.const 42

)");
}

TEST_CASE("strip") {
  const std::vector<u8> bytes = encoded(R"((module (@custom "target_features" (before first) "f")
    (@custom ".debug_info" "d") (func $named)))");
  auto names_left = [&](const StripOptions& options) {
    auto stripped = strip_custom_sections(bytes, options);
    REQUIRE(stripped.has_value());
    const std::string text = printed(*stripped);
    std::string left = text.find("$named") != std::string::npos ? "name " : "";
    left += text.find("target_features") != std::string::npos ? "features " : "";
    left += text.find(".debug_info") != std::string::npos ? "debug" : "";
    return left;
  };
  CHECK(names_left({}) == "features ");
  CHECK(names_left({.all = true, .keep = {}}) == "");
  CHECK(names_left({.all = true, .keep = {"name"}}) == "name ");
  CHECK(names_left({.all = false, .keep = {".debug_info"}}) == "features debug");
  // A component: its own sections and those of the modules inside.
  const std::vector<u8> inner = strip_custom_sections(bytes, {}).value();
  auto wrap = [](Bytes module) {
    std::string out("\0asm\x0d\0\1\0", 8);
    out += '\1';
    out += static_cast<char>(module.size());
    out += as_text(module);
    return out;
  };
  const std::string component = wrap(bytes) + std::string("\0\2\1x", 4);
  CHECK(as_text(strip_custom_sections(as_bytes(component), {}).value()) == wrap(inner));
  CHECK(strip_custom_sections(as_bytes("text"), {}).error().to_string() ==
        "error[malformed]: offset 0x0: magic header not detected: no module or component");
}

} // namespace
} // namespace petrel::text
