// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types in the text format (core specification §6.4): value, reference and heap types, limits, the type
// section with its recursion groups, and type uses, whose abbreviation `(param …) (result …)` finds the
// first equal function type or appends one to the section.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/byte_writer.h"
#include "frontend/text/cursor.h"
#include "frontend/text/encode.h"
#include "frontend/text/index_space.h"
#include "ir/types.h"

namespace petrel::text {

struct FuncSig {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncSig&) const = default;
};

/// The type section being written, and the only place that knows type names.
class TypeTable {
public:
  /// Takes the index of one `(type $id …)` definition; all of them before any is read.
  Result<u32> declare(Cursor& cursor) { return names_.define(cursor); }
  /// Encodes `(type …)` or `(rec …)` at the cursor. In order of declaration.
  Status define_field(Cursor& cursor);

  /// The index of the function type `sig`, appended when the section has none; `text_offset` is who needs it.
  u32 find_or_add(const FuncSig& sig, u32 text_offset);
  /// The signature of a defined function type, or nullptr for other indices.
  const FuncSig* func_sig(u32 type_idx) const;
  /// The field index at the cursor: a number, or a field name of struct `type_idx`.
  Result<u32> resolve_field(Cursor& cursor, u32 type_idx) const;
  Result<u32> resolve(Cursor& cursor) const { return names_.resolve(cursor); }

  Result<ValType> parse_val_type(Cursor& cursor) const;
  /// `(ref null? ht)` or a shorthand such as `funcref`.
  Result<ValType> parse_ref_type(Cursor& cursor) const;
  Result<HeapType> parse_heap_type(Cursor& cursor) const;
  /// True when a value type starts here.
  static bool at_val_type(const Cursor& cursor);
  static bool at_ref_type(const Cursor& cursor);

  const IndexSpace& names() const { return names_; }
  /// Number of types, and the field names of one.
  u32 count() const { return static_cast<u32>(entries_.size()); }
  const IndexSpace& fields(u32 type_idx) const { return entries_[type_idx].fields; }
  /// Number of recursion groups, and the section's contents without the count.
  u32 group_count() const { return group_count_; }
  Bytes section() const { return section_.bytes(); }
  /// Where its types come from; offsets in `section`.
  std::span<const SourceMark> marks() const { return marks_; }

private:
  struct Entry {
    bool is_func = false;
    FuncSig sig;
    IndexSpace fields{"field"};
  };

  Status define_type(Cursor& cursor, bool alone);
  bool write_sub_header(bool is_final, std::span<const u32> supertypes);
  Status parse_composite(Cursor& cursor, Entry& entry, ByteWriter& out);
  Status parse_struct_fields(Cursor& cursor, Entry& entry, ByteWriter& out);
  Status parse_field_type(Cursor& cursor, ByteWriter& out);
  void add_entry(Entry entry, bool alone);

  IndexSpace names_{"type"};
  std::vector<Entry> entries_;
  std::unordered_map<std::string, u32> plain_funcs_; ///< encoded signature to its first type index
  ByteWriter section_;
  std::vector<SourceMark> marks_;
  u32 group_count_ = 0;
};

/// The `(param …)* (result …)*` part; names of parameters go to `locals` when it is given, and are errors
/// otherwise. `any` tells whether there was anything.
struct ParsedSig {
  FuncSig sig;
  bool any = false;
};
Result<ParsedSig> parse_sig(Cursor& cursor, const TypeTable& types, IndexSpace* locals);

/// A type use (§6.4.10): an index, and whether `(type x)` was written out.
struct TypeUse {
  u32 type_idx = 0;
  bool is_explicit = false;
};
/// Errors: "inline function type" when both forms are given and differ, "unknown type".
Result<TypeUse> parse_type_use(Cursor& cursor, TypeTable& types, IndexSpace* locals);

/// A block's type (§6.5.2).
Status encode_block_type(Cursor& cursor, TypeTable& types, ByteWriter& out);

/// `func`, and `funcref` for `(ref null func)`.
std::string_view heap_type_word(AbsHeapType type);
std::string_view ref_type_word(AbsHeapType type);

void write_val_type(ByteWriter& out, ValType type);
void write_heap_type(ByteWriter& out, HeapType type);
/// A bare reference type as the abbreviated single byte where there is one.
void write_sig(ByteWriter& out, const FuncSig& sig);

/// Limits, and whether their page size was written out: then it is, even when it is the usual one.
struct WrittenLimits : Limits {
  bool has_page_size = false;
};
/// Limits with their leading address type and trailing `shared` and `(pagesize n)`.
Result<WrittenLimits> parse_address_type_and_limits(Cursor& cursor, bool is_memory);
/// `(pagesize n)` if it stands here.
Status parse_page_size(Cursor& cursor, WrittenLimits& limits);
void write_limits(ByteWriter& out, const WrittenLimits& limits);
/// `i32` or `i64` in front of limits, if written; true for i64.
Result<bool> accept_address_type(Cursor& cursor);
/// `t` or `(mut t)`, appended to `out`.
Status parse_global_type(Cursor& cursor, const TypeTable& types, ByteWriter& out);

} // namespace petrel::text
