// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The annotations that become bytes (core specification, appendix "Custom Sections"; docs/text-format.md): `@custom`,
// `@name`, `@metadata.code.…`, and our own `@petrel.…`, with which the printer says what plain text leaves open. The
// lexer lists them; whoever parses the construct that one belongs to takes it, and one that nobody takes is misplaced.
#pragma once

#include <string>
#include <vector>

#include "frontend/text/byte_writer.h"
#include "frontend/text/cursor.h"

namespace petrel::text {

/// Standard sections in the order of the binary format; `place`s lie before and behind each.
struct SectionRow {
  std::string_view word; ///< in `(after word)`
  u8 id;
};
constexpr SectionRow kSectionOrder[] = {
    {"type", 1},       {"import", 2}, {"func", 3},   {"table", 4}, {"memory", 5},
    {"tag", 13},       {"global", 6}, {"export", 7}, {"start", 8}, {"elem", 9},
    {"datacount", 12}, {"code", 10},  {"data", 11},
};
constexpr u32 kBeforeFirst = 0;
constexpr u32 kAfterLast = 1000;
constexpr u32 place_before(u32 row) { return 2 * row + 1; }
constexpr u32 place_after(u32 row) { return 2 * row + 2; }
/// The row of a section's id in kSectionOrder; empty for custom and unknown ones.
std::optional<u32> section_row(u8 id);

/// A custom section that text asks for.
struct CustomSection {
  std::string name;
  std::string contents;
  u32 place = kAfterLast;
  u32 order = 0;  ///< among those of one place
  SizePlan sizes; ///< of the section's size and of its name's length
  bool is_generated =
      false; ///< `@petrel.place`: contents are made from identifiers or annotations of instructions
};

/// `@petrel.section`: a standard section that is there though it may be empty.
struct SectionSizes {
  u32 row = 0;
  SizePlan sizes; ///< of its size and of its count
};

// Each marks its annotation as taken. Errors: malformed, as the specification's scripts word them.
Result<CustomSection> parse_custom(const Source& source, const Annotation& annotation);
Result<CustomSection> parse_place(const Source& source, const Annotation& annotation);
Result<SectionSizes> parse_section_sizes(const Source& source, const Annotation& annotation);
Result<SizePlan> parse_sizes(const Source& source, const Annotation& annotation);
/// The bytes of an annotation of strings: `@name` (UTF-8), `@metadata.code.…`.
Result<std::string> parse_strings(const Source& source, const Annotation& annotation);

/// The name of a `@name` in front of the next token, if there is one.
Result<std::optional<std::string>> accept_name_annotation(const Cursor& cursor);
/// The sizes in front of the next token; none: an empty plan.
Result<SizePlan> accept_sizes(const Cursor& cursor);
/// Does a `@petrel.sizes` belong to the annotation behind it?
bool is_followed_by_custom(const Source& source, std::span<const Annotation> group, usize index);
/// An error when `plan` has sizes left.
Status check_used_up(const Cursor& cursor, const SizePlan& plan);

/// An error at an annotation: `@id annotation: text`.
std::unexpected<Error> annotation_error(const Source& source, const Annotation& annotation,
                                        std::string_view text);
/// The error for the first annotation between two tokens that nobody took.
Status check_all_taken(const Source& source, u32 begin, u32 end);

} // namespace petrel::text
