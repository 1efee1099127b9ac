// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules for the interpreter's unit tests, assembled from bytes and side table words: what the frontend would
// make, but with forms that no frontend emits (padded LEBs, long side table entries). Not validated: tests must
// be right.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "interp/interp.h"
#include "runtime/instance.h"
#include "runtime/type_registry.h"

namespace petrel::interp {

/// Bytes of instructions, from numbers.
inline std::vector<u8> code(std::initializer_list<int> bytes) {
  std::vector<u8> out;
  for (int byte : bytes) {
    out.push_back(static_cast<u8>(byte));
  }
  return out;
}

class TestModule {
public:
  struct FuncDef {
    u32 type = 0;
    u32 locals = 0; ///< parameters included
    u32 max_height = 16;
    std::vector<u8> code; ///< with the final `end`
    std::vector<u32> side_table;
  };

  u32 add_type(std::vector<ValType> params, std::vector<ValType> results) {
    types_.push_back({std::move(params), std::move(results)});
    return static_cast<u32>(types_.size() - 1);
  }
  /// Imports come first.
  u32 import_func(u32 type) {
    funcs_.push_back({.type = type, .locals = 0, .code = {}, .side_table = {}});
    return imported_funcs_++;
  }
  void import_memory() { memory_is_imported_ = true; }
  void import_global(ValType type) { imported_globals_.push_back(type); }
  u32 add_func(FuncDef def) {
    funcs_.push_back(std::move(def));
    return static_cast<u32>(funcs_.size() - 1);
  }
  void add_memory(u32 pages) { memory_pages_ = pages; }
  void add_table(std::vector<u32> funcs) { table_ = std::move(funcs); }
  void add_global(ValType type, u64 value) { globals_.push_back({type, value}); }

  std::shared_ptr<const runtime::CoreModule> build() const;

private:
  struct Built {
    std::vector<u64> image; ///< aligned
    std::vector<u8> file;
    runtime::CoreModule core;
  };
  struct TypeRow {
    std::vector<ValType> params;
    std::vector<ValType> results;
  };
  struct GlobalRow {
    ValType type;
    u64 value;
  };

  /// Appends an array to the image.
  template <typename T>
  static ir::Array<T> put(std::vector<u64>& image, const std::vector<T>& values) {
    const ir::Array<T> array{static_cast<u32>(image.size() * 8), static_cast<u32>(values.size())};
    image.resize(image.size() + (values.size() * sizeof(T) + 15) / 16 * 2);
    if (!values.empty()) {
      std::memcpy(reinterpret_cast<u8*>(image.data()) + array.offset, values.data(),
                  values.size() * sizeof(T));
    }
    return array;
  }
  std::vector<ir::Import> make_imports() const;

  std::vector<TypeRow> types_;
  std::vector<FuncDef> funcs_;
  std::vector<GlobalRow> globals_;
  std::vector<ValType> imported_globals_;
  std::vector<u32> table_;
  u32 imported_funcs_ = 0;
  u32 memory_pages_ = 0;
  bool memory_is_imported_ = false;
};

inline std::vector<ir::Import> TestModule::make_imports() const {
  std::vector<ir::Import> imports;
  for (u32 i = 0; i < imported_funcs_; ++i) {
    imports.push_back({.module = {}, .name = {}, .kind = ir::ExternKind::func, .index = i});
  }
  if (memory_is_imported_) {
    imports.push_back({.module = {}, .name = {}, .kind = ir::ExternKind::memory, .index = 0});
  }
  for (u32 i = 0; i < imported_globals_.size(); ++i) {
    imports.push_back({.module = {}, .name = {}, .kind = ir::ExternKind::global, .index = i});
  }
  return imports;
}

inline std::shared_ptr<const runtime::CoreModule> TestModule::build() const {
  auto built = std::make_shared<Built>();
  std::vector<u64>& image = built->image;
  ir::ModuleHeader header{};
  image.resize((sizeof header + 15) / 16 * 2);
  std::vector<ir::TypeDef> types;
  for (const TypeRow& row : types_) {
    ir::TypeDef type{};
    type.params = put(image, row.params);
    type.results = put(image, row.results);
    types.push_back(type);
  }
  header.types = put(image, types);
  std::vector<ir::Func> funcs;
  std::vector<u32> side_table;
  built->file.resize(16, 0xff); // so that no body starts at offset 0
  for (const FuncDef& def : funcs_) {
    ir::Func func{};
    func.type = TypeIdx(def.type);
    func.body_offset = static_cast<u32>(built->file.size());
    built->file.insert(built->file.end(), def.code.begin(), def.code.end());
    func.body_end = static_cast<u32>(built->file.size());
    func.side_table = static_cast<u32>(side_table.size());
    func.side_table_words = static_cast<u32>(def.side_table.size());
    side_table.insert(side_table.end(), def.side_table.begin(), def.side_table.end());
    func.local_count = def.locals;
    func.max_height = def.max_height;
    funcs.push_back(func);
  }
  built->file.resize(built->file.size() + 16);
  header.funcs = put(image, funcs);
  header.side_table = put(image, side_table);
  header.imports = put(image, make_imports());
  header.imported_funcs = imported_funcs_;
  header.imported_memories = memory_is_imported_ ? 1 : 0;
  header.imported_globals = static_cast<u32>(imported_globals_.size());
  if (memory_is_imported_ || memory_pages_ != 0) {
    header.memories =
        put(image, std::vector<Limits>{{.min = memory_is_imported_ ? 0 : memory_pages_}});
  }
  std::vector<ir::Global> globals;
  for (ValType type : imported_globals_) {
    globals.push_back({.type = {.type = type, .is_mutable = 1}, .init = {}});
  }
  for (const GlobalRow& row : globals_) {
    globals.push_back({.type = {.type = row.type, .is_mutable = 1},
                       .init = {.value = RawVal::of_i64(row.value),
                                .kind = ir::ConstExpr::Kind::value,
                                .type = row.type,
                                .code = {}}});
  }
  header.globals = put(image, globals);
  if (!table_.empty()) {
    ir::Table table{};
    table.type.element = ValType::funcref();
    table.type.limits.min = table_.size() + 1; // one null element behind
    header.tables = put(image, std::vector<ir::Table>{table});
    ir::Elem elem{};
    elem.table = TableIdx(0);
    elem.type = ValType::funcref();
    elem.funcs = put(image, table_);
    header.elems = put(image, std::vector<ir::Elem>{elem});
  }
  header.image_size = static_cast<u32>(image.size() * 8);
  std::memcpy(image.data(), &header, sizeof header);
  runtime::CoreModule* const module = &built->core;
  module->ir = ir::Module(reinterpret_cast<const u8*>(image.data()));
  module->file = built->file.data();
  module->data_base = built->file.data();
  module->type_ids = *runtime::intern_types(module->ir);
  return {built, module}; // shares the ownership of everything
}

} // namespace petrel::interp
