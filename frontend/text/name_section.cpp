// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/name_section.h"

#include <algorithm>
#include <functional>

#include "base/byte_reader.h"

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

bool is_ascending(const NameMap& names) {
  return std::ranges::is_sorted(names, std::less_equal(),
                                [](const auto& row) { return row.first; });
}

Status read_map(ByteReader& r, NameMap& names) {
  TRY_ASSIGN(u32 count, r.read_var_u32());
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    TRY_ASSIGN(std::string_view name, r.read_name());
    names.emplace_back(index, name);
  }
  return {};
}

Status read_indirect_map(ByteReader& r, IndirectNameMap& rows) {
  TRY_ASSIGN(u32 count, r.read_var_u32());
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    rows.push_back({index, {}});
    TRY(read_map(r, rows.back().names));
  }
  return {};
}

Status read_subsections(ByteReader& r, NameSection& out) {
  while (!r.at_end()) {
    TRY_ASSIGN(u8 id, r.read_u8());
    TRY_ASSIGN(u32 size, r.read_var_u32());
    TRY_ASSIGN(ByteReader sub, r.read_sub(size));
    if (id == static_cast<u8>(NameKind::module)) {
      TRY_ASSIGN(std::string_view name, sub.read_name());
      out.module_name = name;
    } else if (id < kNameKinds && is_indirect(static_cast<NameKind>(id))) {
      TRY(read_indirect_map(sub, out.indirect[id]));
    } else if (id < kNameKinds) {
      TRY(read_map(sub, out.maps[id]));
    }
  }
  return {};
}

/// Drops maps that could not be searched. True when all could be written from identifiers: indices ascend and nobody
/// has a list of no names.
bool drop_unsorted(NameSection& names) {
  bool is_plain = std::ranges::all_of(names.maps, is_ascending);
  for (IndirectNameMap& rows : names.indirect) {
    bool ascending = std::ranges::is_sorted(rows, std::less_equal(), &FuncNames::func_idx);
    for (const FuncNames& row : rows) {
      ascending = ascending && is_ascending(row.names);
      is_plain = is_plain && !row.names.empty();
    }
    is_plain = is_plain && ascending;
    if (!ascending) {
      rows.clear();
    }
  }
  return is_plain;
}

void write_module_name(ByteWriter& out, std::string_view name) {
  ByteWriter contents;
  contents.write_name(name);
  write_subsection(out, NameKind::module, contents);
}

void write_indirect_names(ByteWriter& out, NameKind kind, const IndirectNameMap& names) {
  ByteWriter contents;
  contents.write_var_u64(names.size());
  for (const FuncNames& row : names) {
    contents.write_var_u32(row.func_idx);
    write_map(contents, row.names);
  }
  write_subsection(out, kind, contents);
}

} // namespace

const NameMap* NameSection::find(NameKind kind, u32 index) const {
  const IndirectNameMap& rows = of(kind);
  auto row = std::ranges::lower_bound(rows, index, {}, &FuncNames::func_idx);
  return row != rows.end() && row->func_idx == index ? &row->names : nullptr;
}

NameSection read_name_section(Bytes payload) {
  NameSection out;
  ByteReader r(payload);
  out.is_complete = read_subsections(r, out).has_value();
  const bool is_plain = drop_unsorted(out);
  out.is_canonical = out.is_complete && is_plain && !payload.empty() &&
                     std::ranges::equal(write_name_section(out).bytes(), payload);
  return out;
}

ByteWriter write_name_section(const NameSection& names) {
  ByteWriter out;
  if (!names.module_name.empty()) {
    write_module_name(out, names.module_name);
  }
  for (u8 id = 1; id < kNameKinds; ++id) {
    const NameKind kind = static_cast<NameKind>(id);
    if (is_indirect(kind) && !names.indirect[id].empty()) {
      write_indirect_names(out, kind, names.indirect[id]);
    } else if (!is_indirect(kind) && !names.maps[id].empty()) {
      ByteWriter contents;
      write_map(contents, names.maps[id]);
      write_subsection(out, kind, contents);
    }
  }
  return out;
}

} // namespace petrel::text
