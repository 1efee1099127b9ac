// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element and data segments (core specification §6.6.7, §6.6.8) of `ModuleEncoder`.
#include "frontend/text/module_encoder.h"

namespace petrel::text {

namespace {

/// Bits 0 and 1 of an element segment's flags.
enum ElemMode : u8 { kActive = 0, kPassive = 1, kActiveWithTable = 2, kDeclarative = 3 };

} // namespace

Status ModuleEncoder::write_offset(Cursor& cursor, ByteWriter& out,
                                   std::vector<SourceMark>& marks) {
  InstrEncoder encoder(scope_, nullptr, out, marks);
  if (cursor.accept_form("offset")) {
    TRY(encoder.encode_sequence(cursor));
    return cursor.expect_rparen();
  }
  return encoder.encode_folded(cursor);
}

Status ModuleEncoder::write_elem(Cursor& cursor) {
  cursor.accept_id();
  if (cursor.accept_keyword("declare")) {
    return write_elem_list(cursor, {.mode = kDeclarative});
  }
  bool has_table = true;
  ElemHead head;
  if (cursor.accept_form("table")) {
    head.mode = kActiveWithTable; // written out: stays written out
    TRY_ASSIGN(head.table_idx, scope_.tables.resolve(cursor));
    TRY(cursor.expect_rparen());
  } else if (at_index(cursor) && cursor.peek(1).kind == TokenKind::lparen) {
    TRY_ASSIGN(head.table_idx, scope_.tables.resolve(cursor)); // the table use's older spelling
  } else {
    has_table = false;
  }
  if (!has_table && (TypeTable::at_ref_type(cursor) || !cursor.at(TokenKind::lparen))) {
    return write_elem_list(cursor, {.mode = kPassive});
  }
  TRY(write_offset(cursor, head.offset, head.offset_marks));
  return write_elem_list(cursor, std::move(head));
}

Status ModuleEncoder::write_elem_list(Cursor& cursor, ElemHead head) {
  u8 mode = head.mode;
  bool exprs = TypeTable::at_ref_type(cursor);
  ValType element = ValType::funcref();
  if (exprs) {
    TRY_ASSIGN(element, scope_.types.parse_ref_type(cursor));
  } else if (!cursor.accept_keyword("func") && (mode == kPassive || mode == kDeclarative)) {
    return cursor.unexpected("func or a reference type");
  }
  if (mode == kActive && (head.table_idx != 0 || (exprs && element != ValType::funcref()))) {
    mode = kActiveWithTable;
  }
  ByteWriter& out = begin_entry(elems_);
  out.write_var_u32(mode | (exprs ? 4u : 0u));
  if (mode == kActiveWithTable) {
    out.write_var_u32(head.table_idx);
  }
  append(elems_, head.offset.bytes(), head.offset_marks);
  if (mode != kActive && exprs) {
    write_val_type(out, element);
  } else if (mode != kActive) {
    out.write_u8(0);
  }
  const u32 count_size = out.next_size();
  ByteWriter items(out.plan());
  std::vector<SourceMark> marks;
  u32 count = 0;
  for (; !cursor.at(TokenKind::rparen); ++count) {
    if (!exprs) {
      marks.push_back({narrow<u32>(items.size()), cursor.peek().begin});
      TRY_ASSIGN(u32 func, scope_.funcs.resolve(cursor));
      items.write_var_u32(func);
      continue;
    }
    items.follow(nullptr);
    InstrEncoder encoder(scope_, nullptr, items, marks);
    if (cursor.accept_form("item")) {
      TRY(encoder.encode_sequence(cursor));
      TRY(cursor.expect_rparen());
    } else {
      TRY(encoder.encode_folded(cursor));
    }
  }
  out.write_sized_u64(count, count_size);
  append(elems_, items.bytes(), marks);
  return {};
}

Result<std::string> ModuleEncoder::parse_data_string(Cursor& cursor) {
  std::string bytes;
  while (cursor.at(TokenKind::string)) {
    TRY_ASSIGN(std::string piece, cursor.expect_string());
    bytes += piece;
  }
  return bytes;
}

Status ModuleEncoder::write_data(Cursor& cursor) {
  cursor.accept_id();
  u32 memory_idx = 0;
  bool has_memory = true;
  bool is_written_out = false;
  if (cursor.accept_form("memory")) {
    is_written_out = true;
    TRY_ASSIGN(memory_idx, scope_.memories.resolve(cursor));
    TRY(cursor.expect_rparen());
  } else if (at_index(cursor) && cursor.peek(1).kind == TokenKind::lparen) {
    TRY_ASSIGN(memory_idx, scope_.memories.resolve(cursor)); // the memory use's older spelling
  } else {
    has_memory = false;
  }
  ByteWriter& out = begin_entry(datas_);
  if (has_memory || cursor.at(TokenKind::lparen)) {
    const bool has_index = is_written_out || memory_idx != 0;
    out.write_var_u32(has_index ? 2 : 0);
    if (has_index) {
      out.write_var_u32(memory_idx);
    }
    SizePlan* plan = out.follow(nullptr);
    TRY(write_offset(cursor, out, datas_.marks));
    out.follow(plan);
  } else {
    out.write_var_u32(1);
  }
  TRY_ASSIGN(std::string bytes, parse_data_string(cursor));
  out.write_name(bytes);
  return {};
}

} // namespace petrel::text
