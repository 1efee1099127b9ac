// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Custom sections of `ModulePrinter`. The name section is printed as identifiers and metadata of instructions with the
// instructions, if the encoder would make the same bytes of them; `@petrel.place` says where they lie unless that is
// where the encoder puts them. Every other section, and those two in any other form, is an `@custom` annotation.
#include <algorithm>

#include "frontend/text/annotations.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

constexpr std::string_view kMetadataPrefix = "metadata.code.";
constexpr u8 kCode = 10;

/// As ModuleEncoder::metadata_section writes it.
Status read_metadata_entries(PartReader& r, std::string_view name,
                             std::map<u32, FuncMetadata>& out) {
  TRY_ASSIGN(u32 count, r.var_u32());
  std::optional<u32> last_func;
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(u32 func, r.var_u32());
    TRY_ASSIGN(u32 items, r.var_u32());
    if (items == 0 || (last_func && func <= *last_func)) {
      return r.bytes().malformed("not in order");
    }
    last_func = func;
    std::optional<u32> last_offset;
    for (u32 item = 0; item < items; ++item) {
      TRY_ASSIGN(u32 offset, r.var_u32());
      TRY_ASSIGN(u32 size, r.var_u32());
      TRY_ASSIGN(Bytes bytes, r.bytes().read_bytes(size));
      if (last_offset && offset <= *last_offset) {
        return r.bytes().malformed("not in order");
      }
      last_offset = offset;
      out[func].emplace(offset, MetadataItem{name, bytes});
    }
  }
  if (r.is_unusual() || !r.at_end() || count == 0) {
    return r.bytes().malformed("not as the encoder writes it");
  }
  return {};
}

/// The instructions of a body, without its locals. Calls `f(offset in the body)` for each.
template <typename F> Status for_each_instr(Bytes body, F f) {
  PartReader r(body);
  TRY_ASSIGN(u32 groups, r.var_u32());
  for (u32 i = 0; i < groups; ++i) {
    TRY(r.var_u32());
    TRY(r.val_type());
  }
  RawInstr in;
  while (!r.at_end()) {
    const u32 offset = static_cast<u32>(r.offset());
    TRY(read_instr(r, in));
    f(offset);
  }
  return {};
}

} // namespace

/// Does every item stand at an instruction of a function that has a body?
bool ModulePrinter::metadata_fits() const {
  for (const RawSection& section : scan_.sections) {
    if (section.id != kCode) {
      continue;
    }
    ByteReader r(section.contents);
    const u32 count = r.read_var_u32().value_or(0);
    const u32 first = index_.imported(RawExtern::func);
    usize found = 0;
    for (u32 i = 0; i < count; ++i) {
      auto size = r.read_var_u32();
      auto body = size ? r.read_bytes(*size) : std::unexpected(std::move(size).error());
      if (!body) {
        return false;
      }
      auto func = metadata_.find(first + i);
      if (func == metadata_.end()) {
        continue;
      }
      ++found;
      usize items = 0;
      const Status walked =
          for_each_instr(*body, [&](u32 offset) { items += func->second.count(offset); });
      if (!walked || items != func->second.size()) {
        return false;
      }
    }
    return found == metadata_.size();
  }
  return false;
}

void ModulePrinter::read_metadata() {
  for (const RawSection& section : scan_.sections) {
    if (section.id != 0 || !section.name.starts_with(kMetadataPrefix) ||
        !std::ranges::all_of(section.name, is_id_char)) {
      continue;
    }
    PartReader r(ByteReader(section.payload));
    if (is_carried(section.name) || !read_metadata_entries(r, section.name, metadata_)) {
      metadata_.clear();
      carried_.clear();
      return;
    }
    carried_.insert(section.name);
  }
  if (!carried_.empty() && !metadata_fits()) {
    metadata_.clear();
    carried_.clear();
  }
}

void ModulePrinter::append_place(std::string& out, usize position) const {
  if (position >= standards_end_) {
    return; // the usual place
  }
  if (last_standard_ == 0) {
    out += " (before first)";
    return;
  }
  out += " (after ";
  out += kSectionOrder[*section_row(last_standard_)].word;
  out += ')';
}

void ModulePrinter::print_custom(const RawSection& section, usize position) {
  const bool is_names = section.name == "name" && index_.names_are_carried();
  const bool is_metadata = is_carried(section.name);
  PartReader sizes(ByteReader(Bytes{}));
  sizes.note(section.size_leb_size, var_u64_size(section.contents.size()));
  sizes.note(section.name_leb_size, var_u64_size(section.name.size()));
  const bool is_last = position + 1 == scan_.sections.size();
  const bool is_before_code = !is_last && scan_.sections[position + 1].id == kCode;
  if (!sizes.is_unusual() &&
      ((is_names && is_last) || (is_metadata && is_before_code && carried_.size() == 1))) {
    return; // where and as the encoder writes it
  }
  out_.new_line(1);
  std::string& out = out_.buffer();
  if (!options_.plain) {
    append_sizes(out, sizes.sizes());
  }
  if (is_names || is_metadata) {
    if (!options_.plain) {
      out += "(@petrel.place ";
      append_name_string(out, section.name);
      append_place(out, position);
      out += ')';
    }
    return;
  }
  out += "(@custom ";
  append_name_string(out, section.name);
  append_place(out, position);
  out += ' ';
  append_data_string(out, section.payload);
  out += ')';
}

} // namespace petrel::text
