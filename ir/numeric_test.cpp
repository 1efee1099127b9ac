// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar numeric instructions at their edges: wrapping, masked counts, both division traps, rounding of halves and
// signed zeros, NaN bits, and the least and greatest operands of each truncation.
#include "ir/numeric.h"

#include <cmath>

#include <doctest/doctest.h>

#include "ir/opcodes.h"

namespace petrel::ir::numeric {
namespace {

constexpr u32 kMin32 = 0x80000000;
constexpr u64 kMin64 = 0x8000000000000000;
constexpr u32 kSignalling32 = 0x7fa00000;
constexpr u64 kSignalling64 = 0x7ff4000000000000;

u32 bits(f32 a) { return std::bit_cast<u32>(a); }
u64 bits(f64 a) { return std::bit_cast<u64>(a); }
f32 from(u32 a) { return std::bit_cast<f32>(a); }
f64 from(u64 a) { return std::bit_cast<f64>(a); }
bool is_arithmetic_nan(f32 a) { return (bits(a) & 0x7fc00000) == 0x7fc00000; }
bool is_arithmetic_nan(f64 a) { return (bits(a) & 0x7ff8000000000000) == 0x7ff8000000000000; }

template <typename T> constexpr char kTypeChar = '?';
template <> constexpr char kTypeChar<u32> = 'i';
template <> constexpr char kTypeChar<u64> = 'I';
template <> constexpr char kTypeChar<f32> = 'f';
template <> constexpr char kTypeChar<f64> = 'F';
template <typename T> constexpr char kTypeChar<Checked<T>> = kTypeChar<T>;

template <typename R, typename... As>
constexpr bool has_types(R (*)(As...), std::string_view params, std::string_view results) {
  const char chars[] = {kTypeChar<As>...};
  return params == std::string_view(chars, sizeof...(As)) && results.size() == 1 &&
         results[0] == kTypeChar<R>;
}
template <typename T> constexpr bool kIsChecked = false;
template <typename T> constexpr bool kIsChecked<Checked<T>> = true;
template <typename R, typename... As> constexpr bool is_checked(R (*)(As...)) {
  return kIsChecked<R>;
}

// A row whose function is missing or has other types does not compile.
#define PETREL_OP_NUMERIC(Enum, snake, text, prefix, code, params, results, feature, family)       \
  static_assert(has_types(snake, params, results));                                                \
  static_assert(is_checked(snake) == is_trapping_numeric(Op::Enum));
#include "ir/opcodes.def"

TEST_CASE("numeric: constant expressions") {
  static_assert(i32_add(0xffffffff, 2) == 1);
  static_assert(i64_mul(kMin64, 2) == 0);
  static_assert(i32_div_s(7, static_cast<u32>(-2)).value == static_cast<u32>(-3));
  static_assert(i32_div_s(1, 0).trap == TrapCode::integer_divide_by_zero);
  static_assert(f32_floor(-0.5f) == -1.0f);
  static_assert(f64_nearest(2.5) == 2.0);
  static_assert(i32_trunc_f64_u(-0.9).value == 0);
}

TEST_CASE("numeric: integer arithmetic wraps, counts are masked") {
  CHECK(i32_sub(0, 1) == 0xffffffff);
  CHECK(i32_mul(0x10000, 0x10000) == 0);
  CHECK(i64_mul(0xffffffffffffffff, 0xffffffffffffffff) == 1);
  CHECK(i32_shl(1, 32) == 1);
  CHECK(i32_shl(1, 33) == 2);
  CHECK(i32_shr_s(kMin32, 31) == 0xffffffff);
  CHECK(i32_shr_u(kMin32, 31) == 1);
  CHECK(i64_shl(1, 64) == 1);
  CHECK(i64_shr_s(kMin64, 127) == 0xffffffffffffffff);
  CHECK(i32_rotl(0x80000001, 1) == 3);
  CHECK(i32_rotl(0xabcd9876, 32) == 0xabcd9876);
  CHECK(i32_rotr(1, 1) == kMin32);
  CHECK(i64_rotr(1, 65) == kMin64);
  CHECK(i32_clz(0) == 32);
  CHECK(i32_ctz(0) == 32);
  CHECK(i64_clz(0) == 64);
  CHECK(i64_ctz(kMin64) == 63);
  CHECK(i64_popcnt(~u64{0}) == 64);
  CHECK(i32_lt_s(kMin32, 0) == 1);
  CHECK(i32_lt_u(kMin32, 0) == 0);
  CHECK(i64_ge_s(kMin64, 0) == 0);
  CHECK(i64_ge_u(kMin64, 0) == 1);
  CHECK(i64_eqz(0) == 1);
  CHECK(i64_eqz(kMin64) == 0);
}

TEST_CASE("numeric: division") {
  CHECK(i32_div_s(kMin32, static_cast<u32>(-1)).trap == TrapCode::integer_overflow);
  CHECK(i64_div_s(kMin64, static_cast<u64>(-1)).trap == TrapCode::integer_overflow);
  CHECK(i32_rem_s(kMin32, static_cast<u32>(-1)).is_ok());
  CHECK(i32_rem_s(kMin32, static_cast<u32>(-1)).value == 0);
  CHECK(i64_rem_s(kMin64, static_cast<u64>(-1)).value == 0);
  CHECK(i64_rem_s(static_cast<u64>(-7), 2).value == static_cast<u64>(-1));
  CHECK(i64_rem_s(7, static_cast<u64>(-2)).value == 1);
  CHECK(i32_div_u(kMin32, static_cast<u32>(-1)).value == 0);
  CHECK(i32_rem_u(static_cast<u32>(-5), 2).value == 1);
  CHECK(i32_div_u(5, 0).trap == TrapCode::integer_divide_by_zero);
  CHECK(i64_rem_s(5, 0).trap == TrapCode::integer_divide_by_zero);
  CHECK(i64_rem_u(5, 0).trap == TrapCode::integer_divide_by_zero);
  CHECK(i64_div_s(kMin64, 0).trap == TrapCode::integer_divide_by_zero);
}

TEST_CASE("numeric: extensions") {
  CHECK(i32_extend8_s(0xffffff80) == 0xffffff80);
  CHECK(i32_extend8_s(0x17f) == 0x7f);
  CHECK(i32_extend16_s(0x8000) == 0xffff8000);
  CHECK(i64_extend8_s(0x80) == 0xffffffffffffff80);
  CHECK(i64_extend32_s(0x180000000) == 0xffffffff80000000);
  CHECK(i64_extend_i32_s(kMin32) == 0xffffffff80000000);
  CHECK(i64_extend_i32_u(kMin32) == 0x80000000);
  CHECK(i32_wrap_i64(0x123456789) == 0x23456789);
}

template <typename F> void check_rounding() {
  struct Row {
    double in, ceil, floor, trunc, nearest;
  };
  const Row rows[] = {
      {0.0, 0.0, 0.0, 0.0, 0.0},
      {-0.0, -0.0, -0.0, -0.0, -0.0},
      {0.25, 1.0, 0.0, 0.0, 0.0},
      {-0.25, -0.0, -1.0, -0.0, -0.0},
      {0.5, 1.0, 0.0, 0.0, 0.0},
      {-0.5, -0.0, -1.0, -0.0, -0.0},
      {0.75, 1.0, 0.0, 0.0, 1.0},
      {1.5, 2.0, 1.0, 1.0, 2.0},
      {2.5, 3.0, 2.0, 2.0, 2.0},
      {-2.5, -2.0, -3.0, -2.0, -2.0},
      {-3.5, -3.0, -4.0, -3.0, -4.0},
      {4194303.5, 4194304.0, 4194303.0, 4194303.0, 4194304.0},
      {8388609.0, 8388609.0, 8388609.0, 8388609.0, 8388609.0},
      {1e30, 1e30, 1e30, 1e30, 1e30},
      {HUGE_VAL, HUGE_VAL, HUGE_VAL, HUGE_VAL, HUGE_VAL},
      {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL},
  };
  for (const Row& row : rows) {
    CAPTURE(row.in);
    F in = static_cast<F>(row.in);
    CHECK(bits(detail::soft_ceil(in)) == bits(static_cast<F>(row.ceil)));
    CHECK(bits(detail::soft_floor(in)) == bits(static_cast<F>(row.floor)));
    CHECK(bits(detail::soft_trunc(in)) == bits(static_cast<F>(row.trunc)));
    CHECK(bits(detail::soft_nearest(in)) == bits(static_cast<F>(row.nearest)));
  }
}

TEST_CASE("numeric: rounding, halves to even, signs of zeros") {
  check_rounding<f32>();
  check_rounding<f64>();
  CHECK(bits(detail::soft_nearest(0.49999999999999994)) ==
        bits(0.0)); // just below a half: adding 0.5 would round up
  CHECK(detail::soft_nearest(4503599627370495.5) == 4503599627370496.0);
}

TEST_CASE("numeric: rounding by instruction equals rounding by arithmetic") {
  for (u32 high = 0; high < 0x10000; ++high) { // every sign and exponent, some mantissas
    for (u32 low : {0u, 1u, 0x8000u, 0xffffu}) {
      f32 a = from((high << 16) | low);
      if (bits(f32_ceil(a)) != bits(detail::soft_ceil(a)) ||
          bits(f32_floor(a)) != bits(detail::soft_floor(a)) ||
          bits(f32_trunc(a)) != bits(detail::soft_trunc(a)) ||
          bits(f32_nearest(a)) != bits(detail::soft_nearest(a))) {
        FAIL("f32 rounding differs at bits ", bits(a));
      }
      f64 b = from((u64{high} << 48) | (u64{low} << 32) | low);
      if (bits(f64_ceil(b)) != bits(detail::soft_ceil(b)) ||
          bits(f64_floor(b)) != bits(detail::soft_floor(b)) ||
          bits(f64_trunc(b)) != bits(detail::soft_trunc(b)) ||
          bits(f64_nearest(b)) != bits(detail::soft_nearest(b))) {
        FAIL("f64 rounding differs at bits ", bits(b));
      }
    }
  }
}

TEST_CASE("numeric: minimum, maximum and NaN") {
  CHECK(bits(f32_min(0.0f, -0.0f)) == kMin32);
  CHECK(bits(f32_min(-0.0f, 0.0f)) == kMin32);
  CHECK(bits(f32_max(0.0f, -0.0f)) == 0);
  CHECK(bits(f64_max(-0.0, 0.0)) == 0);
  CHECK(f32_min(1.0f, -HUGE_VALF) == -HUGE_VALF);
  CHECK(f64_max(1.0, HUGE_VAL) == HUGE_VAL);
  CHECK(is_arithmetic_nan(f32_min(from(kSignalling32), 1.0f)));
  CHECK(is_arithmetic_nan(f32_max(1.0f, from(kSignalling32))));
  CHECK(is_arithmetic_nan(f64_min(1.0, from(kSignalling64))));
  CHECK(bits(f32_min(from(0x7fc00000u), 1.0f)) == 0x7fc00000); // canonical stays canonical
}

TEST_CASE("numeric: bitwise float operations keep NaN payloads") {
  CHECK(bits(f32_abs(from(0xffa00001u))) == 0x7fa00001);
  CHECK(bits(f32_neg(from(kSignalling32))) == (kSignalling32 | kMin32));
  CHECK(bits(f64_neg(0.0)) == kMin64);
  CHECK(bits(f32_copysign(from(kSignalling32), -1.0f)) == (kSignalling32 | kMin32));
  CHECK(bits(f64_copysign(-2.0, 1.0)) == bits(2.0));
  CHECK(i32_reinterpret_f32(f32_reinterpret_i32(kSignalling32)) == kSignalling32);
  CHECK(i64_reinterpret_f64(f64_reinterpret_i64(kSignalling64)) == kSignalling64);
}

TEST_CASE("numeric: float arithmetic") {
  CHECK(f32_div(1.0f, 0.0f) == HUGE_VALF);
  CHECK(f64_div(-1.0, 0.0) == -HUGE_VAL);
  CHECK(is_arithmetic_nan(f64_div(0.0, 0.0)));
  CHECK(is_arithmetic_nan(f32_sqrt(-1.0f)));
  CHECK(bits(f64_sqrt(-0.0)) == kMin64);
  CHECK(f64_sqrt(2.0) == 1.4142135623730951);
  CHECK(is_arithmetic_nan(f32_sqrt(from(kSignalling32))));
  CHECK(is_arithmetic_nan(f32_nearest(from(kSignalling32))));
  CHECK(is_arithmetic_nan(f64_floor(from(kSignalling64))));
  CHECK(is_arithmetic_nan(f32_demote_f64(from(kSignalling64))));
  CHECK(is_arithmetic_nan(f64_promote_f32(from(kSignalling32))));
  CHECK(f32_demote_f64(1e300) == HUGE_VALF);
  CHECK(f32_eq(from(0x7fc00000u), from(0x7fc00000u)) == 0);
  CHECK(f64_ne(from(kSignalling64), 0.0) == 1);
  CHECK(f32_convert_i32_u(0xffffffff) == 4294967296.0f);
  CHECK(f32_convert_i32_s(0xffffffff) == -1.0f);
  CHECK(f32_convert_i64_u(0xffffff7fffffffff) ==
        18446742974197923840.0f); // a tie to even needs one rounding only
  CHECK(f32_convert_i64_s(0x8000004000000001) == -9223371487098961920.0f);
  CHECK(f64_convert_i64_u(0xfffffffffffffbff) == 18446744073709549568.0);
  CHECK(f64_convert_i64_u(0xfffffffffffffc00) == 18446744073709551616.0);
}

TEST_CASE("numeric: truncation at the edges") {
  CHECK(i32_trunc_f32_s(-2147483648.0f).value == kMin32);
  CHECK(i32_trunc_f32_s(-2147483904.0f).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f32_s(2147483520.0f).value == 0x7fffff80);
  CHECK(i32_trunc_f32_s(2147483648.0f).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f64_s(-2147483648.9).value == kMin32);
  CHECK(i32_trunc_f64_s(-2147483649.0).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f64_s(2147483647.9).value == 0x7fffffff);
  CHECK(i32_trunc_f64_s(2147483648.0).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f32_u(-0.99999994f).value == 0);
  CHECK(i32_trunc_f32_u(-1.0f).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f32_u(4294967040.0f).value == 0xffffff00);
  CHECK(i32_trunc_f64_u(4294967295.9).value == 0xffffffff);
  CHECK(i32_trunc_f64_u(4294967296.0).trap == TrapCode::integer_overflow);
  CHECK(i64_trunc_f32_s(-9223372036854775808.0f).value == kMin64);
  CHECK(i64_trunc_f32_s(-9223373136366403584.0f).trap == TrapCode::integer_overflow);
  CHECK(i64_trunc_f32_s(9223372036854775808.0f).trap == TrapCode::integer_overflow);
  CHECK(i64_trunc_f64_s(-9223372036854775808.0).value == kMin64);
  CHECK(i64_trunc_f64_s(-9223372036854777856.0).trap == TrapCode::integer_overflow);
  CHECK(i64_trunc_f64_s(9223372036854774784.0).value == 0x7ffffffffffffc00);
  CHECK(i64_trunc_f64_u(18446744073709549568.0).value == 0xfffffffffffff800);
  CHECK(i64_trunc_f64_u(18446744073709551616.0).trap == TrapCode::integer_overflow);
  CHECK(i64_trunc_f64_u(-1.0).trap == TrapCode::integer_overflow);
  CHECK(i32_trunc_f32_s(from(0x7fc00000u)).trap == TrapCode::invalid_conversion_to_integer);
  CHECK(i64_trunc_f64_u(from(kSignalling64)).trap == TrapCode::invalid_conversion_to_integer);
  CHECK(i64_trunc_f64_u(HUGE_VAL).trap == TrapCode::integer_overflow);
}

TEST_CASE("numeric: saturating truncation") {
  CHECK(i32_trunc_sat_f32_s(1e30f) == 0x7fffffff);
  CHECK(i32_trunc_sat_f32_s(-1e30f) == kMin32);
  CHECK(i32_trunc_sat_f64_s(-2147483648.9) == kMin32);
  CHECK(i32_trunc_sat_f32_u(-5.0f) == 0);
  CHECK(i32_trunc_sat_f64_u(1e30) == 0xffffffff);
  CHECK(i32_trunc_sat_f64_u(-0.5) == 0);
  CHECK(i64_trunc_sat_f64_s(HUGE_VAL) == 0x7fffffffffffffff);
  CHECK(i64_trunc_sat_f64_s(-HUGE_VAL) == kMin64);
  CHECK(i64_trunc_sat_f32_u(HUGE_VALF) == 0xffffffffffffffff);
  CHECK(i64_trunc_sat_f32_u(from(0x7fc00000u)) == 0);
  CHECK(i64_trunc_sat_f64_s(from(kSignalling64)) == 0);
}

TEST_CASE("wide arithmetic: carries, borrows and signs") {
  constexpr u64 kMax = ~u64{0};
  constexpr u64 kMin = u64{1} << 63;
  CHECK(i64_add128(kMax, 0, 1, 0) == Wide{0, 1});
  CHECK(i64_add128(kMax, kMax, 1, 0) == Wide{0, 0});
  CHECK(i64_add128(1, 2, 3, 4) == Wide{4, 6});
  CHECK(i64_sub128(0, 1, 1, 0) == Wide{kMax, 0});
  CHECK(i64_sub128(0, 0, 1, 0) == Wide{kMax, kMax});
  CHECK(i64_mul_wide_u(kMax, kMax) == Wide{1, kMax - 1});
  CHECK(i64_mul_wide_s(kMax, kMax) == Wide{1, 0}); // -1 * -1
  CHECK(i64_mul_wide_s(kMin, 2) == Wide{0, kMax});
  CHECK(i64_mul_wide_u(kMin, 2) == Wide{0, 1});
  CHECK(i64_mul_wide_s(kMin, kMin) == Wide{0, u64{1} << 62});
}

} // namespace
} // namespace petrel::ir::numeric
