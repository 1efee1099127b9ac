// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder of one module in the making; methods by section, in section_decoder.cpp, segment_decoder.cpp,
// code_decoder.cpp and name_decoder.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/const_expr.h"
#include "frontend/module_decoder.h"
#include "frontend/subtyping.h"
#include "ir/rec_groups.h"

namespace petrel::frontend {

struct BodyScratch;
class SideTableBuilder;

/// Section ids (§5.5.2).
enum class SectionId : u8 {
  custom = 0,
  type = 1,
  import = 2,
  function = 3,
  table = 4,
  memory = 5,
  global = 6,
  export_ = 7,
  start = 8,
  element = 9,
  code = 10,
  data = 11,
  data_count = 12,
  tag = 13,
};
std::string_view section_name(SectionId id);

class ModuleDecoder {
public:
  ModuleDecoder(Bytes file, u64 start, u64 size, const DecodeOptions& options)
      : file_(file), start_(start), size_(size), options_(options), limits_(options.limits),
        features_(options.features, options.available), reader_(file.subspan(start, size), start) {
    header_.file_offset = narrow<u32>(start);
    header_.file_size = narrow<u32>(size);
  }

  Result<ModuleImage> run();

private:
  Status preamble();
  Status section();
  Status dispatch(SectionId id, ByteReader& r);
  Status check_order(SectionId id, u64 offset);
  Error read_on(Error error, SectionId id, u64 payload_offset, u64 payload_end) const;
  Status finish();

  // section_decoder.cpp
  Status custom_section(ByteReader& r);
  Status import_section(ByteReader& r);
  Status import(ByteReader& r);
  Status function_section(ByteReader& r);
  Status table_section(ByteReader& r);
  Status memory_section(ByteReader& r);
  Status tag_section(ByteReader& r);
  Status add_tag(ByteReader& r);
  Status global_section(ByteReader& r);
  Status export_section(ByteReader& r);
  Status exports(ByteReader& r);
  Status start_section(ByteReader& r);
  Result<ValType> val_type(ByteReader& r);
  Result<ValType> ref_type(ByteReader& r);
  Result<Limits> limits(ByteReader& r, const char* what, u32 allowed_flags);
  Result<ir::TableType> table_type(ByteReader& r);
  Result<u8> page_size_log2(ByteReader& r);
  Result<Limits> memory_type(ByteReader& r);
  Status add_memory(ByteReader& r);
  Status check_table_count(u64 offset);
  Result<ir::GlobalType> global_type(ByteReader& r);
  Status add_func(u32 type, u64 offset);
  Status check_unique_exports();

  // type_section.cpp
  struct PendingType;
  Status type_section(ByteReader& r);
  Status rec_group(ByteReader& r, u32 count, std::optional<u8> form);
  u32 equal_group(std::span<const PendingType> group, u32 first);
  Status sub_type(ByteReader& r, u8 form, u32 index, PendingType& type);
  Status composite_type(ByteReader& r, u8 form, PendingType& type);
  Status field_type(ByteReader& r, PendingType& type);
  Status check_supertype(u32 index, const PendingType& type);
  Result<std::vector<ValType>> result_type(ByteReader& r, u32 limit, const char* what);

  // segment_decoder.cpp
  Status element_section(ByteReader& r);
  Result<ir::Elem> element_segment(ByteReader& r);
  Status element_items(ByteReader& r, ir::Elem& elem, bool has_exprs);
  Status data_section(ByteReader& r);
  Result<ir::Data> data_segment(ByteReader& r);
  Result<ir::ConstExpr> const_expr(ByteReader& r, ValType type);

  // code_decoder.cpp
  Status code_section(ByteReader& r);
  Status write_declarations();
  Status function_body(ByteReader& r, u32 func, BodyScratch& scratch, SideTableBuilder& side_table);
  Status code_count_differs(u32 count, u64 offset);
  std::string func_place(u32 func);

  // name_decoder.cpp
  void name_section(ByteReader r);
  void read_func_names(ByteReader r);

  bool has(ir::Feature feature) const { return features_.has(feature); }
  Status check_several(ir::Feature feature, const char* what, u64 offset) const;
  u32 func_count() const { return static_cast<u32>(funcs_.size()); }

  Bytes file_;
  u64 start_;
  u64 size_;
  const DecodeOptions& options_;
  const ir::DecodeLimits& limits_;
  ir::FeatureGate features_;
  ByteReader reader_;
  u32 last_order_ = 0;
  bool has_code_ = false;
  bool declarations_written_ = false;
  u64 stretched_at_ =
      0; ///< payload of a section that reaches to the module's end, for messages; 0 = none

  ir::ImageBuilder image_;
  ir::ModuleHeader header_;
  std::vector<ir::TypeDef> types_;
  u32 type_count_ = 0; ///< types that may be referred to: those of the open group included
  ir::GroupTable groups_;
  std::vector<u32> group_starts_; ///< first type of each of them
  std::vector<ir::Import> imports_;
  std::vector<ir::Func> funcs_;
  std::vector<ir::Table> tables_;
  std::vector<Limits> memories_;
  std::vector<ir::Global> globals_;
  std::vector<ir::Tag> tags_;
  std::vector<ir::Export> exports_;
  std::vector<ir::Elem> elems_;
  std::vector<ir::CustomSection> customs_;
  std::vector<std::string_view> export_names_; ///< parallel to exports_, in the file
  std::vector<ir::Handler> handlers_;
  std::vector<bool> referenced_; ///< functions in C.refs
  std::string_view module_name_;
  std::vector<std::pair<u32, std::string_view>> func_names_;
};

} // namespace petrel::frontend
