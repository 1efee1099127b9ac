// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The printer of core modules, section by section; its parts: print_module.cpp (sections), print_segments.cpp,
// print_custom.cpp, print_body.cpp (flat), print_folded.cpp, print_listing.cpp (offsets). What an annotation says and where it stands:
// docs/text-format.md.
#pragma once

#include <map>
#include <optional>
#include <unordered_set>

#include "frontend/text/instr_text.h"
#include "frontend/text/module_scan.h"
#include "frontend/text/print.h"

namespace petrel::text {

/// What `metadata.code.NAME` sections say of one function: by offset in its body.
struct MetadataItem {
  std::string_view section;
  Bytes bytes;
};
using FuncMetadata = std::multimap<u32, MetadataItem>;

/// ` (@petrel.sizes …)` for the parts that `r` noted, or nothing.
void append_sizes(std::string& out, std::span<const u8> sizes);

/// Where a function's body stands while it is printed.
struct BodyState {
  BodyScope scope;
  IdSpace locals;
  const NameMap* labels = nullptr; ///< names by number of the block
  u32 blocks = 0;                  ///< how many there were
  u64 begin = 0;                   ///< file offset of the body, its locals included
  const FuncMetadata* metadata = nullptr;
  u32 func_idx = 0;

  /// The name of the next block; null when it has none.
  const std::string* next_label();
};

class ModulePrinter {
public:
  ModulePrinter(Bytes file, const PrintOptions& options, TextOut& out);
  Status run();

private:
  /// Where an entry of a section begins, in the text and in the file.
  struct EntryMark {
    usize text;
    u64 offset;
    const u8* begin;
  };

  // print_module.cpp
  Status print_section(const RawSection& section);
  Status print_entries(const RawSection& section);
  EntryMark begin_entry(PartReader& r);
  void end_entry(PartReader& r, const EntryMark& mark);
  void append_sizes_of(const PartReader& r);
  void print_section_annotation(const RawSection& section, PartReader& head, bool is_needed);
  Status for_each_entry(const RawSection& section,
                        Status (ModulePrinter::*print)(PartReader&, u32));
  Status print_types(const RawSection& section);
  Status print_type(PartReader& r, u32 index, u32 depth);
  void append_sub_type(std::string& out, const RawSubType& sub, u32 index) const;
  void append_composite(std::string& out, const RawSubType& sub, u32 index) const;
  Status print_import(PartReader& r, u32 index);
  Status print_table(PartReader& r, u32 index);
  Status print_memory(PartReader& r, u32 index);
  Status print_tag(PartReader& r, u32 index);
  Status print_global(PartReader& r, u32 index);
  Status print_export(PartReader& r, u32 index);
  Status print_start(const RawSection& section);
  Status read_func_section(const RawSection& section);
  /// A line break, the annotation of unusual sizes, `(keyword $id (@name …) (;index;)`.
  void open_field(const PartReader& r, std::string_view keyword, NameKind kind, u32 index);
  void append_definition(std::string& out, NameKind kind, u32 index) const;
  void append_limits(std::string& out, const RawLimits& limits) const;
  void append_import_type(std::string& out, const RawImport& import) const;
  // print_segments.cpp
  Status print_elem(PartReader& r, u32 index);
  Status print_elem_items(PartReader& r, u32 flags, ValType type, std::string& out);
  Status print_data(PartReader& r, u32 index);
  /// Instructions up to `end`, each parenthesised, or flat between `(word ` and `)` when they are not exactly one.
  Status append_expr(PartReader& r, std::string& out, std::string_view word);
  void note_data_use(const RawInstr& in);
  // print_custom.cpp
  void read_metadata();
  bool read_metadata_section(const RawSection& section);
  bool metadata_fits() const;
  void print_custom(const RawSection& section, usize position);
  void append_place(std::string& out, usize position) const;
  bool is_carried(std::string_view name) const { return carried_.contains(name); }
  // print_body.cpp
  Status print_code(const RawSection& section);
  Status print_func(PartReader& r, u32 body);
  Status print_func_head(PartReader& r, BodyState& state, u32 body);
  void append_params(std::string& out, const BodyState& state, std::string_view keyword, u32 first,
                     std::span<const ValType> types) const;
  Status print_flat(PartReader& r, BodyState& state);
  void append_notes(std::string& out, const PartReader& r, const RawInstr& in,
                    const BodyState& state) const;
  // print_listing.cpp
  Status list();
  Status list_section(const RawSection& section);
  void list_line(u64 offset, Bytes bytes, std::string_view text);
  void list_lines_from(usize mark, u64 offset, const u8* begin, const u8* end);
  // print_folded.cpp
  Status print_folded(PartReader& r, BodyState& state);

  Bytes file_;
  const PrintOptions& options_;
  TextOut& out_;
  ModuleScan scan_;
  ModuleIndex index_;
  InstrText text_;
  std::array<u32, kExternKinds> next_{}; ///< next index of each kind
  u32 next_type_ = 0;
  std::vector<u8> func_type_sizes_; ///< of the indices in the function section
  bool uses_data_idx_ = false;
  bool has_data_count_ = false;
  std::map<u32, FuncMetadata> metadata_; ///< by function
  /// Metadata sections that are printed with the instructions.
  std::unordered_set<std::string_view> carried_;
  u8 last_standard_ = 0;    ///< id of the standard section that was printed last; 0: none
  usize standards_end_ = 0; ///< position behind the last standard section
};

} // namespace petrel::text
