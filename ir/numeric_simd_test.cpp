// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector instructions against the plain reading of the specification: each lane computed alone, in a wide type, for edge
// values in all combinations and for pseudo-random bytes. Where a scalar instruction means the same it is the reference.
#include "ir/numeric_simd.h"

#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "ir/opcodes.h"

namespace petrel::ir::numeric {
namespace {

template <typename T> constexpr char kLetter = '?';
template <> constexpr char kLetter<u32> = 'i';
template <> constexpr char kLetter<u64> = 'I';
template <> constexpr char kLetter<f32> = 'f';
template <> constexpr char kLetter<f64> = 'F';
template <> constexpr char kLetter<V128> = 'v';

template <typename R, typename... As> constexpr bool has_types(R (*)(As...), const OpInfo& info) {
  const char chars[] = {kLetter<As>...};
  // Lane numbers and shuffle indices are parameters too.
  const usize immediates = info.imm == Imm::None ? 0 : 1;
  std::string_view given(chars, sizeof...(As));
  if (info.family == Family::SimdReplaceLane) {
    return given == (info.params[1] == 'i'   ? "vii"
                     : info.params[1] == 'I' ? "viI"
                     : info.params[1] == 'f' ? "vif"
                                             : "viF");
  }
  given.remove_suffix(immediates);
  return given == info.params.view() && info.results.view() == std::string_view(&kLetter<R>, 1);
}

// A row whose function is missing or has other types does not compile.
inline V128 v128_const() { return V128{}; }
template <Op kOp> constexpr bool has_function(auto* fn) {
  return kOp == Op::V128Const || has_types(fn, op_info(kOp));
}
#define PETREL_OP_SIMD(Enum, snake, text, prefix, code, imm, params, results, feature, family,     \
                       shape)                                                                      \
  static_assert(has_function<Op::Enum>(&snake));
#include "ir/opcodes.def"

template <typename T> using Lanes = std::array<T, 16 / sizeof(T)>;
template <typename T> Lanes<T> to_lanes(V128 v) { return __builtin_bit_cast(Lanes<T>, v); }
template <typename T> V128 from_lanes(const Lanes<T>& lanes) {
  return __builtin_bit_cast(V128, lanes);
}
bool is_same(V128 a, V128 b) { return std::memcmp(&a, &b, 16) == 0; }

u64 next_random() {
  static u64 state = 0x9e3779b97f4a7c15;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/// Pairs that meet every pair of edge values of T in some lane, then random ones.
template <typename T> std::vector<std::pair<V128, V128>> pairs(const std::vector<T>& edges) {
  std::vector<std::pair<T, T>> values;
  for (T a : edges) {
    for (T b : edges) {
      values.emplace_back(a, b);
    }
  }
  std::vector<std::pair<V128, V128>> out;
  constexpr usize kLanes = 16 / sizeof(T);
  for (usize at = 0; at < values.size(); at += kLanes) {
    Lanes<T> a{};
    Lanes<T> b{};
    for (usize i = 0; i < kLanes; ++i) {
      std::tie(a[i], b[i]) = values[(at + i) % values.size()];
    }
    out.emplace_back(from_lanes<T>(a), from_lanes<T>(b));
  }
  for (u32 i = 0; i < 200; ++i) {
    out.emplace_back(from_lanes<u64>({next_random(), next_random()}),
                     from_lanes<u64>({next_random(), next_random()}));
  }
  return out;
}
template <typename T> std::vector<T> integer_edges() {
  using U = std::make_unsigned_t<T>;
  std::vector<T> edges;
  for (u64 value :
       {u64{0}, u64{1}, u64{2}, u64{7}, u64{8}, u64{15}, u64{16}, u64{0x7f}, u64{0x80}, u64{0xff},
        u64{0x7fff}, u64{0x8000}, u64{0xffff}, u64{0x7fffffff}, u64{0x80000000}, u64{0xffffffff},
        u64{0x7fffffffffffffff}, u64{0x8000000000000000}, ~u64{0}}) {
    edges.push_back(static_cast<T>(static_cast<U>(value)));
    edges.push_back(static_cast<T>(static_cast<U>(~value)));
  }
  return edges;
}
template <typename F> std::vector<F> float_edges() {
  using U = detail::BitsOf<F>;
  std::vector<F> edges = {F(0),
                          F(0.5),
                          F(1),
                          F(1.5),
                          F(2.5),
                          F(0.4999),
                          F(0.7),
                          F(4.5),
                          F(1e9),
                          F(2147483647.5),
                          F(2147483648.0),
                          F(4294967295.0),
                          F(4294967296.0),
                          F(8388607.5),
                          F(8388609),
                          F(4503599627370495.5),
                          F(4503599627370497.0),
                          F(1e30),
                          std::numeric_limits<F>::max(),
                          std::numeric_limits<F>::min(),
                          std::numeric_limits<F>::denorm_min(),
                          std::numeric_limits<F>::infinity()};
  edges.push_back(
      detail::from_bits<F>(detail::bits(std::numeric_limits<F>::infinity()) | U{1})); // signalling
  edges.push_back(detail::from_bits<F>(detail::bits(std::numeric_limits<F>::infinity()) |
                                       detail::kQuietBit<F>));
  const usize positive = edges.size();
  for (usize i = 0; i < positive; ++i) {
    edges.push_back(detail::neg(edges[i]));
  }
  return edges;
}

/// `name(a, b)` must be `reference` lane by lane; R is the lane of the result.
template <typename T, typename R = T, typename Reference>
void check_binary(const char* name, V128 (*fn)(V128, V128),
                  const std::vector<std::pair<V128, V128>>& inputs, Reference reference) {
  static_assert(sizeof(R) == sizeof(T));
  u32 wrong = 0;
  for (const auto& [a, b] : inputs) {
    const auto x = to_lanes<T>(a);
    const auto y = to_lanes<T>(b);
    Lanes<R> expected{};
    for (usize i = 0; i < x.size(); ++i) {
      expected[i] = static_cast<R>(reference(x[i], y[i]));
    }
    wrong += is_same(fn(a, b), from_lanes<R>(expected)) ? 0 : 1;
  }
  INFO(name);
  CHECK(wrong == 0);
}
template <typename T, typename Reference>
void check_unary(const char* name, V128 (*fn)(V128),
                 const std::vector<std::pair<V128, V128>>& inputs, Reference reference) {
  u32 wrong = 0;
  for (const auto& [a, unused] : inputs) {
    auto expected = to_lanes<T>(a);
    for (T& lane : expected) {
      lane = static_cast<T>(reference(lane));
    }
    wrong += is_same(fn(a), from_lanes<T>(expected)) ? 0 : 1;
  }
  INFO(name);
  CHECK(wrong == 0);
}

template <typename T> T clamp(i64 value) {
  return static_cast<T>(value < std::numeric_limits<T>::min()   ? std::numeric_limits<T>::min()
                        : value > std::numeric_limits<T>::max() ? std::numeric_limits<T>::max()
                                                                : value);
}

#define BINARY(T, name, expr)                                                                      \
  check_binary<T>(#name, name, inputs, [](auto a, auto b) { return expr; })
#define UNARY(T, name, expr) check_unary<T>(#name, name, inputs, [](auto a) { return expr; })

#define INTEGER_CASES(shape, U, I)                                                                 \
  BINARY(U, shape##_add, a + b);                                                                   \
  BINARY(U, shape##_sub, a - b);                                                                   \
  BINARY(U, shape##_eq, a == b ? -1 : 0);                                                          \
  BINARY(U, shape##_ne, a != b ? -1 : 0);                                                          \
  BINARY(I, shape##_lt_s, a < b ? -1 : 0);                                                         \
  BINARY(I, shape##_gt_s, a > b ? -1 : 0);                                                         \
  BINARY(I, shape##_le_s, a <= b ? -1 : 0);                                                        \
  BINARY(I, shape##_ge_s, a >= b ? -1 : 0);                                                        \
  UNARY(U, shape##_neg, 0 - a);                                                                    \
  UNARY(U, shape##_abs, static_cast<I>(a) < 0 ? 0 - a : a);                                        \
  for (u32 n :                                                                                     \
       {0u, 1u, u32{sizeof(U) * 8 - 1}, u32{sizeof(U) * 8}, u32{sizeof(U) * 8 + 3}, ~0u}) {        \
    const u32 count = n % (sizeof(U) * 8);                                                         \
    u32 wrong = 0;                                                                                 \
    for (const auto& [v, unused] : inputs) {                                                       \
      auto left = to_lanes<U>(v);                                                                  \
      auto right = left;                                                                           \
      auto right_s = left;                                                                         \
      for (usize i = 0; i < left.size(); ++i) {                                                    \
        left[i] = static_cast<U>(u64{left[i]} << count);                                           \
        right[i] = static_cast<U>(right[i] >> count);                                              \
        right_s[i] = static_cast<U>(static_cast<I>(right_s[i]) >> count);                          \
      }                                                                                            \
      wrong += is_same(shape##_shl(v, n), from_lanes<U>(left)) ? 0 : 1;                            \
      wrong += is_same(shape##_shr_u(v, n), from_lanes<U>(right)) ? 0 : 1;                         \
      wrong += is_same(shape##_shr_s(v, n), from_lanes<U>(right_s)) ? 0 : 1;                       \
      u32 mask = 0;                                                                                \
      bool all = true;                                                                             \
      for (usize i = 0; i < left.size(); ++i) {                                                    \
        const U lane = to_lanes<U>(v)[i];                                                          \
        mask |= u32{static_cast<I>(lane) < 0} << i;                                                \
        all = all && lane != 0;                                                                    \
      }                                                                                            \
      wrong += shape##_bitmask(v) == mask ? 0 : 1;                                                 \
      wrong += shape##_all_true(v) == u32{all} ? 0 : 1;                                            \
    }                                                                                              \
    INFO(#shape " shifts and tests by ", n);                                                       \
    CHECK(wrong == 0);                                                                             \
  }
#define SMALL_CASES(shape, U, I)                                                                   \
  BINARY(U, shape##_lt_u, a < b ? -1 : 0);                                                         \
  BINARY(U, shape##_gt_u, a > b ? -1 : 0);                                                         \
  BINARY(U, shape##_le_u, a <= b ? -1 : 0);                                                        \
  BINARY(U, shape##_ge_u, a >= b ? -1 : 0);                                                        \
  BINARY(I, shape##_min_s, a < b ? a : b);                                                         \
  BINARY(U, shape##_min_u, a < b ? a : b);                                                         \
  BINARY(I, shape##_max_s, a > b ? a : b);                                                         \
  BINARY(U, shape##_max_u, a > b ? a : b);
#define SATURATING_CASES(shape, U, I)                                                              \
  BINARY(I, shape##_add_sat_s, clamp<I>(i64{a} + b));                                              \
  BINARY(U, shape##_add_sat_u, clamp<U>(i64{a} + b));                                              \
  BINARY(I, shape##_sub_sat_s, clamp<I>(i64{a} - b));                                              \
  BINARY(U, shape##_sub_sat_u, clamp<U>(i64{a} - b));                                              \
  BINARY(U, shape##_avgr_u, (i64{a} + b + 1) / 2);

TEST_CASE("simd: i8x16") {
  const auto inputs = pairs<i8>(integer_edges<i8>());
  INTEGER_CASES(i8x16, u8, i8)
  SMALL_CASES(i8x16, u8, i8)
  SATURATING_CASES(i8x16, u8, i8)
  UNARY(u8, i8x16_popcnt, std::popcount(a));
}

TEST_CASE("simd: i16x8") {
  const auto inputs = pairs<i16>(integer_edges<i16>());
  INTEGER_CASES(i16x8, u16, i16)
  SMALL_CASES(i16x8, u16, i16)
  SATURATING_CASES(i16x8, u16, i16)
  BINARY(u16, i16x8_mul, u32{a} * b);
  BINARY(i16, i16x8_q15mulr_sat_s, clamp<i16>((i64{a} * b + 0x4000) >> 15));
  BINARY(i16, i16x8_relaxed_q15mulr_s, clamp<i16>((i64{a} * b + 0x4000) >> 15));
}

TEST_CASE("simd: i32x4 and i64x2") {
  {
    const auto inputs = pairs<i32>(integer_edges<i32>());
    INTEGER_CASES(i32x4, u32, i32)
    SMALL_CASES(i32x4, u32, i32)
    BINARY(u32, i32x4_mul, a * b);
  }
  const auto inputs = pairs<i64>(integer_edges<i64>());
  INTEGER_CASES(i64x2, u64, i64)
  BINARY(u64, i64x2_mul, a * b);
}

/// Instructions between T and U, twice as wide.
template <typename T, typename U> struct Widths {
  static constexpr usize kNarrow = 16 / sizeof(T);
  static constexpr usize kWide = 16 / sizeof(U);
  using Unsigned = std::make_unsigned_t<U>;

  static void extend(V128 (*low)(V128), V128 (*high)(V128), V128 (*mul_low)(V128, V128),
                     V128 (*mul_high)(V128, V128)) {
    u32 wrong = 0;
    for (const auto& [a, b] : pairs<T>(integer_edges<T>())) {
      Lanes<U> expected[4];
      for (usize i = 0; i < kWide; ++i) {
        expected[0][i] = to_lanes<T>(a)[i];
        expected[1][i] = to_lanes<T>(a)[kWide + i];
        expected[2][i] = static_cast<U>(static_cast<Unsigned>(to_lanes<T>(a)[i]) *
                                        u64{static_cast<Unsigned>(to_lanes<T>(b)[i])});
        expected[3][i] = static_cast<U>(static_cast<Unsigned>(to_lanes<T>(a)[kWide + i]) *
                                        u64{static_cast<Unsigned>(to_lanes<T>(b)[kWide + i])});
      }
      wrong += is_same(low(a), from_lanes<U>(expected[0])) ? 0 : 1;
      wrong += is_same(high(a), from_lanes<U>(expected[1])) ? 0 : 1;
      wrong += is_same(mul_low(a, b), from_lanes<U>(expected[2])) ? 0 : 1;
      wrong += is_same(mul_high(a, b), from_lanes<U>(expected[3])) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  static void narrow(V128 (*fn)(V128, V128)) {
    u32 wrong = 0;
    for (const auto& [a, b] : pairs<U>(integer_edges<U>())) {
      Lanes<T> expected{};
      for (usize i = 0; i < kWide; ++i) {
        expected[i] = clamp<T>(to_lanes<U>(a)[i]);
        expected[kWide + i] = clamp<T>(to_lanes<U>(b)[i]);
      }
      wrong += is_same(fn(a, b), from_lanes<T>(expected)) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  static void pairwise(V128 (*fn)(V128)) {
    u32 wrong = 0;
    for (const auto& [a, unused] : pairs<T>(integer_edges<T>())) {
      Lanes<U> expected{};
      for (usize i = 0; i < kWide; ++i) {
        expected[i] = static_cast<U>(i64{to_lanes<T>(a)[2 * i]} + to_lanes<T>(a)[2 * i + 1]);
      }
      wrong += is_same(fn(a), from_lanes<U>(expected)) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  static Lanes<U> dot(V128 a, V128 b) {
    Lanes<U> sums{};
    for (usize i = 0; i < kWide; ++i) {
      const auto product = [&](usize k) { return i64{to_lanes<T>(a)[k]} * to_lanes<T>(b)[k]; };
      sums[i] = static_cast<U>(product(2 * i) + product(2 * i + 1));
    }
    return sums;
  }
};

#define EXTENSIONS(shape, from, sign)                                                              \
  extend(shape##_extend_low_##from##_##sign, shape##_extend_high_##from##_##sign,                  \
         shape##_extmul_low_##from##_##sign, shape##_extmul_high_##from##_##sign)

TEST_CASE("simd: from one width to another") {
  Widths<i8, i16>::EXTENSIONS(i16x8, i8x16, s);
  Widths<u8, u16>::EXTENSIONS(i16x8, i8x16, u);
  Widths<i16, i32>::EXTENSIONS(i32x4, i16x8, s);
  Widths<u16, u32>::EXTENSIONS(i32x4, i16x8, u);
  Widths<i32, i64>::EXTENSIONS(i64x2, i32x4, s);
  Widths<u32, u64>::EXTENSIONS(i64x2, i32x4, u);
  Widths<i8, i16>::narrow(i8x16_narrow_i16x8_s);
  Widths<u8, i16>::narrow(i8x16_narrow_i16x8_u);
  Widths<i16, i32>::narrow(i16x8_narrow_i32x4_s);
  Widths<u16, i32>::narrow(i16x8_narrow_i32x4_u);
  Widths<i8, i16>::pairwise(i16x8_extadd_pairwise_i8x16_s);
  Widths<u8, u16>::pairwise(i16x8_extadd_pairwise_i8x16_u);
  Widths<i16, i32>::pairwise(i32x4_extadd_pairwise_i16x8_s);
  Widths<u16, u32>::pairwise(i32x4_extadd_pairwise_i16x8_u);
}

TEST_CASE("simd: dot products") {
  for (const auto& [a, b] : pairs<i16>(integer_edges<i16>())) {
    CHECK(is_same(i32x4_dot_i16x8_s(a, b), from_lanes<i32>(Widths<i16, i32>::dot(a, b))));
    const auto pairs8 = Widths<i8, i16>::dot(a, b);
    CHECK(is_same(i16x8_relaxed_dot_i8x16_i7x16_s(a, b), from_lanes<i16>(pairs8)));
    Lanes<u32> sums = to_lanes<u32>(b);
    for (usize i = 0; i < 4; ++i) {
      sums[i] += static_cast<u32>(i32{pairs8[2 * i]} + pairs8[2 * i + 1]);
    }
    CHECK(is_same(i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, b), from_lanes<u32>(sums)));
  }
}

TEST_CASE("simd: bits, lanes and shuffles") {
  for (const auto& [a, b] : pairs<u8>({0, 1, 15, 16, 17, 31, 0x70, 0x7f, 0x80, 0x8f, 0xff})) {
    const auto x = to_lanes<u8>(a);
    const auto y = to_lanes<u8>(b);
    Lanes<u8> swizzled{};
    Lanes<u8> shuffled{};
    Lanes<u8> index{};
    Lanes<u8> selected{};
    for (usize i = 0; i < 16; ++i) {
      swizzled[i] = y[i] < 16 ? x[y[i]] : 0;
      index[i] = y[i] % 32;
      shuffled[i] = index[i] < 16 ? x[index[i]] : y[index[i] - 16u];
      selected[i] = static_cast<u8>((x[i] & 0xa5) | (y[i] & 0x5a));
    }
    CHECK(is_same(i8x16_swizzle(a, b), from_lanes<u8>(swizzled)));
    CHECK(is_same(i8x16_relaxed_swizzle(a, b), from_lanes<u8>(swizzled)));
    CHECK(is_same(i8x16_shuffle(a, b, from_lanes<u8>(index)), from_lanes<u8>(shuffled)));
    CHECK(is_same(v128_bitselect(a, b, i8x16_splat(0xa5)), from_lanes<u8>(selected)));
    CHECK(is_same(i32x4_relaxed_laneselect(a, b, i8x16_splat(0xa5)), from_lanes<u8>(selected)));
    CHECK(is_same(v128_andnot(a, b), v128_and(a, v128_not(b))));
    CHECK(is_same(v128_xor(a, b), v128_andnot(v128_or(a, b), v128_and(a, b))));
    for (u32 i = 0; i < 16; ++i) {
      CHECK(i8x16_extract_lane_u(a, i) == x[i]);
      CHECK(i8x16_extract_lane_s(a, i) == static_cast<u32>(i32{static_cast<i8>(x[i])}));
      CHECK(i8x16_extract_lane_u(i8x16_replace_lane(a, i, 0x1234), i) == 0x34);
    }
  }
  const V128 words = i64x2_replace_lane(i64x2_splat(0x8877665544332211), 1, 0x0123456789abcdef);
  CHECK(i64x2_extract_lane(words, 0) == 0x8877665544332211);
  CHECK(i64x2_extract_lane(words, 1) == 0x0123456789abcdef);
  CHECK(i32x4_extract_lane(words, 1) == 0x88776655);
  CHECK(i16x8_extract_lane_s(words, 3) == 0xffff8877);
  CHECK(i16x8_extract_lane_u(words, 3) == 0x8877);
  CHECK(f64x2_extract_lane(f64x2_replace_lane(f64x2_splat(1.5), 1, -2.0), 1) == -2.0);
  CHECK(f32x4_extract_lane(f32x4_splat(1.5f), 3) == 1.5f);
  CHECK(v128_any_true(V128{}) == 0);
  CHECK(v128_any_true(i64x2_replace_lane(V128{}, 1, 1)) == 1);
}

template <typename F> bool is_same_float(F a, F b) {
  if (a != a || b != b) { // any quiet NaN for any
    return a != a && b != b && (detail::bits(a) & detail::kQuietBit<F>) != 0;
  }
  return detail::bits(a) == detail::bits(b);
}
template <typename F, typename Reference>
void check_float(const char* name, V128 (*fn)(V128, V128), Reference reference) {
  u32 wrong = 0;
  for (const auto& [a, b] : pairs<F>(float_edges<F>())) {
    const auto result = to_lanes<F>(fn(a, b));
    for (usize i = 0; i < result.size(); ++i) {
      wrong += is_same_float<F>(result[i], reference(to_lanes<F>(a)[i], to_lanes<F>(b)[i])) ? 0 : 1;
    }
  }
  INFO(name);
  CHECK(wrong == 0);
}

#define FLOAT_BINARY(shape, scalar, name)                                                          \
  check_float<F>(#shape "." #name, shape##_##name, [](F a, F b) { return scalar##_##name(a, b); })
#define FLOAT_UNARY(shape, scalar, name)                                                           \
  check_float<F>(                                                                                  \
      #shape "." #name, [](V128 a, V128) { return shape##_##name(a); },                            \
      [](F a, F) { return scalar##_##name(a); })
#define FLOAT_COMPARE(shape, scalar, name)                                                         \
  {                                                                                                \
    const auto inputs = pairs<F>(float_edges<F>());                                                \
    check_binary<F, std::make_signed_t<detail::BitsOf<F>>>(                                        \
        #shape "." #name, shape##_##name, inputs,                                                  \
        [](F a, F b) { return scalar##_##name(a, b) != 0 ? -1 : 0; });                             \
  }
#define FLOAT_CASES(shape, scalar)                                                                 \
  FLOAT_BINARY(shape, scalar, add);                                                                \
  FLOAT_BINARY(shape, scalar, sub);                                                                \
  FLOAT_BINARY(shape, scalar, mul);                                                                \
  FLOAT_BINARY(shape, scalar, div);                                                                \
  FLOAT_BINARY(shape, scalar, min);                                                                \
  FLOAT_BINARY(shape, scalar, max);                                                                \
  FLOAT_UNARY(shape, scalar, sqrt);                                                                \
  FLOAT_UNARY(shape, scalar, ceil);                                                                \
  FLOAT_UNARY(shape, scalar, floor);                                                               \
  FLOAT_UNARY(shape, scalar, trunc);                                                               \
  FLOAT_UNARY(shape, scalar, nearest);                                                             \
  FLOAT_COMPARE(shape, scalar, eq)                                                                 \
  FLOAT_COMPARE(shape, scalar, ne)                                                                 \
  FLOAT_COMPARE(shape, scalar, lt)                                                                 \
  FLOAT_COMPARE(shape, scalar, gt)                                                                 \
  FLOAT_COMPARE(shape, scalar, le)                                                                 \
  FLOAT_COMPARE(shape, scalar, ge)

/// abs, neg, pmin and pmax keep every bit.
template <typename F>
void check_bit_exact(V128 (*abs)(V128), V128 (*neg)(V128), V128 (*pmin)(V128, V128),
                     V128 (*pmax)(V128, V128)) {
  using B = detail::BitsOf<F>;
  const auto inputs = pairs<F>(float_edges<F>());
  const auto value = [](B bits) { return detail::from_bits<F>(bits); };
  check_unary<B>("abs", abs, inputs, [](B a) { return a & ~detail::kSignBit<F>; });
  check_unary<B>("neg", neg, inputs, [](B a) { return a ^ detail::kSignBit<F>; });
  check_binary<B>("pmin", pmin, inputs, [&](B a, B b) { return value(b) < value(a) ? b : a; });
  check_binary<B>("pmax", pmax, inputs, [&](B a, B b) { return value(a) < value(b) ? b : a; });
}

TEST_CASE("simd: f32x4") {
  using F = f32;
  FLOAT_CASES(f32x4, f32)
  check_bit_exact<F>(f32x4_abs, f32x4_neg, f32x4_pmin, f32x4_pmax);
  check_float<F>("min", f32x4_relaxed_min, [](F a, F b) { return f32_min(a, b); });
  check_float<F>("max", f32x4_relaxed_max, [](F a, F b) { return f32_max(a, b); });
}

TEST_CASE("simd: f64x2") {
  using F = f64;
  FLOAT_CASES(f64x2, f64)
  check_bit_exact<F>(f64x2_abs, f64x2_neg, f64x2_pmin, f64x2_pmax);
  check_float<F>("min", f64x2_relaxed_min, [](F a, F b) { return f64_min(a, b); });
  check_float<F>("max", f64x2_relaxed_max, [](F a, F b) { return f64_max(a, b); });
}

TEST_CASE("simd: madd and nmadd are rounded once") {
  const V128 x = f32x4_splat(0x1.000004p+0f);
  const V128 y = f32x4_splat(0x1.0002p+0f);
  const V128 z = f32x4_splat(-0x1.000204p+0f);
  CHECK(is_same(f32x4_relaxed_madd(x, y, z), f32x4_splat(0x1p-37f)));
  CHECK(is_same(f32x4_relaxed_nmadd(f32x4_neg(x), y, z), f32x4_splat(0x1p-37f)));
  const V128 big = f64x2_splat(std::numeric_limits<f64>::max());
  CHECK(is_same(f64x2_relaxed_madd(big, f64x2_splat(2.0), f64x2_neg(big)), big));
  CHECK(is_same(f64x2_relaxed_nmadd(big, f64x2_splat(-2.0), f64x2_neg(big)), big));
}

TEST_CASE("simd: conversions") {
  for (const auto& [v, unused] : pairs<f32>(float_edges<f32>())) {
    const auto a = to_lanes<f32>(v);
    Lanes<u32> as_signed{};
    Lanes<u32> as_unsigned{};
    for (usize i = 0; i < 4; ++i) {
      as_signed[i] = i32_trunc_sat_f32_s(a[i]);
      as_unsigned[i] = i32_trunc_sat_f32_u(a[i]);
    }
    CHECK(is_same(i32x4_trunc_sat_f32x4_s(v), from_lanes<u32>(as_signed)));
    CHECK(is_same(i32x4_trunc_sat_f32x4_u(v), from_lanes<u32>(as_unsigned)));
    CHECK(is_same(i32x4_relaxed_trunc_f32x4_s(v), from_lanes<u32>(as_signed)));
    CHECK(is_same(i32x4_relaxed_trunc_f32x4_u(v), from_lanes<u32>(as_unsigned)));
    const auto promoted = to_lanes<f64>(f64x2_promote_low_f32x4(v));
    CHECK(is_same_float<f64>(promoted[0], f64_promote_f32(a[0])));
    CHECK(is_same_float<f64>(promoted[1], f64_promote_f32(a[1])));
  }
  for (const auto& [v, unused] : pairs<f64>(float_edges<f64>())) {
    const auto a = to_lanes<f64>(v);
    CHECK(is_same(i32x4_trunc_sat_f64x2_s_zero(v),
                  from_lanes<u32>({i32_trunc_sat_f64_s(a[0]), i32_trunc_sat_f64_s(a[1]), 0, 0})));
    CHECK(is_same(i32x4_relaxed_trunc_f64x2_u_zero(v),
                  from_lanes<u32>({i32_trunc_sat_f64_u(a[0]), i32_trunc_sat_f64_u(a[1]), 0, 0})));
    const auto demoted = to_lanes<f32>(f32x4_demote_f64x2_zero(v));
    CHECK(is_same_float<f32>(demoted[0], f32_demote_f64(a[0])));
    CHECK(is_same_float<f32>(demoted[1], f32_demote_f64(a[1])));
    CHECK(detail::bits(demoted[2]) == 0);
    CHECK(detail::bits(demoted[3]) == 0);
  }
  for (const auto& [v, unused] : pairs<u32>(integer_edges<u32>())) {
    const auto a = to_lanes<u32>(v);
    Lanes<f32> from_signed{};
    Lanes<f32> from_unsigned{};
    for (usize i = 0; i < 4; ++i) {
      from_signed[i] = f32_convert_i32_s(a[i]);
      from_unsigned[i] = f32_convert_i32_u(a[i]);
    }
    CHECK(is_same(f32x4_convert_i32x4_s(v), from_lanes<f32>(from_signed)));
    CHECK(is_same(f32x4_convert_i32x4_u(v), from_lanes<f32>(from_unsigned)));
    CHECK(is_same(f64x2_convert_low_i32x4_s(v),
                  from_lanes<f64>({f64_convert_i32_s(a[0]), f64_convert_i32_s(a[1])})));
    CHECK(is_same(f64x2_convert_low_i32x4_u(v),
                  from_lanes<f64>({f64_convert_i32_u(a[0]), f64_convert_i32_u(a[1])})));
  }
}

TEST_CASE("simd: what loads make of memory") {
  const u64 raw = 0x80ff7f0001fe8182;
  CHECK(is_same(v128_load8x8_s(raw), i16x8_extend_low_i8x16_s(v128_load64_zero(raw))));
  CHECK(is_same(v128_load8x8_u(raw), i16x8_extend_low_i8x16_u(v128_load64_zero(raw))));
  CHECK(is_same(v128_load16x4_s(raw), i32x4_extend_low_i16x8_s(v128_load64_zero(raw))));
  CHECK(is_same(v128_load16x4_u(raw), i32x4_extend_low_i16x8_u(v128_load64_zero(raw))));
  CHECK(is_same(v128_load32x2_s(raw), i64x2_extend_low_i32x4_s(v128_load64_zero(raw))));
  CHECK(is_same(v128_load32x2_u(raw), i64x2_extend_low_i32x4_u(v128_load64_zero(raw))));
  CHECK(is_same(v128_load8_splat(0x82), i8x16_splat(0x82)));
  CHECK(is_same(v128_load16_splat(0x8182), i16x8_splat(0x8182)));
  CHECK(is_same(v128_load32_splat(7), i32x4_splat(7)));
  CHECK(is_same(v128_load64_splat(raw), i64x2_splat(raw)));
  CHECK(is_same(v128_load32_zero(7), from_lanes<u32>({7, 0, 0, 0})));
}

} // namespace
} // namespace petrel::ir::numeric
