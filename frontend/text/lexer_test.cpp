// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/lexer.h"

#include <doctest/doctest.h>

namespace petrel::text {
namespace {

/// Tokens as `kind:text`, space separated; the error's text when there is one.
std::string tokens_of(std::string_view text) {
  auto source = Source::lex(text);
  if (!source) {
    return source.error().to_string();
  }
  static constexpr const char* kKinds[] = {"(", ")", "k", "i", "s", "n", "end"};
  std::string out;
  for (const Token& token : source->tokens()) {
    if (token.kind == TokenKind::end) {
      continue;
    }
    out += (out.empty() ? "" : " ") + std::string(kKinds[static_cast<u32>(token.kind)]);
    if (token.kind != TokenKind::lparen && token.kind != TokenKind::rparen) {
      out += ":" + std::string(source->spelling(token));
    }
  }
  return out;
}

TEST_CASE("tokens") {
  CHECK(tokens_of("(func $f(i32.const -0x1_f)nop)") ==
        "( k:func i:$f ( k:i32.const n:-0x1_f ) k:nop )");
  CHECK(tokens_of("\"a\\\"b\" $\"x y\" +inf offset=4") ==
        "s:\"a\\\"b\" i:$\"x y\" n:+inf k:offset=4");
  CHECK(tokens_of("a;;comment ( \"\n b(;x(;y;);)c") == "k:a k:b k:c");
  CHECK(tokens_of("(@a (b \"c\" , ] 0$) (@)) nop") == "k:nop");
  CHECK(tokens_of("") == "");
}

TEST_CASE("malformed tokens") {
  CHECK(tokens_of("0drop") == "error[malformed]: 1:1: unknown operator 0drop");
  CHECK(tokens_of("\"a\"\"b\"") == "error[malformed]: 1:1: unknown operator \"a\"\"b\"");
  CHECK(tokens_of("a\n  \"b\n\"") == "error[malformed]: 2:3: unclosed string");
  CHECK(tokens_of("\"b") == "error[malformed]: 1:1: unclosed string");
  CHECK(tokens_of("\"\\q\"") == "error[malformed]: 1:2: illegal escape");
  CHECK(tokens_of("\"\\u{d800}\"") ==
        "error[malformed]: 1:2: illegal escape: not a unicode scalar value");
  CHECK(tokens_of("$ x") == "error[malformed]: 1:1: empty identifier");
  CHECK(tokens_of("$\"\"") == "error[malformed]: 1:1: empty identifier");
  CHECK(tokens_of("$\"\\ff\"") == "error[malformed]: 1:1: malformed UTF-8 encoding in identifier");
  CHECK(tokens_of("(; (; ;)") == "error[malformed]: 1:1: unclosed comment");
  CHECK(tokens_of("(@ x)") == "error[malformed]: 1:1: empty annotation id");
  CHECK(tokens_of("(@x (y)") == "error[malformed]: 1:1: unclosed annotation");
  CHECK(tokens_of("nop\x01") == "error[malformed]: 1:4: illegal character U+0001");
  CHECK(tokens_of("\xc3\xa4") == "error[malformed]: 1:1: illegal character U+00E4");
  CHECK(tokens_of("\xff") == "error[malformed]: 1:1: malformed UTF-8 encoding");
  CHECK(tokens_of(";; \xff") == "error[malformed]: 1:4: malformed UTF-8 encoding");
  CHECK(tokens_of("nop)") == "error[malformed]: 1:4: unexpected token: ')' without '('");
}

TEST_CASE("parentheses know their partners") {
  auto source = Source::lex("(a (b)) (");
  REQUIRE(source.has_value());
  CHECK(source->token(0).match == 5);
  CHECK(source->token(5).match == 0);
  CHECK(source->token(2).match == 4);
  CHECK(source->token(6).match == 7);
  CHECK(source->token(7).kind == TokenKind::end);
}

TEST_CASE("positions continue a surrounding text") {
  auto source = Source::lex("a\nbc", {10, 5});
  REQUIRE(source.has_value());
  CHECK(source->position(0).line == 10);
  CHECK(source->position(0).column == 5);
  CHECK(source->position(3).line == 11);
  CHECK(source->position(3).column == 2);
}

TEST_CASE("values of strings and identifiers") {
  CHECK(string_value("\"\\t\\n\\r\\\"\\'\\\\\\41\\u{1_F600}\"") == "\t\n\r\"'\\A\xf0\x9f\x98\x80");
  CHECK(id_value("$a") == "a");
  CHECK(id_value("$\"\\41 b\"") == "A b");
}

} // namespace
} // namespace petrel::text
