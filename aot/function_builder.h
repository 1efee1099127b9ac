// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The primitives from which the emitters build a function: blocks, traps, calls into the runtime, access to an
// instance's state. What exact traps ask of the IR is decided here, once (docs: "Why exactness needs care"):
// stores to state are volatile, in front of an explicit trap stands an empty asm that clobbers memory, and each trap is
// a block of its own that is never merged, so that its address tells the wasm instruction.
#pragma once

#include <vector>

#include "aot/lowering.h"
#include "ir/traps.h"

namespace petrel::aot {

class FunctionBuilder {
public:
  FunctionBuilder(Lowering& low, FuncIdx func);
  FunctionBuilder(const FunctionBuilder&) = delete;
  FunctionBuilder& operator=(const FunctionBuilder&) = delete;

  Lowering& low() { return low_; }
  llvm::IRBuilder<>& ir() { return b_; }
  llvm::Function& function() { return *function_; }

  /// Wasm offset of the instruction being emitted.
  void set_offset(u32 wasm_offset) { offset_ = wasm_offset; }
  /// Gives the instructions that follow the current offset as their location.
  void locate();

  llvm::BasicBlock* new_block(const char* name);
  void start_block(llvm::BasicBlock* block);
  /// Ends the current block with a trap.
  void trap(ir::TrapCode code);
  /// Traps when the condition holds, goes on in a new block otherwise.
  void trap_if(llvm::Value* condition, ir::TrapCode code);
  /// Leaves the guest with what is pending in the Store when `ok` is false, goes on otherwise.
  void raise_unless(llvm::Value* ok);
  /// Calls a runtime function; the context is added.
  llvm::CallInst* call_builtin(ir::Builtin builtin, std::vector<llvm::Value*> args);

  llvm::Value* vmctx() { return vmctx_; }
  llvm::Value* vm_address(u64 offset) { return offset_address(vmctx_, offset); }
  llvm::Value* offset_address(llvm::Value* base, u64 offset);
  /// Loads what never changes while the code runs.
  llvm::LoadInst* load_invariant(llvm::Type* type, llvm::Value* address);
  llvm::LoadInst* load_state(llvm::Type* type, llvm::Value* address);
  /// Stores to what a trap must leave behind as it is.
  void store_state(llvm::Value* value, llvm::Value* address);
  /// Address of a thing of the VMContext, whether it lies there or is pointed to.
  llvm::Value* slot_address(ir::VMSlot slot);

  llvm::Value* widen(llvm::Value* value) { return b_.CreateZExt(value, low_.i64()); }
  /// References as the 64 bits of slots, and back.
  llvm::Value* to_bits(llvm::Value* reference);
  llvm::Value* from_bits(llvm::Value* bits, llvm::Type* type);
  /// Stack memory of the function for at least so many RawVals, shared by all who ask.
  llvm::Value* scratch(u32 raw_vals);

protected:
  void finish();

private:
  Lowering& low_;
  llvm::IRBuilder<> b_;
  llvm::Function* function_;
  llvm::Value* vmctx_;
  llvm::DISubprogram* debug_scope_;
  llvm::AllocaInst* scratch_ = nullptr;
  u32 scratch_raw_vals_ = 0;
  u32 offset_;
  u32 located_ = 0; ///< offset of the builder's current location
};

} // namespace petrel::aot
