// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numeric instructions: one method per PETREL_OP_NUMERIC row of ir/opcodes.def, named as its `snake`; a row without
// one does not compile (emitter_numeric.cpp calls them by the table). LLVM's undefined corners are cut off first: shift
// counts are masked, divisors and ranges checked. A constant that LLVM's default floating point environment would fold
// away together with the operation (x * 1.0) is hidden from it: the operation has to quiet a signalling NaN.
#pragma once

#include <array>

#include "aot/function_builder.h"

namespace petrel::aot {

class NumericEmitter {
public:
  explicit NumericEmitter(FunctionBuilder& function) : f_(function), b_(function.ir()) {}
  using V = llvm::Value*;

  // Tests and comparisons.
  V i32_eqz(V a) { return eqz(a); }
  V i64_eqz(V a) { return eqz(a); }
  V i32_eq(V a, V c) { return as_i32(b_.CreateICmpEQ(a, c)); }
  V i32_ne(V a, V c) { return as_i32(b_.CreateICmpNE(a, c)); }
  V i32_lt_s(V a, V c) { return as_i32(b_.CreateICmpSLT(a, c)); }
  V i32_lt_u(V a, V c) { return as_i32(b_.CreateICmpULT(a, c)); }
  V i32_gt_s(V a, V c) { return as_i32(b_.CreateICmpSGT(a, c)); }
  V i32_gt_u(V a, V c) { return as_i32(b_.CreateICmpUGT(a, c)); }
  V i32_le_s(V a, V c) { return as_i32(b_.CreateICmpSLE(a, c)); }
  V i32_le_u(V a, V c) { return as_i32(b_.CreateICmpULE(a, c)); }
  V i32_ge_s(V a, V c) { return as_i32(b_.CreateICmpSGE(a, c)); }
  V i32_ge_u(V a, V c) { return as_i32(b_.CreateICmpUGE(a, c)); }
  V i64_eq(V a, V c) { return i32_eq(a, c); }
  V i64_ne(V a, V c) { return i32_ne(a, c); }
  V i64_lt_s(V a, V c) { return i32_lt_s(a, c); }
  V i64_lt_u(V a, V c) { return i32_lt_u(a, c); }
  V i64_gt_s(V a, V c) { return i32_gt_s(a, c); }
  V i64_gt_u(V a, V c) { return i32_gt_u(a, c); }
  V i64_le_s(V a, V c) { return i32_le_s(a, c); }
  V i64_le_u(V a, V c) { return i32_le_u(a, c); }
  V i64_ge_s(V a, V c) { return i32_ge_s(a, c); }
  V i64_ge_u(V a, V c) { return i32_ge_u(a, c); }
  V f32_eq(V a, V c) { return as_i32(b_.CreateFCmpOEQ(a, c)); }
  V f32_ne(V a, V c) { return as_i32(b_.CreateFCmpUNE(a, c)); }
  V f32_lt(V a, V c) { return as_i32(b_.CreateFCmpOLT(a, c)); }
  V f32_gt(V a, V c) { return as_i32(b_.CreateFCmpOGT(a, c)); }
  V f32_le(V a, V c) { return as_i32(b_.CreateFCmpOLE(a, c)); }
  V f32_ge(V a, V c) { return as_i32(b_.CreateFCmpOGE(a, c)); }
  V f64_eq(V a, V c) { return f32_eq(a, c); }
  V f64_ne(V a, V c) { return f32_ne(a, c); }
  V f64_lt(V a, V c) { return f32_lt(a, c); }
  V f64_gt(V a, V c) { return f32_gt(a, c); }
  V f64_le(V a, V c) { return f32_le(a, c); }
  V f64_ge(V a, V c) { return f32_ge(a, c); }

  // Integer arithmetic.
  V i32_clz(V a) { return count(llvm::Intrinsic::ctlz, a); }
  V i32_ctz(V a) { return count(llvm::Intrinsic::cttz, a); }
  V i32_popcnt(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, a); }
  V i32_add(V a, V c) { return b_.CreateAdd(a, c); }
  V i32_sub(V a, V c) { return b_.CreateSub(a, c); }
  V i32_mul(V a, V c) { return b_.CreateMul(a, c); }
  V i32_div_s(V a, V c);
  V i32_div_u(V a, V c);
  V i32_rem_s(V a, V c);
  V i32_rem_u(V a, V c);
  V i32_and(V a, V c) { return b_.CreateAnd(a, c); }
  V i32_or(V a, V c) { return b_.CreateOr(a, c); }
  V i32_xor(V a, V c) { return b_.CreateXor(a, c); }
  V i32_shl(V a, V c) { return b_.CreateShl(a, masked(c)); }
  V i32_shr_s(V a, V c) { return b_.CreateAShr(a, masked(c)); }
  V i32_shr_u(V a, V c) { return b_.CreateLShr(a, masked(c)); }
  V i32_rotl(V a, V c) {
    return b_.CreateIntrinsic(llvm::Intrinsic::fshl, {a->getType()}, {a, a, c});
  }
  V i32_rotr(V a, V c) {
    return b_.CreateIntrinsic(llvm::Intrinsic::fshr, {a->getType()}, {a, a, c});
  }
  V i64_clz(V a) { return i32_clz(a); }
  V i64_ctz(V a) { return i32_ctz(a); }
  V i64_popcnt(V a) { return i32_popcnt(a); }
  V i64_add(V a, V c) { return i32_add(a, c); }
  V i64_sub(V a, V c) { return i32_sub(a, c); }
  V i64_mul(V a, V c) { return i32_mul(a, c); }
  V i64_div_s(V a, V c) { return i32_div_s(a, c); }
  V i64_div_u(V a, V c) { return i32_div_u(a, c); }
  V i64_rem_s(V a, V c) { return i32_rem_s(a, c); }
  V i64_rem_u(V a, V c) { return i32_rem_u(a, c); }
  V i64_and(V a, V c) { return i32_and(a, c); }
  V i64_or(V a, V c) { return i32_or(a, c); }
  V i64_xor(V a, V c) { return i32_xor(a, c); }
  V i64_shl(V a, V c) { return i32_shl(a, c); }
  V i64_shr_s(V a, V c) { return i32_shr_s(a, c); }
  V i64_shr_u(V a, V c) { return i32_shr_u(a, c); }
  V i64_rotl(V a, V c) { return i32_rotl(a, c); }
  V i64_rotr(V a, V c) { return i32_rotr(a, c); }
  V i32_extend8_s(V a) { return extend_low(a, 8); }
  V i32_extend16_s(V a) { return extend_low(a, 16); }
  V i64_extend8_s(V a) { return extend_low(a, 8); }
  V i64_extend16_s(V a) { return extend_low(a, 16); }
  V i64_extend32_s(V a) { return extend_low(a, 32); }

  // Floating point arithmetic.
  V f32_abs(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a); }
  V f32_neg(V a) { return b_.CreateFNeg(a); }
  V f32_ceil(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, a); }
  V f32_floor(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, a); }
  V f32_trunc(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, a); }
  V f32_nearest(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, a); }
  V f32_sqrt(V a) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a); }
  V f32_add(V a, V c) { return b_.CreateFAdd(hide_folding(a), hide_folding(c)); }
  V f32_sub(V a, V c) { return b_.CreateFSub(hide_folding(a), hide_folding(c)); }
  V f32_mul(V a, V c) { return b_.CreateFMul(hide_folding(a), hide_folding(c)); }
  V f32_div(V a, V c) { return b_.CreateFDiv(a, hide_folding(c)); }
  V f32_min(V a, V c) { return min_max(a, c, false); }
  V f32_max(V a, V c) { return min_max(a, c, true); }
  V f32_copysign(V a, V c) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, a, c); }
  V f64_abs(V a) { return f32_abs(a); }
  V f64_neg(V a) { return f32_neg(a); }
  V f64_ceil(V a) { return f32_ceil(a); }
  V f64_floor(V a) { return f32_floor(a); }
  V f64_trunc(V a) { return f32_trunc(a); }
  V f64_nearest(V a) { return f32_nearest(a); }
  V f64_sqrt(V a) { return f32_sqrt(a); }
  V f64_add(V a, V c) { return f32_add(a, c); }
  V f64_sub(V a, V c) { return f32_sub(a, c); }
  V f64_mul(V a, V c) { return f32_mul(a, c); }
  V f64_div(V a, V c) { return f32_div(a, c); }
  V f64_min(V a, V c) { return f32_min(a, c); }
  V f64_max(V a, V c) { return f32_max(a, c); }
  V f64_copysign(V a, V c) { return f32_copysign(a, c); }

  // Conversions.
  V i32_wrap_i64(V a) { return b_.CreateTrunc(a, b_.getInt32Ty()); }
  V i64_extend_i32_s(V a) { return b_.CreateSExt(a, b_.getInt64Ty()); }
  V i64_extend_i32_u(V a) { return b_.CreateZExt(a, b_.getInt64Ty()); }
  V f32_convert_i32_s(V a) { return b_.CreateSIToFP(a, b_.getFloatTy()); }
  V f32_convert_i32_u(V a) { return b_.CreateUIToFP(a, b_.getFloatTy()); }
  V f32_convert_i64_s(V a) { return b_.CreateSIToFP(a, b_.getFloatTy()); }
  V f32_convert_i64_u(V a) { return b_.CreateUIToFP(a, b_.getFloatTy()); }
  V f64_convert_i32_s(V a) { return b_.CreateSIToFP(a, b_.getDoubleTy()); }
  V f64_convert_i32_u(V a) { return b_.CreateUIToFP(a, b_.getDoubleTy()); }
  V f64_convert_i64_s(V a) { return b_.CreateSIToFP(a, b_.getDoubleTy()); }
  V f64_convert_i64_u(V a) { return b_.CreateUIToFP(a, b_.getDoubleTy()); }
  V f32_demote_f64(V a) { return b_.CreateFPTrunc(hide_promotion(a), b_.getFloatTy()); }
  V f64_promote_f32(V a) { return b_.CreateFPExt(a, b_.getDoubleTy()); }
  V i32_reinterpret_f32(V a) { return b_.CreateBitCast(a, b_.getInt32Ty()); }
  V i64_reinterpret_f64(V a) { return b_.CreateBitCast(a, b_.getInt64Ty()); }
  V f32_reinterpret_i32(V a) { return b_.CreateBitCast(a, b_.getFloatTy()); }
  V f64_reinterpret_i64(V a) { return b_.CreateBitCast(a, b_.getDoubleTy()); }
  V i32_trunc_sat_f32_s(V a) { return saturate(llvm::Intrinsic::fptosi_sat, b_.getInt32Ty(), a); }
  V i32_trunc_sat_f32_u(V a) { return saturate(llvm::Intrinsic::fptoui_sat, b_.getInt32Ty(), a); }
  V i32_trunc_sat_f64_s(V a) { return saturate(llvm::Intrinsic::fptosi_sat, b_.getInt32Ty(), a); }
  V i32_trunc_sat_f64_u(V a) { return saturate(llvm::Intrinsic::fptoui_sat, b_.getInt32Ty(), a); }
  V i64_trunc_sat_f32_s(V a) { return saturate(llvm::Intrinsic::fptosi_sat, b_.getInt64Ty(), a); }
  V i64_trunc_sat_f32_u(V a) { return saturate(llvm::Intrinsic::fptoui_sat, b_.getInt64Ty(), a); }
  V i64_trunc_sat_f64_s(V a) { return saturate(llvm::Intrinsic::fptosi_sat, b_.getInt64Ty(), a); }
  V i64_trunc_sat_f64_u(V a) { return saturate(llvm::Intrinsic::fptoui_sat, b_.getInt64Ty(), a); }
  V i32_trunc_f32_s(V a) { return checked_trunc(a, b_.getInt32Ty(), true); }
  V i32_trunc_f32_u(V a) { return checked_trunc(a, b_.getInt32Ty(), false); }
  V i32_trunc_f64_s(V a) { return checked_trunc(a, b_.getInt32Ty(), true); }
  V i32_trunc_f64_u(V a) { return checked_trunc(a, b_.getInt32Ty(), false); }
  V i64_trunc_f32_s(V a) { return checked_trunc(a, b_.getInt64Ty(), true); }
  V i64_trunc_f32_u(V a) { return checked_trunc(a, b_.getInt64Ty(), false); }
  V i64_trunc_f64_s(V a) { return checked_trunc(a, b_.getInt64Ty(), true); }
  V i64_trunc_f64_u(V a) { return checked_trunc(a, b_.getInt64Ty(), false); }

  // Wide arithmetic: low half, high half.
  using Wide = std::array<V, 2>;
  Wide i64_add128(V a_low, V a_high, V c_low, V c_high) {
    return split(b_.CreateAdd(join(a_low, a_high), join(c_low, c_high)));
  }
  Wide i64_sub128(V a_low, V a_high, V c_low, V c_high) {
    return split(b_.CreateSub(join(a_low, a_high), join(c_low, c_high)));
  }
  Wide i64_mul_wide_s(V a, V c) {
    return split(b_.CreateMul(b_.CreateSExt(a, i128()), b_.CreateSExt(c, i128())));
  }
  Wide i64_mul_wide_u(V a, V c) {
    return split(b_.CreateMul(b_.CreateZExt(a, i128()), b_.CreateZExt(c, i128())));
  }

  /// The same number, of which LLVM knows nothing.
  V opaque(V value);

private:
  llvm::Type* i128() { return b_.getInt128Ty(); }
  V join(V low, V high) {
    return b_.CreateOr(b_.CreateZExt(low, i128()), b_.CreateShl(b_.CreateZExt(high, i128()), 64));
  }
  Wide split(V wide) {
    return {b_.CreateTrunc(wide, b_.getInt64Ty()),
            b_.CreateTrunc(b_.CreateLShr(wide, 64), b_.getInt64Ty())};
  }
  V as_i32(V condition) { return b_.CreateZExt(condition, b_.getInt32Ty()); }
  V eqz(V a) { return as_i32(b_.CreateICmpEQ(a, llvm::ConstantInt::get(a->getType(), 0))); }
  V masked(V shift_count);
  V count(llvm::Intrinsic::ID id, V a) { return b_.CreateBinaryIntrinsic(id, a, b_.getFalse()); }
  V extend_low(V a, u32 bits) {
    return b_.CreateSExt(b_.CreateTrunc(a, b_.getIntNTy(bits)), a->getType());
  }
  V saturate(llvm::Intrinsic::ID id, llvm::Type* to, V a) {
    return b_.CreateIntrinsic(id, {to, a->getType()}, {a});
  }
  V checked_trunc(V a, llvm::IntegerType* to, bool is_signed);
  V min_max(V a, V c, bool is_max);
  V hide_folding(V value);
  V hide_promotion(V value);
  void trap_if_zero(V divisor);

  FunctionBuilder& f_;
  llvm::IRBuilder<>& b_;
};

} // namespace petrel::aot
