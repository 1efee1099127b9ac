// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/vector_emitter.h"

#include <cstring>
#include <numeric>

#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace petrel::aot {

using V = llvm::Value*;

namespace {

u32 lane_count(V lanes) {
  return llvm::cast<llvm::FixedVectorType>(lanes->getType())->getNumElements();
}

/// `count` numbers from `first` on, `step` apart.
std::vector<int> indices(u32 count, u32 first, u32 step) {
  std::vector<int> result(count);
  for (u32 i = 0; i < count; ++i) {
    result[i] = static_cast<int>(first + i * step);
  }
  return result;
}

} // namespace

V VectorEmitter::v128_const(const u8* bytes) {
  u64 words[2];
  std::memcpy(words, bytes, sizeof words);
  return llvm::ConstantDataVector::get(b_.getContext(), words);
}

V VectorEmitter::i8x16_shuffle(V a, V c, const u8* bytes) {
  const std::vector<int> mask(bytes, bytes + 16);
  return out(b_.CreateShuffleVector(ints(8, a), ints(8, c), mask));
}

V VectorEmitter::i8x16_swizzle(V a, V index) {
  if (f_.low().target().is_aarch64()) {
    return out(b_.CreateIntrinsic(llvm::Intrinsic::aarch64_neon_tbl1, {int_lanes(8)},
                                  {ints(8, a), ints(8, index)}));
  }
  // Indices from 0x70 up saturate to a set top bit, for which pshufb gives 0.
  V clamped = b_.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, ints(8, index),
                                       llvm::ConstantInt::get(int_lanes(8), 0x70));
  return out(b_.CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {}, {ints(8, a), clamped}));
}

V VectorEmitter::extend_loaded(u32 bits, bool is_signed, V eight_bytes) {
  auto* lanes = llvm::FixedVectorType::get(b_.getIntNTy(bits), 64 / bits);
  return out(extend(b_.CreateBitCast(eight_bytes, lanes), is_signed));
}

V VectorEmitter::zero_extend_loaded(u32 bits, V element) {
  V zeros = llvm::Constant::getNullValue(int_lanes(bits));
  return out(b_.CreateInsertElement(zeros, element, u64{0}));
}

V VectorEmitter::shift_count(u32 bits, V n) {
  V count = b_.CreateZExtOrTrunc(b_.CreateAnd(n, b_.getInt32(bits - 1)), b_.getIntNTy(bits));
  return b_.CreateVectorSplat(128 / bits, count);
}

V VectorEmitter::all_true(u32 bits, V a) {
  V lanes = ints(bits, a);
  V is_set = b_.CreateICmpNE(lanes, llvm::Constant::getNullValue(lanes->getType()));
  return as_i32(b_.CreateAndReduce(is_set));
}

V VectorEmitter::bitmask(u32 bits, V a) {
  V lanes = ints(bits, a);
  V signs = b_.CreateICmpSLT(lanes, llvm::Constant::getNullValue(lanes->getType()));
  return as_i32(b_.CreateBitCast(signs, b_.getIntNTy(128 / bits)));
}

V VectorEmitter::avgr(u32 bits, V a, V c) {
  V sum = b_.CreateAdd(extend(ints(bits, a), false), extend(ints(bits, c), false));
  V rounded = b_.CreateAdd(sum, llvm::ConstantInt::get(sum->getType(), 1));
  return out(b_.CreateTrunc(b_.CreateLShr(rounded, 1), int_lanes(bits)));
}

V VectorEmitter::half(V lanes, bool is_high) {
  const u32 count = lane_count(lanes) / 2;
  return b_.CreateShuffleVector(lanes, indices(count, is_high ? count : 0, 1));
}

V VectorEmitter::every_second(V lanes, bool is_odd) {
  return b_.CreateShuffleVector(lanes, indices(lane_count(lanes) / 2, is_odd ? 1 : 0, 2));
}

V VectorEmitter::extend(V lanes, bool is_signed) {
  auto* wide = llvm::FixedVectorType::getExtendedElementVectorType(
      llvm::cast<llvm::FixedVectorType>(lanes->getType()));
  return is_signed ? b_.CreateSExt(lanes, wide) : b_.CreateZExt(lanes, wide);
}

V VectorEmitter::extadd_pairwise(u32 bits, bool is_signed, V a) {
  V lanes = ints(bits, a);
  return out(b_.CreateAdd(extend(every_second(lanes, false), is_signed),
                          extend(every_second(lanes, true), is_signed)));
}

V VectorEmitter::dot(u32 bits, V a, V c) {
  auto products = [&](bool is_odd) {
    return b_.CreateMul(extend(every_second(ints(bits, a), is_odd), true),
                        extend(every_second(ints(bits, c), is_odd), true));
  };
  V even = products(false);
  return out(b_.CreateAdd(even, products(true)));
}

V VectorEmitter::narrow(u32 bits, bool is_signed, V a, V c) {
  const u32 to = bits / 2;
  const llvm::APInt low =
      is_signed ? llvm::APInt::getSignedMinValue(to).sext(bits) : llvm::APInt::getZero(bits);
  const llvm::APInt high = is_signed ? llvm::APInt::getSignedMaxValue(to).sext(bits)
                                     : llvm::APInt::getMaxValue(to).zext(bits);
  V all = b_.CreateShuffleVector(ints(bits, a), ints(bits, c), indices(2 * 128 / bits, 0, 1));
  V clamped = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, all,
                                       llvm::ConstantInt::get(all->getType(), low));
  clamped = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, clamped,
                                     llvm::ConstantInt::get(all->getType(), high));
  return out(b_.CreateTrunc(clamped, int_lanes(to)));
}

V VectorEmitter::i16x8_q15mulr_sat_s(V a, V c) {
  V first = ints(16, a);
  V second = ints(16, c);
  if (f_.low().target().is_aarch64()) {
    return out(b_.CreateIntrinsic(llvm::Intrinsic::aarch64_neon_sqrdmulh, {int_lanes(16)},
                                  {first, second}));
  }
  // Only -1 * -1 leaves the range; there pmulhrsw gives the least number, whose complement is the greatest.
  V product = b_.CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {}, {first, second});
  V overflows = b_.CreateICmpEQ(product, llvm::ConstantInt::get(int_lanes(16), 0x8000));
  return out(b_.CreateXor(product, b_.CreateSExt(overflows, int_lanes(16))));
}

V VectorEmitter::fma(u32 bits, V a_lanes, V c, V d) {
  V factor = floats(bits, c);
  V addend = floats(bits, d);
  if (f_.low().target().has_fma()) {
    return out(
        b_.CreateIntrinsic(llvm::Intrinsic::fma, {a_lanes->getType()}, {a_lanes, factor, addend}));
  }
  V result = llvm::PoisonValue::get(int_lanes(bits));
  for (u32 lane = 0; lane < 128 / bits; ++lane) {
    auto bits_of = [&](V lanes) {
      return b_.CreateExtractElement(b_.CreateBitCast(lanes, int_lanes(bits)), lane);
    };
    V rounded_once = f_.call_builtin(bits == 32 ? ir::Builtin::f32_fma : ir::Builtin::f64_fma,
                                     {bits_of(a_lanes), bits_of(factor), bits_of(addend)});
    result = b_.CreateInsertElement(result, rounded_once, lane);
  }
  return out(result);
}

V VectorEmitter::trunc_sat(u32 bits, bool is_signed, V a) {
  V lanes = floats(bits, a);
  auto* to = llvm::FixedVectorType::get(i32(), lane_count(lanes));
  V whole =
      b_.CreateIntrinsic(is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat,
                         {to, lanes->getType()}, {lanes});
  return out(bits == 64 ? with_zeros(whole) : whole);
}

V VectorEmitter::f32x4_demote_f64x2_zero(V a) {
  V lanes = n_.opaque(floats(64, a)); // a promotion before must not cancel out: it quiets NaNs
  return out(with_zeros(b_.CreateFPTrunc(lanes, llvm::FixedVectorType::get(b_.getFloatTy(), 2))));
}

V VectorEmitter::with_zeros(V two_lanes) {
  return b_.CreateShuffleVector(two_lanes, llvm::Constant::getNullValue(two_lanes->getType()),
                                indices(4, 0, 1));
}

} // namespace petrel::aot
