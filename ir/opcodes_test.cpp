// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction table against facts that were not derived from it: counts of the proposals, codes of the
// specification's index of instructions, and agreement of the lookups with each other.
#include "ir/opcodes.h"

#include <doctest/doctest.h>

namespace petrel::ir {
namespace {

Op op_at(u32 index) { return static_cast<Op>(index); }

u32 count_of(Feature feature) {
  u32 count = 0;
  for (const OpInfo& info : kOpInfos) {
    count += info.feature == feature ? 1 : 0;
  }
  return count;
}

TEST_CASE("opcodes: every code leads back to its row") {
  for (u32 i = 0; i < kOpCount; ++i) {
    const OpInfo& info = op_info(op_at(i));
    CAPTURE(op_name(op_at(i)));
    if (info.prefix == 0) {
      REQUIRE(info.code < 256);
      CHECK_FALSE(is_op_prefix(static_cast<u8>(info.code)));
      CHECK(op_from_byte(static_cast<u8>(info.code)) ==
            op_at(i)); // fails for the first of two equal codes
    } else {
      CHECK(is_op_prefix(info.prefix));
      CHECK(op_from_prefixed(info.prefix, info.code) == op_at(i));
    }
  }
}

TEST_CASE("opcodes: lookups refuse what is no instruction") {
  CHECK(op_from_byte(0x16) == Op::Invalid);
  CHECK(op_from_byte(0xff) == Op::Invalid);
  CHECK(op_from_byte(kPrefixSimd) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixSimd, 0x9a) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixSimd, 0x114) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixSimd, 0xffffffff) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixMisc, 18) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixGc, 31) == Op::Invalid);
  CHECK(op_from_prefixed(kPrefixAtomic, 4) == Op::Invalid);
  CHECK(op_from_prefixed(0x00, 0) == Op::Invalid);
}

TEST_CASE("opcodes: names lead back to their rows") {
  u32 later_forms = 0;
  for (u32 i = 0; i < kOpCount; ++i) {
    CAPTURE(op_name(op_at(i)));
    Op found = op_by_name(op_name(op_at(i)));
    REQUIRE(found != Op::Invalid);
    CHECK(op_name(found) == op_name(op_at(i)));
    later_forms += found != op_at(i) ? 1 : 0;
  }
  CHECK(later_forms == 3);
  CHECK(op_by_name("select") == Op::Select);
  CHECK(op_by_name("ref.test") == Op::RefTest);
  CHECK(op_by_name("ref.cast") == Op::RefCast);
  CHECK(op_by_name("") == Op::Invalid);
  CHECK(op_by_name("i32.ad") == Op::Invalid);
  CHECK(op_by_name("i32.addd") == Op::Invalid);
  CHECK(op_by_name("get_local") == Op::Invalid);
}

TEST_CASE("opcodes: number of instructions of each proposal") {
  CHECK(count_of(Feature::Mvp) == 172);
  CHECK(count_of(Feature::SignExtension) == 5);
  CHECK(count_of(Feature::SaturatingFloatToInt) == 8);
  CHECK(count_of(Feature::BulkMemory) == 7);
  CHECK(count_of(Feature::ReferenceTypes) ==
        9); // table.get set grow size fill, ref.null is_null func, select t
  CHECK(count_of(Feature::Simd) == 236);
  CHECK(count_of(Feature::RelaxedSimd) == 20);
  CHECK(count_of(Feature::TailCall) == 2);
  CHECK(count_of(Feature::FunctionReferences) == 5);
  CHECK(count_of(Feature::Gc) == 32);
  CHECK(count_of(Feature::Exceptions) == 3);
  CHECK(count_of(Feature::LegacyExceptions) == 5);
  CHECK(count_of(Feature::Threads) == 67);
  CHECK(count_of(Feature::WideArithmetic) == 4);
}

struct Known {
  Op op;
  u8 prefix;
  u16 code;
  std::string_view name;
  Imm imm;
  std::string_view params;
  std::string_view results;
};

TEST_CASE("opcodes: rows of the specification's index") {
  const Known known[] = {
      {Op::Unreachable, 0, 0x00, "unreachable", Imm::None, "*", "*"},
      {Op::TryTable, 0, 0x1f, "try_table", Imm::TryTable, "*", "*"},
      {Op::CallIndirect, 0, 0x11, "call_indirect", Imm::TypeTable, "*", "*"},
      {Op::I32Load8S, 0, 0x2c, "i32.load8_s", Imm::MemArg, "a", "i"},
      {Op::I64Store32, 0, 0x3e, "i64.store32", Imm::MemArg, "aI", ""},
      {Op::MemoryGrow, 0, 0x40, "memory.grow", Imm::MemIdx, "a", "a"},
      {Op::F64Const, 0, 0x44, "f64.const", Imm::F64Const, "", "F"},
      {Op::I32Eqz, 0, 0x45, "i32.eqz", Imm::None, "i", "i"},
      {Op::I64GeU, 0, 0x5a, "i64.ge_u", Imm::None, "II", "i"},
      {Op::F64Ge, 0, 0x66, "f64.ge", Imm::None, "FF", "i"},
      {Op::I32Add, 0, 0x6a, "i32.add", Imm::None, "ii", "i"},
      {Op::I64Rotr, 0, 0x8a, "i64.rotr", Imm::None, "II", "I"},
      {Op::F32Copysign, 0, 0x98, "f32.copysign", Imm::None, "ff", "f"},
      {Op::F64Copysign, 0, 0xa6, "f64.copysign", Imm::None, "FF", "F"},
      {Op::I32WrapI64, 0, 0xa7, "i32.wrap_i64", Imm::None, "I", "i"},
      {Op::F32DemoteF64, 0, 0xb6, "f32.demote_f64", Imm::None, "F", "f"},
      {Op::F64ReinterpretI64, 0, 0xbf, "f64.reinterpret_i64", Imm::None, "I", "F"},
      {Op::I64Extend32S, 0, 0xc4, "i64.extend32_s", Imm::None, "I", "I"},
      {Op::BrOnNonNull, 0, 0xd6, "br_on_non_null", Imm::LabelIdx, "*", "*"},
      {Op::I64TruncSatF64U, 0xfc, 7, "i64.trunc_sat_f64_u", Imm::None, "F", "I"},
      {Op::MemoryCopy, 0xfc, 10, "memory.copy", Imm::MemMem, "aAn", ""},
      {Op::TableFill, 0xfc, 17, "table.fill", Imm::TableIdx, "tet", ""},
      {Op::I64MulWideU, 0xfc, 22, "i64.mul_wide_u", Imm::None, "II", "II"},
      {Op::StructNew, 0xfb, 0, "struct.new", Imm::TypeIdx, "*", "*"},
      {Op::ArrayCopy, 0xfb, 17, "array.copy", Imm::TypeType, "*", "*"},
      {Op::BrOnCastFail, 0xfb, 25, "br_on_cast_fail", Imm::Cast, "*", "*"},
      {Op::I31GetU, 0xfb, 30, "i31.get_u", Imm::None, "x", "i"},
      {Op::V128Const, 0xfd, 12, "v128.const", Imm::V128Const, "", "v"},
      {Op::I8x16Shuffle, 0xfd, 13, "i8x16.shuffle", Imm::Shuffle16, "vv", "v"},
      {Op::F64x2ReplaceLane, 0xfd, 34, "f64x2.replace_lane", Imm::Lane, "vF", "v"},
      {Op::V128Bitselect, 0xfd, 82, "v128.bitselect", Imm::None, "vvv", "v"},
      {Op::I64x2GeS, 0xfd, 219, "i64x2.ge_s", Imm::None, "vv", "v"},
      {Op::F64x2ConvertLowI32x4U, 0xfd, 255, "f64x2.convert_low_i32x4_u", Imm::None, "v", "v"},
      {Op::I32x4RelaxedDotI8x16I7x16AddS, 0xfd, 0x113, "i32x4.relaxed_dot_i8x16_i7x16_add_s",
       Imm::None, "vvv", "v"},
      {Op::MemoryAtomicWait64, 0xfe, 2, "memory.atomic.wait64", Imm::MemArg, "aII", "i"},
      {Op::I64AtomicRmw32CmpxchgU, 0xfe, 0x4e, "i64.atomic.rmw32.cmpxchg_u", Imm::MemArg, "aII",
       "I"},
  };
  for (const Known& row : known) {
    CAPTURE(row.name);
    CHECK(op_by_name(row.name) == row.op);
    const OpInfo& info = op_info(row.op);
    CHECK(info.prefix == row.prefix);
    CHECK(info.code == row.code);
    CHECK(info.imm == row.imm);
    CHECK(info.params.view() == row.params);
    CHECK(info.results.view() == row.results);
  }
}

TEST_CASE("opcodes: accesses carry size, alignment, extension and lanes") {
  for (const OpInfo& info : kOpInfos) {
    bool has_memarg = info.imm == Imm::MemArg || info.imm == Imm::MemArgLane;
    CHECK(has_memarg == (info.access_bytes != 0));
  }
  CHECK(op_info(Op::I64Load16S).access_bytes == 2);
  CHECK(op_info(Op::I64Load16S).natural_align_log2() == 1);
  CHECK(op_info(Op::I64Load16S).is_sign_extend);
  CHECK_FALSE(op_info(Op::I64Load16U).is_sign_extend);
  CHECK_FALSE(op_info(Op::F32Load).is_sign_extend);
  CHECK(op_info(Op::V128Load).natural_align_log2() == 4);
  CHECK(op_info(Op::V128Load8x8S).natural_align_log2() == 3);
  CHECK(op_info(Op::V128Load8x8S).element_bytes == 1);
  CHECK(op_info(Op::V128Load8x8S).is_sign_extend);
  CHECK(op_info(Op::V128Load16Lane).lanes == 8);
  CHECK(op_info(Op::V128Store64Lane).lanes == 2);
  CHECK(op_info(Op::I16x8ExtractLaneU).lanes == 8);
  CHECK(op_info(Op::F64x2ReplaceLane).lanes == 2);
  CHECK(op_info(Op::I64AtomicRmw16XorU).access_bytes == 2);
  CHECK(op_info(Op::I64AtomicRmw16XorU).rmw == Rmw::Xor);
  CHECK(op_info(Op::I32AtomicLoad).rmw == Rmw::None);
}

TEST_CASE("opcodes: signatures use the documented characters") {
  for (u32 i = 0; i < kOpCount; ++i) {
    CAPTURE(op_name(op_at(i)));
    for (std::string_view types :
         {op_info(op_at(i)).params.view(), op_info(op_at(i)).results.view()}) {
      CHECK(
          (types == "*" || types.find_first_not_of("iIfFvaAntTmerqxXy") == std::string_view::npos));
    }
  }
}

TEST_CASE("opcodes: special macros select rows") {
  u32 loads = 0;
  u32 numerics = 0;
#define PETREL_OP_LOAD(Enum, snake, text, prefix_, code_, params_, results_, feature_, family_,    \
                       value, memory)                                                              \
  ++loads;                                                                                         \
  CHECK(op_info(Op::Enum).family == Family::Load);                                                 \
  CHECK(op_info(Op::Enum).family == Family::family_);
#include "ir/opcodes.def"
#define PETREL_OP_NUMERIC(Enum, snake, text, prefix, code, params, results, feature, family)       \
  ++numerics;
#include "ir/opcodes.def"
  CHECK(loads == 14);
  CHECK(numerics == 123 + 5 + 8);
  CHECK(is_trapping_numeric(Op::I64RemU));
  CHECK(is_trapping_numeric(Op::I32TruncF64U));
  CHECK_FALSE(is_trapping_numeric(Op::I32TruncSatF64U));
  CHECK_FALSE(is_trapping_numeric(Op::F32Trunc));
}

} // namespace
} // namespace petrel::ir
