// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sections in the binary format's order (core specification §5.5) and the custom sections between them of
// `ModuleEncoder`: those that text asks for, the name section from identifiers, and one `metadata.code.NAME` section
// for each such annotation of instructions.
#include <algorithm>
#include <unordered_set>

#include "frontend/text/module_encoder.h"

namespace petrel::text {

namespace {

constexpr std::string_view kNameSection = "name";
constexpr u8 kType = 1;
constexpr u8 kStart = 8;
constexpr u8 kDataCount = 12;
constexpr u8 kCode = 10;

} // namespace

ByteWriter ModuleEncoder::name_section() const {
  NameSection names;
  names.module_name = module_name_;
  auto set = [&names](NameKind kind, const IndexSpace& space) {
    names.maps[static_cast<usize>(kind)] = space.names();
  };
  set(NameKind::func, scope_.funcs);
  set(NameKind::type, scope_.types.names());
  set(NameKind::table, scope_.tables);
  set(NameKind::memory, scope_.memories);
  set(NameKind::global, scope_.globals);
  set(NameKind::elem, scope_.elems);
  set(NameKind::data, scope_.datas);
  set(NameKind::tag, scope_.tags);
  names.indirect[static_cast<usize>(NameKind::local)] = named_locals_;
  names.indirect[static_cast<usize>(NameKind::label)] = named_labels_;
  IndirectNameMap& fields = names.indirect[static_cast<usize>(NameKind::field)];
  for (u32 type = 0; type < scope_.types.count(); ++type) {
    if (scope_.types.fields(type).has_names()) {
      fields.push_back({type, scope_.types.fields(type).names()});
    }
  }
  return write_name_section(names);
}

/// A vector of functions, each with a vector of {offset in the body, bytes}.
ByteWriter ModuleEncoder::metadata_section(std::string_view name) const {
  ByteWriter out;
  const auto found = metadata_index_.find(std::string(name));
  if (found == metadata_index_.end()) {
    return out;
  }
  const std::vector<FuncMetadata>& funcs = metadata_[found->second].second;
  out.write_var_u64(funcs.size());
  for (const FuncMetadata& func : funcs) {
    out.write_var_u32(func.func_idx);
    out.write_var_u64(func.items.size());
    for (const auto& [offset, bytes] : func.items) {
      out.write_var_u32(offset);
      out.write_name(bytes);
    }
  }
  return out;
}

/// Those that nobody placed: metadata in front of the code, names at the end. Then all are in order of place, those of one
/// place in order of appearance.
void ModuleEncoder::add_generated_sections() {
  std::unordered_set<std::string> asked;
  for (const CustomSection& custom : customs_) {
    asked.insert(custom.name);
  }
  for (const auto& [name, funcs] : metadata_) {
    if (!asked.contains(name)) {
      CustomSection section;
      section.name = name;
      section.place = place_before(*section_row(kCode));
      section.is_generated = true;
      customs_.push_back(std::move(section));
    }
  }
  if (options_.names && !asked.contains(std::string(kNameSection)) && !name_section().empty()) {
    CustomSection section;
    section.name = kNameSection;
    section.is_generated = true;
    customs_.push_back(std::move(section));
  }
  for (u32 i = 0; i < customs_.size(); ++i) {
    customs_[i].order = i;
  }
  std::ranges::sort(customs_, {}, [](const CustomSection& custom) {
    return u64{custom.place} << 32 | custom.order;
  });
}

void ModuleEncoder::write_custom_section(ByteWriter& out, CustomSection& section) const {
  const u32 size_bytes = section.sizes.next();
  ByteWriter contents(&section.sizes);
  contents.write_name(section.name);
  if (section.is_generated) {
    contents.write_bytes(section.name == kNameSection ? name_section().bytes()
                                                      : metadata_section(section.name).bytes());
  } else {
    contents.write_bytes(as_bytes(section.contents));
  }
  out.write_u8(0);
  out.write_sized_u64(contents.size(), size_bytes);
  out.write_bytes(contents.bytes());
}

/// The section that `id` names, if it is one of those with entries written by fields.
const ModuleEncoder::Section* ModuleEncoder::counted_section(u8 id) const {
  const Section* sections[] = {nullptr,    nullptr,   &imports_, &funcs_, &tables_,
                               &memories_, &globals_, &exports_, &start_, &elems_,
                               &code_,     &datas_,   nullptr,   &tags_};
  return sections[id];
}

void ModuleEncoder::write_standard_section(ByteWriter& out, u32 row,
                                           std::vector<SourceMark>& marks) {
  const u8 id = kSectionOrder[row].id;
  u32 count = datas_.count; // of a data count section, which has no entries
  Bytes entries;
  std::span<const SourceMark> entry_marks;
  if (id == kType) {
    count = scope_.types.group_count();
    entries = scope_.types.section();
    entry_marks = scope_.types.marks();
  } else if (const Section* section = counted_section(id)) {
    count = section->count;
    entries = section->bytes.bytes();
    entry_marks = section->marks;
  }
  const bool is_needed = id == kDataCount ? scope_.uses_data_idx : count != 0 || !entries.empty();
  if (!is_needed && !asked_sections_[row]) {
    return;
  }
  SizePlan plan = asked_sections_[row].value_or(SizePlan());
  const u32 size_bytes = plan.next();
  ByteWriter head(&plan);
  if (id != kStart) {
    head.write_var_u32(count);
  }
  if (!entry_marks.empty()) {
    marks.push_back({narrow<u32>(out.size()), entry_marks.front().text_offset});
  }
  out.write_u8(id);
  out.write_sized_u64(head.size() + entries.size(), size_bytes);
  out.write_bytes(head.bytes());
  const u32 base = narrow<u32>(out.size());
  for (const SourceMark& mark : entry_marks) {
    marks.push_back({base + mark.byte_offset, mark.text_offset});
  }
  out.write_bytes(entries);
  marks.push_back({narrow<u32>(out.size()), SourceMark::kNone});
}

std::vector<u8> ModuleEncoder::assemble(std::vector<SourceMark>& marks) {
  add_generated_sections();
  ByteWriter out;
  out.write_bytes(as_bytes(std::string_view("\0asm\x01\0\0\0", 8)));
  auto custom = customs_.begin();
  auto write_customs = [&](u32 up_to) {
    for (; custom != customs_.end() && custom->place <= up_to; ++custom) {
      write_custom_section(out, *custom);
    }
  };
  for (u32 row = 0; row < std::size(kSectionOrder); ++row) {
    write_customs(place_before(row));
    write_standard_section(out, row, marks);
  }
  write_customs(kAfterLast);
  return out.take();
}

} // namespace petrel::text
