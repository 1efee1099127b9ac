// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/instr_reader.h"

#include "base/format.h"

namespace petrel::text {

namespace {

constexpr u32 kMemArgHasMemory = 0x40;

Result<ir::Op> read_op(PartReader& r) {
  const u64 at = r.offset();
  TRY_ASSIGN(u8 byte, r.bytes().read_u8());
  u32 code = byte;
  ir::Op op = ir::Op::Invalid;
  if (ir::is_op_prefix(byte)) {
    TRY_ASSIGN(code, r.var_u32());
    op = ir::op_from_prefixed(byte, code);
  } else {
    op = ir::op_from_byte(byte);
  }
  if (op == ir::Op::Invalid) {
    return fail_at(ErrorClass::malformed, at,
                   ir::is_op_prefix(byte) ? strf("illegal opcode %02x %02x", byte, code)
                                          : strf("illegal opcode %02x", byte));
  }
  return op;
}

Status read_memarg(PartReader& r, RawInstr& out) {
  const u64 at = r.offset();
  TRY_ASSIGN(u32 flags, r.var_u32());
  out.align_log2 = flags & ~kMemArgHasMemory;
  if (out.align_log2 > 63) { // the text has room for 2^63
    return fail_at(ErrorClass::malformed, at, "malformed memop flags");
  }
  out.index = 0;
  if ((flags & kMemArgHasMemory) == 0) {
    r.note_none();
  } else {
    const u64 index_at = r.offset();
    TRY_ASSIGN(out.index, r.bytes().read_var_u32());
    r.note(r.offset() - index_at, out.index == 0 ? 0 : var_u64_size(out.index));
  }
  TRY_ASSIGN(out.bits, r.var_u64());
  return {};
}

Status read_labels(PartReader& r, RawInstr& out) {
  TRY_ASSIGN(u32 count, r.var_u32());
  out.labels.clear();
  for (u64 i = 0; i <= count; ++i) {
    TRY_ASSIGN(u32 label, r.var_u32());
    out.labels.push_back(label);
  }
  return {};
}

Status read_clauses(PartReader& r, RawInstr& out) {
  TRY_ASSIGN(u32 count, r.var_u32());
  out.clauses.clear();
  for (u32 i = 0; i < count; ++i) {
    const u64 at = r.offset();
    RawCatch clause{};
    TRY_ASSIGN(clause.code, r.bytes().read_u8());
    if (clause.code >= std::size(kCatchWords)) {
      return fail_at(ErrorClass::malformed, at, "malformed catch clause");
    }
    if (kCatchWords[clause.code].has_tag) {
      TRY_ASSIGN(clause.tag, r.var_u32());
    }
    TRY_ASSIGN(clause.label, r.var_u32());
    out.clauses.push_back(clause);
  }
  return {};
}

Status read_select_types(PartReader& r, RawInstr& out) {
  TRY_ASSIGN(u32 count, r.var_u32());
  out.types.clear();
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(ValType type, r.val_type());
    out.types.push_back(type);
  }
  return {};
}

Status read_indices(PartReader& r, RawInstr& out, u32 count) {
  TRY_ASSIGN(out.index, r.var_u32());
  if (count == 2) {
    TRY_ASSIGN(out.index2, r.var_u32());
  }
  return {};
}

Status read_lane(PartReader& r, RawInstr& out) {
  TRY_ASSIGN(out.lane, r.bytes().read_u8());
  return {};
}

Status read_cast(PartReader& r, RawInstr& out) {
  const u64 at = r.offset();
  TRY_ASSIGN(u8 flags, r.bytes().read_u8());
  if (flags > 3) {
    return fail_at(ErrorClass::malformed, at, "malformed br_on_cast flags");
  }
  out.bits = flags;
  TRY_ASSIGN(out.index, r.var_u32());
  TRY_ASSIGN(out.heap, r.heap_type());
  TRY_ASSIGN(out.heap2, r.heap_type());
  return {};
}

Status read_constant(PartReader& r, RawInstr& out, ir::Imm imm) {
  if (imm == ir::Imm::I32Const) {
    TRY_ASSIGN(i32 value, r.var_s32());
    out.bits = static_cast<u32>(value);
  } else if (imm == ir::Imm::I64Const) {
    TRY_ASSIGN(i64 value, r.var_s64());
    out.bits = static_cast<u64>(value);
  } else if (imm == ir::Imm::F32Const) {
    TRY_ASSIGN(out.bits, r.bytes().read_u32_le());
  } else {
    TRY_ASSIGN(out.bits, r.bytes().read_u64_le());
  }
  return {};
}

Status read_immediates(PartReader& r, RawInstr& out) {
  const ir::Imm imm = ir::op_info(out.op).imm;
  switch (imm) {
  case ir::Imm::None: return {};
  case ir::Imm::BlockType: {
    TRY_ASSIGN(out.block, r.block_type());
    return {};
  }
  case ir::Imm::TryTable: {
    TRY_ASSIGN(out.block, r.block_type());
    return read_clauses(r, out);
  }
  case ir::Imm::BrTable: return read_labels(r, out);
  case ir::Imm::LabelIdx:
  case ir::Imm::FuncIdx:
  case ir::Imm::TypeIdx:
  case ir::Imm::LocalIdx:
  case ir::Imm::GlobalIdx:
  case ir::Imm::TagIdx:
  case ir::Imm::TableIdx:
  case ir::Imm::ElemIdx:
  case ir::Imm::MemIdx:
  case ir::Imm::DataIdx: return read_indices(r, out, 1);
  case ir::Imm::TypeTable:
  case ir::Imm::TableTable:
  case ir::Imm::ElemTable:
  case ir::Imm::MemMem:
  case ir::Imm::DataMem:
  case ir::Imm::StructField:
  case ir::Imm::TypeU32:
  case ir::Imm::TypeData:
  case ir::Imm::TypeElem:
  case ir::Imm::TypeType: return read_indices(r, out, 2);
  case ir::Imm::MemArg: return read_memarg(r, out);
  case ir::Imm::MemArgLane: TRY(read_memarg(r, out)); return read_lane(r, out);
  case ir::Imm::Lane: return read_lane(r, out);
  case ir::Imm::AtomicFence: {
    const u64 at = r.offset();
    TRY_ASSIGN(u8 zero, r.bytes().read_u8());
    return zero == 0 ? Status() : fail_at(ErrorClass::malformed, at, "zero byte expected");
  }
  case ir::Imm::I32Const:
  case ir::Imm::I64Const:
  case ir::Imm::F32Const:
  case ir::Imm::F64Const: return read_constant(r, out, imm);
  case ir::Imm::V128Const:
  case ir::Imm::Shuffle16: {
    TRY_ASSIGN(out.raw, r.bytes().read_bytes(16));
    return {};
  }
  case ir::Imm::HeapType: {
    TRY_ASSIGN(out.heap, r.heap_type());
    return {};
  }
  case ir::Imm::SelectTypes: return read_select_types(r, out);
  case ir::Imm::Cast: return read_cast(r, out);
  }
  PETREL_UNREACHABLE();
}

} // namespace

Status read_instr(PartReader& r, RawInstr& out) {
  r.begin();
  out.offset = r.offset();
  const u8* begin = r.bytes().position();
  TRY_ASSIGN(out.op, read_op(r));
  TRY(read_immediates(r, out));
  out.bytes = Bytes(begin, r.bytes().position());
  return {};
}

bool opens_block(ir::Op op) {
  const ir::Imm imm = ir::op_info(op).imm;
  return imm == ir::Imm::BlockType || imm == ir::Imm::TryTable;
}

} // namespace petrel::text
