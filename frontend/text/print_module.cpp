// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sections and their entries. Every entry is read with its parts noted, then printed on one line; an annotation in front
// of it lists sizes that are not the usual ones.
#include "base/format.h"
#include "frontend/text/annotations.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

enum SectionId : u8 {
  kType = 1,
  kImport = 2,
  kFunction = 3,
  kTableSection = 4,
  kMemorySection = 5,
  kGlobalSection = 6,
  kExport = 7,
  kStart = 8,
  kElement = 9,
  kCode = 10,
  kData = 11,
  kDataCount = 12,
  kTagSection = 13,
};

} // namespace

void append_sizes(std::string& out, std::span<const u8> sizes) {
  if (sizes.empty()) {
    return;
  }
  out += "(@petrel.sizes";
  for (u8 size : sizes) {
    out += ' ';
    append_number(out, size);
  }
  out += ") ";
}

/// The annotation of unusual sizes, which listings show as bytes.
void ModulePrinter::append_sizes_of(const PartReader& r) {
  if (!options_.plain && !options_.offsets) {
    append_sizes(out_.buffer(), r.sizes());
  }
}

ModulePrinter::EntryMark ModulePrinter::begin_entry(PartReader& r) {
  return {out_.buffer().size(), r.offset(), r.bytes().position()};
}

void ModulePrinter::end_entry(PartReader& r, const EntryMark& mark) {
  if (options_.offsets) {
    list_lines_from(mark.text, mark.offset, mark.begin, r.bytes().position());
  } else {
    out_.checkpoint();
  }
}

ModulePrinter::ModulePrinter(Bytes file, const PrintOptions& options, TextOut& out)
    : file_(file), options_(options), out_(out), scan_(scan_module(file)), index_(scan_, true),
      text_(index_) {}

Status ModulePrinter::run() {
  if (options_.offsets) {
    return list();
  }
  if (scan_.sections.empty()) {
    TRY(std::move(scan_.error));
    out_.put("(module)\n");
    return {};
  }
  read_metadata();
  out_.put("(module");
  if (const std::string& name = index_.names().module_name; !name.empty()) {
    out_.put(' ');
    append_id(out_.buffer(), name);
  }
  for (usize i = 0; i < scan_.sections.size(); ++i) {
    standards_end_ = scan_.sections[i].id != 0 ? i + 1 : standards_end_;
  }
  for (usize i = 0; i < scan_.sections.size(); ++i) {
    const RawSection& section = scan_.sections[i];
    last_standard_ = section.id != 0 ? section.id : last_standard_;
    if (section.id == 0) {
      print_custom(section, i);
    } else if (Status status = print_section(section); !status) {
      const auto row = section_row(section.id);
      return std::unexpected(std::move(status).error().with_where(
          strf("section %s", kSectionOrder[*row].word.data())));
    }
    out_.checkpoint();
  }
  TRY(std::move(scan_.error));
  for (const RawSection& section : scan_.sections) {
    if (section.id == kDataCount) {
      PartReader head(ByteReader(section.contents, section.contents_offset));
      TRY(head.var_u32());
      print_section_annotation(section, head, uses_data_idx_);
    }
  }
  out_.put("\n)\n");
  return {};
}

/// Prints a section's entries. Errors say which section.
Status ModulePrinter::print_section(const RawSection& section) {
  Status status = print_entries(section);
  if (!status) {
    const auto row = section_row(section.id);
    return std::unexpected(
        std::move(status).error().with_where(strf("section %s", kSectionOrder[*row].word.data())));
  }
  return {};
}

Status ModulePrinter::print_entries(const RawSection& section) {
  switch (section.id) {
  case kType: return print_types(section);
  case kImport: return for_each_entry(section, &ModulePrinter::print_import);
  case kFunction: return read_func_section(section);
  case kTableSection: return for_each_entry(section, &ModulePrinter::print_table);
  case kMemorySection: return for_each_entry(section, &ModulePrinter::print_memory);
  case kTagSection: return for_each_entry(section, &ModulePrinter::print_tag);
  case kGlobalSection: return for_each_entry(section, &ModulePrinter::print_global);
  case kExport: return for_each_entry(section, &ModulePrinter::print_export);
  case kStart: return print_start(section);
  case kElement: return for_each_entry(section, &ModulePrinter::print_elem);
  case kCode: return print_code(section);
  case kData: return for_each_entry(section, &ModulePrinter::print_data);
  default:
    return {}; // the data count is printed at the end, when it is known whether somebody needs it
  }
}

/// `(@petrel.section word size count)` where the encoder would write another header or none.
void ModulePrinter::print_section_annotation(const RawSection& section, PartReader& head,
                                             bool is_needed) {
  PartReader sizes(ByteReader(Bytes{}));
  sizes.note(section.size_leb_size, var_u64_size(section.contents.size()));
  for (u8 size : head.sizes()) {
    sizes.note(size, 0);
  }
  if (options_.plain || options_.offsets || (is_needed && !sizes.is_unusual())) {
    return;
  }
  out_.new_line(1);
  out_.put("(@petrel.section ");
  out_.put(kSectionOrder[*section_row(section.id)].word);
  for (u8 size : sizes.sizes()) {
    out_.put(' ');
    append_number(out_.buffer(), size);
  }
  out_.put(')');
}

Status ModulePrinter::for_each_entry(const RawSection& section,
                                     Status (ModulePrinter::*print)(PartReader&, u32)) {
  PartReader r(ByteReader(section.contents, section.contents_offset));
  TRY_ASSIGN(u32 count, r.var_u32());
  print_section_annotation(section, r, count != 0);
  for (u32 i = 0; i < count; ++i) {
    r.begin();
    const EntryMark mark = begin_entry(r);
    TRY((this->*print)(r, i));
    end_entry(r, mark);
  }
  return r.at_end() ? Status() : r.bytes().malformed("section size mismatch: bytes left");
}

void ModulePrinter::append_definition(std::string& out, NameKind kind, u32 index) const {
  const IdSpace& ids = index_.ids(kind);
  if (const std::string* id = ids.id(index)) {
    out += ' ';
    append_id(out, *id);
  }
  const std::string* name = ids.annotation(index);
  if (name != nullptr && index_.names_are_carried()) {
    out += " (@name ";
    append_name_string(out, *name);
    out += ')';
  }
  out += " (;";
  append_number(out, index);
  out += ";)";
}

void ModulePrinter::open_field(const PartReader& r, std::string_view keyword, NameKind kind,
                               u32 index) {
  out_.new_line(1);
  append_sizes_of(r);
  out_.put('(');
  out_.put(keyword);
  append_definition(out_.buffer(), kind, index);
}

// --- types

Status ModulePrinter::print_types(const RawSection& section) {
  PartReader r(ByteReader(section.contents, section.contents_offset));
  TRY_ASSIGN(u32 groups, r.var_u32());
  print_section_annotation(section, r, groups != 0);
  for (u32 group = 0; group < groups; ++group) {
    r.begin();
    const EntryMark mark = begin_entry(r);
    if (r.bytes().peek() != 0x4e) {
      TRY(print_type(r, next_type_++, 1));
      continue;
    }
    TRY(r.bytes().read_u8());
    TRY_ASSIGN(u32 size, r.var_u32());
    out_.new_line(1);
    append_sizes_of(r);
    out_.put("(rec");
    end_entry(r, mark);
    for (u32 i = 0; i < size; ++i) {
      r.begin();
      TRY(print_type(r, next_type_++, 2));
    }
    if (!options_.offsets) {
      size != 0 ? out_.new_line(1) : void();
      out_.put(')');
    }
  }
  return r.at_end() ? Status() : r.bytes().malformed("section size mismatch: bytes left");
}

Status ModulePrinter::print_type(PartReader& r, u32 index, u32 depth) {
  const EntryMark mark = begin_entry(r);
  RawSubType sub;
  TRY(read_sub_type(r, sub));
  out_.new_line(depth);
  std::string& out = out_.buffer();
  append_sizes_of(r);
  out += "(type";
  append_definition(out, NameKind::type, index);
  out += ' ';
  append_sub_type(out, sub, index);
  out += ')';
  end_entry(r, mark);
  return {};
}

void ModulePrinter::append_sub_type(std::string& out, const RawSubType& sub, u32 index) const {
  const bool has_header = !sub.is_final || !sub.supertypes.empty();
  if (has_header) {
    out += sub.is_final ? "(sub final" : "(sub";
    for (u32 supertype : sub.supertypes) {
      text_.append_ref(out, NameKind::type, supertype);
    }
    out += ' ';
  }
  append_composite(out, sub, index);
  if (has_header) {
    out += ')';
  }
}

void ModulePrinter::append_composite(std::string& out, const RawSubType& sub, u32 index) const {
  if (sub.kind == RawSubType::Kind::func) {
    out += "(func";
    text_.append_types(out, "param", sub.params);
    text_.append_types(out, "result", sub.results);
    out += ')';
    return;
  }
  const bool is_struct = sub.kind == RawSubType::Kind::structure;
  const IdSpace* names = is_struct ? index_.fields(index) : nullptr;
  out += is_struct ? "(struct" : "(array";
  for (u32 i = 0; i < sub.fields.size(); ++i) {
    const RawSubType::Field& field = sub.fields[i];
    out += is_struct ? " (field" : "";
    const std::string* id = names != nullptr ? names->id(i) : nullptr;
    const std::string* annotation = names != nullptr ? names->annotation(i) : nullptr;
    if (id != nullptr) {
      out += ' ';
      append_id(out, *id);
    }
    if (annotation != nullptr && index_.names_are_carried()) {
      out += " (@name ";
      append_name_string(out, *annotation);
      out += ')';
    }
    out += field.is_mutable ? " (mut " : " ";
    text_.append_val_type(out, field.type);
    out += field.is_mutable ? ")" : "";
    out += is_struct ? ")" : "";
  }
  out += ')';
}

// --- imports and what is defined by a type

void ModulePrinter::append_limits(std::string& out, const RawLimits& limits) const {
  out += limits.limits.is_64 != 0 ? " i64 " : " ";
  append_number(out, limits.limits.min);
  if (limits.limits.has_max != 0) {
    out += ' ';
    append_number(out, limits.limits.max);
  }
  out += limits.limits.is_shared != 0 ? " shared" : "";
  if (limits.has_page_size) {
    out += " (pagesize ";
    append_number(out, u64{1} << limits.limits.page_size_log2);
    out += ')';
  }
}

void ModulePrinter::append_import_type(std::string& out, const RawImport& import) const {
  switch (import.kind) {
  case RawExtern::func:
  case RawExtern::tag: text_.append_type_use(out, import.type_idx); return;
  case RawExtern::table:
    append_limits(out, import.limits);
    out += ' ';
    text_.append_val_type(out, import.type);
    return;
  case RawExtern::memory: append_limits(out, import.limits); return;
  case RawExtern::global:
    out += import.is_mutable ? " (mut " : " ";
    text_.append_val_type(out, import.type);
    out += import.is_mutable ? ")" : "";
    return;
  }
}

Status ModulePrinter::print_import(PartReader& r, u32) {
  RawImport import;
  TRY(read_import(r, import));
  const ExternWord& word = kExternWords[static_cast<usize>(import.kind)];
  out_.new_line(1);
  std::string& out = out_.buffer();
  append_sizes_of(r);
  out += "(import ";
  append_name_string(out, import.module);
  out += ' ';
  append_name_string(out, import.name);
  out += " (";
  out += word.word;
  append_definition(out, word.names, next_[static_cast<usize>(import.kind)]++);
  append_import_type(out, import);
  out += "))";
  return {};
}

Status ModulePrinter::print_table(PartReader& r, u32) {
  RawImport table;
  table.kind = RawExtern::table;
  const bool has_init = r.bytes().peek() == 0x40;
  if (has_init) {
    TRY(r.bytes().read_u8());
    const u64 at = r.offset();
    TRY_ASSIGN(u8 zero, r.bytes().read_u8());
    if (zero != 0) {
      return fail_at(ErrorClass::malformed, at, "zero byte expected");
    }
  }
  TRY(read_table_type(r, table));
  open_field(r, "table", NameKind::table, next_[static_cast<usize>(RawExtern::table)]++);
  std::string& out = out_.buffer();
  append_import_type(out, table);
  if (has_init) {
    TRY(append_expr(r, out, ""));
  }
  out += ')';
  return {};
}

Status ModulePrinter::print_memory(PartReader& r, u32) {
  TRY_ASSIGN(RawLimits limits, r.limits(true));
  open_field(r, "memory", NameKind::memory, next_[static_cast<usize>(RawExtern::memory)]++);
  append_limits(out_.buffer(), limits);
  out_.put(')');
  return {};
}

Status ModulePrinter::print_tag(PartReader& r, u32) {
  RawImport tag;
  tag.kind = RawExtern::tag;
  TRY(read_tag_type(r, tag));
  open_field(r, "tag", NameKind::tag, next_[static_cast<usize>(RawExtern::tag)]++);
  append_import_type(out_.buffer(), tag);
  out_.put(')');
  return {};
}

Status ModulePrinter::print_global(PartReader& r, u32) {
  RawImport global;
  global.kind = RawExtern::global;
  TRY(read_global_type(r, global));
  open_field(r, "global", NameKind::global, next_[static_cast<usize>(RawExtern::global)]++);
  append_import_type(out_.buffer(), global);
  TRY(append_expr(r, out_.buffer(), ""));
  out_.put(')');
  return {};
}

Status ModulePrinter::print_export(PartReader& r, u32) {
  TRY_ASSIGN(std::string_view name, r.name());
  const u64 at = r.offset();
  TRY_ASSIGN(u8 kind, r.bytes().read_u8());
  if (kind >= kExternKinds) {
    return fail_at(ErrorClass::malformed, at, strf("malformed export kind 0x%02x", kind));
  }
  TRY_ASSIGN(u32 index, r.var_u32());
  out_.new_line(1);
  std::string& out = out_.buffer();
  append_sizes_of(r);
  out += "(export ";
  append_name_string(out, name);
  out += " (";
  out += kExternWords[kind].word;
  text_.append_ref(out, kExternWords[kind].names, index);
  out += "))";
  return {};
}

Status ModulePrinter::print_start(const RawSection& section) {
  PartReader r(ByteReader(section.contents, section.contents_offset));
  PartReader nothing = r;
  print_section_annotation(section, nothing, true);
  const EntryMark mark = begin_entry(r);
  TRY_ASSIGN(u32 func, r.var_u32());
  out_.new_line(1);
  append_sizes_of(r);
  out_.put("(start");
  text_.append_ref(out_.buffer(), NameKind::func, func);
  out_.put(')');
  end_entry(r, mark);
  return r.at_end() ? Status() : r.bytes().malformed("section size mismatch: bytes left");
}

/// Functions are printed with their bodies; here only the sizes of their types' indices are kept.
Status ModulePrinter::read_func_section(const RawSection& section) {
  PartReader r(ByteReader(section.contents, section.contents_offset));
  TRY_ASSIGN(u32 count, r.var_u32());
  print_section_annotation(section, r, count != 0);
  for (u32 i = 0; i < count; ++i) {
    const EntryMark mark = begin_entry(r);
    const u64 at = r.offset();
    TRY_ASSIGN(u32 type, r.bytes().read_var_u32());
    if (options_.offsets) {
      out_.put(strf("  func %u: type %u", index_.imported(RawExtern::func) + i, type));
    }
    end_entry(r, mark);
    func_type_sizes_.push_back(static_cast<u8>(r.offset() - at));
  }
  return r.at_end() ? Status() : r.bytes().malformed("section size mismatch: bytes left");
}

Status print_module(Bytes file, const PrintOptions& options, WriteText write, void* target) {
  TextOut out(write, target);
  Status printed = ModulePrinter(file, options, out).run();
  Status written = out.finish();
  return printed ? std::move(written) : std::move(printed);
}

Result<std::string> print_to_string(Bytes file, const PrintOptions& options) {
  std::string text;
  auto append = [](void* target, std::string_view piece) -> Status {
    static_cast<std::string*>(target)->append(piece);
    return {};
  };
  TRY(print_module(file, options, append, &text));
  return text;
}

} // namespace petrel::text
