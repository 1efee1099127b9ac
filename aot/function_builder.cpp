// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/function_builder.h"

#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicInst.h>

namespace petrel::aot {

FunctionBuilder::FunctionBuilder(Lowering& low, FuncIdx func)
    : low_(low), b_(low.context()), function_(low.function(func)), vmctx_(function_->getArg(0)),
      debug_scope_(low.begin_debug_function(*function_, low.wasm().func(func).code_start)),
      offset_(low.wasm().func(func).code_start) {
  set_function_attributes(*function_, low.target(), low.options().opt_level);
  b_.SetInsertPoint(llvm::BasicBlock::Create(low.context(), "entry", function_));
  locate();
}

void FunctionBuilder::locate() {
  if (located_ != offset_) {
    located_ = offset_;
    b_.SetCurrentDebugLocation(llvm::DILocation::get(low_.context(), offset_, 0, debug_scope_));
  }
}

llvm::BasicBlock* FunctionBuilder::new_block(const char* name) {
  return llvm::BasicBlock::Create(low_.context(), name);
}

void FunctionBuilder::start_block(llvm::BasicBlock* block) {
  block->insertInto(function_);
  b_.SetInsertPoint(block);
}

void FunctionBuilder::trap(ir::TrapCode code) {
  locate();
  if (low_.has_exact_traps()) {
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), false);
    llvm::CallInst* barrier =
        b_.CreateCall(llvm::InlineAsm::get(type, "", "~{memory}", /*hasSideEffects=*/true));
    barrier->addFnAttr(llvm::Attribute::NoMerge);
    barrier->setDoesNotThrow();
  }
  llvm::CallInst* call = b_.CreateIntrinsic(b_.getVoidTy(), llvm::Intrinsic::ubsantrap,
                                            {b_.getInt8(static_cast<u8>(code))});
  call->addFnAttr(llvm::Attribute::NoMerge);
  b_.CreateUnreachable();
}

void FunctionBuilder::trap_if(llvm::Value* condition, ir::TrapCode code) {
  llvm::BasicBlock* cold = new_block("trap");
  llvm::BasicBlock* next = new_block("next");
  b_.CreateCondBr(condition, cold, next, low_.unlikely());
  start_block(cold);
  trap(code);
  start_block(next);
}

void FunctionBuilder::raise_unless(llvm::Value* ok) {
  llvm::BasicBlock* cold = new_block("raise");
  llvm::BasicBlock* next = new_block("next");
  b_.CreateCondBr(b_.CreateNot(ok), cold, next, low_.unlikely());
  start_block(cold);
  llvm::CallInst* call = call_builtin(ir::Builtin::raise, {});
  call->setDoesNotReturn();
  call->addFnAttr(llvm::Attribute::NoMerge);
  call->addFnAttr(llvm::Attribute::Cold);
  b_.CreateUnreachable();
  start_block(next);
}

llvm::CallInst* FunctionBuilder::call_builtin(ir::Builtin builtin, std::vector<llvm::Value*> args) {
  locate();
  llvm::Value* table = load_invariant(low_.ptr(), vm_address(offsetof(ir::VMContext, builtins)));
  llvm::Value* code =
      load_invariant(low_.ptr(), offset_address(table, u64{static_cast<u32>(builtin)} * 8));
  args.insert(args.begin(), vmctx_);
  llvm::CallInst* call = b_.CreateCall(low_.builtin_type(builtin), code, args);
  call->setDoesNotThrow();
  if (ir::kBuiltins[static_cast<u32>(builtin)].result == ir::BuiltinResult::Ok) {
    call->addRetAttr(llvm::Attribute::ZExt); // bool of the C convention
  }
  return call;
}

llvm::Value* FunctionBuilder::offset_address(llvm::Value* base, u64 offset) {
  return offset == 0 ? base : b_.CreateGEP(b_.getInt8Ty(), base, b_.getInt64(offset));
}

llvm::LoadInst* FunctionBuilder::load_invariant(llvm::Type* type, llvm::Value* address) {
  llvm::LoadInst* load = b_.CreateAlignedLoad(type, address, llvm::Align(8));
  low_.tag(load, Region::vm_state);
  low_.tag_invariant(load);
  return load;
}

llvm::LoadInst* FunctionBuilder::load_state(llvm::Type* type, llvm::Value* address) {
  llvm::LoadInst* load = b_.CreateAlignedLoad(type, address, llvm::Align(8));
  low_.tag(load, Region::vm_state);
  return load;
}

void FunctionBuilder::store_state(llvm::Value* value, llvm::Value* address) {
  locate();
  llvm::StoreInst* store =
      b_.CreateAlignedStore(value, address, llvm::Align(8), low_.has_exact_traps());
  low_.tag(store, Region::vm_state);
}

llvm::Value* FunctionBuilder::slot_address(ir::VMSlot slot) {
  llvm::Value* address = vm_address(slot.offset);
  return slot.is_indirect ? load_invariant(low_.ptr(), address) : address;
}

llvm::Value* FunctionBuilder::to_bits(llvm::Value* reference) {
  return reference->getType()->isPointerTy() ? b_.CreatePtrToInt(reference, low_.i64()) : reference;
}

llvm::Value* FunctionBuilder::from_bits(llvm::Value* bits, llvm::Type* type) {
  return type->isPointerTy() ? b_.CreateIntToPtr(bits, type) : bits;
}

llvm::Value* FunctionBuilder::scratch(u32 raw_vals) {
  scratch_raw_vals_ = std::max(scratch_raw_vals_, raw_vals);
  if (scratch_ == nullptr) {
    llvm::IRBuilder<> entry(&function_->getEntryBlock(), function_->getEntryBlock().begin());
    scratch_ = entry.CreateAlloca(low_.raw_vals(1));
    scratch_->setAlignment(llvm::Align(16));
  }
  return scratch_;
}

void FunctionBuilder::finish() {
  if (scratch_ != nullptr) {
    scratch_->setAllocatedType(low_.raw_vals(scratch_raw_vals_));
  }
}

} // namespace petrel::aot
