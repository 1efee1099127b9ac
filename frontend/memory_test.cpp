// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memories and tables of every kind - several, 64-bit, shared, with small pages: what their types may say, what the
// instructions expect, and what is refused with the feature off.
#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

DecodeOptions with(std::string_view features) {
  DecodeOptions options;
  options.features = *ir::parse_features(features, options.features);
  return options;
}

ByteVec memories(const ByteVec& payload) { return kPreamble + section(5, payload); }
ByteVec tables(const ByteVec& payload) { return kPreamble + section(4, payload); }

/// One function [] -> [] with memory 0 of 32 and 1 of 64 bits, tables 0 and 1 likewise, one passive segment of either kind.
ByteVec mixed(const ByteVec& code) {
  return kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, {1, 0}) +
         section(4, {2, 0x70, 0, 1, 0x70, 4, 1}) + section(5, {2, 0, 1, 4, 1}) +
         section(9, {1, 1, 0, 0}) + section(12, {1}) +
         section(10, ByteVec{1} + body(code + ByteVec{0x0b})) + section(11, {1, 1, 0});
}
/// The text behind the place.
std::string problem(const ByteVec& code) {
  const std::string text = verdict(mixed(code));
  const usize colon = text.rfind(": type mismatch: ");
  return colon == std::string::npos ? text : text.substr(colon + 17);
}

constexpr u8 kI32 = 0x41;
constexpr u8 kI64 = 0x42;
ByteVec operands(std::initializer_list<u8> consts) {
  ByteVec out;
  for (u8 op : consts) {
    out = out + ByteVec{op, 0};
  }
  return out;
}

} // namespace

TEST_CASE("several memories and tables") {
  CHECK_EQ(verdict(memories({2, 0, 1, 0, 1})), "ok");
  CHECK_EQ(verdict(memories({2, 0, 1, 0, 1}), with("multi-memory=n")),
           "error[invalid]: section memory (id 5), offset 0xd: multiple memories needs feature "
           "multi-memory, which is off (-W multi-memory)");
  CHECK_EQ(
      verdict(kPreamble + section(2, {2, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0}), with("multi-memory=n"))
          .substr(0, 62),
      "error[invalid]: section import (id 2), offset 0x13: multiple m");
  DecodeOptions unavailable;
  unavailable.available = unavailable.available.without(ir::Feature::MultiMemory);
  CHECK_EQ(verdict(memories({2, 0, 1, 0, 1}), unavailable).substr(0, 18), "error[unsupported]");
  CHECK_EQ(verdict(tables({2, 0x70, 0, 1, 0x70, 0, 1}), with("reference-types=n")).substr(0, 71),
           "error[invalid]: section table (id 4), offset 0xe: multiple tables needs");
  // A memory index: in an access, in memory.size.
  const ByteVec load = {0x42, 0, 0x28, 0x42, 1, 0, 0x1a};
  CHECK_EQ(problem(load), "ok");
  CHECK_EQ(problem({0x42, 0, 0x28, 0xc2, 0x00, 0x81, 0x00, 0x80, 0x00, 0x1a}), "ok"); // padded
  CHECK_EQ(verdict(one_func({0x41, 0, 0x28, 0x42, 1, 0, 0x1a, 0x0b}), with("multi-memory=n")),
           "error[unsupported]: func 0, offset 0x1a: memory index in a memory access needs feature "
           "multi-memory, which is off (-W multi-memory)");
  CHECK_EQ(
      verdict(one_func({0x3f, 1, 0x1a, 0x0b}), with("multi-memory=n")),
      "error[unsupported]: func 0, offset 0x18: memory index needs feature multi-memory, which "
      "is off (-W multi-memory)");
}

TEST_CASE("limits of memory and table types") {
  auto sized = [](u8 flags, u64 min) { return memories(ByteVec{1, flags} + leb(min)); };
  auto verdict_small = [&](u8 flags, u64 min) {
    return verdict(memories(ByteVec{1, flags} + leb(min) + ByteVec{0}), with("custom-page-sizes"));
  };
  CHECK_EQ(verdict(sized(0, 0x10000)), "ok");
  CHECK_EQ(verdict(sized(0, 0x10001)),
           "error[invalid]: section memory (id 5), offset 0xb: memory size must be at most 65536 "
           "pages (4GiB)");
  CHECK_EQ(verdict(sized(4, u64{1} << 48)), "ok");
  CHECK_EQ(verdict(sized(4, (u64{1} << 48) + 1)),
           "error[invalid]: section memory (id 5), offset 0xb: memory size must be at most "
           "281474976710656 pages (16EiB)");
  CHECK_EQ(verdict_small(8, 0xffffffff), "ok");
  CHECK_EQ(verdict_small(8, 0x100000000),
           "error[invalid]: section memory (id 5), offset 0xb: memory size must be at most "
           "4294967295 pages (4GiB)");
  CHECK_EQ(verdict_small(12, ~u64{0}), "ok");
  CHECK_EQ(verdict(tables(ByteVec{1, 0x70, 0} + leb(0xffffffff))), "ok");
  CHECK_EQ(verdict(tables(ByteVec{1, 0x70, 4} + leb(~u64{0}))), "ok");
  CHECK_EQ(
      verdict(tables({1, 0x70, 5, 2, 1})),
      "error[invalid]: section table (id 4), offset 0xc: size minimum must not be greater than "
      "maximum: 2 > 1");
  CHECK_EQ(verdict(tables({1, 0x70, 4, 0}), with("memory64=n")),
           "error[unsupported]: section table (id 4), offset 0xc: table limits with flags 0x04 "
           "needs feature memory64, which is off (-W memory64)");
}

TEST_CASE("atomic accesses are naturally aligned, fences have one order") {
  CHECK_EQ(problem(operands({kI32}) + ByteVec{0xfe, 0x10, 2, 0, 0x1a}), "ok");
  CHECK_EQ(verdict(mixed(operands({kI32}) + ByteVec{0xfe, 0x10, 1, 0, 0x1a})),
           "error[invalid]: func 0, offset 0x32: atomic alignment must be natural: expected 2^2 "
           "bytes, found 2^1");
  CHECK_EQ(verdict(mixed(operands({kI32}) + ByteVec{0xfe, 0x10, 3, 0, 0x1a})),
           "error[invalid]: func 0, offset 0x32: alignment must not be larger than natural: "
           "expected at most 2^2 bytes, found 2^3");
  CHECK_EQ(problem({0xfe, 3, 0}), "ok");
  CHECK_EQ(verdict(mixed({0xfe, 3, 1})),
           "error[malformed]: func 0, offset 0x32: zero byte expected: the order of a fence");
  CHECK_EQ(verdict(memories({1, 2, 0})),
           "error[invalid]: section memory (id 5), offset 0xb: shared memory must have maximum");
  CHECK_EQ(verdict(memories({1, 3, 0, 1})), "ok");
  CHECK_EQ(verdict(memories({1, 3, 0, 1}), with("threads=n")),
           "error[unsupported]: section memory (id 5), offset 0xb: memory limits with flags 0x03 "
           "needs feature threads, which is off (-W threads)");
  CHECK_EQ(verdict(one_func({0xfe, 3, 0, 0x0b}), with("threads=n")).substr(0, 18),
           "error[unsupported]");
}

TEST_CASE("operands have the address types of their memory or table") {
  // memory.copy: destination, source, length; the length is i64 only if both are
  CHECK_EQ(problem(operands({kI64, kI32, kI32}) + ByteVec{0xfc, 10, 1, 0}), "ok");
  CHECK_EQ(problem(operands({kI32, kI64, kI32}) + ByteVec{0xfc, 10, 0, 1}), "ok");
  CHECK_EQ(problem(operands({kI64, kI64, kI64}) + ByteVec{0xfc, 10, 1, 1}), "ok");
  CHECK_EQ(problem(operands({kI64, kI64, kI32}) + ByteVec{0xfc, 10, 1, 1}),
           "memory.copy expected i64, found i32");
  CHECK_EQ(problem(operands({kI32, kI64, kI64}) + ByteVec{0xfc, 10, 0, 1}),
           "memory.copy expected i32, found i64");
  CHECK_EQ(problem(operands({kI64, kI32, kI64}) + ByteVec{0xfc, 11, 1}), "ok");   // memory.fill
  CHECK_EQ(problem(operands({kI64, kI32, kI32}) + ByteVec{0xfc, 8, 0, 1}), "ok"); // memory.init
  CHECK_EQ(problem(operands({kI64}) + ByteVec{0x40, 1, 0x50, 0x1a}), "ok"); // memory.grow, i64.eqz
  CHECK_EQ(problem(operands({kI32}) + ByteVec{0x40, 1, 0x1a}),
           "memory.grow expected i64, found i32");
  CHECK_EQ(problem({0x3f, 1, 0x45, 0x1a}), "i32.eqz expected i32, found i64");     // memory.size
  CHECK_EQ(problem(operands({kI64, kI32, kI32}) + ByteVec{0xfc, 14, 1, 0}), "ok"); // table.copy
  CHECK_EQ(problem(operands({kI64, kI32, kI32}) + ByteVec{0xfc, 12, 0, 1}), "ok"); // table.init
  CHECK_EQ(problem(operands({kI32}) + ByteVec{0x25, 1, 0x1a}), "table.get expected i64, found i32");
  CHECK_EQ(problem(operands({kI64}) + ByteVec{0x11, 0, 1}), "ok"); // call_indirect
  CHECK_EQ(problem(operands({kI64}) + ByteVec{0x11, 0, 0}),
           "call_indirect expected i32, found i64");
  // An offset beyond 32 bits only with a 64-bit memory.
  const ByteVec far = leb(u64{1} << 32);
  CHECK_EQ(problem(operands({kI64}) + ByteVec{0x28, 0x42, 1} + far + ByteVec{0x1a}), "ok");
  CHECK_EQ(verdict(mixed(operands({kI32}) + ByteVec{0x28, 2} + far + ByteVec{0x1a})).substr(0, 64),
           "error[invalid]: func 0, offset 0x32: offset out of range: expect");
}

} // namespace petrel::frontend::test
