// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The immediates of instructions by their kind in the opcode table. Text order and binary order differ
// here and there (segment before table in bytes, after it in text); both are noted where they do.
#include "frontend/text/instr_encoder.h"

#include "base/format.h"
#include "base/number_text.h"
#include "base/unicode.h"
#include "frontend/text/literals.h"

namespace petrel::text {

namespace {

constexpr u32 kMemArgHasMemory = 0x40; // bit 6 of a memarg's alignment field (§5.4.6)

/// True when the memory index of `v128.load8_lane` is written: something else must follow it.
bool has_index_before_lane(const Cursor& cursor) {
  if (cursor.at(TokenKind::id)) {
    return true;
  }
  const Token& after = cursor.peek(1);
  const std::string_view word = cursor.spelling(after);
  return cursor.at(TokenKind::number) &&
         (after.kind == TokenKind::number || word.starts_with("offset=") ||
          word.starts_with("align="));
}

} // namespace

void write_opcode(ByteWriter& out, ir::Op op) {
  const ir::OpInfo& info = ir::op_info(op);
  if (info.prefix == 0) {
    out.write_u8(static_cast<u8>(info.code));
  } else {
    out.write_u8(info.prefix);
    out.write_var_u32(info.code);
  }
}

Status InstrEncoder::encode_parts(Cursor& cursor, ir::Op op, ByteWriter& out) {
  // Three keywords stand for two instructions each; what follows decides.
  if (op == ir::Op::Select) {
    bool typed = cursor.at_form("result");
    write_opcode(out, typed ? ir::Op::SelectT : op);
    return typed ? encode_select_types(cursor, out) : Status{};
  }
  if (op == ir::Op::RefTest || op == ir::Op::RefCast) {
    ir::Op nullable = op == ir::Op::RefTest ? ir::Op::RefTestNull : ir::Op::RefCastNull;
    TRY_ASSIGN(ValType target, scope_.types.parse_ref_type(cursor));
    write_opcode(out, target.is_nullable() ? nullable : op);
    write_heap_type(out, target.heap());
    return {};
  }
  write_opcode(out, op);
  return encode_immediate(cursor, op, out);
}

Status InstrEncoder::encode_immediate(Cursor& cursor, ir::Op op, ByteWriter& out) {
  ir::Imm imm = ir::op_info(op).imm;
  switch (imm) {
  case ir::Imm::None: return {};
  case ir::Imm::LabelIdx: return encode_label(cursor, out);
  case ir::Imm::BrTable: return encode_br_table(cursor, out);
  case ir::Imm::FuncIdx: return encode_index(cursor, scope_.funcs, out);
  case ir::Imm::TagIdx: return encode_index(cursor, scope_.tags, out);
  case ir::Imm::GlobalIdx: return encode_index(cursor, scope_.globals, out);
  case ir::Imm::LocalIdx:
    return locals_ != nullptr ? encode_index(cursor, *locals_, out)
                              : encode_index(cursor, IndexSpace("local"), out);
  case ir::Imm::ElemIdx: return encode_index(cursor, scope_.elems, out);
  case ir::Imm::DataIdx:
    scope_.uses_data_idx = true;
    return encode_index(cursor, scope_.datas, out);
  case ir::Imm::TableIdx: return encode_optional_index(cursor, scope_.tables, out);
  case ir::Imm::MemIdx: return encode_optional_index(cursor, scope_.memories, out);
  case ir::Imm::ElemTable: return encode_segment_pair(cursor, scope_.elems, scope_.tables, out);
  case ir::Imm::DataMem:
    scope_.uses_data_idx = true;
    return encode_segment_pair(cursor, scope_.datas, scope_.memories, out);
  case ir::Imm::TableTable: return encode_copy_pair(cursor, scope_.tables, out);
  case ir::Imm::MemMem: return encode_copy_pair(cursor, scope_.memories, out);
  case ir::Imm::MemArg:
  case ir::Imm::MemArgLane: return encode_memarg(cursor, op, out);
  case ir::Imm::Lane: {
    TRY_ASSIGN(u64 lane, expect_unsigned(cursor, 8, "a lane index"));
    out.write_u8(static_cast<u8>(lane));
    return {};
  }
  case ir::Imm::Shuffle16: return encode_shuffle(cursor, out);
  case ir::Imm::I32Const:
  case ir::Imm::I64Const:
  case ir::Imm::F32Const:
  case ir::Imm::F64Const:
  case ir::Imm::V128Const: return encode_constant(cursor, imm, out);
  case ir::Imm::TypeTable: return encode_call_indirect(cursor, out);
  case ir::Imm::TypeIdx:
  case ir::Imm::StructField:
  case ir::Imm::TypeU32:
  case ir::Imm::TypeData:
  case ir::Imm::TypeElem:
  case ir::Imm::TypeType: return encode_type_pair(cursor, imm, out);
  case ir::Imm::HeapType: {
    TRY_ASSIGN(HeapType type, scope_.types.parse_heap_type(cursor));
    write_heap_type(out, type);
    return {};
  }
  case ir::Imm::Cast: return encode_cast(cursor, out);
  case ir::Imm::AtomicFence: out.write_u8(0); return {};
  case ir::Imm::BlockType: return encode_block_type(cursor, scope_.types, out);
  case ir::Imm::TryTable:
    TRY(encode_block_type(cursor, scope_.types, out));
    return encode_catches(cursor, out);
  case ir::Imm::SelectTypes: break; // written by encode_parts
  }
  PETREL_UNREACHABLE();
}

Status InstrEncoder::encode_constant(Cursor& cursor, ir::Imm imm, ByteWriter& out) {
  if (imm == ir::Imm::I32Const) {
    TRY_ASSIGN(u64 bits, expect_integer(cursor, 32));
    out.write_var_s64(static_cast<i32>(static_cast<u32>(bits)));
  } else if (imm == ir::Imm::I64Const) {
    TRY_ASSIGN(u64 bits, expect_integer(cursor, 64));
    out.write_var_s64(static_cast<i64>(bits));
  } else if (imm == ir::Imm::F32Const) {
    TRY_ASSIGN(u32 bits, expect_f32(cursor));
    out.write_le(bits, 4);
  } else if (imm == ir::Imm::F64Const) {
    TRY_ASSIGN(u64 bits, expect_f64(cursor));
    out.write_le(bits, 8);
  } else {
    TRY_ASSIGN(auto lanes, expect_v128(cursor));
    out.write_bytes(lanes);
  }
  return {};
}

Status InstrEncoder::encode_index(Cursor& cursor, const IndexSpace& space, ByteWriter& out) {
  TRY_ASSIGN(u32 index, space.resolve(cursor));
  out.write_var_u32(index);
  return {};
}

Status InstrEncoder::encode_optional_index(Cursor& cursor, const IndexSpace& space,
                                           ByteWriter& out) {
  if (at_index(cursor)) {
    return encode_index(cursor, space, out);
  }
  out.write_var_u32(0);
  return {};
}

Status InstrEncoder::encode_segment_pair(Cursor& cursor, const IndexSpace& segments,
                                         const IndexSpace& space, ByteWriter& out) {
  // Text: table or memory (optional), segment. Bytes: segment, table or memory.
  u32 container = 0;
  if (cursor.peek(1).kind == TokenKind::id || cursor.peek(1).kind == TokenKind::number) {
    TRY_ASSIGN(container, space.resolve(cursor));
  }
  TRY(encode_index(cursor, segments, out));
  out.write_var_u32(container);
  return {};
}

Status InstrEncoder::encode_copy_pair(Cursor& cursor, const IndexSpace& space, ByteWriter& out) {
  if (!at_index(cursor)) {
    out.write_var_u32(0);
    out.write_var_u32(0);
    return {};
  }
  TRY(encode_index(cursor, space, out));
  return encode_index(cursor, space, out);
}

Status InstrEncoder::encode_memarg(Cursor& cursor, ir::Op op, ByteWriter& out) {
  bool has_lane = ir::op_info(op).imm == ir::Imm::MemArgLane;
  u32 memory = 0;
  if (has_lane ? has_index_before_lane(cursor) : at_index(cursor)) {
    TRY_ASSIGN(memory, scope_.memories.resolve(cursor));
  }
  u64 offset = 0;
  u32 align_log2 = ir::op_info(op).natural_align_log2();
  if (cursor.at(TokenKind::keyword) && cursor.word().starts_with("offset=")) {
    auto value = parse_unsigned(cursor.word().substr(7), 64);
    if (!value) {
      return cursor.malformed_at(cursor.peek(), value.error() == NumberError::out_of_range
                                                    ? "i64 constant out of range: offset"
                                                    : "unknown operator " + escaped(cursor.word()));
    }
    offset = *value;
    cursor.next();
  }
  if (cursor.at(TokenKind::keyword) && cursor.word().starts_with("align=")) {
    auto value = parse_unsigned(cursor.word().substr(6), 64);
    if (!value) {
      return cursor.malformed_at(cursor.peek(), value.error() == NumberError::out_of_range
                                                    ? "i64 constant out of range: alignment"
                                                    : "unknown operator " + escaped(cursor.word()));
    }
    if (*value == 0 || (*value & (*value - 1)) != 0) {
      return cursor.malformed_at(cursor.peek(), "alignment must be a power of two");
    }
    align_log2 = static_cast<u32>(__builtin_ctzll(*value));
    cursor.next();
  }
  // The index of memory 0 is a part of no bytes, unless a plan gives it some.
  const bool has_memory = memory != 0 || (out.plan() != nullptr && out.plan()->second() != 0);
  out.write_var_u32(align_log2 | (has_memory ? kMemArgHasMemory : 0));
  if (const u32 size = out.next_size(); has_memory) {
    out.write_sized_u64(memory, size);
  }
  out.write_var_u64(offset);
  if (has_lane) {
    TRY_ASSIGN(u64 lane, expect_unsigned(cursor, 8, "a lane index"));
    out.write_u8(static_cast<u8>(lane));
  }
  return {};
}

Status InstrEncoder::encode_label(Cursor& cursor, ByteWriter& out) const {
  TRY_ASSIGN(u32 depth, resolve_label(cursor));
  out.write_var_u32(depth);
  return {};
}

Result<u32> InstrEncoder::resolve_label(Cursor& cursor) const {
  if (!cursor.at(TokenKind::id)) {
    TRY_ASSIGN(u64 depth, expect_unsigned(cursor, 32, "a label"));
    return static_cast<u32>(depth);
  }
  const Token& token = cursor.peek();
  std::string name = cursor.accept_id();
  auto found = named_labels_.find(name);
  if (found != named_labels_.end() && !found->second.empty()) {
    return narrow<u32>(labels_.size() - 1 - found->second.back());
  }
  return cursor.malformed_at(token, strf("unknown label $%s", escaped(name).c_str()));
}

Status InstrEncoder::encode_br_table(Cursor& cursor, ByteWriter& out) const {
  std::vector<u32> targets;
  do {
    TRY_ASSIGN(u32 target, resolve_label(cursor));
    targets.push_back(target);
  } while (at_index(cursor));
  out.write_var_u64(targets.size() - 1); // the last one is the default
  for (u32 target : targets) {
    out.write_var_u32(target);
  }
  return {};
}

Status InstrEncoder::encode_call_indirect(Cursor& cursor, ByteWriter& out) {
  // Text: table (optional), type. Bytes: type, table.
  u32 table = 0;
  if (at_index(cursor)) {
    TRY_ASSIGN(table, scope_.tables.resolve(cursor));
  }
  TRY_ASSIGN(TypeUse use, parse_type_use(cursor, scope_.types, nullptr));
  out.write_var_u32(use.type_idx);
  out.write_var_u32(table);
  return {};
}

Status InstrEncoder::encode_select_types(Cursor& cursor, ByteWriter& out) {
  TRY_ASSIGN(ParsedSig parsed, parse_sig(cursor, scope_.types, nullptr));
  if (!parsed.sig.params.empty()) {
    return cursor.unexpected("(result");
  }
  out.write_var_u64(parsed.sig.results.size());
  for (ValType type : parsed.sig.results) {
    write_val_type(out, type);
  }
  return {};
}

Status InstrEncoder::encode_type_pair(Cursor& cursor, ir::Imm imm, ByteWriter& out) {
  TRY_ASSIGN(u32 type, scope_.types.resolve(cursor));
  out.write_var_u32(type);
  if (imm == ir::Imm::StructField) {
    TRY_ASSIGN(u32 field, scope_.types.resolve_field(cursor, type));
    out.write_var_u32(field);
  } else if (imm == ir::Imm::TypeU32) {
    TRY_ASSIGN(u64 count, expect_unsigned(cursor, 32, "a count"));
    out.write_var_u64(count);
  } else if (imm == ir::Imm::TypeData) {
    scope_.uses_data_idx = true;
    return encode_index(cursor, scope_.datas, out);
  } else if (imm == ir::Imm::TypeElem) {
    return encode_index(cursor, scope_.elems, out);
  } else if (imm == ir::Imm::TypeType) {
    TRY_ASSIGN(u32 source, scope_.types.resolve(cursor));
    out.write_var_u32(source);
  }
  return {};
}

Status InstrEncoder::encode_cast(Cursor& cursor, ByteWriter& out) {
  TRY_ASSIGN(u32 label, resolve_label(cursor));
  TRY_ASSIGN(ValType from, scope_.types.parse_ref_type(cursor));
  TRY_ASSIGN(ValType to, scope_.types.parse_ref_type(cursor));
  out.write_u8(static_cast<u8>((from.is_nullable() ? 1 : 0) | (to.is_nullable() ? 2 : 0)));
  out.write_var_u32(label);
  write_heap_type(out, from.heap());
  write_heap_type(out, to.heap());
  return {};
}

Status InstrEncoder::encode_catches(Cursor& cursor, ByteWriter& out) const {
  struct Clause {
    std::string_view keyword;
    u8 code;
    bool has_tag;
  };
  constexpr Clause kClauses[] = {{"catch", 0, true},
                                 {"catch_ref", 1, true},
                                 {"catch_all", 2, false},
                                 {"catch_all_ref", 3, false}};
  const u32 count_size = out.next_size();
  ByteWriter clauses(out.plan());
  u32 count = 0;
  for (bool found = true; found;) {
    found = false;
    for (const Clause& clause : kClauses) {
      if (!cursor.accept_form(clause.keyword)) {
        continue;
      }
      found = true;
      ++count;
      clauses.write_u8(clause.code);
      if (clause.has_tag) {
        TRY_ASSIGN(u32 tag, scope_.tags.resolve(cursor));
        clauses.write_var_u32(tag);
      }
      TRY(encode_label(cursor, clauses));
      TRY(cursor.expect_rparen());
    }
  }
  out.write_sized_u64(count, count_size);
  out.write_bytes(clauses.bytes());
  return {};
}

Status InstrEncoder::encode_shuffle(Cursor& cursor, ByteWriter& out) const {
  u32 given = 0;
  for (; cursor.at(TokenKind::number) || cursor.at_keyword("inf") || cursor.at_keyword("nan");
       cursor.next()) {
    auto index = parse_unsigned(cursor.word(), 8);
    if (!index) {
      return cursor.malformed_at(cursor.peek(), "i8 constant out of range: a lane index");
    }
    ++given;
    out.write_u8(static_cast<u8>(*index));
  }
  if (given != 16) {
    return cursor.malformed_at(cursor.peek(),
                               strf("invalid lane length: %u lane indices, expected 16", given));
  }
  return {};
}

} // namespace petrel::text
