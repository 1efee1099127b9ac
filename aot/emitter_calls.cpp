// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls and function references. A direct call names its callee; an import is called through the context's import array,
// a table entry after its bounds and type check. A trap in a callee never returns, so nothing is tested after a call.
#include "aot/emitter.h"

namespace petrel::aot {

void FunctionEmitter::call(FuncIdx idx) {
  const ir::Module& wasm = low().wasm();
  const ir::TypeDef& type = wasm.func_type(idx);
  if (!wasm.is_imported_func(idx)) {
    emit_call(type, {low().function(idx), vmctx()});
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

void FunctionEmitter::emit_call(const ir::TypeDef& type, Callee callee) {
  const auto params = low().wasm().params(type);
  const auto results = low().wasm().results(type);
  std::vector<llvm::Value*> args(1 + params.size());
  args[0] = callee.ctx;
  for (usize i = params.size(); i-- > 0;) {
    args[1 + i] = pop();
  }
  llvm::Value* area = nullptr;
  if (results.size() > 1) {
    area = scratch(static_cast<u32>(results.size()));
    args.push_back(area);
  }
  locate();
  llvm::CallInst* result = ir().CreateCall(low().native_type(type), callee.code, args);
  result->setAttributes(low().native_attributes(type, /*is_definition=*/false));
  result->setDoesNotThrow();
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
            load_state(low().ptr(), offset_address(entry, offsetof(ir::FuncTableEntry, ctx)))};
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
  return {code, merge(present.ctx, made.ctx)};
}

void FunctionEmitter::ref_null(HeapType heap) {
  push(llvm::Constant::getNullValue(low().type_of(ValType::ref(heap, true))));
}

void FunctionEmitter::ref_is_null() {
  llvm::Value* reference = pop();
  push(ir().CreateZExt(
      ir().CreateICmpEQ(reference, llvm::Constant::getNullValue(reference->getType())),
      low().i32()));
}

void FunctionEmitter::ref_func(FuncIdx idx) {
  push(call_builtin(ir::Builtin::ref_func, {ir().getInt32(idx.index())}));
}

} // namespace petrel::aot
