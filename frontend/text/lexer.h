// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text to tokens (core specification §6.2). The whole source becomes one flat list first: every
// parenthesis knows its partner, so that parsers skip a form in one step and never recurse. Comments
// and annotations (§6.2.6: checked for well-formedness) leave no token; the annotations that we know are
// listed beside the tokens, for whoever parses what they stand in front of. Positions are byte offsets;
// lines and columns are computed when a message needs them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace petrel::text {

enum class TokenKind : u8 {
  lparen,
  rparen,
  keyword, ///< starts with a lower case letter
  id,      ///< `$name` or `$"name"`
  string,
  number,
  end, ///< one past the last token; repeats for ever
};

/// A lexical unit: source[begin, end).
struct Token {
  u32 begin = 0;
  u32 end = 0;
  u32 match =
      0; ///< parentheses: index of the partner token, or of the `end` token when there is none
  TokenKind kind = TokenKind::end;
};

/// An annotation `(@id …)` that the encoder knows: source[begin, end), what follows its id from `body`.
struct Annotation {
  u32 token = 0; ///< index of the token in front of which it stands
  u32 begin = 0;
  u32 body = 0;
  u32 end = 0;
  mutable bool is_taken = false; ///< somebody found it where it may stand
};

/// Line and column, both from 1; columns count bytes.
struct TextPosition {
  u32 line = 1;
  u32 column = 1;
};

/// A text and its tokens. Refers to the caller's characters, which must outlive it.
class Source {
public:
  /// Splits `text` into tokens. `start` is where it begins in the file that messages name.
  /// Errors: malformed, with the reference interpreter's wording.
  static Result<Source> lex(std::string_view text, TextPosition start = {});

  std::string_view text() const { return text_; }
  const std::vector<Token>& tokens() const { return tokens_; }
  const Token& token(u32 index) const { return tokens_[index]; }
  /// The characters of a token as written.
  std::string_view spelling(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  TextPosition position(u32 offset) const;

  bool has_annotations() const { return !annotations_.empty(); }
  const std::vector<Annotation>& annotations() const { return annotations_; }
  /// Those in front of a token, in order.
  std::span<const Annotation> annotations_at(u32 token) const;
  /// Its id: `custom`, `name`, `metadata.code.…`, `petrel.…`.
  std::string annotation_id(const Annotation& annotation) const;

private:
  friend class Lexer;
  std::string_view text_;
  TextPosition start_;
  std::vector<Token> tokens_;
  std::vector<Annotation> annotations_;
  std::vector<u32> line_starts_;
};

/// May the character stand in an identifier (§6.3.5)?
bool is_id_char(char c);

/// The bytes that a well-formed string token denotes, quotes included in `spelling`.
std::string string_value(std::string_view spelling);

/// The name of an identifier token without `$`; `$"a"` and `$a` are the same.
std::string id_value(std::string_view spelling);

} // namespace petrel::text
