// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/line_map.h"

#include <algorithm>

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Object/ELFObjectFile.h>

#include "base/check.h"

namespace petrel::aot {

namespace {

struct Row {
  u64 section;
  u64 address;
  usize order; ///< place in the table: of several rows at one address the last counts
  u32 line;    ///< 0: no location
  auto operator<=>(const Row&) const = default;
};

template <typename T> T expect(llvm::Expected<T> value) {
  CHECK(static_cast<bool>(value));
  return std::move(*value);
}

/// All rows, ascending by section, address and place in the table.
std::vector<Row> collect_rows(const llvm::object::ObjectFile& object) {
  std::vector<Row> rows;
  const std::unique_ptr<llvm::DWARFContext> dwarf = llvm::DWARFContext::create(object);
  for (const auto& unit : dwarf->compile_units()) {
    const llvm::DWARFDebugLine::LineTable* table = dwarf->getLineTableForUnit(unit.get());
    if (table == nullptr) {
      continue;
    }
    for (const auto& row : table->Rows) {
      if (!row.EndSequence) {
        rows.push_back({row.Address.SectionIndex, row.Address.Address, rows.size(), row.Line});
      }
    }
  }
  std::ranges::sort(rows);
  return rows;
}

FunctionMap cut(const std::vector<Row>& rows, u64 section, u64 start, u64 size) {
  FunctionMap map{.code_size = narrow<u32>(size), .entries = {}};
  auto row = std::ranges::lower_bound(rows, std::pair(section, start), {},
                                      [](const Row& r) { return std::pair(r.section, r.address); });
  for (; row != rows.end() && row->section == section && row->address < start + size; ++row) {
    const u32 offset = narrow<u32>(row->address - start);
    if (row->line == 0) {
      continue;
    }
    if (!map.entries.empty() && map.entries.back().code_offset == offset) {
      map.entries.back().wasm_offset = row->line;
    } else if (map.entries.empty() || map.entries.back().wasm_offset != row->line) {
      map.entries.push_back({offset, row->line});
    }
  }
  return map;
}

} // namespace

void read_lines(const ObjectBytes& object, LineMap& map) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "chunk");
  const std::unique_ptr<llvm::object::ObjectFile> file =
      expect(llvm::object::ObjectFile::createObjectFile(buffer));
  const std::vector<Row> rows = collect_rows(*file);
  for (const llvm::object::ELFSymbolRef symbol : file->symbols()) {
    if (expect(symbol.getType()) != llvm::object::SymbolRef::ST_Function) {
      continue;
    }
    const auto section = expect(symbol.getSection());
    if (section == file->section_end()) {
      continue;
    }
    map.emplace(expect(symbol.getName()).str(),
                cut(rows, section->getIndex(), expect(symbol.getValue()), symbol.getSize()));
  }
}

} // namespace petrel::aot
