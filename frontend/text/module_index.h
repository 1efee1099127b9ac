// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the printer must know of a module before it prints its first line: types, what functions there are, and how to
// call everything. Names come from the name section: the first one that has a name keeps it as identifier, others with
// the same name get `name#index`, and the annotation `@name` says what they are called.
#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/module_scan.h"
#include "frontend/text/name_section.h"
#include "frontend/text/part_reader.h"

namespace petrel::text {

/// Kinds of imports and exports by their codes.
enum class RawExtern : u8 { func = 0, table = 1, memory = 2, global = 3, tag = 4 };
constexpr u32 kExternKinds = 5;
/// `func`, …; for each kind its names.
struct ExternWord {
  std::string_view word;
  NameKind names;
};
constexpr ExternWord kExternWords[kExternKinds] = {{"func", NameKind::func},
                                                   {"table", NameKind::table},
                                                   {"memory", NameKind::memory},
                                                   {"global", NameKind::global},
                                                   {"tag", NameKind::tag}};

/// A definition of the type section (§5.3.9).
struct RawSubType {
  enum class Kind : u8 { func, structure, array };
  struct Field {
    ValType type;
    bool is_mutable;
  };
  bool is_final = true;
  std::vector<u32> supertypes;
  Kind kind = Kind::func;
  std::vector<ValType> params;
  std::vector<ValType> results;
  std::vector<Field> fields; ///< structure: all; array: one
};
/// Reads one; parts as TypeTable writes them. Errors: malformed.
Status read_sub_type(PartReader& r, RawSubType& out);

/// An import or a definition's type, as far as it has one.
struct RawImport {
  std::string_view module;
  std::string_view name;
  RawExtern kind = RawExtern::func;
  u32 type_idx = 0; ///< func, tag
  ValType type;     ///< table: element; global
  bool is_mutable = false;
  RawLimits limits; ///< table, memory
};
Status read_import(PartReader& r, RawImport& out);
Status read_table_type(PartReader& r, RawImport& out);
Status read_global_type(PartReader& r, RawImport& out);
Status read_tag_type(PartReader& r, RawImport& out);

/// Identifiers of one index space.
class IdSpace {
public:
  /// From names in order; those beyond `count` are left out.
  void assign(const NameMap& names, u32 count);
  /// The identifier without `$`; null when it has none.
  const std::string* id(u32 index) const;
  /// The name when the identifier is not it; else null.
  const std::string* annotation(u32 index) const;
  bool empty() const { return ids_.empty(); }

private:
  std::unordered_map<u32, std::string> ids_;
  std::unordered_map<u32, std::string> annotations_;
};

class ModuleIndex {
public:
  struct Type {
    bool is_func = false;
    std::vector<ValType> params;
    std::vector<ValType> results;
    u32 fields = 0; ///< of a structure
  };

  /// Reads what can be read; errors are for the printer, which meets them again.
  ModuleIndex(const ModuleScan& scan, bool with_names);

  /// Null when there is no such type, or it is no function type.
  const Type* func_type(u32 type_idx) const;
  /// The type of a function, or null.
  const Type* type_of_func(u32 func_idx) const;
  /// Fields of a structure type; 0 for others.
  u32 field_count(u32 type_idx) const {
    return type_idx < types_.size() ? types_[type_idx].fields : 0;
  }
  u32 func_count() const { return static_cast<u32>(func_types_.size()); }
  u32 func_type_idx(u32 func_idx) const { return func_types_[func_idx]; }
  u32 imported(RawExtern kind) const { return imported_[static_cast<usize>(kind)]; }
  u32 type_count() const { return static_cast<u32>(types_.size()); }

  const NameSection& names() const { return names_; }
  const IdSpace& ids(NameKind kind) const { return ids_[static_cast<usize>(kind)]; }
  /// Field names of a structure type; null when it has none.
  const IdSpace* fields(u32 type_idx) const;
  /// Can the name section be made from the identifiers that are printed?
  bool names_are_carried() const { return names_are_carried_; }

private:
  void read_types(ByteReader r);
  void read_imports(ByteReader r);
  void read_funcs(ByteReader r);
  u32 count(NameKind kind) const;
  void assign_ids();
  bool fits(const ModuleScan& scan) const;
  bool body_names_fit(ByteReader code) const;
  bool func_names_fit(u32 func_idx, Bytes body) const;

  std::vector<Type> types_;
  std::vector<u32> func_types_;
  std::array<u32, kExternKinds> imported_{};
  std::array<u32, kNameKinds> counts_{}; ///< of everything but functions and types
  NameSection names_;
  std::array<IdSpace, kNameKinds> ids_;
  std::unordered_map<u32, IdSpace> fields_;
  bool names_are_carried_ = false;
};

} // namespace petrel::text
