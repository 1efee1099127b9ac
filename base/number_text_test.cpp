// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/number_text.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "base/format.h"

namespace petrel {
namespace {

u32 f32_of(std::string_view text) {
  auto bits = parse_f32(text);
  REQUIRE(bits.has_value());
  return *bits;
}
u64 f64_of(std::string_view text) {
  auto bits = parse_f64(text);
  REQUIRE(bits.has_value());
  return *bits;
}
template <typename T> NumberError error_of(NumberResult<T> result) {
  REQUIRE(!result.has_value());
  return result.error();
}

TEST_CASE("integers") {
  CHECK(*parse_integer("0x1_0000", 32) == 0x10000);
  CHECK(*parse_integer("-0x8000_0000", 32) == 0x80000000);
  CHECK(*parse_integer("+7", 32) == 7);
  CHECK(*parse_integer("4294967295", 32) == 0xffffffff);
  CHECK(error_of(parse_integer("4294967296", 32)) == NumberError::out_of_range);
  CHECK(error_of(parse_integer("-2147483649", 32)) == NumberError::out_of_range);
  CHECK(*parse_integer("-9223372036854775808", 64) == 0x8000000000000000);
  CHECK(*parse_integer("18446744073709551615", 64) == ~u64{0});
  CHECK(error_of(parse_integer("18446744073709551616", 64)) == NumberError::out_of_range);
  CHECK(*parse_integer("-1", 8) == 0xff);
  CHECK(error_of(parse_integer("256", 8)) == NumberError::out_of_range);
  for (const char* bad :
       {"", "+", "0x", "_1", "1_", "1__0", "0x_1", "1a", "0X1", "1.0", "--1", "inf"}) {
    CHECK_MESSAGE(error_of(parse_integer(bad, 32)) == NumberError::syntax, bad);
  }
  CHECK(error_of(parse_unsigned("+1", 32)) == NumberError::syntax);
}

TEST_CASE("decimal floats round once") {
  CHECK(f32_of("1.5") == 0x3fc00000);
  CHECK(f32_of("-0") == 0x80000000);
  CHECK(f32_of("1_000.5e-0_1") == f32_of("100.05"));
  CHECK(f32_of("3.4028234663852886e38") == 0x7f7fffff);
  CHECK(f32_of("340282356779733661637539395458142568447") == 0x7f7fffff);
  CHECK(error_of(parse_f32("340282356779733661637539395458142568448")) ==
        NumberError::out_of_range);
  CHECK(f32_of("1e-46") == 0);
  CHECK(f32_of("-1e-999999999999999999999") == 0x80000000);
  CHECK(f32_of("0e999999999999999999999") == 0);
  CHECK(error_of(parse_f64("1e999999999999999999999")) == NumberError::out_of_range);
  // Through a double this would round twice and come out one unit lower.
  CHECK(f32_of("1.00000017881393432617187500000000001") == 0x3f800002);
  CHECK(f64_of("1.7976931348623157e308") == 0x7fefffffffffffff);
  CHECK(error_of(parse_f64("1.7976931348623159e308")) == NumberError::out_of_range);
  CHECK(f64_of("4.9406564584124654e-324") == 1);
  CHECK(f64_of("1.") == 0x3ff0000000000000);
}

TEST_CASE("hexadecimal floats round once") {
  CHECK(f32_of("0x1p127") == 0x7f000000);
  CHECK(f32_of("0x1.fffffep127") == 0x7f7fffff);
  CHECK(f32_of("0x1.fffffefffffffffp127") == 0x7f7fffff);
  CHECK(error_of(parse_f32("0x1.ffffffp127")) == NumberError::out_of_range);
  CHECK(f32_of("0x1p-149") == 1);
  CHECK(f32_of("0x1p-150") == 0);
  CHECK(f32_of("0x1.00000000000000000001p-150") == 1);
  CHECK(f32_of("0x1.fffffffp-127") == 0x00800000);
  CHECK(f32_of("0x1.000001p0") == 0x3f800000);
  CHECK(f32_of("0x1.000003p0") == 0x3f800002);
  CHECK(f32_of("0x1.00000100000000000000000001p0") == 0x3f800001);
  CHECK(f64_of("0x0.0000000000001p-1022") == 1);
  CHECK(f64_of("-0x1.921fb54442d18p+2") == 0xc01921fb54442d18);
  CHECK(f64_of("0x100000000000000000000000000000000p-128") == 0x3ff0000000000000);
  CHECK(f64_of("0x0p99999999999999999999") == 0);
}

TEST_CASE("special values") {
  CHECK(f32_of("inf") == 0x7f800000);
  CHECK(f32_of("-inf") == 0xff800000);
  CHECK(f32_of("nan") == 0x7fc00000);
  CHECK(f32_of("-nan:0x7f_ffff") == 0xffffffff);
  CHECK(error_of(parse_f32("nan:0x0")) == NumberError::out_of_range);
  CHECK(error_of(parse_f32("nan:0x800000")) == NumberError::out_of_range);
  CHECK(error_of(parse_f32("nan:canonical")) == NumberError::syntax);
  CHECK(f64_of("nan:0x1") == 0x7ff0000000000001);
  for (const char* bad : {"1e", "1e+", ".5", "0x1p", "0x.5", "1_.5", "1._5", "infinity",
                          "nan:", "nan:0x", "0x1e_p1"}) {
    CHECK_MESSAGE(error_of(parse_f64(bad)) == NumberError::syntax, bad);
  }
}

TEST_CASE("shape") {
  CHECK(number_shape("12") == NumberShape::unsigned_int);
  CHECK(number_shape("-12") == NumberShape::signed_int);
  CHECK(number_shape("0x1.8") == NumberShape::floating);
  CHECK(number_shape("+nan:0x1") == NumberShape::floating);
  CHECK(number_shape("12x") == NumberShape::none);
}

TEST_CASE("printing reads back, and the C library agrees") {
  CHECK(format_f32(0x80000000) == "-0");
  CHECK(format_f32(0x3f800000) == "1");
  CHECK(format_f32(0x7fc00000) == "nan");
  CHECK(format_f32(0xffa00000) == "-nan:0x200000");
  CHECK(format_f64(0xfff0000000000000) == "-inf");
  u64 state = 0x243f6a8885a308d3;
  for (int i = 0; i < 20000; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    u32 narrow_bits = static_cast<u32>(state >> 32);
    CHECK(f32_of(format_f32(narrow_bits)) == narrow_bits);
    CHECK(f64_of(format_f64(state)) == state);
    std::string hex = strf("0x%xp%d", narrow_bits, static_cast<int>(state % 400) - 290);
    auto got = parse_f32(hex);
    u32 expected = __builtin_bit_cast(u32, std::strtof(hex.c_str(), nullptr));
    if (expected == 0x7f800000) {
      CHECK(!got.has_value());
    } else {
      CHECK_MESSAGE(*got == expected, hex);
    }
  }
}

} // namespace
} // namespace petrel
