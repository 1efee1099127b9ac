// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Globals and tables. Defined ones lie in the VMContext, imported ones one pointer away (ir/vm_layout.h). Reading is
// inline; writing to a table of functions, whose slots hold copies of the FuncRef's head, is the runtime's affair.
#include "aot/emitter.h"

#include <bit>

namespace petrel::aot {

namespace {

/// The value of an immutable numeric global that the module itself gives, as a constant of its type.
llvm::Constant* folded_global(Lowering& low, const ir::Global& global) {
  llvm::Type* type = low.type_of(global.type.type);
  if (global.type.is_mutable != 0 || global.init.kind != ir::ConstExpr::Kind::value ||
      !global.type.type.is_num()) {
    return nullptr;
  }
  if (type->isFloatTy()) {
    return llvm::ConstantFP::get(
        type, llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, global.init.value.i32)));
  }
  if (type->isDoubleTy()) {
    return llvm::ConstantFP::get(
        type, llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, global.init.value.i64)));
  }
  return llvm::ConstantInt::get(type, type->isIntegerTy(32) ? u64{global.init.value.i32}
                                                            : global.init.value.i64);
}

} // namespace

void FunctionEmitter::global_get(GlobalIdx idx) {
  const ir::Global& global = low().wasm().globals()[idx.index()];
  llvm::Type* type = low().type_of(global.type.type);
  if (!low().wasm().is_imported_global(idx)) {
    if (llvm::Constant* value = folded_global(low(), global)) {
      push(value);
      return;
    }
  }
  llvm::Value* address = slot_address(low().layout().global(idx));
  push(global.type.is_mutable != 0 ? load_state(type, address) : load_invariant(type, address));
}

void FunctionEmitter::global_set(GlobalIdx idx) {
  store_state(pop(), slot_address(low().layout().global(idx)));
}

FunctionEmitter::TableView FunctionEmitter::table_view(TableIdx idx) {
  llvm::Value* pair = slot_address(low().layout().table(idx));
  return {load_state(low().ptr(), offset_address(pair, offsetof(ir::TablePair, elems))),
          load_state(low().i64(), offset_address(pair, offsetof(ir::TablePair, size)))};
}

void FunctionEmitter::table_get(TableIdx idx) {
  llvm::Value* index = widen_for(table_type(idx).limits, pop());
  const TableView view = table_view(idx);
  trap_if(ir().CreateICmpUGE(index, view.size), ir::TrapCode::table_out_of_bounds);
  llvm::Type* type = element_type(idx);
  const bool holds_funcs = type->isPointerTy();
  const u64 stride = holds_funcs ? ir::kFuncTableEntrySize : ir::kRefTableEntrySize;
  llvm::Value* entry =
      ir().CreateGEP(low().i8(), view.elems, ir().CreateMul(index, ir().getInt64(stride)));
  push(holds_funcs ? table_get_func(idx, index, entry) : load_state(type, entry));
}

llvm::Value* FunctionEmitter::table_get_func(TableIdx idx, llvm::Value* index, llvm::Value* entry) {
  llvm::Value* word =
      load_state(low().i64(), offset_address(entry, offsetof(ir::FuncTableEntry, func_ref)));
  llvm::BasicBlock* before = ir().GetInsertBlock();
  llvm::BasicBlock* cold = new_block("element.cold");
  llvm::BasicBlock* ready = new_block("element.ready");
  llvm::Value* is_special = ir().CreateICmpULE(word, ir().getInt64(ir::kEntryNull));
  ir().CreateCondBr(is_special, cold, ready, low().unlikely());
  start_block(cold);
  llvm::Value* result = scratch(1);
  raise_unless(call_builtin(ir::Builtin::table_get, {ir().getInt32(idx.index()), index, result}));
  llvm::Value* made = ir().CreateAlignedLoad(low().i64(), result, llvm::Align(16));
  llvm::BasicBlock* made_block = ir().GetInsertBlock();
  ir().CreateBr(ready);
  start_block(ready);
  llvm::PHINode* phi = ir().CreatePHI(low().i64(), 2);
  phi->addIncoming(word, before);
  phi->addIncoming(made, made_block);
  return from_bits(phi, low().ptr());
}

void FunctionEmitter::table_set(TableIdx idx) {
  llvm::Value* value = pop();
  llvm::Value* index = widen_for(table_type(idx).limits, pop());
  if (value->getType()->isPointerTy()) {
    raise_unless(
        call_builtin(ir::Builtin::table_set, {ir().getInt32(idx.index()), index, to_bits(value)}));
    return;
  }
  const TableView view = table_view(idx);
  trap_if(ir().CreateICmpUGE(index, view.size), ir::TrapCode::table_out_of_bounds);
  store_state(value, ir().CreateGEP(low().i8(), view.elems,
                                    ir().CreateMul(index, ir().getInt64(ir::kRefTableEntrySize))));
}

void FunctionEmitter::table_init(ElemIdx elem, TableIdx table) {
  llvm::Value* size = widen(pop());
  llvm::Value* src = widen(pop());
  llvm::Value* dst = widen_for(table_type(table).limits, pop());
  raise_unless(
      call_builtin(ir::Builtin::table_init,
                   {ir().getInt32(table.index()), ir().getInt32(elem.index()), dst, src, size}));
}

void FunctionEmitter::elem_drop(ElemIdx idx) {
  call_builtin(ir::Builtin::elem_drop, {ir().getInt32(idx.index())});
}

void FunctionEmitter::table_copy(TableIdx dst_table, TableIdx src_table) {
  const Limits& to = table_type(dst_table).limits;
  const Limits& from = table_type(src_table).limits;
  llvm::Value* size = widen_for(to.is_64 != 0 ? from : to, pop());
  llvm::Value* src = widen_for(from, pop());
  llvm::Value* dst = widen_for(to, pop());
  raise_unless(
      call_builtin(ir::Builtin::table_copy, {ir().getInt32(dst_table.index()),
                                             ir().getInt32(src_table.index()), dst, src, size}));
}

void FunctionEmitter::table_grow(TableIdx idx) {
  const Limits& limits = table_type(idx).limits;
  llvm::Value* delta = widen_for(limits, pop());
  llvm::Value* value = to_bits(pop());
  push(narrow_for(
      limits, call_builtin(ir::Builtin::table_grow, {ir().getInt32(idx.index()), value, delta})));
}

void FunctionEmitter::table_size(TableIdx idx) {
  push(narrow_for(table_type(idx).limits, table_view(idx).size));
}

void FunctionEmitter::table_fill(TableIdx idx) {
  const Limits& limits = table_type(idx).limits;
  llvm::Value* count = widen_for(limits, pop());
  llvm::Value* value = to_bits(pop());
  llvm::Value* index = widen_for(limits, pop());
  raise_unless(
      call_builtin(ir::Builtin::table_fill, {ir().getInt32(idx.index()), index, value, count}));
}

} // namespace petrel::aot
