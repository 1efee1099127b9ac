// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sections in the binary format's order (core specification §5.5) and the name section (§7.4.1) of
// `ModuleEncoder`.
#include "frontend/text/module_encoder.h"

namespace petrel::text {

namespace {

enum SectionId : u8 {
  kCustom = 0,
  kType = 1,
  kImport = 2,
  kFunction = 3,
  kTableSection = 4,
  kMemorySection = 5,
  kGlobalSection = 6,
  kExport = 7,
  kStart = 8,
  kElement = 9,
  kCode = 10,
  kData = 11,
  kDataCount = 12,
  kTagSection = 13,
};

using Names = std::vector<std::pair<u32, std::string>>;

void write_section(ByteWriter& out, u8 id, Bytes contents) {
  out.write_u8(id);
  out.write_var_u64(contents.size());
  out.write_bytes(contents);
}

void write_counted_section(ByteWriter& out, u8 id, u32 count, Bytes entries) {
  if (count == 0) {
    return;
  }
  out.write_u8(id);
  out.write_var_u64(var_u64_size(count) + entries.size());
  out.write_var_u32(count);
  out.write_bytes(entries);
}

void write_name_map(ByteWriter& out, const Names& names) {
  out.write_var_u64(names.size());
  for (const auto& [index, name] : names) {
    out.write_var_u32(index);
    out.write_name(name);
  }
}

void write_name_subsection(ByteWriter& out, u8 id, const IndexSpace& space) {
  if (space.has_names()) {
    ByteWriter map;
    write_name_map(map, space.names());
    write_section(out, id, map.bytes());
  }
}

} // namespace

ByteWriter ModuleEncoder::name_section(const std::string& module_name) const {
  ByteWriter out;
  if (!module_name.empty()) {
    ByteWriter name;
    name.write_name(module_name);
    write_section(out, 0, name.bytes());
  }
  write_name_subsection(out, 1, scope_.funcs);
  if (!named_locals_.empty()) {
    ByteWriter map;
    map.write_var_u64(named_locals_.size());
    for (const NamedLocals& func : named_locals_) {
      map.write_var_u32(func.func_idx);
      write_name_map(map, func.names);
    }
    write_section(out, 2, map.bytes());
  }
  write_name_subsection(out, 4, scope_.types.names());
  write_name_subsection(out, 5, scope_.tables);
  write_name_subsection(out, 6, scope_.memories);
  write_name_subsection(out, 7, scope_.globals);
  write_name_subsection(out, 8, scope_.elems);
  write_name_subsection(out, 9, scope_.datas);
  write_name_subsection(out, 11, scope_.tags);
  return out;
}

std::vector<u8> ModuleEncoder::assemble(const std::string& module_name,
                                        std::vector<SourceMark>& marks) {
  ByteWriter out;
  out.write_bytes(as_bytes(std::string_view("\0asm\x01\0\0\0", 8)));
  write_counted_section(out, kType, scope_.types.group_count(), scope_.types.section());
  write_counted_section(out, kImport, imports_.count, imports_.bytes.bytes());
  write_counted_section(out, kFunction, funcs_.count, funcs_.bytes.bytes());
  write_counted_section(out, kTableSection, tables_.count, tables_.bytes.bytes());
  write_counted_section(out, kMemorySection, memories_.count, memories_.bytes.bytes());
  write_counted_section(out, kTagSection, tags_.count, tags_.bytes.bytes());
  write_counted_section(out, kGlobalSection, globals_.count, globals_.bytes.bytes());
  write_counted_section(out, kExport, exports_.count, exports_.bytes.bytes());
  if (has_start_) {
    write_section(out, kStart, start_.bytes());
  }
  write_counted_section(out, kElement, elems_.count, elems_.bytes.bytes());
  if (scope_.uses_data_idx) {
    ByteWriter count;
    count.write_var_u32(datas_.count);
    write_section(out, kDataCount, count.bytes());
  }
  write_counted_section(out, kCode, code_.count, code_.bytes.bytes());
  u32 code_end = narrow<u32>(out.size());
  u32 code_begin = code_end - narrow<u32>(code_.bytes.size());
  for (SourceMark mark : marks_) {
    marks.push_back({code_begin + mark.byte_offset, mark.text_offset});
  }
  write_counted_section(out, kData, datas_.count, datas_.bytes.bytes());
  ByteWriter names = name_section(module_name);
  if (!names.empty()) {
    ByteWriter custom;
    custom.write_name("name");
    custom.write_bytes(names.bytes());
    write_section(out, kCustom, custom.bytes());
  }
  return out.take();
}

} // namespace petrel::text
