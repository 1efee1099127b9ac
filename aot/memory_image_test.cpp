// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which modules get a memory image, and what is in it.
#include "aot/memory_image.h"

#include <doctest/doctest.h>

#include "frontend/module_decoder.h"
#include "frontend/text/encode.h"

namespace petrel::aot {
namespace {

constexpr u32 kPage = 4096;

MemoryImage image_of(const char* wat) {
  const auto encoded = text::encode_module(wat);
  REQUIRE(encoded.has_value());
  const auto decoded = decode_module(encoded->bytes, 0, encoded->bytes.size(), DecodeOptions());
  REQUIRE(decoded.has_value());
  return make_memory_image(decoded->module(), encoded->bytes, kPage);
}

TEST_CASE("memory image: whole pages around the segments, later ones over earlier ones") {
  const MemoryImage image = image_of(R"(
    (memory 2) (data (i32.const 5000) "abcd") (data (i32.const 5002) "XY") (data (i32.const 9000) "z"))");
  CHECK_EQ(image.address, kPage);
  REQUIRE_EQ(image.bytes.size(), 2 * kPage);
  CHECK(as_text(Bytes(image.bytes).subspan(5000 - kPage, 4)) == "abXY");
  CHECK_EQ(image.bytes[9000 - kPage], 'z');
  CHECK_EQ(image.bytes[0], 0);
  CHECK(image.holds_all);
}

TEST_CASE("memory image: a segment at a page's start, one that fills the memory to its end") {
  CHECK_EQ(image_of(R"((memory 1) (data (i32.const 4096) "a"))").address, kPage);
  CHECK_EQ(image_of(R"((memory 1) (data (i32.const 0) "a"))").address, 0);
  CHECK_EQ(image_of(R"((memory 1) (data (i32.const 65535) "a"))").bytes.size(), kPage);
}

TEST_CASE("memory image: passive segments stay data") {
  const MemoryImage image = image_of(R"((memory 1) (data (i32.const 8) "a") (data "passive"))");
  CHECK_FALSE(image.bytes.empty());
  CHECK_FALSE(image.holds_all);
}

TEST_CASE("memory image: none where a segment may trap, comes later, or goes elsewhere") {
  for (
      const char* wat : {
          R"((memory 1))",
          R"((memory 1) (data (i32.const 8) ""))",
          R"((memory 1) (data (i32.const 65535) "ab"))",
          R"((memory 1) (data (i32.const 8) "a") (data (i32.const 70000) ""))",
          R"((import "m" "g" (global $g i32)) (memory 1) (data (global.get $g) "a"))",
          R"((import "m" "m" (memory 1)) (data (i32.const 8) "a"))",
          R"((memory 1) (memory 1) (data (i32.const 8) "a") (data (memory 1) (i32.const 8) "b"))",
          R"((memory i64 1) (data (i64.const 8) "a"))",
          R"((memory 1 1 shared) (data (i32.const 8) "a"))",
          R"((memory 100) (data (i32.const 0) "a") (data (i32.const 6000000) "b"))", // mostly zeros
      }) {
    CAPTURE(wat);
    CHECK(image_of(wat).bytes.empty());
  }
}

} // namespace
} // namespace petrel::aot
