// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoded and validated core module: ONE flat image, addressed by 32-bit offsets from its start, built
// once by the frontend (ir/module_builder.h), read in place by the interpreter, the compiler and the runtime, and
// copied as it is into a `.cwasm`. Nothing in it is a pointer, nothing is parsed again.
//
//     +--------------+---------+---------+----- - - -----+-------------+
//     | ModuleHeader | types   | imports | …  arrays     | name bytes  |
//     +--------------+---------+---------+----- - - -----+-------------+
//       Array<T>{offset, count} in the header say where each array lies
//
// Function bodies and data segments are not copied: they stay in the file's bytes, and the image holds
// *absolute file offsets* (a component's file holds several modules; an offset in a message is always
// one of the whole file). A `.cwasm` carries the data section's bytes under the same offsets.
//
// INVARIANT(image): an image comes from the frontend of this process or from a `.cwasm` that the loader
// accepted; every Array lies inside the image (checked once by `Module::check`).
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "ir/features.h"
#include "ir/handler_table.h"
#include "ir/types.h"

namespace petrel::ir {

/// `count` consecutive T at `offset` bytes from the start of the image.
template <typename T> struct Array {
  u32 offset = 0;
  u32 count = 0;
};
using Str = Array<char>;

enum class CompositeKind : u8 { func, struct_, array };

/// One type definition (§2.3.8) of the type section, rec groups flattened.
struct TypeDef {
  CompositeKind kind = CompositeKind::func;
  u8 is_final = 1;
  u16 depth = 0;           ///< number of supertypes above
  TypeIdx supertype = {};  ///< none() when there is none
  TypeIdx canonical = {};  ///< first type of the module that is equal to this one
  u32 rec_group_start = 0; ///< first type index of its recursion group
  u32 rec_group_size = 1;
  Array<ValType> params =
      {}; ///< func: parameters; struct: field storage types; array: one element type
  Array<ValType> results = {}; ///< func only
  Array<u8> mutabilities = {}; ///< struct, array: per field, 1 = var
};

enum class ExternKind : u8 { func = 0, table = 1, memory = 2, global = 3, tag = 4 };

struct TableType {
  ValType element;
  u32 pad = 0;
  Limits limits;
};
struct GlobalType {
  ValType type;
  u8 is_mutable = 0;
  u8 pad[3] = {};
};

struct Import {
  Str module;
  Str name;
  ExternKind kind = ExternKind::func;
  u8 pad[3] = {};
  u32 index = 0; ///< in the index space of `kind`
};
struct Export {
  Str name;
  ExternKind kind = ExternKind::func;
  u8 pad[3] = {};
  u32 index = 0;
};

/// A constant expression (§3.4.13). The common forms are evaluated already; the rest keeps its bytes.
struct ConstExpr {
  enum class Kind : u32 {
    value,      ///< `value` holds it (numeric constants, folded arithmetic, ref.null = 0)
    global_get, ///< index in value.i32
    ref_func,   ///< function index in value.i32
    code,       ///< wasm bytes including the final `end`, copied into the image
  };
  RawVal value = {};
  Kind kind = Kind::value;
  ValType type = {};
  Array<u8> code = {};
};

/// A function of the function index space; imports come first.
struct Func {
  TypeIdx type;
  u32 body_offset =
      0; ///< file offset of the first instruction (after the local declarations); 0 for imports
  u32 body_end = 0;   ///< file offset just past the final `end`
  u32 code_start = 0; ///< file offset of the body's size field payload (the local declarations)
  u32 side_table = 0; ///< first word in side_table
  u32 side_table_words = 0;
  u32 local_count = 0; ///< parameters and locals for exceptions (ir/handler_table.h) included
  u32 max_height = 0;  ///< greatest operand stack height, in slots
  u32 handlers = 0;    ///< first in handlers, 0 when there is none
  u32 handler_count = 0;
  u32 flags = 0; ///< FuncFlag bits
};
enum FuncFlag : u32 {
  kFuncIsReferenced = 1, ///< may be the operand of ref.func (declared in C.refs)
  kFuncUsesV128 = 2,
};

struct Table {
  TableType type;
  ConstExpr init; ///< initial element value; ref.null when absent
};
struct Global {
  GlobalType type;
  u32 pad[2] = {}; // all padding is explicit: images are reproducible bit for bit
  ConstExpr init;  ///< unused for imports
};
struct Tag {
  TypeIdx type;
};

enum class SegmentMode : u32 { active, passive, declarative };

struct Elem {
  SegmentMode mode = SegmentMode::active;
  TableIdx table;
  ValType type;
  u32 pad = 0;
  ConstExpr offset;
  Array<u32> funcs = {};       ///< when the segment lists function indices only (0xffffffff = null)
  Array<ConstExpr> exprs = {}; ///< otherwise
  u32 count() const { return funcs.count != 0 ? funcs.count : exprs.count; }
};
struct Data {
  SegmentMode mode = SegmentMode::active;
  MemIdx memory;
  u32 bytes_offset = 0; ///< file offset of the contents
  u32 bytes_size = 0;
  // Small, because there are modules with 100,000 of them.
  u32 address = 0; ///< active: where its contents go, when that is a constant below 4 GiB …
  u32 offset_expr =
      0; ///< … else the place in the image of the ConstExpr that tells, which is never 0
};
static_assert(sizeof(Data) == 24);

/// A name of the `name` section: functions only are kept in the image (sorted by index).
struct NameEntry {
  u32 index;
  Str name;
};
struct CustomSection {
  Str name;
  u32 payload_offset; ///< file offset
  u32 payload_size;
};

struct ModuleHeader {
  static constexpr u32 kMagic = 0x314d4950; // "PIM1"
  u32 magic = kMagic;
  u32 image_size = 0;
  u32 file_offset = 0; ///< where the module starts in its file
  u32 file_size = 0;   ///< its length
  u32 data_offset = 0; ///< file offset of the data section's payload (0/0 when absent)
  u32 data_size = 0;
  u32 imported_funcs = 0;
  u32 imported_tables = 0;
  u32 imported_memories = 0;
  u32 imported_globals = 0;
  u32 imported_tags = 0;
  FuncIdx start;      ///< none() when absent
  u32 data_count = 0; ///< of the data count section; has_data_count says whether present
  u32 has_data_count = 0;
  u32 has_v128 = 0; ///< it may hold v128 values: a type, global or body names one
  u32 pad = 0;
  FeatureSet features; ///< it may use these: switched on, and in the engine
  Str name;            ///< module name of the name section
  Array<TypeDef> types;
  Array<Import> imports;
  Array<Func> funcs;
  Array<Table> tables;
  Array<Limits> memories;
  Array<Global> globals;
  Array<Tag> tags;
  Array<Export> exports;      ///< in file order
  Array<u32> exports_by_name; ///< indices into exports, sorted by name bytes
  Array<Elem> elems;
  Array<Data> datas;
  Array<NameEntry> func_names;
  Array<CustomSection> customs;
  Array<Handler> handlers;
  Array<u32> side_table; ///< empty in a `.cwasm`
};

/// Read access to an image. Does not own it (see runtime for lifetimes); trivially copyable.
class Module {
public:
  explicit Module(const u8* image = nullptr) : image_(image) {}

  const ModuleHeader& header() const { return *reinterpret_cast<const ModuleHeader*>(image_); }
  Bytes image() const { return {image_, header().image_size}; }

  template <typename T> std::span<const T> array(Array<T> a) const {
    // SAFETY: INVARIANT(image).
    return {reinterpret_cast<const T*>(image_ + a.offset), a.count};
  }
  std::string_view str(Str s) const {
    return {reinterpret_cast<const char*>(image_) + s.offset, s.count};
  }

  std::span<const TypeDef> types() const { return array(header().types); }
  std::span<const Import> imports() const { return array(header().imports); }
  std::span<const Func> funcs() const { return array(header().funcs); }
  std::span<const Table> tables() const { return array(header().tables); }
  std::span<const Limits> memories() const { return array(header().memories); }
  std::span<const Global> globals() const { return array(header().globals); }
  std::span<const Tag> tags() const { return array(header().tags); }
  std::span<const Export> exports() const { return array(header().exports); }
  std::span<const Elem> elems() const { return array(header().elems); }
  std::span<const Data> datas() const { return array(header().datas); }
  std::span<const Handler> handlers() const { return array(header().handlers); }
  std::span<const Handler> handlers(const Func& f) const {
    return handlers().subspan(f.handlers, f.handler_count);
  }
  std::span<const u32> side_table() const { return array(header().side_table); }
  std::span<const CustomSection> customs() const { return array(header().customs); }

  /// The offset of an active data segment that is not in `address`, else null.
  const ConstExpr* offset_expr(const Data& data) const {
    return data.offset_expr == 0 ? nullptr : array(Array<ConstExpr>{data.offset_expr, 1}).data();
  }

  const TypeDef& type(TypeIdx idx) const { return types()[idx.index()]; }
  const Func& func(FuncIdx idx) const { return funcs()[idx.index()]; }
  const TypeDef& func_type(FuncIdx idx) const { return type(func(idx).type); }
  std::span<const ValType> params(const TypeDef& t) const { return array(t.params); }
  std::span<const ValType> results(const TypeDef& t) const { return array(t.results); }

  bool is_imported_func(FuncIdx idx) const { return idx.index() < header().imported_funcs; }
  bool is_imported_table(TableIdx idx) const { return idx.index() < header().imported_tables; }
  bool is_imported_memory(MemIdx idx) const { return idx.index() < header().imported_memories; }
  bool is_imported_global(GlobalIdx idx) const { return idx.index() < header().imported_globals; }

  /// The export of that name, or nullptr. Binary search.
  const Export* find_export(std::string_view name) const;
  /// The name section's name of a function; empty when it has none.
  std::string_view func_name(FuncIdx idx) const;
  std::string_view name() const { return str(header().name); }

  /// Does a data segment lie inside the data section and, when active, belong to a memory? Of a decoded module always; of one
  /// from a file before it is used.
  bool is_sound(const Data& data) const;

  /// True when every Array and Str lies inside `size_bytes` bytes, aligned, and indices that consumers use without
  /// checks are in range. For images that come from a file.
  static bool check(const u8* image, usize size_bytes);

private:
  const u8* image_;
};

} // namespace petrel::ir
