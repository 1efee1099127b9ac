// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/cursor.h"

#include "base/format.h"
#include "base/number_text.h"
#include "base/unicode.h"
#include "frontend/text/keywords.h"

namespace petrel::text {

const Token& Cursor::peek(u32 ahead) const {
  const auto& tokens = source_->tokens();
  usize wanted = usize{index_} + ahead;
  return wanted < tokens.size() ? tokens[wanted] : tokens.back();
}

const Token& Cursor::next() {
  const Token& token = peek();
  if (token.kind != TokenKind::end) {
    ++index_;
  }
  return token;
}

bool Cursor::at_keyword(std::string_view keyword) const {
  return peek().kind == TokenKind::keyword && word() == keyword;
}

std::string_view Cursor::form_keyword() const {
  bool is_form = peek().kind == TokenKind::lparen && peek(1).kind == TokenKind::keyword;
  return is_form ? spelling(peek(1)) : std::string_view();
}

bool Cursor::at_form(std::string_view keyword) const { return form_keyword() == keyword; }

bool Cursor::accept_keyword(std::string_view keyword) {
  if (!at_keyword(keyword)) {
    return false;
  }
  next();
  return true;
}

bool Cursor::accept_form(std::string_view keyword) {
  if (!at_form(keyword)) {
    return false;
  }
  next();
  next();
  return true;
}

std::string Cursor::accept_id() {
  return at(TokenKind::id) ? id_value(spelling(next())) : std::string();
}

const Annotation* Cursor::name_annotation() const {
  if (source_->has_annotations()) {
    for (const Annotation& annotation : source_->annotations_at(index_)) {
      if (source_->annotation_id(annotation) == "name") {
        return &annotation;
      }
    }
  }
  return nullptr;
}

Status Cursor::expect_keyword(std::string_view keyword) {
  return accept_keyword(keyword) ? Status{} : unexpected(keyword);
}

Status Cursor::expect_form(std::string_view keyword) {
  return accept_form(keyword) ? Status{} : unexpected("(" + std::string(keyword));
}

Status Cursor::expect_rparen() {
  if (!at(TokenKind::rparen)) {
    return unexpected(")");
  }
  next();
  return {};
}

Result<std::string> Cursor::expect_string() {
  if (!at(TokenKind::string)) {
    return unexpected("a string");
  }
  return string_value(spelling(next()));
}

Result<std::string> Cursor::expect_name() {
  const Token& token = peek();
  TRY_ASSIGN(std::string name, expect_string());
  if (!is_utf8(as_bytes(name))) {
    return malformed_at(token, "malformed UTF-8 encoding");
  }
  return name;
}

u32 Cursor::after_form() const {
  const Token& token = peek();
  return token.kind == TokenKind::lparen ? token.match + 1 : index_ + 1;
}

void Cursor::skip_form() {
  // An unclosed parenthesis matches the end token; never step past that one.
  u32 last = static_cast<u32>(source_->tokens().size() - 1);
  index_ = std::min(after_form(), last);
}

std::unexpected<Error> Cursor::error_at(const Token& token, ErrorClass cls,
                                        std::string message) const {
  TextPosition position = source_->position(token.begin);
  ErrorInfo info;
  info.cls = cls;
  info.line = position.line;
  info.column = position.column;
  info.text = std::move(message);
  return std::unexpected(Error(std::move(info)));
}

std::unexpected<Error> Cursor::malformed_at(const Token& token, std::string message) const {
  return error_at(token, ErrorClass::malformed, std::move(message));
}

std::unexpected<Error> Cursor::unexpected(std::string_view expected) const {
  const Token& token = peek();
  if (token.kind == TokenKind::end) {
    return malformed_at(token,
                        strf("unexpected token: end of text, expected %.*s", PETREL_SV(expected)));
  }
  std::string found = escaped(spelling(token));
  if (token.kind == TokenKind::keyword && !is_known_keyword(spelling(token))) {
    return malformed_at(
        token, strf("unknown operator %s, expected %.*s", found.c_str(), PETREL_SV(expected)));
  }
  return malformed_at(
      token, strf("unexpected token %s, expected %.*s", found.c_str(), PETREL_SV(expected)));
}

Result<u64> expect_unsigned(Cursor& cursor, u32 bits, std::string_view what) {
  const Token& token = cursor.peek();
  auto value = token.kind == TokenKind::number
                   ? parse_unsigned(cursor.word(), bits)
                   : NumberResult<u64>(std::unexpected(NumberError::syntax));
  if (value) {
    cursor.next();
    return *value;
  }
  if (value.error() == NumberError::out_of_range) {
    return cursor.malformed_at(token,
                               strf("i%u constant out of range: %.*s", bits, PETREL_SV(what)));
  }
  return cursor.unexpected(what);
}

} // namespace petrel::text
