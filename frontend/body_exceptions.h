// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: exceptions (specification §3.4.1: throw, throw_ref, try_table and its catch clauses) and the legacy form
// (exception-handling, document/legacy: try, catch, catch_all, delegate, rethrow). try_table and try open a block as any
// other. A clause of try_table is a branch: what the exception carries must fit its label, which counts from outside the
// block. A legacy block changes the kind of its frame with each part, as if and else do. Included by body_decoder.h only.
#pragma once

namespace petrel::frontend {

// Out of line, so that the loop over instructions stays as it is without them.

// ---- try_table ---------------------------------------------------------------------------------------

/// Does what the clause puts on the stack fit its label? (§3.4.1, catch clauses)
PETREL_BODY bool PETREL_BODY_CLASS::check_catch(const CatchClause& clause) {
  if (!check_index(clause.label, depth(), "label") ||
      (clause.has_tag() && !check_index(clause.tag.index(), header_.tags.count, "tag"))) {
    return false;
  }
  if constexpr (kValidate) {
    const auto carried = clause.has_tag()
                             ? module_.params(module_.type(module_.tags()[clause.tag.index()].type))
                             : std::span<const ValType>();
    const auto label = label_types(frame(clause.label));
    const usize count = carried.size() + (clause.has_ref() ? 1 : 0);
    if (label.size() != count) {
      return invalid(catch_arity(clause.kind, count, label.size()));
    }
    for (usize i = 0; i < count; ++i) {
      const ValType found = i < carried.size() ? carried[i] : ValType::ref(AbsHeapType::exn, false);
      if (!is_subtype(found, label[i])) {
        return invalid(type_mismatch(current_op(), to_string(label[i]), to_string(found)));
      }
    }
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::read_catch(At& at) {
  const u8* const start = at;
  u8 code = 0;
  if (!read_byte(at, code)) {
    return false;
  }
  CatchClause clause;
  clause.kind = static_cast<ir::HandlerKind>(code);
  if (code >= static_cast<u8>(ir::HandlerKind::delegate)) {
    return malformed("malformed catch clause: expected a code of at most 0x03", start);
  }
  u32 tag = 0;
  if ((clause.has_tag() && !read_u32(at, tag)) || !read_u32(at, clause.label)) {
    return false;
  }
  clause.tag = TagIdx(tag);
  return check_catch(clause);
}

/// Reads and checks the clauses; the block itself is not open yet.
PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::read_catches(At& at, Instr& in) {
  if (!read_u32(at, in.index2)) {
    return false;
  }
  in.bytes = at;
  for (u32 i = 0; i < in.index2; ++i) { // ends with the bytes if the count lies
    if (!read_catch(at)) {
      return false;
    }
  }
  return true;
}

/// try_table and try: a block as others.
PETREL_BODY template <ir::Op kOp>
[[gnu::noinline]] bool PETREL_BODY_CLASS::apply_try(At& at, Instr& in) {
  return apply_block<kOp>(at, in);
}

// ---- throw, throw_ref ----------------------------------------------------------------------------------

PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::apply_throw(const Instr& in) {
  const ir::TypeDef& type = module_.type(module_.tags()[in.index].type);
  if (!pop_vals(module_.params(type))) {
    return false;
  }
  visitor_.template op<Op::Throw>(*this, in);
  unreachable();
  return true;
}

PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::apply_throw_ref(const Instr& in) {
  if (!pop_val(ValType::ref(AbsHeapType::exn, true))) {
    return false;
  }
  visitor_.template op<Op::ThrowRef>(*this, in);
  unreachable();
  return true;
}

// ---- legacy --------------------------------------------------------------------------------------------

PETREL_BODY template <ir::Op kOp>
[[gnu::noinline]] bool PETREL_BODY_CLASS::apply_catch(const Instr& in) {
  const Op open = frames_.back().op;
  if (kValidate && open != Op::Try && open != Op::Catch) {
    return malformed(kOp == Op::Catch ? "END opcode expected: catch without try"
                                      : "END opcode expected: catch_all without try",
                     op_at_);
  }
  visitor_.template op<kOp>(*this, in);
  ControlFrame f;
  if (!next_part(kOp, f)) {
    return false;
  }
  push_frame(f);
  if constexpr (kOp == Op::Catch) {
    return push_vals(module_.params(module_.type(module_.tags()[in.index].type)));
  }
  return true;
}

/// Ends a try; its label counts from outside.
PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::apply_delegate(const Instr& in) {
  if (kValidate && frames_.back().op != Op::Try) {
    return malformed("END opcode expected: delegate without try", op_at_);
  }
  if (kValidate && in.index >= depth() - 1) {
    return unknown("label", in.index);
  }
  visitor_.template op<Op::Delegate>(*this, in);
  const ControlFrame f = frames_.back();
  return pop_ctrl() && (f.sig_kind == ControlFrame::SigKind::empty || push_vals(sig(f).results));
}

PETREL_BODY [[gnu::noinline]] bool PETREL_BODY_CLASS::apply_rethrow(const Instr& in) {
  const Op target = frame(in.index).op;
  if (kValidate && target != Op::Catch && target != Op::CatchAll) {
    return invalid(invalid_rethrow_label(in.index));
  }
  visitor_.template op<Op::Rethrow>(*this, in);
  unreachable();
  return true;
}

} // namespace petrel::frontend
