// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the instructions on structs, arrays and references do (specification §4.6.5, §4.6.11, §4.6.12), for the interpreter,
// constant expressions and, later, compiled code. Each validates the whole operation first (rule R10). Operands that are
// references must be reachable for the collector (value stack, root scope) while something is allocated.
#pragma once

#include "runtime/instance.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

/// Writes a field or element at `to`; packed types wrap, a function becomes its index.
void gc_write(GcHeap& heap, void* to, ir::GcStorage storage, const RawVal& value);
/// Reads one; packed types are extended as asked.
RawVal gc_read(GcHeap& heap, const void* from, ir::GcStorage storage, bool is_signed);

// References, zero-extended. 0: a trap is pending in the instance's Store.
/// `fields`: one slot each, or null for default values.
u64 struct_new(Instance& instance, TypeIdx type, const RawVal* fields);
/// `init`: the value of all elements, or null for the default.
u64 array_new(Instance& instance, TypeIdx type, u64 length, const RawVal* init);
u64 array_new_fixed(Instance& instance, TypeIdx type, u32 length, const RawVal* elements);
u64 array_new_data(Instance& instance, TypeIdx type, DataIdx data, u32 offset, u32 length);
u64 array_new_elem(Instance& instance, TypeIdx type, ElemIdx elem, u32 offset, u32 length);

/// Elements [start, start + count) of an array.
struct ArrayPart {
  u64 array;
  u32 start;
};
// False: a trap is pending.
bool array_fill(Instance& instance, TypeIdx type, ArrayPart to, const RawVal& value, u32 count);
bool array_copy(Instance& instance, TypeIdx type, ArrayPart to, ArrayPart from, u32 count);
bool array_init_data(Instance& instance, TypeIdx type, ArrayPart to, DataIdx data, u32 offset,
                     u32 count);
bool array_init_elem(Instance& instance, TypeIdx type, ArrayPart to, ElemIdx elem, u32 offset,
                     u32 count);

/// Whether a non-null reference is of the instance's heap type (§4.2.13).
bool ref_matches(Instance& instance, u64 reference, HeapType type);

} // namespace petrel::runtime
