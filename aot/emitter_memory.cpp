// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memory. `guest_address` is the one place where a guest address is computed (rule R1): base + zext(index) +
// offset in 64 bits, never `inbounds`. A memory with the guard contract (ir/vmctx.def) needs no comparison, any
// other is checked against its length. `align` immediates are hints that may lie: every access is align 1.
#include "aot/emitter.h"

namespace petrel::aot {

llvm::Value* FunctionEmitter::memory_base(MemIdx idx) {
  if (idx.index() == 0 && low().is_guarded(idx)) {
    if (memory0_base_ ==
        nullptr) { // once, at the start of the function: loops find it outside (loop_versioning.h)
      const llvm::IRBuilderBase::InsertPointGuard guard(ir());
      ir().SetInsertPoint(&function().getEntryBlock(), function().getEntryBlock().begin());
      memory0_base_ = load_invariant(low().ptr(), vm_address(offsetof(ir::VMContext, mem0_base)));
    }
    return memory0_base_;
  }
  llvm::Value* address =
      offset_address(slot_address(low().layout().memory(idx)), offsetof(ir::MemoryPair, base));
  return low().is_guarded(idx) ? load_invariant(low().ptr(), address)
                               : load_state(low().ptr(), address);
}

llvm::Value* FunctionEmitter::memory_length(MemIdx idx) {
  return load_state(low().i64(), offset_address(slot_address(low().layout().memory(idx)),
                                                offsetof(ir::MemoryPair, size)));
}

void FunctionEmitter::check_bounds(llvm::Value* index, const Access& access, u64 size_bytes) {
  llvm::Value* length = memory_length(access.memory);
  u64 end_offset = 0;
  if (__builtin_add_overflow(access.offset, size_bytes, &end_offset)) {
    trap_if(ir().getTrue(), ir::TrapCode::memory_out_of_bounds);
    return;
  }
  llvm::Value* end = ir().getInt64(end_offset);
  if (memory_limits(access.memory).is_64 == 0) {
    // index < 2^32 and offset < 2^32: the sum does not wrap.
    trap_if(ir().CreateICmpUGT(ir().CreateAdd(index, end), length),
            ir::TrapCode::memory_out_of_bounds);
    return;
  }
  llvm::Value* too_short = ir().CreateICmpULT(length, end);
  llvm::Value* beyond = ir().CreateICmpUGT(index, ir().CreateSub(length, end));
  trap_if(ir().CreateOr(too_short, beyond), ir::TrapCode::memory_out_of_bounds);
}

llvm::Value* FunctionEmitter::guest_address(llvm::Value* index, const Access& access,
                                            u64 size_bytes) {
  llvm::Value* wide = widen_for(memory_limits(access.memory), index);
  if (!low().is_guarded(access.memory)) {
    check_bounds(wide, access, size_bytes);
  }
  // SAFETY: guarded: index < 2^32, offset < 2^32, size <= 16: inside the reservation of kMemoryReservation bytes.
  // Otherwise: index + offset + size <= length, just checked.
  llvm::Value* address = ir().CreateGEP(low().i8(), memory_base(access.memory), wide);
  return offset_address(address, access.offset);
}

void FunctionEmitter::load(llvm::Type* value, llvm::Type* memory, bool is_signed,
                           const Access& access) {
  locate();
  llvm::Value* address =
      guest_address(pop(), access, memory->getPrimitiveSizeInBits().getFixedValue() / 8);
  llvm::LoadInst* load =
      ir().CreateAlignedLoad(memory, address, llvm::Align(1), low().has_volatile_memory());
  low().tag(load, Region::guest_memory);
  if (value == memory) {
    push(load);
  } else {
    push(is_signed ? ir().CreateSExt(load, value) : ir().CreateZExt(load, value));
  }
}

void FunctionEmitter::store(llvm::Type* memory, const Access& access) {
  locate();
  llvm::Value* value = pop();
  llvm::Value* address =
      guest_address(pop(), access, memory->getPrimitiveSizeInBits().getFixedValue() / 8);
  if (value->getType() != memory) {
    value = ir().CreateTrunc(value, memory);
  }
  llvm::StoreInst* store =
      ir().CreateAlignedStore(value, address, llvm::Align(1), low().has_volatile_memory());
  low().tag(store, Region::guest_memory);
}

void FunctionEmitter::load_lane(u32 bits, u32 lane, const Access& access) {
  llvm::Value* vector = pop();
  llvm::Type* element = ir().getIntNTy(bits);
  load(element, element, false, access);
  push(vector_.with_lane(bits, vector, lane, pop()));
}

void FunctionEmitter::store_lane(u32 bits, u32 lane, const Access& access) {
  push(vector_.lane_of(bits, pop(), lane));
  store(ir().getIntNTy(bits), access);
}

void FunctionEmitter::memory_size(MemIdx idx) {
  const Limits& limits = memory_limits(idx);
  push(narrow_for(limits, ir().CreateLShr(memory_length(idx), u64{limits.page_size_log2})));
}

void FunctionEmitter::memory_grow(MemIdx idx) {
  const Limits& limits = memory_limits(idx);
  llvm::Value* delta = widen_for(limits, pop());
  push(narrow_for(limits,
                  call_builtin(ir::Builtin::memory_grow, {ir().getInt32(idx.index()), delta})));
}

void FunctionEmitter::memory_init(DataIdx data, MemIdx memory) {
  llvm::Value* size = widen(pop());
  llvm::Value* src = widen(pop());
  llvm::Value* dst = widen_for(memory_limits(memory), pop());
  raise_unless(
      call_builtin(ir::Builtin::memory_init,
                   {ir().getInt32(memory.index()), ir().getInt32(data.index()), dst, src, size}));
}

void FunctionEmitter::data_drop(DataIdx idx) {
  call_builtin(ir::Builtin::data_drop, {ir().getInt32(idx.index())});
}

void FunctionEmitter::memory_copy(MemIdx dst_memory, MemIdx src_memory) {
  const Limits& to = memory_limits(dst_memory);
  const Limits& from = memory_limits(src_memory);
  llvm::Value* size = widen_for(to.is_64 != 0 ? from : to, pop());
  llvm::Value* src = widen_for(from, pop());
  llvm::Value* dst = widen_for(to, pop());
  raise_unless(
      call_builtin(ir::Builtin::memory_copy, {ir().getInt32(dst_memory.index()),
                                              ir().getInt32(src_memory.index()), dst, src, size}));
}

void FunctionEmitter::memory_fill(MemIdx idx) {
  const Limits& limits = memory_limits(idx);
  llvm::Value* size = widen_for(limits, pop());
  llvm::Value* byte = pop();
  llvm::Value* dst = widen_for(limits, pop());
  raise_unless(
      call_builtin(ir::Builtin::memory_fill, {ir().getInt32(idx.index()), dst, byte, size}));
}

} // namespace petrel::aot
