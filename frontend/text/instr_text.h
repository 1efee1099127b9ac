// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How types, indices and single instructions are spelled, given the names of a module. Shared by the flat printer, the
// folded one and the listing with offsets.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/instr_reader.h"
#include "frontend/text/module_index.h"

namespace petrel::text {

/// The labels that are open where an instruction stands; innermost last. The function's own is not among them.
class LabelStack {
public:
  void open(const std::string* id);
  void close();
  u32 depth() const { return static_cast<u32>(ids_.size()); }
  /// The identifier that a branch to `label` can use: that of its block, unless an inner block has the same; else null.
  const std::string* id(u32 label) const;

private:
  std::vector<const std::string*> ids_;                          ///< null for blocks without a name
  std::unordered_map<std::string_view, std::vector<u32>> named_; ///< places in ids_, innermost last
};

/// Where an instruction stands.
struct BodyScope {
  LabelStack labels;
  const IdSpace* locals = nullptr;
};

class InstrText {
public:
  explicit InstrText(const ModuleIndex& index) : index_(index) {}

  /// Keyword and immediates. A block's label stands behind its keyword when `label` is given.
  void append(std::string& out, const RawInstr& in, const BodyScope& scope,
              const std::string* label = nullptr) const;

  /// An index or its identifier, with a space in front.
  void append_ref(std::string& out, NameKind kind, u32 index) const;
  void append_val_type(std::string& out, ValType type) const;
  void append_heap_type(std::string& out, HeapType type) const;
  /// ` (type 0) (param i32) (result i32)`
  void append_type_use(std::string& out, u32 type_idx) const;
  /// ` (param …)` or ` (result …)`; nothing for no types.
  void append_types(std::string& out, std::string_view keyword,
                    std::span<const ValType> types) const;

private:
  void append_immediates(std::string& out, const RawInstr& in, const BodyScope& scope) const;
  void append_block_type(std::string& out, const RawBlockType& type) const;
  void append_label(std::string& out, u32 label, const BodyScope& scope) const;
  void append_index(std::string& out, ir::Imm imm, const RawInstr& in,
                    const BodyScope& scope) const;
  void append_pair(std::string& out, ir::Imm imm, const RawInstr& in) const;
  void append_table_type(std::string& out, const RawInstr& in) const;
  void append_type_number(std::string& out, ir::Imm imm, const RawInstr& in) const;
  void append_memarg(std::string& out, const RawInstr& in) const;
  void append_constant(std::string& out, ir::Imm imm, const RawInstr& in) const;
  void append_clauses(std::string& out, const RawInstr& in, const BodyScope& scope) const;
  void append_cast(std::string& out, const RawInstr& in, const BodyScope& scope) const;
  void append_heap(std::string& out, const RawInstr& in) const;
  void append_ref_type(std::string& out, HeapType heap, bool nullable) const;

  const ModuleIndex& index_;
};

} // namespace petrel::text
