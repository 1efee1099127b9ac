// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions by the type they must have. Each generator of a kind answers false when it has nothing of that type.
#include "tests/diff/generator.h"

#include <algorithm>

namespace petrel::diff {

using ir::Family;
using ir::Op;

namespace {

constexpr i64 kHeapNone = -15;
constexpr i64 kHeapNoextern = -14;
constexpr i64 kHeapNoexn = -12;
constexpr i64 kHeapI31 = -20;
constexpr i64 kHeapArray = -22;

T type_of_letter(char letter) {
  switch (letter) {
  case 'i': return T::i32;
  case 'I': return T::i64;
  case 'f': return T::f32;
  case 'F': return T::f64;
  case 'v': return T::v128;
  default: return T::count;
  }
}

bool is_numeric_family(Family family) {
  return (family >= Family::Test && family <= Family::Trunc) ||
         (family >= Family::SimdShuffle && family <= Family::SimdTest);
}

/// Pure instructions with a result of each number type.
const std::vector<Op>& numeric_ops(T type) {
  static const auto tables = [] {
    std::vector<std::vector<Op>> result(kTypeCount);
    for (u32 i = 0; i < ir::kOpCount; ++i) {
      const auto op = static_cast<Op>(i);
      const ir::OpInfo& info = ir::op_info(op);
      if (is_numeric_family(info.family) && info.feature != ir::Feature::RelaxedSimd) {
        result[static_cast<usize>(type_of_letter(info.results[0]))].push_back(op);
      }
    }
    return result;
  }();
  return tables[static_cast<usize>(type)];
}

const std::vector<Op>& loads(T type) {
  static const auto tables = [] {
    std::vector<std::vector<Op>> result(kTypeCount);
    for (u32 i = 0; i < ir::kOpCount; ++i) {
      const auto op = static_cast<Op>(i);
      const ir::OpInfo& info = ir::op_info(op);
      if (info.family == Family::Load ||
          (info.family >= Family::SimdLoad && info.family <= Family::SimdLoadLane)) {
        result[static_cast<usize>(type_of_letter(info.results[0]))].push_back(op);
      }
    }
    return result;
  }();
  return tables[static_cast<usize>(type)];
}

} // namespace

u32 Generator::local_of(T type) {
  const auto& locals = locals_[static_cast<usize>(type)];
  return locals[random_.below(static_cast<u32>(locals.size()) - 1)];
}

u32 Generator::global_of(T type) const {
  return kFirstGlobal +
         static_cast<u32>(std::find(types_.begin(), types_.end(), type) - types_.begin());
}

u32 Generator::temporary(T type) const { return locals_[static_cast<usize>(type)].back(); }

void Generator::constant(T type) {
  const u64 bits = random_.edge();
  switch (type) {
  case T::i32: i32_const(static_cast<u32>(bits)); break;
  case T::i64:
    op(Op::I64Const);
    body_.write_var_s64(static_cast<i64>(bits));
    break;
  case T::f32:
    op(Op::F32Const);
    body_.write_le((bits & 0x7f800000) == 0x7f800000 ? 0x7f800000 : bits, 4);
    break;
  case T::f64:
    op(Op::F64Const);
    body_.write_le((bits >> 52 & 0x7ff) == 0x7ff ? u64{0xfff} << 52 : bits, 8);
    break;
  default:
    op(Op::V128Const);
    body_.write_le(bits, 8);
    body_.write_le(random_.edge(), 8);
  }
}

void Generator::leaf(T type) {
  const u32 choice = random_.below(4);
  if (choice == 0) {
    op(Op::LocalGet, local_of(type));
  } else if (choice == 1) {
    op(Op::GlobalGet, global_of(type));
  } else if (type <= T::v128) {
    constant(type);
  } else if (type == T::node) {
    op(Op::StructNewDefault, random_.one_in(2) ? kNode : kLeafNode);
  } else if (type <= T::nodes) {
    i32_const(random_.below(6));
    op(Op::ArrayNewDefault, kInts + static_cast<u32>(type) - static_cast<u32>(T::ints));
  } else if (type == T::any) {
    i32_const(static_cast<u32>(random_.edge()));
    op(Op::RefI31);
  } else {
    op(Op::RefNull);
    heap_type(type == T::exn ? kHeapNoexn : kHeapNoextern);
  }
}

void Generator::expr(T type, u32 depth) {
  if (depth == 0 || budget_ == 0) {
    leaf(type);
    return;
  }
  --budget_;
  for (u32 tries = 0; tries < 3; ++tries) {
    bool done = false;
    switch (random_.below(10)) {
    case 0:
    case 1:
    case 2: done = numeric(type, depth - 1); break;
    case 3: done = load(type, depth - 1); break;
    case 4: done = control(type, depth - 1); break;
    case 5: done = call(type, depth - 1); break;
    case 6: done = catching(type, depth - 1); break;
    case 7: done = reference(type, depth - 1); break;
    case 8: done = field(type, depth - 1); break;
    default:
      expr(type, depth - 1);
      op(Op::LocalTee, local_of(type));
      done = true;
    }
    if (done) {
      return;
    }
  }
  leaf(type);
}

// ---- numbers and memory -----------------------------------------------------------------------------

/// Replaces NaNs by the canonical one.
void Generator::canonical(T type) {
  const u32 local = temporary(type);
  op(Op::LocalSet, local);
  op(Op::LocalGet, local);
  if (type == T::f32) {
    op(Op::F32Const);
    body_.write_le(0x7fc00000, 4);
  } else {
    op(Op::F64Const);
    body_.write_le(u64{0x7ff8} << 48, 8);
  }
  op(Op::LocalGet, local);
  op(Op::LocalGet, local);
  op(type == T::f32 ? Op::F32Eq : Op::F64Eq);
  op(Op::Select);
}

void Generator::lanes(const ir::OpInfo& info) {
  if (info.imm == ir::Imm::Lane || info.imm == ir::Imm::MemArgLane) {
    body_.write_u8(static_cast<u8>(random_.below(info.lanes)));
  } else if (info.imm == ir::Imm::Shuffle16) {
    for (u32 i = 0; i < 16; ++i) {
      body_.write_u8(static_cast<u8>(random_.below(32)));
    }
  }
}

bool Generator::numeric(T type, u32 depth) {
  const auto& ops = numeric_ops(type);
  if (ops.empty()) {
    return false;
  }
  const Op chosen = ops[random_.below(static_cast<u32>(ops.size()))];
  const ir::OpInfo& info = ir::op_info(chosen);
  if (info.feature == ir::Feature::Simd && !has_simd_) {
    return false;
  }
  for (u32 i = 0; i < info.params.size(); ++i) {
    expr(type_of_letter(info.params[i]), depth);
  }
  op(chosen);
  lanes(info);
  if (type == T::f32 || type == T::f64) {
    canonical(type);
  } else if (type == T::v128) {
    const std::string_view name = ir::op_name(chosen);
    const bool is_f32 = name.starts_with("f32x4");
    if (is_f32 || name.starts_with("f64x2")) {
      const u32 local = temporary(type);
      op(Op::LocalTee, local);
      op(Op::V128Const);
      for (u32 i = 0; i < 2; ++i) {
        body_.write_le(is_f32 ? 0x7fc000007fc00000 : u64{0x7ff8} << 48, 8);
      }
      op(Op::LocalGet, local);
      op(Op::LocalGet, local);
      op(is_f32 ? Op::F32x4Eq : Op::F64x2Eq);
      op(Op::V128Bitselect);
    }
  }
  return true;
}

void Generator::address(u32 memory, u32 depth) {
  expr(memory == 1 ? T::i64 : T::i32, depth);
  if (random_.one_in(12)) {
    return; // as it comes, mostly outside
  }
  if (memory == 1) {
    op(Op::I64Const);
    body_.write_var_s64(0xffff);
    op(Op::I64And);
  } else {
    i32_const(0xffff);
    op(Op::I32And);
  }
}

void Generator::memarg(const ir::OpInfo& info, u32 memory) {
  body_.write_var_u32(random_.below(info.natural_align_log2() + 1) | (memory == 1 ? 64 : 0));
  if (memory == 1) {
    body_.write_var_u32(memory);
  }
  const u64 offset = random_.one_in(10) ? random_.edge() : random_.below(40);
  body_.write_var_u64(memory == 1 ? offset : offset & 0xffffffff);
}

bool Generator::load(T type, u32 depth) {
  if (type > T::v128 || (type == T::v128 && !has_simd_)) {
    return false;
  }
  const auto& ops = loads(type);
  const Op chosen = ops[random_.below(static_cast<u32>(ops.size()))];
  const ir::OpInfo& info = ir::op_info(chosen);
  const u32 memory = has_memory64_ ? random_.below(2) : 0;
  address(memory, depth);
  if (info.params.size() == 2) {
    expr(T::v128, depth);
  }
  op(chosen);
  memarg(info, memory);
  lanes(info);
  return true;
}

// ---- control ----------------------------------------------------------------------------------------

bool Generator::control(T type, u32 depth) {
  switch (random_.below(5)) {
  case 0: // a block left early with a value
    op(Op::Block);
    block_type(type);
    labels_.push_back({{type}});
    statements(depth);
    expr(type, depth);
    expr(T::i32, depth);
    op(Op::BrIf, 0);
    op(Op::Drop);
    expr(type, depth);
    break;
  case 1:
    expr(T::i32, depth);
    op(Op::If);
    block_type(type);
    labels_.push_back({{type}});
    expr(type, depth);
    op(Op::Else);
    expr(type, depth);
    break;
  case 2: // a loop; its label takes no value
    op(Op::Loop);
    block_type(type);
    labels_.emplace_back();
    take_fuel();
    statements(depth);
    expr(T::i32, depth);
    op(Op::BrIf, 0);
    expr(type, depth);
    break;
  case 3: { // nested blocks and a table of branches out of them
    const u32 blocks = 1 + random_.below(3);
    for (u32 i = 0; i <= blocks; ++i) {
      op(Op::Block);
      block_type(type);
      labels_.push_back({{type}});
    }
    expr(type, depth);
    expr(T::i32, depth);
    op(Op::BrTable, blocks);
    for (u32 i = 0; i <= blocks; ++i) {
      body_.write_var_u32(random_.below(blocks + 1));
    }
    for (u32 i = 0; i < blocks; ++i) {
      op(Op::End);
      labels_.pop_back();
      op(Op::Drop);
      expr(type, depth);
    }
    break;
  }
  default:
    expr(type, depth);
    expr(type, depth);
    expr(T::i32, depth);
    if (type <= T::v128 && random_.one_in(2)) {
      op(Op::Select);
    } else {
      op(Op::SelectT, 1);
      write_type(body_, type);
    }
    return true;
  }
  op(Op::End);
  labels_.pop_back();
  return true;
}

void Generator::arguments(const Function& function, u32 depth) {
  for (T param : function.params) {
    expr(param, depth);
  }
}

bool Generator::call(T type, u32 depth) {
  std::vector<u32> fitting;
  for (u32 i = 0; i < functions_.size(); ++i) {
    if (functions_[i].results == std::vector{type}) {
      fitting.push_back(i);
    }
  }
  if (fitting.empty()) {
    return false;
  }
  const u32 index = fitting[random_.below(static_cast<u32>(fitting.size()))];
  arguments(functions_[index], depth);
  switch (random_.below(has_gc_ ? 4 : 3)) {
  case 0: { // mostly the right entry of the table
    if (random_.one_in(6)) {
      expr(T::i32, depth);
    } else {
      i32_const(index + 1);
    }
    op(Op::CallIndirect, kFirstSignature + index);
    body_.write_u8(0);
    break;
  }
  case 3:
    op(Op::RefFunc, index);
    op(Op::CallRef, kFirstSignature + index);
    break;
  default: op(Op::Call, index);
  }
  return true;
}

// ---- references -------------------------------------------------------------------------------------

bool Generator::reference(T type, u32 depth) {
  if (type == T::exn) {
    caught_exception(depth);
    return true;
  }
  if (!has_gc_) {
    if (type == T::i32) {
      op(Op::TableSize, random_.below(kTables));
      return true;
    }
    return false;
  }
  switch (type) {
  case T::node:
    switch (random_.below(4)) {
    case 0:
      for (T part : {T::i32, T::i64, T::f64, T::i32, T::node}) {
        expr(part, depth);
      }
      op(Op::StructNew, kNode);
      return true;
    case 1:
      op(Op::I64Const);
      body_.write_var_s64(random_.below(5));
      op(Op::TableGet, 1);
      return true;
    case 2: // a cast that may fail, or a branch on one that does not
      if (random_.one_in(3)) {
        expr(T::any, depth);
        op(Op::RefCastNull);
        heap_type(kNode);
        return true;
      }
      op(Op::Block);
      block_type(T::node);
      labels_.push_back({{T::node}});
      expr(T::any, depth);
      op(Op::BrOnCast);
      body_.write_u8(3);
      body_.write_u8(0);
      heap_type(-18); // any
      heap_type(random_.one_in(2) ? kNode : kLeafNode);
      op(Op::Drop);
      expr(T::node, depth);
      labels_.pop_back();
      op(Op::End);
      return true;
    default:
      op(Op::RefNull);
      heap_type(random_.one_in(2) ? kHeapNone : i64{kNode});
      return true;
    }
  case T::ints:
  case T::bytes:
  case T::nodes: {
    const u32 index = kInts + static_cast<u32>(type) - static_cast<u32>(T::ints);
    const T element = type == T::nodes ? T::node : T::i32;
    if (type == T::bytes && random_.one_in(2)) {
      i32_const(random_.below(6));
      i32_const(random_.below(12));
      op(Op::ArrayNewData, index);
      body_.write_u8(1);
    } else if (random_.one_in(2)) {
      const u32 count = random_.below(4);
      for (u32 i = 0; i < count; ++i) {
        expr(element, depth);
      }
      op(Op::ArrayNewFixed, index);
      body_.write_var_u32(count);
    } else {
      expr(element, depth);
      i32_const(random_.below(9));
      op(Op::ArrayNew, index);
    }
    return true;
  }
  case T::any:
    if (random_.one_in(3)) {
      expr(T::ext, depth);
      op(Op::AnyConvertExtern);
    } else {
      expr(static_cast<T>(static_cast<u32>(T::node) + random_.below(4)), depth);
    }
    return true;
  case T::ext:
    expr(T::any, depth);
    op(Op::ExternConvertAny);
    return true;
  default: return false;
  }
}

/// A part of an object, or a question about one.
bool Generator::field(T type, u32 depth) {
  if (!has_gc_) {
    return false;
  }
  auto get_struct = [&](Op get, u32 at) {
    expr(T::node, depth);
    op(get, kNode);
    body_.write_var_u32(at);
    return true;
  };
  auto get_array = [&](T array, Op get) {
    expr(array, depth);
    i32_const(random_.below(5));
    op(get, kInts + static_cast<u32>(array) - static_cast<u32>(T::ints));
    return true;
  };
  switch (type) {
  case T::i64: return get_struct(Op::StructGet, 1);
  case T::f64: return get_struct(Op::StructGet, 2);
  case T::node:
    return random_.one_in(2) ? get_struct(Op::StructGet, 4) : get_array(T::nodes, Op::ArrayGet);
  case T::i32: break;
  default: return false;
  }
  switch (random_.below(9)) {
  case 0: return get_struct(Op::StructGet, 0);
  case 1: return get_struct(random_.one_in(2) ? Op::StructGetS : Op::StructGetU, 3);
  case 2:
    expr(T::node, depth);
    op(Op::RefCast);
    heap_type(kLeafNode);
    op(Op::StructGet, kLeafNode);
    body_.write_var_u32(5);
    return true;
  case 3: return get_array(T::ints, Op::ArrayGet);
  case 4: return get_array(T::bytes, random_.one_in(2) ? Op::ArrayGetS : Op::ArrayGetU);
  case 5:
    expr(static_cast<T>(static_cast<u32>(T::ints) + random_.below(3)), depth);
    op(Op::ArrayLen);
    return true;
  case 6:
    expr(T::any, depth);
    op(random_.one_in(2) ? Op::RefTest : Op::RefTestNull);
    heap_type(std::array{kHeapI31, kHeapArray, kHeapNone, i64{kNode}, i64{kLeafNode},
                         i64{kBytes}}[random_.below(6)]);
    return true;
  case 7:
    expr(T::node, depth);
    expr(T::node, depth);
    op(Op::RefEq);
    return true;
  default:
    expr(T::any, depth);
    op(Op::RefCastNull);
    heap_type(kHeapI31);
    op(random_.one_in(2) ? Op::I31GetS : Op::I31GetU);
    return true;
  }
}

} // namespace petrel::diff
