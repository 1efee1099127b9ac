// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/instr_text.h"

#include "base/format.h"
#include "base/number_text.h"
#include "frontend/text/text_out.h"
#include "frontend/text/type_table.h"

namespace petrel::text {

void LabelStack::open(const std::string* id) {
  if (id != nullptr) {
    named_[*id].push_back(depth());
  }
  ids_.push_back(id);
}

void LabelStack::close() {
  if (ids_.empty()) {
    return;
  }
  if (ids_.back() != nullptr) {
    named_[*ids_.back()].pop_back();
  }
  ids_.pop_back();
}

const std::string* LabelStack::id(u32 label) const {
  if (label >= ids_.size()) {
    return nullptr;
  }
  const usize place = ids_.size() - 1 - label;
  const std::string* wanted = ids_[place];
  return wanted != nullptr && named_.find(*wanted)->second.back() == place ? wanted : nullptr;
}

void InstrText::append_ref(std::string& out, NameKind kind, u32 index) const {
  out += ' ';
  if (const std::string* id = index_.ids(kind).id(index)) {
    append_id(out, *id);
  } else {
    append_number(out, index);
  }
}

void InstrText::append_heap_type(std::string& out, HeapType type) const {
  if (type.is_abstract()) {
    out += heap_type_word(type.abstract());
    return;
  }
  const u32 index = type.type_idx().index();
  if (const std::string* id = index_.ids(NameKind::type).id(index)) {
    append_id(out, *id);
  } else {
    append_number(out, index);
  }
}

void InstrText::append_ref_type(std::string& out, HeapType heap, bool nullable) const {
  if (nullable && heap.is_abstract()) {
    out += ref_type_word(heap.abstract());
    return;
  }
  out += nullable ? "(ref null " : "(ref ";
  append_heap_type(out, heap);
  out += ')';
}

void InstrText::append_val_type(std::string& out, ValType type) const {
  if (type.is_ref()) {
    append_ref_type(out, type.heap(), type.is_nullable());
  } else {
    out += to_string(type);
  }
}

void InstrText::append_types(std::string& out, std::string_view keyword,
                             std::span<const ValType> types) const {
  if (types.empty()) {
    return;
  }
  out += " (";
  out += keyword;
  for (ValType type : types) {
    out += ' ';
    append_val_type(out, type);
  }
  out += ')';
}

void InstrText::append_type_use(std::string& out, u32 type_idx) const {
  out += " (type";
  append_ref(out, NameKind::type, type_idx);
  out += ')';
  if (const ModuleIndex::Type* type = index_.func_type(type_idx)) {
    append_types(out, "param", type->params);
    append_types(out, "result", type->results);
  }
}

void InstrText::append_block_type(std::string& out, const RawBlockType& type) const {
  switch (type.kind) {
  case RawBlockType::Kind::empty: return;
  case RawBlockType::Kind::value: append_types(out, "result", {&type.value, 1}); return;
  case RawBlockType::Kind::index: append_type_use(out, type.index); return;
  }
}

void InstrText::append_label(std::string& out, u32 label, const BodyScope& scope) const {
  out += ' ';
  if (const std::string* id = scope.labels.id(label)) {
    append_id(out, *id);
    return;
  }
  append_number(out, label);
  if (label <= scope.labels.depth()) {
    out += " (;@"; // how deep its block lies, 0 for the function
    append_number(out, scope.labels.depth() - label);
    out += ";)";
  }
}

void InstrText::append_memarg(std::string& out, const RawInstr& in) const {
  if (in.index != 0) {
    append_ref(out, NameKind::memory, in.index);
  }
  if (in.bits != 0) {
    out += " offset=";
    append_number(out, in.bits);
  }
  if (in.align_log2 != ir::op_info(in.op).natural_align_log2()) {
    out += " align=";
    append_number(out, u64{1} << in.align_log2);
  }
}

void InstrText::append_constant(std::string& out, ir::Imm imm, const RawInstr& in) const {
  out += ' ';
  if (imm == ir::Imm::I32Const) {
    append_signed(out, static_cast<i32>(static_cast<u32>(in.bits)));
  } else if (imm == ir::Imm::I64Const) {
    append_signed(out, static_cast<i64>(in.bits));
  } else if (imm == ir::Imm::F32Const) {
    out += format_f32(static_cast<u32>(in.bits));
  } else {
    out += format_f64(in.bits);
  }
}

void InstrText::append_clauses(std::string& out, const RawInstr& in, const BodyScope& scope) const {
  for (const RawCatch& clause : in.clauses) {
    const CatchWord& word = kCatchWords[clause.code];
    out += " (";
    out += word.keyword;
    if (word.has_tag) {
      append_ref(out, NameKind::tag, clause.tag);
    }
    append_label(out, clause.label, scope);
    out += ')';
  }
}

void InstrText::append_cast(std::string& out, const RawInstr& in, const BodyScope& scope) const {
  append_label(out, in.index, scope);
  out += ' ';
  append_ref_type(out, in.heap, (in.bits & 1) != 0);
  out += ' ';
  append_ref_type(out, in.heap2, (in.bits & 2) != 0);
}

/// One index.
void InstrText::append_index(std::string& out, ir::Imm imm, const RawInstr& in,
                             const BodyScope& scope) const {
  struct Row {
    ir::Imm imm;
    NameKind names;
    bool is_optional; ///< 0 is not written
  };
  constexpr Row kRows[] = {
      {ir::Imm::FuncIdx, NameKind::func, false},     {ir::Imm::TypeIdx, NameKind::type, false},
      {ir::Imm::GlobalIdx, NameKind::global, false}, {ir::Imm::TagIdx, NameKind::tag, false},
      {ir::Imm::TableIdx, NameKind::table, true},    {ir::Imm::ElemIdx, NameKind::elem, false},
      {ir::Imm::MemIdx, NameKind::memory, true},     {ir::Imm::DataIdx, NameKind::data, false}};
  if (imm == ir::Imm::LocalIdx) {
    out += ' ';
    if (const std::string* id = scope.locals != nullptr ? scope.locals->id(in.index) : nullptr) {
      append_id(out, *id);
    } else {
      append_number(out, in.index);
    }
    return;
  }
  for (const Row& row : kRows) {
    if (row.imm == imm && !(row.is_optional && in.index == 0)) {
      append_ref(out, row.names, in.index);
    }
  }
}

/// Two indices, in the order of the text.
void InstrText::append_pair(std::string& out, ir::Imm imm, const RawInstr& in) const {
  struct Row {
    ir::Imm imm;
    NameKind first; ///< of the first one in the bytes
    NameKind second;
    bool is_swapped; ///< the text has the second one first, and leaves it out when it is 0
  };
  constexpr Row kRows[] = {
      {ir::Imm::ElemTable, NameKind::elem, NameKind::table, true},
      {ir::Imm::DataMem, NameKind::data, NameKind::memory, true},
      {ir::Imm::TableTable, NameKind::table, NameKind::table, false},
      {ir::Imm::MemMem, NameKind::memory, NameKind::memory, false},
      {ir::Imm::TypeData, NameKind::type, NameKind::data, false},
      {ir::Imm::TypeElem, NameKind::type, NameKind::elem, false},
      {ir::Imm::TypeType, NameKind::type, NameKind::type, false},
  };
  if ((imm == ir::Imm::TableTable || imm == ir::Imm::MemMem) && in.index == 0 && in.index2 == 0) {
    return; // both may be left out together
  }
  for (const Row& row : kRows) {
    if (row.imm != imm) {
      continue;
    }
    if (row.is_swapped && in.index2 != 0) {
      append_ref(out, row.second, in.index2);
    }
    append_ref(out, row.first, in.index);
    if (!row.is_swapped) {
      append_ref(out, row.second, in.index2);
    }
  }
}

/// call_indirect: a table, left out when it is 0, and a type use.
void InstrText::append_table_type(std::string& out, const RawInstr& in) const {
  if (in.index2 != 0) {
    append_ref(out, NameKind::table, in.index2);
  }
  out += " (type";
  append_ref(out, NameKind::type, in.index);
  out += ')';
}

/// A type, and a number of it: a field or a count.
void InstrText::append_type_number(std::string& out, ir::Imm imm, const RawInstr& in) const {
  append_ref(out, NameKind::type, in.index);
  const IdSpace* fields = imm == ir::Imm::StructField ? index_.fields(in.index) : nullptr;
  out += ' ';
  if (const std::string* id = fields != nullptr ? fields->id(in.index2) : nullptr) {
    append_id(out, *id);
  } else {
    append_number(out, in.index2);
  }
}

void InstrText::append_immediates(std::string& out, const RawInstr& in,
                                  const BodyScope& scope) const {
  const ir::Imm imm = ir::op_info(in.op).imm;
  switch (imm) {
  case ir::Imm::None:
  case ir::Imm::AtomicFence: return;
  case ir::Imm::BlockType: append_block_type(out, in.block); return;
  case ir::Imm::TryTable:
    append_block_type(out, in.block);
    append_clauses(out, in, scope);
    return;
  case ir::Imm::LabelIdx: append_label(out, in.index, scope); return;
  case ir::Imm::BrTable:
    for (u32 label : in.labels) {
      append_label(out, label, scope);
    }
    return;
  case ir::Imm::FuncIdx:
  case ir::Imm::TypeIdx:
  case ir::Imm::LocalIdx:
  case ir::Imm::GlobalIdx:
  case ir::Imm::TagIdx:
  case ir::Imm::TableIdx:
  case ir::Imm::ElemIdx:
  case ir::Imm::MemIdx:
  case ir::Imm::DataIdx: append_index(out, imm, in, scope); return;
  case ir::Imm::TypeTable: append_table_type(out, in); return;
  case ir::Imm::StructField:
  case ir::Imm::TypeU32: append_type_number(out, imm, in); return;
  case ir::Imm::TableTable:
  case ir::Imm::ElemTable:
  case ir::Imm::MemMem:
  case ir::Imm::DataMem:
  case ir::Imm::TypeData:
  case ir::Imm::TypeElem:
  case ir::Imm::TypeType: append_pair(out, imm, in); return;
  case ir::Imm::MemArg: append_memarg(out, in); return;
  case ir::Imm::MemArgLane:
    append_memarg(out, in);
    out += ' ';
    append_number(out, in.lane);
    return;
  case ir::Imm::Lane:
    out += ' ';
    append_number(out, in.lane);
    return;
  case ir::Imm::I32Const:
  case ir::Imm::I64Const:
  case ir::Imm::F32Const:
  case ir::Imm::F64Const: append_constant(out, imm, in); return;
  case ir::Imm::V128Const:
    out += " i32x4";
    for (usize lane = 0; lane < 16; lane += 4) {
      out += strf(" 0x%02x%02x%02x%02x", in.raw[lane + 3], in.raw[lane + 2], in.raw[lane + 1],
                  in.raw[lane]);
    }
    return;
  case ir::Imm::Shuffle16:
    for (u8 lane : in.raw) {
      out += ' ';
      append_number(out, lane);
    }
    return;
  case ir::Imm::HeapType: append_heap(out, in); return;
  case ir::Imm::SelectTypes:
    out += " (result";
    for (ValType type : in.types) {
      out += ' ';
      append_val_type(out, type);
    }
    out += ')';
    return;
  case ir::Imm::Cast: append_cast(out, in, scope); return;
  }
}

/// ref.null names a heap type, tests and casts a reference type whose nullability is in the opcode.
void InstrText::append_heap(std::string& out, const RawInstr& in) const {
  out += ' ';
  if (in.op == ir::Op::RefNull) {
    append_heap_type(out, in.heap);
    return;
  }
  const bool nullable = in.op == ir::Op::RefTestNull || in.op == ir::Op::RefCastNull;
  append_ref_type(out, in.heap, nullable);
}

void InstrText::append(std::string& out, const RawInstr& in, const BodyScope& scope,
                       const std::string* label) const {
  out += ir::op_name(in.op);
  if (label != nullptr) {
    out += ' ';
    append_id(out, *label);
  }
  append_immediates(out, in, scope);
}

} // namespace petrel::text
