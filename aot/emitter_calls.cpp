// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls and function references. A direct call names its callee; an import is called through the context's import array,
// a table entry after its bounds and type check. A trap in a callee never returns, so nothing is tested after a call. Which
// convention a callee has, and when a return_call may be a call and a return: lowering.h.
#include "aot/emitter.h"

namespace petrel::aot {

void FunctionEmitter::call(FuncIdx idx) {
  const ir::Module& wasm = low().wasm();
  const ir::TypeDef& type = wasm.func_type(idx);
  if (!wasm.is_imported_func(idx)) {
    emit_call(type, {low().function(idx), vmctx()}, low().convention(idx));
    return;
  }
  llvm::Value* imports = load_invariant(low().ptr(), vm_address(offsetof(ir::VMContext, imports)));
  llvm::Value* import = offset_address(imports, u64{idx.index()} * ir::kVMImportSize);
  llvm::Value* code =
      load_invariant(low().ptr(), offset_address(import, offsetof(ir::VMImport, code)));
  llvm::Value* ctx =
      load_invariant(low().ptr(), offset_address(import, offsetof(ir::VMImport, ctx)));
  emit_call(type, {code, ctx});
}

std::vector<llvm::Value*> FunctionEmitter::pop_arguments(const ir::TypeDef& type,
                                                         llvm::Value* ctx) {
  std::vector<llvm::Value*> args(1 + low().wasm().params(type).size());
  args[0] = ctx;
  for (usize i = args.size(); i-- > 1;) {
    args[i] = pop();
  }
  return args;
}

void FunctionEmitter::emit_call(const ir::TypeDef& type, Callee callee, Convention convention) {
  const auto results = low().wasm().results(type);
  std::vector<llvm::Value*> args = pop_arguments(type, callee.ctx);
  llvm::Value* area = nullptr;
  if (results.size() > 1) {
    area = scratch(static_cast<u32>(results.size()));
    args.push_back(area);
  }
  locate();
  llvm::CallInst* result = low().call(ir(), type, convention, callee.code, args, vmctx());
  if (results.size() == 1) {
    push(result);
    return;
  }
  for (usize i = 0; i < results.size(); ++i) {
    push(ir().CreateAlignedLoad(low().type_of(results[i]), offset_address(area, i * sizeof(RawVal)),
                                llvm::Align(16)));
  }
}

void FunctionEmitter::call_indirect(TypeIdx type, TableIdx table) {
  llvm::Value* index = widen_for(table_type(table).limits, pop());
  emit_call(low().wasm().type(type), check_indirect(type, table, index));
}

void FunctionEmitter::call_ref(TypeIdx type) {
  llvm::Value* func_ref = pop_non_null(ir::TrapCode::null_function_reference);
  emit_call(low().wasm().type(type), {load_func_ref(func_ref, offsetof(ir::FuncRef, code)),
                                      load_func_ref(func_ref, offsetof(ir::FuncRef, ctx))});
}

void FunctionEmitter::emit_tail_call(const ir::TypeDef& type, llvm::Value* code,
                                     std::vector<llvm::Value*> args) {
  if (low().wasm().results(type).size() > 1) {
    args.push_back(function().getArg(static_cast<u32>(function().arg_size()) - 1));
  }
  locate();
  llvm::CallInst* call = low().call(ir(), type, Convention::tail, code, args, vmctx());
  call->setTailCallKind(llvm::CallInst::TCK_MustTail);
  if (call->getType()->isVoidTy()) {
    ir().CreateRetVoid();
  } else {
    ir().CreateRet(call);
  }
}

void FunctionEmitter::return_call(FuncIdx idx) {
  const ir::TypeDef& type = low().wasm().func_type(idx);
  if (low().wasm().is_imported_func(idx)) {
    emit_return_call(type, import_func_ref(idx));
  } else if (low().convention(idx) == Convention::tail) {
    emit_tail_call(type, low().function(idx), pop_arguments(type, vmctx()));
    become_unreachable();
  } else {
    call(idx);
    return_();
  }
}

void FunctionEmitter::return_call_indirect(TypeIdx type, TableIdx table) {
  llvm::Value* index = widen_for(table_type(table).limits, pop());
  emit_return_call(low().wasm().type(type), check_indirect(type, table, index).func_ref);
}

void FunctionEmitter::return_call_ref(TypeIdx type) {
  emit_return_call(low().wasm().type(type), pop_non_null(ir::TrapCode::null_function_reference));
}

void FunctionEmitter::emit_return_call(const ir::TypeDef& type, llvm::Value* func_ref) {
  llvm::Value* ctx = load_func_ref(func_ref, offsetof(ir::FuncRef, ctx));
  llvm::Value* tail_entry = load_func_ref(func_ref, offsetof(ir::FuncRef, tail_entry));
  const usize height = stack_.size();
  std::vector<llvm::Value*> args = pop_arguments(type, ctx);
  llvm::BasicBlock* replace = new_block("replace");
  llvm::BasicBlock* stay = new_block("stay");
  ir().CreateCondBr(is_null(tail_entry), stay, replace);
  start_block(replace);
  emit_tail_call(type, tail_entry, args);
  start_block(stay);
  for (usize i = 1; i < args.size(); ++i) {
    push(args[i]);
  }
  CHECK(stack_.size() == height);
  emit_call(type, {load_func_ref(func_ref, offsetof(ir::FuncRef, code)), ctx});
  return_();
}

llvm::Value* FunctionEmitter::import_func_ref(FuncIdx idx) {
  llvm::Value* func_refs =
      load_invariant(low().ptr(), vm_address(offsetof(ir::VMContext, func_refs)));
  return offset_address(func_refs, u64{idx.index()} * ir::kFuncRefSize);
}

FunctionEmitter::Callee FunctionEmitter::check_indirect(TypeIdx type, TableIdx table,
                                                        llvm::Value* index) {
  locate();
  const TableView view = table_view(table);
  trap_if(ir().CreateICmpUGE(index, view.size), ir::TrapCode::undefined_element);
  llvm::Value* entry = ir().CreateGEP(
      low().i8(), view.elems, ir().CreateMul(index, ir().getInt64(ir::kFuncTableEntrySize)));
  llvm::Value* ids = load_invariant(low().ptr(), vm_address(offsetof(ir::VMContext, type_ids)));
  llvm::Value* wanted = load_invariant(low().i64(), offset_address(ids, u64{type.index()} * 8));
  llvm::Value* found =
      load_state(low().i64(), offset_address(entry, offsetof(ir::FuncTableEntry, type_id)));
  auto load_callee = [&]() -> Callee {
    return {load_state(low().ptr(), offset_address(entry, offsetof(ir::FuncTableEntry, code))),
            load_state(low().ptr(), offset_address(entry, offsetof(ir::FuncTableEntry, ctx))),
            load_state(low().ptr(), offset_address(entry, offsetof(ir::FuncTableEntry, func_ref)))};
  };

  // Mismatch: a lazy entry (made now, then the call goes on) or a trap.
  llvm::BasicBlock* cold = new_block("callee.cold");
  llvm::BasicBlock* hot = new_block("callee.hot");
  llvm::BasicBlock* ready = new_block("callee.ready");
  ir().CreateCondBr(ir().CreateICmpNE(found, wanted), cold, hot, low().unlikely());
  start_block(cold);
  raise_unless(
      call_builtin(ir::Builtin::call_indirect_cold, {ir().getInt32(table.index()), index, wanted}));
  const Callee made = load_callee();
  llvm::BasicBlock* made_block = ir().GetInsertBlock();
  ir().CreateBr(ready);
  start_block(hot);
  const Callee present = load_callee();
  ir().CreateBr(ready);
  start_block(ready);
  auto merge = [&](llvm::Value* a, llvm::Value* b) {
    llvm::PHINode* phi = ir().CreatePHI(low().ptr(), 2);
    phi->addIncoming(a, hot);
    phi->addIncoming(b, made_block);
    return phi;
  };
  llvm::Value* code = merge(present.code, made.code);
  llvm::Value* ctx = merge(present.ctx, made.ctx);
  return {code, ctx, merge(present.func_ref, made.func_ref)};
}

void FunctionEmitter::ref_null(HeapType heap) {
  push(llvm::Constant::getNullValue(low().type_of(ValType::ref(heap, true))));
}

llvm::Value* FunctionEmitter::is_null(llvm::Value* reference) {
  return ir().CreateICmpEQ(reference, llvm::Constant::getNullValue(reference->getType()));
}

llvm::Value* FunctionEmitter::pop_non_null(ir::TrapCode code) {
  llvm::Value* reference = pop();
  trap_if(is_null(reference), code);
  return reference;
}

void FunctionEmitter::ref_is_null() { push(ir().CreateZExt(is_null(pop()), low().i32())); }

void FunctionEmitter::ref_as_non_null() { push(pop_non_null(ir::TrapCode::null_reference)); }

void FunctionEmitter::br_on_null(u32 label) {
  llvm::Value* reference = pop();
  llvm::BasicBlock* next = new_block("next");
  ir().CreateCondBr(is_null(reference), add_branch(frame_at(label)), next);
  start_block(next);
  push(reference);
}

void FunctionEmitter::br_on_non_null(u32 label) {
  llvm::BasicBlock* next = new_block("next");
  ir().CreateCondBr(is_null(stack_.back()), next, add_branch(frame_at(label)));
  start_block(next);
  pop();
}

void FunctionEmitter::ref_func(FuncIdx idx) {
  push(call_builtin(ir::Builtin::ref_func, {ir().getInt32(idx.index())}));
}

} // namespace petrel::aot
