// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/numeric_emitter.h"

namespace petrel::aot {

using V = llvm::Value*;

V NumericEmitter::masked(V shift_count) {
  return b_.CreateAnd(shift_count,
                      llvm::ConstantInt::get(shift_count->getType(),
                                             shift_count->getType()->getIntegerBitWidth() - 1));
}

void NumericEmitter::trap_if_zero(V divisor) {
  f_.trap_if(b_.CreateICmpEQ(divisor, llvm::ConstantInt::get(divisor->getType(), 0)),
             ir::TrapCode::integer_divide_by_zero);
}

V NumericEmitter::i32_div_s(V a, V c) {
  llvm::Type* type = a->getType();
  trap_if_zero(c);
  V least =
      llvm::ConstantInt::get(type, llvm::APInt::getSignedMinValue(type->getIntegerBitWidth()));
  V overflows = b_.CreateAnd(b_.CreateICmpEQ(a, least),
                             b_.CreateICmpEQ(c, llvm::ConstantInt::getSigned(type, -1)));
  f_.trap_if(overflows, ir::TrapCode::integer_overflow);
  return b_.CreateSDiv(a, c);
}

V NumericEmitter::i32_div_u(V a, V c) {
  trap_if_zero(c);
  return b_.CreateUDiv(a, c);
}

V NumericEmitter::i32_rem_s(V a, V c) {
  llvm::Type* type = a->getType();
  trap_if_zero(c);
  // x rem -1 = 0 = x rem 1, but the least value divided by -1 is undefined in LLVM and faults on x86-64.
  V divisor = b_.CreateSelect(b_.CreateICmpEQ(c, llvm::ConstantInt::getSigned(type, -1)),
                              llvm::ConstantInt::get(type, 1), c);
  return b_.CreateSRem(a, divisor);
}

V NumericEmitter::i32_rem_u(V a, V c) {
  trap_if_zero(c);
  return b_.CreateURem(a, c);
}

namespace {

/// The open or closed interval of floating point numbers whose truncation fits.
struct Range {
  double low;
  bool low_is_inside;
  double high; ///< never inside
};

Range range_of(bool from_f64, u32 bits, bool is_signed) {
  const double two_to_bits = bits == 32 ? 0x1p32 : 0x1p64;
  if (!is_signed) {
    return {-1.0, false, two_to_bits};
  }
  if (from_f64 && bits == 32) {
    return {-2147483649.0, false, 0x1p31}; // -2147483648.9 truncates to the least value
  }
  return {-two_to_bits / 2, true, two_to_bits / 2};
}

} // namespace

V NumericEmitter::checked_trunc(V a, llvm::IntegerType* to, bool is_signed) {
  llvm::Type* from = a->getType();
  const Range range = range_of(from->isDoubleTy(), to->getBitWidth(), is_signed);
  V low = llvm::ConstantFP::get(from, range.low);
  V above = range.low_is_inside ? b_.CreateFCmpOGE(a, low) : b_.CreateFCmpOGT(a, low);
  V fits = b_.CreateAnd(above, b_.CreateFCmpOLT(a, llvm::ConstantFP::get(from, range.high)));
  llvm::BasicBlock* bad = f_.new_block("trunc.bad");
  llvm::BasicBlock* good = f_.new_block("trunc.good");
  b_.CreateCondBr(b_.CreateNot(fits), bad, good, f_.low().unlikely());
  f_.start_block(bad);
  f_.trap_if(b_.CreateFCmpUNO(a, a), ir::TrapCode::invalid_conversion_to_integer);
  f_.trap(ir::TrapCode::integer_overflow);
  f_.start_block(good);
  return is_signed ? b_.CreateFPToSI(a, to) : b_.CreateFPToUI(a, to);
}

V NumericEmitter::min_max(V a, V c, bool is_max) {
  if (f_.low().target().is_aarch64()) {
    return b_.CreateBinaryIntrinsic(is_max ? llvm::Intrinsic::maximum : llvm::Intrinsic::minimum,
                                    hide_folding(a), hide_folding(c));
  }
  // x86-64 has no such instruction, and LLVM's expansion branches on the sign and does not quiet NaNs. minss in both
  // orders differs for zeros of different sign only: or keeps the sign for min, and drops it for max.
  llvm::Type* bits_type = b_.getIntNTy(a->getType()->getScalarSizeInBits());
  if (auto* lanes = llvm::dyn_cast<llvm::FixedVectorType>(a->getType())) {
    bits_type = llvm::FixedVectorType::get(bits_type, lanes->getNumElements());
  }
  auto pick = [&](V first, V second) {
    V is_first = is_max ? b_.CreateFCmpOGT(first, second) : b_.CreateFCmpOLT(first, second);
    return b_.CreateBitCast(b_.CreateSelect(is_first, first, second), bits_type);
  };
  V bits = is_max ? b_.CreateAnd(pick(a, c), pick(c, a)) : b_.CreateOr(pick(a, c), pick(c, a));
  return b_.CreateSelect(b_.CreateFCmpUNO(a, c), b_.CreateFAdd(a, c),
                         b_.CreateBitCast(bits, a->getType()));
}

V NumericEmitter::opaque(V value) {
  return b_.CreateIntrinsic(llvm::Intrinsic::arithmetic_fence, {value->getType()}, {value});
}

V NumericEmitter::hide_folding(V value) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (constant == nullptr) {
    return value;
  }
  if (value->getType()->isVectorTy()) {
    constant = constant->getSplatValue();
  }
  const auto* lane = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  if (lane == nullptr) {
    return opaque(value); // lanes that differ: some may fold
  }
  const llvm::APFloat& number = lane->getValueAPF();
  const bool folds = number.isZero() || number.isInfinity() || number.isExactlyValue(1.0) ||
                     number.isExactlyValue(-1.0);
  return folds ? opaque(value) : value;
}

V NumericEmitter::hide_promotion(V value) {
  return llvm::isa<llvm::FPExtInst>(value) ? opaque(value) : value;
}

} // namespace petrel::aot
