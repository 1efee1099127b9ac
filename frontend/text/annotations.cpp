// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/annotations.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::text {

namespace {

/// An annotation's own tokens, behind its id.
Result<Source> lex_body(const Source& source, const Annotation& annotation) {
  annotation.is_taken = true;
  const std::string_view body =
      source.text().substr(annotation.body, annotation.end - 1 - annotation.body);
  auto tokens = Source::lex(body, source.position(annotation.body));
  return tokens ? std::move(tokens) : annotation_error(source, annotation, "unexpected token");
}

std::string strings(Cursor& cursor) {
  std::string out;
  while (cursor.at(TokenKind::string)) {
    out += string_value(cursor.word());
    cursor.next();
  }
  return out;
}

std::optional<u32> find_section(std::string_view word) {
  for (u32 row = 0; row < std::size(kSectionOrder); ++row) {
    if (kSectionOrder[row].word == word) {
      return row;
    }
  }
  return std::nullopt;
}

/// `(before section)`, `(after section)`, if it stands here.
Status accept_place(Cursor& cursor, const Source& source, const Annotation& annotation,
                    u32& place) {
  if (!cursor.at(TokenKind::lparen)) {
    return {};
  }
  const bool is_before = cursor.accept_form("before");
  if (!is_before && !cursor.accept_form("after")) {
    return annotation_error(source, annotation, "malformed placement");
  }
  const auto row = cursor.at(TokenKind::keyword) ? find_section(cursor.word()) : std::nullopt;
  if (row) {
    place = is_before ? place_before(*row) : place_after(*row);
  } else if (cursor.at_keyword(is_before ? "first" : "last")) {
    place = is_before ? kBeforeFirst : kAfterLast;
  } else {
    return annotation_error(source, annotation, "malformed section kind");
  }
  cursor.next();
  return cursor.at(TokenKind::rparen) ? (cursor.next(), Status{})
                                      : annotation_error(source, annotation, "malformed placement");
}

Result<CustomSection> parse_name_and_place(Cursor& cursor, const Source& source,
                                           const Annotation& annotation) {
  CustomSection section;
  if (!cursor.at(TokenKind::string)) {
    return annotation_error(source, annotation, "missing section name");
  }
  section.name = string_value(cursor.word());
  cursor.next();
  if (!is_utf8(as_bytes(section.name))) {
    return annotation_error(source, annotation, "malformed UTF-8 encoding");
  }
  TRY(accept_place(cursor, source, annotation, section.place));
  return section;
}

Result<std::vector<u8>> sizes_up_to_end(Cursor& cursor, const Source& source,
                                        const Annotation& annotation) {
  constexpr u32 kLongestLeb = 11; // and the form byte of a reference type
  std::vector<u8> sizes;
  while (!cursor.at(TokenKind::end)) {
    auto size = expect_unsigned(cursor, 8, "a size");
    if (!size || *size > kLongestLeb) {
      return annotation_error(source, annotation, "malformed size");
    }
    sizes.push_back(static_cast<u8>(*size));
  }
  return sizes;
}

} // namespace

std::optional<u32> section_row(u8 id) {
  for (u32 row = 0; row < std::size(kSectionOrder); ++row) {
    if (kSectionOrder[row].id == id) {
      return row;
    }
  }
  return std::nullopt;
}

std::unexpected<Error> annotation_error(const Source& source, const Annotation& annotation,
                                        std::string_view text) {
  const TextPosition position = source.position(annotation.begin);
  ErrorInfo info;
  info.cls = ErrorClass::malformed;
  info.line = position.line;
  info.column = position.column;
  info.text = strf("@%s annotation: %.*s", escaped(source.annotation_id(annotation)).c_str(),
                   PETREL_SV(text));
  return std::unexpected(Error(std::move(info)));
}

Result<CustomSection> parse_custom(const Source& source, const Annotation& annotation) {
  TRY_ASSIGN(const Source body, lex_body(source, annotation));
  Cursor cursor(body);
  TRY_ASSIGN(CustomSection section, parse_name_and_place(cursor, source, annotation));
  section.contents = strings(cursor);
  if (!cursor.at(TokenKind::end)) {
    return annotation_error(source, annotation, "unexpected token");
  }
  return section;
}

Result<CustomSection> parse_place(const Source& source, const Annotation& annotation) {
  TRY_ASSIGN(const Source body, lex_body(source, annotation));
  Cursor cursor(body);
  TRY_ASSIGN(CustomSection section, parse_name_and_place(cursor, source, annotation));
  section.is_generated = true;
  if (!cursor.at(TokenKind::end)) {
    return annotation_error(source, annotation, "unexpected token");
  }
  return section;
}

Result<SectionSizes> parse_section_sizes(const Source& source, const Annotation& annotation) {
  TRY_ASSIGN(const Source body, lex_body(source, annotation));
  Cursor cursor(body);
  const auto row = cursor.at(TokenKind::keyword) ? find_section(cursor.word()) : std::nullopt;
  if (!row) {
    return annotation_error(source, annotation, "malformed section kind");
  }
  cursor.next();
  TRY_ASSIGN(std::vector<u8> sizes, sizes_up_to_end(cursor, source, annotation));
  return SectionSizes{*row, SizePlan(std::move(sizes))};
}

Result<SizePlan> parse_sizes(const Source& source, const Annotation& annotation) {
  TRY_ASSIGN(const Source body, lex_body(source, annotation));
  Cursor cursor(body);
  TRY_ASSIGN(std::vector<u8> sizes, sizes_up_to_end(cursor, source, annotation));
  return SizePlan(std::move(sizes));
}

Result<std::string> parse_strings(const Source& source, const Annotation& annotation) {
  TRY_ASSIGN(const Source body, lex_body(source, annotation));
  Cursor cursor(body);
  std::string out = strings(cursor);
  if (!cursor.at(TokenKind::end) || body.tokens().size() == 1) {
    return annotation_error(source, annotation, "unexpected token");
  }
  return out;
}

Result<std::optional<std::string>> accept_name_annotation(const Cursor& cursor) {
  const Annotation* annotation = cursor.name_annotation();
  if (annotation == nullptr) {
    return std::optional<std::string>();
  }
  TRY_ASSIGN(std::string name, parse_strings(cursor.source(), *annotation));
  if (!is_utf8(as_bytes(name))) {
    return annotation_error(cursor.source(), *annotation, "malformed UTF-8 encoding");
  }
  return std::optional<std::string>(std::move(name));
}

bool is_followed_by_custom(const Source& source, std::span<const Annotation> group, usize index) {
  if (index + 1 == group.size()) {
    return false;
  }
  const std::string id = source.annotation_id(group[index + 1]);
  return id == "custom" || id == "petrel.place";
}

Result<SizePlan> accept_sizes(const Cursor& cursor) {
  if (!cursor.source().has_annotations()) {
    return SizePlan();
  }
  const auto group = cursor.source().annotations_at(cursor.index());
  for (usize i = 0; i < group.size(); ++i) {
    if (cursor.source().annotation_id(group[i]) == "petrel.sizes" &&
        !is_followed_by_custom(cursor.source(), group, i)) {
      return parse_sizes(cursor.source(), group[i]);
    }
  }
  return SizePlan();
}

Status check_used_up(const Cursor& cursor, const SizePlan& plan) {
  return plan.is_used_up() ? Status{}
                           : cursor.malformed_at(cursor.peek(),
                                                 "@petrel.sizes annotation: more sizes than parts");
}

Status check_all_taken(const Source& source, u32 begin, u32 end) {
  for (const Annotation& annotation : source.annotations()) {
    if (annotation.is_taken || annotation.token < begin || annotation.token > end) {
      continue;
    }
    const std::string id = source.annotation_id(annotation);
    if (id.starts_with("metadata.code.")) {
      return annotation_error(source, annotation, "not in a function");
    }
    auto error = annotation_error(source, annotation, "");
    error.error().info().text = strf("misplaced @%s annotation", escaped(id).c_str());
    return error;
  }
  return {};
}

} // namespace petrel::text
