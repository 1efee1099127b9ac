// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/byte_reader.h"

#include <doctest/doctest.h>

#include <vector>

using namespace petrel;

namespace {
Bytes of(const std::vector<u8>& bytes) { return bytes; }
} // namespace

TEST_CASE("LEB128: values at the edges decode") {
  std::vector<u8> max{0xff, 0xff, 0xff, 0xff, 0x0f};
  CHECK_EQ(*ByteReader(of(max)).read_var_u32(), 0xffffffffu);
  std::vector<u8> padded{0x83, 0x80, 0x80, 0x80, 0x00};
  CHECK_EQ(*ByteReader(of(padded)).read_var_u32(), 3u);
  std::vector<u8> min{0x80, 0x80, 0x80, 0x80, 0x78};
  CHECK_EQ(*ByteReader(of(min)).read_var_s32(), INT32_MIN);
  std::vector<u8> minus_one{0x7f};
  CHECK_EQ(*ByteReader(of(minus_one)).read_var_s64(), -1);
  std::vector<u8> min64{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f};
  CHECK_EQ(*ByteReader(of(min64)).read_var_s64(), INT64_MIN);
  std::vector<u8> s33{0x80, 0x80, 0x80, 0x80, 0x70};
  CHECK_EQ(*ByteReader(of(s33)).read_var_s33(), -4294967296ll);
}

TEST_CASE("LEB128: over-long and overflowing forms are malformed, with the place") {
  std::vector<u8> six{0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
  auto too_long = ByteReader(of(six), 0x10).read_var_u32();
  REQUIRE_FALSE(too_long);
  CHECK_EQ(too_long.error().to_string(),
           "error[malformed]: offset 0x10: integer representation too long");
  std::vector<u8> big{0xff, 0xff, 0xff, 0xff, 0x1f};
  CHECK_EQ(ByteReader(of(big)).read_var_u32().error().info().text, "integer too large");
  std::vector<u8> sbig{0xff, 0xff, 0xff, 0xff, 0x4f};
  CHECK_EQ(ByteReader(of(sbig)).read_var_s32().error().info().text, "integer too large");
  std::vector<u8> cut{0x80};
  CHECK_EQ(ByteReader(of(cut)).read_var_u32().error().info().text,
           "unexpected end of section or function");
}

TEST_CASE("counts are checked against the limit and the bytes left") {
  std::vector<u8> bytes{0x05, 1, 2, 3};
  auto few = ByteReader(of(bytes)).read_count(100, 1, "types");
  CHECK_EQ(few.error().info().text,
           "unexpected end of section or function: 5 types announced, 3 bytes left");
  auto many = ByteReader(of(bytes)).read_count(4, 1, "types");
  CHECK_EQ(many.error().to_string(),
           "error[limit]: offset 0x0: 5 types exceed limit 4 (-L types=N)");
}

TEST_CASE("names must be UTF-8") {
  std::vector<u8> good{2, 0xc3, 0xa9};
  CHECK_EQ(*ByteReader(of(good)).read_name(), "\u00e9");
  std::vector<u8> bad{2, 0xc0, 0x80};
  CHECK_EQ(ByteReader(of(bad)).read_name().error().info().text, "malformed UTF-8 encoding");
}
