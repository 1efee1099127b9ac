// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of `ModulePrinter`, and their instructions one to a line.
#include <algorithm>

#include "base/format.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

constexpr u64 kLocalsLimit = 1'000'000; // of one function: each takes a word of text

/// Does the instruction stand one level further out than what it follows?
bool divides_block(ir::Op op) {
  return op == ir::Op::End || op == ir::Op::Else || op == ir::Op::Catch || op == ir::Op::CatchAll ||
         op == ir::Op::Delegate;
}

struct LocalGroup {
  u32 count;
  ValType type;
};

/// Are groups those that the encoder makes of the locals one after the other?
bool are_usual(std::span<const LocalGroup> groups) {
  for (usize i = 0; i < groups.size(); ++i) {
    if (groups[i].count == 0 || (i != 0 && groups[i].type == groups[i - 1].type)) {
      return false;
    }
  }
  return true;
}

} // namespace

const std::string* BodyState::next_label() {
  const u32 number = blocks++;
  if (labels == nullptr) {
    return nullptr;
  }
  auto row =
      std::ranges::lower_bound(*labels, number, {}, [](const auto& item) { return item.first; });
  return row != labels->end() && row->first == number && !row->second.empty() ? &row->second
                                                                              : nullptr;
}

Status ModulePrinter::print_code(const RawSection& section) {
  PartReader r(ByteReader(section.contents, section.contents_offset));
  TRY_ASSIGN(u32 count, r.var_u32());
  print_section_annotation(section, r, count != 0);
  const u32 declared = index_.func_count() - index_.imported(RawExtern::func);
  if (count != declared) {
    return r.bytes().malformed(
        strf("function and code section have inconsistent lengths: %u functions, %u bodies",
             declared, count));
  }
  for (u32 i = 0; i < count; ++i) {
    if (Status status = print_func(r, i); !status) {
      out_.put('\n');
      return std::unexpected(std::move(status).error().with_where(
          strf("func %u", index_.imported(RawExtern::func) + i)));
    }
  }
  return r.at_end() ? Status() : r.bytes().malformed("section size mismatch: bytes left");
}

Status ModulePrinter::print_func(PartReader& r, u32 body) {
  BodyState state;
  state.func_idx = index_.imported(RawExtern::func) + body;
  r.begin();
  const EntryMark mark = begin_entry(r);
  if (body < func_type_sizes_.size()) {
    r.note(func_type_sizes_[body], var_u64_size(index_.func_type_idx(state.func_idx)));
  }
  TRY_ASSIGN(u32 size, r.var_u32());
  state.begin = r.offset();
  TRY_ASSIGN(Bytes bytes, r.bytes().read_bytes(size));
  PartReader in_body = r;
  in_body.bytes() = ByteReader(bytes, state.begin);
  if (auto found = metadata_.find(state.func_idx); found != metadata_.end()) {
    state.metadata = &found->second;
  }
  state.labels = index_.names().find(NameKind::label, state.func_idx);
  TRY(print_func_head(in_body, state, body));
  state.scope.locals = &state.locals;
  end_entry(in_body, mark);
  in_body.begin();
  if (options_.offsets) {
    return print_flat(in_body, state);
  }
  TRY(options_.folded ? print_folded(in_body, state) : print_flat(in_body, state));
  if (constexpr usize kEmptyBody = 2; bytes.size() > kEmptyBody) {
    out_.new_line(1);
  }
  out_.put(')');
  out_.checkpoint();
  return {};
}

/// `(param $x i32) (param i32 f64)`: those with names by themselves. `first` is the index of the first one.
void ModulePrinter::append_params(std::string& out, const BodyState& state,
                                  std::string_view keyword, u32 first,
                                  std::span<const ValType> types) const {
  bool is_open = false;
  for (u32 i = 0; i < types.size(); ++i) {
    const std::string* id = state.locals.id(first + i);
    const std::string* annotation =
        index_.names_are_carried() ? state.locals.annotation(first + i) : nullptr;
    const bool alone = id != nullptr || annotation != nullptr;
    if (is_open && alone) {
      out += ')';
      is_open = false;
    }
    if (!is_open) {
      out += " (";
      out += keyword;
      is_open = true;
    }
    out += ' ';
    if (id != nullptr) {
      append_id(out, *id);
      out += ' ';
    }
    if (annotation != nullptr) {
      out += "(@name ";
      append_name_string(out, *annotation);
      out += ") ";
    }
    text_.append_val_type(out, types[i]);
    if (alone) {
      out += ')';
      is_open = false;
    }
  }
  out += is_open ? ")" : "";
}

/// `(func $f (;0;) (type 0) (param i32) (result i32)` and the locals.
Status ModulePrinter::print_func_head(PartReader& r, BodyState& state, u32) {
  TRY_ASSIGN(u32 group_count, r.var_u32());
  std::vector<LocalGroup> groups;
  std::vector<ValType> locals;
  for (u32 i = 0; i < group_count; ++i) {
    const u64 at = r.offset();
    LocalGroup group{};
    TRY_ASSIGN(group.count, r.var_u32());
    TRY_ASSIGN(group.type, r.val_type());
    if (locals.size() + u64{group.count} > kLocalsLimit) {
      return fail_at(
          ErrorClass::limit, at,
          strf("more than %llu locals to print", static_cast<unsigned long long>(kLocalsLimit)));
    }
    locals.insert(locals.end(), group.count, group.type);
    groups.push_back(group);
  }
  const u32 type_idx = index_.func_type_idx(state.func_idx);
  const ModuleIndex::Type* type = index_.func_type(type_idx);
  const u32 params = type != nullptr ? static_cast<u32>(type->params.size()) : 0;
  if (const NameMap* names = index_.names().find(NameKind::local, state.func_idx)) {
    state.locals.assign(*names, params + static_cast<u32>(locals.size()));
  }
  open_field(r, "func", NameKind::func, state.func_idx);
  std::string& out = out_.buffer();
  out += " (type";
  text_.append_ref(out, NameKind::type, type_idx);
  out += ')';
  if (type != nullptr) {
    append_params(out, state, "param", 0, type->params);
    text_.append_types(out, "result", type->results);
  }
  if (!are_usual(groups) && !options_.plain && !options_.offsets) {
    out_.new_line(2);
    out += "(@petrel.locals";
    for (const LocalGroup& group : groups) {
      out += " (";
      append_number(out, group.count);
      out += ' ';
      text_.append_val_type(out, group.type);
      out += ')';
    }
    out += ')';
  }
  if (!locals.empty()) {
    out += '\n';
    out.append(3, ' ');
    append_params(out, state, "local", params, locals);
  }
  return {};
}

/// What stands in front of an instruction.
void ModulePrinter::append_notes(std::string& out, const PartReader& r, const RawInstr& in,
                                 const BodyState& state) const {
  if (state.metadata != nullptr) {
    const u32 offset = static_cast<u32>(in.offset - state.begin);
    for (auto [item, end] = state.metadata->equal_range(offset); item != end; ++item) {
      append_annotation_id(out, item->second.section);
      out += ' ';
      append_data_string(out, item->second.bytes);
      out += ") ";
    }
  }
  if (!options_.plain && !options_.offsets) {
    append_sizes(out, r.sizes());
  }
}

Status ModulePrinter::print_flat(PartReader& r, BodyState& state) {
  RawInstr in;
  LabelStack& labels = state.scope.labels;
  while (!r.at_end()) {
    const EntryMark mark = begin_entry(r);
    TRY(read_instr(r, in));
    note_data_use(in);
    if (in.op == ir::Op::End && labels.depth() == 0) {
      if (options_.offsets) {
        list_line(in.offset, in.bytes, "  end");
      }
      if (!r.at_end()) {
        return r.bytes().malformed("END opcode expected at the end of the body: bytes left");
      }
      return {};
    }
    const u32 depth = labels.depth() - (divides_block(in.op) && labels.depth() != 0 ? 1 : 0);
    out_.new_line(2 + depth);
    std::string& out = out_.buffer();
    append_notes(out, r, in, state);
    if (in.op == ir::Op::End || in.op == ir::Op::Delegate) {
      labels.close();
    }
    const std::string* label = opens_block(in.op) ? state.next_label() : nullptr;
    text_.append(out, in, state.scope, label);
    if (opens_block(in.op)) {
      labels.open(label);
      if (label == nullptr) {
        out += "  ;; label = @";
        append_number(out, labels.depth());
      }
    }
    end_entry(r, mark);
  }
  return r.bytes().malformed("unexpected end: END opcode expected");
}

} // namespace petrel::text
