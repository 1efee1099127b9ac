// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The place where a parser stands in a token list, the few questions it asks there, and the errors it
// answers with. Cheap to copy: a copy is a bookmark.
#pragma once

#include <string>

#include "frontend/text/lexer.h"

namespace petrel::text {

/// Reads tokens in order; stays at the `end` token for ever.
class Cursor {
public:
  explicit Cursor(const Source& source, u32 index = 0) : source_(&source), index_(index) {}

  const Source& source() const { return *source_; }
  u32 index() const { return index_; }
  const Token& peek(u32 ahead = 0) const;
  const Token& next();
  void seek(u32 index) { index_ = index; }
  std::string_view spelling(const Token& token) const { return source_->spelling(token); }
  /// Text of the next token.
  std::string_view word() const { return spelling(peek()); }

  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_keyword(std::string_view keyword) const;
  /// True at `( keyword`.
  bool at_form(std::string_view keyword) const;
  /// The keyword after a parenthesis; empty when there is none.
  std::string_view form_keyword() const;
  /// Consumes `keyword`, or `( keyword`, if it stands here.
  bool accept_keyword(std::string_view keyword);
  bool accept_form(std::string_view keyword);
  /// Consumes an identifier and returns its name; empty when none stands here (names are never empty).
  std::string accept_id();

  /// The annotation `(@name …)` in front of the next token, or null.
  const Annotation* name_annotation() const;
  bool at_name_annotation() const { return name_annotation() != nullptr; }

  Status expect_keyword(std::string_view keyword);
  Status expect_form(std::string_view keyword);
  Status expect_rparen();
  /// A string's bytes; `expect_name` also wants UTF-8.
  Result<std::string> expect_string();
  Result<std::string> expect_name();
  /// Skips the token here, with all that its parentheses hold.
  void skip_form();
  /// The index of the token after the form that starts here.
  u32 after_form() const;

  /// Errors at a token, with its line and column.
  std::unexpected<Error> error_at(const Token& token, ErrorClass cls, std::string message) const;
  std::unexpected<Error> malformed_at(const Token& token, std::string message) const;
  /// `unexpected token …, expected …`, or `unknown operator` for a word that the text format does not have.
  std::unexpected<Error> unexpected(std::string_view expected) const;

private:
  const Source* source_;
  u32 index_;
};

/// Unsigned integer token, `bits` wide; "constant out of range" when it does not fit.
Result<u64> expect_unsigned(Cursor& cursor, u32 bits, std::string_view what);

} // namespace petrel::text
