// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Assembles the flat image of a component plan (ir/component_plan.h): rows are collected in vectors, what they
// point to (names, lists, code) goes at once into a byte pool whose offsets are already those of the image;
// `finish` appends the tables and writes the header. Types are interned here; the sizes and alignments come
// along from the validator's type table.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/component_plan.h"

namespace petrel::frontend::comp {

class PlanImage {
public:
  PlanImage();

  /// Rows; `finish` writes them out.
  std::vector<ir::CoreModule> modules;
  std::vector<ir::Initialiser> initialisers;
  std::vector<ir::ComponentInstanceInfo> components;
  std::vector<ir::InstantiateModule> instantiates;
  std::vector<ir::Extract> extracts;
  std::vector<ir::Resource> resources;
  std::vector<ir::CanonOptions> options;
  std::vector<ir::HostImport> imports;
  std::vector<ir::ImportedInterface> interfaces;
  std::vector<ir::LowerImport> lowers;
  std::vector<ir::Lift> lifts;
  std::vector<ir::FusedAdapter> fused;
  std::vector<ir::CanonBuiltin> builtins;
  std::vector<ir::ComponentExport> exports;
  std::vector<ir::DefType> types;
  std::vector<ir::CompFuncType> func_types;
  std::vector<ir::TransferPlan> plans;
  u32 func_slots = 0;
  u32 memory_slots = 0;
  u32 table_slots = 0;
  u32 core_instances = 0;

  /// Copies a list into the image.
  template <typename T> ir::Array<T> put(std::span<const T> list) {
    align(alignof(T) < 4 ? 1 : alignof(T));
    ir::Array<T> out{offset(), narrow<u32>(list.size())};
    append(list.data(), list.size_bytes());
    return out;
  }
  template <typename T> ir::Array<T> put(const std::vector<T>& list) {
    return put(std::span<const T>(list));
  }
  /// A name; equal names share their bytes.
  ir::Str name(std::string_view text);
  std::string_view text(ir::Str s) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + s.offset, s.count};
  }
  std::span<const ir::Field> fields(ir::Array<ir::Field> a) const {
    // SAFETY: `put` aligned and wrote these rows.
    return {reinterpret_cast<const ir::Field*>(bytes_.data() + a.offset), a.count};
  }

  /// Interns a value type whose children are interned. `row.fields` is ignored, `fields` counts.
  ir::DefTypeIdx intern(ir::DefType row, const std::vector<ir::Field>& fields);
  ir::CompFuncTypeIdx intern_func(const std::vector<ir::Field>& params, ir::DefTypeIdx result,
                                  bool is_async);
  /// Adds a plan; equal ones share a row.
  ir::TransferPlanIdx intern_plan(const ir::PlanEnd& src, const ir::PlanEnd& dst,
                                  const std::vector<u32>& code);

  void add_init(ir::InitKind kind, usize index) {
    initialisers.push_back({kind, narrow<u32>(index)});
  }

  /// Bytes so far; limit errors are the caller's.
  usize size_bytes() const { return bytes_.size(); }
  std::vector<u8> finish();

private:
  u32 offset() const { return narrow<u32>(bytes_.size()); }
  void align(usize alignment) { bytes_.resize(align_up(bytes_.size(), alignment)); }
  void append(const void* data, usize size_bytes) {
    const u8* from = static_cast<const u8*>(data);
    bytes_.insert(bytes_.end(), from, from + size_bytes);
  }

  std::vector<u8> bytes_;
  std::unordered_map<std::string, ir::Str> names_;
  std::map<std::vector<u32>, u32> type_keys_;
  std::map<std::vector<u32>, u32> func_keys_;
  std::map<std::vector<u32>, u32> plan_keys_;
};

/// Limit on the text of one type key.
constexpr usize kMaxKeyBytes = 1u << 20;
/// The type key of a function (grammar in ir/component_plan.h). Errors: limit.
Result<std::string> type_key(const PlanImage& image, const ir::CompFuncType& func);

} // namespace petrel::frontend::comp
