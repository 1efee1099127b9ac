// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/unicode.h"

#include <doctest/doctest.h>

#include "base/result.h"

using namespace petrel;

TEST_CASE("UTF-8 validity follows the table of well-formed sequences") {
  CHECK(is_utf8(as_bytes("a\u00e9\u20ac\U0001f600")));
  CHECK_FALSE(is_utf8(as_bytes("\xc1\xbf")));
  CHECK_FALSE(is_utf8(as_bytes("\xe0\x9f\xbf")));
  CHECK_FALSE(is_utf8(as_bytes("\xed\xa0\x80")));
  CHECK_FALSE(is_utf8(as_bytes("\xf4\x90\x80\x80")));
  CHECK_FALSE(is_utf8(as_bytes("\xe2\x82")));
}

TEST_CASE("guest text is escaped and cut") {
  CHECK_EQ(escaped("a\x1b[31m\xff\u202e"), "a\\u{1b}[31m\\xff\\u{202e}");
  CHECK_EQ(escaped(std::string(200, 'x')), std::string(128, 'x') + "...");
}

TEST_CASE("the first line of an error is at most 300 bytes") {
  Error error(ErrorClass::invalid, std::string(400, 'x'));
  CHECK_EQ(error.to_string().size(), 300u);
}
