// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc_ops.h"

#include <cstring>

namespace petrel::runtime {

using ir::GcStorage;
using ir::TrapCode;

namespace {

GcHeap& heap_of(Instance& instance) {
  CHECK(instance.store().gc() != nullptr); // there since instantiation
  return *instance.store().gc();
}

const TypeInfo& info_of(Instance& instance, TypeIdx type) {
  return type_info(instance.module().type_ids[type.index()]);
}

u64 exhausted(Instance& instance) {
  instance.store().raise(TrapCode::allocation_too_large);
  return 0;
}

/// Whether [start, start + count) lies in an array or segment of `size` elements.
bool contains(u64 size, u64 start, u64 count) { return start <= size && count <= size - start; }

/// The elements of a part, or null with a trap pending.
u8* slice(Instance& instance, const TypeInfo& info, ArrayPart part, u32 count) {
  if (part.array == 0) {
    instance.store().raise(TrapCode::null_array_reference);
    return nullptr;
  }
  GcHeap& heap = heap_of(instance);
  if (!contains(heap.header(part.array).length, part.start, count)) {
    instance.store().raise(TrapCode::array_out_of_bounds);
    return nullptr;
  }
  return static_cast<u8*>(
      heap.at(part.array, ir::kGcHeaderSize + (u64{part.start} << info.layout.element_log2)));
}

void fill(GcHeap& heap, const TypeInfo& info, u8* at, u64 count, const RawVal& value) {
  const GcStorage storage = info.fields[0].storage;
  if (storage == GcStorage::i8) {
    std::memset(at, static_cast<int>(value.i32 & 0xff), count);
    return;
  }
  const u32 size = u32{1} << info.layout.element_log2;
  if (count != 0) {
    gc_write(heap, at, storage, value);
  }
  for (u64 i = 1; i < count; ++i) {
    std::memcpy(at + i * size, at, size);
  }
}

/// Copies elements of a segment. Evaluated references do not allocate, so `at` stays.
void copy_elems(Instance& instance, const TypeInfo& info, u8* at, ElemIdx elem, u32 offset,
                u32 count) {
  GcHeap& heap = heap_of(instance);
  for (u32 i = 0; i < count; ++i) {
    gc_write(heap, at + (u64{i} << info.layout.element_log2), info.fields[0].storage,
             RawVal::of_i64(instance.elem_value(elem, offset + i)));
  }
}

} // namespace

void gc_write(GcHeap& heap, void* to, GcStorage storage, const RawVal& value) {
  switch (storage) {
  case GcStorage::i8: std::memcpy(to, value.bytes, 1); return;
  case GcStorage::i16: std::memcpy(to, value.bytes, 2); return;
  case GcStorage::w32:
  case GcStorage::ref: std::memcpy(to, value.bytes, 4); return;
  case GcStorage::w64: std::memcpy(to, value.bytes, 8); return;
  case GcStorage::v128: std::memcpy(to, value.bytes, 16); return;
  case GcStorage::func: {
    // SAFETY: validation makes it a function reference.
    const u32 index = heap.func_index(reinterpret_cast<ir::FuncRef*>(value.i64));
    std::memcpy(to, &index, sizeof index);
    return;
  }
  }
  PETREL_UNREACHABLE();
}

RawVal gc_read(GcHeap& heap, const void* from, GcStorage storage, bool is_signed) {
  RawVal value{};
  switch (storage) {
  case GcStorage::i8:
    std::memcpy(value.bytes, from, 1);
    return is_signed ? RawVal::of_i32(static_cast<u32>(static_cast<i8>(value.bytes[0]))) : value;
  case GcStorage::i16:
    std::memcpy(value.bytes, from, 2);
    return is_signed ? RawVal::of_i32(static_cast<u32>(static_cast<i16>(value.i32))) : value;
  case GcStorage::w32:
  case GcStorage::ref: std::memcpy(value.bytes, from, 4); return value;
  case GcStorage::w64: std::memcpy(value.bytes, from, 8); return value;
  case GcStorage::v128: std::memcpy(value.bytes, from, 16); return value;
  case GcStorage::func:
    std::memcpy(value.bytes, from, 4);
    return RawVal::of_i64(reinterpret_cast<u64>(heap.func_at(value.i32)));
  }
  PETREL_UNREACHABLE();
}

// --- Allocation ------------------------------------------------------------------------------------------

u64 struct_new(Instance& instance, TypeIdx type, const RawVal* fields) {
  GcHeap& heap = heap_of(instance);
  const TypeInfo& info = info_of(instance, type);
  const u32 object = heap.allocate_struct(info.id);
  if (object == 0) {
    return exhausted(instance);
  }
  if (fields != nullptr) {
    for (usize i = 0; i < info.fields.size(); ++i) {
      gc_write(heap, heap.at(object, info.fields[i].offset), info.fields[i].storage, fields[i]);
    }
  }
  return object;
}

u64 array_new(Instance& instance, TypeIdx type, u64 length, const RawVal* init) {
  GcHeap& heap = heap_of(instance);
  const TypeInfo& info = info_of(instance, type);
  const u32 object = heap.allocate_array(info.id, length);
  if (object == 0) {
    return exhausted(instance);
  }
  if (init != nullptr) {
    fill(heap, info, static_cast<u8*>(heap.at(object, ir::kGcHeaderSize)), length, *init);
  }
  return object;
}

u64 array_new_fixed(Instance& instance, TypeIdx type, u32 length, const RawVal* elements) {
  GcHeap& heap = heap_of(instance);
  const TypeInfo& info = info_of(instance, type);
  const u32 object = heap.allocate_array(info.id, length);
  if (object == 0) {
    return exhausted(instance);
  }
  for (u32 i = 0; i < length; ++i) {
    gc_write(heap, heap.at(object, ir::kGcHeaderSize + (u64{i} << info.layout.element_log2)),
             info.fields[0].storage, elements[i]);
  }
  return object;
}

u64 array_new_data(Instance& instance, TypeIdx type, DataIdx data, u32 offset, u32 length) {
  const TypeInfo& info = info_of(instance, type);
  const Bytes bytes = instance.data_bytes(data);
  const u64 size = u64{length} << info.layout.element_log2;
  if (!contains(bytes.size(), offset, size)) {
    instance.store().raise(TrapCode::memory_out_of_bounds);
    return 0;
  }
  GcHeap& heap = heap_of(instance);
  const u32 object = heap.allocate_array(info.id, length);
  if (object == 0) {
    return exhausted(instance);
  }
  if (size != 0) {
    std::memcpy(heap.at(object, ir::kGcHeaderSize), bytes.data() + offset, size);
  }
  return object;
}

u64 array_new_elem(Instance& instance, TypeIdx type, ElemIdx elem, u32 offset, u32 length) {
  const TypeInfo& info = info_of(instance, type);
  if (!contains(instance.elem_count(elem), offset, length)) {
    instance.store().raise(TrapCode::table_out_of_bounds);
    return 0;
  }
  GcHeap& heap = heap_of(instance);
  const u32 object = heap.allocate_array(info.id, length);
  if (object == 0) {
    return exhausted(instance);
  }
  copy_elems(instance, info, static_cast<u8*>(heap.at(object, ir::kGcHeaderSize)), elem, offset,
             length);
  return object;
}

// --- Bulk operations -------------------------------------------------------------------------------------

bool array_fill(Instance& instance, TypeIdx type, ArrayPart to, const RawVal& value, u32 count) {
  const TypeInfo& info = info_of(instance, type);
  u8* const at = slice(instance, info, to, count);
  if (at == nullptr) {
    return false;
  }
  fill(heap_of(instance), info, at, count, value);
  return true;
}

bool array_copy(Instance& instance, TypeIdx type, ArrayPart to, ArrayPart from, u32 count) {
  const TypeInfo& info = info_of(instance, type); // both arrays have elements of this size
  u8* const dst = slice(instance, info, to, count);
  const u8* const src = dst != nullptr ? slice(instance, info, from, count) : nullptr;
  if (src == nullptr) {
    return false;
  }
  std::memmove(dst, src, u64{count} << info.layout.element_log2);
  return true;
}

bool array_init_data(Instance& instance, TypeIdx type, ArrayPart to, DataIdx data, u32 offset,
                     u32 count) {
  const TypeInfo& info = info_of(instance, type);
  u8* const at = slice(instance, info, to, count);
  if (at == nullptr) {
    return false;
  }
  const Bytes bytes = instance.data_bytes(data);
  const u64 size = u64{count} << info.layout.element_log2;
  if (!contains(bytes.size(), offset, size)) {
    return instance.store().raise(TrapCode::memory_out_of_bounds);
  }
  if (size != 0) {
    std::memcpy(at, bytes.data() + offset, size);
  }
  return true;
}

bool array_init_elem(Instance& instance, TypeIdx type, ArrayPart to, ElemIdx elem, u32 offset,
                     u32 count) {
  const TypeInfo& info = info_of(instance, type);
  u8* const at = slice(instance, info, to, count);
  if (at == nullptr) {
    return false;
  }
  if (!contains(instance.elem_count(elem), offset, count)) {
    return instance.store().raise(TrapCode::table_out_of_bounds);
  }
  copy_elems(instance, info, at, elem, offset, count);
  return true;
}

// --- Casts -----------------------------------------------------------------------------------------------

namespace {

bool object_matches(Instance& instance, u64 reference, AbsHeapType type) {
  const bool is_number = ir::is_i31(reference);
  const ir::GcKind kind = is_number ? ir::GcKind::none : heap_of(instance).header(reference).kind();
  const bool is_struct = kind == ir::GcKind::struct_;
  const bool is_array = kind == ir::GcKind::array;
  switch (type) {
  case AbsHeapType::i31: return is_number;
  case AbsHeapType::struct_: return is_struct;
  case AbsHeapType::array: return is_array;
  case AbsHeapType::eq: return is_number || is_struct || is_array;
  case AbsHeapType::any:
  case AbsHeapType::extern_:
  case AbsHeapType::exn:
  case AbsHeapType::func: return true; // the validator knows the hierarchy
  case AbsHeapType::none:
  case AbsHeapType::noextern:
  case AbsHeapType::noexn:
  case AbsHeapType::nofunc: return false;
  }
  PETREL_UNREACHABLE();
}

} // namespace

bool ref_matches(Instance& instance, u64 reference, HeapType type) {
  if (type.is_abstract()) {
    switch (type.abstract()) {
    case AbsHeapType::func: return true;
    case AbsHeapType::nofunc: return false;
    case AbsHeapType::i31:
    case AbsHeapType::struct_:
    case AbsHeapType::array:
    case AbsHeapType::eq:
    case AbsHeapType::any:
    case AbsHeapType::extern_:
    case AbsHeapType::exn:
    case AbsHeapType::none:
    case AbsHeapType::noextern:
    case AbsHeapType::noexn: return object_matches(instance, reference, type.abstract());
    }
    PETREL_UNREACHABLE();
  }
  const TypeInfo& wanted = info_of(instance, type.type_idx());
  if (wanted.kind == ir::CompositeKind::func) {
    // SAFETY: validation keeps the hierarchies apart.
    return is_subtype(reinterpret_cast<const ir::FuncRef*>(reference)->type_id, wanted.id);
  }
  if (ir::is_i31(reference)) {
    return false;
  }
  const ir::GcHeader header = heap_of(instance).header(reference);
  const bool has_type = header.kind() == ir::GcKind::struct_ || header.kind() == ir::GcKind::array;
  return has_type && is_subtype(header.type_id(), wanted.id);
}

} // namespace petrel::runtime
