// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each message of the core decoder and validator with its class, place and exact offset.
#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

struct Row {
  ByteVec bytes;
  std::string_view message;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CHECK_EQ(verdict(row.bytes), row.message);
  }
}

/// Sections behind a type `[] -> []` (0) and `[i32] -> [i32]` (1); they begin at 0x13.
ByteVec typed(const ByteVec& sections) {
  return kPreamble + section(1, {0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7f, 0x01, 0x7f}) + sections;
}
/// A body, beginning at 0x48, in a module with all of: type 0 [] -> [], 1 [i32] -> [i32 i32]; functions 0, 1 of them; table 0 funcref,
/// 1 externref; memory; globals 0 const i32, 1 var i32, 2 externref const; one elem segment, data count 1.
ByteVec rich(const ByteVec& code) {
  return kPreamble + section(1, {0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7f, 0x02, 0x7f, 0x7f}) +
         section(3, {0x02, 0x00, 0x01}) + section(4, {0x02, 0x70, 0x00, 0x01, 0x6f, 0x00, 0x01}) +
         section(5, {0x01, 0x00, 0x01}) +
         section(6, {0x03, 0x7f, 0x00, 0x41, 0x00, 0x0b, 0x7f, 0x01, 0x41, 0x00, 0x0b, 0x6f, 0x00,
                     0xd0, 0x6f, 0x0b}) +
         section(9, {0x01, 0x01, 0x00, 0x01, 0x00}) + section(12, {0x01}) +
         section(10, ByteVec{0x02} + body(code) + body({0x20, 0x00, 0x20, 0x00, 0x0b})) +
         section(11, {0x01, 0x01, 0x00});
}

} // namespace

TEST_CASE("messages: preamble and sections") {
  check({
      {{}, "error[malformed]: offset 0x0: unexpected end: no WebAssembly preamble"},
      {{0x00, 0x61, 0x73}, "error[malformed]: offset 0x0: unexpected end: no WebAssembly preamble"},
      {{0x00, 0x61, 0x73, 0x6e, 1, 0, 0, 0},
       "error[malformed]: offset 0x0: magic header not detected"},
      {{0x00, 0x61, 0x73, 0x6d, 1, 0}, "error[malformed]: offset 0x4: unexpected end: no version"},
      {{0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0},
       "error[malformed]: offset 0x4: unknown binary version"},
      {kPreamble, "ok"},
      {kPreamble + ByteVec{14, 0}, "error[malformed]: offset 0x8: malformed section id 14"},
      {kPreamble + ByteVec{1},
       "error[malformed]: section type (id 1), offset 0x9: unexpected end of section or function"},
      {kPreamble + ByteVec{1, 5, 0}, "error[malformed]: section type (id 1), offset 0x9: length "
                                     "out of bounds: section of 5 bytes, 1 left"},
      {kPreamble + ByteVec{1, 2, 0, 0}, "error[malformed]: section type (id 1), offset 0xb: "
                                        "section size mismatch: 1 bytes left over"},
      {kPreamble + ByteVec{1, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
       "error[malformed]: section type (id 1), offset 0x9: integer representation too long"},
      {kPreamble + section(2, {0}) + section(1, {0}),
       "error[malformed]: section type (id 1), offset 0xb: unexpected content after last section: "
       "section type out of order"},
      {kPreamble + section(5, {0}) + section(5, {0}),
       "error[malformed]: section memory (id 5), offset 0xb: unexpected content after last "
       "section: section memory occurs twice"},
      {kPreamble + section(0, {5, 'a'}), "error[malformed]: section custom (id 0), offset 0xb: "
                                         "length out of bounds: name of 5 bytes, 1 left"},
      {kPreamble + section(0, {1, 0xff}),
       "error[malformed]: section custom (id 0), offset 0xb: malformed UTF-8 encoding"},
      {kPreamble + section(12, {1}), "error[malformed]: offset 0xb: data count and data section "
                                     "have inconsistent lengths: 1 announced, 0 found"},
      {kPreamble + section(12, {1}) + section(11, {0}),
       "error[malformed]: section data (id 11), offset 0xe: data count and data section have "
       "inconsistent lengths: 1 announced, 0 found"},
      {typed(section(3, {1, 0})), "error[malformed]: offset 0x17: function and code section have "
                                  "inconsistent lengths: 1 functions, no code section"},
      {kPreamble + section(10, {1, 2, 0, 0x0b}),
       "error[malformed]: section code (id 10), offset 0xa: function and code section have "
       "inconsistent lengths: 0 functions, 1 bodies"},
      {kPreamble + section(10, {1, 2, 0, 0x0b}) + section(10, {0}),
       "error[malformed]: section code (id 10), offset 0xe: unexpected content after last section: "
       "section code occurs twice"},
  });
}

TEST_CASE("messages: types, imports, functions") {
  check({
      {kPreamble + section(1, {1, 0x40}), "error[malformed]: section type (id 1), offset 0xb: "
                                          "malformed type form 0x40, expected 0x60 (func)"},
      {kPreamble + section(1, {1, 0x4e}),
       "error[malformed]: section type (id 1), offset 0xc: unexpected end of section or function"},
      {kPreamble + section(1, {1, 0x50}),
       "error[malformed]: section type (id 1), offset 0xc: unexpected end of section or function"},
      {kPreamble + section(1, {1, 0x50, 1, 0, 0x60, 0, 0}),
       "error[invalid]: section type (id 1), offset 0xc: unknown type 0"},
      {kPreamble + section(1, {2, 0x60, 0, 0, 0x50, 1, 0, 0x60, 0, 0}),
       "error[invalid]: section type (id 1), offset 0xe: sub type 1 does not match super type 0: "
       "the super type is final"},
      {kPreamble + section(1, {2, 0x50, 0, 0x5f, 1, 0x7f, 0, 0x50, 1, 0, 0x5f, 1, 0x7f, 1}),
       "error[invalid]: section type (id 1), offset 0x11: sub type 1 does not match super type 0: "
       "its definition is no extension"},
      {kPreamble + section(1, {1, 0x5e, 0x78, 2}),
       "error[malformed]: section type (id 1), offset 0xd: malformed mutability 0x02"},
      {kPreamble + section(1, {1, 0x4e, 1, 0x5e, 0x63, 1, 0}),
       "error[invalid]: section type (id 1), offset 0xf: unknown type 1"},
      {kPreamble + section(1, {1, 0x60, 1, 0x7a, 0}),
       "error[malformed]: section type (id 1), offset 0xd: malformed value type 0x7a"},
      {kPreamble + section(1, {1, 0x60, 1, 0x64, 5, 0}),
       "error[invalid]: section type (id 1), offset 0xe: unknown type 5"},
      {kPreamble + section(1, {9, 0x60, 0, 0}),
       "error[malformed]: section type (id 1), offset 0xa: unexpected end of section or function: "
       "9 types announced, 3 bytes left"},
      {kPreamble + section(2, {1, 0, 0, 5}),
       "error[malformed]: section import (id 2), offset 0xd: malformed import kind 0x05"},
      {kPreamble + section(2, {1, 0, 0, 0, 3}),
       "error[invalid]: section import (id 2), offset 0xe: unknown type 3"},
      {kPreamble + section(2, {1, 0, 0, 3, 0x7f, 2}),
       "error[malformed]: section import (id 2), offset 0xf: malformed mutability 0x02"},
      {typed(section(3, {1, 2})),
       "error[invalid]: section function (id 3), offset 0x16: unknown type 2"},
  });
}

TEST_CASE("messages: tables, memories, globals, exports, start") {
  check({
      {kPreamble + section(4, {1, 0x7f, 0, 0}),
       "error[malformed]: section table (id 4), offset 0xb: malformed reference type 0x7f"},
      {kPreamble + section(4, {1, 0x70, 2, 0}),
       "error[malformed]: section table (id 4), offset 0xc: malformed limits flags 0x02"},
      {kPreamble + section(4, {1, 0x70, 1, 2, 1}),
       "error[invalid]: section table (id 4), offset 0xc: size minimum must not be greater than "
       "maximum: 2 > 1"},
      {kPreamble + section(4, ByteVec{1, 0x70, 0} + leb(1ull << 32)),
       "error[invalid]: section table (id 4), offset 0xc: table size must be at most 4294967295"},
      {kPreamble + section(4, {1, 0x40, 1, 0x70, 0, 0}),
       "error[malformed]: section table (id 4), offset 0xc: malformed table: expected 0x00 behind "
       "0x40, found 0x01"},
      {kPreamble + section(4, {1, 0x64, 0x70, 0, 0}),
       "error[invalid]: section table (id 4), offset 0xb: type mismatch: a table of (ref func) "
       "needs an initial value"},
      {kPreamble + section(5, {1, 8, 0, 0}),
       "error[malformed]: section memory (id 5), offset 0xb: malformed limits flags 0x08"},
      {kPreamble + section(5, {1, 2, 0}),
       "error[invalid]: section memory (id 5), offset 0xb: shared memory must have maximum"},
      {kPreamble + section(5, {1, 1, 2, 1}),
       "error[invalid]: section memory (id 5), offset 0xb: size minimum must not be greater than "
       "maximum: 2 > 1"},
      {kPreamble + section(5, ByteVec{1, 0} + leb(65537)),
       "error[invalid]: section memory (id 5), offset 0xb: memory size must be at most 65536 pages "
       "(4GiB)"},
      {kPreamble + section(5, ByteVec{1, 0} + leb(65536)), "ok"},
      {kPreamble + section(7, {1, 1, 'a', 5, 0}),
       "error[malformed]: section export (id 7), offset 0xd: malformed export kind 0x05"},
      {kPreamble + section(7, {1, 1, 'a', 0, 7}),
       "error[invalid]: section export (id 7), offset 0xe: unknown function 7"},
      {kPreamble + section(7, {1, 1, 'a', 1, 0}),
       "error[invalid]: section export (id 7), offset 0xe: unknown table 0"},
      {kPreamble + section(7, {1, 1, 'a', 2, 0}),
       "error[invalid]: section export (id 7), offset 0xe: unknown memory 0"},
      {kPreamble + section(7, {1, 1, 'a', 3, 0}),
       "error[invalid]: section export (id 7), offset 0xe: unknown global 0"},
      {kPreamble + section(5, {1, 0, 0}) +
           section(7, {3, 1, 'a', 2, 0, 1, 'a', 2, 0, 1, 'b', 2, 9}),
       "error[invalid]: section export (id 7), offset 0x15: duplicate export name \"a\""},
      {kPreamble + section(8, {0}),
       "error[invalid]: section start (id 8), offset 0xa: unknown function 0"},
      {typed(section(2, {1, 0, 0, 0, 1}) + section(8, {0})),
       "error[invalid]: section start (id 8), offset 0x1c: start function: function 0 has "
       "parameters or results"},
  });
}

TEST_CASE("messages: constant expressions and segments") {
  const ByteVec table = section(4, {1, 0x70, 0, 1}); // sections behind it begin at 0xe
  const ByteVec memory = section(5, {1, 0, 1});      // 0xd
  check({
      {kPreamble + section(6, {1, 0x7f, 0, 0x41, 0}),
       "error[malformed]: section global (id 6), offset 0xf: unexpected end of section or "
       "function"},
      {kPreamble + section(6, {1, 0x7f, 0, 0x42, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xf: type mismatch: end expected i32, found "
       "i64"},
      {kPreamble + section(6, {1, 0x7f, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xd: type mismatch: end expected i32, found "
       "an empty stack"},
      {kPreamble + section(6, {1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0x11: type mismatch: end expected an empty "
       "stack, found 1 more value"},
      {kPreamble + section(6, {1, 0x7f, 0, 0x41, 0, 0x45, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xf: constant expression required: i32.eqz "
       "is no constant instruction"},
      {kPreamble + section(6, {1, 0x7f, 0, 0xff, 0x0b}),
       "error[malformed]: section global (id 6), offset 0xd: illegal opcode ff"},
      {kPreamble + section(6, {1, 0x7f, 0, 0x23, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xd: unknown global 0"},
      {kPreamble + section(6, {2, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 0, 0x23, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0x12: constant expression required: global 0 "
       "is mutable"},
      {kPreamble + section(6, {1, 0x70, 0, 0xd2, 0, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xd: unknown function 0"},
      {kPreamble + section(6, {1, 0x70, 0, 0xfb, 0x1c, 0x0b}),
       "error[invalid]: section global (id 6), offset 0xd: type mismatch: ref.i31 expected i32, "
       "found an empty stack"},
      {kPreamble + section(9, {1, 8}),
       "error[malformed]: section element (id 9), offset 0xb: malformed elements segment kind 8"},
      {kPreamble + section(9, {1, 0, 0x41, 0, 0x0b, 0}),
       "error[invalid]: section element (id 9), offset 0xb: unknown table 0"},
      {kPreamble + section(9, {1, 1, 1, 0}),
       "error[malformed]: section element (id 9), offset 0xc: malformed element kind 0x01, "
       "expected 0x00 (funcref)"},
      {kPreamble + section(9, {1, 1, 0, 1, 4}),
       "error[invalid]: section element (id 9), offset 0xe: unknown function 4"},
      {kPreamble + table + section(9, {1, 6, 0, 0x41, 0, 0x0b, 0x6f, 0}),
       "error[invalid]: section element (id 9), offset 0x11: type mismatch: element segment of "
       "externref for a table of funcref"},
      {kPreamble + section(11, {1, 3}),
       "error[malformed]: section data (id 11), offset 0xb: malformed data segment kind 3"},
      {kPreamble + section(11, {1, 0, 0x41, 0, 0x0b, 0}),
       "error[invalid]: section data (id 11), offset 0xb: unknown memory 0"},
      {kPreamble + memory + section(11, {1, 0, 0x41, 0, 0x0b, 3, 0}),
       "error[malformed]: section data (id 11), offset 0x15: unexpected end of section or "
       "function: 3 bytes expected, 1 left"},
  });
}

TEST_CASE("messages: bodies") {
  check({
      {one_func({0x0b}), "ok"},
      {one_func({0x01}), "error[malformed]: func 0, offset 0x18: unexpected end of section or "
                         "function: END opcode expected"},
      {one_func({0x0b, 0x01}), "error[malformed]: func 0, offset 0x18: section size mismatch: "
                               "bytes left behind the function's final END opcode"},
      {one_func({0xff, 0x0b}), "error[malformed]: func 0, offset 0x17: illegal opcode ff"},
      {one_func({0xfc, 0x20, 0x0b}), "error[malformed]: func 0, offset 0x17: illegal opcode fc 20"},
      {one_func({0x05, 0x0b}),
       "error[malformed]: func 0, offset 0x17: END opcode expected: else without if"},
      {one_func({0x02, 0x60, 0x0b, 0x0b}),
       "error[malformed]: func 0, offset 0x18: malformed value type 0x60"},
      {one_func({0x02, 0x80, 0x7f, 0x0b, 0x0b}),
       "error[malformed]: func 0, offset 0x18: malformed block type: expected an empty type, a "
       "value type or a type index"},
      {one_func({0x02, 0x01, 0x0b, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown type 1"},
      {one_func({0x0c, 0x01, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown label 1"},
      {one_func({0x41, 0x00, 0x0e, 0x01, 0x00, 0x02, 0x0b}),
       "error[invalid]: func 0, offset 0x19: unknown label 2"},
      {one_func({0x10, 0x05, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown function 5"},
      {one_func({0x20, 0x00, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown local 0"},
      {one_func({0x23, 0x00, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown global 0"},
      {one_func({0x41, 0x00, 0x11, 0x00, 0x00, 0x0b}),
       "error[invalid]: func 0, offset 0x19: unknown table 0"},
      {one_func({0x41, 0x00, 0x28, 0x02, 0x00, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x19: unknown memory 0"},
      {one_func({0xfc, 0x09, 0x00, 0x0b}),
       "error[malformed]: func 0, offset 0x17: data count section required"},
      {one_func({0xfc, 0x0d, 0x00, 0x0b}),
       "error[invalid]: func 0, offset 0x17: unknown elem segment 0"},
      {one_func({0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x0b}),
       "error[malformed]: func 0, offset 0x18: integer representation too long"},
      {one_func({0x41, 0xff, 0xff, 0xff, 0xff, 0x1f, 0x1a, 0x0b}),
       "error[malformed]: func 0, offset 0x18: integer too large"},
      {one_func({0x1a, 0x0b}), "error[invalid]: func 0, offset 0x17: type mismatch: drop expected "
                               "a value, found an empty stack"},
      {one_func({0x41, 0x00, 0x43, 0, 0, 0, 0, 0x6a, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1e: type mismatch: i32.add expected i32, found f32"},
      {one_func({0x41, 0x00, 0x6a, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x19: type mismatch: i32.add expected i32, found an empty "
       "stack"},
      {one_func({0x41, 0x00, 0x0b}), "error[invalid]: func 0, offset 0x19: type mismatch: end "
                                     "expected an empty stack, found 1 more value"},
      {one_func({0x41, 0x00, 0x04, 0x7f, 0x41, 0x00, 0x0b, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1d: type mismatch: if without else expected equal "
       "parameters and results"},
      {one_func({0x02, 0x7f, 0x41, 0x00, 0x41, 0x00, 0x0e, 0x01, 0x00, 0x01, 0x0b, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1d: type mismatch: br_table expected labels of 0 values, "
       "found one of 1"},
      {one_func({0x41, 0x00, 0x42, 0x00, 0x41, 0x00, 0x1b, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1d: type mismatch: select expected i32, found i64"},
      {one_func({0x41, 0x00, 0x1c, 0x02, 0x7f, 0x7f, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x19: invalid result arity: select expected 1 type, found "
       "2"},
      {one_func({0xd2, 0x00, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x17: undeclared function reference: function 0 is in no "
       "element segment, export or global"},
      {one_func({0xd0, 0x60, 0x0b}), "error[malformed]: func 0, offset 0x18: malformed heap type"},
      {one_func({0x12, 0x05, 0x0b}), "error[invalid]: func 0, offset 0x17: unknown function 5"},
      {one_func({0xfd, 0x0c, 0x0b}),
       "error[malformed]: func 0, offset 0x1a: unexpected end of section or function"},
      {one_func({0xfd, 0x15, 0x10, 0x0b}),
       "error[invalid]: func 0, offset 0x17: invalid lane index 16: "
       "i8x16.extract_lane_s expected one below 16"},
      {one_func({0xfd, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x20, 0x0b}),
       "error[invalid]: func 0, offset 0x17: invalid lane index 32: i8x16.shuffle expected one "
       "below 32"},
      {one_func({0x41, 0x00, 0xfd, 0x4d, 0x0b}),
       "error[invalid]: func 0, offset 0x19: type mismatch: "
       "v128.not expected v128, found i32"},
  });
}

TEST_CASE("messages: bodies with everything to refer to") {
  check({
      {rich({0x41, 0, 0x28, 3, 0, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x4a: alignment must not be larger than natural: expected "
       "at most 2^2 bytes, found 2^3"},
      {rich({0x41, 0, 0x28, 0x42, 1, 0, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x4a: unknown memory 1"},
      {rich({0x41, 0, 0x28, 0x80, 0x01, 0, 0x1a, 0x0b}),
       "error[malformed]: func 0, offset 0x4b: malformed memop flags"},
      {rich(ByteVec{0x41, 0, 0x28, 2} + leb(1ull << 32) + ByteVec{0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x4a: offset out of range: expected at most 0xffffffff, "
       "found 0x100000000"},
      {rich({0x3f, 1, 0x1a, 0x0b}), "error[invalid]: func 0, offset 0x48: unknown memory 1"},
      {rich({0x41, 0, 0x24, 0, 0x0b}), "error[invalid]: func 0, offset 0x4a: immutable global 0: "
                                       "global.set expected a mutable one"},
      {rich({0x41, 0, 0x11, 0, 1, 0x0b}),
       "error[invalid]: func 0, offset 0x4a: type mismatch: call_indirect expected a table of "
       "funcref, found externref"},
      {rich({0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0e, 0, 1, 0x0b}),
       "error[invalid]: func 0, offset 0x4e: type mismatch: table.copy expected a table of "
       "funcref, found externref"},
      {rich({0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0c, 0, 1, 0x0b}),
       "error[invalid]: func 0, offset 0x4e: type mismatch: table.init expected elements of "
       "externref, found (ref func)"},
      {rich({0x41, 0, 0xd0, 0x6f, 0x26, 0, 0x0b}),
       "error[invalid]: func 0, offset 0x4c: type mismatch: table.set expected funcref, found "
       "externref"},
      {rich({0x41, 0, 0xd1, 0x1a, 0x0b}), "error[invalid]: func 0, offset 0x4a: type mismatch: "
                                          "ref.is_null expected a reference, found i32"},
      {rich({0x23, 2, 0x23, 2, 0x41, 0, 0x1b, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x4e: type mismatch: select expected a number, found "
       "externref"},
      {rich({0xfc, 0x09, 1, 0x0b}), "error[invalid]: func 0, offset 0x48: unknown data segment 1"},
      {rich({0xd2, 0, 0x1a, 0x41, 0, 0x10, 1, 0x1a, 0x1a, 0x0b}), "ok"},
  });
}

TEST_CASE("messages: unreachable code is typed as far as it is known") {
  check({
      {one_func({0x00, 0x6a, 0x1a, 0x0b}), "ok"},
      {one_func({0x00, 0x41, 0, 0x6a, 0x1a, 0x0b}), "ok"},
      {one_func({0x00, 0x42, 0, 0x6a, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1a: type mismatch: i32.add expected i32, found i64"},
      {one_func({0x00, 0x1b, 0xd1, 0x1a, 0x0b}), "ok"},
      {one_func({0x02, 0x40, 0x0c, 0x00, 0x02, 0x40, 0x1a, 0x0b, 0x0b, 0x0b}),
       "error[invalid]: func 0, offset 0x1d: type mismatch: drop expected a value, found an empty "
       "stack"},
      {one_func({0x00, 0x41, 0, 0x0b}), "error[invalid]: func 0, offset 0x1a: type mismatch: end "
                                        "expected an empty stack, found 1 more value"},
      {one_func({0x02, 0x7f, 0x00, 0x42, 0, 0x41, 0, 0x0d, 0, 0x0b, 0x1a, 0x0b}),
       "error[invalid]: func 0, offset 0x1e: type mismatch: br_if expected i32, found i64"},
  });
}

TEST_CASE("messages: the place is the function's name, from the name section or an export") {
  const ByteVec head = kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, {1, 0});
  const ByteVec code = section(10, ByteVec{1} + body({0x1a, 0x0b}));
  const ByteVec names = section(0, text("name") + ByteVec{1, 8, 1, 0} + text("p\x1brse"));
  CHECK_EQ(verdict(head + code + names),
           "error[invalid]: func 0 \"p\\u{1b}rse\", offset 0x17: type mismatch: drop expected a "
           "value, found an empty stack");
  CHECK_EQ(verdict(head + section(7, {1, 1, 'e', 0, 0}) + code),
           "error[invalid]: func 0 \"e\", offset 0x1e: type mismatch: drop expected a value, found "
           "an empty stack");
}

TEST_CASE("messages: a feature that is switched off is named with the option") {
  DecodeOptions options;
  options.features = options.features.without(ir::Feature::SignExtension);
  CHECK_EQ(verdict(one_func({0x41, 0, 0xc0, 0x1a, 0x0b}), options),
           "error[unsupported]: func 0, offset 0x19: i32.extend8_s needs feature sign-extension, "
           "which is off (-W sign-extension)");
}

TEST_CASE("a module inside a file keeps the file's offsets") {
  const ByteVec inner = one_func({0x1a, 0x0b});
  const ByteVec file = ByteVec(100) + inner + ByteVec(7);
  auto image = decode_module(file, 100, inner.size(), {});
  REQUIRE(!image);
  CHECK_EQ(image.error().info().offset, 100 + kFirst);
  const ByteVec good = one_func({0x0b});
  auto ok = decode_module(ByteVec(100) + good, 100, good.size(), {});
  REQUIRE(ok);
  CHECK_EQ(ok->module().funcs()[0].body_offset, 100 + kFirst);
  CHECK_EQ(ok->module().header().file_offset, 100);
}

TEST_CASE("a truncated module is refused at every length") {
  const ByteVec whole = rich({0xd2, 0, 0x1a, 0x41, 0, 0x10, 1, 0x1a, 0x1a, 0x0b});
  REQUIRE_EQ(verdict(whole), "ok");
  for (usize size = 0; size < whole.size(); ++size) {
    auto image = decode(ByteVec(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    if (!image) {
      CHECK_EQ(image.error().cls(), ErrorClass::malformed);
      CHECK_LE(*image.error().info().offset, size);
    }
  }
}

} // namespace petrel::frontend::test
