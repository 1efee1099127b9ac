// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/type_table.h"

#include <array>

#include "base/format.h"
#include "base/number_text.h"
#include "frontend/text/annotations.h"

namespace petrel::text {

namespace {

constexpr u32 kTypeIndexLimit = 0xffff00; // ir::HeapType keeps 24 bits

struct AbsHeapWord {
  std::string_view heap;      ///< in `(ref null …)`
  std::string_view shorthand; ///< for `(ref null …)` as a whole
  AbsHeapType type;
};
constexpr std::array kAbsHeapWords = {
    AbsHeapWord{"func", "funcref", AbsHeapType::func},
    AbsHeapWord{"extern", "externref", AbsHeapType::extern_},
    AbsHeapWord{"any", "anyref", AbsHeapType::any},
    AbsHeapWord{"eq", "eqref", AbsHeapType::eq},
    AbsHeapWord{"i31", "i31ref", AbsHeapType::i31},
    AbsHeapWord{"struct", "structref", AbsHeapType::struct_},
    AbsHeapWord{"array", "arrayref", AbsHeapType::array},
    AbsHeapWord{"none", "nullref", AbsHeapType::none},
    AbsHeapWord{"nofunc", "nullfuncref", AbsHeapType::nofunc},
    AbsHeapWord{"noextern", "nullexternref", AbsHeapType::noextern},
    AbsHeapWord{"exn", "exnref", AbsHeapType::exn},
    AbsHeapWord{"noexn", "nullexnref", AbsHeapType::noexn},
};

std::optional<ValKind> num_type(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, ValKind>, 5> kNumTypes = {{
      {"i32", ValKind::i32},
      {"i64", ValKind::i64},
      {"f32", ValKind::f32},
      {"f64", ValKind::f64},
      {"v128", ValKind::v128},
  }};
  for (const auto& [name, kind] : kNumTypes) {
    if (name == word) {
      return kind;
    }
  }
  return std::nullopt;
}

const AbsHeapWord* shorthand(std::string_view word) {
  for (const auto& row : kAbsHeapWords) {
    if (row.shorthand == word) {
      return &row;
    }
  }
  return nullptr;
}

const AbsHeapWord& heap_row(AbsHeapType type) {
  for (const auto& row : kAbsHeapWords) {
    if (row.type == type) {
      return row;
    }
  }
  PETREL_UNREACHABLE();
}

constexpr i64 kEmptyBlockType = -0x40; // one byte 0x40

/// The s33 of a heap type (§5.3.3): abstract ones are negative and one byte long.
i64 heap_type_code(HeapType type) {
  return type.is_abstract() ? i64{static_cast<u8>(type.abstract())} - 0x80
                            : i64{type.type_idx().index()};
}

std::string sig_key(const FuncSig& sig) {
  ByteWriter bytes;
  write_sig(bytes, sig);
  return std::string(as_text(bytes.bytes()));
}

} // namespace

std::string_view heap_type_word(AbsHeapType type) { return heap_row(type).heap; }
std::string_view ref_type_word(AbsHeapType type) { return heap_row(type).shorthand; }

bool TypeTable::at_ref_type(const Cursor& cursor) {
  return cursor.at_form("ref") ||
         (cursor.at(TokenKind::keyword) && shorthand(cursor.word()) != nullptr);
}

bool TypeTable::at_val_type(const Cursor& cursor) {
  return at_ref_type(cursor) ||
         (cursor.at(TokenKind::keyword) && num_type(cursor.word()).has_value());
}

Result<HeapType> TypeTable::parse_heap_type(Cursor& cursor) const {
  if (cursor.at(TokenKind::keyword)) {
    for (const auto& row : kAbsHeapWords) {
      if (cursor.accept_keyword(row.heap)) {
        return HeapType(row.type);
      }
    }
    return cursor.unexpected("a heap type");
  }
  if (cursor.at_form("exact") || cursor.at_form("shared")) {
    return cursor.error_at(cursor.peek(1), ErrorClass::unsupported,
                           cursor.at_form("exact")
                               ? "heap type needs feature custom-descriptors"
                               : "heap type needs feature shared-everything-threads");
  }
  if (!at_index(cursor)) {
    return cursor.unexpected("a heap type");
  }
  const Token& token = cursor.peek();
  TRY_ASSIGN(u32 index, resolve(cursor));
  if (index >= kTypeIndexLimit) {
    return cursor.error_at(token, ErrorClass::invalid, strf("unknown type %u", index));
  }
  return HeapType(TypeIdx(index));
}

Result<ValType> TypeTable::parse_ref_type(Cursor& cursor) const {
  if (cursor.at(TokenKind::keyword)) {
    if (const AbsHeapWord* row = shorthand(cursor.word())) {
      cursor.next();
      return ValType::ref(row->type, true);
    }
  }
  if (!cursor.accept_form("ref")) {
    return cursor.unexpected("a reference type");
  }
  bool nullable = cursor.accept_keyword("null");
  TRY_ASSIGN(HeapType heap, parse_heap_type(cursor));
  TRY(cursor.expect_rparen());
  return ValType::ref(heap, nullable);
}

Result<ValType> TypeTable::parse_val_type(Cursor& cursor) const {
  if (cursor.at(TokenKind::keyword)) {
    if (auto kind = num_type(cursor.word())) {
      cursor.next();
      return ValType(*kind);
    }
  }
  return at_ref_type(cursor) ? parse_ref_type(cursor) : cursor.unexpected("a value type");
}

const FuncSig* TypeTable::func_sig(u32 type_idx) const {
  return type_idx < entries_.size() && entries_[type_idx].is_func ? &entries_[type_idx].sig
                                                                  : nullptr;
}

Result<u32> TypeTable::resolve_field(Cursor& cursor, u32 type_idx) const {
  return type_idx < entries_.size() ? entries_[type_idx].fields.resolve(cursor)
                                    : IndexSpace("field").resolve(cursor);
}

void TypeTable::add_entry(Entry entry, bool alone) {
  if (alone && entry.is_func) {
    plain_funcs_.emplace(sig_key(entry.sig), static_cast<u32>(entries_.size()));
  }
  entries_.push_back(std::move(entry));
}

u32 TypeTable::find_or_add(const FuncSig& sig, u32 text_offset) {
  auto [found, is_new] = plain_funcs_.emplace(sig_key(sig), static_cast<u32>(entries_.size()));
  if (is_new) {
    Entry entry;
    entry.is_func = true;
    entry.sig = sig;
    entries_.push_back(std::move(entry));
    names_.define_nameless();
    ++group_count_;
    marks_.push_back({narrow<u32>(section_.size()), text_offset});
    section_.write_u8(0x60);
    write_sig(section_, sig);
  }
  return found->second;
}

Status TypeTable::define_field(Cursor& cursor) {
  ++group_count_;
  if (!cursor.at_form("rec")) {
    return define_type(cursor, true);
  }
  TRY_ASSIGN(SizePlan plan, accept_sizes(cursor));
  marks_.push_back({narrow<u32>(section_.size()), cursor.peek().begin});
  TRY(cursor.expect_form("rec"));
  u32 size = 0;
  Cursor counting = cursor;
  while (counting.at_form("type")) {
    counting.skip_form();
    ++size;
  }
  section_.write_u8(0x4e);
  section_.follow(&plan);
  section_.write_var_u32(size);
  section_.follow(nullptr);
  TRY(check_used_up(cursor, plan));
  while (!cursor.at(TokenKind::rparen)) {
    TRY(define_type(cursor, size == 1)); // a group of one equals the type by itself
  }
  return cursor.expect_rparen();
}

Status TypeTable::define_type(Cursor& cursor, bool alone) {
  TRY_ASSIGN(SizePlan plan, accept_sizes(cursor));
  marks_.push_back({narrow<u32>(section_.size()), cursor.peek().begin});
  TRY(cursor.expect_form("type"));
  cursor.accept_id();
  Entry entry;
  section_.follow(&plan);
  const bool has_sub = cursor.accept_form("sub");
  const bool is_final = !has_sub || cursor.accept_keyword("final");
  std::vector<u32> supertypes;
  while (has_sub && at_index(cursor)) {
    TRY_ASSIGN(u32 supertype, resolve(cursor));
    supertypes.push_back(supertype);
  }
  alone = write_sub_header(is_final, supertypes) && alone;
  if (cursor.at_form("descriptor") || cursor.at_form("describes")) {
    return cursor.error_at(cursor.peek(1), ErrorClass::unsupported,
                           "type needs feature custom-descriptors");
  }
  TRY(parse_composite(cursor, entry, section_));
  if (has_sub) {
    TRY(cursor.expect_rparen());
  }
  section_.follow(nullptr);
  TRY(check_used_up(cursor, plan));
  add_entry(std::move(entry), alone);
  return cursor.expect_rparen();
}

/// True for a final type without supertypes, whose header is usually left out: a part of no bytes unless a plan
/// gives it some.
bool TypeTable::write_sub_header(bool is_final, std::span<const u32> supertypes) {
  const bool is_default = is_final && supertypes.empty();
  const u32 size = is_default ? section_.next_size() : 2;
  if (size != 0) {
    section_.write_u8(is_final ? 0x4f : 0x50);
    section_.write_sized_u64(supertypes.size(), is_default ? size - 1 : section_.next_size());
  }
  for (u32 supertype : supertypes) {
    section_.write_var_u32(supertype);
  }
  return is_default;
}

Status TypeTable::parse_composite(Cursor& cursor, Entry& entry, ByteWriter& out) {
  if (cursor.accept_form("func")) {
    IndexSpace params("local");
    TRY_ASSIGN(ParsedSig parsed, parse_sig(cursor, *this, &params));
    out.write_u8(0x60);
    write_sig(out, parsed.sig);
    entry.is_func = true;
    entry.sig = std::move(parsed.sig);
  } else if (cursor.accept_form("struct")) {
    out.write_u8(0x5f);
    TRY(parse_struct_fields(cursor, entry, out));
  } else if (cursor.accept_form("array")) {
    out.write_u8(0x5e);
    TRY(parse_field_type(cursor, out));
  } else if (cursor.at_form("cont") || cursor.at_form("shared")) {
    return cursor.error_at(cursor.peek(1), ErrorClass::unsupported,
                           cursor.at_form("cont") ? "type needs feature stack-switching"
                                                  : "type needs feature shared-everything-threads");
  } else {
    return cursor.unexpected("a composite type");
  }
  return cursor.expect_rparen();
}

Status TypeTable::parse_struct_fields(Cursor& cursor, Entry& entry, ByteWriter& out) {
  const u32 count_size = out.next_size();
  ByteWriter fields(out.plan());
  while (cursor.accept_form("field")) {
    if (cursor.at(TokenKind::id) || cursor.at_name_annotation()) {
      TRY(entry.fields.define(cursor));
      TRY(parse_field_type(cursor, fields));
    } else {
      while (!cursor.at(TokenKind::rparen)) {
        entry.fields.define_nameless();
        TRY(parse_field_type(cursor, fields));
      }
    }
    TRY(cursor.expect_rparen());
  }
  out.write_sized_u64(entry.fields.count(), count_size);
  out.write_bytes(fields.bytes());
  return {};
}

Status TypeTable::parse_field_type(Cursor& cursor, ByteWriter& out) {
  bool is_mutable = cursor.accept_form("mut");
  if (cursor.accept_keyword("i8")) {
    out.write_u8(static_cast<u8>(ValKind::i8));
  } else if (cursor.accept_keyword("i16")) {
    out.write_u8(static_cast<u8>(ValKind::i16));
  } else {
    TRY_ASSIGN(ValType type, parse_val_type(cursor));
    write_val_type(out, type);
  }
  out.write_u8(is_mutable ? 1 : 0);
  return is_mutable ? cursor.expect_rparen() : Status{};
}

Result<ParsedSig> parse_sig(Cursor& cursor, const TypeTable& types, IndexSpace* locals) {
  ParsedSig out;
  while (cursor.accept_form("param")) {
    out.any = true;
    if (locals != nullptr && (cursor.at(TokenKind::id) || cursor.at_name_annotation())) {
      TRY(locals->define(cursor));
      TRY_ASSIGN(ValType type, types.parse_val_type(cursor));
      out.sig.params.push_back(type);
    } else {
      while (!cursor.at(TokenKind::rparen)) {
        TRY_ASSIGN(ValType type, types.parse_val_type(cursor));
        out.sig.params.push_back(type);
        if (locals != nullptr) {
          locals->define_nameless();
        }
      }
    }
    TRY(cursor.expect_rparen());
  }
  while (cursor.accept_form("result")) {
    out.any = true;
    while (!cursor.at(TokenKind::rparen)) {
      TRY_ASSIGN(ValType type, types.parse_val_type(cursor));
      out.sig.results.push_back(type);
    }
    TRY(cursor.expect_rparen());
  }
  if (cursor.at_form("param") || cursor.at_form("type")) {
    Cursor word = cursor;
    word.next();
    return word.unexpected("types in the order type, param, result");
  }
  return out;
}

namespace {

/// `(type x)` if it stands here.
Result<std::optional<u32>> accept_type_reference(Cursor& cursor, const TypeTable& types) {
  if (!cursor.accept_form("type")) {
    return std::optional<u32>();
  }
  TRY_ASSIGN(u32 index, types.resolve(cursor));
  TRY(cursor.expect_rparen());
  return std::optional<u32>(index);
}

/// Checks that what was written inline equals the named type.
Status check_inline_type(const Cursor& cursor, const Token& token, const TypeTable& types,
                         u32 index, const ParsedSig& parsed) {
  if (!parsed.any) {
    return {};
  }
  const FuncSig* sig = types.func_sig(index);
  if (sig == nullptr) {
    return cursor.malformed_at(
        token, index < types.names().count()
                   ? strf("inline function type: type %u is no function type", index)
                   : strf("unknown type %u", index));
  }
  if (*sig != parsed.sig) {
    return cursor.malformed_at(token, strf("inline function type differs from type %u", index));
  }
  return {};
}

} // namespace

Result<TypeUse> parse_type_use(Cursor& cursor, TypeTable& types, IndexSpace* locals) {
  const Token& token = cursor.peek();
  TRY_ASSIGN(std::optional<u32> index, accept_type_reference(cursor, types));
  TRY_ASSIGN(ParsedSig parsed, parse_sig(cursor, types, locals));
  if (!index) {
    return TypeUse{types.find_or_add(parsed.sig, token.begin), false};
  }
  TRY(check_inline_type(cursor, token, types, *index, parsed));
  if (!parsed.any && locals != nullptr) {
    const FuncSig* sig = types.func_sig(*index);
    for (usize i = 0; sig != nullptr && i < sig->params.size(); ++i) {
      locals->define_nameless();
    }
  }
  return TypeUse{*index, true};
}

Status encode_block_type(Cursor& cursor, TypeTable& types, ByteWriter& out) {
  const Token& token = cursor.peek();
  TRY_ASSIGN(std::optional<u32> index, accept_type_reference(cursor, types));
  TRY_ASSIGN(ParsedSig parsed, parse_sig(cursor, types, nullptr));
  if (index) {
    TRY(check_inline_type(cursor, token, types, *index, parsed));
    out.write_var_s64(*index);
  } else if (parsed.sig.params.empty() && parsed.sig.results.empty()) {
    out.write_var_s64(kEmptyBlockType);
  } else if (parsed.sig.params.empty() && parsed.sig.results.size() == 1) {
    write_val_type(out, parsed.sig.results[0]);
  } else {
    out.write_var_s64(types.find_or_add(parsed.sig, token.begin));
  }
  return {};
}

void write_heap_type(ByteWriter& out, HeapType type) { out.write_var_s64(heap_type_code(type)); }

void write_val_type(ByteWriter& out, ValType type) {
  if (type.is_nullable() && type.heap().is_abstract()) {
    // One part: the short form is one byte, `(ref null ht)` written out at least two.
    const u32 size = out.next_size();
    if (size > 1) {
      out.write_u8(static_cast<u8>(type.kind()));
    }
    out.write_sized_s64(heap_type_code(type.heap()), size > 1 ? size - 1 : 1);
    return;
  }
  out.write_u8(static_cast<u8>(type.kind()));
  if (type.is_ref()) {
    write_heap_type(out, type.heap());
  }
}

void write_sig(ByteWriter& out, const FuncSig& sig) {
  out.write_var_u64(sig.params.size());
  for (ValType type : sig.params) {
    write_val_type(out, type);
  }
  out.write_var_u64(sig.results.size());
  for (ValType type : sig.results) {
    write_val_type(out, type);
  }
}

Result<bool> accept_address_type(Cursor& cursor) {
  if (cursor.accept_keyword("i32")) {
    return false;
  }
  return cursor.accept_keyword("i64");
}

Result<WrittenLimits> parse_address_type_and_limits(Cursor& cursor, bool is_memory) {
  WrittenLimits limits;
  TRY_ASSIGN(bool is_64, accept_address_type(cursor));
  limits.is_64 = is_64 ? 1 : 0;
  TRY_ASSIGN(limits.min, expect_unsigned(cursor, 64, "a minimum size"));
  if (cursor.at(TokenKind::number)) {
    TRY_ASSIGN(limits.max, expect_unsigned(cursor, 64, "a maximum size"));
    limits.has_max = 1;
  }
  if (cursor.accept_keyword("shared")) {
    limits.is_shared = 1;
  }
  if (is_memory) {
    TRY(parse_page_size(cursor, limits));
  }
  return limits;
}

Status parse_page_size(Cursor& cursor, WrittenLimits& limits) {
  if (!cursor.accept_form("pagesize")) {
    return {};
  }
  const Token& token = cursor.peek();
  TRY_ASSIGN(u64 size, expect_unsigned(cursor, 64, "a page size"));
  if (size == 0 || (size & (size - 1)) != 0) {
    return cursor.malformed_at(token, "invalid custom page size: not a power of two");
  }
  limits.page_size_log2 = static_cast<u8>(__builtin_ctzll(size));
  limits.has_page_size = true;
  return cursor.expect_rparen();
}

void write_limits(ByteWriter& out, const WrittenLimits& limits) {
  out.write_u8(static_cast<u8>(limits.has_max | limits.is_shared << 1 | limits.is_64 << 2 |
                               (limits.has_page_size ? 8 : 0)));
  out.write_var_u64(limits.min);
  if (limits.has_max != 0) {
    out.write_var_u64(limits.max);
  }
  if (limits.has_page_size) {
    out.write_var_u32(limits.page_size_log2);
  }
}

Status parse_global_type(Cursor& cursor, const TypeTable& types, ByteWriter& out) {
  if (cursor.at_form("shared")) {
    return cursor.error_at(cursor.peek(1), ErrorClass::unsupported,
                           "global needs feature shared-everything-threads");
  }
  bool is_mutable = cursor.accept_form("mut");
  TRY_ASSIGN(ValType type, types.parse_val_type(cursor));
  write_val_type(out, type);
  out.write_u8(is_mutable ? 1 : 0);
  return is_mutable ? cursor.expect_rparen() : Status{};
}

} // namespace petrel::text
