// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sections of declarations: types, imports, functions, tables, memories, globals, exports, start (§5.5).
#include <algorithm>
#include <numeric>

#include "base/format.h"
#include "base/unicode.h"
#include "frontend/body_errors.h"
#include "frontend/module_state.h"
#include "frontend/type_codes.h"

namespace petrel::frontend {

namespace {

constexpr u8 kWasmPageLog2 = 16;
constexpr u64 kMaxElements32 = 0xffffffff;

/// Greatest size in pages that an address type can reach (§3.2.14). The last byte of 2^32 or 2^64 pages of one byte has no
/// address above it, so those stop one short.
u64 max_pages(const Limits& type) {
  const u32 address_bits = type.is_64 != 0 ? 64 : 32;
  return type.page_size_log2 == 0 ? ~u64{0} >> (64 - address_bits)
                                  : u64{1} << (address_bits - type.page_size_log2);
}

std::unexpected<Error> invalid(u64 offset, std::string text) {
  return fail_at(ErrorClass::invalid, offset, std::move(text));
}

Status check_min_max(const Limits& limits, u64 offset) {
  if (limits.has_max == 0 || limits.min <= limits.max) {
    return {};
  }
  return invalid(offset, strf("size minimum must not be greater than maximum: %llu > %llu",
                              static_cast<unsigned long long>(limits.min),
                              static_cast<unsigned long long>(limits.max)));
}

/// Is one more within the limit?
Status check_limit(usize count, u32 limit, const char* what, u64 offset) {
  if (count < limit) {
    return {};
  }
  return fail_at(ErrorClass::limit, offset,
                 strf("%zu %s exceed limit %u (-L %s=N)", count + 1, what, limit, what));
}

} // namespace

Status ModuleDecoder::custom_section(ByteReader& r) {
  TRY_ASSIGN(std::string_view name, r.read_name());
  const u32 offset = static_cast<u32>(r.offset());
  const u32 size = static_cast<u32>(r.remaining());
  TRY_ASSIGN(ByteReader payload, r.read_sub(size));
  customs_.push_back({image_.append(name), offset, size});
  if (name == "name") {
    name_section(payload);
  }
  return {};
}

Result<ValType> ModuleDecoder::val_type(ByteReader& r) {
  TRY_ASSIGN(ValType type, read_val_type(r, features_, type_count_));
  if (type == ValType(ValKind::v128)) {
    header_.has_v128 = 1;
  }
  return type;
}

Result<ValType> ModuleDecoder::ref_type(ByteReader& r) {
  return read_ref_type(r, features_, type_count_);
}

Result<Limits> ModuleDecoder::limits(ByteReader& r, const char* what, u32 allowed_flags) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u8 flags, r.read_u8());
  if ((flags & ~allowed_flags) != 0) {
    return fail_at(ErrorClass::malformed, offset, strf("malformed limits flags 0x%02x", flags));
  }
  auto refuse = [&](ir::Feature feature) {
    return std::unexpected(
        ir::fail_feature(feature, features_, strf("%s limits with flags 0x%02x", what, flags))
            .error()
            .with_offset(offset));
  };
  if ((flags & 8) != 0 && !has(ir::Feature::CustomPageSizes)) {
    return refuse(ir::Feature::CustomPageSizes);
  }
  if ((flags & 4) != 0 && !has(ir::Feature::Memory64)) {
    return refuse(ir::Feature::Memory64);
  }
  if ((flags & 2) != 0 && !has(ir::Feature::Threads)) {
    return refuse(ir::Feature::Threads);
  }
  Limits limits;
  limits.is_64 = (flags & 4) != 0 ? 1 : 0;
  limits.is_shared = (flags & 2) != 0 ? 1 : 0;
  TRY_ASSIGN(limits.min, r.read_var_u64());
  if ((flags & 1) != 0) {
    limits.has_max = 1;
    TRY_ASSIGN(limits.max, r.read_var_u64());
  }
  if (!features_.enabled().has(ir::Feature::Memory64) && (limits.min | limits.max) >> 32 != 0) {
    return fail_at(
        ErrorClass::malformed, offset,
        strf("i32 constant out of range: %s limits beyond 32 bits need feature memory64, "
             "which is off (-W memory64)",
             what));
  }
  limits.page_size_log2 = kWasmPageLog2;
  if ((flags & 8) != 0) {
    TRY_ASSIGN(limits.page_size_log2, page_size_log2(r));
  }
  return limits;
}

/// log2 of a memory's page size (custom page sizes): 1 and 65536 bytes are valid.
Result<u8> ModuleDecoder::page_size_log2(ByteReader& r) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 log2, r.read_var_u32());
  if (log2 >= 64) {
    return fail_at(ErrorClass::malformed, offset, strf("invalid custom page size: 2^%u", log2));
  }
  if (log2 != 0 && log2 != kWasmPageLog2) {
    return invalid(offset, strf("invalid custom page size: expected 1 or 65536, found 2^%u", log2));
  }
  return static_cast<u8>(log2);
}

Result<ir::TableType> ModuleDecoder::table_type(ByteReader& r) {
  ir::TableType type;
  TRY_ASSIGN(type.element, ref_type(r));
  const u64 offset = r.offset();
  TRY_ASSIGN(type.limits, limits(r, "table", 0x05));
  if (type.limits.is_64 == 0 && (type.limits.min > kMaxElements32 ||
                                 (type.limits.has_max != 0 && type.limits.max > kMaxElements32))) {
    return invalid(offset, "table size must be at most 4294967295");
  }
  TRY(check_min_max(type.limits, offset));
  return type; // how many elements a table may really have is checked when it is made
}

Result<Limits> ModuleDecoder::memory_type(ByteReader& r) {
  const u64 offset = r.offset();
  const u32 page_size_flag = features_.enabled().has(ir::Feature::CustomPageSizes) ? 0x08 : 0;
  TRY_ASSIGN(Limits type, limits(r, "memory", 0x07 | page_size_flag));
  const u64 most = max_pages(type);
  if (type.min > most || (type.has_max != 0 && type.max > most)) {
    return invalid(offset,
                   strf("memory size must be at most %llu pages (%s)",
                        static_cast<unsigned long long>(most), type.is_64 != 0 ? "16EiB" : "4GiB"));
  }
  TRY(check_min_max(type, offset));
  if (type.is_shared != 0 && type.has_max == 0) {
    return invalid(offset, "shared memory must have maximum");
  }
  return type;
}

/// May there be more than one? Where the feature is off such a module is invalid, as it was before there was one.
Status ModuleDecoder::check_several(ir::Feature feature, const char* what, u64 offset) const {
  if (has(feature)) {
    return {};
  }
  Error error = std::move(ir::fail_feature(feature, features_, what).error()).with_offset(offset);
  if (!features_.enabled().has(feature)) {
    return invalid(offset, error.info().text);
  }
  return std::unexpected(std::move(error));
}

/// Adds a memory, imported or defined.
Status ModuleDecoder::add_memory(ByteReader& r) {
  const u64 offset = r.offset();
  TRY(check_limit(memories_.size(), limits_.memories, "memories", offset));
  TRY_ASSIGN(Limits type, memory_type(r));
  if (!memories_.empty()) {
    TRY(check_several(ir::Feature::MultiMemory, "multiple memories", offset));
  }
  memories_.push_back(type);
  return {};
}

/// One more table, imported or defined.
Status ModuleDecoder::check_table_count(u64 offset) {
  TRY(check_limit(tables_.size(), limits_.tables, "tables", offset));
  return tables_.empty() ? Status()
                         : check_several(ir::Feature::ReferenceTypes, "multiple tables", offset);
}

Result<ir::GlobalType> ModuleDecoder::global_type(ByteReader& r) {
  ir::GlobalType type;
  TRY_ASSIGN(type.type, val_type(r));
  const u64 offset = r.offset();
  TRY_ASSIGN(type.is_mutable, r.read_u8());
  if (type.is_mutable > 1) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("malformed mutability 0x%02x", type.is_mutable));
  }
  return type;
}

Status ModuleDecoder::add_func(u32 type, u64 offset) {
  if (type >= types_.size()) {
    return invalid(offset, unknown_index("type", type));
  }
  if (types_[type].kind != ir::CompositeKind::func) {
    return invalid(offset,
                   strf("type mismatch: type %u of a function is not a function type", type));
  }
  TRY(check_limit(funcs_.size(), limits_.functions, "functions", offset));
  ir::Func func;
  func.type = TypeIdx(type);
  funcs_.push_back(func);
  referenced_.push_back(false);
  return {};
}

Status ModuleDecoder::import(ByteReader& r) {
  TRY_ASSIGN(std::string_view module, r.read_name());
  TRY_ASSIGN(std::string_view name, r.read_name());
  const u64 offset = r.offset();
  TRY_ASSIGN(u8 kind, r.read_u8());
  ir::Import import;
  import.module = image_.append(module);
  import.name = image_.append(name);
  import.kind = static_cast<ir::ExternKind>(kind);
  switch (kind) {
  case 0x00: {
    import.index = func_count();
    const u64 type_offset = r.offset();
    TRY_ASSIGN(u32 type, r.read_var_u32());
    TRY(add_func(type, type_offset));
    ++header_.imported_funcs;
    break;
  }
  case 0x01: {
    import.index = narrow<u32>(tables_.size());
    TRY(check_table_count(offset));
    TRY_ASSIGN(ir::TableType type, table_type(r));
    tables_.push_back({type, {}});
    ++header_.imported_tables;
    break;
  }
  case 0x02: {
    import.index = narrow<u32>(memories_.size());
    TRY(add_memory(r));
    ++header_.imported_memories;
    break;
  }
  case 0x03: {
    import.index = narrow<u32>(globals_.size());
    TRY(check_limit(globals_.size(), limits_.globals, "globals", offset));
    TRY_ASSIGN(ir::GlobalType type, global_type(r));
    if (type.is_mutable && !features_.has(ir::Feature::MutableGlobal)) {
      return std::unexpected(
          ir::fail_feature(ir::Feature::MutableGlobal, features_, "imported mutable global")
              .error()
              .with_offset(offset));
    }
    globals_.push_back({type, {}, {}});
    ++header_.imported_globals;
    break;
  }
  case 0x04:
    if (!has(ir::Feature::Exceptions)) {
      return std::unexpected(ir::fail_feature(ir::Feature::Exceptions, features_, "imported tag")
                                 .error()
                                 .with_offset(offset));
    }
    import.index = narrow<u32>(tags_.size());
    TRY(add_tag(r));
    ++header_.imported_tags;
    break;
  default:
    return fail_at(ErrorClass::malformed, offset, strf("malformed import kind 0x%02x", kind));
  }
  imports_.push_back(import);
  return {};
}

Status ModuleDecoder::import_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.imports, 3, "imports"));
  for (u32 i = 0; i < count; ++i) {
    TRY(import(r));
  }
  return {};
}

Status ModuleDecoder::function_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.functions, 1, "functions"));
  for (u32 i = 0; i < count; ++i) {
    const u64 offset = r.offset();
    TRY_ASSIGN(u32 type, r.read_var_u32());
    TRY(add_func(type, offset));
  }
  return {};
}

Status ModuleDecoder::table_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.tables, 1, "tables"));
  for (u32 i = 0; i < count; ++i) {
    const u64 offset = r.offset();
    TRY(check_table_count(offset));
    const bool has_init = r.peek() == u8{0x40};
    if (has_init) {
      if (!has(ir::Feature::FunctionReferences)) {
        return std::unexpected(ir::fail_feature(ir::Feature::FunctionReferences, features_,
                                                "table with an initial value")
                                   .error()
                                   .with_offset(offset));
      }
      TRY(r.read_u8());
      const u64 flag_offset = r.offset();
      TRY_ASSIGN(u8 reserved, r.read_u8());
      if (reserved != 0) {
        return fail_at(ErrorClass::malformed, flag_offset,
                       strf("malformed table: expected 0x00 behind 0x40, found 0x%02x", reserved));
      }
    }
    TRY_ASSIGN(ir::TableType type, table_type(r));
    ir::Table table{type, {}};
    table.init.type = type.element;
    if (has_init) {
      TRY_ASSIGN(table.init, const_expr(r, type.element));
    } else if (!type.element.is_defaultable()) {
      return invalid(offset, strf("type mismatch: a table of %s needs an initial value",
                                  to_string(type.element).c_str()));
    }
    tables_.push_back(table);
  }
  return {};
}

Status ModuleDecoder::memory_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.memories, 1, "memories"));
  for (u32 i = 0; i < count; ++i) {
    TRY(add_memory(r));
  }
  return {};
}

/// Adds a tag, imported or defined (§5.3.11): an attribute, whose only value says "exception", and a function type.
Status ModuleDecoder::add_tag(ByteReader& r) {
  const u64 offset = r.offset();
  TRY(check_limit(tags_.size(), limits_.tags, "tags", offset));
  TRY_ASSIGN(u8 attribute, r.read_u8());
  if (attribute != 0) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("malformed tag attribute: expected 0x00, found 0x%02x", attribute));
  }
  const u64 type_offset = r.offset();
  TRY_ASSIGN(u32 type, r.read_var_u32());
  if (type >= types_.size()) {
    return invalid(type_offset, unknown_index("type", type));
  }
  if (types_[type].kind != ir::CompositeKind::func) {
    return invalid(type_offset,
                   strf("type mismatch: type %u of a tag is not a function type", type));
  }
  if (types_[type].results.count != 0) {
    return invalid(type_offset,
                   strf("non-empty tag result type: type %u has %u result%s", type,
                        types_[type].results.count, types_[type].results.count == 1 ? "" : "s"));
  }
  tags_.push_back({TypeIdx(type)});
  return {};
}

Status ModuleDecoder::tag_section(ByteReader& r) {
  if (!has(ir::Feature::Exceptions)) {
    return std::unexpected(ir::fail_feature(ir::Feature::Exceptions, features_, "tag section")
                               .error()
                               .with_offset(r.offset()));
  }
  TRY_ASSIGN(u32 count, r.read_count(limits_.tags, 2, "tags"));
  for (u32 i = 0; i < count; ++i) {
    TRY(add_tag(r));
  }
  return {};
}

Status ModuleDecoder::global_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.globals, 3, "globals"));
  for (u32 i = 0; i < count; ++i) {
    TRY(check_limit(globals_.size(), limits_.globals, "globals", r.offset()));
    TRY_ASSIGN(ir::GlobalType type, global_type(r));
    TRY_ASSIGN(ir::ConstExpr init, const_expr(r, type.type));
    globals_.push_back({type, {}, init});
  }
  return {};
}

Status ModuleDecoder::exports(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.exports, 3, "exports"));
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(std::string_view name, r.read_name());
    const u64 offset = r.offset();
    TRY_ASSIGN(u8 kind, r.read_u8());
    const u64 index_offset = r.offset();
    TRY_ASSIGN(u32 index, r.read_var_u32());
    usize space = 0;
    const char* what = "";
    switch (kind) {
    case 0x00:
      space = funcs_.size();
      what = "function";
      break;
    case 0x01:
      space = tables_.size();
      what = "table";
      break;
    case 0x02:
      space = memories_.size();
      what = "memory";
      break;
    case 0x03:
      space = globals_.size();
      what = "global";
      break;
    case 0x04:
      space = tags_.size();
      what = "tag";
      break;
    default:
      return fail_at(ErrorClass::malformed, offset, strf("malformed export kind 0x%02x", kind));
    }
    if (index >= space) {
      return invalid(index_offset, unknown_index(what, index));
    }
    if (kind == 0x00) {
      referenced_[index] = true;
    }
    exports_.push_back({image_.append(name), static_cast<ir::ExternKind>(kind), {}, index});
    export_names_.push_back(name);
  }
  return {};
}

Status ModuleDecoder::export_section(ByteReader& r) {
  Status decoded = exports(r);
  // Also when one could not be decoded: a duplicate before it comes first.
  TRY(check_unique_exports());
  return decoded;
}

Status ModuleDecoder::check_unique_exports() {
  std::vector<u32> order(exports_.size());
  std::iota(order.begin(), order.end(), 0u);
  // Equal names in file order: the second is the duplicate.
  std::ranges::sort(order, {}, [&](u32 i) { return std::pair(export_names_[i], i); });
  std::string_view first;
  for (usize i = 1; i < order.size(); ++i) {
    const std::string_view name = export_names_[order[i]];
    if (name == export_names_[order[i - 1]] &&
        (first.data() == nullptr || name.data() < first.data())) {
      first = name;
    }
  }
  if (first.data() != nullptr) {
    const u64 offset = static_cast<u64>(as_bytes(first).data() - file_.data());
    return invalid(offset, strf("duplicate export name \"%s\"", escaped(first).c_str()));
  }
  header_.exports_by_name = image_.append(order);
  return {};
}

Status ModuleDecoder::start_section(ByteReader& r) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 index, r.read_var_u32());
  if (index >= func_count()) {
    return invalid(offset, unknown_index("function", index));
  }
  const ir::TypeDef& type = types_[funcs_[index].type.index()];
  if (type.params.count != 0 || type.results.count != 0) {
    return invalid(offset, strf("start function: function %u has parameters or results", index));
  }
  header_.start = FuncIdx(index);
  return {};
}

} // namespace petrel::frontend
