// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: typed references, structures, arrays and casts (specification §3.4.2, §3.4.6, §3.4.7). Included by
// body_decoder.h only.
#pragma once

namespace petrel::frontend {

// ---- types ------------------------------------------------------------------------------------------

PETREL_BODY bool PETREL_BODY_CLASS::check_composite(u32 type, ir::CompositeKind kind) {
  return !kValidate || module_.types()[type].kind == kind ||
         invalid(wrong_composite(current_op(), type, kind));
}

/// Pops a reference of any type; in unreachable code of the type below all.
PETREL_BODY bool PETREL_BODY_CLASS::pop_ref(ValType& out) {
  out = ValType::ref(kBotHeap, false);
  if constexpr (kValidate) {
    ValType type;
    if (!pop_any(type)) {
      return false;
    }
    if (type.kind() == ValKind::bot) {
      return true;
    }
    if (!type.is_ref()) {
      return invalid(type_mismatch(current_op(), "a reference", to_string(type)));
    }
    out = type;
  }
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::apply_ref_as_non_null() {
  ValType type;
  if (!pop_ref(type)) {
    return false;
  }
  push_val(ValType::ref(type.heap(), false));
  return true;
}

/// br_on_null: the label takes what is below the reference, which goes on without null.
PETREL_BODY bool PETREL_BODY_CLASS::apply_br_on_null(const Instr& in) {
  ValType type;
  if (!pop_ref(type)) {
    return false;
  }
  visitor_.template op<Op::BrOnNull>(*this, in);
  if (!require_label(label_types(frame(in.index)))) {
    return false;
  }
  push_val(ValType::ref(type.heap(), false));
  return true;
}

/// br_on_non_null: the label takes the reference, too.
PETREL_BODY bool PETREL_BODY_CLASS::apply_br_on_non_null(const Instr& in) {
  ValType type;
  if (!pop_ref(type)) {
    return false;
  }
  push_val(ValType::ref(type.heap(), false));
  visitor_.template op<Op::BrOnNonNull>(*this, in);
  if constexpr (kValidate) {
    const auto types = label_types(frame(in.index));
    if (types.empty() || !types.back().is_ref()) {
      return invalid(type_mismatch(current_op(), "a label that takes a reference", "another"));
    }
    ValType any;
    return require_label(types) && pop_any(any);
  }
  return true;
}

// ---- structures (§3.4.6) ----------------------------------------------------------------------------

PETREL_BODY void PETREL_BODY_CLASS::push_made(u32 type) {
  push_val(ValType::ref(HeapType(TypeIdx(type)), false));
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_struct_new(const Instr& in) {
  if constexpr (kValidate) {
    if (!check_composite(in.index, ir::CompositeKind::struct_)) {
      return false;
    }
    const auto fields = module_.params(module_.type(TypeIdx(in.index)));
    for (usize i = fields.size(); i-- > 0;) {
      if constexpr (kOp == Op::StructNew) {
        if (!pop_val(unpacked(fields[i]))) {
          return false;
        }
      } else if (!fields[i].is_defaultable()) {
        return invalid(type_mismatch(current_op(), "fields with a default", to_string(fields[i])));
      }
    }
    push_made(in.index);
  }
  return true;
}

/// Packed fields need the extending forms, others the plain one.
PETREL_BODY bool PETREL_BODY_CLASS::check_access(ValType storage, bool is_signed_form) {
  if (is_packed(storage) != is_signed_form) {
    return invalid(type_mismatch(
        current_op(), is_signed_form ? "a packed field" : "an unpacked field", to_string(storage)));
  }
  return true;
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_struct_access(Instr& in) {
  constexpr bool kIsSet = kOp == Op::StructSet;
  constexpr bool kIsExtending = kOp == Op::StructGetS || kOp == Op::StructGetU;
  if (!check_composite(in.index, ir::CompositeKind::struct_)) {
    return false;
  }
  const ir::TypeDef& type = module_.type(TypeIdx(in.index));
  const auto fields = module_.params(type);
  if (!check_index(in.index2, type.params.count, "field")) {
    return false;
  }
  if constexpr (kValidate) {
    const ValType storage = fields[in.index2];
    if (kIsSet && module_.array(type.mutabilities)[in.index2] == 0) {
      return invalid(strf("immutable field %u of type %u", in.index2, in.index));
    }
    if (!kIsSet && !check_access(storage, kIsExtending)) {
      return false;
    }
    if ((kIsSet && !pop_val(unpacked(storage))) ||
        !pop_val(ValType::ref(HeapType(TypeIdx(in.index)), true))) {
      return false;
    }
    if (!kIsSet) {
      push_val(unpacked(storage));
    }
    in.gc_access = ir::gc_access_word(field_offset(fields, in.index2), gc_storage(storage));
  }
  return true;
}

/// Offset of a field. Fields of one type are asked for again and again: the last answer helps.
PETREL_BODY u32 PETREL_BODY_CLASS::field_offset(std::span<const ValType> fields, u32 field) {
  if (fields.data() != last_fields_ || field < last_field_) {
    last_fields_ = fields.data();
    last_field_ = 0;
    last_end_ = ir::kGcHeaderSize;
    last_offset_ = ir::gc_place_field(last_end_, fields[0]);
  }
  while (last_field_ < field) {
    last_offset_ = ir::gc_place_field(last_end_, fields[++last_field_]);
  }
  return last_offset_;
}

PETREL_BODY ir::GcStorage PETREL_BODY_CLASS::gc_storage(ValType storage) const {
  const bool is_func =
      storage.is_ref() && top_of(module_.types(), storage.heap()) == AbsHeapType::func;
  return ir::gc_storage(storage, is_func);
}

// ---- arrays (§3.4.7) --------------------------------------------------------------------------------

/// The element type of array type `type`, which is checked to be one.
PETREL_BODY bool PETREL_BODY_CLASS::array_element(u32 type, bool wants_mutable, ValType& out) {
  if (!check_composite(type, ir::CompositeKind::array)) {
    return false;
  }
  const ir::TypeDef& def = module_.type(TypeIdx(type));
  out = module_.params(def)[0];
  return !kValidate || !wants_mutable || module_.array(def.mutabilities)[0] != 0 ||
         invalid(strf("immutable array: type %u", type));
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_array_new(const Instr& in) {
  ValType element;
  if (!array_element(in.index, false, element)) {
    return false;
  }
  if constexpr (kValidate) {
    if constexpr (kOp == Op::ArrayNewFixed) {
      for (u32 i = 0; i < in.index2; ++i) {
        if (sp_ == floor_ && is_unreachable()) {
          break; // the rest is unknown, however many
        }
        if (!pop_val(unpacked(element))) {
          return false;
        }
      }
    } else {
      if (!pop_val(ValKind::i32)) {
        return false;
      }
      if constexpr (kOp == Op::ArrayNew) {
        if (!pop_val(unpacked(element))) {
          return false;
        }
      } else if constexpr (kOp == Op::ArrayNewDefault) {
        if (!element.is_defaultable()) {
          return invalid(
              type_mismatch(current_op(), "an element with a default", to_string(element)));
        }
      } else if (!check_array_segment<kOp>(in, element) || !pop_val(ValKind::i32)) {
        return false;
      }
    }
    push_made(in.index);
  }
  return true;
}

/// Elements made of bytes of a data segment or of an element segment's references.
PETREL_BODY template <ir::Op kOp>
bool PETREL_BODY_CLASS::check_array_segment(const Instr& in, ValType element) {
  if constexpr (kOp == Op::ArrayNewData || kOp == Op::ArrayInitData) {
    return !element.is_ref() ||
           invalid("array type is not numeric or vector: elements are " + to_string(element));
  } else {
    const ValType found = module_.elems()[in.index2].type;
    return is_subtype(found, element) ||
           invalid(
               type_mismatch(current_op(), "elements of " + to_string(element), to_string(found)));
  }
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_array_access(Instr& in) {
  constexpr bool kIsSet = kOp == Op::ArraySet;
  constexpr bool kIsExtending = kOp == Op::ArrayGetS || kOp == Op::ArrayGetU;
  ValType element;
  if (!array_element(in.index, kIsSet, element)) {
    return false;
  }
  if constexpr (kValidate) {
    if (!kIsSet && !check_access(element, kIsExtending)) {
      return false;
    }
    if ((kIsSet && !pop_val(unpacked(element))) || !pop_val(ValKind::i32) ||
        !pop_val(ValType::ref(HeapType(TypeIdx(in.index)), true))) {
      return false;
    }
    if (!kIsSet) {
      push_val(unpacked(element));
    }
    in.gc_access = ir::gc_access_word(ir::kGcHeaderSize, gc_storage(element));
  }
  return true;
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_array_bulk(const Instr& in) {
  ValType element;
  if (!array_element(in.index, true, element)) {
    return false;
  }
  if constexpr (kValidate) {
    const ValType array = ValType::ref(HeapType(TypeIdx(in.index)), true);
    if constexpr (kOp == Op::ArrayFill) {
      return pop_val(ValKind::i32) && pop_val(unpacked(element)) && pop_val(ValKind::i32) &&
             pop_val(array);
    } else if constexpr (kOp == Op::ArrayCopy) {
      ValType source;
      if (!array_element(in.index2, false, source)) {
        return false;
      }
      if (!is_subtype(source, element)) {
        return invalid(strf("array types do not match: type %u and type %u", in.index, in.index2));
      }
      return pop_val(ValKind::i32) && pop_val(ValKind::i32) &&
             pop_val(ValType::ref(HeapType(TypeIdx(in.index2)), true)) && pop_val(ValKind::i32) &&
             pop_val(array);
    } else {
      return check_array_segment<kOp>(in, element) && pop_val(ValKind::i32) &&
             pop_val(ValKind::i32) && pop_val(ValKind::i32) && pop_val(array);
    }
  }
  return true;
}

// ---- casts (§3.4.2) ---------------------------------------------------------------------------------

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_cast(const Instr& in) {
  if constexpr (kValidate) {
    const ValType top = ValType::ref(top_of(module_.types(), in.heap), true);
    if (!pop_val(top)) {
      return false;
    }
    if constexpr (kOp == Op::RefTest || kOp == Op::RefTestNull) {
      push_val(ValKind::i32);
    } else {
      push_val(ValType::ref(in.heap, kOp == Op::RefCastNull));
    }
  }
  return true;
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_br_on_cast(const Instr& in) {
  const ValType source = ValType::ref(in.heap, (in.bits & 1) != 0);
  const ValType target = ValType::ref(in.heap2, (in.bits & 2) != 0);
  // What of `source` is not of `target` (§3.3.3): null stays behind unless the target takes it.
  const ValType rest = ValType::ref(in.heap, source.is_nullable() && !target.is_nullable());
  const ValType sent = kOp == Op::BrOnCast ? target : rest;
  const ValType kept = kOp == Op::BrOnCast ? rest : target;
  if (kValidate && !is_subtype(target, source)) {
    return invalid(
        type_mismatch(current_op(), "a type below " + to_string(source), to_string(target)));
  }
  if (!pop_val(source)) {
    return false;
  }
  push_val(sent);
  visitor_.template op<kOp>(*this, in);
  if constexpr (kValidate) {
    const auto types = label_types(frame(in.index));
    if (types.empty()) {
      return invalid(
          type_mismatch(current_op(), "a label that takes a reference", "one without values"));
    }
    ValType any;
    if (!require_label(types) || !pop_any(any)) {
      return false;
    }
  }
  push_val(kept);
  return true;
}

PETREL_BODY template <ir::Op kOp> bool PETREL_BODY_CLASS::apply_convert() {
  if constexpr (kValidate) {
    constexpr AbsHeapType kFrom =
        kOp == Op::AnyConvertExtern ? AbsHeapType::extern_ : AbsHeapType::any;
    constexpr AbsHeapType kTo =
        kOp == Op::AnyConvertExtern ? AbsHeapType::any : AbsHeapType::extern_;
    ValType type;
    if (!pop_ref(type)) {
      return false;
    }
    if (!is_subtype(type, ValType::ref(kFrom, true))) {
      return invalid(
          type_mismatch(current_op(), to_string(ValType::ref(kFrom, true)), to_string(type)));
    }
    push_val(ValType::ref(kTo, type.is_nullable()));
  }
  return true;
}

// ---- locals without a default (§3.4.4) ----------------------------------------------------------------

PETREL_BODY void PETREL_BODY_CLASS::initialize_local(u32 index) {
  if (kValidate && needs_init(local_type(index)) && !scratch_.is_set[index]) {
    scratch_.is_set[index] = true;
    scratch_.set_locals.push_back(index);
  }
}

/// What was set inside a block is not set behind it.
PETREL_BODY void PETREL_BODY_CLASS::reset_locals(u32 height) {
  while (scratch_.set_locals.size() > height) {
    scratch_.is_set[scratch_.set_locals.back()] = false;
    scratch_.set_locals.pop_back();
  }
}

} // namespace petrel::frontend
