// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of instructions, both ways. All keywords lie in one string; a row's place in it is computed at
// compile time, and an open-addressed hash table, likewise computed, leads from keyword to row.
#include "ir/opcodes.h"

#include "base/hash.h"

namespace petrel::ir {

namespace {

constexpr char kNames[] =
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family) text
#include "ir/opcodes.def"
    "";

consteval std::array<u16, kOpCount + 1> name_starts() {
  constexpr usize kLengths[] = {
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family)          \
  sizeof(text) - 1,
#include "ir/opcodes.def"
  };
  std::array<u16, kOpCount + 1> starts{};
  usize at = 0;
  for (u32 i = 0; i < kOpCount; ++i) {
    starts[i] = static_cast<u16>(at);
    at += kLengths[i];
  }
  starts[kOpCount] = static_cast<u16>(at);
  return starts;
}
constexpr std::array<u16, kOpCount + 1> kNameStarts = name_starts();
static_assert(sizeof(kNames) <= 0xffff, "starts are 16 bits wide");

constexpr std::string_view name_at(u32 index) {
  return {kNames + kNameStarts[index],
          static_cast<usize>(kNameStarts[index + 1] - kNameStarts[index])};
}

constexpr u32 kSlots = 2048; // a power of two, at least twice the rows
static_assert(kSlots >= 2 * kOpCount);

constexpr u32 slot_of(std::string_view name) {
  return static_cast<u32>(fnv1a(name)) & (kSlots - 1);
}

consteval std::array<Op, kSlots> name_table() {
  std::array<Op, kSlots> table{};
  table.fill(Op::Invalid);
  for (u32 i = 0; i < kOpCount; ++i) {
    u32 slot = slot_of(name_at(i));
    while (table[slot] != Op::Invalid && name_at(static_cast<u32>(table[slot])) != name_at(i)) {
      slot = (slot + 1) & (kSlots - 1);
    }
    if (table[slot] == Op::Invalid) { // the first of several forms wins
      table[slot] = static_cast<Op>(i);
    }
  }
  return table;
}
constexpr std::array<Op, kSlots> kNameTable = name_table();

} // namespace

std::string_view op_name(Op op) {
  CHECK(op != Op::Invalid);
  return name_at(static_cast<u32>(op));
}

Op op_by_name(std::string_view name) {
  for (u32 slot = slot_of(name); kNameTable[slot] != Op::Invalid;
       slot = (slot + 1) & (kSlots - 1)) {
    if (name_at(static_cast<u32>(kNameTable[slot])) == name) {
      return kNameTable[slot];
    }
  }
  return Op::Invalid;
}

} // namespace petrel::ir
