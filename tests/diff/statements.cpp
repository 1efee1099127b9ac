// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statements: what leaves nothing on the stack.
#include "tests/diff/generator.h"

namespace petrel::diff {

using ir::Family;
using ir::Op;

void Generator::take_fuel() {
  op(Op::GlobalGet, kFuel);
  op(Op::I32Eqz);
  op(Op::If);
  body_.write_u8(0x40);
  op(Op::Unreachable);
  op(Op::End);
  op(Op::GlobalGet, kFuel);
  i32_const(1);
  op(Op::I32Sub);
  op(Op::GlobalSet, kFuel);
}

void Generator::statements(u32 depth) {
  for (u32 n = random_.below(3); n > 0 && depth > 0; --n) {
    statement(depth);
  }
}

void Generator::statement(u32 depth) {
  if (budget_ == 0) {
    return;
  }
  --budget_;
  const T type = any_type();
  switch (random_.below(tags_.empty() ? 10 : 11)) {
  case 0:
    expr(type, depth - 1);
    op(Op::LocalSet, local_of(type));
    break;
  case 1:
    expr(type, depth - 1);
    op(Op::GlobalSet, global_of(type));
    break;
  case 2:
    expr(type, depth - 1);
    op(Op::Drop);
    break;
  case 3:
    expr(T::i32, depth - 1);
    op(Op::If);
    body_.write_u8(0x40);
    labels_.emplace_back();
    statements(depth - 1);
    labels_.pop_back();
    op(Op::End);
    break;
  case 4: leave(depth - 1); break;
  case 5: bulk(depth - 1); break;
  case 6: gc_statement(depth - 1); break;
  case 7: tail_call(depth - 1); break;
  case 8: call_statement(depth - 1); break;
  case 9: store(depth - 1); break;
  default: throw_(depth - 1);
  }
}

void Generator::store(u32 depth) {
  static const auto stores = [] {
    std::vector<Op> result;
    for (u32 i = 0; i < ir::kOpCount; ++i) {
      const Family family = ir::op_info(static_cast<Op>(i)).family;
      if (family == Family::Store || family == Family::SimdStore ||
          family == Family::SimdStoreLane) {
        result.push_back(static_cast<Op>(i));
      }
    }
    return result;
  }();
  const Op chosen = stores[random_.below(static_cast<u32>(stores.size()))];
  const ir::OpInfo& info = ir::op_info(chosen);
  if (info.feature == ir::Feature::Simd && !has_simd_) {
    return;
  }
  const u32 memory = has_memory64_ ? random_.below(2) : 0;
  address(memory, depth);
  const char letter = info.params[1];
  expr(letter == 'i'   ? T::i32
       : letter == 'I' ? T::i64
       : letter == 'f' ? T::f32
       : letter == 'F' ? T::f64
                       : T::v128,
       depth);
  op(chosen);
  memarg(info, memory);
  lanes(info);
}

/// Bulk operations on memories and tables, growth.
void Generator::bulk(u32 depth) {
  switch (random_.below(7)) {
  case 0:
    address(0, depth);
    expr(T::i32, depth);
    i32_const(random_.below(100));
    op(Op::MemoryFill, 0);
    break;
  case 1:
    address(0, depth);
    address(0, depth);
    i32_const(random_.below(300));
    op(Op::MemoryCopy, 0);
    body_.write_u8(0);
    break;
  case 2:
    address(0, depth);
    i32_const(random_.below(10));
    i32_const(random_.below(10));
    op(Op::MemoryInit, 1);
    body_.write_u8(0);
    break;
  case 3: {
    const u32 memory = has_memory64_ ? random_.below(2) : 0;
    if (memory == 1) {
      op(Op::I64Const);
    } else {
      op(Op::I32Const);
    }
    body_.write_var_s64(random_.below(3));
    op(Op::MemoryGrow, memory);
    if (memory == 1) {
      op(Op::I32WrapI64);
    }
    op(Op::LocalSet, local_of(T::i32));
    break;
  }
  case 4: // the functions again, from the passive segment
    i32_const(random_.below(6));
    i32_const(random_.below(2));
    i32_const(random_.below(3));
    op(Op::TableInit, 1);
    body_.write_u8(0);
    break;
  case 5:
    op(Op::RefNull);
    heap_type(-16); // func
    i32_const(random_.below(3));
    op(Op::TableGrow, 0);
    op(Op::LocalSet, local_of(T::i32));
    break;
  default:
    i32_const(random_.below(8));
    i32_const(random_.below(8));
    i32_const(random_.below(4));
    op(Op::TableCopy, 0);
    body_.write_u8(0);
  }
}

void Generator::gc_statement(u32 depth) {
  if (!has_gc_) {
    return;
  }
  switch (random_.below(7)) {
  case 0: {
    static constexpr T kFields[] = {T::i32, T::i64, T::i32, T::node};
    static constexpr u32 kIndices[] = {0, 1, 3, 4};
    const u32 at = random_.below(4);
    expr(T::node, depth);
    expr(kFields[at], depth);
    op(Op::StructSet, kNode);
    body_.write_var_u32(kIndices[at]);
    break;
  }
  case 1:
  case 2: {
    const auto array = static_cast<T>(static_cast<u32>(T::ints) + random_.below(3));
    expr(array, depth);
    i32_const(random_.below(4));
    expr(array == T::nodes ? T::node : T::i32, depth);
    op(Op::ArraySet, kInts + static_cast<u32>(array) - static_cast<u32>(T::ints));
    break;
  }
  case 3:
    expr(T::ints, depth);
    i32_const(random_.below(3));
    expr(T::i32, depth);
    i32_const(random_.below(4));
    op(Op::ArrayFill, kInts);
    break;
  case 4:
    expr(T::nodes, depth);
    i32_const(random_.below(3));
    expr(T::nodes, depth);
    i32_const(random_.below(3));
    i32_const(random_.below(3));
    op(Op::ArrayCopy, kNodes);
    body_.write_u8(kNodes);
    break;
  case 5:
    op(Op::I64Const);
    body_.write_var_s64(random_.below(5));
    expr(T::node, depth);
    op(Op::TableSet, 1);
    break;
  default:
    expr(T::bytes, depth);
    i32_const(random_.below(3));
    i32_const(random_.below(8));
    i32_const(random_.below(8));
    op(Op::ArrayInitData, kBytes);
    body_.write_u8(1);
  }
}

/// A conditional branch or return.
void Generator::leave(u32 depth) {
  expr(T::i32, depth);
  op(Op::If);
  body_.write_u8(0x40);
  if (labels_.empty() || random_.one_in(3)) {
    for (T type : current_->results) {
      leaf(type);
    }
    op(Op::Return);
  } else {
    const u32 at = random_.below(static_cast<u32>(labels_.size()));
    for (T type : labels_[labels_.size() - 1 - at].types) {
      leaf(type);
    }
    op(Op::Br, at + 1);
  }
  op(Op::End);
}

void Generator::tail_call(u32 depth) {
  std::vector<u32> fitting;
  for (u32 i = 0; i < functions_.size(); ++i) {
    if (functions_[i].results == current_->results) {
      fitting.push_back(i);
    }
  }
  if (!has_tail_calls_ || !random_.one_in(3)) {
    return;
  }
  const u32 index = fitting[random_.below(static_cast<u32>(fitting.size()))];
  expr(T::i32, depth);
  op(Op::If);
  body_.write_u8(0x40);
  labels_.emplace_back();
  arguments(functions_[index], depth);
  labels_.pop_back();
  switch (random_.below(has_gc_ ? 3 : 2)) {
  case 0: op(Op::ReturnCall, index); break;
  case 1:
    i32_const(index + 1);
    op(Op::ReturnCallIndirect, kFirstSignature + index);
    body_.write_u8(0);
    break;
  default: op(Op::RefFunc, index); op(Op::ReturnCallRef, kFirstSignature + index);
  }
  op(Op::End);
}

/// A call of any function, whose results are dropped.
void Generator::call_statement(u32 depth) {
  const u32 index = random_.below(static_cast<u32>(functions_.size()));
  arguments(functions_[index], depth);
  op(Op::Call, index);
  for (usize i = functions_[index].results.size(); i > 0; --i) {
    op(Op::Drop);
  }
}

} // namespace petrel::diff
