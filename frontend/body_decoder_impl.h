// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Definitions of frontend/body_decoder.h: immediates by `ir::Imm`, effects by the table's signature or, where it says `*`,
// by the specification's section. Included by body_decoder.h only.
#pragma once

#include <algorithm>

#include "frontend/body_decoder.h"

namespace petrel::frontend {

#define PETREL_BODY template <Mode kMode, typename Visitor>
#define PETREL_BODY_CLASS BodyDecoder<kMode, Visitor>

// ---- types and small immediates -------------------------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::read_val_type(ValType& out) {
  const u8* const at = at_;
  u8 byte = 0;
  if (!read_byte(byte)) {
    return false;
  }
  auto decoded = val_type_of_byte(byte, features_);
  if (!decoded) {
    return fail(std::unexpected(std::move(decoded).error()), at);
  }
  out = *decoded;
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_heap_type(HeapType& out) {
  const u8* const at = at_;
  i64 code = 0;
  if (!read_leb<i64, 33, true>(code)) {
    return false;
  }
  auto decoded = heap_type_of_code(code, features_);
  if (!decoded) {
    return fail(std::unexpected(std::move(decoded).error()), at);
  }
  out = *decoded;
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_block_type(ControlFrame& f) {
  if (at_ == end_) {
    return malformed("unexpected end");
  }
  if (*at_ == 0x40) {
    ++at_;
    f.sig_kind = ControlFrame::SigKind::empty;
    return true;
  }
  if ((*at_ & 0xc0) == 0x40) { // one byte, negative: a value type
    ValType type;
    f.sig_kind = ControlFrame::SigKind::one_result;
    if (!read_val_type(type)) {
      return false;
    }
    f.type_bits = type.bits();
    return true;
  }
  i64 index = 0;
  if (!read_leb<i64, 33, true>(index)) {
    return false;
  }
  if (index < 0) {
    return malformed("malformed block type");
  }
  f.sig_kind = ControlFrame::SigKind::type;
  f.type_bits = static_cast<u32>(index);
  if (!check_index(f.type_bits, module_.types().size(), "type")) {
    return false;
  }
  if (kValidate && !features_.has(ir::Feature::MultiValue)) {
    return fail(ir::fail_feature(ir::Feature::MultiValue, features_, "block type by index"), op_at_);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_memarg(Instr& in, const ir::OpInfo& info) {
  u32 flags = 0;
  const u8* const flags_at = at_;
  if (!read_u32(flags)) {
    return false;
  }
  if (kValidate && flags >= 0x80) {
    at_ = flags_at;
    return malformed("malformed memop flags");
  }
  if (kValidate && (flags & 0x40) != 0) {
    return fail(ir::fail_feature(ir::Feature::MultiMemory, features_, "memory index in a memarg"), flags_at);
  }
  in.align_log2 = flags & 0x3f;
  u32 offset = 0;
  if (!read_u32(offset) || !check_index(in.index, module_.memories().size(), "memory")) {
    return false;
  }
  in.bits = offset;
  if (kValidate && in.align_log2 > info.natural_align_log2()) {
    return invalid("alignment must not be larger than natural");
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_br_table(Instr& in) {
  const u8* const count_at = at_;
  u32 count = 0;
  if (!read_u32(count)) {
    return false;
  }
  if (count >= static_cast<usize>(end_ - at_)) { // the default label comes behind
    at_ = count_at;
    return malformed("unexpected end");
  }
  in.labels = BranchTable(at_, count);
  for (u64 i = 0; i <= count; ++i) {
    u32 label = 0;
    if (!read_u32(label)) {
      return false;
    }
    if (kValidate && label >= frames_.size()) {
      return invalid(unknown_index("label", label));
    }
    in.index = label; // ends as the default
  }
  return true;
}

/// Checks indices against their spaces, after both were read.
PETREL_BODY template <ir::Imm kImm> bool PETREL_BODY_CLASS::check_indices(const Instr& in) {
  const ir::ModuleHeader& h = module_.header();
  if constexpr (kImm == Imm::LabelIdx) {
    return check_index(in.index, frames_.size(), "label");
  } else if constexpr (kImm == Imm::FuncIdx) {
    return check_index(in.index, h.funcs.count, "function");
  } else if constexpr (kImm == Imm::LocalIdx) {
    return check_index(in.index, locals_.size(), "local");
  } else if constexpr (kImm == Imm::GlobalIdx) {
    return check_index(in.index, h.globals.count, "global");
  } else if constexpr (kImm == Imm::TableIdx) {
    return check_index(in.index, h.tables.count, "table");
  } else if constexpr (kImm == Imm::TableTable) {
    return check_index(in.index, h.tables.count, "table") && check_index(in.index2, h.tables.count, "table");
  } else if constexpr (kImm == Imm::ElemTable) {
    return check_index(in.index2, h.tables.count, "table") && check_index(in.index, h.elems.count, "elem segment");
  } else if constexpr (kImm == Imm::ElemIdx) {
    return check_index(in.index, h.elems.count, "elem segment");
  } else if constexpr (kImm == Imm::MemIdx) {
    return check_index(in.index, h.memories.count, "memory");
  } else if constexpr (kImm == Imm::MemMem) {
    return check_index(in.index, h.memories.count, "memory") && check_index(in.index2, h.memories.count, "memory");
  } else if constexpr (kImm == Imm::DataMem || kImm == Imm::DataIdx) {
    if (kImm == Imm::DataMem && !check_index(in.index2, h.memories.count, "memory")) {
      return false;
    }
    if (kValidate && h.has_data_count == 0) {
      return malformed("data count section required");
    }
    return check_index(in.index, h.data_count, "data segment");
  } else if constexpr (kImm == Imm::TypeTable) {
    return check_index(in.index2, h.tables.count, "table") && check_index(in.index, h.types.count, "type");
  } else {
    return true;
  }
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::read_immediate(Instr& in) {
  constexpr ir::OpInfo kInfo = ir::op_info(kOp);
  constexpr Imm kImm = kInfo.imm;
  if constexpr (kImm == Imm::None || kImm == Imm::BlockType) {
    return true; // blocks are read where their frame is made
  } else if constexpr (kImm == Imm::LabelIdx || kImm == Imm::FuncIdx || kImm == Imm::LocalIdx ||
                       kImm == Imm::GlobalIdx || kImm == Imm::TableIdx || kImm == Imm::ElemIdx ||
                       kImm == Imm::DataIdx) {
    return read_u32(in.index) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::TableTable || kImm == Imm::ElemTable || kImm == Imm::TypeTable) {
    return read_u32(in.index) && read_u32(in.index2) && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::MemIdx || kImm == Imm::MemMem || kImm == Imm::DataMem) {
    // Without multi-memory each memory index is one byte 0.
    auto memory = [&](u32& index) {
      u8 byte = 0;
      if (!read_byte(byte)) {
        return false;
      }
      index = 0;
      return byte == 0 || malformed("zero byte expected");
    };
    const bool ok = kImm == Imm::DataMem   ? read_u32(in.index) && memory(in.index2)
                    : kImm == Imm::MemMem ? memory(in.index) && memory(in.index2)
                                          : memory(in.index);
    return ok && check_indices<kImm>(in);
  } else if constexpr (kImm == Imm::BrTable) {
    return read_br_table(in);
  } else if constexpr (kImm == Imm::MemArg) {
    return read_memarg(in, kInfo);
  } else if constexpr (kImm == Imm::I32Const) {
    i32 value = 0;
    const bool ok = read_leb<i32, 32, true>(value);
    in.bits = static_cast<u32>(value);
    return ok;
  } else if constexpr (kImm == Imm::I64Const) {
    i64 value = 0;
    const bool ok = read_leb<i64, 64, true>(value);
    in.bits = static_cast<u64>(value);
    return ok;
  } else if constexpr (kImm == Imm::F32Const) {
    return read_raw(in.bits, 4);
  } else if constexpr (kImm == Imm::F64Const) {
    return read_raw(in.bits, 8);
  } else if constexpr (kImm == Imm::HeapType) {
    return read_heap_type(in.heap);
  } else if constexpr (kImm == Imm::SelectTypes) {
    u32 count = 0;
    if (!read_u32(count)) {
      return false;
    }
    if (kValidate && count != 1) {
      return invalid("invalid result arity: select with a type has exactly one");
    }
    return read_val_type(in.select_type);
  } else {
    PETREL_UNREACHABLE(); // immediates of features that are not implemented
  }
}

// ---- effects ---------------------------------------------------------------------------------------

PETREL_BODY ValType PETREL_BODY_CLASS::resolve_type(char letter, const Instr& in) const {
  switch (letter) {
  case 'i':
    return ValKind::i32;
  case 'I':
    return ValKind::i64;
  case 'f':
    return ValKind::f32;
  case 'F':
    return ValKind::f64;
  case 'e':
    return module_.tables()[ir::op_info(op_).imm == Imm::ElemTable ? in.index2 : in.index].type.element;
  case 'a': // address types: i64 comes with memory64
  case 'A':
  case 'n':
  case 't':
  case 'T':
  case 'm':
    return ValKind::i32;
  default:
    PETREL_UNREACHABLE();
  }
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_signature(const Instr& in) {
  if constexpr (kValidate) {
    constexpr ir::OpInfo kInfo = ir::op_info(kOp);
    for (u32 i = kInfo.params.size(); i-- > 0;) {
      if (!pop_val(resolve_type(kInfo.params[i], in))) {
        return false;
      }
    }
    for (u32 i = 0; i < kInfo.results.size(); ++i) {
      push_val(resolve_type(kInfo.results[i], in));
    }
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_else(const Instr& in) {
  if (kValidate && frames_.back().op != Op::If) {
    return malformed("unexpected token: else without if");
  }
  visitor_.template op<Op::Else>(*this, in);
  ControlFrame f = frames_.back();
  if (!pop_ctrl()) {
    return false;
  }
  f.op = Op::Else;
  f.is_unreachable = false;
  push_ctrl(f);
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_end(const Instr& in) {
  const BlockSig s = sig(frames_.back());
  if constexpr (kValidate) {
    if (frames_.back().op == Op::If && !std::ranges::equal(s.params, s.results)) {
      return invalid("type mismatch: if without else must have equal parameter and result types");
    }
  }
  visitor_.template op<Op::End>(*this, in);
  const ControlFrame f = frames_.back();
  if (!pop_ctrl()) {
    return false;
  }
  push_vals(sig(f).results);
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_br_table(const Instr& in) {
  if (!pop_val(ValKind::i32)) {
    return false;
  }
  visitor_.template op<Op::BrTable>(*this, in);
  if constexpr (kValidate) {
    const usize arity = label_types(frame(in.index)).size();
    bool ok = true;
    std::vector<ValType> popped;
    in.labels.for_each([&](u32 label) {
      if (!ok) {
        return;
      }
      const auto types = label_types(frame(label));
      if (types.size() != arity) {
        ok = invalid("type mismatch: br_table targets have different arities");
        return;
      }
      // Pop and push back what was there, so that unreachable operands stay unknown.
      popped.clear();
      for (usize i = types.size(); ok && i-- > 0;) {
        const bool has = values_.size() > frames_.back().height;
        popped.push_back(has ? values_.back() : ValType());
        ok = pop_val(types[i]);
      }
      values_.insert(values_.end(), popped.rbegin(), popped.rend());
    });
    if (!ok) {
      return false;
    }
  }
  unreachable();
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_select() {
  if constexpr (kValidate) {
    ValType second;
    ValType first;
    if (!pop_val(ValKind::i32) || !pop_any(second) || !pop_any(first)) {
      return false;
    }
    if (first.is_ref() || second.is_ref()) {
      return invalid(type_mismatch(op_, "a number", to_string(first.is_ref() ? first : second)));
    }
    if (first != second && first.kind() != ValKind::bot && second.kind() != ValKind::bot) {
      return invalid(type_mismatch(op_, to_string(first), to_string(second)));
    }
    push_val(first.kind() == ValKind::bot ? second : first);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_call_indirect(const Instr& in) {
  if constexpr (kValidate) {
    const ValType element = module_.tables()[in.index2].type.element;
    if (element != ValType::funcref()) {
      return invalid(type_mismatch(op_, "a table of funcref", to_string(element)));
    }
  }
  return pop_val(ValKind::i32) && apply_call(module_.type(TypeIdx(in.index)));
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_local(Op op, u32 index) {
  if constexpr (kValidate) {
    const ValType type = locals_[index];
    if (op != Op::LocalGet && !pop_val(type)) {
      return false;
    }
    if (op != Op::LocalSet) {
      push_val(type);
    }
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_global_set(u32 index) {
  if constexpr (kValidate) {
    const ir::GlobalType& type = module_.globals()[index].type;
    if (!type.is_mutable) {
      return invalid(strf("immutable global %u", index));
    }
    return pop_val(type.type);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_ref_func(u32 index) {
  if (kValidate && (module_.funcs()[index].flags & ir::kFuncIsReferenced) == 0) {
    return invalid(strf("undeclared function reference: function %u", index));
  }
  push_val(ValType::funcref());
  return true;
}

/// Applies the effect and calls the visitor at the documented moment.
PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply(Instr& in) {
  auto visit = [&] { visitor_.template op<kOp>(*this, in); };
  if constexpr (kOp == Op::Block || kOp == Op::Loop || kOp == Op::If) {
    ControlFrame f;
    f.op = kOp;
    if (!read_block_type(f)) {
      return false;
    }
    in.size_bytes = static_cast<u32>(at_ - op_at_);
    if (kOp == Op::If && !pop_val(ValKind::i32)) {
      return false;
    }
    if (!pop_vals(sig(f).params)) {
      return false;
    }
    const bool dead = frames_.back().is_unreachable;
    push_ctrl(f);
    // Trusted visitors skip dead code: what lies in a dead block is dead.
    frames_.back().is_unreachable = !kValidate && dead;
    in.block = sig(frames_.back());
    visit();
    return true;
  } else if constexpr (kOp == Op::Else) {
    return apply_else(in);
  } else if constexpr (kOp == Op::End) {
    return apply_end(in);
  } else if constexpr (kOp == Op::Unreachable) {
    visit();
    unreachable();
    return true;
  } else if constexpr (kOp == Op::Br) {
    visit();
    const bool ok = pop_vals(label_types(frame(in.index)));
    unreachable();
    return ok;
  } else if constexpr (kOp == Op::BrIf) {
    if (!pop_val(ValKind::i32)) {
      return false;
    }
    visit();
    const auto types = label_types(frame(in.index));
    return pop_vals(types) && (push_vals(types), true);
  } else if constexpr (kOp == Op::BrTable) {
    return apply_br_table(in);
  } else if constexpr (kOp == Op::Return) {
    visit();
    const bool ok = pop_vals(label_types(frames_.front()));
    unreachable();
    return ok;
  } else {
    bool ok = true;
    if constexpr (kOp == Op::Drop) {
      ValType any;
      ok = pop_any(any);
    } else if constexpr (kOp == Op::Select) {
      ok = apply_select();
    } else if constexpr (kOp == Op::SelectT) {
      ok = pop_val(ValKind::i32) && pop_val(in.select_type) && pop_val(in.select_type);
      push_val(in.select_type);
    } else if constexpr (kOp == Op::Call) {
      ok = apply_call(module_.func_type(FuncIdx(in.index)));
    } else if constexpr (kOp == Op::CallIndirect) {
      ok = apply_call_indirect(in);
    } else if constexpr (ir::op_info(kOp).family == Family::Local) {
      ok = apply_local(kOp, in.index);
    } else if constexpr (kOp == Op::GlobalGet) {
      push_val(module_.globals()[in.index].type.type);
    } else if constexpr (kOp == Op::GlobalSet) {
      ok = apply_global_set(in.index);
    } else if constexpr (kOp == Op::RefNull) {
      push_val(ValType::ref(in.heap, true));
    } else if constexpr (kOp == Op::RefIsNull) {
      if constexpr (kValidate) {
        ValType type;
        ok = pop_any(type);
        if (ok && !type.is_ref() && type.kind() != ValKind::bot) {
          ok = invalid(type_mismatch(op_, "a reference", to_string(type)));
        }
      }
      push_val(ValKind::i32);
    } else if constexpr (kOp == Op::RefFunc) {
      ok = apply_ref_func(in.index);
    } else if constexpr (kOp == Op::TableCopy) {
      if constexpr (kValidate) {
        const ValType dst = module_.tables()[in.index].type.element;
        const ValType src = module_.tables()[in.index2].type.element;
        if (!is_subtype(src, dst)) {
          return invalid(type_mismatch(op_, "a table of " + to_string(dst), to_string(src)));
        }
      }
      ok = apply_signature<kOp>(in);
    } else if constexpr (kOp == Op::TableInit) {
      if constexpr (kValidate) {
        const ValType dst = module_.tables()[in.index2].type.element;
        const ValType src = module_.elems()[in.index].type;
        if (!is_subtype(src, dst)) {
          return invalid(type_mismatch(op_, "elements of " + to_string(dst), to_string(src)));
        }
      }
      ok = apply_signature<kOp>(in);
    } else {
      static_assert(!ir::op_info(kOp).params.is_special(), "an instruction the table types as * needs an effect here");
      ok = apply_signature<kOp>(in);
    }
    if (ok) {
      visit();
    }
    return ok;
  }
}

// ---- the loop --------------------------------------------------------------------------------------

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::step() {
  constexpr ir::OpInfo kInfo = ir::op_info(kOp);
  op_ = kOp;
  if constexpr (!ir::is_implemented(kInfo.feature)) {
    return fail(ir::fail_feature(kInfo.feature, features_, ir::op_name(kOp)), op_at_);
  } else {
    if constexpr (kValidate && kInfo.feature != ir::Feature::Mvp) {
      if (!features_.has(kInfo.feature)) [[unlikely]] {
        return fail(ir::fail_feature(kInfo.feature, features_, ir::op_name(kOp)), op_at_);
      }
    }
    Instr in;
    in.at = op_at_;
    in.offset = file_offset(op_at_);
    if (!read_immediate<kOp>(in)) {
      return false;
    }
    in.size_bytes = static_cast<u32>(at_ - op_at_);
    return apply<kOp>(in);
  }
}

PETREL_BODY bool PETREL_BODY_CLASS::step_unknown(u8 prefix, u32 code) {
  at_ = op_at_;
  return fail(petrel::fail(ErrorClass::malformed, prefix == 0 ? strf("illegal opcode 0x%02x", code)
                                                              : strf("illegal opcode 0x%02x 0x%02x", prefix, code)),
              op_at_);
}

PETREL_BODY bool PETREL_BODY_CLASS::decode_instructions() {
  values_.clear();
  frames_.clear();
  body_offset_ = file_offset(at_);
  ControlFrame function;
  function.op = Op::Call;
  function.sig_kind = ControlFrame::SigKind::type;
  function.type_bits = func_.type.index();
  frames_.push_back(function);
  while (!frames_.empty()) {
    op_at_ = at_;
    u8 byte = 0;
    if (at_ == end_) {
      return malformed("unexpected end: END opcode expected");
    }
    byte = *at_++;
    Op op = ir::op_from_byte(byte);
    u32 code = byte;
    if (op == Op::Invalid && ir::is_op_prefix(byte)) {
      if (!read_u32(code)) {
        return false;
      }
      op = ir::op_from_prefixed(byte, code);
    }
    bool ok = false;
    switch (op) {
#define PETREL_OP(Enum, snake, text, prefix_, code_, imm_, params_, results_, feature_, family_)   \
  case Op::Enum:                                                                                   \
    ok = step<Op::Enum>();                                                                         \
    break;
#include "ir/opcodes.def"
    case Op::Invalid:
      ok = step_unknown(ir::is_op_prefix(byte) ? byte : 0, code);
      break;
    }
    if (!ok) {
      return false;
    }
    if constexpr (kValidate) {
      max_height_ = std::max(max_height_, height());
    }
  }
  if (at_ != end_) {
    return malformed("section size mismatch: operators remaining after end of function");
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::decode_locals() {
  op_at_ = at_;
  const auto params = module_.params(type_);
  locals_.assign(params.begin(), params.end());
  u32 runs = 0;
  if (!read_u32(runs)) {
    return false;
  }
  for (u32 i = 0; i < runs; ++i) {
    op_at_ = at_;
    u32 count = 0;
    ValType type;
    if (!read_u32(count)) {
      return false;
    }
    u64 total = u64{count} + locals_.size();
    if (total > 0xffffffff) {
      at_ = op_at_;
      return malformed("too many locals");
    }
    if (!read_val_type(type)) {
      return false;
    }
    if (kValidate && total > limits_.locals) {
      return fail(petrel::fail(ErrorClass::limit, strf("%llu locals exceed limit %u (-L locals=N)",
                                                       static_cast<unsigned long long>(total), limits_.locals)),
                  op_at_);
    }
    locals_.insert(locals_.end(), count, type);
  }
  return true;
}

#undef PETREL_BODY
#undef PETREL_BODY_CLASS

} // namespace petrel::frontend
