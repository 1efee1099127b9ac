// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/name_section.h"

namespace petrel::text {

namespace {

void write_subsection(ByteWriter& out, NameKind kind, const ByteWriter& contents) {
  out.write_u8(static_cast<u8>(kind));
  out.write_var_u64(contents.size());
  out.write_bytes(contents.bytes());
}

void write_map(ByteWriter& out, const NameMap& names) {
  out.write_var_u64(names.size());
  for (const auto& [index, name] : names) {
    out.write_var_u32(index);
    out.write_name(name);
  }
}

} // namespace

void write_module_name(ByteWriter& out, std::string_view name) {
  ByteWriter contents;
  contents.write_name(name);
  write_subsection(out, NameKind::module, contents);
}

void write_names(ByteWriter& out, NameKind kind, const NameMap& names) {
  if (!names.empty()) {
    ByteWriter contents;
    write_map(contents, names);
    write_subsection(out, kind, contents);
  }
}

void write_indirect_names(ByteWriter& out, NameKind kind, const IndirectNameMap& names) {
  if (names.empty()) {
    return;
  }
  ByteWriter contents;
  contents.write_var_u64(names.size());
  for (const FuncNames& row : names) {
    contents.write_var_u32(row.func_idx);
    write_map(contents, row.names);
  }
  write_subsection(out, kind, contents);
}

} // namespace petrel::text
