// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/module_encoder.h"

#include <algorithm>

#include "base/format.h"

namespace petrel::text {

namespace {

enum ExternCode : u8 { kFunc = 0, kTable = 1, kMemory = 2, kGlobal = 3, kTag = 4 };

bool is_definition(std::string_view keyword) {
  return keyword == "func" || keyword == "table" || keyword == "memory" || keyword == "global" ||
         keyword == "tag";
}

u8 extern_code(std::string_view keyword) {
  return keyword == "func"     ? kFunc
         : keyword == "table"  ? kTable
         : keyword == "memory" ? kMemory
         : keyword == "global" ? kGlobal
                               : kTag;
}

/// True when the form holds a direct child `(keyword`, seen from just behind its own keyword.
bool has_child(Cursor cursor, std::string_view keyword) {
  while (!cursor.at(TokenKind::rparen) && !cursor.at(TokenKind::end)) {
    if (cursor.at_form(keyword)) {
      return true;
    }
    cursor.skip_form();
  }
  return false;
}

} // namespace

IndexSpace* ModuleEncoder::space_of(std::string_view keyword) {
  switch (extern_code(keyword)) {
  case kFunc: return &scope_.funcs;
  case kTable: return &scope_.tables;
  case kMemory: return &scope_.memories;
  case kGlobal: return &scope_.globals;
  default: return &scope_.tags;
  }
}

// --- Pass 1: names, and annotations between fields

/// `@custom` and its like in front of a field or behind the last one; `@name` where fields begin.
Status ModuleEncoder::read_module_annotations(const Cursor& cursor, bool at_start) {
  if (!source_.has_annotations()) {
    return {};
  }
  SizePlan sizes;
  bool has_name = false;
  const auto group = source_.annotations_at(cursor.index());
  for (usize i = 0; i < group.size(); ++i) {
    const std::string id = source_.annotation_id(group[i]);
    if (id == "petrel.sizes" && is_followed_by_custom(source_, group, i)) {
      TRY_ASSIGN(sizes, parse_sizes(source_, group[i]));
    } else if (id == "custom" || id == "petrel.place") {
      TRY_ASSIGN(CustomSection section,
                 id == "custom" ? parse_custom(source_, group[i]) : parse_place(source_, group[i]));
      section.sizes = std::exchange(sizes, SizePlan());
      customs_.push_back(std::move(section));
    } else if (id == "petrel.section") {
      TRY_ASSIGN(SectionSizes section, parse_section_sizes(source_, group[i]));
      asked_sections_[section.row] = std::move(section.sizes);
    } else if (id == "name" && at_start) {
      if (has_name) {
        return annotation_error(source_, group[i], "multiple module");
      }
      has_name = true;
      TRY_ASSIGN(auto name, accept_name_annotation(cursor));
      module_name_ = std::move(*name);
    }
  }
  return {};
}

Status ModuleEncoder::declare_field(Cursor& cursor) {
  std::string_view keyword = cursor.form_keyword();
  Cursor inside = cursor;
  inside.next();
  if (keyword.empty()) {
    return cursor.at(TokenKind::lparen) ? inside.unexpected("a module field")
                                        : cursor.unexpected("a module field");
  }
  if (source_.token(cursor.peek().match).kind == TokenKind::end) {
    return cursor.malformed_at(cursor.peek(), "unexpected token: '(' is not closed");
  }
  inside.next();
  if (is_definition(keyword)) {
    TRY(declare_definition(inside, keyword));
  } else if (keyword == "import") {
    TRY(declare_import(inside));
  } else if (keyword == "type") {
    TRY(scope_.types.declare(inside));
  } else if (keyword == "rec") {
    while (inside.at_form("type")) {
      Cursor type = inside;
      TRY(type.expect_form("type"));
      TRY(scope_.types.declare(type));
      inside.skip_form();
    }
  } else if (keyword == "elem") {
    TRY(scope_.elems.define(inside));
  } else if (keyword == "data") {
    TRY(scope_.datas.define(inside));
  } else if (keyword != "export" && keyword != "start") {
    Cursor word = cursor;
    word.next();
    return word.unexpected("a module field");
  }
  cursor.skip_form();
  return {};
}

Status ModuleEncoder::check_import_order(const Cursor& cursor, const Token& token) const {
  if (!first_definition_.empty()) {
    return cursor.malformed_at(
        token,
        strf("import after %s",
             first_definition_ == "func" ? "function" : std::string(first_definition_).c_str()));
  }
  return {};
}

Status ModuleEncoder::declare_definition(Cursor cursor, std::string_view keyword) {
  const Token& token = cursor.peek();
  TRY(space_of(keyword)->define(cursor));
  while (cursor.at_form("export")) {
    cursor.skip_form();
  }
  if (cursor.at_form("import")) {
    return check_import_order(cursor, token);
  }
  if (first_definition_.empty()) {
    first_definition_ = keyword;
  }
  if (keyword == "table" && has_child(cursor, "elem")) {
    scope_.elems.define_nameless();
  } else if (keyword == "memory" && has_child(cursor, "data")) {
    scope_.datas.define_nameless();
  }
  return {};
}

Status ModuleEncoder::declare_import(Cursor cursor) {
  TRY(check_import_order(cursor, cursor.peek()));
  TRY(cursor.expect_name());
  TRY(cursor.expect_name());
  std::string_view keyword = cursor.form_keyword();
  if (!is_definition(keyword)) {
    return cursor.unexpected("(func, (table, (memory, (global or (tag");
  }
  cursor.next();
  cursor.next();
  TRY(space_of(keyword)->define(cursor));
  return {};
}

// --- Pass 3: sections

/// Lets all sections take sizes from `plan`; null: as usual.
void ModuleEncoder::follow(SizePlan* plan) {
  for (Section* section : {&imports_, &funcs_, &tables_, &memories_, &tags_, &globals_, &exports_,
                           &elems_, &code_, &datas_, &start_}) {
    section->bytes.follow(plan);
  }
}

/// Counts an entry and marks its first byte with the field being written.
ByteWriter& ModuleEncoder::begin_entry(Section& section) {
  ++section.count;
  section.marks.push_back({narrow<u32>(section.bytes.size()), field_begin_});
  return section.bytes;
}

Status ModuleEncoder::write_field(Cursor& cursor) {
  u32 after = cursor.after_form();
  std::string_view keyword = cursor.form_keyword();
  if (keyword == "type" || keyword == "rec") {
    cursor.skip_form();
    return {};
  }
  TRY_ASSIGN(plan_, accept_sizes(cursor));
  field_begin_ = cursor.peek().begin;
  follow(plan_.is_used_up() ? nullptr : &plan_);
  cursor.next();
  cursor.next();
  using Writer = Status (ModuleEncoder::*)(Cursor&);
  static constexpr std::pair<std::string_view, Writer> kWriters[] = {
      {"import", &ModuleEncoder::write_import}, {"export", &ModuleEncoder::write_export},
      {"start", &ModuleEncoder::write_start},   {"func", &ModuleEncoder::write_func},
      {"table", &ModuleEncoder::write_table},   {"memory", &ModuleEncoder::write_memory},
      {"global", &ModuleEncoder::write_global}, {"tag", &ModuleEncoder::write_tag},
      {"elem", &ModuleEncoder::write_elem},     {"data", &ModuleEncoder::write_data},
  };
  for (const auto& [name, writer] : kWriters) {
    if (name == keyword) {
      TRY((this->*writer)(cursor));
    }
  }
  TRY(cursor.expect_rparen());
  CHECK(cursor.index() == after);
  return check_used_up(cursor, plan_);
}

void ModuleEncoder::begin_import(const InlineParts& parts, u8 kind) {
  begin_entry(imports_).write_name(parts.import_module);
  imports_.bytes.write_name(parts.import_name);
  imports_.bytes.write_u8(kind);
}

Result<ModuleEncoder::InlineParts> ModuleEncoder::parse_inline_parts(Cursor& cursor, u8 kind,
                                                                     u32 index) {
  InlineParts parts;
  while (cursor.accept_form("export")) {
    TRY_ASSIGN(std::string name, cursor.expect_name());
    TRY(cursor.expect_rparen());
    begin_entry(exports_).write_name(name);
    exports_.bytes.write_u8(kind);
    exports_.bytes.write_var_u32(index);
  }
  if (cursor.accept_form("import")) {
    parts.is_import = true;
    TRY_ASSIGN(parts.import_module, cursor.expect_name());
    TRY_ASSIGN(parts.import_name, cursor.expect_name());
    TRY(cursor.expect_rparen());
    begin_import(parts, kind);
  }
  return parts;
}

Status ModuleEncoder::write_import(Cursor& cursor) {
  InlineParts parts;
  TRY_ASSIGN(parts.import_module, cursor.expect_name());
  TRY_ASSIGN(parts.import_name, cursor.expect_name());
  u8 kind = extern_code(cursor.form_keyword());
  cursor.next();
  cursor.next();
  cursor.accept_id();
  begin_import(parts, kind);
  ByteWriter& out = imports_.bytes;
  switch (kind) {
  case kFunc: {
    ++next_.funcs;
    IndexSpace params("local");
    TRY_ASSIGN(TypeUse use, parse_type_use(cursor, scope_.types, &params));
    out.write_var_u32(use.type_idx);
    break;
  }
  case kTable:
    ++next_.tables;
    TRY(write_table_type(cursor, out));
    break;
  case kMemory: {
    ++next_.memories;
    TRY_ASSIGN(WrittenLimits limits, parse_address_type_and_limits(cursor, true));
    write_limits(out, limits);
    break;
  }
  case kGlobal:
    ++next_.globals;
    TRY(parse_global_type(cursor, scope_.types, out));
    break;
  default: {
    ++next_.tags;
    IndexSpace params("local");
    TRY_ASSIGN(TypeUse use, parse_type_use(cursor, scope_.types, &params));
    out.write_u8(0);
    out.write_var_u32(use.type_idx);
    break;
  }
  }
  return cursor.expect_rparen();
}

Status ModuleEncoder::write_export(Cursor& cursor) {
  TRY_ASSIGN(std::string name, cursor.expect_name());
  std::string_view keyword = cursor.form_keyword();
  if (!is_definition(keyword)) {
    return cursor.unexpected("(func, (table, (memory, (global or (tag");
  }
  cursor.next();
  cursor.next();
  TRY_ASSIGN(u32 index, space_of(keyword)->resolve(cursor));
  begin_entry(exports_).write_name(name);
  exports_.bytes.write_u8(extern_code(keyword));
  exports_.bytes.write_var_u32(index);
  return cursor.expect_rparen();
}

Status ModuleEncoder::write_start(Cursor& cursor) {
  if (has_start_) {
    return cursor.malformed_at(cursor.peek(), "multiple start sections");
  }
  has_start_ = true;
  TRY_ASSIGN(u32 index, scope_.funcs.resolve(cursor));
  begin_entry(start_).write_var_u32(index);
  return {};
}

Status ModuleEncoder::write_func(Cursor& cursor) {
  u32 index = next_.funcs++;
  cursor.accept_id();
  TRY_ASSIGN(InlineParts parts, parse_inline_parts(cursor, kFunc, index));
  IndexSpace locals("local");
  TRY_ASSIGN(TypeUse use, parse_type_use(cursor, scope_.types, &locals));
  if (parts.is_import) {
    imports_.bytes.write_var_u32(use.type_idx);
    return {};
  }
  begin_entry(funcs_).write_var_u32(use.type_idx);
  TRY(write_func_body(cursor, index, locals));
  if (locals.has_names()) {
    named_locals_.push_back({index, locals.names()});
  }
  return {};
}

/// The groups that `@petrel.locals (count type)…` asks for, if it stands in front of the next token.
Result<std::optional<std::vector<ModuleEncoder::LocalRun>>>
ModuleEncoder::accept_local_runs(const Cursor& cursor) const {
  for (const Annotation& annotation : source_.annotations_at(cursor.index())) {
    if (source_.annotation_id(annotation) != "petrel.locals") {
      continue;
    }
    annotation.is_taken = true;
    const std::string_view text =
        source_.text().substr(annotation.body, annotation.end - 1 - annotation.body);
    TRY_ASSIGN(const Source tokens, Source::lex(text, source_.position(annotation.body)));
    std::vector<LocalRun> runs;
    Cursor group(tokens);
    while (group.at(TokenKind::lparen)) {
      group.next();
      TRY_ASSIGN(u64 count, expect_unsigned(group, 32, "a number of locals"));
      TRY_ASSIGN(ValType type, scope_.types.parse_val_type(group));
      TRY(group.expect_rparen());
      runs.push_back({static_cast<u32>(count), type});
    }
    if (!group.at(TokenKind::end)) {
      return group.unexpected("( or )");
    }
    return std::optional(std::move(runs));
  }
  return std::optional<std::vector<LocalRun>>();
}

/// `(local …)*` as runs of equal types.
Result<std::vector<ModuleEncoder::LocalRun>> ModuleEncoder::parse_locals(Cursor& cursor,
                                                                         IndexSpace& locals) {
  std::vector<LocalRun> runs;
  auto add = [&runs](ValType type, u32 count) {
    if (runs.empty() || runs.back().type != type) {
      runs.push_back({0, type});
    }
    runs.back().count += count;
  };
  TRY_ASSIGN(auto asked, accept_local_runs(cursor));
  const Token& first = cursor.peek();
  while (cursor.accept_form("local")) {
    if (cursor.at(TokenKind::id) || cursor.at_name_annotation()) {
      TRY(locals.define(cursor));
      TRY_ASSIGN(ValType type, scope_.types.parse_val_type(cursor));
      add(type, 1);
    } else {
      while (!cursor.at(TokenKind::rparen)) {
        TRY_ASSIGN(ValType type, scope_.types.parse_val_type(cursor));
        add(type, 1);
        locals.define_nameless();
      }
    }
    TRY(cursor.expect_rparen());
  }
  if (!asked) {
    return runs;
  }
  std::vector<LocalRun> written = std::exchange(runs, {});
  for (const LocalRun& run : *asked) {
    if (run.count != 0) {
      add(run.type, run.count);
    }
  }
  auto same = [](const LocalRun& a, const LocalRun& b) {
    return a.count == b.count && a.type == b.type;
  };
  if (!std::ranges::equal(runs, written, same)) {
    return cursor.malformed_at(first, "@petrel.locals annotation: differs from the locals");
  }
  return std::move(*asked);
}

Status ModuleEncoder::write_func_body(Cursor& cursor, u32 func_idx, IndexSpace& locals) {
  // The size of the body comes first in the bytes and in the plan.
  SizePlan* plan = code_.bytes.plan();
  const u32 size_bytes = code_.bytes.next_size();
  TRY_ASSIGN(std::vector<LocalRun> runs, parse_locals(cursor, locals));
  ByteWriter body(plan);
  body.write_var_u64(runs.size());
  for (const LocalRun& run : runs) {
    body.write_var_u32(run.count);
    write_val_type(body, run.type);
  }
  body.follow(nullptr);
  BodyNotes notes;
  std::vector<SourceMark> marks;
  InstrEncoder encoder(scope_, &locals, body, marks, &notes);
  TRY(encoder.encode_sequence(cursor));
  begin_entry(code_).write_sized_u64(body.size(), size_bytes);
  keep_notes(func_idx, std::move(notes));
  append(code_, body.bytes(), marks);
  return {};
}

/// Appends bytes and their marks, whose offsets count from the first of them.
void ModuleEncoder::append(Section& section, Bytes bytes, std::span<const SourceMark> marks) {
  const u32 base = narrow<u32>(section.bytes.size());
  for (const SourceMark& mark : marks) {
    section.marks.push_back({base + mark.byte_offset, mark.text_offset});
  }
  section.bytes.write_bytes(bytes);
}

void ModuleEncoder::keep_notes(u32 func_idx, BodyNotes notes) {
  if (!notes.labels.empty()) {
    named_labels_.push_back({func_idx, std::move(notes.labels)});
  }
  for (BodyNotes::Metadata& item : notes.metadata) {
    const auto [index, is_new] = metadata_index_.emplace(item.section, metadata_.size());
    if (is_new) {
      metadata_.push_back({std::move(item.section), {}});
    }
    std::vector<FuncMetadata>& funcs = metadata_[index->second].second;
    if (funcs.empty() || funcs.back().func_idx != func_idx) {
      funcs.push_back({func_idx, {}});
    }
    funcs.back().items.emplace_back(item.offset, std::move(item.bytes));
  }
}

Result<bool> ModuleEncoder::write_table_type(Cursor& cursor, ByteWriter& out) {
  TRY_ASSIGN(WrittenLimits limits, parse_address_type_and_limits(cursor, false));
  TRY_ASSIGN(ValType element, scope_.types.parse_ref_type(cursor));
  write_val_type(out, element);
  write_limits(out, limits);
  return limits.is_64 != 0;
}

Status ModuleEncoder::write_table(Cursor& cursor) {
  u32 index = next_.tables++;
  cursor.accept_id();
  TRY_ASSIGN(InlineParts parts, parse_inline_parts(cursor, kTable, index));
  if (parts.is_import) {
    TRY(write_table_type(cursor, imports_.bytes));
    return {};
  }
  begin_entry(tables_);
  Cursor ahead = cursor;
  TRY_ASSIGN(bool is_64, accept_address_type(ahead));
  if (TypeTable::at_ref_type(ahead)) {
    cursor = ahead;
    return write_inline_elem(cursor, is_64, index);
  }
  ByteWriter type(tables_.bytes.plan());
  TRY(write_table_type(cursor, type));
  bool has_init = !cursor.at(TokenKind::rparen);
  if (has_init) {
    tables_.bytes.write_u8(0x40);
    tables_.bytes.write_u8(0x00);
  }
  tables_.bytes.write_bytes(type.bytes());
  tables_.bytes.follow(nullptr);
  InstrEncoder init(scope_, nullptr, tables_.bytes, tables_.marks);
  return has_init ? init.encode_sequence(cursor) : Status{};
}

Status ModuleEncoder::write_inline_elem(Cursor& cursor, bool is_64, u32 table_idx) {
  TRY_ASSIGN(ValType element, scope_.types.parse_ref_type(cursor));
  TRY(cursor.expect_form("elem"));
  ByteWriter items;
  std::vector<SourceMark> marks;
  u32 count = 0;
  const bool are_written_out = cursor.at(TokenKind::lparen);
  // Function indices have no room for a type that is not funcref.
  const bool exprs = are_written_out || element != ValType::funcref();
  while (!cursor.at(TokenKind::rparen)) {
    ++count;
    if (are_written_out) {
      bool item = cursor.accept_form("item");
      InstrEncoder encoder(scope_, nullptr, items, marks);
      TRY(item ? encoder.encode_sequence(cursor) : encoder.encode_folded(cursor));
      TRY(item ? cursor.expect_rparen() : Status{});
    } else {
      marks.push_back({narrow<u32>(items.size()), cursor.peek().begin});
      TRY_ASSIGN(u32 func, scope_.funcs.resolve(cursor));
      if (exprs) {
        items.write_u8(static_cast<u8>(ir::op_info(ir::Op::RefFunc).code));
      }
      items.write_var_u32(func);
      if (exprs) {
        items.write_u8(static_cast<u8>(ir::op_info(ir::Op::End).code));
      }
    }
  }
  TRY(cursor.expect_rparen());
  WrittenLimits limits;
  limits.min = limits.max = count;
  limits.has_max = 1;
  limits.is_64 = is_64 ? 1 : 0;
  write_val_type(tables_.bytes, element);
  write_limits(tables_.bytes, limits);

  bool plain = table_idx == 0 && (!exprs || element == ValType::funcref());
  ByteWriter& out = begin_entry(elems_);
  out.write_u8(static_cast<u8>((plain ? 0 : 2) | (exprs ? 4 : 0)));
  if (!plain) {
    out.write_var_u32(table_idx);
  }
  out.write_u8(is_64 ? 0x42 : 0x41); // i64.const 0 or i32.const 0, end
  out.write_u8(0);
  out.write_u8(0x0b);
  if (!plain && exprs) {
    write_val_type(out, element);
  } else if (!plain) {
    out.write_u8(0);
  }
  out.write_var_u32(count);
  append(elems_, items.bytes(), marks);
  return {};
}

Status ModuleEncoder::write_memory(Cursor& cursor) {
  u32 index = next_.memories++;
  cursor.accept_id();
  TRY_ASSIGN(InlineParts parts, parse_inline_parts(cursor, kMemory, index));
  Cursor ahead = cursor;
  TRY_ASSIGN(bool is_64, accept_address_type(ahead));
  if (parts.is_import || !(ahead.at_form("data") || ahead.at_form("pagesize"))) {
    TRY_ASSIGN(WrittenLimits limits, parse_address_type_and_limits(cursor, true));
    write_limits(parts.is_import ? imports_.bytes : begin_entry(memories_), limits);
    return {};
  }
  cursor = ahead;
  WrittenLimits limits;
  TRY(parse_page_size(cursor, limits));
  TRY(cursor.expect_form("data"));
  TRY_ASSIGN(std::string bytes, parse_data_string(cursor));
  TRY(cursor.expect_rparen());
  const u64 page_bytes = u64{1} << limits.page_size_log2;
  limits.min = limits.max = bytes.size() / page_bytes + (bytes.size() % page_bytes != 0 ? 1 : 0);
  limits.has_max = 1;
  limits.is_64 = is_64 ? 1 : 0;
  write_limits(begin_entry(memories_), limits);
  begin_entry(datas_).write_u8(index == 0 ? 0 : 2);
  if (index != 0) {
    datas_.bytes.write_var_u32(index);
  }
  datas_.bytes.write_u8(is_64 ? 0x42 : 0x41);
  datas_.bytes.write_u8(0);
  datas_.bytes.write_u8(0x0b);
  datas_.bytes.write_name(bytes);
  return {};
}

Status ModuleEncoder::write_global(Cursor& cursor) {
  u32 index = next_.globals++;
  cursor.accept_id();
  TRY_ASSIGN(InlineParts parts, parse_inline_parts(cursor, kGlobal, index));
  ByteWriter& out = parts.is_import ? imports_.bytes : begin_entry(globals_);
  TRY(parse_global_type(cursor, scope_.types, out));
  if (parts.is_import) {
    return {};
  }
  out.follow(nullptr);
  return InstrEncoder(scope_, nullptr, out, globals_.marks).encode_sequence(cursor);
}

Status ModuleEncoder::write_tag(Cursor& cursor) {
  u32 index = next_.tags++;
  cursor.accept_id();
  TRY_ASSIGN(InlineParts parts, parse_inline_parts(cursor, kTag, index));
  IndexSpace params("local");
  TRY_ASSIGN(TypeUse use, parse_type_use(cursor, scope_.types, &params));
  ByteWriter& out = parts.is_import ? imports_.bytes : begin_entry(tags_);
  out.write_u8(0);
  out.write_var_u32(use.type_idx);
  return {};
}

Result<EncodedModule> ModuleEncoder::encode(u32 begin, u32 end, std::string module_name) {
  module_name_ = std::move(module_name);
  Cursor cursor(source_, begin);
  while (cursor.index() < end) {
    TRY(read_module_annotations(cursor, cursor.index() == begin));
    TRY(declare_field(cursor));
  }
  TRY(read_module_annotations(cursor, cursor.index() == begin));
  cursor.seek(begin);
  while (cursor.index() < end) {
    if (cursor.at_form("type") || cursor.at_form("rec")) {
      TRY(scope_.types.define_field(cursor));
    } else {
      cursor.skip_form();
    }
  }
  cursor.seek(begin);
  while (cursor.index() < end) {
    TRY(write_field(cursor));
  }
  TRY(check_all_taken(source_, begin, end));
  EncodedModule out;
  out.bytes = assemble(out.marks);
  return out;
}

std::optional<u32> EncodedModule::text_offset(u64 byte_offset) const {
  const auto after = std::ranges::upper_bound(marks, byte_offset, {}, &SourceMark::byte_offset);
  if (after == marks.begin() || std::prev(after)->text_offset == SourceMark::kNone) {
    return std::nullopt;
  }
  return std::prev(after)->text_offset;
}

Error place_in_text(Error error, const EncodedModule& module, std::string_view text,
                    TextPosition start) {
  ErrorInfo& info = error.info();
  auto offset = info.offset && info.line == 0 ? module.text_offset(*info.offset) : std::nullopt;
  if (!offset) {
    return error;
  }
  std::string_view before = text.substr(0, *offset);
  usize line_start = before.rfind('\n') + 1; // npos + 1 is 0
  const u32 line = narrow<u32>(std::ranges::count(before, '\n'));
  info.line = start.line + line;
  info.column = narrow<u32>(before.size() - line_start) + (line == 0 ? start.column : 1);
  info.offset.reset();
  if (info.where.starts_with("section ")) {
    info.where.clear(); // of bytes that nobody sees
  }
  return error;
}

Result<EncodedModule> encode_module(std::string_view text, TextPosition start, std::string name,
                                    const EncodeOptions& options) {
  TRY_ASSIGN(Source source, Source::lex(text, start));
  Cursor cursor(source);
  u32 end = narrow<u32>(source.tokens().size() - 1);
  if (cursor.at_form("module")) {
    u32 close = cursor.peek().match;
    if (close == end) {
      return cursor.malformed_at(cursor.peek(), "unexpected token: '(' is not closed");
    }
    Cursor after(source, close + 1);
    if (!after.at(TokenKind::end)) {
      return after.unexpected("end of text");
    }
    end = close;
    cursor.next();
    cursor.next();
    name = cursor.accept_id();
  }
  return ModuleEncoder(source, options).encode(cursor.index(), end, std::move(name));
}

} // namespace petrel::text
