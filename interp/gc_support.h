// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the GC handlers call out of line. Operands lie in memory below `sp`; `at` is the first immediate.
#pragma once

#include "interp/func.h"

namespace petrel::interp {

/// The stack and the position behind an instruction; `sp` null: a trap is pending.
struct GcStep {
  Slot* sp;
  const u8* next;
};
using GcOp = GcStep (*)(ir::VMContext* ctx, Slot* sp, const u8* at);

GcStep gc_struct_new(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_struct_new_default(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_new(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_new_default(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_new_fixed(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_new_data(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_new_elem(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_fill(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_copy(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_init_data(ir::VMContext* ctx, Slot* sp, const u8* at);
GcStep gc_array_init_elem(ir::VMContext* ctx, Slot* sp, const u8* at);

/// Whether a non-null reference is of the heap type written at `at`, which is behind it afterwards.
bool gc_ref_matches(ir::VMContext* ctx, u64 reference, const u8* at);

/// A function field's value, and the index that a function has in objects.
u64 gc_func_at(const ir::VMContext* ctx, u32 index);
u32 gc_func_index(const ir::VMContext* ctx, u64 func);

} // namespace petrel::interp
