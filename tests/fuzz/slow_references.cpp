// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// References, structures, arrays and casts (§3.4.3 to §3.4.6).
#include "tests/fuzz/slow_body.h"

namespace petrel::slow {

using ir::Op;

void BodyChecker::reference(Op op) {
  switch (op) {
  case Op::RefNull: push(ref_to(read_heap_type(r_, c_.space.types.size()), true)); break;
  case Op::RefFunc: {
    const uint32_t func = r_.u32();
    func_type(func);
    if (!r_.ok()) {
      return;
    }
    if (const_refs_ != nullptr) {
      const_refs_->insert(func);
    } else if (!c_.refs.contains(func)) {
      r_.fail("undeclared function reference");
    }
    push(ref_to(c_.funcs[func]));
    break;
  }
  case Op::RefAsNonNull: {
    Type type = pop_ref();
    type.nullable = false;
    push(type.kind == Type::bot ? ref_to(Heap::bottom) : type);
    break;
  }
  default: r_.fail("no rule");
  }
}

void BodyChecker::structure(Op op) {
  const uint32_t index = r_.u32();
  const SubType& type = type_of(index, SubType::structure);
  if (!r_.ok()) {
    return;
  }
  if (op == Op::StructNew || op == Op::StructNewDefault) {
    for (size_t i = type.fields.size(); i-- > 0;) {
      if (op == Op::StructNew) {
        pop(type.fields[i].storage.unpacked());
      } else if (!type.fields[i].storage.is_defaultable()) {
        r_.fail("field type is not defaultable");
      }
    }
    push(ref_to(index));
    return;
  }
  const uint32_t at = r_.u32();
  if (at >= type.fields.size()) {
    r_.fail("unknown field");
    return;
  }
  const Field& field = type.fields[at];
  if (op == Op::StructSet) {
    if (!field.is_mutable) {
      r_.fail("immutable field");
    }
    pop(field.storage.unpacked());
    pop(ref_to(index, true));
    return;
  }
  if ((op == Op::StructGet) == field.storage.is_packed()) {
    r_.fail("field is packed, or is not");
  }
  pop(ref_to(index, true));
  push(field.storage.unpacked());
}

void BodyChecker::array(Op op) {
  const uint32_t index = r_.u32();
  const SubType& type = type_of(index, SubType::array);
  if (!r_.ok()) {
    return;
  }
  const Field& field = type.fields[0];
  const Type value = field.storage.unpacked();
  const Type i32{Type::i32};
  switch (op) {
  case Op::ArrayNew:
    pop(Types{value, i32});
    push(ref_to(index));
    break;
  case Op::ArrayNewDefault:
    if (!field.storage.is_defaultable()) {
      r_.fail("array type is not defaultable");
    }
    pop(i32);
    push(ref_to(index));
    break;
  case Op::ArrayNewFixed: {
    const uint32_t n = r_.u32();
    if (n > 10000) {
      r_.fail("limit: operands of array.new_fixed");
    }
    for (uint32_t i = 0; i < n && r_.ok(); ++i) {
      pop(value);
    }
    push(ref_to(index));
    break;
  }
  case Op::ArrayGet:
  case Op::ArrayGetS:
  case Op::ArrayGetU:
    if ((op == Op::ArrayGet) == field.storage.is_packed()) {
      r_.fail("array is packed, or is not");
    }
    pop(Types{ref_to(index, true), i32});
    push(value);
    break;
  default: {
    second_ = index;
    array_bulk(op);
  }
  }
}

void BodyChecker::array_bulk(Op op) {
  const uint32_t index = second_;
  const Field& field = c_.space.types[index].fields[0];
  const Type value = field.storage.unpacked();
  const Type array_ref = ref_to(index, true);
  const Type i32{Type::i32};
  const bool creates = op == Op::ArrayNewData || op == Op::ArrayNewElem;
  if (!creates && !field.is_mutable) {
    r_.fail("immutable array");
  }
  switch (op) {
  case Op::ArraySet: pop(Types{array_ref, i32, value}); break;
  case Op::ArrayFill: pop(Types{array_ref, i32, value, i32}); break;
  case Op::ArrayCopy: {
    const uint32_t source = r_.u32();
    const SubType& from = type_of(source, SubType::array);
    if (r_.ok() && !c_.space.matches(from.fields[0].storage, field.storage)) {
      r_.fail("array types do not match");
    }
    pop(Types{array_ref, i32, ref_to(source, true), i32, i32});
    break;
  }
  case Op::ArrayNewData:
  case Op::ArrayInitData:
    data_index(r_.u32());
    if (!value.is_number() && !value.is_vector()) {
      r_.fail("array type is not numeric or vector");
    }
    break;
  case Op::ArrayNewElem:
  case Op::ArrayInitElem:
    if (const Type type = elem(r_.u32()); r_.ok() && !c_.space.matches(type, field.storage)) {
      r_.fail("element segment does not match the array");
    }
    break;
  default: r_.fail("no rule");
  }
  if (op == Op::ArrayInitData || op == Op::ArrayInitElem) {
    pop(Types{array_ref, i32, i32, i32});
  } else if (creates) {
    pop(Types{i32, i32});
    push(ref_to(index));
  }
}

void BodyChecker::cast(Op op) {
  if (op == Op::AnyConvertExtern || op == Op::ExternConvertAny) {
    const int64_t from = op == Op::AnyConvertExtern ? Heap::extern_ : Heap::any;
    const Type type = pop(ref_to(from, true));
    push(ref_to(op == Op::AnyConvertExtern ? Heap::any : Heap::extern_,
                type.kind == Type::ref && type.nullable));
    return;
  }
  const bool is_null = op == Op::RefTestNull || op == Op::RefCastNull;
  const Type to = ref_to(read_heap_type(r_, c_.space.types.size()), is_null);
  if (!r_.ok()) {
    return;
  }
  pop(ref_to(c_.space.top_of(to.heap), true));
  push(op == Op::RefTest || op == Op::RefTestNull ? Type{Type::i32} : to);
}

} // namespace petrel::slow
