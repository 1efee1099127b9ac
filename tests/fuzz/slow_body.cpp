// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/fuzz/slow_body.h"

#include <algorithm>

namespace petrel::slow {

using ir::Op;

// ---- stacks -----------------------------------------------------------------------------------------

Type BodyChecker::pop() {
  const Frame& frame = frames_.back();
  if (values_.size() == frame.height) {
    if (!frame.is_unreachable) {
      r_.fail("type mismatch: nothing on the stack");
    }
    return {Type::bot};
  }
  const Type type = values_.back();
  values_.pop_back();
  return type;
}

Type BodyChecker::pop(const Type& expected) {
  const Type type = pop();
  if (r_.ok() && !c_.space.matches(type, expected)) {
    r_.fail("type mismatch");
  }
  return type;
}

Type BodyChecker::pop_ref() {
  const Type type = pop();
  if (!type.is_ref()) {
    r_.fail("type mismatch: no reference");
  }
  return type;
}

void BodyChecker::pop(const Types& types) {
  for (size_t i = types.size(); i-- > 0;) {
    pop(types[i]);
  }
}

void BodyChecker::push_frame(Op op, Types start, Types end) {
  frames_.push_back({op, start, std::move(end), values_.size(), inits_.size(), false});
  push(start);
}

BodyChecker::Frame BodyChecker::pop_frame() {
  Frame frame = frames_.back();
  pop(frame.end);
  if (values_.size() != frame.height) {
    r_.fail("type mismatch: values left on the stack");
  }
  while (inits_.size() > frame.inits) {
    is_set_[inits_.back()] = false;
    inits_.pop_back();
  }
  values_.resize(std::min(values_.size(), frame.height));
  frames_.pop_back();
  return frame;
}

void BodyChecker::unreachable() {
  values_.resize(std::min(values_.size(), frames_.back().height));
  frames_.back().is_unreachable = true;
}

const BodyChecker::Frame& BodyChecker::label(uint32_t depth) {
  if (depth >= frames_.size()) {
    r_.fail("unknown label");
    return frames_.back();
  }
  return frames_[frames_.size() - 1 - depth];
}

// ---- immediates -------------------------------------------------------------------------------------

void BodyChecker::block_type(Types& params, Types& results) {
  Reader ahead = r_;
  const uint8_t b = ahead.byte();
  if (b == 0x40) {
    r_ = ahead;
    return;
  }
  if ((b & 0xc0) == 0x40) { // a negative one-byte s33: a value type
    results.push_back(read_value_type(r_, c_.space.types.size()));
    return;
  }
  const int64_t index = r_.signed_leb(33);
  if (index < 0) {
    r_.fail("malformed block type");
    return;
  }
  const SubType& type =
      type_of(static_cast<uint32_t>(std::min<int64_t>(index, UINT32_MAX)), SubType::function);
  params = type.params;
  results = type.results;
}

const LimitsType& BodyChecker::memory(uint32_t index) {
  static const LimitsType nothing;
  if (index >= c_.memories.size()) {
    r_.fail("unknown memory");
    return nothing;
  }
  return c_.memories[index];
}
const TableType& BodyChecker::table(uint32_t index) {
  static const TableType nothing;
  if (index >= c_.tables.size()) {
    r_.fail("unknown table");
    return nothing;
  }
  return c_.tables[index];
}
const SubType& BodyChecker::func_type(uint32_t func) {
  static const SubType nothing;
  if (func >= c_.funcs.size()) {
    r_.fail("unknown function");
    return nothing;
  }
  return c_.space.types[c_.funcs[func]];
}
const SubType& BodyChecker::tag_type(uint32_t tag) {
  static const SubType nothing;
  if (tag >= c_.tags.size()) {
    r_.fail("unknown tag");
    return nothing;
  }
  return c_.space.types[c_.tags[tag]];
}
const Type& BodyChecker::elem(uint32_t index) {
  static const Type nothing;
  if (index >= c_.elems.size()) {
    r_.fail("unknown elem segment");
    return nothing;
  }
  return c_.elems[index];
}
void BodyChecker::data_index(uint32_t index) {
  if (!c_.has_data_count || index >= c_.datas) {
    r_.fail("unknown data segment");
  }
}

void BodyChecker::memarg(const ir::OpInfo& info) {
  uint32_t align = r_.u32();
  if (align >= 128) {
    r_.fail("malformed memop flags");
  }
  first_ = (align & 64) != 0 ? r_.u32() : 0;
  align &= 63;
  const LimitsType& type = memory(first_);
  const uint64_t offset = r_.unsigned_leb(64);
  if (!type.is_64 && offset > UINT32_MAX) {
    r_.fail("offset out of range");
  }
  const bool is_atomic = info.family >= ir::Family::AtomicLoad;
  const uint32_t natural = info.natural_align_log2();
  if (is_atomic ? align != natural : align > natural) {
    r_.fail("alignment");
  }
}

/// Type behind a letter of ir/opcodes.def.
Type BodyChecker::value_of_letter(char letter) {
  switch (letter) {
  case 'i': return {Type::i32};
  case 'I': return {Type::i64};
  case 'f': return {Type::f32};
  case 'F': return {Type::f64};
  case 'v': return {Type::v128};
  case 'a': return address(memory(first_));
  case 'A': return address(memory(second_));
  case 'n': return narrower(memory(first_), memory(second_));
  case 't': return address(table(first_).limits);
  case 'T': return address(table(second_).limits);
  case 'm': return narrower(table(first_).limits, table(second_).limits);
  case 'e': return table(first_).element;
  case 'q': return ref_to(Heap::eq, true);
  case 'x': return ref_to(Heap::i31, true);
  case 'X': return ref_to(Heap::i31);
  case 'y': return ref_to(Heap::array, true);
  default: r_.fail("a letter the slow validator does not know"); return {};
  }
}

// ---- instructions -----------------------------------------------------------------------------------

void BodyChecker::step() {
  const Op op = read_op(r_);
  if (!r_.ok()) {
    return;
  }
  const ir::OpInfo& info = ir::op_info(op);
  if (!c_.features.has(info.feature)) {
    r_.fail("a feature that is off");
    return;
  }
  if (const_refs_ != nullptr && !is_constant(op)) {
    r_.fail("constant expression required");
    return;
  }
  const bool is_special = (info.params.is_special() || info.results.is_special());
  if (is_special) {
    special(op);
  } else {
    by_signature(op, info);
  }
}

void BodyChecker::read_plain_immediate(Op op, const ir::OpInfo& info) {
  using ir::Imm;
  switch (info.imm) {
  case Imm::None: break;
  case Imm::MemArg: memarg(info); break;
  case Imm::MemArgLane:
    memarg(info);
    if (r_.byte() >= info.lanes) {
      r_.fail("invalid lane index");
    }
    break;
  case Imm::Lane:
    if (r_.byte() >= info.lanes) {
      r_.fail("invalid lane index");
    }
    break;
  case Imm::Shuffle16:
    for (int i = 0; i < 16; ++i) {
      if (r_.byte() >= 32) {
        r_.fail("invalid lane index");
      }
    }
    break;
  case Imm::AtomicFence:
    if (r_.byte() != 0) {
      r_.fail("zero byte expected");
    }
    break;
  case Imm::I32Const: r_.signed_leb(32); break;
  case Imm::I64Const: r_.signed_leb(64); break;
  case Imm::F32Const: r_.skip(4); break;
  case Imm::F64Const: r_.skip(8); break;
  case Imm::V128Const: r_.skip(16); break;
  case Imm::MemIdx: memory(first_ = r_.u32()); break;
  case Imm::MemMem:
    memory(first_ = r_.u32());
    memory(second_ = r_.u32());
    break;
  case Imm::DataMem:
    data_index(r_.u32());
    memory(first_ = r_.u32());
    break;
  case Imm::DataIdx: data_index(r_.u32()); break;
  case Imm::TableIdx: table(first_ = r_.u32()); break;
  case Imm::TableTable:
    table(first_ = r_.u32());
    table(second_ = r_.u32());
    if (!c_.space.matches(table(second_).element, table(first_).element)) {
      r_.fail("type mismatch: tables");
    }
    break;
  case Imm::ElemTable: {
    const Type type = elem(r_.u32());
    table(first_ = r_.u32());
    if (!c_.space.matches(type, table(first_).element)) {
      r_.fail("type mismatch: element segment and table");
    }
    break;
  }
  case Imm::ElemIdx: elem(r_.u32()); break;
  case Imm::BlockType:
  case Imm::LabelIdx:
  case Imm::BrTable:
  case Imm::FuncIdx:
  case Imm::TypeIdx:
  case Imm::TypeTable:
  case Imm::LocalIdx:
  case Imm::GlobalIdx:
  case Imm::TagIdx:
  case Imm::HeapType:
  case Imm::SelectTypes:
  case Imm::StructField:
  case Imm::TypeU32:
  case Imm::TypeData:
  case Imm::TypeElem:
  case Imm::TypeType:
  case Imm::TryTable:
  case Imm::Cast:
    r_.fail("the slow validator has no rule for " + std::string(ir::op_name(op)));
    break;
  }
}

void BodyChecker::by_signature(Op op, const ir::OpInfo& info) {
  read_plain_immediate(op, info);
  if (!r_.ok()) {
    return;
  }
  for (uint32_t i = info.params.size(); i-- > 0;) {
    if (info.params[i] == 'r') {
      pop_ref();
    } else {
      pop(value_of_letter(info.params[i]));
    }
  }
  for (uint32_t i = 0; i < info.results.size(); ++i) {
    push(value_of_letter(info.results[i]));
  }
}

void BodyChecker::special(Op op) {
  using ir::Family;
  switch (ir::op_info(op).family) {
  case Family::Control: control(op); break;
  case Family::Branch: branch(op); break;
  case Family::Call:
  case Family::ReturnCall: call(op); break;
  case Family::Exception:
  case Family::LegacyException: legacy(op); break;
  case Family::Parametric: select(op); break;
  case Family::Local:
  case Family::Global: variable(op); break;
  case Family::Reference: reference(op); break;
  case Family::Struct: structure(op); break;
  case Family::Array: array(op); break;
  case Family::Cast: cast(op); break;
  default: r_.fail("the slow validator has no rule for " + std::string(ir::op_name(op)));
  }
}

void BodyChecker::control(Op op) {
  if (op == Op::Unreachable) {
    unreachable();
  } else if (op == Op::End) {
    end();
  } else if (op == Op::Else) {
    if (frames_.back().op != Op::If) {
      r_.fail("else without if");
      return;
    }
    Frame frame = pop_frame();
    push_frame(Op::Else, frame.start, frame.end);
  } else {
    Types params;
    Types results;
    block_type(params, results);
    if (op == Op::If) {
      pop(Type{Type::i32});
    }
    pop(params);
    push_frame(op, params, results);
  }
}

void BodyChecker::end() {
  Frame frame = pop_frame();
  if (!r_.ok()) {
    return;
  }
  if (frame.op == Op::If && !c_.space.matches(frame.start, frame.end)) {
    r_.fail("type mismatch: if without else");
  }
  push(frame.end);
}

void BodyChecker::try_table() {
  Types params;
  Types results;
  block_type(params, results);
  pop(params);
  for (uint32_t n = r_.count(); n > 0 && r_.ok(); --n) {
    const uint8_t kind = r_.byte();
    if (kind > 3) {
      r_.fail("malformed catch clause");
      return;
    }
    Types caught;
    if (kind < 2) {
      caught = tag_type(r_.u32()).params;
    }
    if ((kind & 1) != 0) {
      caught.push_back(ref_to(Heap::exn));
    }
    if (!c_.space.matches(caught, label_types(label(r_.u32())))) {
      r_.fail("type mismatch: catch clause");
    }
  }
  push_frame(Op::TryTable, params, results);
}

void BodyChecker::legacy(Op op) {
  switch (op) {
  case Op::TryTable: try_table(); return;
  case Op::Throw:
    pop(tag_type(r_.u32()).params);
    unreachable();
    return;
  case Op::ThrowRef:
    pop(ref_to(Heap::exn, true));
    unreachable();
    return;
  case Op::Try: {
    Types params;
    Types results;
    block_type(params, results);
    pop(params);
    push_frame(op, params, results);
    return;
  }
  case Op::Catch:
  case Op::CatchAll: {
    const Types params = op == Op::Catch ? tag_type(r_.u32()).params : Types();
    const Op before = frames_.back().op;
    if (before != Op::Try && before != Op::Catch) {
      r_.fail("catch without try");
      return;
    }
    const Frame frame = pop_frame();
    push_frame(op, params, frame.end);
    return;
  }
  case Op::Delegate: {
    if (frames_.back().op != Op::Try) {
      r_.fail("delegate without try");
      return;
    }
    const Frame frame = pop_frame();
    const uint32_t depth = r_.u32();
    if (depth >= frames_.size()) {
      r_.fail("unknown label");
      return;
    }
    push(frame.end);
    return;
  }
  case Op::Rethrow: {
    const Op target = label(r_.u32()).op;
    if (target != Op::Catch && target != Op::CatchAll) {
      r_.fail("invalid rethrow label");
    }
    unreachable();
    return;
  }
  default: r_.fail("no rule");
  }
}

void BodyChecker::branch(Op op) {
  switch (op) {
  case Op::Br: {
    const Types types = label_types(label(r_.u32()));
    pop(types);
    unreachable();
    break;
  }
  case Op::BrIf: {
    const Types types = label_types(label(r_.u32()));
    pop(Type{Type::i32});
    pop(types);
    push(types);
    break;
  }
  case Op::BrTable: br_table(); break;
  case Op::Return:
    pop(returns_);
    unreachable();
    break;
  case Op::BrOnNull: {
    const Types types = label_types(label(r_.u32()));
    Type type = pop_ref();
    pop(types);
    push(types);
    type.nullable = false;
    push(type.kind == Type::bot ? ref_to(Heap::bottom) : type);
    break;
  }
  case Op::BrOnNonNull: {
    Types types = label_types(label(r_.u32()));
    if (types.empty() || types.back().kind != Type::ref) {
      r_.fail("type mismatch: label takes no reference");
      return;
    }
    pop(ref_to(types.back().heap, true));
    types.pop_back();
    pop(types);
    push(types);
    break;
  }
  default: cast_branch(op);
  }
}

void BodyChecker::br_table() {
  std::vector<uint32_t> labels;
  for (uint32_t n = r_.count(); n > 0 && r_.ok(); --n) {
    labels.push_back(r_.u32());
  }
  const Types last = label_types(label(r_.u32()));
  pop(Type{Type::i32});
  for (uint32_t depth : labels) {
    const Types types = label_types(label(depth));
    if (types.size() != last.size()) {
      r_.fail("type mismatch: arity of labels");
      return;
    }
    Types popped(types.size());
    for (size_t i = types.size(); i-- > 0;) {
      popped[i] = pop(types[i]);
    }
    push(popped);
    if (!r_.ok()) {
      return;
    }
  }
  pop(last);
  unreachable();
}

void BodyChecker::cast_branch(Op op) {
  const uint8_t flags = r_.byte();
  if (flags > 3) {
    r_.fail("malformed cast flags");
  }
  Types types = label_types(label(r_.u32()));
  const Type from = ref_to(read_heap_type(r_, c_.space.types.size()), (flags & 1) != 0);
  const Type to = ref_to(read_heap_type(r_, c_.space.types.size()), (flags & 2) != 0);
  if (!r_.ok()) {
    return;
  }
  const Type rest = ref_to(from.heap, from.nullable && !to.nullable);
  const Type& taken = op == Op::BrOnCast ? to : rest;
  if (types.empty() || !c_.space.matches(to, from) || !c_.space.matches(taken, types.back())) {
    r_.fail("type mismatch: cast and label");
    return;
  }
  pop(from);
  types.pop_back();
  pop(types);
  push(types);
  push(op == Op::BrOnCast ? rest : to);
}

void BodyChecker::call(Op op) {
  const SubType* type = nullptr;
  switch (op) {
  case Op::Call:
  case Op::ReturnCall: type = &func_type(r_.u32()); break;
  case Op::CallIndirect:
  case Op::ReturnCallIndirect: {
    type = &type_of(r_.u32(), SubType::function);
    const TableType& t = table(r_.u32());
    if (!c_.space.matches(t.element, ref_to(Heap::func, true))) {
      r_.fail("type mismatch: table of functions");
    }
    pop(address(t.limits));
    break;
  }
  default: {
    const uint32_t index = r_.u32();
    type = &type_of(index, SubType::function);
    if (r_.ok()) {
      pop(ref_to(index, true));
    }
  }
  }
  if (!r_.ok()) {
    return;
  }
  pop(type->params);
  if (ir::op_info(op).family == ir::Family::Call) {
    push(type->results);
    return;
  }
  if (!c_.space.matches(type->results, returns_)) {
    r_.fail("type mismatch: results of a tail call");
  }
  unreachable();
}

void BodyChecker::variable(Op op) {
  const uint32_t index = r_.u32();
  if (op == Op::GlobalGet || op == Op::GlobalSet) {
    if (index >= c_.globals.size()) {
      r_.fail("unknown global");
      return;
    }
    const GlobalType& global = c_.globals[index];
    if (op == Op::GlobalGet) {
      if (const_refs_ != nullptr && global.is_mutable) {
        r_.fail("constant expression required");
      }
      push(global.type);
    } else {
      if (!global.is_mutable) {
        r_.fail("immutable global");
      }
      pop(global.type);
    }
    return;
  }
  if (index >= locals_.size()) {
    r_.fail("unknown local");
    return;
  }
  if (op == Op::LocalGet) {
    if (!is_set_[index]) {
      r_.fail("uninitialized local");
    }
  } else {
    pop(locals_[index]);
    if (!is_set_[index]) {
      is_set_[index] = true;
      inits_.push_back(index);
    }
  }
  if (op != Op::LocalSet) {
    push(locals_[index]);
  }
}

void BodyChecker::select(Op op) {
  if (op == Op::Drop) {
    pop();
    return;
  }
  if (op == Op::SelectT) {
    if (r_.count() != 1) {
      r_.fail("invalid result arity");
      return;
    }
    const Type type = read_value_type(r_, c_.space.types.size());
    pop(Types{type, type, {Type::i32}});
    push(type);
    return;
  }
  pop(Type{Type::i32});
  const Type a = pop();
  const Type b = pop();
  const auto fits = [](const Type& t) {
    return t.kind == Type::bot || t.is_number() || t.is_vector();
  };
  if (!fits(a) || !fits(b) || (a != b && a.kind != Type::bot && b.kind != Type::bot)) {
    r_.fail("type mismatch: select");
  }
  push(a.kind == Type::bot ? b : a);
}

bool BodyChecker::is_constant(Op op) {
  switch (op) {
  case Op::End:
  case Op::I32Const:
  case Op::I64Const:
  case Op::F32Const:
  case Op::F64Const:
  case Op::V128Const:
  case Op::RefNull:
  case Op::RefFunc:
  case Op::RefI31:
  case Op::GlobalGet:
  case Op::StructNew:
  case Op::StructNewDefault:
  case Op::ArrayNew:
  case Op::ArrayNewDefault:
  case Op::ArrayNewFixed:
  case Op::AnyConvertExtern:
  case Op::ExternConvertAny:
  case Op::I32Add:
  case Op::I32Sub:
  case Op::I32Mul:
  case Op::I64Add:
  case Op::I64Sub:
  case Op::I64Mul: return true;
  default: return false;
  }
}

// ---- whole bodies -----------------------------------------------------------------------------------

void BodyChecker::run(uint32_t type_index) {
  const SubType& type = c_.space.types[type_index];
  locals_ = type.params;
  uint64_t total = locals_.size();
  for (uint32_t n = r_.count(); n > 0 && r_.ok(); --n) {
    const uint32_t count = r_.u32();
    const Type local = read_value_type(r_, c_.space.types.size());
    total += count;
    if (total > 50000) { // Petrel's limit, far below the specification's
      r_.fail("limit: locals");
      return;
    }
    locals_.insert(locals_.end(), count, local);
  }
  for (size_t i = 0; i < locals_.size(); ++i) {
    is_set_.push_back(i < type.params.size() || locals_[i].is_defaultable());
  }
  returns_ = type.results;
  push_frame(Op::Call, {}, type.results);
  while (r_.ok() && !frames_.empty()) {
    step();
  }
  if (r_.ok() && !r_.at_end()) {
    r_.fail("bytes behind the body");
  }
}

void BodyChecker::run_const(const Type& expected, std::set<uint32_t>& refs) {
  const_refs_ = &refs;
  push_frame(Op::Block, {}, {expected});
  while (r_.ok() && !frames_.empty()) {
    step();
  }
}

void check_const_expr(Reader& r, Context& c, const Type& expected) {
  std::set<uint32_t> refs;
  BodyChecker(r, c).run_const(expected, refs);
  c.refs.insert(refs.begin(), refs.end());
}

void check_body(Reader& r, const Context& c, uint32_t type_index) {
  BodyChecker(r, c).run(type_index);
}

} // namespace petrel::slow
