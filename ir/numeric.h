// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What scalar numeric instructions compute (specification §4.3): one pure function per PETREL_OP_NUMERIC row of
// ir/opcodes.def, named as its `snake` column. The interpreter, constant expressions, the constant folder and
// the tests call these. Integers are unsigned on the stack; f32 and f64 travel as float and double.
//
// What must stay true:
//  - No undefined behaviour for any operands: wrapping arithmetic is unsigned, shift counts are masked, conversions
//    are range-checked before the cast.
//  - No libm call and no dependence on errno or flags: rounding and square root are inline instructions or plain
//    arithmetic (interpreter handlers must not spill for a call).
//  - NaN results are quiet (arithmetic NaN, §4.3.3): sign bits and payloads of abs, neg, copysign and reinterpret are
//    exact, other results take an operand's payload or the hardware's default.
//  - Instructions that may trap return Checked<T>; the value means nothing when a trap is set.
#pragma once

#include <bit>
#include <limits>
#include <type_traits>

#include "base/types.h"
#include "ir/traps.h"

namespace petrel::ir::numeric {

static_assert(std::numeric_limits<f32>::is_iec559 && std::numeric_limits<f64>::is_iec559);

/// The result of an instruction that may trap.
template <typename T> struct Checked {
  T value{};
  TrapCode trap = kNoTrap;
  constexpr bool is_ok() const { return trap == kNoTrap; }
};

namespace detail {

template <typename T> constexpr Checked<T> trapped(TrapCode trap) { return {T{}, trap}; }

template <typename U> constexpr std::make_signed_t<U> to_signed(U value) {
  return static_cast<std::make_signed_t<U>>(value); // two's complement since C++20
}
template <typename I> constexpr std::make_unsigned_t<I> to_unsigned(I value) {
  return static_cast<std::make_unsigned_t<I>>(value);
}

// ---- Integers ----------------------------------------------------------------------------------------------------

template <typename U> constexpr U masked(U count) { return count & (sizeof(U) * 8 - 1); }
template <typename U> constexpr U clz(U a) { return static_cast<U>(std::countl_zero(a)); }
template <typename U> constexpr U ctz(U a) { return static_cast<U>(std::countr_zero(a)); }
template <typename U> constexpr U popcnt(U a) { return static_cast<U>(std::popcount(a)); }
template <typename U> constexpr U shl(U a, U n) { return a << masked(n); }
template <typename U> constexpr U shr_s(U a, U n) { return to_unsigned(to_signed(a) >> masked(n)); }
template <typename U> constexpr U shr_u(U a, U n) { return a >> masked(n); }
template <typename U> constexpr U rotl(U a, U n) {
  return std::rotl(a, static_cast<int>(masked(n)));
}
template <typename U> constexpr U rotr(U a, U n) {
  return std::rotr(a, static_cast<int>(masked(n)));
}

template <typename U> constexpr bool is_overflowing_division(U a, U b) {
  return a == U{1} << (sizeof(U) * 8 - 1) && b == static_cast<U>(-1);
}
template <typename U> constexpr Checked<U> div_s(U a, U b) {
  if (b == 0) [[unlikely]] {
    return trapped<U>(TrapCode::integer_divide_by_zero);
  }
  if (is_overflowing_division(a, b)) [[unlikely]] {
    return trapped<U>(TrapCode::integer_overflow);
  }
  return {to_unsigned(to_signed(a) / to_signed(b))};
}
template <typename U> constexpr Checked<U> div_u(U a, U b) {
  if (b == 0) [[unlikely]] {
    return trapped<U>(TrapCode::integer_divide_by_zero);
  }
  return {a / b};
}
template <typename U> constexpr Checked<U> rem_s(U a, U b) {
  if (b == 0) [[unlikely]] {
    return trapped<U>(TrapCode::integer_divide_by_zero);
  }
  if (b == static_cast<U>(-1))
      [[unlikely]] { // the least value modulo -1 faults in hardware; the result is 0 for all
    return {0};
  }
  return {to_unsigned(to_signed(a) % to_signed(b))};
}
template <typename U> constexpr Checked<U> rem_u(U a, U b) {
  if (b == 0) [[unlikely]] {
    return trapped<U>(TrapCode::integer_divide_by_zero);
  }
  return {a % b};
}

/// Sign-extends the low bits that Narrow holds.
template <typename Narrow, typename U> constexpr U extend_s(U a) {
  return to_unsigned(static_cast<std::make_signed_t<U>>(static_cast<Narrow>(a)));
}

// ---- Floating point ------------------------------------------------------------------------------------------------

template <typename F> using BitsOf = std::conditional_t<sizeof(F) == 4, u32, u64>;
template <typename F> constexpr BitsOf<F> bits(F a) { return std::bit_cast<BitsOf<F>>(a); }
template <typename F> constexpr F from_bits(BitsOf<F> a) { return std::bit_cast<F>(a); }
template <typename F> constexpr BitsOf<F> kSignBit = BitsOf<F>{1} << (sizeof(F) * 8 - 1);
template <typename F>
constexpr BitsOf<F> kQuietBit = BitsOf<F>{1} << (std::numeric_limits<F>::digits - 2);

template <typename F> constexpr bool is_nan(F a) { return a != a; }
template <typename F> constexpr F quiet(F nan) { return from_bits<F>(bits(nan) | kQuietBit<F>); }
template <typename F> constexpr F with_sign_of(F magnitude, F sign) {
  return from_bits<F>((bits(magnitude) & ~kSignBit<F>) | (bits(sign) & kSignBit<F>));
}

template <typename F> constexpr F abs(F a) { return from_bits<F>(bits(a) & ~kSignBit<F>); }
template <typename F> constexpr F neg(F a) { return from_bits<F>(bits(a) ^ kSignBit<F>); }

/// Least positive value from which on every value is an integer.
template <typename F>
constexpr F kAllIntegers = static_cast<F>(BitsOf<F>{1} << (std::numeric_limits<F>::digits - 1));

template <typename F> constexpr bool is_integer_or_nan(F a) { return !(abs(a) < kAllIntegers<F>); }
/// The one NaN of the deterministic profile (Appendix A.6): positive, no payload.
template <typename F>
constexpr BitsOf<F> kCanonicalNan = bits(std::numeric_limits<F>::infinity()) | kQuietBit<F>;
/// On bits: a compiler may take the NaNs of a float operation for equal.
template <typename F> constexpr BitsOf<F> canonical_bits(BitsOf<F> a) {
  const bool nan = (a & ~kSignBit<F>) > bits(std::numeric_limits<F>::infinity());
  return nan ? kCanonicalNan<F> : a;
}
template <typename F> constexpr F quiet_if_nan(F a) { return is_nan(a) ? quiet(a) : a; }

// Rounding in plain arithmetic, for targets without such an instruction and for constants. The result has the sign of
// the operand also when it is zero.
template <typename F> constexpr F soft_trunc(F a) {
  if (is_integer_or_nan(a)) {
    return quiet_if_nan(a);
  }
  using I = std::make_signed_t<BitsOf<F>>;
  return with_sign_of(static_cast<F>(static_cast<I>(a)), a);
}
template <typename F> constexpr F soft_floor(F a) {
  F whole = soft_trunc(a);
  return whole > a ? with_sign_of(whole - 1, a) : whole;
}
template <typename F> constexpr F soft_ceil(F a) {
  F whole = soft_trunc(a);
  return whole < a ? with_sign_of(whole + 1, a) : whole;
}
template <typename F> constexpr F soft_nearest(F a) {
  if (is_integer_or_nan(a)) {
    return quiet_if_nan(a);
  }
  F whole = soft_trunc(a); // |whole| < 2^(digits-1), so `a - whole` and `whole ± 1` are exact
  F rest = abs(a - whole);
  using I = std::make_signed_t<BitsOf<F>>;
  bool is_odd = (static_cast<I>(whole) & 1) != 0;
  if (rest > F{0.5} || (rest == F{0.5} && is_odd)) {
    whole = with_sign_of(abs(whole) + 1, a);
  }
  return whole;
}

// SSE4.1 and every aarch64 round in one instruction; the builtins become a libm call elsewhere.
#if (defined(__SSE4_1__) || defined(__aarch64__)) && defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_roundeven)
#define PETREL_HAS_ROUNDING_BUILTINS 1
#endif
#endif
#ifdef PETREL_HAS_ROUNDING_BUILTINS
#define PETREL_ROUNDING(name, builtin)                                                             \
  template <typename F> constexpr F name(F a) {                                                    \
    if consteval {                                                                                 \
      return soft_##name(a);                                                                       \
    }                                                                                              \
    return builtin(a);                                                                             \
  }
#else
#define PETREL_ROUNDING(name, builtin)                                                             \
  template <typename F> constexpr F name(F a) { return soft_##name(a); }
#endif
PETREL_ROUNDING(ceil, __builtin_elementwise_ceil)
PETREL_ROUNDING(floor, __builtin_elementwise_floor)
PETREL_ROUNDING(trunc, __builtin_elementwise_trunc)
PETREL_ROUNDING(nearest, __builtin_elementwise_roundeven)
#undef PETREL_ROUNDING
#undef PETREL_HAS_ROUNDING_BUILTINS

/// Correctly rounded by IEEE 754. The elementwise form has no errno to set, so it never becomes a call.
template <typename F> inline F sqrt(F a) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(a);
#else
  return sizeof(F) == 4 ? static_cast<F>(__builtin_sqrtf(static_cast<f32>(a)))
                        : static_cast<F>(__builtin_sqrt(a));
#endif
}

template <typename F> constexpr F min(F a, F b) {
  if (a < b) {
    return a;
  }
  if (b < a) {
    return b;
  }
  if (a == b) { // equal: the same bits, or zeros of both signs
    return from_bits<F>(bits(a) | bits(b));
  }
  return quiet(is_nan(a) ? a : b);
}
template <typename F> constexpr F max(F a, F b) {
  if (a > b) {
    return a;
  }
  if (b > a) {
    return b;
  }
  if (a == b) {
    return from_bits<F>(bits(a) & bits(b));
  }
  return quiet(is_nan(a) ? a : b);
}

/// Division of IEEE 754, where C++ leaves division by zero undefined: its result is an infinity or NaN.
template <typename F>
#if defined(__clang__)
__attribute__((no_sanitize("float-divide-by-zero")))
#endif
constexpr F div(F a, F b) {
  return a / b;
}

// ---- Conversions ----------------------------------------------------------------------------------------------------

/// The operands that truncate into Int lie strictly between `below` and `above`; where Int's least value minus one
/// is not a value of F, `below` is the next one down, so that the test is exact in all eight cases.
template <typename Int, typename F> struct TruncRange {
  static constexpr int kDigits = std::numeric_limits<Int>::digits;
  static constexpr F kAbove = static_cast<F>(u64{1} << (kDigits - 1)) * F{2};
  static consteval F below() {
    if (!std::is_signed_v<Int>) {
      return F{-1};
    }
    if (kDigits < std::numeric_limits<F>::digits) {
      return -kAbove - F{1};
    }
    // -2^digits is in range; the next value down has the bits of one ulp more magnitude.
    return from_bits<F>(bits(-kAbove) + 1);
  }
  static constexpr F kBelow = below();
};

template <typename Int, typename F>
constexpr Checked<std::make_unsigned_t<Int>> trunc_checked(F a) {
  using U = std::make_unsigned_t<Int>;
  using Range = TruncRange<Int, F>;
  if (a > Range::kBelow && a < Range::kAbove) [[likely]] {
    return {static_cast<U>(static_cast<Int>(a))};
  }
  return trapped<U>(is_nan(a) ? TrapCode::invalid_conversion_to_integer
                              : TrapCode::integer_overflow);
}
template <typename Int, typename F> constexpr std::make_unsigned_t<Int> trunc_sat(F a) {
  using U = std::make_unsigned_t<Int>;
  using Range = TruncRange<Int, F>;
  if (a > Range::kBelow && a < Range::kAbove) [[likely]] {
    return static_cast<U>(static_cast<Int>(a));
  }
  if (is_nan(a)) {
    return 0;
  }
  return static_cast<U>(a < 0 ? std::numeric_limits<Int>::min() : std::numeric_limits<Int>::max());
}

} // namespace detail

// ---- i32 and i64 ------------------------------------------------------------------------------------------------------

#define PETREL_INTEGER_OPS(t, U, I)                                                                \
  constexpr u32 t##_eqz(U a) { return a == 0; }                                                    \
  constexpr u32 t##_eq(U a, U b) { return a == b; }                                                \
  constexpr u32 t##_ne(U a, U b) { return a != b; }                                                \
  constexpr u32 t##_lt_s(U a, U b) { return detail::to_signed(a) < detail::to_signed(b); }         \
  constexpr u32 t##_lt_u(U a, U b) { return a < b; }                                               \
  constexpr u32 t##_gt_s(U a, U b) { return detail::to_signed(a) > detail::to_signed(b); }         \
  constexpr u32 t##_gt_u(U a, U b) { return a > b; }                                               \
  constexpr u32 t##_le_s(U a, U b) { return detail::to_signed(a) <= detail::to_signed(b); }        \
  constexpr u32 t##_le_u(U a, U b) { return a <= b; }                                              \
  constexpr u32 t##_ge_s(U a, U b) { return detail::to_signed(a) >= detail::to_signed(b); }        \
  constexpr u32 t##_ge_u(U a, U b) { return a >= b; }                                              \
  constexpr U t##_clz(U a) { return detail::clz(a); }                                              \
  constexpr U t##_ctz(U a) { return detail::ctz(a); }                                              \
  constexpr U t##_popcnt(U a) { return detail::popcnt(a); }                                        \
  constexpr U t##_add(U a, U b) { return a + b; }                                                  \
  constexpr U t##_sub(U a, U b) { return a - b; }                                                  \
  constexpr U t##_mul(U a, U b) { return a * b; }                                                  \
  constexpr Checked<U> t##_div_s(U a, U b) { return detail::div_s(a, b); }                         \
  constexpr Checked<U> t##_div_u(U a, U b) { return detail::div_u(a, b); }                         \
  constexpr Checked<U> t##_rem_s(U a, U b) { return detail::rem_s(a, b); }                         \
  constexpr Checked<U> t##_rem_u(U a, U b) { return detail::rem_u(a, b); }                         \
  constexpr U t##_and(U a, U b) { return a & b; }                                                  \
  constexpr U t##_or(U a, U b) { return a | b; }                                                   \
  constexpr U t##_xor(U a, U b) { return a ^ b; }                                                  \
  constexpr U t##_shl(U a, U n) { return detail::shl(a, n); }                                      \
  constexpr U t##_shr_s(U a, U n) { return detail::shr_s(a, n); }                                  \
  constexpr U t##_shr_u(U a, U n) { return detail::shr_u(a, n); }                                  \
  constexpr U t##_rotl(U a, U n) { return detail::rotl(a, n); }                                    \
  constexpr U t##_rotr(U a, U n) { return detail::rotr(a, n); }                                    \
  constexpr U t##_extend8_s(U a) { return detail::extend_s<i8>(a); }                               \
  constexpr U t##_extend16_s(U a) { return detail::extend_s<i16>(a); }                             \
  constexpr Checked<U> t##_trunc_f32_s(f32 a) { return detail::trunc_checked<I>(a); }              \
  constexpr Checked<U> t##_trunc_f32_u(f32 a) { return detail::trunc_checked<U>(a); }              \
  constexpr Checked<U> t##_trunc_f64_s(f64 a) { return detail::trunc_checked<I>(a); }              \
  constexpr Checked<U> t##_trunc_f64_u(f64 a) { return detail::trunc_checked<U>(a); }              \
  constexpr U t##_trunc_sat_f32_s(f32 a) { return detail::trunc_sat<I>(a); }                       \
  constexpr U t##_trunc_sat_f32_u(f32 a) { return detail::trunc_sat<U>(a); }                       \
  constexpr U t##_trunc_sat_f64_s(f64 a) { return detail::trunc_sat<I>(a); }                       \
  constexpr U t##_trunc_sat_f64_u(f64 a) { return detail::trunc_sat<U>(a); }

PETREL_INTEGER_OPS(i32, u32, petrel::i32)
PETREL_INTEGER_OPS(i64, u64, petrel::i64)
#undef PETREL_INTEGER_OPS

constexpr u32 i32_wrap_i64(u64 a) { return static_cast<u32>(a); }
constexpr u64 i64_extend_i32_s(u32 a) { return detail::extend_s<i32>(u64{a}); }
constexpr u64 i64_extend_i32_u(u32 a) { return a; }
constexpr u64 i64_extend32_s(u64 a) { return detail::extend_s<i32>(a); }

// ---- f32 and f64 ------------------------------------------------------------------------------------------------------

#define PETREL_FLOAT_OPS(t, F)                                                                     \
  constexpr u32 t##_eq(F a, F b) { return a == b; }                                                \
  constexpr u32 t##_ne(F a, F b) { return a != b; }                                                \
  constexpr u32 t##_lt(F a, F b) { return a < b; }                                                 \
  constexpr u32 t##_gt(F a, F b) { return a > b; }                                                 \
  constexpr u32 t##_le(F a, F b) { return a <= b; }                                                \
  constexpr u32 t##_ge(F a, F b) { return a >= b; }                                                \
  constexpr F t##_abs(F a) { return detail::abs(a); }                                              \
  constexpr F t##_neg(F a) { return detail::neg(a); }                                              \
  constexpr F t##_ceil(F a) { return detail::ceil(a); }                                            \
  constexpr F t##_floor(F a) { return detail::floor(a); }                                          \
  constexpr F t##_trunc(F a) { return detail::trunc(a); }                                          \
  constexpr F t##_nearest(F a) { return detail::nearest(a); }                                      \
  inline F t##_sqrt(F a) { return detail::sqrt(a); }                                               \
  constexpr F t##_add(F a, F b) { return a + b; }                                                  \
  constexpr F t##_sub(F a, F b) { return a - b; }                                                  \
  constexpr F t##_mul(F a, F b) { return a * b; }                                                  \
  constexpr F t##_div(F a, F b) { return detail::div(a, b); }                                      \
  constexpr F t##_min(F a, F b) { return detail::min(a, b); }                                      \
  constexpr F t##_max(F a, F b) { return detail::max(a, b); }                                      \
  constexpr F t##_copysign(F a, F b) { return detail::with_sign_of(a, b); }                        \
  constexpr F t##_convert_i32_s(u32 a) { return static_cast<F>(detail::to_signed(a)); }            \
  constexpr F t##_convert_i32_u(u32 a) { return static_cast<F>(a); }                               \
  constexpr F t##_convert_i64_s(u64 a) { return static_cast<F>(detail::to_signed(a)); }            \
  constexpr F t##_convert_i64_u(u64 a) { return static_cast<F>(a); }

PETREL_FLOAT_OPS(f32, petrel::f32)
PETREL_FLOAT_OPS(f64, petrel::f64)
#undef PETREL_FLOAT_OPS

// ---- Wide arithmetic (proposal) ------------------------------------------------------------------------------------

/// 128 bits as two results, low half first.
struct Wide {
  u64 low;
  u64 high;
  constexpr bool operator==(const Wide&) const = default;
};

namespace detail {
using u128 = unsigned __int128;
constexpr u128 join(u64 low, u64 high) { return u128{high} << 64 | low; }
constexpr Wide split(u128 value) {
  return {static_cast<u64>(value), static_cast<u64>(value >> 64)};
}
} // namespace detail

constexpr Wide i64_add128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) {
  return detail::split(detail::join(a_low, a_high) + detail::join(b_low, b_high));
}
constexpr Wide i64_sub128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) {
  return detail::split(detail::join(a_low, a_high) - detail::join(b_low, b_high));
}
constexpr Wide i64_mul_wide_u(u64 a, u64 b) { return detail::split(detail::u128{a} * b); }
constexpr Wide i64_mul_wide_s(u64 a, u64 b) {
  const __int128 product = static_cast<__int128>(static_cast<i64>(a)) * static_cast<i64>(b);
  return detail::split(static_cast<detail::u128>(product));
}

constexpr f32 f32_demote_f64(f64 a) { return static_cast<f32>(a); }
constexpr f64 f64_promote_f32(f32 a) { return a; }
constexpr u32 i32_reinterpret_f32(f32 a) { return std::bit_cast<u32>(a); }
constexpr u64 i64_reinterpret_f64(f64 a) { return std::bit_cast<u64>(a); }
constexpr f32 f32_reinterpret_i32(u32 a) { return std::bit_cast<f32>(a); }
constexpr f64 f64_reinterpret_i64(u64 a) { return std::bit_cast<f64>(a); }

} // namespace petrel::ir::numeric
