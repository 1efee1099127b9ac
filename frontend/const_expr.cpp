// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small stack machine over (type, value if known). One value on the stack at `end` is the result; if it is known, the
// expression folds to it; if the expression was one instruction, its form is kept; else its bytes are.
#include "frontend/const_expr.h"

#include <cstring>

#include "base/format.h"
#include "frontend/body_errors.h"
#include "frontend/subtyping.h"
#include "frontend/type_codes.h"
#include "ir/numeric.h"
#include "ir/opcodes.h"

namespace petrel::frontend {

namespace {

using ir::Op;

/// A value on the stack: its type, and the expression that gives it.
struct Operand {
  ValType type;
  ir::ConstExpr form; ///< kind code: computed from something unknown
};

ir::ConstExpr known(ValType type, u64 bits) {
  ir::ConstExpr form;
  form.kind = ir::ConstExpr::Kind::value;
  form.type = type;
  form.value.bits[0] = bits;
  return form;
}

ir::ConstExpr reference(ir::ConstExpr::Kind kind, ValType type, u32 index) {
  ir::ConstExpr form = known(type, index);
  form.kind = kind;
  return form;
}

class ConstDecoder {
public:
  ConstDecoder(ByteReader& reader, const ConstScope& scope) : reader_(reader), scope_(scope) {}

  Result<ir::ConstExpr> run(ValType expected) {
    const u8* const start = reader_.position();
    bool more = true;
    while (more) {
      TRY_ASSIGN(more, step());
    }
    if (stack_.empty()) {
      return invalid(type_mismatch_empty(Op::End, to_string(expected)));
    }
    const Operand result = stack_.back();
    if (!is_subtype(result.type, expected)) {
      return invalid(type_mismatch(Op::End, to_string(expected), to_string(result.type)));
    }
    if (stack_.size() > 1) {
      return invalid(values_remain(Op::End, stack_.size() - 1));
    }
    ir::ConstExpr expr = result.form;
    if (expr.kind == ir::ConstExpr::Kind::code) {
      expr.type = result.type;
      expr.code = scope_.image->append(std::span<const u8>(start, reader_.position()));
    }
    return expr;
  }

private:
  std::unexpected<Error> invalid(std::string text) const {
    return fail_at(ErrorClass::invalid, op_offset_, std::move(text));
  }
  bool is_subtype(ValType sub, ValType super) const { return matches(scope_.types, sub, super); }
  void push(ValType type, ir::ConstExpr form) { stack_.push_back({type, form}); }
  Result<Operand> pop(Op op, ValType expected) {
    if (stack_.empty()) {
      return invalid(type_mismatch_empty(op, to_string(expected)));
    }
    Operand top = stack_.back();
    stack_.pop_back();
    if (!is_subtype(top.type, expected)) {
      return invalid(type_mismatch(op, to_string(expected), to_string(top.type)));
    }
    return top;
  }

  Status arithmetic(Op op, ValType type, u64 (*fold)(Op, u64, u64)) {
    if (!scope_.features.has(ir::Feature::ExtendedConst)) {
      return ir::fail_feature(ir::Feature::ExtendedConst, scope_.features, ir::op_name(op));
    }
    TRY_ASSIGN(Operand right, pop(op, type));
    TRY_ASSIGN(Operand left, pop(op, type));
    const bool is_known = left.form.kind == ir::ConstExpr::Kind::value &&
                          right.form.kind == ir::ConstExpr::Kind::value;
    ir::ConstExpr form =
        known(type, is_known ? fold(op, left.form.value.bits[0], right.form.value.bits[0]) : 0);
    form.kind = is_known ? ir::ConstExpr::Kind::value : ir::ConstExpr::Kind::code;
    push(type, form);
    return {};
  }
  static u64 fold32(Op op, u64 left, u64 right) {
    const u32 a = static_cast<u32>(left);
    const u32 b = static_cast<u32>(right);
    return op == Op::I32Add   ? ir::numeric::i32_add(a, b)
           : op == Op::I32Sub ? ir::numeric::i32_sub(a, b)
                              : ir::numeric::i32_mul(a, b);
  }
  static u64 fold64(Op op, u64 a, u64 b) {
    return op == Op::I64Add   ? ir::numeric::i64_add(a, b)
           : op == Op::I64Sub ? ir::numeric::i64_sub(a, b)
                              : ir::numeric::i64_mul(a, b);
  }

  Status v128_const() {
    TRY_ASSIGN(Bytes bytes, reader_.read_bytes(sizeof(RawVal)));
    ir::ConstExpr form = known(ValKind::v128, 0);
    std::memcpy(form.value.bytes, bytes.data(), bytes.size());
    push(ValKind::v128, form);
    return {};
  }
  Status global_get() {
    TRY_ASSIGN(u32 index, reader_.read_var_u32());
    if (index >= scope_.globals.size()) {
      return invalid(unknown_index("global", index));
    }
    const ir::GlobalType& type = scope_.globals[index].type;
    if (type.is_mutable) {
      return invalid(strf("constant expression required: global %u is mutable", index));
    }
    push(type.type, reference(ir::ConstExpr::Kind::global_get, type.type, index));
    return {};
  }
  Status ref_func() {
    TRY_ASSIGN(u32 index, reader_.read_var_u32());
    if (index >= scope_.funcs.size()) {
      return invalid(unknown_index("function", index));
    }
    (*scope_.referenced)[index] = true;
    const ValType type = ValType::ref(HeapType(scope_.funcs[index].type), false);
    push(type, reference(ir::ConstExpr::Kind::ref_func, type, index));
    return {};
  }
  Status ref_null() {
    const u64 at = reader_.offset();
    TRY_ASSIGN(i64 code, reader_.read_var_s33());
    auto heap = heap_type_of_code(code, scope_.features, static_cast<u32>(scope_.types.size()));
    if (!heap) {
      return std::unexpected(std::move(heap).error().with_offset(at));
    }
    const ValType type = ValType::ref(*heap, true);
    push(type, known(type, 0));
    return {};
  }

  /// Something computed at instantiation.
  void push_code(ValType type) {
    ir::ConstExpr form = known(type, 0);
    form.kind = ir::ConstExpr::Kind::code;
    push(type, form);
  }
  /// A type index immediate that must be of `kind`.
  Result<u32> read_type(Op op, ir::CompositeKind kind) {
    TRY_ASSIGN(u32 index, reader_.read_var_u32());
    if (index >= scope_.types.size()) {
      return invalid(unknown_index("type", index));
    }
    if (scope_.types[index].kind != kind) {
      return invalid(wrong_composite(op, index, kind));
    }
    return index;
  }
  std::span<const ValType> fields(u32 type) const {
    return scope_.image->items(scope_.types[type].params);
  }
  void push_made(u32 type) { push_code(ValType::ref(HeapType(TypeIdx(type)), false)); }

  Status struct_new(Op op) {
    TRY_ASSIGN(u32 type, read_type(op, ir::CompositeKind::struct_));
    const auto types = fields(type);
    for (usize i = types.size(); i-- > 0;) {
      if (op == Op::StructNew) {
        TRY(pop(op, unpacked(types[i])));
      } else if (!types[i].is_defaultable()) {
        return invalid(type_mismatch(op, "fields with a default", to_string(types[i])));
      }
    }
    push_made(type);
    return {};
  }
  Status array_new(Op op) {
    TRY_ASSIGN(u32 type, read_type(op, ir::CompositeKind::array));
    const ValType element = fields(type)[0];
    u32 count = 1;
    if (op == Op::ArrayNewFixed) {
      TRY_ASSIGN(count, reader_.read_var_u32());
    } else {
      TRY(pop(op, ValKind::i32));
    }
    if (op == Op::ArrayNewDefault) {
      if (!element.is_defaultable()) {
        return invalid(type_mismatch(op, "an element with a default", to_string(element)));
      }
    } else {
      for (u32 i = 0; i < count; ++i) { // ends with the stack if the count lies
        TRY(pop(op, unpacked(element)));
      }
    }
    push_made(type);
    return {};
  }
  Status convert(Op op) {
    const ValType from =
        ValType::ref(op == Op::AnyConvertExtern ? AbsHeapType::extern_ : AbsHeapType::any, true);
    TRY_ASSIGN(const Operand operand, pop(op, from));
    push_code(ValType::ref(op == Op::AnyConvertExtern ? AbsHeapType::any : AbsHeapType::extern_,
                           operand.type.is_nullable()));
    return {};
  }
  Status step_gc(Op op) {
    if (op == Op::StructNew || op == Op::StructNewDefault) {
      return struct_new(op);
    }
    if (op == Op::ArrayNew || op == Op::ArrayNewDefault || op == Op::ArrayNewFixed) {
      return array_new(op);
    }
    if (op == Op::AnyConvertExtern || op == Op::ExternConvertAny) {
      return convert(op);
    }
    if (op == Op::RefI31) {
      TRY(pop(op, ValKind::i32));
      push_code(ValType::ref(AbsHeapType::i31, false));
      return {};
    }
    return invalid(strf("constant expression required: %.*s is no constant instruction",
                        PETREL_SV(ir::op_name(op))));
  }

  Result<Op> read_op() {
    op_offset_ = reader_.offset();
    TRY_ASSIGN(u8 byte, reader_.read_u8());
    Op op = ir::op_from_byte(byte);
    u32 code = byte;
    const bool is_prefixed = op == Op::Invalid && ir::is_op_prefix(byte);
    if (is_prefixed) {
      TRY_ASSIGN(code, reader_.read_var_u32());
      op = ir::op_from_prefixed(byte, code);
    }
    if (op == Op::Invalid) {
      return fail_at(ErrorClass::malformed, op_offset_,
                     illegal_opcode(is_prefixed ? byte : u8{0}, code));
    }
    const ir::Feature feature = ir::op_info(op).feature;
    if (feature != ir::Feature::Mvp && !scope_.features.has(feature)) {
      return std::unexpected(ir::fail_feature(feature, scope_.features, ir::op_name(op))
                                 .error()
                                 .with_offset(op_offset_));
    }
    return op;
  }

  /// False at `end`.
  Result<bool> step() {
    TRY_ASSIGN(Op op, read_op());
    if (op == Op::End) {
      return false;
    }
    if (op == Op::I32Const) {
      TRY_ASSIGN(i32 value, reader_.read_var_s32());
      push(ValKind::i32, known(ValKind::i32, static_cast<u32>(value)));
    } else if (op == Op::I64Const) {
      TRY_ASSIGN(i64 value, reader_.read_var_s64());
      push(ValKind::i64, known(ValKind::i64, static_cast<u64>(value)));
    } else if (op == Op::F32Const) {
      TRY_ASSIGN(u32 bits, reader_.read_u32_le());
      push(ValKind::f32, known(ValKind::f32, bits));
    } else if (op == Op::F64Const) {
      TRY_ASSIGN(u64 bits, reader_.read_u64_le());
      push(ValKind::f64, known(ValKind::f64, bits));
    } else if (op == Op::V128Const) {
      TRY(v128_const());
    } else if (op == Op::GlobalGet) {
      TRY(global_get());
    } else if (op == Op::RefFunc) {
      TRY(ref_func());
    } else if (op == Op::RefNull) {
      TRY(ref_null());
    } else if (op == Op::I32Add || op == Op::I32Sub || op == Op::I32Mul) {
      TRY(arithmetic(op, ValKind::i32, fold32));
    } else if (op == Op::I64Add || op == Op::I64Sub || op == Op::I64Mul) {
      TRY(arithmetic(op, ValKind::i64, fold64));
    } else {
      TRY(step_gc(op));
    }
    return true;
  }

  ByteReader& reader_;
  const ConstScope& scope_;
  std::vector<Operand> stack_;
  u64 op_offset_ = 0;
};

} // namespace

Result<ir::ConstExpr> decode_const_expr(ByteReader& reader, ValType expected,
                                        const ConstScope& scope) {
  return ConstDecoder(reader, scope).run(expected);
}

} // namespace petrel::frontend
