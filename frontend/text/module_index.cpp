// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/module_index.h"

#include <unordered_set>

#include "base/format.h"
#include "frontend/text/instr_reader.h"

namespace petrel::text {

namespace {

Result<RawSubType::Field> read_field(PartReader& r) {
  RawSubType::Field field{};
  TRY_ASSIGN(field.type, r.storage_type());
  const u64 at = r.offset();
  TRY_ASSIGN(u8 mutability, r.bytes().read_u8());
  if (mutability > 1) {
    return fail_at(ErrorClass::malformed, at, "malformed mutability");
  }
  field.is_mutable = mutability != 0;
  return field;
}

Status read_val_types(PartReader& r, std::vector<ValType>& out) {
  out.clear();
  TRY_ASSIGN(u32 count, r.var_u32());
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(ValType type, r.val_type());
    out.push_back(type);
  }
  return {};
}

Status read_composite(PartReader& r, RawSubType& out) {
  const u64 at = r.offset();
  TRY_ASSIGN(u8 form, r.bytes().read_u8());
  out.fields.clear();
  if (form == 0x60) {
    out.kind = RawSubType::Kind::func;
    TRY(read_val_types(r, out.params));
    return read_val_types(r, out.results);
  }
  u32 count = 1;
  if (form == 0x5f) {
    out.kind = RawSubType::Kind::structure;
    TRY_ASSIGN(count, r.var_u32());
  } else if (form == 0x5e) {
    out.kind = RawSubType::Kind::array;
  } else {
    return fail_at(ErrorClass::malformed, at, strf("malformed type form 0x%02x", form));
  }
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(RawSubType::Field field, read_field(r));
    out.fields.push_back(field);
  }
  return {};
}

} // namespace

Status read_sub_type(PartReader& r, RawSubType& out) {
  const auto form = r.bytes().peek();
  out.is_final = true;
  out.supertypes.clear();
  if (form != 0x4f && form != 0x50) {
    r.note_none();
    return read_composite(r, out);
  }
  out.is_final = form == 0x4f;
  TRY(r.bytes().read_u8());
  const u64 at = r.offset();
  TRY_ASSIGN(u32 count, r.bytes().read_var_u32());
  if (out.is_final && count == 0) {
    r.note(1 + r.offset() - at, 0); // a header that says nothing
  } else {
    r.note(r.offset() - at, var_u64_size(count));
  }
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(u32 supertype, r.var_u32());
    out.supertypes.push_back(supertype);
  }
  return read_composite(r, out);
}

Status read_table_type(PartReader& r, RawImport& out) {
  TRY_ASSIGN(out.type, r.ref_type());
  TRY_ASSIGN(out.limits, r.limits(false));
  return {};
}

Status read_global_type(PartReader& r, RawImport& out) {
  TRY_ASSIGN(out.type, r.val_type());
  const u64 at = r.offset();
  TRY_ASSIGN(u8 mutability, r.bytes().read_u8());
  if (mutability > 1) {
    return fail_at(ErrorClass::malformed, at, "malformed mutability");
  }
  out.is_mutable = mutability != 0;
  return {};
}

Status read_tag_type(PartReader& r, RawImport& out) {
  const u64 at = r.offset();
  TRY_ASSIGN(u8 attribute, r.bytes().read_u8());
  if (attribute != 0) {
    return fail_at(ErrorClass::malformed, at, "malformed tag attribute");
  }
  TRY_ASSIGN(out.type_idx, r.var_u32());
  return {};
}

Status read_import(PartReader& r, RawImport& out) {
  TRY_ASSIGN(out.module, r.name());
  TRY_ASSIGN(out.name, r.name());
  const u64 at = r.offset();
  TRY_ASSIGN(u8 kind, r.bytes().read_u8());
  if (kind >= kExternKinds) {
    return fail_at(ErrorClass::malformed, at, strf("malformed import kind 0x%02x", kind));
  }
  out.kind = static_cast<RawExtern>(kind);
  switch (out.kind) {
  case RawExtern::func: {
    TRY_ASSIGN(out.type_idx, r.var_u32());
    return {};
  }
  case RawExtern::table: return read_table_type(r, out);
  case RawExtern::memory: {
    TRY_ASSIGN(out.limits, r.limits(true));
    return {};
  }
  case RawExtern::global: return read_global_type(r, out);
  case RawExtern::tag: return read_tag_type(r, out);
  }
  PETREL_UNREACHABLE();
}

void IdSpace::assign(const NameMap& names, u32 count) {
  std::unordered_set<std::string_view> used;
  for (const auto& [index, name] : names) {
    if (index >= count) {
      continue;
    }
    if (name.empty()) {
      annotations_[index] = name;
      continue;
    }
    std::string id = name;
    while (used.contains(id)) {
      id += "#" + std::to_string(index);
      annotations_[index] = name;
    }
    auto [at, is_new] = ids_.emplace(index, std::move(id));
    used.insert(at->second); // nodes of the map stay where they are
  }
}

const std::string* IdSpace::id(u32 index) const {
  auto found = ids_.find(index);
  return found != ids_.end() ? &found->second : nullptr;
}

const std::string* IdSpace::annotation(u32 index) const {
  auto found = annotations_.find(index);
  return found != annotations_.end() ? &found->second : nullptr;
}

ModuleIndex::ModuleIndex(const ModuleScan& scan, bool with_names) {
  u32 name_sections = 0;
  for (const RawSection& section : scan.sections) {
    ByteReader r(section.contents, section.contents_offset);
    ByteReader counting = r;
    const u32 size = section.id != 0 ? counting.read_var_u32().value_or(0) : 0;
    switch (section.id) {
    case 0:
      if (section.name == "name" && with_names && ++name_sections == 1) {
        names_ = read_name_section(section.payload);
      }
      break;
    case 1: read_types(r); break;
    case 2: read_imports(r); break;
    case 3: read_funcs(r); break;
    case 4: counts_[static_cast<usize>(NameKind::table)] = size; break;
    case 5: counts_[static_cast<usize>(NameKind::memory)] = size; break;
    case 6: counts_[static_cast<usize>(NameKind::global)] = size; break;
    case 9: counts_[static_cast<usize>(NameKind::elem)] = size; break;
    case 11: counts_[static_cast<usize>(NameKind::data)] = size; break;
    case 13: counts_[static_cast<usize>(NameKind::tag)] = size; break;
    default: break;
    }
  }
  assign_ids();
  names_are_carried_ = name_sections == 1 && names_.is_canonical && fits(scan);
}

void ModuleIndex::read_types(ByteReader bytes) {
  PartReader r(bytes);
  auto groups = r.var_u32();
  RawSubType sub;
  for (u32 group = 0; groups && group < *groups; ++group) {
    r.begin();
    u32 size = 1;
    if (r.bytes().peek() == 0x4e) {
      auto header = r.bytes().read_u8();
      auto count = r.var_u32();
      if (!header || !count) {
        return;
      }
      size = *count;
    }
    for (u32 i = 0; i < size; ++i) {
      r.begin();
      if (!read_sub_type(r, sub)) {
        return;
      }
      Type& type = types_.emplace_back();
      type.is_func = sub.kind == RawSubType::Kind::func;
      if (type.is_func) {
        type.params = sub.params;
        type.results = sub.results;
      } else if (sub.kind == RawSubType::Kind::structure) {
        type.fields = static_cast<u32>(sub.fields.size());
      }
    }
  }
}

void ModuleIndex::read_imports(ByteReader bytes) {
  PartReader r(bytes);
  auto count = r.var_u32();
  RawImport import;
  for (u32 i = 0; count && i < *count; ++i) {
    r.begin();
    if (!read_import(r, import)) {
      return;
    }
    ++imported_[static_cast<usize>(import.kind)];
    if (import.kind == RawExtern::func) {
      func_types_.push_back(import.type_idx);
    }
  }
}

void ModuleIndex::read_funcs(ByteReader r) {
  auto count = r.read_var_u32();
  for (u32 i = 0; count && i < *count; ++i) {
    auto type = r.read_var_u32();
    if (!type) {
      return;
    }
    func_types_.push_back(*type);
  }
}

const ModuleIndex::Type* ModuleIndex::func_type(u32 type_idx) const {
  return type_idx < types_.size() && types_[type_idx].is_func ? &types_[type_idx] : nullptr;
}

const ModuleIndex::Type* ModuleIndex::type_of_func(u32 func_idx) const {
  return func_idx < func_types_.size() ? func_type(func_types_[func_idx]) : nullptr;
}

u32 ModuleIndex::count(NameKind kind) const {
  if (kind == NameKind::func) {
    return func_count();
  }
  if (kind == NameKind::type) {
    return type_count();
  }
  u64 defined = counts_[static_cast<usize>(kind)];
  for (u32 code = 0; code < kExternKinds; ++code) {
    defined += kExternWords[code].names == kind ? imported_[code] : 0;
  }
  return static_cast<u32>(defined);
}

const IdSpace* ModuleIndex::fields(u32 type_idx) const {
  auto found = fields_.find(type_idx);
  return found != fields_.end() ? &found->second : nullptr;
}

void ModuleIndex::assign_ids() {
  for (u8 id = 1; id < kNameKinds; ++id) {
    const NameKind kind = static_cast<NameKind>(id);
    if (!is_indirect(kind)) {
      ids_[id].assign(names_.map(kind), count(kind));
    }
  }
  for (const FuncNames& row : names_.of(NameKind::field)) {
    if (row.func_idx < types_.size()) {
      fields_[row.func_idx].assign(row.names, types_[row.func_idx].fields);
    }
  }
}

/// Is there something for every name to stand at?
bool ModuleIndex::fits(const ModuleScan& scan) const {
  for (u8 id = 1; id < kNameKinds; ++id) {
    const NameKind kind = static_cast<NameKind>(id);
    if (!is_indirect(kind) && !names_.map(kind).empty() &&
        names_.map(kind).back().first >= count(kind)) {
      return false;
    }
  }
  for (const FuncNames& row : names_.of(NameKind::field)) {
    if (row.func_idx >= types_.size() || row.names.back().first >= types_[row.func_idx].fields) {
      return false;
    }
  }
  if (names_.of(NameKind::local).empty() && names_.of(NameKind::label).empty()) {
    return true;
  }
  for (const RawSection& section : scan.sections) {
    if (section.id == 10) {
      return body_names_fit(ByteReader(section.contents, section.contents_offset));
    }
  }
  return false;
}

bool ModuleIndex::body_names_fit(ByteReader code) const {
  usize found = 0;
  auto count = code.read_var_u32();
  for (u32 i = 0; count && i < *count; ++i) {
    const u32 func_idx = imported(RawExtern::func) + i;
    auto size = code.read_var_u32();
    auto body = size ? code.read_bytes(*size) : std::unexpected(std::move(size).error());
    if (!body) {
      return false;
    }
    const usize rows = (names_.find(NameKind::local, func_idx) != nullptr ? 1u : 0u) +
                       (names_.find(NameKind::label, func_idx) != nullptr ? 1u : 0u);
    found += rows;
    if (rows != 0 && !func_names_fit(func_idx, *body)) {
      return false;
    }
  }
  return found == names_.of(NameKind::local).size() + names_.of(NameKind::label).size();
}

bool ModuleIndex::func_names_fit(u32 func_idx, Bytes body) const {
  const Type* type = type_of_func(func_idx);
  PartReader r(body);
  auto groups = r.var_u32();
  u64 locals = type != nullptr ? type->params.size() : 0;
  for (u32 i = 0; groups && i < *groups; ++i) {
    auto count = r.var_u32();
    if (!count || !r.val_type()) {
      return false;
    }
    locals += *count;
  }
  const NameMap* local_names = names_.find(NameKind::local, func_idx);
  if (type == nullptr || (local_names != nullptr && local_names->back().first >= locals)) {
    return false;
  }
  const NameMap* labels = names_.find(NameKind::label, func_idx);
  if (labels == nullptr) {
    return true;
  }
  u64 blocks = 0;
  RawInstr in;
  while (!r.at_end()) {
    if (!read_instr(r, in)) {
      return false;
    }
    blocks += opens_block(in.op) ? 1 : 0;
  }
  for (const auto& [index, name] : *labels) {
    if (name.empty()) {
      return false; // an annotation of a label without identifier is not printed
    }
  }
  return labels->back().first < blocks;
}

} // namespace petrel::text
