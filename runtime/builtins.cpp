// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/builtins.h"

#include <bit>
#include <cstring>

#include "ir/builtins.h"
#include "runtime/signals.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

using ir::TrapCode;

bool memory_init(Instance& instance, MemIdx memory, DataIdx data, u64 dst, u64 src, u64 size) {
  const Bytes bytes = instance.data_bytes(data);
  u8* to = instance.memory(memory).slice(dst, 0, size);
  if (to == nullptr || src > bytes.size() || size > bytes.size() - src) {
    return instance.store().raise(TrapCode::memory_out_of_bounds);
  }
  if (size != 0) {
    Memory::move(to, bytes.data() + src, size);
  }
  return true;
}

bool table_init(Instance& instance, TableIdx table_idx, ElemIdx elem, u64 dst, u64 src, u64 count) {
  Table& table = instance.table(table_idx);
  const u64 available = instance.elem_count(elem);
  if (!table.contains(dst, count) || src > available || count > available - src) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  for (u64 i = 0; i < count; ++i) {
    table.set(dst + i, instance.elem_value(elem, static_cast<u32>(src + i)));
  }
  return true;
}

namespace {

// One C function per row of ir/builtins.def, with exactly the row's signature.

using ir::VMContext;

Instance& instance_of(VMContext* ctx) { return *ctx->instance; }

u32 builtin_f32_fma(VMContext*, u32 a, u32 b, u32 c) {
  return std::bit_cast<u32>(
      __builtin_fmaf(std::bit_cast<f32>(a), std::bit_cast<f32>(b), std::bit_cast<f32>(c)));
}

u64 builtin_f64_fma(VMContext*, u64 a, u64 b, u64 c) {
  return std::bit_cast<u64>(
      __builtin_fma(std::bit_cast<f64>(a), std::bit_cast<f64>(b), std::bit_cast<f64>(c)));
}

u64 builtin_memory_grow(VMContext* ctx, u32 memory, u64 delta) {
  return static_cast<u64>(instance_of(ctx).memory(MemIdx(memory)).grow(delta));
}

bool builtin_memory_copy(VMContext* ctx, u32 dst_memory, u32 src_memory, u64 dst, u64 src,
                         u64 size) {
  Instance& instance = instance_of(ctx);
  u8* to = instance.memory(MemIdx(dst_memory)).slice(dst, 0, size);
  const u8* from = instance.memory(MemIdx(src_memory)).slice(src, 0, size);
  if (to == nullptr || from == nullptr) {
    return instance.store().raise(TrapCode::memory_out_of_bounds);
  }
  Memory::move(to, from, size);
  return true;
}

bool builtin_memory_fill(VMContext* ctx, u32 memory, u64 dst, u32 byte, u64 size) {
  Instance& instance = instance_of(ctx);
  u8* to = instance.memory(MemIdx(memory)).slice(dst, 0, size);
  if (to == nullptr) {
    return instance.store().raise(TrapCode::memory_out_of_bounds);
  }
  Memory::fill(to, static_cast<u8>(byte & 0xff), size);
  return true;
}

bool builtin_memory_init(VMContext* ctx, u32 memory, u32 data, u64 dst, u64 src, u64 size) {
  return memory_init(instance_of(ctx), MemIdx(memory), DataIdx(data), dst, src, size);
}

void builtin_data_drop(VMContext* ctx, u32 data) { instance_of(ctx).drop_data(DataIdx(data)); }

bool builtin_table_get(VMContext* ctx, u32 table_idx, u64 index, u64* result) {
  Instance& instance = instance_of(ctx);
  Table& table = instance.table(TableIdx(table_idx));
  if (index >= table.size()) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  *result = table.get(index);
  return true;
}

bool builtin_table_set(VMContext* ctx, u32 table_idx, u64 index, u64 reference) {
  Instance& instance = instance_of(ctx);
  Table& table = instance.table(TableIdx(table_idx));
  if (index >= table.size()) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  table.set(index, reference);
  return true;
}

u64 builtin_table_grow(VMContext* ctx, u32 table, u64 reference, u64 delta) {
  return static_cast<u64>(instance_of(ctx).table(TableIdx(table)).grow(reference, delta));
}

bool builtin_table_fill(VMContext* ctx, u32 table_idx, u64 index, u64 reference, u64 count) {
  Instance& instance = instance_of(ctx);
  Table& table = instance.table(TableIdx(table_idx));
  if (!table.contains(index, count)) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  for (u64 i = 0; i < count; ++i) {
    table.set(index + i, reference);
  }
  return true;
}

bool builtin_table_copy(VMContext* ctx, u32 dst_table, u32 src_table, u64 dst, u64 src, u64 count) {
  Instance& instance = instance_of(ctx);
  Table& to = instance.table(TableIdx(dst_table));
  Table& from = instance.table(TableIdx(src_table));
  if (!to.contains(dst, count) || !from.contains(src, count)) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  const bool backward = &to == &from && dst > src;
  for (u64 i = 0; i < count; ++i) {
    const u64 at = backward ? count - 1 - i : i;
    to.set(dst + at, from.get(src + at));
  }
  return true;
}

bool builtin_table_init(VMContext* ctx, u32 table, u32 elem, u64 dst, u64 src, u64 count) {
  return table_init(instance_of(ctx), TableIdx(table), ElemIdx(elem), dst, src, count);
}

void builtin_elem_drop(VMContext* ctx, u32 elem) { instance_of(ctx).drop_elem(ElemIdx(elem)); }

void* builtin_ref_func(VMContext* ctx, u32 func) {
  return instance_of(ctx).func_ref(FuncIdx(func));
}

bool builtin_call_indirect_cold(VMContext* ctx, u32 table_idx, u64 index, u64 type_id) {
  Instance& instance = instance_of(ctx);
  Table& table = instance.table(TableIdx(table_idx));
  if (index >= table.size()) {
    return instance.store().raise(TrapCode::undefined_element);
  }
  const u64 reference = table.get(index);
  if (reference == 0) {
    return instance.store().raise(TrapCode::uninitialized_element);
  }
  // SAFETY: non-null elements of function tables are FuncRefs of this Store.
  if (!is_subtype(reinterpret_cast<const ir::FuncRef*>(reference)->type_id, type_id)) {
    return instance.store().raise(TrapCode::indirect_call_type_mismatch);
  }
  table.set(index, reference);
  return true;
}

[[noreturn]] void builtin_raise(VMContext* ctx) {
  leave_native(instance_of(ctx).store(), __builtin_frame_address(0));
}

[[noreturn]] void builtin_trap(VMContext* ctx, u32 code) {
  Store& store = instance_of(ctx).store();
  store.raise(static_cast<TrapCode>(code));
  leave_native(store, __builtin_frame_address(0));
}

bool builtin_poll(VMContext* ctx) {
  Store& store = instance_of(ctx).store();
  const u32 interrupt = __atomic_load_n(&store.vm().interrupt, __ATOMIC_ACQUIRE);
  if (interrupt == ir::kInterruptLeave) {
    return store.raise(TrapCode::interrupt);
  }
  if (interrupt == ir::kInterruptCollect && store.gc() != nullptr) {
    store.gc()->collect();
  }
  return true;
}

const void* const kTable[] = {
#define PETREL_BUILTIN(name, result, params, traps, collects)                                      \
  reinterpret_cast<const void*>(&builtin_##name),
#include "ir/builtins.def"
};
static_assert(sizeof(kTable) / sizeof(kTable[0]) == ir::kBuiltinCount);

} // namespace

const void* const* builtin_table() { return kTable; }

} // namespace petrel::runtime
