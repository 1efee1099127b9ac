// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Module fields to sections (core specification §6.6), in three passes over the token list: names of all
// fields, then type definitions, then everything in textual order, so that any field may name any other.
// Abbreviations (inline imports, exports, element and data segments) are expanded while writing.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/annotations.h"
#include "frontend/text/byte_writer.h"
#include "frontend/text/cursor.h"
#include "frontend/text/instr_encoder.h"
#include "frontend/text/module_scope.h"
#include "frontend/text/name_section.h"

namespace petrel::text {

/// Encodes the fields between two tokens of one source.
class ModuleEncoder {
public:
  ModuleEncoder(const Source& source, const EncodeOptions& options)
      : source_(source), options_(options) {}

  /// `begin`: the first field; `end`: the token after the last one.
  Result<EncodedModule> encode(u32 begin, u32 end, std::string module_name);

private:
  struct Section {
    u32 count = 0;
    ByteWriter bytes;
    std::vector<SourceMark> marks; ///< offsets in `bytes`
  };
  /// What stands in front of a definition's own part.
  struct InlineParts {
    bool is_import = false;
    std::string import_module;
    std::string import_name;
  };
  /// One entry of `metadata.code.NAME`: the instructions of a function that have some.
  struct FuncMetadata {
    u32 func_idx = 0;
    std::vector<std::pair<u32, std::string>> items; ///< offset in the body, bytes
  };
  struct LocalRun {
    u32 count;
    ValType type;
  };
  /// Sections of definitions count up as fields are written.
  struct Written {
    u32 funcs = 0;
    u32 tables = 0;
    u32 memories = 0;
    u32 globals = 0;
    u32 tags = 0;
  };

  Status read_module_annotations(const Cursor& cursor, bool at_start);
  Status declare_field(Cursor& cursor);
  Status declare_definition(Cursor cursor, std::string_view keyword);
  Status declare_import(Cursor cursor);
  Status check_import_order(const Cursor& cursor, const Token& token) const;
  IndexSpace* space_of(std::string_view keyword);

  Status write_field(Cursor& cursor);
  void follow(SizePlan* plan);
  ByteWriter& begin_entry(Section& section);
  Result<InlineParts> parse_inline_parts(Cursor& cursor, u8 kind, u32 index);
  void begin_import(const InlineParts& parts, u8 kind);
  Status write_import(Cursor& cursor);
  Status write_export(Cursor& cursor);
  Status write_start(Cursor& cursor);
  Status write_func(Cursor& cursor);
  Status write_func_body(Cursor& cursor, u32 func_idx, IndexSpace& locals);
  Result<std::vector<LocalRun>> parse_locals(Cursor& cursor, IndexSpace& locals);
  Result<std::optional<std::vector<LocalRun>>> accept_local_runs(const Cursor& cursor) const;
  void keep_notes(u32 func_idx, BodyNotes notes);
  Status write_table(Cursor& cursor);
  Status write_inline_elem(Cursor& cursor, bool is_64, u32 table_idx);
  Status write_memory(Cursor& cursor);
  Status write_global(Cursor& cursor);
  Status write_tag(Cursor& cursor);
  Status write_elem(Cursor& cursor);
  /// What `write_elem` found in front of the list.
  struct ElemHead {
    u8 mode = 0;
    u32 table_idx = 0;
    ByteWriter offset = ByteWriter();
    std::vector<SourceMark> offset_marks = {};
  };
  Status write_elem_list(Cursor& cursor, ElemHead head);
  static void append(Section& section, Bytes bytes, std::span<const SourceMark> marks);
  Status write_data(Cursor& cursor);
  Result<std::string> parse_data_string(Cursor& cursor);
  /// `(offset expr)` or one folded instruction.
  Status write_offset(Cursor& cursor, ByteWriter& out, std::vector<SourceMark>& marks);
  Result<bool> write_table_type(Cursor& cursor, ByteWriter& out);

  std::vector<u8> assemble(std::vector<SourceMark>& marks);
  const Section* counted_section(u8 id) const;
  void write_standard_section(ByteWriter& out, u32 row, std::vector<SourceMark>& marks);
  void write_custom_section(ByteWriter& out, CustomSection& section) const;
  void add_generated_sections();
  ByteWriter name_section() const;
  ByteWriter metadata_section(std::string_view name) const;

  const Source& source_;
  const EncodeOptions& options_;
  ModuleScope scope_;
  std::string_view
      first_definition_; ///< keyword of the first definition that is no import; else empty
  Section imports_, funcs_, tables_, memories_, tags_, globals_, exports_, elems_, code_, datas_;
  bool has_start_ = false;
  Section start_;
  Written next_;
  SizePlan plan_;       ///< of the field being written
  u32 field_begin_ = 0; ///< where its text begins
  std::vector<CustomSection> customs_;
  std::array<std::optional<SizePlan>, std::size(kSectionOrder)> asked_sections_;
  std::string module_name_;
  std::vector<FuncNames> named_locals_;
  std::vector<FuncNames> named_labels_;
  /// Sections of metadata in order of their first item, and where each is.
  std::vector<std::pair<std::string, std::vector<FuncMetadata>>> metadata_;
  std::unordered_map<std::string, usize> metadata_index_;
};

} // namespace petrel::text
