// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a `.cwasm` holds besides machine code (ir/cwasm.h), in two steps. Before the link its sections are made as one
// object: module images, plan, data, the original file, and room for the tables. After the link, when addresses are
// known, header and tables are written into that room; so nothing needs a relocation.
#pragma once

#include <span>

#include "aot/chunk.h"
#include "aot/link.h"

namespace petrel::aot {

/// Symbol that e_entry names: the CwasmHeader.
constexpr std::string_view kHeaderSymbol = "cw_header";

class Image {
public:
  /// Everything given must outlive this. Errors: limit.
  static Result<Image> create(const ChunkContext& context, const LineMap& lines);

  /// The sections, as a module to be compiled.
  std::unique_ptr<llvm::Module> sections(llvm::LLVMContext& context,
                                         const llvm::TargetMachine& machine) const;
  /// Writes header and tables, digest last.
  void fill(LinkedImage& image) const;

private:
  /// Offsets from the start of .petrel.meta.
  struct ModuleTables {
    ir::CwasmRange func_entries;
    ir::CwasmRange tail_entries;
    ir::CwasmRange array_adapters;
    ir::CwasmRange host_adapters;
    ir::CwasmRange func_maps;
    ir::CwasmRange map_entries;
    ir::CwasmRange inline_sites;
    ir::CwasmRange image;        ///< offset from .petrel.plan
    ir::CwasmRange data;         ///< offset from .petrel.data
    ir::CwasmRange memory_image; ///< likewise
    u32 memory_address = 0;
  };
  Image(const ChunkContext& context, const LineMap& lines) : context_(context), lines_(lines) {}
  Status lay_out();
  void lay_out_data(const ir::Module& wasm, ModuleTables& tables);
  Status compress();
  void fill_maps(LinkedImage& image, u32 index, const ir::CwasmModule& out) const;
  void fill_module(LinkedImage& image, u32 index, ir::CwasmModule& out) const;
  ir::CwasmHeader make_header(const LinkedImage& image) const;

  const ChunkContext& context_;
  const LineMap& lines_;
  std::vector<ModuleTables> tables_;
  u32 meta_size_ = 0;
  std::vector<u8> plan_;          ///< module images and plan
  ir::CwasmRange component_plan_; ///< offset from .petrel.plan
  std::vector<u8> data_;
  std::vector<u8> wasm_;
  bool wasm_is_stored_ = false;
};

} // namespace petrel::aot
