// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/line_map.h"

#include <algorithm>

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Object/ELFObjectFile.h>

#include "base/check.h"

namespace petrel::aot {

namespace {

constexpr u32 kNone = ir::CwasmMapEntry::kNotInlined;

struct Row {
  u64 section;
  u64 address;
  usize order; ///< place in the table: of several rows at one address the last counts
  u32 line;    ///< 0: no location
  auto operator<=>(const Row&) const = default;
};

/// A range of code that a call was replaced by. A range lies in those of the call's own scope.
struct InlinedRange {
  u64 section;
  u64 start;
  u64 end;
  u32 depth; ///< inlined scopes around it
  u32 scope; ///< in Lines::scopes
  auto operator<=>(const InlinedRange&) const = default;
};

/// What the debug information of an object says.
struct Lines {
  std::vector<Row> rows;                   ///< ascending
  std::vector<InlinedRange> inlined;       ///< ascending
  std::vector<ir::CwasmInlineSite> scopes; ///< one per inlined call, outer ones first
};

template <typename T> T expect(llvm::Expected<T> value) {
  CHECK(static_cast<bool>(value));
  return std::move(*value);
}

void collect_rows(const llvm::DWARFDebugLine::LineTable& table, std::vector<Row>& rows) {
  for (const auto& row : table.Rows) {
    if (!row.EndSequence) {
      rows.push_back({row.Address.SectionIndex, row.Address.Address, rows.size(), row.Line});
    }
  }
}

void collect_inlined(llvm::DWARFUnit& unit, Lines& lines) {
  struct Scope {
    u32 depth = 0;
    u32 index = kNone;
  };
  std::vector<Scope> scopes(unit.getNumDIEs()); // of each entry; parents come before their children
  for (u32 i = 1; i < scopes.size(); ++i) {
    const llvm::DWARFDie die = unit.getDIEAtIndex(i);
    const llvm::DWARFDie parent = die.getParent();
    scopes[i] = parent.isValid() ? scopes[unit.getDIEIndex(parent)] : Scope{};
    if (die.getTag() != llvm::dwarf::DW_TAG_inlined_subroutine) {
      continue;
    }
    const u64 line = llvm::dwarf::toUnsigned(die.find(llvm::dwarf::DW_AT_call_line), 0);
    lines.scopes.push_back({narrow<u32>(line), scopes[i].index});
    scopes[i] = {scopes[i].depth + 1, narrow<u32>(lines.scopes.size() - 1)};
    for (const llvm::DWARFAddressRange& range : expect(die.getAddressRanges())) {
      lines.inlined.push_back(
          {range.SectionIndex, range.LowPC, range.HighPC, scopes[i].depth, scopes[i].index});
    }
  }
}

Lines collect(const llvm::object::ObjectFile& object) {
  Lines lines;
  const std::unique_ptr<llvm::DWARFContext> dwarf = llvm::DWARFContext::create(object);
  for (const auto& unit : dwarf->compile_units()) {
    if (const llvm::DWARFDebugLine::LineTable* table = dwarf->getLineTableForUnit(unit.get())) {
      collect_rows(*table, lines.rows);
      collect_inlined(*unit, lines);
    }
  }
  std::ranges::sort(lines.rows);
  std::ranges::sort(lines.inlined);
  return lines;
}

/// Says of ascending addresses of one function which inlined call they belong to.
class InlinedCode {
public:
  InlinedCode(const Lines& lines, u64 section, u64 start)
      : section_(section),
        next_(std::ranges::lower_bound(
            lines.inlined, std::pair(section, start), {},
            [](const InlinedRange& range) { return std::pair(range.section, range.start); })),
        end_(lines.inlined.end()) {}

  /// The innermost scope around `address`, or kNone.
  u32 at(u64 address) {
    for (; next_ != end_ && next_->section == section_ && next_->start <= address; ++next_) {
      open_.push_back(*next_);
    }
    std::erase_if(open_, [&](const InlinedRange& range) { return range.end <= address; });
    const auto innermost = std::ranges::max_element(open_, {}, &InlinedRange::depth);
    return innermost == open_.end() ? kNone : innermost->scope;
  }

private:
  u64 section_;
  std::vector<InlinedRange>::const_iterator next_;
  std::vector<InlinedRange>::const_iterator end_;
  std::vector<InlinedRange> open_;
};

/// Builds the map of one function: the scopes it uses become its sites, equal ones once.
class FunctionMapBuilder {
public:
  FunctionMapBuilder(const Lines& lines, u64 size) : lines_(lines) {
    map_.code_size = narrow<u32>(size);
  }

  void add(u32 code_offset, u32 wasm_offset, u32 scope) {
    CHECK(wasm_offset < ir::CwasmMapEntry::kInlined);
    const u32 site = site_of(scope);
    if (site != site_) {
      site_ = site;
      map_.entries.push_back({code_offset, ir::CwasmMapEntry::kInlined | site});
    } else if (wasm_offset == wasm_offset_) {
      return;
    }
    wasm_offset_ = wasm_offset;
    map_.entries.push_back({code_offset, wasm_offset});
  }
  FunctionMap take() { return std::move(map_); }

private:
  u32 site_of(u32 scope) {
    std::vector<u32> chain; // innermost first
    for (; scope != kNone; scope = lines_.scopes[scope].outer) {
      chain.push_back(scope);
    }
    u32 site = kNone;
    for (; !chain.empty(); chain.pop_back()) {
      const std::pair key(lines_.scopes[chain.back()].wasm_offset, site);
      const auto [known, is_new] = sites_.emplace(key, narrow<u32>(map_.sites.size()));
      if (is_new) {
        map_.sites.push_back({key.first, key.second});
      }
      site = known->second;
    }
    return site;
  }

  const Lines& lines_;
  FunctionMap map_;
  u32 wasm_offset_ = 0;
  u32 site_ = kNone;
  std::map<std::pair<u32, u32>, u32> sites_; ///< (wasm_offset, outer) → index
};

FunctionMap cut(const Lines& lines, u64 section, u64 start, u64 size) {
  FunctionMapBuilder map(lines, size);
  InlinedCode inlined(lines, section, start);
  auto row = std::ranges::lower_bound(lines.rows, std::pair(section, start), {},
                                      [](const Row& r) { return std::pair(r.section, r.address); });
  for (; row != lines.rows.end() && row->section == section && row->address < start + size; ++row) {
    const auto next = row + 1;
    const bool is_replaced = next != lines.rows.end() && next->section == section &&
                             next->address == row->address && next->line != 0;
    if (row->line != 0 && !is_replaced) {
      map.add(narrow<u32>(row->address - start), row->line, inlined.at(row->address));
    }
  }
  return map.take();
}

} // namespace

void read_lines(const ObjectBytes& object, LineMap& map) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "chunk");
  const std::unique_ptr<llvm::object::ObjectFile> file =
      expect(llvm::object::ObjectFile::createObjectFile(buffer));
  const Lines lines = collect(*file);
  for (const llvm::object::ELFSymbolRef symbol : file->symbols()) {
    if (expect(symbol.getType()) != llvm::object::SymbolRef::ST_Function) {
      continue;
    }
    const auto section = expect(symbol.getSection());
    if (section == file->section_end()) {
      continue;
    }
    map.emplace(expect(symbol.getName()).str(),
                cut(lines, section->getIndex(), expect(symbol.getValue()), symbol.getSize()));
  }
}

} // namespace petrel::aot
