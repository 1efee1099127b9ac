// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector instructions without memory access: one method per PETREL_OP_SIMD row of ir/opcodes_simd.def, named as its
// `snake`, in the order of ir/numeric_simd.h, which says what each computes. A v128 is <2 x i64> on the operand stack and
// is looked at as lanes of the instruction's shape; LLVM folds the bitcasts. Generic IR wherever the two back ends find
// the machine's instruction in it, an intrinsic of the machine otherwise.
#pragma once

#include "aot/numeric_emitter.h"

namespace petrel::aot {

class VectorEmitter {
public:
  VectorEmitter(FunctionBuilder& function, NumericEmitter& numeric)
      : f_(function), n_(numeric), b_(function.ir()) {}
  using V = llvm::Value*;
  using Predicate = llvm::CmpInst::Predicate;

  // Constants and lanes. `bytes`: the sixteen of the immediate.
  V v128_const(const u8* bytes);
  V i8x16_shuffle(V a, V c, const u8* bytes);
  V i8x16_swizzle(V a, V index);
#define PETREL_LANE_OPS(shape, lanes, narrow)                                                      \
  V shape##_splat(V a) { return splat(narrow); }                                                   \
  V shape##_replace_lane(V v, u32 lane, V a) {                                                     \
    return out(b_.CreateInsertElement(lanes, narrow, lane));                                       \
  }
  PETREL_LANE_OPS(i8x16, ints(8, v), b_.CreateTrunc(a, b_.getInt8Ty()))
  PETREL_LANE_OPS(i16x8, ints(16, v), b_.CreateTrunc(a, b_.getInt16Ty()))
  PETREL_LANE_OPS(i32x4, ints(32, v), a)
  PETREL_LANE_OPS(i64x2, ints(64, v), a)
  PETREL_LANE_OPS(f32x4, floats(32, v), a)
  PETREL_LANE_OPS(f64x2, floats(64, v), a)
#undef PETREL_LANE_OPS
  V i8x16_extract_lane_s(V v, u32 lane) { return b_.CreateSExt(lane_of(8, v, lane), i32()); }
  V i8x16_extract_lane_u(V v, u32 lane) { return b_.CreateZExt(lane_of(8, v, lane), i32()); }
  V i16x8_extract_lane_s(V v, u32 lane) { return b_.CreateSExt(lane_of(16, v, lane), i32()); }
  V i16x8_extract_lane_u(V v, u32 lane) { return b_.CreateZExt(lane_of(16, v, lane), i32()); }
  V i32x4_extract_lane(V v, u32 lane) { return lane_of(32, v, lane); }
  V i64x2_extract_lane(V v, u32 lane) { return lane_of(64, v, lane); }
  V f32x4_extract_lane(V v, u32 lane) { return b_.CreateExtractElement(floats(32, v), lane); }
  V f64x2_extract_lane(V v, u32 lane) { return b_.CreateExtractElement(floats(64, v), lane); }

  // Between memory and lanes: `bits` is the width of an element, the value an integer as it lies in memory.
  V extend_loaded(u32 bits, bool is_signed, V eight_bytes);
  V splat_loaded(V element) { return splat(element); }
  V zero_extend_loaded(u32 bits, V element);
  V lane_of(u32 bits, V v, u32 lane) { return b_.CreateExtractElement(ints(bits, v), lane); }
  V with_lane(u32 bits, V v, u32 lane, V element) {
    return out(b_.CreateInsertElement(ints(bits, v), element, lane));
  }

  // Bits.
  V v128_not(V a) { return b_.CreateNot(a); }
  V v128_and(V a, V c) { return b_.CreateAnd(a, c); }
  V v128_andnot(V a, V c) { return b_.CreateAnd(a, b_.CreateNot(c)); }
  V v128_or(V a, V c) { return b_.CreateOr(a, c); }
  V v128_xor(V a, V c) { return b_.CreateXor(a, c); }
  V v128_bitselect(V a, V c, V mask) {
    return b_.CreateOr(b_.CreateAnd(a, mask), b_.CreateAnd(c, b_.CreateNot(mask)));
  }
  V v128_any_true(V a) {
    V all = b_.CreateBitCast(a, b_.getInt128Ty());
    return as_i32(b_.CreateICmpNE(all, llvm::Constant::getNullValue(all->getType())));
  }

  // Integer shapes.
#define PETREL_COMPARE(name, bits, predicate)                                                      \
  V name(V a, V c) { return compare_ints(Predicate::predicate, bits, a, c); }
#define PETREL_INT_OP(name, bits, Create)                                                          \
  V name(V a, V c) { return out(b_.Create(ints(bits, a), ints(bits, c))); }
#define PETREL_INT_INTRINSIC(name, bits, id)                                                       \
  V name(V a, V c) {                                                                               \
    return out(b_.CreateBinaryIntrinsic(llvm::Intrinsic::id, ints(bits, a), ints(bits, c)));       \
  }
#define PETREL_SHIFT(name, bits, Create)                                                           \
  V name(V a, V n) { return out(b_.Create(ints(bits, a), shift_count(bits, n))); }
#define PETREL_INTEGER_SHAPE(shape, bits)                                                          \
  PETREL_COMPARE(shape##_eq, bits, ICMP_EQ)                                                        \
  PETREL_COMPARE(shape##_ne, bits, ICMP_NE)                                                        \
  PETREL_COMPARE(shape##_lt_s, bits, ICMP_SLT)                                                     \
  PETREL_COMPARE(shape##_gt_s, bits, ICMP_SGT)                                                     \
  PETREL_COMPARE(shape##_le_s, bits, ICMP_SLE)                                                     \
  PETREL_COMPARE(shape##_ge_s, bits, ICMP_SGE)                                                     \
  PETREL_INT_OP(shape##_add, bits, CreateAdd)                                                      \
  PETREL_INT_OP(shape##_sub, bits, CreateSub)                                                      \
  V shape##_neg(V a) { return out(b_.CreateNeg(ints(bits, a))); }                                  \
  V shape##_abs(V a) {                                                                             \
    return out(b_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, ints(bits, a), b_.getFalse()));      \
  }                                                                                                \
  PETREL_SHIFT(shape##_shl, bits, CreateShl)                                                       \
  PETREL_SHIFT(shape##_shr_s, bits, CreateAShr)                                                    \
  PETREL_SHIFT(shape##_shr_u, bits, CreateLShr)                                                    \
  V shape##_all_true(V a) { return all_true(bits, a); }                                            \
  V shape##_bitmask(V a) { return bitmask(bits, a); }                                              \
  V shape##_relaxed_laneselect(V a, V c, V mask) { return v128_bitselect(a, c, mask); }
/// All but i64x2 compare unsigned, and have minimum and maximum.
#define PETREL_SMALL_SHAPE(shape, bits)                                                            \
  PETREL_COMPARE(shape##_lt_u, bits, ICMP_ULT)                                                     \
  PETREL_COMPARE(shape##_gt_u, bits, ICMP_UGT)                                                     \
  PETREL_COMPARE(shape##_le_u, bits, ICMP_ULE)                                                     \
  PETREL_COMPARE(shape##_ge_u, bits, ICMP_UGE)                                                     \
  PETREL_INT_INTRINSIC(shape##_min_s, bits, smin)                                                  \
  PETREL_INT_INTRINSIC(shape##_min_u, bits, umin)                                                  \
  PETREL_INT_INTRINSIC(shape##_max_s, bits, smax)                                                  \
  PETREL_INT_INTRINSIC(shape##_max_u, bits, umax)
#define PETREL_SATURATING_SHAPE(shape, bits)                                                       \
  PETREL_INT_INTRINSIC(shape##_add_sat_s, bits, sadd_sat)                                          \
  PETREL_INT_INTRINSIC(shape##_add_sat_u, bits, uadd_sat)                                          \
  PETREL_INT_INTRINSIC(shape##_sub_sat_s, bits, ssub_sat)                                          \
  PETREL_INT_INTRINSIC(shape##_sub_sat_u, bits, usub_sat)                                          \
  V shape##_avgr_u(V a, V c) { return avgr(bits, a, c); }
/// From the lanes of half the width, `bits` each.
#define PETREL_WIDENING_SHAPE(shape, from, bits)                                                   \
  V shape##_extend_low_##from##_s(V a) { return out(extend_half(bits, true, false, a)); }          \
  V shape##_extend_high_##from##_s(V a) { return out(extend_half(bits, true, true, a)); }          \
  V shape##_extend_low_##from##_u(V a) { return out(extend_half(bits, false, false, a)); }         \
  V shape##_extend_high_##from##_u(V a) { return out(extend_half(bits, false, true, a)); }         \
  V shape##_extmul_low_##from##_s(V a, V c) { return extmul(bits, true, false, a, c); }            \
  V shape##_extmul_high_##from##_s(V a, V c) { return extmul(bits, true, true, a, c); }            \
  V shape##_extmul_low_##from##_u(V a, V c) { return extmul(bits, false, false, a, c); }           \
  V shape##_extmul_high_##from##_u(V a, V c) { return extmul(bits, false, true, a, c); }

  PETREL_INTEGER_SHAPE(i8x16, 8)
  PETREL_INTEGER_SHAPE(i16x8, 16)
  PETREL_INTEGER_SHAPE(i32x4, 32)
  PETREL_INTEGER_SHAPE(i64x2, 64)
  PETREL_SMALL_SHAPE(i8x16, 8)
  PETREL_SMALL_SHAPE(i16x8, 16)
  PETREL_SMALL_SHAPE(i32x4, 32)
  PETREL_SATURATING_SHAPE(i8x16, 8)
  PETREL_SATURATING_SHAPE(i16x8, 16)
  PETREL_WIDENING_SHAPE(i16x8, i8x16, 8)
  PETREL_WIDENING_SHAPE(i32x4, i16x8, 16)
  PETREL_WIDENING_SHAPE(i64x2, i32x4, 32)
  PETREL_INT_OP(i16x8_mul, 16, CreateMul)
  PETREL_INT_OP(i32x4_mul, 32, CreateMul)
  PETREL_INT_OP(i64x2_mul, 64, CreateMul)
#undef PETREL_COMPARE
#undef PETREL_INT_OP
#undef PETREL_INT_INTRINSIC
#undef PETREL_SHIFT
#undef PETREL_INTEGER_SHAPE
#undef PETREL_SMALL_SHAPE
#undef PETREL_SATURATING_SHAPE
#undef PETREL_WIDENING_SHAPE

  V i8x16_popcnt(V a) { return out(b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, ints(8, a))); }
  V i8x16_narrow_i16x8_s(V a, V c) { return narrow(16, true, a, c); }
  V i8x16_narrow_i16x8_u(V a, V c) { return narrow(16, false, a, c); }
  V i16x8_narrow_i32x4_s(V a, V c) { return narrow(32, true, a, c); }
  V i16x8_narrow_i32x4_u(V a, V c) { return narrow(32, false, a, c); }
  V i16x8_extadd_pairwise_i8x16_s(V a) { return extadd_pairwise(8, true, a); }
  V i16x8_extadd_pairwise_i8x16_u(V a) { return extadd_pairwise(8, false, a); }
  V i32x4_extadd_pairwise_i16x8_s(V a) { return extadd_pairwise(16, true, a); }
  V i32x4_extadd_pairwise_i16x8_u(V a) { return extadd_pairwise(16, false, a); }
  V i32x4_dot_i16x8_s(V a, V c) { return dot(16, a, c); }
  V i16x8_q15mulr_sat_s(V a, V c);

  // Floating point shapes: the scalar instruction's IR on all lanes.
#define PETREL_COMPARE(name, bits, predicate)                                                      \
  V name(V a, V c) { return compare_floats(Predicate::predicate, bits, a, c); }
#define PETREL_UNARY(name, bits, scalar)                                                           \
  V name(V a) { return out(n_.scalar(floats(bits, a))); }
#define PETREL_BINARY(name, bits, scalar)                                                          \
  V name(V a, V c) { return out(n_.scalar(floats(bits, a), floats(bits, c))); }
#define PETREL_FLOAT_SHAPE(shape, bits, scalar)                                                    \
  PETREL_COMPARE(shape##_eq, bits, FCMP_OEQ)                                                       \
  PETREL_COMPARE(shape##_ne, bits, FCMP_UNE)                                                       \
  PETREL_COMPARE(shape##_lt, bits, FCMP_OLT)                                                       \
  PETREL_COMPARE(shape##_gt, bits, FCMP_OGT)                                                       \
  PETREL_COMPARE(shape##_le, bits, FCMP_OLE)                                                       \
  PETREL_COMPARE(shape##_ge, bits, FCMP_OGE)                                                       \
  PETREL_UNARY(shape##_ceil, bits, scalar##_ceil)                                                  \
  PETREL_UNARY(shape##_floor, bits, scalar##_floor)                                                \
  PETREL_UNARY(shape##_trunc, bits, scalar##_trunc)                                                \
  PETREL_UNARY(shape##_nearest, bits, scalar##_nearest)                                            \
  PETREL_UNARY(shape##_abs, bits, scalar##_abs)                                                    \
  PETREL_UNARY(shape##_neg, bits, scalar##_neg)                                                    \
  PETREL_UNARY(shape##_sqrt, bits, scalar##_sqrt)                                                  \
  PETREL_BINARY(shape##_add, bits, scalar##_add)                                                   \
  PETREL_BINARY(shape##_sub, bits, scalar##_sub)                                                   \
  PETREL_BINARY(shape##_mul, bits, scalar##_mul)                                                   \
  PETREL_BINARY(shape##_div, bits, scalar##_div)                                                   \
  PETREL_BINARY(shape##_min, bits, scalar##_min)                                                   \
  PETREL_BINARY(shape##_max, bits, scalar##_max)                                                   \
  PETREL_BINARY(shape##_relaxed_min, bits, scalar##_min)                                           \
  PETREL_BINARY(shape##_relaxed_max, bits, scalar##_max)                                           \
  V shape##_pmin(V a, V c) { return second_if(bits, c, a, a, c); }                                 \
  V shape##_pmax(V a, V c) { return second_if(bits, a, c, a, c); }                                 \
  V shape##_relaxed_madd(V a, V c, V d) { return fma(bits, floats(bits, a), c, d); }               \
  V shape##_relaxed_nmadd(V a, V c, V d) { return fma(bits, b_.CreateFNeg(floats(bits, a)), c, d); }
  PETREL_FLOAT_SHAPE(f32x4, 32, f32)
  PETREL_FLOAT_SHAPE(f64x2, 64, f64)
#undef PETREL_COMPARE
#undef PETREL_UNARY
#undef PETREL_BINARY
#undef PETREL_FLOAT_SHAPE

  // Conversions.
  V i32x4_trunc_sat_f32x4_s(V a) { return trunc_sat(32, true, a); }
  V i32x4_trunc_sat_f32x4_u(V a) { return trunc_sat(32, false, a); }
  V i32x4_trunc_sat_f64x2_s_zero(V a) { return trunc_sat(64, true, a); }
  V i32x4_trunc_sat_f64x2_u_zero(V a) { return trunc_sat(64, false, a); }
  V f32x4_convert_i32x4_s(V a) { return out(b_.CreateSIToFP(ints(32, a), float_lanes(32))); }
  V f32x4_convert_i32x4_u(V a) { return out(b_.CreateUIToFP(ints(32, a), float_lanes(32))); }
  V f64x2_convert_low_i32x4_s(V a) {
    return out(b_.CreateSIToFP(half(ints(32, a), false), float_lanes(64)));
  }
  V f64x2_convert_low_i32x4_u(V a) {
    return out(b_.CreateUIToFP(half(ints(32, a), false), float_lanes(64)));
  }
  V f64x2_promote_low_f32x4(V a) {
    return out(b_.CreateFPExt(half(floats(32, a), false), float_lanes(64)));
  }
  V f32x4_demote_f64x2_zero(V a);

  // Relaxed instructions: the deterministic choice, as the interpreter's.
  V i8x16_relaxed_swizzle(V a, V index) { return i8x16_swizzle(a, index); }
  V i32x4_relaxed_trunc_f32x4_s(V a) { return i32x4_trunc_sat_f32x4_s(a); }
  V i32x4_relaxed_trunc_f32x4_u(V a) { return i32x4_trunc_sat_f32x4_u(a); }
  V i32x4_relaxed_trunc_f64x2_s_zero(V a) { return i32x4_trunc_sat_f64x2_s_zero(a); }
  V i32x4_relaxed_trunc_f64x2_u_zero(V a) { return i32x4_trunc_sat_f64x2_u_zero(a); }
  V i16x8_relaxed_q15mulr_s(V a, V c) { return i16x8_q15mulr_sat_s(a, c); }
  V i16x8_relaxed_dot_i8x16_i7x16_s(V a, V c) { return dot(8, a, c); }
  V i32x4_relaxed_dot_i8x16_i7x16_add_s(V a, V c, V d) {
    return i32x4_add(i32x4_extadd_pairwise_i16x8_s(dot(8, a, c)), d);
  }

private:
  llvm::Type* i32() { return b_.getInt32Ty(); }
  llvm::FixedVectorType* int_lanes(u32 bits) {
    return llvm::FixedVectorType::get(b_.getIntNTy(bits), 128 / bits);
  }
  llvm::FixedVectorType* float_lanes(u32 bits) {
    return llvm::FixedVectorType::get(bits == 32 ? b_.getFloatTy() : b_.getDoubleTy(), 128 / bits);
  }
  /// A v128 as lanes of so many bits, and lanes as a v128.
  V ints(u32 bits, V v) { return b_.CreateBitCast(v, int_lanes(bits)); }
  V floats(u32 bits, V v) { return b_.CreateBitCast(v, float_lanes(bits)); }
  V out(V lanes) { return b_.CreateBitCast(lanes, int_lanes(64)); }
  V as_i32(V condition) { return b_.CreateZExt(condition, i32()); }
  V splat(V lane) {
    return out(b_.CreateVectorSplat(
        128 / static_cast<u32>(lane->getType()->getPrimitiveSizeInBits().getFixedValue()), lane));
  }
  V shift_count(u32 bits, V n);
  V compare_ints(Predicate predicate, u32 bits, V a, V c) {
    return out(
        b_.CreateSExt(b_.CreateICmp(predicate, ints(bits, a), ints(bits, c)), int_lanes(bits)));
  }
  V compare_floats(Predicate predicate, u32 bits, V a, V c) {
    return out(
        b_.CreateSExt(b_.CreateFCmp(predicate, floats(bits, a), floats(bits, c)), int_lanes(bits)));
  }
  V all_true(u32 bits, V a);
  V bitmask(u32 bits, V a);
  V avgr(u32 bits, V a, V c);
  /// The lower or upper half of the lanes; every second lane, from the first or the second on.
  V half(V lanes, bool is_high);
  V every_second(V lanes, bool is_odd);
  V extend(V lanes, bool is_signed);
  V extend_half(u32 bits, bool is_signed, bool is_high, V a) {
    return extend(half(ints(bits, a), is_high), is_signed);
  }
  V extmul(u32 bits, bool is_signed, bool is_high, V a, V c) {
    return out(b_.CreateMul(extend_half(bits, is_signed, is_high, a),
                            extend_half(bits, is_signed, is_high, c)));
  }
  V extadd_pairwise(u32 bits, bool is_signed, V a);
  V dot(u32 bits, V a, V c);
  /// Lanes of `bits`, signed, clamped to half the width.
  V narrow(u32 bits, bool is_signed, V a, V c);
  /// Lanes of `second` where `low` < `high`, else of `first`; bits stay as they are.
  V second_if(u32 bits, V low, V high, V first, V second) {
    V is_less = b_.CreateFCmpOLT(floats(bits, low), floats(bits, high));
    return out(b_.CreateSelect(is_less, ints(bits, second), ints(bits, first)));
  }
  V fma(u32 bits, V a_lanes, V c, V d);
  /// To the lower lanes of i32x4; lanes without an operand become 0.
  V trunc_sat(u32 bits, bool is_signed, V a);
  /// Two lanes and two zeros.
  V with_zeros(V two_lanes);

  FunctionBuilder& f_;
  NumericEmitter& n_;
  llvm::IRBuilder<>& b_;
};

} // namespace petrel::aot
