// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the bytes. A token is the longest run of identifier characters, strings and stray
// punctuation; only the whole run is classified, so `0$y`, `"a""b"` and `i32.const0` are one reserved
// token each, which is no token of the grammar ("unknown operator").
#include "frontend/text/lexer.h"

#include <algorithm>

#include "base/format.h"
#include "base/number_text.h"
#include "base/unicode.h"

namespace petrel::text {

bool is_id_char(char c) {
  switch (c) {
  case '!':
  case '#':
  case '$':
  case '%':
  case '&':
  case '\'':
  case '*':
  case '+':
  case '-':
  case '.':
  case '/':
  case ':':
  case '<':
  case '=':
  case '>':
  case '?':
  case '@':
  case '\\':
  case '^':
  case '_':
  case '`':
  case '|':
  case '~': return true;
  default: return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}

namespace {

constexpr usize kTextLimitBytes = 0xfffffff0; // tokens have 32-bit places

bool is_stray_punctuation(char c) {
  return c == ',' || c == ';' || c == '[' || c == ']' || c == '{' || c == '}';
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<u32> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<u32>(c - '0');
  }
  char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<u32>(lower - 'a' + 10);
  }
  return std::nullopt;
}

/// Annotations that mean something to the encoder; all others leave nothing.
bool is_known_annotation(std::string_view id) {
  return id == "custom" || id == "name" || id.starts_with("metadata.code.") ||
         id.starts_with("petrel.");
}

/// What a run of token characters is made of.
struct Run {
  u32 begin = 0;
  u32 end = 0;
  u32 strings = 0; ///< how many string literals it contains
  bool stray = false;
};

} // namespace

class Lexer {
public:
  explicit Lexer(Source& source) : source_(source), text_(source.text_) {}

  Status run() {
    if (text_.size() >= kTextLimitBytes) {
      return fail(ErrorClass::limit,
                  strf("text of %zu bytes exceeds limit %zu", text_.size(), kTextLimitBytes));
    }
    while (at_ < text_.size()) {
      TRY(step());
    }
    if (annotation_depth_ != 0) {
      return malformed(annotation_begin_, "unclosed annotation");
    }
    u32 count = narrow<u32>(source_.tokens_.size());
    for (u32 open : open_) {
      source_.tokens_[open].match = count;
    }
    u32 size = narrow<u32>(text_.size());
    source_.tokens_.push_back({size, size, count, TokenKind::end});
    return {};
  }

private:
  std::unexpected<Error> malformed(usize offset, std::string message) const {
    TextPosition position = source_.position(static_cast<u32>(offset));
    ErrorInfo info;
    info.cls = ErrorClass::malformed;
    info.line = position.line;
    info.column = position.column;
    info.text = std::move(message);
    return std::unexpected(Error(std::move(info)));
  }

  bool at(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }

  Status step() {
    char c = text_[at_];
    if (c == '\n') {
      source_.line_starts_.push_back(static_cast<u32>(at_ + 1));
      ++at_;
      return {};
    }
    if (is_space(c)) {
      ++at_;
      return {};
    }
    if (at(";;")) {
      return skip_line_comment();
    }
    if (at("(;")) {
      return skip_block_comment();
    }
    if (at("(@") && annotation_depth_ == 0) {
      return open_annotation();
    }
    if (c == '(' || c == ')') {
      return parenthesis(c == '(');
    }
    if (c == '"' || is_id_char(c) || is_stray_punctuation(c)) {
      return word();
    }
    return illegal_character();
  }

  std::unexpected<Error> illegal_character() const {
    auto decoded = decode_utf8(as_bytes(text_.substr(at_)));
    if (!decoded) {
      return malformed(at_, "malformed UTF-8 encoding");
    }
    return malformed(at_,
                     strf("illegal character U+%04X", static_cast<unsigned>(decoded->code_point)));
  }

  /// Skips one character inside a comment, which may be any UTF-8.
  Status skip_comment_char() {
    if (text_[at_] == '\n') {
      source_.line_starts_.push_back(static_cast<u32>(at_ + 1));
    }
    auto decoded = decode_utf8(as_bytes(text_.substr(at_, 4)));
    if (!decoded) {
      return malformed(at_, "malformed UTF-8 encoding");
    }
    at_ += decoded->size_bytes;
    return {};
  }

  Status skip_line_comment() {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') {
      TRY(skip_comment_char());
    }
    return {};
  }

  Status skip_block_comment() {
    usize begin = at_;
    usize depth = 0;
    while (at_ < text_.size()) {
      if (at("(;")) {
        ++depth;
        at_ += 2;
      } else if (at(";)")) {
        at_ += 2;
        if (--depth == 0) {
          return {};
        }
      } else {
        TRY(skip_comment_char());
      }
    }
    return malformed(begin, "unclosed comment");
  }

  Status open_annotation() {
    u32 begin = static_cast<u32>(at_);
    at_ += 2;
    usize id_begin = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      // A line break in the id's string leaves it without one, as in the reference interpreter.
      TRY(skip_string("empty annotation id"));
      std::string name = string_value(text_.substr(id_begin, at_ - id_begin));
      if (name.empty()) {
        return malformed(begin, "empty annotation id");
      }
      if (!is_utf8(as_bytes(name))) {
        return malformed(id_begin, "malformed UTF-8 encoding");
      }
    } else {
      while (at_ < text_.size() && is_id_char(text_[at_])) {
        ++at_;
      }
      if (at_ == id_begin) {
        return malformed(begin, "empty annotation id");
      }
    }
    annotation_begin_ = begin;
    annotation_body_ = static_cast<u32>(at_);
    annotation_depth_ = 1;
    return {};
  }

  void close_annotation() {
    Annotation annotation{static_cast<u32>(source_.tokens_.size()), annotation_begin_,
                          annotation_body_, static_cast<u32>(at_)};
    if (is_known_annotation(source_.annotation_id(annotation))) {
      source_.annotations_.push_back(annotation);
    }
  }

  Status parenthesis(bool opens) {
    u32 begin = static_cast<u32>(at_++);
    if (annotation_depth_ != 0) {
      annotation_depth_ = opens ? annotation_depth_ + 1 : annotation_depth_ - 1;
      if (annotation_depth_ == 0) {
        close_annotation();
      }
      return {};
    }
    u32 index = static_cast<u32>(source_.tokens_.size());
    Token token{begin, begin + 1, 0, opens ? TokenKind::lparen : TokenKind::rparen};
    if (opens) {
      open_.push_back(index);
    } else {
      if (open_.empty()) {
        return malformed(begin, "unexpected token: ')' without '('");
      }
      token.match = open_.back();
      source_.tokens_[open_.back()].match = index;
      open_.pop_back();
    }
    source_.tokens_.push_back(token);
    return {};
  }

  /// Skips a string literal and checks its characters and escapes. `control_message`, when given, answers
  /// a raw control character in it.
  Status skip_string(const char* control_message = nullptr) {
    usize begin = at_++;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '\\') {
        TRY(skip_escape());
        continue;
      }
      if (static_cast<u8>(c) < 0x20 || c == 0x7f) {
        if (control_message != nullptr) {
          return malformed(begin, control_message);
        }
        return c == '\n' ? malformed(begin, "unclosed string")
                         : malformed(at_, "illegal control character in string");
      }
      auto decoded = decode_utf8(as_bytes(text_.substr(at_, 4)));
      if (!decoded) {
        return malformed(at_, "malformed UTF-8 encoding");
      }
      at_ += decoded->size_bytes;
    }
    return malformed(begin, "unclosed string");
  }

  Status skip_escape() {
    usize begin = at_++;
    if (at_ >= text_.size()) {
      return malformed(begin, "unclosed string");
    }
    char c = text_[at_];
    if (c == 'u') {
      return skip_unicode_escape(begin);
    }
    if (std::string_view("tnr\"'\\").find(c) != std::string_view::npos) {
      ++at_;
      return {};
    }
    if (hex_digit(c) && at_ + 1 < text_.size() && hex_digit(text_[at_ + 1])) {
      at_ += 2;
      return {};
    }
    return malformed(begin, "illegal escape");
  }

  Status skip_unicode_escape(usize begin) {
    ++at_;
    usize open = at_;
    usize close = text_.find('}', at_);
    if (!at("{") || close == std::string_view::npos) {
      return malformed(begin, "illegal escape");
    }
    auto value = parse_unsigned("0x" + std::string(text_.substr(open + 1, close - open - 1)), 32);
    if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) {
      return malformed(begin, "illegal escape: not a unicode scalar value");
    }
    at_ = close + 1;
    return {};
  }

  Status word() {
    Run run{.begin = static_cast<u32>(at_)};
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '"') {
        bool is_id = at_ == run.begin + 1 && text_[run.begin] == '$';
        TRY(skip_string(is_id ? "empty identifier" : nullptr));
        ++run.strings;
      } else if (is_id_char(c)) {
        ++at_;
      } else if (is_stray_punctuation(c) && !at(";;")) {
        run.stray = true;
        ++at_;
      } else {
        break;
      }
    }
    run.end = static_cast<u32>(at_);
    // Inside an annotation any token will do, reserved ones included.
    return annotation_depth_ == 0 ? classify(run) : Status{};
  }

  Status classify(const Run& run) {
    std::string_view spelling = text_.substr(run.begin, run.end - run.begin);
    char first = spelling.front();
    if (run.stray) {
      return unknown_operator(run);
    }
    if (first == '$') {
      return identifier(run, spelling);
    }
    if (run.strings != 0) {
      bool alone = run.strings == 1 && first == '"' && spelling.back() == '"';
      return alone ? push(run, TokenKind::string) : unknown_operator(run);
    }
    if (first >= 'a' && first <= 'z') {
      return push(run, TokenKind::keyword);
    }
    return number_shape(spelling) != NumberShape::none ? push(run, TokenKind::number)
                                                       : unknown_operator(run);
  }

  Status identifier(const Run& run, std::string_view spelling) {
    if (spelling.size() == 1) {
      return malformed(run.begin, "empty identifier");
    }
    if (run.strings == 0) {
      return push(run, TokenKind::id);
    }
    if (run.strings != 1 || spelling[1] != '"' || spelling.back() != '"') {
      return unknown_operator(run);
    }
    std::string name = string_value(spelling.substr(1));
    if (name.empty()) {
      return malformed(run.begin, "empty identifier");
    }
    if (!is_utf8(as_bytes(name))) {
      return malformed(run.begin, "malformed UTF-8 encoding in identifier");
    }
    return push(run, TokenKind::id);
  }

  Status push(const Run& run, TokenKind kind) {
    source_.tokens_.push_back({run.begin, run.end, 0, kind});
    return {};
  }

  std::unexpected<Error> unknown_operator(const Run& run) const {
    std::string spelling = escaped(text_.substr(run.begin, run.end - run.begin));
    return malformed(run.begin, "unknown operator " + spelling);
  }

  Source& source_;
  std::string_view text_;
  usize at_ = 0;
  std::vector<u32> open_;    ///< token indices of parentheses not closed yet
  u32 annotation_depth_ = 0; ///< open parentheses of the annotation being skipped; 0 outside
  u32 annotation_begin_ = 0;
  u32 annotation_body_ = 0;
};

Result<Source> Source::lex(std::string_view text, TextPosition start) {
  Source source;
  source.text_ = text;
  source.start_ = start;
  source.line_starts_.push_back(0);
  TRY(Lexer(source).run());
  return source;
}

std::span<const Annotation> Source::annotations_at(u32 token) const {
  auto same = std::ranges::equal_range(annotations_, token, {}, &Annotation::token);
  return {same.begin(), same.end()};
}

std::string Source::annotation_id(const Annotation& annotation) const {
  u32 begin = annotation.begin + 2;
  std::string_view spelling = text_.substr(begin, annotation.body - begin);
  return spelling.front() == '"' ? string_value(spelling) : std::string(spelling);
}

TextPosition Source::position(u32 offset) const {
  auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  u32 line = static_cast<u32>(next - line_starts_.begin()) - 1;
  u32 column = offset - line_starts_[line];
  return {start_.line + line, line == 0 ? start_.column + column : column + 1};
}

std::string string_value(std::string_view spelling) {
  std::string out;
  out.reserve(spelling.size());
  usize end = spelling.size() - 1;
  for (usize at = 1; at < end; ++at) {
    char c = spelling[at];
    if (c != '\\') {
      out += c;
      continue;
    }
    c = spelling[++at];
    if (c == 't') {
      out += '\t';
    } else if (c == 'n') {
      out += '\n';
    } else if (c == 'r') {
      out += '\r';
    } else if (c == 'u') {
      usize close = spelling.find('}', at);
      auto value = parse_unsigned("0x" + std::string(spelling.substr(at + 2, close - at - 2)), 32);
      append_utf8(out, static_cast<char32_t>(value.value_or(0xfffd)));
      at = close;
    } else if (auto high = hex_digit(c)) {
      out += static_cast<char>(*high << 4 | hex_digit(spelling[++at]).value_or(0));
    } else {
      out += c;
    }
  }
  return out;
}

std::string id_value(std::string_view spelling) {
  return spelling[1] == '"' ? string_value(spelling.substr(1)) : std::string(spelling.substr(1));
}

} // namespace petrel::text
