// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Golden encodings. Each row was compared once with wasm-tools 1.262 `parse`; the differences are forms
// that say the same.
#include "frontend/text/encode.h"

#include <doctest/doctest.h>

#include "base/format.h"
#include "frontend/module_decoder.h"

namespace petrel::text {
namespace {

struct Golden {
  const char* text;
  const char* hex; ///< after the 8 bytes of magic and version
};
// clang-format off
constexpr Golden kGoldens[] = {
      {"(module)",
       ""},
      {"(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))",
       "01070160027f7f017f030201000a09010700200020016a0b"},
      {"(module (func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
       "01070160027f7f017f030201000a09010700200020016a0b"},
      {"(module $m (func $f (param $a i32) (local $x i64) (local i32 i32) (local.set $x (i64.const -1)) (drop (call $g))) (func $g (result f32) (f32.const 0x1.8p1)))",
       "01090260017f006000017d03030200010a17020d02017e027f427f210110011a0b070043000040400b001d046e616d65"
       "0002016d0107020001660101670209010002000161010178"},
      {"(module (import \"m\" \"f\" (func $f (param f64))) (func (export \"a\") (export \"b\") (import \"m\" \"g\") (result i64)) (table $t (import \"m\" \"t\") 1 2 externref) (global $g (import \"m\" \"x\") (mut i32)))",
       "01090260017c006000017e021d04016d01660000016d01670001016d0174016f010102016d0178037f01070902016100"
       "01016200010017046e616d65010401000166050401000174070401000167"},
      {"(module (memory (export \"mem\") (data \"ab\" \"\\00\\ff\\u{e9}\")) (table funcref (elem $f $f)) (func $f))",
       "0104016000000302010004050170010202050401010101070701036d656d02000908010041000b0200000a040102000b"
       "0b0c010041000b06616200ffc3a9000b046e616d65010401000166"},
      {"(module (memory 1 2) (data $d \"x\") (data (i32.const 4) \"y\" \"z\") (data (offset i32.const 1 i32.const 2 i32.add) \"\")\n"
       "  (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) data.drop $d (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))))",
       "010401600000030201000504010101020c01030a24012200410041004101fc080000fc0900410041014102fc0a000041"
       "0041014102fc0b000b0b13030101780041040b02797a00410141026a0b00000b046e616d65090401000164"},
      {"(module (table $a 3 funcref) (table $b 3 externref) (func $f) (elem declare func $f) (elem $p funcref (ref.null func) (item ref.func $f)) (elem (i32.const 0) $f $f) (elem (table $b) (i32.const 1) externref (ref.null extern))\n"
       "  (func (table.init $p (i32.const 0) (i32.const 0) (i32.const 1)) (table.init $a $p (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $p) (table.copy $a $a (i32.const 0) (i32.const 0) (i32.const 0)) (drop (table.get $b (i32.const 0))) (table.set (i32.const 0) (ref.func $f)) (drop (table.grow $b (ref.null extern) (i32.const 1))) (drop (table.size)) (table.fill $b (i32.const 0) (ref.null extern) (i32.const 0))))",
       "01040160000003030200000407027000036f0003091f0403000100057002d0700bd2000b0041000b020000060141010b"
       "6f01d06f0b0a480202000b4300410041004101fc0c0100410041004101fc0c0100fc0d01410041004100fc0e00004100"
       "25011a4100d2002600d06f4101fc0f011afc10001a4100d06f4100fc11010b001a046e616d6501040100016605070200"
       "0161010162080401010170"},
      {"(module (type $sig (func (param i32) (result i32))) (table 1 funcref)\n"
       "  (func (param i32) (result i32) (call_indirect (type $sig) (local.get 0) (i32.const 0)))\n"
       "  (func (result i64 i64) (call_indirect (result i64 i64) (i32.const 0))))",
       "010b0260017f017f6000027e7e03030200010404017000010a13020900200041001100000b070041001101000b000d04"
       "6e616d650406010003736967"},
      {"(module (func (param i32) (result i32)\n"
       "  block $out (result i32)\n"
       "    loop $again\n"
       "      (br_if $out (i32.const 7) (local.get 0))\n"
       "      drop\n"
       "      (br_table $again $out 2 $again (i32.const 1) (i32.const 0))\n"
       "    end $again\n"
       "    unreachable\n"
       "  end $out))",
       "01060160017f017f030201000a1c011a00027f0340410720000d011a410141000e03000102000b000b0b0016046e616d65030f01000200036f75740105616761696e"},
      {"(module (func (param i32) (result i32)\n"
       "  (if $l (result i32) (local.get 0) (then (br $l (i32.const 1))) (else (i32.const 2)))\n"
       "  (if (i32.eqz (local.get 0)) (then nop))\n"
       "  local.get 0 if $x nop else $x unreachable end $x))",
       "01060160017f017f030201000a1f011d002000047f41010c000541020b2000450440010b200004400105000b0b0010046e616d65030901000200016c020178"},
      {"(module (func (param i32 i64) (block (param i32) (result i32) (loop (type 1))) drop) (type (func (param i32) (result i32))))",
       "010b0260017f017f60027f7e00030201010a0b010900020003010b0b1a0b"},
      {"(module (func (select (i32.const 1) (i32.const 2) (i32.const 3)) (drop) (drop (select (result i64) (i64.const 1) (i64.const 2) (i32.const 0)))))",
       "010401600000030201000a160114004101410241031b1a4201420241001c017e1a0b"},
      {"(module (memory 1) (func (drop (i32.load8_s offset=5 align=1 (i32.const 0))) (i64.store (i32.const 0) (i64.const 0)) (drop (f64.load offset=0xffff_ffff align=4 (i32.const 0)))))",
       "0104016000000302010005030100010a1b01190041002c00051a4100420037030041002b02ffffffff0f1a0b"},
      {"(module (func (drop (i32.const -0x80000000)) (drop (i32.const 4294967295)) (drop (i64.const 0x7fff_ffff_ffff_ffff)) (drop (f32.const nan:0x200000)) (drop (f64.const -inf)) (drop (f64.const 1e-300))))",
       "010401600000030201000a340132004180808080781a417f1a42ffffffffffffffffff001a430000a07f1a4400000000"
       "0000f0ff1a4459f3f8c21f6ea5011a0b"},
      {"(module (global $a i32 (i32.const 3)) (global (mut i64) (i64.mul (i64.const 3) (i64.const 4))) (global $c funcref (ref.func 0)) (func $f (global.set 1 (i64.extend_i32_u (global.get $a)))) (start $f))",
       "010401600000030201000613037f0041030b7e01420342047e0b7000d2000b0801000a090107002300ad24010b001404"
       "6e616d65010401000166070702000161020163"},
      {"(module (func $\"a b\" (call $\"a b\")) (func $\"\\41\" call $A))",
       "01040160000003030200000a0b02040010000b040010010b0010046e616d650109020003612062010141"},
      {"(func) (memory 0) (func (export \"f\"))",
       "01040160000003030200000503010000070501016600010a070202000b02000b"},
      {"(module (tag $e (param i32)) (func (try_table (catch $e 0) (catch_all 0) (throw $e (i32.const 1)))))",
       "01080260017f00600000030201010d030100000a11010f001f40020000000200410108000b0b000b046e616d650b0401"
       "000165"},
      {"(module (rec (type $s (sub (struct (field $x (mut i32)) (field i8)))) (type $a (array (mut (ref null $s))))) (func (param (ref $s)) (result i32) (struct.get $s $x (local.get 0)) (drop (ref.test (ref null $s) (local.get 0)))))",
       "0115024e0250005f027f0178005e63000160016400017f030201020a10010e002000fb0200002000fb15001a0b001604"
       "6e616d650407020001730101610a06010001000178"},
      {"(module (memory i64 1) (memory $n 1 1 shared) (func (drop (i32.load $n offset=1 (i32.const 0))) (drop (i32.atomic.rmw.add $n (i32.const 0) (i32.const 1)))))",
       "0104016000000302010005060204010301010a150113004100284201011a41004101fe1e4201001a0b000b046e616d65"
       "06040101016e"},
      {"(module (func (result v128) (i32x4.add (v128.const i32x4 1 2 3 -1) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const f32x4 1 nan -0 0x1p-149) (v128.const i64x2 1 2)))))",
       "0105016000017b030201000a4f014d00fd0c010000000200000003000000fffffffffd0c0000803f0000c07f00000080"
       "01000000fd0c01000000000000000200000000000000fd0d000102030405060708090a0b0c0d0e1ffdae010b"},
};
// clang-format on

std::string hex_of(Bytes bytes) {
  std::string out;
  for (u8 byte : bytes) {
    out += strf("%02x", byte);
  }
  return out;
}

std::string error_of(std::string_view text) {
  auto module = encode_module(text);
  return module ? "accepted" : module.error().to_string();
}

TEST_CASE("golden encodings") {
  for (const Golden& golden : kGoldens) {
    auto module = encode_module(golden.text);
    REQUIRE_MESSAGE(module.has_value(), golden.text);
    CHECK_MESSAGE(hex_of(Bytes(module->bytes).subspan(8)) == golden.hex, golden.text);
  }
}

TEST_CASE("errors name their place") {
  CHECK(error_of("(module\n  (func (i32.add.x)))") ==
        "error[malformed]: 2:10: unknown operator i32.add.x, expected an instruction");
  CHECK(error_of("(func (local.get $x))") == "error[malformed]: 1:18: unknown local $x");
  CHECK(error_of("(func (param $x i32) (local $x i32))") ==
        "error[malformed]: 1:29: duplicate local $x");
  CHECK(error_of("(func block $a end $b)") == "error[malformed]: 1:20: mismatching label $b");
  CHECK(error_of("(func (br $a))") == "error[malformed]: 1:11: unknown label $a");
  CHECK(error_of("(func) (import \"\" \"\" (func))") ==
        "error[malformed]: 1:16: import after function");
  CHECK(error_of("(func (i32.load align=3 (i32.const 0)))") ==
        "error[malformed]: 1:17: alignment must be a power of two");
  CHECK(error_of("(type (func)) (func (type 0) (param i32))") ==
        "error[malformed]: 1:21: inline function type differs from type 0");
  CHECK(error_of("(func (i32.const 0x1_0000_0000))") ==
        "error[malformed]: 1:18: i32 constant out of range");
  CHECK(error_of("(func (nop) (local i32))") ==
        "error[malformed]: 1:14: unexpected token local, expected an instruction");
  CHECK(error_of("(func (i32.const nan:canonical))") ==
        "error[malformed]: 1:18: unexpected token nan:canonical, expected i32 constant");
  CHECK(error_of("(func block)") == "error[malformed]: 1:12: unexpected token ), expected end");
  CHECK(error_of("(func (if (i32.const 1)))") ==
        "error[malformed]: 1:24: unexpected token ), expected (then");
  CHECK(error_of("(func") == "error[malformed]: 1:1: unexpected token: '(' is not closed");
  CHECK(error_of("(module) (module)") ==
        "error[malformed]: 1:10: unexpected token (, expected end of text");
  CHECK(error_of("(start 0) (start 0)") == "error[malformed]: 1:18: multiple start sections");
  CHECK(error_of("(type (cont 0))") ==
        "error[unsupported]: 1:8: type needs feature stack-switching");
}

TEST_CASE("bytes know their text") {
  std::string text = "(module (func nop\n  (drop (i32.const 1))))";
  auto module = encode_module(text);
  REQUIRE(module.has_value());
  std::vector<std::string> words;
  for (const SourceMark& mark : module->marks) {
    const bool is_text = mark.text_offset != SourceMark::kNone;
    words.push_back(is_text ? strf("%02x@", module->bytes[mark.byte_offset]) +
                                  text.substr(mark.text_offset, 4)
                            : "-");
  }
  const std::vector<std::string> types = {"01@nop\n", "60@nop\n", "-"};
  const std::vector<std::string> funcs = {"03@(fun", "00@(fun", "-"};
  const std::vector<std::string> code = {"0a@(fun", "06@(fun", "01@nop\n", "41@(i32",
                                         "1a@(dro", "0b@))",   "-"};
  std::vector<std::string> wanted = types;
  wanted.insert(wanted.end(), funcs.begin(), funcs.end());
  wanted.insert(wanted.end(), code.begin(), code.end());
  CHECK(words == wanted);
  CHECK(module->text_offset(module->marks[9].byte_offset + 1) == module->marks[9].text_offset);
  CHECK(!module->text_offset(0).has_value());
  CHECK(!module->text_offset(module->bytes.size()).has_value());
}

TEST_CASE("an error is placed in the text") {
  std::string text = "(module (func nop\n  (drop (i32.const 1))))";
  auto module = encode_module(text);
  REQUIRE(module.has_value());
  auto at = [&](u64 offset, TextPosition start = {}) {
    Error error = Error(ErrorClass::invalid, "x").with_offset(offset);
    return place_in_text(std::move(error), *module, text, start).to_string();
  };
  const u64 drop = module->marks[10].byte_offset;
  CHECK(at(drop) == "error[invalid]: 2:3: x");
  CHECK(at(drop, {.line = 7, .column = 5}) == "error[invalid]: 8:3: x");
  CHECK(at(drop - 3, {.line = 7, .column = 5}) == "error[invalid]: 7:19: x");
  CHECK(at(3) == "error[invalid]: offset 0x3: x");
}

TEST_CASE("errors of every section are placed in the text") {
  auto place = [](std::string_view text) {
    auto module = encode_module(text);
    REQUIRE_MESSAGE(module.has_value(), (module ? "" : module.error().to_string()));
    auto image = decode_module(module->bytes, 0, module->bytes.size(), DecodeOptions());
    const Error error = image ? Error(ErrorClass::invalid, "accepted")
                              : place_in_text(std::move(image).error(), *module, text);
    return error.to_string();
  };
  CHECK(place("(type (sub 9 (func)))") == "error[invalid]: 1:1: unknown type 9");
  CHECK(place("(rec (type (func))\n  (type (sub 9 (func))))") ==
        "error[invalid]: 2:3: unknown type 9");
  CHECK(place("(type (func)) (import \"\" \"\" (func (type 7)))") ==
        "error[invalid]: 1:15: unknown type 7");
  CHECK(place("(func) (func (type 3))") == "error[invalid]: 1:8: unknown type 3");
  CHECK(place("(table 1 0 funcref)") ==
        "error[invalid]: 1:1: size minimum must not be greater than maximum: 1 > 0");
  CHECK(place("(table 1 (ref func) (ref.func 3))") == "error[invalid]: 1:21: unknown function 3");
  CHECK(place("(memory 1) (memory 70000)") ==
        "error[invalid]: 1:12: memory size must be at most 65536 pages (4GiB)");
  CHECK(place("(tag (result i32))") ==
        "error[invalid]: 1:1: non-empty tag result type: type 0 has 1 result");
  CHECK(place("(global i32 i64.const 1\n)") ==
        "error[invalid]: 2:1: type mismatch: end expected i32, found i64");
  CHECK(place("(global i32\n(global.get 5))") == "error[invalid]: 2:1: unknown global 5");
  CHECK(place("(func (export \"a\"))\n(export \"a\" (func 0))") ==
        "error[invalid]: 2:1: duplicate export name \"a\"");
  CHECK(place("(func)\n(start 4)") == "error[invalid]: 2:1: unknown function 4");
  CHECK(place("(func) (table 3 funcref) (elem (i32.const 0) func 0 0\n 7)") ==
        "error[invalid]: 2:2: unknown function 7");
  CHECK(place("(table 3 funcref) (elem (i32.const 0) funcref (ref.null func) (ref.func 1))") ==
        "error[invalid]: 1:63: unknown function 1");
  CHECK(place("(table 3 funcref) (elem (i64.const 0) funcref)") ==
        "error[invalid]: 1:25: type mismatch: end expected i32, found i64");
  CHECK(place("(table funcref (elem 7))") == "error[invalid]: 1:22: unknown function 7");
  CHECK(place("(memory 1) (data (i64.const 0))") ==
        "error[invalid]: 1:18: type mismatch: end expected i32, found i64");
  CHECK(place("(func (block (result i32)\n))") ==
        "error[invalid]: 2:1: func 0: type mismatch: end expected i32, found an empty stack");
  CHECK(place("(func (result i32) i32.const 1) (func (result i32)\n nop )") ==
        "error[invalid]: 2:6: func 1: type mismatch: end expected i32, found an empty stack");
}

TEST_CASE("labels shadow, and end with their block") {
  auto body = [](std::string_view text) {
    auto module = encode_module(text, {}, {}, {.names = false});
    REQUIRE_MESSAGE(module.has_value(), (module ? "" : module.error().to_string()));
    return hex_of(module->bytes);
  };
  CHECK(body("(func block $a block $a br $a end br $a end)") ==
        body("(func block block br 0 end br 0 end)"));
  CHECK(body("(func (block $a (loop (block $b (br $a) (br $b)))))") ==
        body("(func (block (loop (block (br 2) (br 0)))))"));
  CHECK(body("(func (if $a (i32.const 1) (then (br $a)) (else (br $a))))") ==
        body("(func (if (i32.const 1) (then (br 0)) (else (br 0))))"));
  CHECK(error_of("(func (block $a) (br $a))") == "error[malformed]: 1:22: unknown label $a");
  CHECK(error_of("(func (if $a (br $a) (then)))") == "error[malformed]: 1:18: unknown label $a");
}

TEST_CASE("exceptions: plain and folded forms say the same") {
  auto code = [](const std::string& func) {
    auto module = encode_module("(tag $e) (tag $f (param i32)) (func $g " + func + ")", {}, {},
                                {.names = false});
    REQUIRE_MESSAGE(module.has_value(), func << (module ? "" : module.error().to_string()));
    const Bytes bytes(module->bytes);
    return hex_of(bytes.subspan(8 + 10 + 4 + 7)); // behind types, functions, tags
  };
  // wasm-tools 1.262 writes the same bytes
  CHECK(code("try_table end") == "0a08010600"
                                 "1f40000b0b");
  const std::string clauses =
      code("block $l try_table $t (catch $f $l) (catch_ref $e 1) (catch_all 0)"
           " (catch_all_ref $l) br $t end $t end");
  CHECK(clauses == "0a17011500"
                   "0240"
                   "1f4004"
                   "000100"
                   "010001"
                   "0200"
                   "0300"
                   "0c00"
                   "0b0b0b");
  CHECK(code("(block $l (try_table $t (catch 1 $l) (catch_ref $e 1) (catch_all 0) (catch_all_ref 0)"
             " (br $t)))") == clauses);
  CHECK(code("(throw $f (i32.const 1)) (throw_ref (ref.null exn))") ==
        code("i32.const 1 throw 1 ref.null exn throw_ref"));
  const std::string legacy = code(
      "try $t (result i32) i32.const 1 catch $f br $t catch 0 rethrow $t catch_all br 0 end drop");
  CHECK(legacy == "0a15011300"
                  "067f"
                  "4101"
                  "0701"
                  "0c00"
                  "0700"
                  "0900"
                  "19"
                  "0c00"
                  "0b"
                  "1a0b");
  CHECK(code("(try $t (result i32) (do (i32.const 1)) (catch $f (br $t)) (catch 0 (rethrow $t))"
             " (catch_all (br 0))) (drop)") == legacy);
  CHECK(
      code(
          "(drop (try (result i32) (do (i32.const 1)) (catch $f) (catch $e (rethrow 0)) (catch_all "
          "(rethrow 0))))") ==
      code("try (result i32) i32.const 1 catch 1 catch 0 rethrow 0 catch_all rethrow 0 end drop"));
  const std::string delegate = code("block $b try $t br $t delegate $b end try delegate 0");
  CHECK(delegate == "0a11010f00"
                    "0240"
                    "0640"
                    "0c00"
                    "1800"
                    "0b"
                    "0640"
                    "1800"
                    "0b");
  CHECK(code("(block $b (try $t (do (br $t)) (delegate $b))) (try (do) (delegate 0))") == delegate);
  CHECK(code("(try (do))") == code("try end"));
  // the block's own label is not known to its clauses, nor to its delegate
  CHECK(error_of("(func (try_table $t (catch_all $t)))") ==
        "error[malformed]: 1:32: unknown label $t");
  CHECK(error_of("(func try $t delegate $t)") == "error[malformed]: 1:23: unknown label $t");
}

TEST_CASE("exceptions: errors name their place") {
  CHECK(error_of("(func (catch_all))") ==
        "error[malformed]: 1:8: unexpected token catch_all, expected an instruction");
  CHECK(error_of("(func (try (catch_all)))") ==
        "error[malformed]: 1:13: unexpected token catch_all, expected do");
  CHECK(error_of("(func (try (do) (catch_all) (catch_all)))") ==
        "error[malformed]: 1:30: unexpected token catch_all, expected catch, catch_all or )");
  CHECK(error_of("(func (try (do) (delegate 0) (catch_all)))") ==
        "error[malformed]: 1:31: unexpected token catch_all, expected catch, catch_all or )");
  CHECK(error_of("(func try catch_all catch_all end)") ==
        "error[malformed]: 1:21: unexpected token catch_all, expected an instruction");
  CHECK(error_of("(func try catch_all delegate 0)") ==
        "error[malformed]: 1:21: unexpected token delegate, expected an instruction");
  CHECK(error_of("(func try_table (catch $x 0) end)") == "error[malformed]: 1:24: unknown tag $x");
  CHECK(error_of("(tag $e) (tag $e)") == "error[malformed]: 1:15: duplicate tag $e");
}

TEST_CASE("nesting is not recursion") {
  constexpr usize kDepth = 200'000;
  std::string folded = "(func ";
  std::string flat = "(func ";
  for (usize i = 0; i < kDepth; ++i) {
    folded += "(block ";
    flat += "block ";
  }
  CHECK(encode_module(folded + std::string(kDepth + 1, ')')).has_value());
  for (usize i = 0; i < kDepth; ++i) {
    flat += "end ";
  }
  CHECK(encode_module(flat + ")").has_value());
  std::string comment(2 * kDepth, '(');
  for (usize i = 1; i < comment.size(); i += 2) {
    comment[i] = ';';
  }
  CHECK(error_of(comment) == "error[malformed]: 1:1: unclosed comment");
  CHECK(error_of(std::string(kDepth, '(')) ==
        "error[malformed]: 1:2: unexpected token (, expected a module field");
}

} // namespace
} // namespace petrel::text
