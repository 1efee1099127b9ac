// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What vector instructions compute (specification §4.3.5): one pure function per PETREL_OP_SIMD row of ir/opcodes.def
// without memory access, named as its `snake` column. A v128 travels as V128, sixteen bytes, and is looked at as lanes
// of the instruction's shape; compilers turn the operators below into one to three machine instructions.
//
// What must stay true (besides what ir/numeric.h demands):
//  - Lane 0 is the lowest byte, as in memory: little-endian hosts only.
//  - Arithmetic is done on unsigned lanes, so nothing overflows; conversions see values in range only.
//  - Relaxed instructions take the deterministic choice of the specification, the same on every host, except that madd and
//    nmadd are rounded once.
#pragma once

#include <utility>

#include "ir/numeric.h"

namespace petrel::ir::numeric {

static_assert(std::endian::native == std::endian::little);

namespace simd {

template <typename T, usize kBytes> struct VectorOf {
  typedef T Type __attribute__((vector_size(kBytes)));
};
/// 16 / sizeof(T) lanes; Half has half as many, Wide twice as many.
template <typename T> using Vec = typename VectorOf<T, 16>::Type;
template <typename T> using Half = typename VectorOf<T, 8>::Type;
template <typename T> using Wide = typename VectorOf<T, 32>::Type;
template <typename T> constexpr u32 kLanes = 16 / sizeof(T);

} // namespace simd

using V128 = simd::Vec<u8>;

namespace simd {

/// The same bits in another shape.
template <typename To, typename From> [[gnu::always_inline]] inline To cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}
template <typename T> [[gnu::always_inline]] inline Vec<T> lanes(V128 v) { return cast<Vec<T>>(v); }
template <typename V> [[gnu::always_inline]] inline V128 v128(V v) { return cast<V128>(v); }

template <usize kBytes> struct IntOf;
template <> struct IntOf<1> {
  using Signed = i8;
  using Unsigned = u8;
};
template <> struct IntOf<2> {
  using Signed = i16;
  using Unsigned = u16;
};
template <> struct IntOf<4> {
  using Signed = i32;
  using Unsigned = u32;
};
template <> struct IntOf<8> {
  using Signed = i64;
  using Unsigned = u64;
};
/// Integer of the size of T; a mask has such signed lanes, -1 for true.
template <typename T> using SignedOf = typename IntOf<sizeof(T)>::Signed;
template <typename T> using UnsignedOf = typename IntOf<sizeof(T)>::Unsigned;
template <typename T> using Mask = Vec<SignedOf<T>>;

/// Calls `f` with the lane numbers as a pack.
template <u32 kCount, typename F> [[gnu::always_inline]] inline auto with_lanes(F f) {
  return [&]<u32... kI>(std::integer_sequence<u32, kI...>) {
    return f.template operator()<kI...>();
  }(std::make_integer_sequence<u32, kCount>());
}
template <typename T> [[gnu::always_inline]] inline Vec<T> splat(T value) {
  return with_lanes<kLanes<T>>(
      [&]<u32... kI> { return Vec<T>{(static_cast<void>(kI), value)...}; });
}
/// Lanes of `then` where the mask is set, else of `otherwise`; bits stay as they are.
template <typename T>
[[gnu::always_inline]] inline Vec<T> choose(Mask<T> mask, Vec<T> then, Vec<T> otherwise) {
  const auto m = cast<V128>(mask);
  return cast<Vec<T>>((cast<V128>(then) & m) | (cast<V128>(otherwise) & ~m));
}
template <typename T> [[gnu::always_inline]] inline Vec<T> min(Vec<T> a, Vec<T> b) {
  return choose<T>(a < b, a, b);
}
template <typename T> [[gnu::always_inline]] inline Vec<T> max(Vec<T> a, Vec<T> b) {
  return choose<T>(a > b, a, b);
}

// ---- Integers ------------------------------------------------------------------------------------------------------

template <typename T> [[gnu::always_inline]] inline Vec<T> abs_int(Vec<T> a) {
  const auto sign = cast<Vec<UnsignedOf<T>>>(lanes<SignedOf<T>>(v128(a)) < 0);
  return cast<Vec<T>>((cast<Vec<UnsignedOf<T>>>(a) ^ sign) - sign);
}
/// Sum and difference that stop at the ends of T's range.
#if defined(__clang__) && __has_builtin(__builtin_elementwise_add_sat)
template <typename T> [[gnu::always_inline]] inline Vec<T> add_sat(Vec<T> a, Vec<T> b) {
  return __builtin_elementwise_add_sat(a, b);
}
template <typename T> [[gnu::always_inline]] inline Vec<T> sub_sat(Vec<T> a, Vec<T> b) {
  return __builtin_elementwise_sub_sat(a, b);
}
#else
template <typename T, typename F>
[[gnu::always_inline]] inline Vec<T> saturated(Vec<T> a, Vec<T> b, F op) {
  Vec<T> result{};
  for (u32 i = 0; i < kLanes<T>; ++i) {
    const i32 exact = op(i32{a[i]}, i32{b[i]});
    const i32 low = std::numeric_limits<T>::min();
    const i32 high = std::numeric_limits<T>::max();
    result[i] = static_cast<T>(exact < low ? low : exact > high ? high : exact);
  }
  return result;
}
template <typename T> inline Vec<T> add_sat(Vec<T> a, Vec<T> b) {
  return saturated<T>(a, b, [](i32 x, i32 y) { return x + y; });
}
template <typename T> inline Vec<T> sub_sat(Vec<T> a, Vec<T> b) {
  return saturated<T>(a, b, [](i32 x, i32 y) { return x - y; });
}
#endif

/// Rounded up, without a wider type.
template <typename T> [[gnu::always_inline]] inline Vec<T> avgr(Vec<T> a, Vec<T> b) {
  return (a | b) - ((a ^ b) >> splat<T>(1));
}
template <typename T> [[gnu::always_inline]] inline Vec<T> shift_count(u32 count) {
  return splat<T>(static_cast<T>(count & (sizeof(T) * 8 - 1)));
}

[[gnu::always_inline]] inline V128 popcnt8(V128 a) {
  const V128 pairs = a - ((a >> splat<u8>(1)) & splat<u8>(0x55));
  const V128 fours = (pairs & splat<u8>(0x33)) + ((pairs >> splat<u8>(2)) & splat<u8>(0x33));
  return (fours + (fours >> splat<u8>(4))) & splat<u8>(0x0f);
}

template <typename T> [[gnu::always_inline]] inline bool all_true(V128 v) {
  const auto zeros = cast<Vec<u64>>(lanes<T>(v) == Vec<T>{});
  return (zeros[0] | zeros[1]) == 0;
}
[[gnu::always_inline]] inline bool any_true(V128 v) {
  const auto halves = lanes<u64>(v);
  return (halves[0] | halves[1]) != 0;
}
/// The sign bits, lane 0 lowest.
template <typename T> [[gnu::always_inline]] inline u32 bitmask(V128 v) {
#if defined(__clang__)
  typedef bool Bits __attribute__((ext_vector_type(kLanes<T>)));
  typedef SignedOf<T> Lanes __attribute__((ext_vector_type(kLanes<T>)));
  const Bits bits = __builtin_convertvector(cast<Lanes>(v) < Lanes{}, Bits);
  if constexpr (kLanes<T> == 16) {
    return __builtin_bit_cast(u16, bits);
  } else {
    constexpr u32 kUsed = (1u << kLanes<T>)-1;
    return __builtin_bit_cast(u8, bits) & kUsed;
  }
#else
  u32 bits = 0;
  const auto signs = lanes<SignedOf<T>>(v);
  for (u32 i = 0; i < kLanes<T>; ++i) {
    bits |= u32{signs[i] < 0} << i;
  }
  return bits;
#endif
}

// ---- Widths: T is the narrow type, U the one twice as wide ---------------------------------------------------------

template <typename T, bool kHigh> [[gnu::always_inline]] inline Half<T> half(V128 v) {
  const auto words = lanes<u64>(v);
  return cast<Half<T>>(words[kHigh ? 1 : 0]);
}
template <typename U, typename T> [[gnu::always_inline]] inline Vec<U> widen(Half<T> v) {
  return __builtin_convertvector(v, Vec<U>);
}
template <typename U, typename T, bool kHigh> [[gnu::always_inline]] inline V128 extend(V128 v) {
  return v128(widen<U, T>(half<T, kHigh>(v)));
}
/// Products in unsigned lanes of twice the width: no overflow, whatever the signs.
template <typename U, typename T, bool kHigh>
[[gnu::always_inline]] inline V128 extmul(V128 a, V128 b) {
  using Lane = UnsignedOf<U>;
  return v128(cast<Vec<Lane>>(widen<U, T>(half<T, kHigh>(a))) *
              cast<Vec<Lane>>(widen<U, T>(half<T, kHigh>(b))));
}
/// Even and odd lanes of T, extended to U.
template <typename U> [[gnu::always_inline]] inline Vec<U> evens(V128 v) {
  constexpr u32 kBits = sizeof(U) * 4;
  const auto shifted = lanes<UnsignedOf<U>>(v) << splat<UnsignedOf<U>>(kBits);
  return cast<Vec<U>>(shifted) >> splat<U>(kBits);
}
template <typename U> [[gnu::always_inline]] inline Vec<U> odds(V128 v) {
  return lanes<U>(v) >> splat<U>(sizeof(U) * 4);
}
template <typename U> [[gnu::always_inline]] inline V128 extadd_pairwise(V128 v) {
  return v128(evens<U>(v) + odds<U>(v)); // never leaves U
}
/// Sums of neighbouring products, modulo 2^bits(U).
template <typename U> [[gnu::always_inline]] inline V128 dot(V128 a, V128 b) {
  using Lane = Vec<UnsignedOf<U>>;
  return v128(cast<Lane>(evens<U>(a)) * cast<Lane>(evens<U>(b)) +
              cast<Lane>(odds<U>(a)) * cast<Lane>(odds<U>(b)));
}
/// Lanes of two vectors of signed U, clamped to T; those of `b` become the upper ones.
template <typename T, typename U> [[gnu::always_inline]] inline V128 narrow(V128 a, V128 b) {
  const auto clamp = [](Vec<U> v) {
    v = max<U>(v, splat<U>(std::numeric_limits<T>::min()));
    v = min<U>(v, splat<U>(std::numeric_limits<T>::max()));
    return cast<u64>(__builtin_convertvector(v, Half<T>));
  };
  return v128(Vec<u64>{clamp(lanes<U>(a)), clamp(lanes<U>(b))});
}
/// Q15 product, rounded; only -1 * -1 leaves the range.
[[gnu::always_inline]] inline V128 q15mulr_sat(V128 a, V128 b) {
  const auto product = [&]<bool kHigh> {
    auto wide = widen<i32, i16>(half<i16, kHigh>(a)) * widen<i32, i16>(half<i16, kHigh>(b));
    wide = (wide + splat<i32>(0x4000)) >> splat<i32>(15);
    return v128(wide);
  };
  return narrow<i16, i32>(product.template operator()<false>(),
                          product.template operator()<true>());
}

// ---- Lanes ---------------------------------------------------------------------------------------------------------

template <typename T> [[gnu::always_inline]] inline T lane(V128 v, u32 index) {
  return lanes<T>(v)[index % kLanes<T>];
}
template <typename T> [[gnu::always_inline]] inline V128 with_lane(V128 v, u32 index, T value) {
  using Number = UnsignedOf<T>;
  const auto numbers =
      with_lanes<kLanes<T>>([]<u32... kI> { return Vec<Number>{static_cast<Number>(kI)...}; });
  const auto is_it = numbers == splat<Number>(static_cast<Number>(index));
  return v128(choose<T>(cast<Mask<T>>(is_it), splat<T>(value), lanes<T>(v)));
}
/// Byte i of the result is byte index[i] of the 32 bytes of `a` and `b`; indices are below 32.
inline V128 shuffle(V128 a, V128 b, V128 index) {
  u8 from[32];
  __builtin_memcpy(from, &a, 16);
  __builtin_memcpy(from + 16, &b, 16);
  V128 result{};
  for (u32 i = 0; i < 16; ++i) {
    result[i] = from[index[i] % 32];
  }
  return result;
}
inline V128 swizzle(V128 a, V128 index) {
#if defined(__SSSE3__) && defined(__clang__)
  // Indices from 0x70 up saturate to a set top bit, for which pshufb gives 0.
  return v128(__builtin_ia32_pshufb128(cast<Vec<char>>(a),
                                       cast<Vec<char>>(add_sat<u8>(index, splat<u8>(0x70)))));
#else
  const V128 found = shuffle(a, a, index & splat<u8>(15));
  return choose<u8>(index < splat<u8>(16), found, V128{});
#endif
}

// ---- Floating point ------------------------------------------------------------------------------------------------

template <typename F> using BitsVec = Vec<UnsignedOf<F>>;
template <typename F> [[gnu::always_inline]] inline BitsVec<F> bits_of(Vec<F> a) {
  return cast<BitsVec<F>>(a);
}
template <typename F> [[gnu::always_inline]] inline BitsVec<F> sign_bits() {
  return splat<UnsignedOf<F>>(detail::kSignBit<F>);
}
template <typename F> [[gnu::always_inline]] inline Vec<F> abs_float(Vec<F> a) {
  return cast<Vec<F>>(bits_of<F>(a) & ~sign_bits<F>());
}
template <typename F> [[gnu::always_inline]] inline Vec<F> neg_float(Vec<F> a) {
  return cast<Vec<F>>(bits_of<F>(a) ^ sign_bits<F>());
}
template <typename F> [[gnu::always_inline]] inline Vec<F> with_signs_of(Vec<F> a, Vec<F> signs) {
  return cast<Vec<F>>((bits_of<F>(a) & ~sign_bits<F>()) | (bits_of<F>(signs) & sign_bits<F>()));
}
/// NaN lanes with their quiet bit set.
template <typename F> [[gnu::always_inline]] inline Vec<F> quiet_nans(Vec<F> a) {
  const auto quiet = cast<BitsVec<F>>(a != a) & splat<UnsignedOf<F>>(detail::kQuietBit<F>);
  return cast<Vec<F>>(bits_of<F>(a) | quiet);
}

template <typename F>
#if defined(__clang__)
__attribute__((no_sanitize("float-divide-by-zero")))
#endif
[[gnu::always_inline]] inline Vec<F> div(Vec<F> a, Vec<F> b) {
  return a / b;
}
template <typename F> [[gnu::always_inline]] inline Vec<F> sqrt(Vec<F> a) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(a);
#else
  for (u32 i = 0; i < kLanes<F>; ++i) {
    a[i] = detail::sqrt(F{a[i]});
  }
  return a;
#endif
}

/// What is left where neither operand is below the other: zeros, whose signs `zeros` joins, and NaNs.
template <typename F>
[[gnu::always_inline]] inline Vec<F> equal_or_nan(Vec<F> a, Vec<F> b, BitsVec<F> zeros) {
  const Vec<F> nan = quiet_nans<F>(choose<F>(a != a, a, b));
  return choose<F>(a == b, cast<Vec<F>>(zeros), nan);
}
template <typename F> [[gnu::always_inline]] inline Vec<F> min_float(Vec<F> a, Vec<F> b) {
  const Vec<F> rest = equal_or_nan<F>(a, b, bits_of<F>(a) | bits_of<F>(b));
  return choose<F>(a < b, a, choose<F>(b < a, b, rest));
}
template <typename F> [[gnu::always_inline]] inline Vec<F> max_float(Vec<F> a, Vec<F> b) {
  const Vec<F> rest = equal_or_nan<F>(a, b, bits_of<F>(a) & bits_of<F>(b));
  return choose<F>(a > b, a, choose<F>(b > a, b, rest));
}

// Rounding. Without an instruction for it: adding and subtracting the least value from which on all are integers leaves
// the nearest integer, which is at most one off. The result has the operand's sign, also when it is zero.
template <typename F>
[[gnu::always_inline]] inline Vec<F> finish_rounding(Vec<F> rounded, Vec<F> a) {
  const auto has_fraction = abs_float<F>(a) < splat<F>(detail::kAllIntegers<F>);
  return choose<F>(has_fraction, with_signs_of<F>(rounded, a), quiet_nans<F>(a));
}
template <typename F> [[gnu::always_inline]] inline Vec<F> nearest_magnitude(Vec<F> magnitude) {
  const Vec<F> all_integers = splat<F>(detail::kAllIntegers<F>);
  return (magnitude + all_integers) - all_integers;
}
template <typename F> [[gnu::always_inline]] inline Vec<F> one_where(Mask<F> mask) {
  return cast<Vec<F>>(cast<BitsVec<F>>(mask) & bits_of<F>(splat<F>(1)));
}
template <typename F> inline Vec<F> soft_nearest(Vec<F> a) {
  return finish_rounding<F>(nearest_magnitude<F>(abs_float<F>(a)), a);
}
template <typename F> inline Vec<F> soft_trunc(Vec<F> a) {
  const Vec<F> magnitude = abs_float<F>(a);
  const Vec<F> near = nearest_magnitude<F>(magnitude);
  return finish_rounding<F>(near - one_where<F>(near > magnitude), a);
}
template <typename F> inline Vec<F> soft_floor(Vec<F> a) {
  const Vec<F> near = with_signs_of<F>(nearest_magnitude<F>(abs_float<F>(a)), a);
  return finish_rounding<F>(near - one_where<F>(near > a), a);
}
template <typename F> inline Vec<F> soft_ceil(Vec<F> a) {
  const Vec<F> near = with_signs_of<F>(nearest_magnitude<F>(abs_float<F>(a)), a);
  return finish_rounding<F>(near + one_where<F>(near < a), a);
}
#if defined(__clang__) && (defined(__SSE4_1__) || defined(__aarch64__))
#define PETREL_VECTOR_ROUNDING(name, builtin)                                                      \
  template <typename F> inline Vec<F> name(Vec<F> a) { return builtin(a); }
#else
#define PETREL_VECTOR_ROUNDING(name, builtin)                                                      \
  template <typename F> inline Vec<F> name(Vec<F> a) { return soft_##name<F>(a); }
#endif
PETREL_VECTOR_ROUNDING(ceil, __builtin_elementwise_ceil)
PETREL_VECTOR_ROUNDING(floor, __builtin_elementwise_floor)
PETREL_VECTOR_ROUNDING(trunc, __builtin_elementwise_trunc)
PETREL_VECTOR_ROUNDING(nearest, __builtin_elementwise_roundeven)
#undef PETREL_VECTOR_ROUNDING

/// a * b + c, rounded once: one instruction where the build targets a processor that has it, else libm.
template <typename F> [[gnu::always_inline]] inline Vec<F> fma(Vec<F> a, Vec<F> b, Vec<F> c) {
  Vec<F> result{};
  for (u32 i = 0; i < kLanes<F>; ++i) {
    if constexpr (sizeof(F) == 4) {
      result[i] = __builtin_fmaf(a[i], b[i], c[i]);
    } else {
      result[i] = __builtin_fma(a[i], b[i], c[i]);
    }
  }
  return result;
}

// ---- Conversions ---------------------------------------------------------------------------------------------------

/// f32 lanes to i32, saturating; NaN gives 0. Lanes are converted only where they are in range.
[[gnu::always_inline]] inline V128 trunc_sat_f32_s(Vec<f32> a) {
  const Vec<f32> limit = splat<f32>(0x1p31f);
  const Mask<f32> in_range = (a >= -limit) & (a < limit);
  const Vec<i32> whole = __builtin_convertvector(choose<f32>(in_range, a, Vec<f32>{}), Vec<i32>);
  const auto low = cast<Vec<u32>>(a < -limit) & splat<u32>(0x80000000);
  const auto high = cast<Vec<u32>>(a >= limit) & splat<u32>(0x7fffffff);
  return v128(cast<Vec<u32>>(whole) | low | high);
}
/// The same to u32: from 2^31 on, less 2^31 while it is converted.
[[gnu::always_inline]] inline V128 trunc_sat_f32_u(Vec<f32> a) {
  const Vec<f32> half_limit = splat<f32>(0x1p31f);
  const Vec<f32> limit = splat<f32>(0x1p32f);
  const Mask<f32> is_upper = (a >= half_limit) & (a < limit);
  const Mask<f32> in_range = (a > Vec<f32>{}) & (a < limit);
  const Vec<f32> reduced = choose<f32>(is_upper, a - half_limit, a);
  const Vec<i32> whole =
      __builtin_convertvector(choose<f32>(in_range, reduced, Vec<f32>{}), Vec<i32>);
  const auto upper = cast<Vec<u32>>(is_upper) & splat<u32>(0x80000000);
  return v128((cast<Vec<u32>>(whole) ^ upper) | cast<Vec<u32>>(a >= limit));
}
/// f64 lanes to the lower two of i32 or u32; the upper two are 0.
template <typename Int> [[gnu::always_inline]] inline V128 trunc_sat_f64_zero(Vec<f64> a) {
  return v128(Vec<u32>{detail::trunc_sat<Int>(f64{a[0]}), detail::trunc_sat<Int>(f64{a[1]}), 0, 0});
}
/// The low two lanes of integer or f32 to f64.
template <typename T> [[gnu::always_inline]] inline V128 low_to_f64(V128 v) {
  return v128(__builtin_convertvector(half<T, false>(v), Vec<f64>));
}
[[gnu::always_inline]] inline V128 demote_zero(V128 v) {
  return v128(Vec<u64>{cast<u64>(__builtin_convertvector(lanes<f64>(v), Half<f32>)), 0});
}

} // namespace simd

// ---- Instructions: constants and lanes -----------------------------------------------------------------------------
// Splats and lane values are scalars as they lie on the stack. Lane numbers are validated immediates.

inline V128 i8x16_shuffle(V128 a, V128 b, V128 index) { return simd::shuffle(a, b, index); }
inline V128 i8x16_swizzle(V128 a, V128 index) { return simd::swizzle(a, index); }

#define PETREL_LANE_OPS(shape, T, Stack)                                                           \
  inline V128 shape##_splat(Stack a) { return simd::v128(simd::splat<T>(static_cast<T>(a))); }     \
  inline V128 shape##_replace_lane(V128 v, u32 lane, Stack a) {                                    \
    return simd::with_lane<T>(v, lane, static_cast<T>(a));                                         \
  }
PETREL_LANE_OPS(i8x16, u8, u32)
PETREL_LANE_OPS(i16x8, u16, u32)
PETREL_LANE_OPS(i32x4, u32, u32)
PETREL_LANE_OPS(i64x2, u64, u64)
PETREL_LANE_OPS(f32x4, f32, f32)
PETREL_LANE_OPS(f64x2, f64, f64)
#undef PETREL_LANE_OPS

inline u32 i8x16_extract_lane_s(V128 v, u32 lane) {
  return static_cast<u32>(i32{simd::lane<i8>(v, lane)});
}
inline u32 i8x16_extract_lane_u(V128 v, u32 lane) { return simd::lane<u8>(v, lane); }
inline u32 i16x8_extract_lane_s(V128 v, u32 lane) {
  return static_cast<u32>(i32{simd::lane<i16>(v, lane)});
}
inline u32 i16x8_extract_lane_u(V128 v, u32 lane) { return simd::lane<u16>(v, lane); }
inline u32 i32x4_extract_lane(V128 v, u32 lane) { return simd::lane<u32>(v, lane); }
inline u64 i64x2_extract_lane(V128 v, u32 lane) { return simd::lane<u64>(v, lane); }
inline f32 f32x4_extract_lane(V128 v, u32 lane) { return simd::lane<f32>(v, lane); }
inline f64 f64x2_extract_lane(V128 v, u32 lane) { return simd::lane<f64>(v, lane); }

// ---- Loads: what lies in memory, as an integer or the lanes of one ---------------------------------------------------

inline V128 v128_load(V128 a) { return a; }
inline V128 v128_load8x8_s(u64 a) {
  return simd::v128(simd::widen<i16, i8>(simd::cast<simd::Half<i8>>(a)));
}
inline V128 v128_load8x8_u(u64 a) {
  return simd::v128(simd::widen<u16, u8>(simd::cast<simd::Half<u8>>(a)));
}
inline V128 v128_load16x4_s(u64 a) {
  return simd::v128(simd::widen<i32, i16>(simd::cast<simd::Half<i16>>(a)));
}
inline V128 v128_load16x4_u(u64 a) {
  return simd::v128(simd::widen<u32, u16>(simd::cast<simd::Half<u16>>(a)));
}
inline V128 v128_load32x2_s(u64 a) {
  return simd::v128(simd::widen<i64, i32>(simd::cast<simd::Half<i32>>(a)));
}
inline V128 v128_load32x2_u(u64 a) {
  return simd::v128(simd::widen<u64, u32>(simd::cast<simd::Half<u32>>(a)));
}
inline V128 v128_load8_splat(u8 a) { return simd::v128(simd::splat<u8>(a)); }
inline V128 v128_load16_splat(u16 a) { return simd::v128(simd::splat<u16>(a)); }
inline V128 v128_load32_splat(u32 a) { return simd::v128(simd::splat<u32>(a)); }
inline V128 v128_load64_splat(u64 a) { return simd::v128(simd::splat<u64>(a)); }
inline V128 v128_load32_zero(u32 a) { return simd::v128(simd::Vec<u32>{a, 0, 0, 0}); }
inline V128 v128_load64_zero(u64 a) { return simd::v128(simd::Vec<u64>{a, 0}); }

// ---- Bits -----------------------------------------------------------------------------------------------------------

inline V128 v128_not(V128 a) { return ~a; }
inline V128 v128_and(V128 a, V128 b) { return a & b; }
inline V128 v128_andnot(V128 a, V128 b) { return a & ~b; }
inline V128 v128_or(V128 a, V128 b) { return a | b; }
inline V128 v128_xor(V128 a, V128 b) { return a ^ b; }
inline V128 v128_bitselect(V128 a, V128 b, V128 mask) { return (a & mask) | (b & ~mask); }
inline u32 v128_any_true(V128 a) { return simd::any_true(a); }

// ---- Integer shapes ---------------------------------------------------------------------------------------------------

#define PETREL_COMPARE(name, T, op)                                                                \
  inline V128 name(V128 a, V128 b) { return simd::v128(simd::lanes<T>(a) op simd::lanes<T>(b)); }
#define PETREL_BINARY(name, T, fn)                                                                 \
  inline V128 name(V128 a, V128 b) {                                                               \
    return simd::v128(simd::fn<T>(simd::lanes<T>(a), simd::lanes<T>(b)));                          \
  }

#define PETREL_INTEGER_SHAPE(shape, U, I)                                                          \
  PETREL_COMPARE(shape##_eq, U, ==)                                                                \
  PETREL_COMPARE(shape##_ne, U, !=)                                                                \
  PETREL_COMPARE(shape##_lt_s, I, <)                                                               \
  PETREL_COMPARE(shape##_gt_s, I, >)                                                               \
  PETREL_COMPARE(shape##_le_s, I, <=)                                                              \
  PETREL_COMPARE(shape##_ge_s, I, >=)                                                              \
  PETREL_COMPARE(shape##_add, U, +)                                                                \
  PETREL_COMPARE(shape##_sub, U, -)                                                                \
  inline V128 shape##_neg(V128 a) { return simd::v128(-simd::lanes<U>(a)); }                       \
  inline V128 shape##_abs(V128 a) { return simd::v128(simd::abs_int<U>(simd::lanes<U>(a))); }      \
  inline V128 shape##_shl(V128 a, u32 n) {                                                         \
    return simd::v128(simd::lanes<U>(a) << simd::shift_count<U>(n));                               \
  }                                                                                                \
  inline V128 shape##_shr_s(V128 a, u32 n) {                                                       \
    return simd::v128(simd::lanes<I>(a) >> simd::shift_count<I>(n));                               \
  }                                                                                                \
  inline V128 shape##_shr_u(V128 a, u32 n) {                                                       \
    return simd::v128(simd::lanes<U>(a) >> simd::shift_count<U>(n));                               \
  }                                                                                                \
  inline u32 shape##_all_true(V128 a) { return simd::all_true<U>(a); }                             \
  inline u32 shape##_bitmask(V128 a) { return simd::bitmask<U>(a); }                               \
  inline V128 shape##_relaxed_laneselect(V128 a, V128 b, V128 mask) {                              \
    return v128_bitselect(a, b, mask);                                                             \
  }
/// All but i64x2 compare unsigned, and have minimum and maximum.
#define PETREL_SMALL_SHAPE(shape, U, I)                                                            \
  PETREL_COMPARE(shape##_lt_u, U, <)                                                               \
  PETREL_COMPARE(shape##_gt_u, U, >)                                                               \
  PETREL_COMPARE(shape##_le_u, U, <=)                                                              \
  PETREL_COMPARE(shape##_ge_u, U, >=)                                                              \
  PETREL_BINARY(shape##_min_s, I, min)                                                             \
  PETREL_BINARY(shape##_min_u, U, min)                                                             \
  PETREL_BINARY(shape##_max_s, I, max)                                                             \
  PETREL_BINARY(shape##_max_u, U, max)
#define PETREL_SATURATING_SHAPE(shape, U, I)                                                       \
  PETREL_BINARY(shape##_add_sat_s, I, add_sat)                                                     \
  PETREL_BINARY(shape##_add_sat_u, U, add_sat)                                                     \
  PETREL_BINARY(shape##_sub_sat_s, I, sub_sat)                                                     \
  PETREL_BINARY(shape##_sub_sat_u, U, sub_sat)                                                     \
  PETREL_BINARY(shape##_avgr_u, U, avgr)
/// From the lanes of half the width.
#define PETREL_WIDENING_SHAPE(shape, from, U, I, HalfU, HalfI)                                     \
  inline V128 shape##_extend_low_##from##_s(V128 a) { return simd::extend<I, HalfI, false>(a); }   \
  inline V128 shape##_extend_high_##from##_s(V128 a) { return simd::extend<I, HalfI, true>(a); }   \
  inline V128 shape##_extend_low_##from##_u(V128 a) { return simd::extend<U, HalfU, false>(a); }   \
  inline V128 shape##_extend_high_##from##_u(V128 a) { return simd::extend<U, HalfU, true>(a); }   \
  inline V128 shape##_extmul_low_##from##_s(V128 a, V128 b) {                                      \
    return simd::extmul<I, HalfI, false>(a, b);                                                    \
  }                                                                                                \
  inline V128 shape##_extmul_high_##from##_s(V128 a, V128 b) {                                     \
    return simd::extmul<I, HalfI, true>(a, b);                                                     \
  }                                                                                                \
  inline V128 shape##_extmul_low_##from##_u(V128 a, V128 b) {                                      \
    return simd::extmul<U, HalfU, false>(a, b);                                                    \
  }                                                                                                \
  inline V128 shape##_extmul_high_##from##_u(V128 a, V128 b) {                                     \
    return simd::extmul<U, HalfU, true>(a, b);                                                     \
  }

PETREL_INTEGER_SHAPE(i8x16, u8, i8)
PETREL_INTEGER_SHAPE(i16x8, u16, i16)
PETREL_INTEGER_SHAPE(i32x4, u32, i32)
PETREL_INTEGER_SHAPE(i64x2, u64, i64)
PETREL_SMALL_SHAPE(i8x16, u8, i8)
PETREL_SMALL_SHAPE(i16x8, u16, i16)
PETREL_SMALL_SHAPE(i32x4, u32, i32)
PETREL_SATURATING_SHAPE(i8x16, u8, i8)
PETREL_SATURATING_SHAPE(i16x8, u16, i16)
PETREL_WIDENING_SHAPE(i16x8, i8x16, u16, i16, u8, i8)
PETREL_WIDENING_SHAPE(i32x4, i16x8, u32, i32, u16, i16)
PETREL_WIDENING_SHAPE(i64x2, i32x4, u64, i64, u32, i32)
PETREL_COMPARE(i16x8_mul, u16, *)
PETREL_COMPARE(i32x4_mul, u32, *)
PETREL_COMPARE(i64x2_mul, u64, *)
#undef PETREL_INTEGER_SHAPE
#undef PETREL_SMALL_SHAPE
#undef PETREL_SATURATING_SHAPE
#undef PETREL_WIDENING_SHAPE

inline V128 i8x16_popcnt(V128 a) { return simd::popcnt8(a); }
inline V128 i8x16_narrow_i16x8_s(V128 a, V128 b) { return simd::narrow<i8, i16>(a, b); }
inline V128 i8x16_narrow_i16x8_u(V128 a, V128 b) { return simd::narrow<u8, i16>(a, b); }
inline V128 i16x8_narrow_i32x4_s(V128 a, V128 b) { return simd::narrow<i16, i32>(a, b); }
inline V128 i16x8_narrow_i32x4_u(V128 a, V128 b) { return simd::narrow<u16, i32>(a, b); }
inline V128 i16x8_extadd_pairwise_i8x16_s(V128 a) { return simd::extadd_pairwise<i16>(a); }
inline V128 i16x8_extadd_pairwise_i8x16_u(V128 a) { return simd::extadd_pairwise<u16>(a); }
inline V128 i32x4_extadd_pairwise_i16x8_s(V128 a) { return simd::extadd_pairwise<i32>(a); }
inline V128 i32x4_extadd_pairwise_i16x8_u(V128 a) { return simd::extadd_pairwise<u32>(a); }
inline V128 i32x4_dot_i16x8_s(V128 a, V128 b) { return simd::dot<i32>(a, b); }
inline V128 i16x8_q15mulr_sat_s(V128 a, V128 b) { return simd::q15mulr_sat(a, b); }

// ---- Floating-point shapes ----------------------------------------------------------------------------------------------

#define PETREL_UNARY(name, F, fn)                                                                  \
  inline V128 name(V128 a) { return simd::v128(simd::fn<F>(simd::lanes<F>(a))); }
#define PETREL_FLOAT_SHAPE(shape, F)                                                               \
  PETREL_COMPARE(shape##_eq, F, ==)                                                                \
  PETREL_COMPARE(shape##_ne, F, !=)                                                                \
  PETREL_COMPARE(shape##_lt, F, <)                                                                 \
  PETREL_COMPARE(shape##_gt, F, >)                                                                 \
  PETREL_COMPARE(shape##_le, F, <=)                                                                \
  PETREL_COMPARE(shape##_ge, F, >=)                                                                \
  PETREL_UNARY(shape##_ceil, F, ceil)                                                              \
  PETREL_UNARY(shape##_floor, F, floor)                                                            \
  PETREL_UNARY(shape##_trunc, F, trunc)                                                            \
  PETREL_UNARY(shape##_nearest, F, nearest)                                                        \
  PETREL_UNARY(shape##_abs, F, abs_float)                                                          \
  PETREL_UNARY(shape##_neg, F, neg_float)                                                          \
  PETREL_UNARY(shape##_sqrt, F, sqrt)                                                              \
  PETREL_COMPARE(shape##_add, F, +)                                                                \
  PETREL_COMPARE(shape##_sub, F, -)                                                                \
  PETREL_COMPARE(shape##_mul, F, *)                                                                \
  PETREL_BINARY(shape##_div, F, div)                                                               \
  PETREL_BINARY(shape##_min, F, min_float)                                                         \
  PETREL_BINARY(shape##_max, F, max_float)                                                         \
  inline V128 shape##_pmin(V128 a, V128 b) {                                                       \
    const auto is_less = simd::lanes<F>(b) < simd::lanes<F>(a);                                    \
    return simd::v128(simd::choose<F>(is_less, simd::lanes<F>(b), simd::lanes<F>(a)));             \
  }                                                                                                \
  inline V128 shape##_pmax(V128 a, V128 b) {                                                       \
    const auto is_less = simd::lanes<F>(a) < simd::lanes<F>(b);                                    \
    return simd::v128(simd::choose<F>(is_less, simd::lanes<F>(b), simd::lanes<F>(a)));             \
  }                                                                                                \
  inline V128 shape##_relaxed_min(V128 a, V128 b) { return shape##_min(a, b); }                    \
  inline V128 shape##_relaxed_max(V128 a, V128 b) { return shape##_max(a, b); }                    \
  inline V128 shape##_relaxed_madd(V128 a, V128 b, V128 c) {                                       \
    return simd::v128(simd::fma<F>(simd::lanes<F>(a), simd::lanes<F>(b), simd::lanes<F>(c)));      \
  }                                                                                                \
  inline V128 shape##_relaxed_nmadd(V128 a, V128 b, V128 c) {                                      \
    return shape##_relaxed_madd(shape##_neg(a), b, c);                                             \
  }

PETREL_FLOAT_SHAPE(f32x4, f32)
PETREL_FLOAT_SHAPE(f64x2, f64)
#undef PETREL_FLOAT_SHAPE
#undef PETREL_UNARY
#undef PETREL_BINARY
#undef PETREL_COMPARE

// ---- Conversions ---------------------------------------------------------------------------------------------------------

inline V128 i32x4_trunc_sat_f32x4_s(V128 a) { return simd::trunc_sat_f32_s(simd::lanes<f32>(a)); }
inline V128 i32x4_trunc_sat_f32x4_u(V128 a) { return simd::trunc_sat_f32_u(simd::lanes<f32>(a)); }
inline V128 i32x4_trunc_sat_f64x2_s_zero(V128 a) {
  return simd::trunc_sat_f64_zero<petrel::i32>(simd::lanes<f64>(a));
}
inline V128 i32x4_trunc_sat_f64x2_u_zero(V128 a) {
  return simd::trunc_sat_f64_zero<petrel::u32>(simd::lanes<f64>(a));
}
inline V128 f32x4_convert_i32x4_s(V128 a) {
  return simd::v128(__builtin_convertvector(simd::lanes<petrel::i32>(a), simd::Vec<petrel::f32>));
}
inline V128 f32x4_convert_i32x4_u(V128 a) {
  return simd::v128(__builtin_convertvector(simd::lanes<u32>(a), simd::Vec<petrel::f32>));
}
inline V128 f64x2_convert_low_i32x4_s(V128 a) { return simd::low_to_f64<petrel::i32>(a); }
inline V128 f64x2_convert_low_i32x4_u(V128 a) { return simd::low_to_f64<u32>(a); }
inline V128 f64x2_promote_low_f32x4(V128 a) { return simd::low_to_f64<petrel::f32>(a); }
inline V128 f32x4_demote_f64x2_zero(V128 a) { return simd::demote_zero(a); }

// ---- Relaxed instructions: the deterministic choice ------------------------------------------------------------------------

inline V128 i8x16_relaxed_swizzle(V128 a, V128 index) { return i8x16_swizzle(a, index); }
inline V128 i32x4_relaxed_trunc_f32x4_s(V128 a) { return i32x4_trunc_sat_f32x4_s(a); }
inline V128 i32x4_relaxed_trunc_f32x4_u(V128 a) { return i32x4_trunc_sat_f32x4_u(a); }
inline V128 i32x4_relaxed_trunc_f64x2_s_zero(V128 a) { return i32x4_trunc_sat_f64x2_s_zero(a); }
inline V128 i32x4_relaxed_trunc_f64x2_u_zero(V128 a) { return i32x4_trunc_sat_f64x2_u_zero(a); }
inline V128 i16x8_relaxed_q15mulr_s(V128 a, V128 b) { return i16x8_q15mulr_sat_s(a, b); }
/// Both operands signed; sums of two products wrap.
inline V128 i16x8_relaxed_dot_i8x16_i7x16_s(V128 a, V128 b) { return simd::dot<petrel::i16>(a, b); }
inline V128 i32x4_relaxed_dot_i8x16_i7x16_add_s(V128 a, V128 b, V128 c) {
  return i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c);
}

} // namespace petrel::ir::numeric
