// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: what instructions do to the stacks. Most rows of the table carry their signature; those marked `*` follow
// the rules of specification §3.4 here, by section. Included by body_decoder.h only.
#pragma once

namespace petrel::frontend {

// ---- by signature ------------------------------------------------------------------------------------

/// Type behind a letter of ir/opcodes.def.
PETREL_BODY template <ir::Imm kImm, char kLetter>
PETREL_INLINE ValType PETREL_BODY_CLASS::letter_type(const Instr& in) const {
  if constexpr (kLetter == 'I') {
    return ValKind::i64;
  } else if constexpr (kLetter == 'f') {
    return ValKind::f32;
  } else if constexpr (kLetter == 'F') {
    return ValKind::f64;
  } else if constexpr (kLetter == 'e') {
    return module_.tables()[in.index].type.element;
  } else if constexpr (kLetter == 'q') {
    return ValType::ref(AbsHeapType::eq, true);
  } else if constexpr (kLetter == 'x') {
    return ValType::ref(AbsHeapType::i31, true);
  } else if constexpr (kLetter == 'X') {
    return ValType::ref(AbsHeapType::i31, false);
  } else if constexpr (kLetter == 'y') {
    return ValType::ref(AbsHeapType::array, true);
  } else if constexpr (kLetter == 'a' && kImm == Imm::MemArg) {
    return in.index == 0 ? mem0_address_ : memory_address(in.index);
  } else if constexpr (kLetter == 'a') {
    return memory_address(kImm == Imm::DataMem ? in.index2 : in.index);
  } else if constexpr (kLetter == 'A') {
    return memory_address(in.index2);
  } else if constexpr (kLetter == 't') {
    return table_address(kImm == Imm::ElemTable ? in.index2 : in.index);
  } else if constexpr (kLetter == 'T') {
    return table_address(in.index2);
  } else if constexpr (kLetter == 'n') {
    const bool are_64 =
        memory_address(in.index) == ValKind::i64 && memory_address(in.index2) == ValKind::i64;
    return are_64 ? ValKind::i64 : ValKind::i32;
  } else if constexpr (kLetter == 'm') {
    const bool are_64 =
        table_address(in.index) == ValKind::i64 && table_address(in.index2) == ValKind::i64;
    return are_64 ? ValKind::i64 : ValKind::i32;
  } else {
    static_assert(kLetter == 'i', "a signature letter of an implemented feature needs a type here");
    return ValKind::i32;
  }
}

PETREL_BODY template <ir::Op kOp>
PETREL_INLINE bool PETREL_BODY_CLASS::apply_signature(const Instr& in) {
  if constexpr (kValidate) {
    constexpr ir::OpInfo kInfo = ir::op_info(kOp);
    constexpr u32 kParams = kInfo.params.size();
    constexpr u32 kResults = kInfo.results.size();
    const bool are_equal = [&]<usize... kI>(std::index_sequence<kI...>) {
      return sp_ - floor_ >= static_cast<std::ptrdiff_t>(kParams) &&
             (... && (*(sp_ - kParams + kI) == letter_type<kInfo.imm, kInfo.params[kI]>(in)));
    }(std::make_index_sequence<kParams>());
    if (!are_equal) [[unlikely]] {
      return apply_signature_slow<kOp>(in.index, in.index2); // not `in`, which then needs no memory
    }
    sp_ -= kParams;
    [&]<usize... kI>(std::index_sequence<kI...>) {
      ((*(sp_ + kI) = letter_type<kInfo.imm, kInfo.results[kI]>(in)), ...); // INVARIANT(slack)
    }(std::make_index_sequence<kResults>());
    sp_ += kResults;
    if constexpr (kResults > kParams) {
      static_assert(kResults == kParams + 1);
      push_val(*--sp_); // raises high_
    }
  }
  return true;
}

/// The same in general: unknown operands, subtypes, errors.
PETREL_BODY template <ir::Op kOp>
PETREL_COLD bool PETREL_BODY_CLASS::apply_signature_slow(u32 index, u32 index2) {
  constexpr ir::OpInfo kInfo = ir::op_info(kOp);
  Instr in;
  in.index = index;
  in.index2 = index2;
  const bool ok = [&]<usize... kI>(std::index_sequence<kI...>) {
    return (... && pop_val(letter_type<kInfo.imm, kInfo.params[sizeof...(kI) - 1 - kI]>(in)));
  }(std::make_index_sequence<kInfo.params.size()>());
  if (!ok) {
    return false;
  }
  [&]<usize... kI>(std::index_sequence<kI...>) {
    (push_val(letter_type<kInfo.imm, kInfo.results[kI]>(in)), ...);
  }(std::make_index_sequence<kInfo.results.size()>());
  return true;
}

/// The letters of vector instructions.
PETREL_BODY ValType PETREL_BODY_CLASS::simd_letter_type(char letter, const Instr& in) const {
  switch (letter) {
  case 'v': return ValKind::v128;
  case 'i': return ValKind::i32;
  case 'I': return ValKind::i64;
  case 'f': return ValKind::f32;
  case 'F': return ValKind::f64;
  case 'a': return letter_type<Imm::MemArg, 'a'>(in);
  default: PETREL_UNREACHABLE(); // no row has another
  }
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_simd(const ir::OpInfo& info, const Instr& in) {
  if constexpr (kValidate) {
    for (u32 i = info.params.size(); i-- > 0;) {
      if (!pop_val(simd_letter_type(info.params[i], in))) {
        return false;
      }
    }
    for (const char letter : info.results.view()) {
      push_val(simd_letter_type(letter, in));
    }
  }
  return true;
}

// ---- control (§3.4.1) -------------------------------------------------------------------------------

PETREL_BODY template <ir::Op kOp>
PETREL_INLINE bool PETREL_BODY_CLASS::apply_block(At& at, Instr& in) {
  ControlFrame f;
  f.op = kOp;
  if (!read_block_type(at, f)) {
    return false;
  }
  if constexpr (kOp == Op::TryTable) {
    if (!read_catches(at, in)) {
      return false;
    }
  }
  in.size_bytes = static_cast<u32>(at - op_at_);
  if (kOp == Op::If && !pop_val(ValKind::i32)) {
    return false;
  }
  if (f.sig_kind == ControlFrame::SigKind::type && !pop_vals(sig(f).params)) {
    return false;
  }
  // Trusted visitors skip unreachable code: what lies in a block there is unreachable as well.
  f.is_unreachable = !kValidate && is_unreachable();
  if (!push_ctrl(f)) {
    return false;
  }
  visitor_.template op<kOp>(*this, in);
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_else(const Instr& in) {
  if (kValidate && frames_.back().op != Op::If) {
    return malformed("END opcode expected: else without if", op_at_);
  }
  visitor_.template op<Op::Else>(*this, in);
  ControlFrame f;
  return next_part(Op::Else, f) && push_ctrl(f);
}

/// Closes the innermost block's part; `f` is the frame of the next one, not yet open.
PETREL_BODY bool PETREL_BODY_CLASS::next_part(Op op, ControlFrame& f) {
  f = frames_.back();
  if (!pop_ctrl()) {
    return false;
  }
  f.op = op;
  f.is_unreachable = !kValidate && is_unreachable();
  return true;
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::apply_end(const Instr& in) {
  const ControlFrame f = frames_.back();
  if (kValidate && f.op == Op::If && f.sig_kind != ControlFrame::SigKind::empty) {
    const BlockSig s = sig(frames_.back());
    if (!std::ranges::equal(s.params, s.results,
                            [&](ValType a, ValType b) { return is_subtype(a, b); })) [[unlikely]] {
      return invalid(if_without_else());
    }
  }
  visitor_.template op<Op::End>(*this, in);
  if (!pop_ctrl()) {
    return false;
  }
  return f.sig_kind == ControlFrame::SigKind::empty || push_vals(sig(f).results);
}

PETREL_BODY template <ir::Op kOp>
PETREL_INLINE bool PETREL_BODY_CLASS::apply_branch(const Instr& in) {
  if constexpr (kOp == Op::BrIf) {
    if (!pop_val(ValKind::i32)) {
      return false;
    }
    visitor_.template op<kOp>(*this, in);
    const ControlFrame& f = frame(in.index);
    return f.sig_kind == ControlFrame::SigKind::empty || require_label(label_types(f));
  } else {
    static_assert(kOp == Op::Br || kOp == Op::Return);
    visitor_.template op<kOp>(*this, in);
    const ControlFrame& f = kOp == Op::Br ? frame(in.index) : frames_.front();
    const bool ok = pop_vals(label_types(f));
    unreachable();
    return ok;
  }
}

PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::apply_br_table(const Instr& in) {
  if (!pop_val(ValKind::i32)) {
    return false;
  }
  visitor_.template op<Op::BrTable>(*this, in);
  if constexpr (kValidate) {
    const usize arity = label_types(frame(in.index)).size();
    const ValType* checked = nullptr; // the same label again, or one of the same type
    bool ok = true;
    in.labels.for_each([&](u32 label) {
      const ControlFrame& f = frame(label);
      if (f.sig_kind == ControlFrame::SigKind::empty && arity == 0) [[likely]] {
        return;
      }
      const auto types = label_types(f);
      if (!ok || (types.data() == checked && types.size() == arity)) {
        return;
      }
      checked = types.data();
      ok =
          types.size() == arity ? check_label(types) : invalid(arities_differ(types.size(), arity));
    });
    if (!ok) {
      return false;
    }
  }
  unreachable();
  return true;
}

// ---- calls (§3.4.1) ---------------------------------------------------------------------------------

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::apply_call(const ir::TypeDef& type) {
  if (!pop_vals(module_.params(type))) {
    return false;
  }
  const auto results = module_.results(type);
  if (results.size() == 1) [[likely]] {
    push_val(results[0]);
    return true;
  }
  return push_vals(results);
}

PETREL_BODY bool PETREL_BODY_CLASS::check_call_indirect(const Instr& in) {
  if constexpr (kValidate) {
    const ValType element = module_.tables()[in.index2].type.element;
    if (!is_subtype(element, ValType::funcref())) {
      return invalid(type_mismatch(current_op(), "a table of funcref", to_string(element)));
    }
    if (!check_composite(in.index, ir::CompositeKind::func)) {
      return false;
    }
  }
  return !kValidate || pop_val(table_address(in.index2));
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_call_indirect(const Instr& in) {
  return check_call_indirect(in) && apply_call(module_.type(TypeIdx(in.index)));
}

/// A call whose results are the function's.
PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_return_call(const Instr& in) {
  if constexpr (kOp == Op::ReturnCallIndirect) {
    if (!check_call_indirect(in)) {
      return false;
    }
  } else if constexpr (kOp == Op::ReturnCallRef) {
    if (!check_composite(in.index, ir::CompositeKind::func) ||
        !pop_val(ValType::ref(HeapType(TypeIdx(in.index)), true))) {
      return false;
    }
  }
  const ir::TypeDef& type = kOp == Op::ReturnCall ? module_.func_type(FuncIdx(in.index))
                                                  : module_.type(TypeIdx(in.index));
  if constexpr (kValidate) {
    const auto found = module_.results(type);
    const auto expected = module_.results(type_);
    if (!std::ranges::equal(found, expected,
                            [&](ValType a, ValType b) { return is_subtype(a, b); })) {
      return invalid(type_mismatch(current_op(), "the results of the function", "others"));
    }
  }
  if (!pop_vals(module_.params(type))) {
    return false;
  }
  visitor_.template op<kOp>(*this, in);
  unreachable();
  return true;
}

// ---- parametric, variables, references (§3.4.2 and following) -----------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::apply_select() {
  if constexpr (kValidate) {
    ValType second;
    ValType first;
    if (!pop_val(ValKind::i32) || !pop_any(second) || !pop_any(first)) {
      return false;
    }
    if (first.is_ref() || second.is_ref()) {
      return invalid(
          type_mismatch(current_op(), "a number", to_string(first.is_ref() ? first : second)));
    }
    if (first != second && first.kind() != ValKind::bot && second.kind() != ValKind::bot) {
      return invalid(type_mismatch(current_op(), to_string(first), to_string(second)));
    }
    push_val(first.kind() == ValKind::bot ? second : first);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_global_set(u32 index) {
  if constexpr (kValidate) {
    const ir::GlobalType& type = module_.globals()[index].type;
    if (!type.is_mutable) {
      return invalid(immutable_global(index));
    }
    return pop_val(type.type);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_ref_is_null() {
  if constexpr (kValidate) {
    ValType type;
    if (!pop_any(type)) {
      return false;
    }
    if (!type.is_ref() && type.kind() != ValKind::bot) {
      return invalid(type_mismatch(current_op(), "a reference", to_string(type)));
    }
    push_val(ValKind::i32);
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_ref_func(u32 index) {
  if (kValidate && (module_.funcs()[index].flags & ir::kFuncIsReferenced) == 0) {
    return invalid(undeclared_reference(index));
  }
  push_val(ValType::ref(HeapType(module_.funcs()[index].type), false));
  return true;
}

// ---- tables (§3.4.9): what the signature does not say ---------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::check_table_copy(const Instr& in) {
  const ValType dst = module_.tables()[in.index].type.element;
  const ValType src = module_.tables()[in.index2].type.element;
  return is_subtype(src, dst) ||
         invalid(type_mismatch(current_op(), "a table of " + to_string(dst), to_string(src)));
}

PETREL_BODY bool PETREL_BODY_CLASS::check_table_init(const Instr& in) {
  const ValType dst = module_.tables()[in.index2].type.element;
  const ValType src = module_.elems()[in.index].type;
  return is_subtype(src, dst) ||
         invalid(type_mismatch(current_op(), "elements of " + to_string(dst), to_string(src)));
}

// ---- dispatch ----------------------------------------------------------------------------------------

/// Instructions whose visitor is called after their effect.
PETREL_BODY template <ir::Op kOp> PETREL_INLINE bool PETREL_BODY_CLASS::apply_special(Instr& in) {
  if constexpr (kOp == Op::Drop) {
    ValType any;
    return pop_any(any);
  } else if constexpr (kOp == Op::Select) {
    return apply_select();
  } else if constexpr (kOp == Op::SelectT) {
    const bool ok = pop_val(ValKind::i32) && pop_val(in.select_type) && pop_val(in.select_type);
    push_val(in.select_type);
    return ok;
  } else if constexpr (kOp == Op::Call) {
    return apply_call(module_.func_type(FuncIdx(in.index)));
  } else if constexpr (kOp == Op::CallIndirect) {
    return apply_call_indirect(in);
  } else if constexpr (kOp == Op::LocalGet) {
    if constexpr (kValidate) {
      const ValType type = local_type(in.index);
      if (needs_init(type) && !scratch_.is_set[in.index]) [[unlikely]] {
        return invalid(strf("uninitialized local %u", in.index));
      }
      push_val(type);
    }
    return true;
  } else if constexpr (kOp == Op::LocalSet) {
    if constexpr (kValidate) {
      const ValType type = local_type(in.index);
      if (needs_init(type)) [[unlikely]] {
        initialize_local(in.index);
      }
      return pop_val(type);
    }
    return true;
  } else if constexpr (kOp == Op::LocalTee) {
    const bool ok = !kValidate || pop_val(local_type(in.index));
    if (kValidate && ok) {
      const ValType type = local_type(in.index);
      if (needs_init(type)) [[unlikely]] {
        initialize_local(in.index);
      }
      push_val(type);
    }
    return ok;
  } else if constexpr (kOp == Op::GlobalGet) {
    push_val(module_.globals()[in.index].type.type);
    return true;
  } else if constexpr (kOp == Op::GlobalSet) {
    return apply_global_set(in.index);
  } else if constexpr (kOp == Op::RefNull) {
    push_val(ValType::ref(in.heap, true));
    return true;
  } else if constexpr (kOp == Op::RefIsNull) {
    return apply_ref_is_null();
  } else if constexpr (kOp == Op::RefFunc) {
    return apply_ref_func(in.index);
  } else if constexpr (kOp == Op::RefAsNonNull) {
    return apply_ref_as_non_null();
  } else if constexpr (kOp == Op::CallRef) {
    return check_composite(in.index, ir::CompositeKind::func) &&
           pop_val(ValType::ref(HeapType(TypeIdx(in.index)), true)) &&
           apply_call(module_.type(TypeIdx(in.index)));
  } else if constexpr (kOp == Op::StructNew || kOp == Op::StructNewDefault) {
    return apply_struct_new<kOp>(in);
  } else if constexpr (kOp == Op::StructGet || kOp == Op::StructGetS || kOp == Op::StructGetU ||
                       kOp == Op::StructSet) {
    return apply_struct_access<kOp>(in);
  } else if constexpr (kOp == Op::ArrayNew || kOp == Op::ArrayNewDefault ||
                       kOp == Op::ArrayNewFixed || kOp == Op::ArrayNewData ||
                       kOp == Op::ArrayNewElem) {
    return apply_array_new<kOp>(in);
  } else if constexpr (kOp == Op::ArrayGet || kOp == Op::ArrayGetS || kOp == Op::ArrayGetU ||
                       kOp == Op::ArraySet) {
    return apply_array_access<kOp>(in);
  } else if constexpr (kOp == Op::ArrayFill || kOp == Op::ArrayCopy || kOp == Op::ArrayInitData ||
                       kOp == Op::ArrayInitElem) {
    return apply_array_bulk<kOp>(in);
  } else if constexpr (kOp == Op::RefTest || kOp == Op::RefTestNull || kOp == Op::RefCast ||
                       kOp == Op::RefCastNull) {
    return apply_cast<kOp>(in);
  } else if constexpr (kOp == Op::AnyConvertExtern || kOp == Op::ExternConvertAny) {
    return apply_convert<kOp>();
  } else {
    static_assert(!ir::op_info(kOp).params.is_special(),
                  "an instruction that the table types as * needs an effect here");
    return apply_signature<kOp>(in);
  }
}

/// Applies the effect and calls the visitor at the documented moment.
PETREL_BODY template <ir::Op kOp> PETREL_INLINE bool PETREL_BODY_CLASS::apply(At& at, Instr& in) {
  if constexpr (kOp == Op::Block || kOp == Op::Loop || kOp == Op::If) {
    return apply_block<kOp>(at, in);
  } else if constexpr (kOp == Op::TryTable || kOp == Op::Try) {
    return apply_try<kOp>(at, in);
  } else if constexpr (kOp == Op::Else) {
    return apply_else(in);
  } else if constexpr (kOp == Op::End) {
    return apply_end(in);
  } else if constexpr (kOp == Op::Unreachable) {
    visitor_.template op<kOp>(*this, in);
    unreachable();
    return true;
  } else if constexpr (kOp == Op::Br || kOp == Op::BrIf || kOp == Op::Return) {
    return apply_branch<kOp>(in);
  } else if constexpr (kOp == Op::BrTable) {
    return apply_br_table(in);
  } else if constexpr (kOp == Op::ReturnCall || kOp == Op::ReturnCallIndirect ||
                       kOp == Op::ReturnCallRef) {
    return apply_return_call<kOp>(in);
  } else if constexpr (kOp == Op::Throw) {
    return apply_throw(in);
  } else if constexpr (kOp == Op::ThrowRef) {
    return apply_throw_ref(in);
  } else if constexpr (kOp == Op::Catch || kOp == Op::CatchAll) {
    return apply_catch<kOp>(in);
  } else if constexpr (kOp == Op::Delegate) {
    return apply_delegate(in);
  } else if constexpr (kOp == Op::Rethrow) {
    return apply_rethrow(in);
  } else if constexpr (kOp == Op::BrOnNull) {
    return apply_br_on_null(in);
  } else if constexpr (kOp == Op::BrOnNonNull) {
    return apply_br_on_non_null(in);
  } else if constexpr (kOp == Op::BrOnCast || kOp == Op::BrOnCastFail) {
    return apply_br_on_cast<kOp>(in);
  } else {
    if constexpr (kValidate && kOp == Op::TableCopy) {
      if (!check_table_copy(in)) {
        return false;
      }
    }
    if constexpr (kValidate && kOp == Op::TableInit) {
      if (!check_table_init(in)) {
        return false;
      }
    }
    if (!apply_special<kOp>(in)) {
      return false;
    }
    if constexpr (kValidate && kOp == Op::Call) {
      [[clang::always_inline]] visitor_.template op<kOp>(*this, in); // `in` need not exist then
    } else {
      visitor_.template op<kOp>(*this, in);
    }
    return true;
  }
}

} // namespace petrel::frontend
