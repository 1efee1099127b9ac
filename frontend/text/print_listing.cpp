// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The listing of `ModulePrinter`: file offset, bytes and text of every section header, entry and instruction. The text is
// what the printer prints; a listing puts in front of it where it comes from. What was read before an error is listed.
#include <algorithm>

#include "base/format.h"
#include "frontend/text/annotations.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

constexpr usize kBytesPerLine = 8;
constexpr usize kMostBytes = 4 * kBytesPerLine; // of one entry

std::string section_title(const RawSection& section) {
  std::string title = "section ";
  if (section.id == 0) {
    title += "custom ";
    append_name_string(title, section.name);
  } else {
    title += kSectionOrder[*section_row(section.id)].word;
  }
  return title + strf(" (id %u), %zu bytes", section.id, section.contents.size());
}

} // namespace

Status ModulePrinter::list() {
  out_.hold();
  if (is_core_module(file_)) {
    list_line(0, file_.first(8), "module, version 1");
  }
  for (const RawSection& section : scan_.sections) {
    TRY(list_section(section));
    if (section.id != 0) {
      TRY(print_section(section));
    }
  }
  return std::move(scan_.error);
}

/// One line for each eight bytes; the first has the text.
void ModulePrinter::list_line(u64 offset, Bytes bytes, std::string_view text) {
  std::string& out = out_.buffer();
  const bool is_cut = bytes.size() > kMostBytes;
  bytes = bytes.first(std::min(bytes.size(), kMostBytes));
  for (usize at = 0; at == 0 || at < bytes.size(); at += kBytesPerLine) {
    out += strf("%08llx:", static_cast<unsigned long long>(offset + at));
    for (usize i = 0; i < kBytesPerLine; ++i) {
      out += at + i < bytes.size() ? strf(" %02x", bytes[at + i]) : "   ";
    }
    out += at == 0 ? "  " : "";
    out += at == 0 ? text : "";
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  if (is_cut) {
    out += "          ...\n";
  }
  out_.hand_on_if_full();
}

/// Turns what was printed since `mark` into lines of the listing.
void ModulePrinter::list_lines_from(usize mark, u64 offset, const u8* begin, const u8* end) {
  std::string& buffer = out_.buffer();
  std::string text;
  for (usize at = buffer.find_first_not_of('\n', mark); at < buffer.size();) {
    const usize line_end = std::min(buffer.find('\n', at), buffer.size());
    const std::string_view line = std::string_view(buffer).substr(at, line_end - at);
    text +=
        text.empty()
            ? line
            : " " + std::string(line.substr(std::min(line.find_first_not_of(' '), line.size())));
    at = line_end + 1;
  }
  buffer.resize(mark);
  list_line(offset, Bytes(begin, end), text);
}

/// A section's header, and the contents of those without entries of their own.
Status ModulePrinter::list_section(const RawSection& section) {
  const usize header_bytes = section.contents_offset - section.offset;
  list_line(section.offset, file_.subspan(section.offset, header_bytes), section_title(section));
  if (section.id == 0) {
    const usize name_bytes = section.contents.size() - section.payload.size();
    list_line(section.contents_offset, section.contents.first(name_bytes), "  name");
    if (!section.payload.empty()) {
      list_line(section.contents_offset + name_bytes, section.payload,
                strf("  %zu bytes", section.payload.size()));
    }
    return {};
  }
  ByteReader r(section.contents, section.contents_offset);
  TRY_ASSIGN(u32 number, r.read_var_u32());
  const usize count_bytes = r.offset() - section.contents_offset;
  constexpr u8 kStart = 8;
  if (section.id != kStart) {
    list_line(section.contents_offset, section.contents.first(count_bytes),
              strf("  count %u", number));
  }
  return {};
}

} // namespace petrel::text
