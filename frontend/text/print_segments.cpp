// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant expressions, element and data segments of `ModulePrinter`.
#include <algorithm>

#include "base/format.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

/// Flags of an element segment (§5.5.12).
enum ElemFlag : u32 { kNotActive = 1, kExplicitOrDeclarative = 2, kExprs = 4 };

constexpr usize kDataBytesPerLine = 256;

} // namespace

void ModulePrinter::note_data_use(const RawInstr& in) {
  const ir::Imm imm = ir::op_info(in.op).imm;
  uses_data_idx_ |= imm == ir::Imm::DataIdx || imm == ir::Imm::DataMem || imm == ir::Imm::TypeData;
}

Status ModulePrinter::append_expr(PartReader& r, std::string& out, std::string_view word) {
  std::string flat;
  std::string notes;
  const usize begin = out.size();
  BodyScope scope;
  RawInstr in;
  PartReader instr(r.bytes());
  u32 count = 0;
  bool has_block = false;
  while (true) {
    TRY(read_instr(instr, in));
    if (in.op == ir::Op::End && scope.labels.depth() == 0) {
      break;
    }
    note_data_use(in);
    notes.clear();
    if (!options_.plain && !options_.offsets) {
      append_sizes(notes, instr.sizes());
    }
    if (in.op == ir::Op::End || in.op == ir::Op::Delegate) {
      scope.labels.close();
    }
    out.resize(begin);
    out += ' ';
    out += notes;
    out += '(';
    text_.append(out, in, scope);
    out += ')';
    flat += ' ';
    flat += notes;
    text_.append(flat, in, scope);
    if (opens_block(in.op)) {
      scope.labels.open(nullptr);
      has_block = true;
    }
    ++count;
  }
  r.bytes() = instr.bytes();
  if (count == 1 && !has_block) {
    return {};
  }
  out.resize(begin);
  if (word.empty()) {
    out += flat;
  } else {
    out += " (";
    out += word;
    out += flat;
    out += ')';
  }
  return {};
}

Status ModulePrinter::print_elem(PartReader& r, u32 index) {
  const u64 at = r.offset();
  TRY_ASSIGN(u32 flags, r.var_u32());
  if (flags > 7) {
    return fail_at(ErrorClass::malformed, at, strf("malformed elements segment kind %u", flags));
  }
  const bool is_active = (flags & kNotActive) == 0;
  std::string place;
  if (is_active) {
    if ((flags & kExplicitOrDeclarative) != 0) {
      TRY_ASSIGN(u32 table, r.var_u32());
      place += " (table";
      text_.append_ref(place, NameKind::table, table);
      place += ')';
    }
    TRY(append_expr(r, place, "offset"));
  } else if ((flags & kExplicitOrDeclarative) != 0) {
    place = " declare";
  }
  ValType type = ValType::funcref();
  if ((flags & (kNotActive | kExplicitOrDeclarative)) != 0) {
    if ((flags & kExprs) != 0) {
      TRY_ASSIGN(type, r.ref_type());
    } else {
      const u64 kind_at = r.offset();
      TRY_ASSIGN(u8 kind, r.bytes().read_u8());
      if (kind != 0) {
        return fail_at(ErrorClass::malformed, kind_at, strf("malformed element kind 0x%02x", kind));
      }
    }
  }
  std::string items;
  TRY(print_elem_items(r, flags, type, items));
  open_field(r, "elem", NameKind::elem, index);
  out_.put(place);
  out_.put(items);
  out_.put(')');
  return {};
}

Status ModulePrinter::print_elem_items(PartReader& r, u32 flags, ValType type, std::string& out) {
  TRY_ASSIGN(u32 count, r.var_u32());
  out += ' ';
  if ((flags & kExprs) != 0) {
    text_.append_val_type(out, type);
  } else {
    out += "func";
  }
  for (u32 i = 0; i < count; ++i) {
    if ((flags & kExprs) != 0) {
      TRY(append_expr(r, out, "item"));
    } else {
      TRY_ASSIGN(u32 func, r.var_u32());
      text_.append_ref(out, NameKind::func, func);
    }
  }
  return {};
}

Status ModulePrinter::print_data(PartReader& r, u32 index) {
  const u64 at = r.offset();
  TRY_ASSIGN(u32 flags, r.var_u32());
  if (flags > 2) {
    return fail_at(ErrorClass::malformed, at, strf("malformed data segment kind %u", flags));
  }
  std::string place;
  if (flags == 2) {
    TRY_ASSIGN(u32 memory, r.var_u32());
    place += " (memory";
    text_.append_ref(place, NameKind::memory, memory);
    place += ')';
  }
  if (flags != 1) {
    TRY(append_expr(r, place, "offset"));
  }
  TRY_ASSIGN(u32 size, r.var_u32());
  TRY_ASSIGN(Bytes bytes, r.bytes().read_bytes(size));
  open_field(r, "data", NameKind::data, index);
  out_.put(place);
  if (options_.offsets) {
    out_.put(strf(" ;; %zu bytes", bytes.size()));
    return {};
  }
  if (bytes.size() <= kDataBytesPerLine) {
    out_.put(' ');
    append_data_string(out_.buffer(), bytes);
  } else {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(kDataBytesPerLine, bytes.size()))) {
      out_.new_line(2);
      append_data_string(out_.buffer(), bytes.first(std::min(kDataBytesPerLine, bytes.size())));
      out_.checkpoint();
    }
  }
  out_.put(')');
  return {};
}

} // namespace petrel::text
