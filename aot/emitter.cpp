// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The visitor: which method of FunctionEmitter an instruction goes to, decided at compile time by the instruction's family.
// An instruction of an implemented feature without an emitter does not compile.
#include "aot/emitter.h"

#include "frontend/body_decoder.h"

namespace petrel::aot {

namespace {

using frontend::Instr;
using ir::Family;
using ir::Op;
using V = llvm::Value*;

V call_numeric(V (NumericEmitter::*method)(V), FunctionEmitter& emitter) {
  return (emitter.numeric().*method)(emitter.pop());
}
V call_numeric(V (NumericEmitter::*method)(V, V), FunctionEmitter& emitter) {
  V second = emitter.pop();
  V first = emitter.pop();
  return (emitter.numeric().*method)(first, second);
}

/// The emitter of a numeric row.
template <Op kOp> V emit_numeric(FunctionEmitter& emitter);
#define PETREL_OP_NUMERIC(Enum, snake, text, prefix, code, params, results, feature, family)       \
  template <> V emit_numeric<Op::Enum>(FunctionEmitter & emitter) {                                \
    return call_numeric(&NumericEmitter::snake, emitter);                                          \
  }
#include "ir/opcodes.def"

V call_vector(V (VectorEmitter::*method)(V), FunctionEmitter& emitter, const Instr&) {
  return (emitter.vector().*method)(emitter.pop());
}
V call_vector(V (VectorEmitter::*method)(V, V), FunctionEmitter& emitter, const Instr&) {
  V second = emitter.pop();
  V first = emitter.pop();
  return (emitter.vector().*method)(first, second);
}
V call_vector(V (VectorEmitter::*method)(V, V, V), FunctionEmitter& emitter, const Instr&) {
  V third = emitter.pop();
  V second = emitter.pop();
  V first = emitter.pop();
  return (emitter.vector().*method)(first, second, third);
}
V call_vector(V (VectorEmitter::*method)(V, u32), FunctionEmitter& emitter, const Instr& in) {
  return (emitter.vector().*method)(emitter.pop(), in.lane);
}
V call_vector(V (VectorEmitter::*method)(V, u32, V), FunctionEmitter& emitter, const Instr& in) {
  V value = emitter.pop();
  V vector = emitter.pop();
  return (emitter.vector().*method)(vector, in.lane, value);
}
V call_vector(V (VectorEmitter::*method)(const u8*), FunctionEmitter& emitter, const Instr& in) {
  return (emitter.vector().*method)(in.bytes);
}
V call_vector(V (VectorEmitter::*method)(V, V, const u8*), FunctionEmitter& emitter,
              const Instr& in) {
  V second = emitter.pop();
  V first = emitter.pop();
  return (emitter.vector().*method)(first, second, in.bytes);
}

/// The emitter of a vector row without memory access.
template <Op kOp> V emit_vector(FunctionEmitter& emitter, const Instr& in);
#define PETREL_OP_SIMD(Enum, snake, text, prefix, code, imm, params, results, feature, family,     \
                       shape)                                                                      \
  template <> V emit_vector<Op::Enum>(FunctionEmitter & emitter, const Instr& in) {                \
    return call_vector(&VectorEmitter::snake, emitter, in);                                        \
  }
#include "ir/opcodes.def"

void emit_wide(NumericEmitter::Wide (NumericEmitter::*method)(V, V), FunctionEmitter& emitter) {
  const V second = emitter.pop();
  const V first = emitter.pop();
  for (V half : (emitter.numeric().*method)(first, second)) {
    emitter.push(half);
  }
}
void emit_wide(NumericEmitter::Wide (NumericEmitter::*method)(V, V, V, V),
               FunctionEmitter& emitter) {
  std::array<V, 4> operands;
  for (usize i = operands.size(); i-- > 0;) {
    operands[i] = emitter.pop();
  }
  for (V half : (emitter.numeric().*method)(operands[0], operands[1], operands[2], operands[3])) {
    emitter.push(half);
  }
}

constexpr bool is_numeric(Family family) {
  return family == Family::Test || family == Family::Compare || family == Family::Unary ||
         family == Family::Binary || family == Family::DivRem || family == Family::Convert ||
         family == Family::Trunc;
}

constexpr bool is_vector(Family family) {
  return family >= Family::SimdLoad && family <= Family::SimdTest;
}

template <Op> constexpr bool kHasNoEmitter = false;

class Visitor {
public:
  explicit Visitor(FunctionEmitter& emitter) : e_(emitter) {}

  template <Op kOp, typename Decoder> void op(Decoder& decoder, const Instr& in) {
    if (!has_locals_) {
      has_locals_ = true;
      e_.begin_body(decoder.locals());
    }
    if (e_.is_unreachable() && skip<kOp>()) {
      return;
    }
    e_.set_offset(in.offset);
    constexpr ir::OpInfo info = ir::op_info(kOp);
    if constexpr (!ir::is_compiled(info.feature)) {
      PETREL_UNREACHABLE(); // refused by the decoder
    } else if constexpr (info.family == Family::Control || info.family == Family::Branch) {
      control<kOp>(decoder, in);
    } else if constexpr (is_numeric(info.family)) {
      e_.push(emit_numeric<kOp>(e_));
    } else if constexpr (info.family == Family::Load) {
      e_.load(value_type(info.results[0]), memory_type(info, info.results[0]), info.is_sign_extend,
              access(in));
    } else if constexpr (info.family == Family::Store) {
      e_.store(memory_type(info, info.params[1]), access(in));
    } else if constexpr (is_vector(info.family)) {
      vector<kOp>(in);
    } else {
      other<kOp>(in);
    }
  }

private:
  /// In unreachable code: true when the instruction is to be passed over.
  template <Op kOp> bool skip() {
    if constexpr (kOp == Op::Block || kOp == Op::Loop || kOp == Op::If) {
      ++skip_depth_;
      return true;
    } else if constexpr (kOp == Op::End) {
      if (skip_depth_ == 0) {
        return false;
      }
      --skip_depth_;
      return true;
    } else {
      return kOp != Op::Else || skip_depth_ != 0;
    }
  }

  template <Op kOp, typename Decoder> void control(Decoder& decoder, const Instr& in) {
    if constexpr (kOp == Op::Unreachable) {
      e_.unreachable();
    } else if constexpr (kOp == Op::Nop) {
    } else if constexpr (kOp == Op::Block || kOp == Op::Loop || kOp == Op::If) {
      const frontend::BlockSig sig = decoder.sig(decoder.frame(0));
      if constexpr (kOp == Op::Block) {
        e_.block(sig.params, sig.results);
      } else if constexpr (kOp == Op::Loop) {
        e_.loop(sig.params, sig.results);
      } else {
        e_.if_(sig.params, sig.results);
      }
    } else if constexpr (kOp == Op::Else) {
      e_.else_();
    } else if constexpr (kOp == Op::End) {
      e_.end();
    } else if constexpr (kOp == Op::Br) {
      e_.br(in.index);
    } else if constexpr (kOp == Op::BrIf) {
      e_.br_if(in.index);
    } else if constexpr (kOp == Op::BrTable) {
      labels_.clear();
      in.labels.for_each([&](u32 label) { labels_.push_back(label); });
      e_.br_table(std::span(labels_).first(labels_.size() - 1), labels_.back());
    } else if constexpr (kOp == Op::Return) {
      e_.return_();
    } else if constexpr (kOp == Op::BrOnNull) {
      e_.br_on_null(in.index);
    } else if constexpr (kOp == Op::BrOnNonNull) {
      e_.br_on_non_null(in.index);
    } else {
      static_assert(kHasNoEmitter<kOp>);
    }
  }

  template <Op kOp> void other(const Instr& in) {
    constexpr Family family = ir::op_info(kOp).family;
    if constexpr (kOp == Op::Call) {
      e_.call(FuncIdx(in.index));
    } else if constexpr (kOp == Op::CallIndirect) {
      e_.call_indirect(TypeIdx(in.index), TableIdx(in.index2));
    } else if constexpr (kOp == Op::CallRef) {
      e_.call_ref(TypeIdx(in.index));
    } else if constexpr (kOp == Op::ReturnCall) {
      e_.return_call(FuncIdx(in.index));
    } else if constexpr (kOp == Op::ReturnCallIndirect) {
      e_.return_call_indirect(TypeIdx(in.index), TableIdx(in.index2));
    } else if constexpr (kOp == Op::ReturnCallRef) {
      e_.return_call_ref(TypeIdx(in.index));
    } else if constexpr (kOp == Op::Drop) {
      e_.drop();
    } else if constexpr (kOp == Op::Select || kOp == Op::SelectT) {
      e_.select();
    } else if constexpr (kOp == Op::LocalGet) {
      e_.local_get(LocalIdx(in.index));
    } else if constexpr (kOp == Op::LocalSet) {
      e_.local_set(LocalIdx(in.index));
    } else if constexpr (kOp == Op::LocalTee) {
      e_.local_tee(LocalIdx(in.index));
    } else if constexpr (kOp == Op::GlobalGet) {
      e_.global_get(GlobalIdx(in.index));
    } else if constexpr (kOp == Op::GlobalSet) {
      e_.global_set(GlobalIdx(in.index));
    } else if constexpr (family == Family::Table) {
      table<kOp>(in);
    } else if constexpr (family == Family::Memory) {
      memory<kOp>(in);
    } else if constexpr (kOp == Op::I64Add128) {
      emit_wide(&NumericEmitter::i64_add128, e_);
    } else if constexpr (kOp == Op::I64Sub128) {
      emit_wide(&NumericEmitter::i64_sub128, e_);
    } else if constexpr (kOp == Op::I64MulWideS) {
      emit_wide(&NumericEmitter::i64_mul_wide_s, e_);
    } else if constexpr (kOp == Op::I64MulWideU) {
      emit_wide(&NumericEmitter::i64_mul_wide_u, e_);
    } else if constexpr (kOp == Op::I32Const) {
      e_.push(e_.ir().getInt32(static_cast<u32>(in.bits)));
    } else if constexpr (kOp == Op::I64Const) {
      e_.push(e_.ir().getInt64(in.bits));
    } else if constexpr (kOp == Op::F32Const) {
      e_.push(llvm::ConstantFP::get(e_.low().context(), llvm::APFloat(llvm::APFloat::IEEEsingle(),
                                                                      llvm::APInt(32, in.bits))));
    } else if constexpr (kOp == Op::F64Const) {
      e_.push(llvm::ConstantFP::get(e_.low().context(), llvm::APFloat(llvm::APFloat::IEEEdouble(),
                                                                      llvm::APInt(64, in.bits))));
    } else if constexpr (kOp == Op::RefNull) {
      e_.ref_null(in.heap);
    } else if constexpr (kOp == Op::RefIsNull) {
      e_.ref_is_null();
    } else if constexpr (kOp == Op::RefFunc) {
      e_.ref_func(FuncIdx(in.index));
    } else if constexpr (kOp == Op::RefAsNonNull) {
      e_.ref_as_non_null();
    } else {
      static_assert(kHasNoEmitter<kOp>);
    }
  }

  template <Op kOp> void vector(const Instr& in) {
    constexpr ir::OpInfo info = ir::op_info(kOp);
    constexpr u32 bits = u32{info.element_bytes} * 8;
    llvm::Type* access_type = e_.ir().getIntNTy(u32{info.access_bytes} * 8);
    if constexpr (info.family == Family::SimdLoad) {
      e_.load(v128(), v128(), false, access(in));
    } else if constexpr (info.family == Family::SimdStore) {
      e_.store(v128(), access(in));
    } else if constexpr (info.family == Family::SimdLoadLane) {
      e_.load_lane(bits, in.lane, access(in));
    } else if constexpr (info.family == Family::SimdStoreLane) {
      e_.store_lane(bits, in.lane, access(in));
    } else if constexpr (info.family == Family::SimdLoadExtend) {
      e_.load(access_type, access_type, false, access(in));
      e_.push(e_.vector().extend_loaded(bits, info.is_sign_extend, e_.pop()));
    } else if constexpr (info.family == Family::SimdLoadSplat) {
      e_.load(access_type, access_type, false, access(in));
      e_.push(e_.vector().splat_loaded(e_.pop()));
    } else if constexpr (info.family == Family::SimdLoadZero) {
      e_.load(access_type, access_type, false, access(in));
      e_.push(e_.vector().zero_extend_loaded(bits, e_.pop()));
    } else {
      e_.push(emit_vector<kOp>(e_, in));
    }
  }

  template <Op kOp> void table(const Instr& in) {
    if constexpr (kOp == Op::TableGet) {
      e_.table_get(TableIdx(in.index));
    } else if constexpr (kOp == Op::TableSet) {
      e_.table_set(TableIdx(in.index));
    } else if constexpr (kOp == Op::TableInit) {
      e_.table_init(ElemIdx(in.index), TableIdx(in.index2));
    } else if constexpr (kOp == Op::ElemDrop) {
      e_.elem_drop(ElemIdx(in.index));
    } else if constexpr (kOp == Op::TableCopy) {
      e_.table_copy(TableIdx(in.index), TableIdx(in.index2));
    } else if constexpr (kOp == Op::TableGrow) {
      e_.table_grow(TableIdx(in.index));
    } else if constexpr (kOp == Op::TableSize) {
      e_.table_size(TableIdx(in.index));
    } else if constexpr (kOp == Op::TableFill) {
      e_.table_fill(TableIdx(in.index));
    } else {
      static_assert(kHasNoEmitter<kOp>);
    }
  }

  template <Op kOp> void memory(const Instr& in) {
    if constexpr (kOp == Op::MemorySize) {
      e_.memory_size(MemIdx(in.index));
    } else if constexpr (kOp == Op::MemoryGrow) {
      e_.memory_grow(MemIdx(in.index));
    } else if constexpr (kOp == Op::MemoryInit) {
      e_.memory_init(DataIdx(in.index), MemIdx(in.index2));
    } else if constexpr (kOp == Op::DataDrop) {
      e_.data_drop(DataIdx(in.index));
    } else if constexpr (kOp == Op::MemoryCopy) {
      e_.memory_copy(MemIdx(in.index), MemIdx(in.index2));
    } else if constexpr (kOp == Op::MemoryFill) {
      e_.memory_fill(MemIdx(in.index));
    } else {
      static_assert(kHasNoEmitter<kOp>);
    }
  }

  llvm::Type* v128() { return e_.low().type_of(ValType(ValKind::v128)); }
  llvm::Type* value_type(char letter) {
    switch (letter) {
    case 'i': return e_.ir().getInt32Ty();
    case 'I': return e_.ir().getInt64Ty();
    case 'f': return e_.ir().getFloatTy();
    default: CHECK(letter == 'F'); return e_.ir().getDoubleTy();
    }
  }
  llvm::Type* memory_type(const ir::OpInfo& info, char letter) {
    llvm::Type* value = value_type(letter);
    const u32 bits = u32{info.access_bytes} * 8;
    return value->getPrimitiveSizeInBits().getFixedValue() == bits ? value
                                                                   : e_.ir().getIntNTy(bits);
  }
  static Access access(const Instr& in) { return {MemIdx(in.index), in.bits}; }

  FunctionEmitter& e_;
  bool has_locals_ = false;
  u32 skip_depth_ = 0; ///< blocks opened in unreachable code
  std::vector<u32> labels_;
};

} // namespace

FunctionEmitter::FunctionEmitter(Lowering& low, FuncIdx func)
    : FunctionBuilder(low, func), func_(func), type_(low.wasm().func_type(func)), numeric_(*this),
      vector_(*this, numeric_) {}

llvm::Value* FunctionEmitter::pop() {
  CHECK(!stack_.empty());
  llvm::Value* value = stack_.back();
  stack_.pop_back();
  return value;
}

void FunctionEmitter::begin_body(std::span<const ValType> locals) {
  const std::vector<bool> is_stored = low().stored_params(type_, low().convention(func_));
  u32 stored = 0;
  u32 passed = 1; // behind the context
  for (usize i = 0; i < locals.size(); ++i) {
    llvm::Type* type = low().type_of(locals[i]);
    locals_.push_back(ir().CreateAlloca(type));
    llvm::Value* initial = nullptr;
    if (i >= is_stored.size()) {
      initial = llvm::Constant::getNullValue(type);
    } else if (is_stored[i]) {
      llvm::LoadInst* load = ir().CreateAlignedLoad(
          type, low().stored_argument(ir(), vmctx(), stored++), llvm::Align(16));
      low().tag(load, Region::vm_state);
      initial = load;
    } else {
      initial = function().getArg(passed++);
    }
    ir().CreateStore(initial, locals_.back());
  }
  push_frame(FrameKind::func, {}, low().wasm().results(type_));
}

void FunctionEmitter::emit(Bytes file) {
  Visitor visitor(*this);
  frontend::BodyScratch scratch;
  const Status status = frontend::decode_body<frontend::Mode::Trusted>(
      low().wasm(), func_, file, ir::kAllFeatures, ir::DecodeLimits(), scratch, visitor);
  CHECK(status.has_value()); // validated before
  CHECK(frames_.empty());
  finish();
}

} // namespace petrel::aot
