// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the 0xfb page: structures, arrays, i31, casts (specification §4.6.2, §4.6.11). op_prefix_fb brought all
// operands to memory and left `pc` at the prefix, so handlers exist for state 0 only and traps are exact. Field
// offsets and kinds come from the side table (ir/side_table.h), type tests compare canonical ids inline and
// go out of line for a proper subtype. Included by gc_dispatch.cpp only.
#pragma once

#include "interp/control_handlers.h"
#include "interp/gc_support.h"
#include "ir/gc_layout.h"
#include "runtime/type_registry.h"

namespace petrel::interp {
namespace {

using ir::GcStorage;

/// The first immediate: behind the prefix and the opcode, whose LEB may be long.
[[gnu::always_inline]] inline const u8* gc_immediates(const u8* pc) {
  ++pc;
  skip_leb(pc);
  return pc;
}

[[gnu::always_inline]] inline u8* gc_address(const ir::VMContext* ctx, u64 reference, u64 offset) {
  // SAFETY: the heap's reservation holds every 32-bit offset and a guard behind it.
  return ctx->store->gc_heap_base + static_cast<u32>(reference) + offset;
}

/// What is pending leaves with the frames of this activation.
PETREL_HANDLER(gc_failed) {
  PETREL_ENTER;
  record_frames(pc, fp, func);
  PETREL_LEAVE(false);
}

/// An instruction that is wholly out of line and may collect.
template <GcOp kRun> PETREL_HANDLER(gc_call) {
  PETREL_ENTER;
  ctx->store->value_stack_top = sp;
  const GcStep step = kRun(ctx, sp, gc_immediates(pc));
  if (step.sp == nullptr) [[unlikely]] {
    PETREL_GOTO(gc_failed);
  }
  sp = step.sp;
  pc = step.next;
  PETREL_NEXT(0);
}

// --- Fields and elements ---------------------------------------------------------------------------------

/// Reads the field at `from` into `slot`.
template <bool kSigned>
[[gnu::always_inline]] inline void gc_load(const ir::VMContext* ctx, Slot* slot, const u8* from,
                                           GcStorage storage) {
  if (storage == GcStorage::w32 || storage == GcStorage::ref) [[likely]] {
    slot->bits[0] = load_unaligned<u32>(from);
  } else if (storage == GcStorage::w64) {
    slot->bits[0] = load_unaligned<u64>(from);
  } else if (storage == GcStorage::i8) {
    slot->bits[0] = kSigned ? static_cast<u32>(static_cast<i8>(*from)) : u32{*from};
  } else if (storage == GcStorage::i16) {
    const u16 value = load_unaligned<u16>(from);
    slot->bits[0] = kSigned ? static_cast<u32>(static_cast<i16>(value)) : u32{value};
  } else if (storage == GcStorage::func) {
    slot->bits[0] = gc_func_at(ctx, load_unaligned<u32>(from));
  } else {
    __builtin_memcpy(slot->bytes, from, sizeof slot->bytes);
  }
}

/// Writes a field that is not a function.
[[gnu::always_inline]] inline void gc_store_plain(u8* to, const Slot* slot, GcStorage storage) {
  if (storage == GcStorage::w32 || storage == GcStorage::ref) [[likely]] {
    __builtin_memcpy(to, slot->bytes, 4);
  } else if (storage == GcStorage::w64) {
    __builtin_memcpy(to, slot->bytes, 8);
  } else if (storage == GcStorage::i8) {
    *to = slot->bytes[0];
  } else if (storage == GcStorage::i16) {
    __builtin_memcpy(to, slot->bytes, 2);
  } else {
    __builtin_memcpy(to, slot->bytes, sizeof slot->bytes);
  }
}

[[gnu::always_inline]] inline void gc_store(const ir::VMContext* ctx, u8* to, const Slot* slot,
                                            GcStorage storage) {
  if (storage == GcStorage::func) [[unlikely]] {
    const u32 index = gc_func_index(ctx, slot->bits[0]);
    __builtin_memcpy(to, &index, sizeof index);
  } else {
    gc_store_plain(to, slot, storage);
  }
}

template <bool kSigned> PETREL_HANDLER(gc_struct_get) {
  PETREL_ENTER;
  const u32 word = stp[0];
  if (sp[-1].bits[0] == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_structure_reference>);
  }
  gc_load<kSigned>(ctx, sp - 1, gc_address(ctx, sp[-1].bits[0], ir::gc_access_offset(word)),
                   ir::gc_access_storage(word));
  pc += stp[1];
  stp += 2;
  PETREL_NEXT(0);
}

PETREL_HANDLER(gc_struct_set) {
  PETREL_ENTER;
  const u32 word = stp[0];
  if (sp[-2].bits[0] == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_structure_reference>);
  }
  gc_store(ctx, gc_address(ctx, sp[-2].bits[0], ir::gc_access_offset(word)), sp - 1,
           ir::gc_access_storage(word));
  sp -= 2;
  pc += stp[1];
  stp += 2;
  PETREL_NEXT(0);
}

/// log2 of an element's size.
[[gnu::always_inline]] inline u32 gc_storage_log2(GcStorage storage) {
  switch (storage) {
  case GcStorage::i8: return 0;
  case GcStorage::i16: return 1;
  case GcStorage::w64: return 3;
  case GcStorage::v128: return 4;
  case GcStorage::w32:
  case GcStorage::ref:
  case GcStorage::func: return 2;
  }
  __builtin_unreachable();
}

[[gnu::always_inline]] inline u32 gc_array_length(const ir::VMContext* ctx, u64 reference) {
  return load_unaligned<u32>(gc_address(ctx, reference, offsetof(ir::GcHeader, length)));
}

template <bool kSigned> PETREL_HANDLER(gc_array_get) {
  PETREL_ENTER;
  const u32 word = stp[0];
  const u64 array = sp[-2].bits[0];
  const u64 index = sp[-1].i32;
  if (array == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_array_reference>);
  }
  if (index >= gc_array_length(ctx, array)) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::array_out_of_bounds>);
  }
  const GcStorage storage = ir::gc_access_storage(word);
  gc_load<kSigned>(ctx, sp - 2,
                   gc_address(ctx, array, ir::kGcHeaderSize + (index << gc_storage_log2(storage))),
                   storage);
  --sp;
  pc += stp[1];
  stp += 2;
  PETREL_NEXT(0);
}

PETREL_HANDLER(gc_array_set) {
  PETREL_ENTER;
  const u32 word = stp[0];
  const u64 array = sp[-3].bits[0];
  const u64 index = sp[-2].i32;
  if (array == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_array_reference>);
  }
  if (index >= gc_array_length(ctx, array)) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::array_out_of_bounds>);
  }
  const GcStorage storage = ir::gc_access_storage(word);
  gc_store(ctx, gc_address(ctx, array, ir::kGcHeaderSize + (index << gc_storage_log2(storage))),
           sp - 1, storage);
  sp -= 3;
  pc += stp[1];
  stp += 2;
  PETREL_NEXT(0);
}

PETREL_HANDLER(gc_array_len) {
  PETREL_ENTER;
  if (sp[-1].bits[0] == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_array_reference>);
  }
  --sp;
  a = gc_array_length(ctx, sp->bits[0]);
  pc = gc_immediates(pc);
  PETREL_NEXT(1);
}

// --- Allocation ------------------------------------------------------------------------------------------
//
// Inline as long as the Store's free run has room (runtime/gc_heap.h) and immediates have one byte each: header and fields are
// written without a call (asm_test.py). Everything else, collection included, is gc_call's; with gc-zeal runs have no
// room. Between two instructions the run's objects are whole: INVARIANT(gc-run).

/// Whether the `count` bytes behind the opcode, one byte itself, are immediates of one byte.
template <u32 kCount> [[gnu::always_inline]] inline bool gc_short(const u8* pc) {
  constexpr u32 kLong = 0x80808080u >> (24 - 8 * kCount);
  return (load_unaligned<u32>(pc + 1) & kLong) == 0;
}

[[gnu::always_inline]] inline const runtime::TypeInfo& gc_type(const ir::VMContext* ctx, u8 type) {
  return runtime::known_type_info(ctx->type_ids[type]);
}

/// A zeroed object with its header, or null when the free run has no room for it.
[[gnu::always_inline]] inline u8* gc_bump(const ir::VMContext* ctx, u64 size_bytes, u32 type_word,
                                          u32 length) {
  ir::VMStoreContext& store = *ctx->store;
  const u64 object = store.gc_free;
  if (size_bytes > store.gc_free_end - object) [[unlikely]] {
    return nullptr;
  }
  store.gc_free = object + size_bytes;
  u8* const at = store.gc_heap_base + object;
  const u64 header = type_word | u64{length} << 32;
  __builtin_memcpy(at, &header, sizeof header);
  return at;
}

template <bool kDefault> PETREL_HANDLER(gc_new_struct) {
  PETREL_ENTER;
  PETREL_FORGET_OPERANDS;
  constexpr GcOp kSlow = kDefault ? gc_struct_new_default : gc_struct_new;
  if (!gc_short<1>(pc)) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  const runtime::TypeInfo& type = gc_type(ctx, pc[2]);
  if (!kDefault && type.has_func_fields) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  u8* const at =
      gc_bump(ctx, type.layout.size_bytes, ir::gc_type_word(ir::GcKind::struct_, type.id), 0);
  if (at == nullptr) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  if constexpr (!kDefault) {
    const runtime::FieldInfo* const first = type.fields.data();
    const runtime::FieldInfo* field = first + type.fields.size();
    while (field != first) { // from the top of the stack down
      --field;
      --sp;
      gc_store_plain(at + field->offset, sp, field->storage);
    }
  }
  a = static_cast<u64>(at - ctx->store->gc_heap_base);
  pc += 3;
  PETREL_NEXT(1);
}

[[gnu::always_inline]] inline u64 gc_array_bytes(const runtime::TypeInfo& type, u32 length) {
  return align_up(ir::kGcHeaderSize + (u64{length} << type.layout.element_log2), ir::kGcAlignment);
}

/// Sets `length` elements of T. Not by a call of memset.
template <typename T> [[gnu::always_inline]] inline void gc_fill(u8* at, u32 length, u64 value) {
  const T element = static_cast<T>(value);
  for (; length != 0; --length) {
    __builtin_memcpy(at, &element, sizeof element);
    at += sizeof element;
    PETREL_OPAQUE(at);
  }
}

template <bool kDefault> PETREL_HANDLER(gc_new_array) {
  PETREL_ENTER;
  PETREL_FORGET_OPERANDS;
  constexpr GcOp kSlow = kDefault ? gc_array_new_default : gc_array_new;
  if (!gc_short<1>(pc)) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  const runtime::TypeInfo& type = gc_type(ctx, pc[2]);
  const u32 length = sp[-1].i32;
  const GcStorage storage = type.fields.data()->storage;
  const bool is_word = storage == GcStorage::w32 || storage == GcStorage::ref;
  // Elements are zero as they are; vectors, functions, and small elements that are not 0 are rare.
  if (!kDefault && !is_word && storage != GcStorage::w64 &&
      (sp[-2].bits[0] != 0 || storage == GcStorage::v128)) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  u8* const at = gc_bump(ctx, gc_array_bytes(type, length),
                         ir::gc_type_word(ir::GcKind::array, type.id), length);
  if (at == nullptr) [[unlikely]] {
    PETREL_GOTO(gc_call<kSlow>);
  }
  --sp;
  if constexpr (!kDefault) {
    --sp;
    if (is_word) {
      gc_fill<u32>(at + ir::kGcHeaderSize, length, sp->bits[0]);
    } else if (storage == GcStorage::w64) {
      gc_fill<u64>(at + ir::kGcHeaderSize, length, sp->bits[0]);
    }
  }
  a = static_cast<u64>(at - ctx->store->gc_heap_base);
  pc += 3;
  PETREL_NEXT(1);
}

PETREL_HANDLER(gc_new_fixed_array) {
  PETREL_ENTER;
  PETREL_FORGET_OPERANDS;
  if (!gc_short<2>(pc)) [[unlikely]] {
    PETREL_GOTO(gc_call<gc_array_new_fixed>);
  }
  const runtime::TypeInfo& type = gc_type(ctx, pc[2]);
  const u32 length = pc[3];
  if (type.has_func_fields) [[unlikely]] {
    PETREL_GOTO(gc_call<gc_array_new_fixed>);
  }
  u8* const at = gc_bump(ctx, gc_array_bytes(type, length),
                         ir::gc_type_word(ir::GcKind::array, type.id), length);
  if (at == nullptr) [[unlikely]] {
    PETREL_GOTO(gc_call<gc_array_new_fixed>);
  }
  const GcStorage storage = type.fields.data()->storage;
  const u32 log2 = type.layout.element_log2;
  sp -= length;
  const Slot* from = sp;
  u8* to = at + ir::kGcHeaderSize;
  for (u32 i = 0; i < length; ++i) {
    gc_store_plain(to, from, storage);
    to += u64{1} << log2;
    ++from;
    PETREL_OPAQUE(to);
  }
  a = static_cast<u64>(at - ctx->store->gc_heap_base);
  pc += 4;
  PETREL_NEXT(1);
}

// --- i31 -------------------------------------------------------------------------------------------------

PETREL_HANDLER(gc_ref_i31) {
  PETREL_ENTER;
  --sp;
  a = static_cast<u32>(sp->i32 << 1 | 1);
  pc = gc_immediates(pc);
  PETREL_NEXT(1);
}

template <bool kSigned> PETREL_HANDLER(gc_i31_get) {
  PETREL_ENTER;
  const u32 value = sp[-1].i32;
  if (value == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_i31_reference>);
  }
  --sp;
  a = kSigned ? static_cast<u32>(static_cast<i32>(value) >> 1) : value >> 1;
  pc = gc_immediates(pc);
  PETREL_NEXT(1);
}

/// any.convert_extern, extern.convert_any: the spaces are one.
PETREL_HANDLER(gc_convert) {
  PETREL_ENTER;
  pc = gc_immediates(pc);
  PETREL_NEXT(0);
}

// --- Casts -----------------------------------------------------------------------------------------------

/// Whether `reference` is of the heap type written at `at`: equal canonical ids of a struct or array inline, the rest
/// out of line.
[[gnu::always_inline]] inline bool gc_matches(ir::VMContext* ctx, u64 reference, const u8* at,
                                              bool null_matches) {
  if (reference == 0) {
    return null_matches;
  }
  if (*at < 0x40 && (reference & 1) == 0 && reference <= 0xffffffff) { // a type index of one byte
    const u32 word = load_unaligned<u32>(gc_address(ctx, reference, 0));
    if ((word & ir::kGcTypeIdMask) == ctx->type_ids[*at]) {
      return true;
    }
  }
  return gc_ref_matches(ctx, reference, at);
}

template <bool kNull> PETREL_HANDLER(gc_ref_test) {
  PETREL_ENTER;
  const u8* at = gc_immediates(pc);
  sp[-1].bits[0] = gc_matches(ctx, sp[-1].bits[0], at, kNull) ? 1 : 0;
  skip_leb(at);
  pc = at;
  PETREL_NEXT(0);
}

template <bool kNull> PETREL_HANDLER(gc_ref_cast) {
  PETREL_ENTER;
  const u8* at = gc_immediates(pc);
  if (!gc_matches(ctx, sp[-1].bits[0], at, kNull)) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::cast_failure>);
  }
  skip_leb(at);
  pc = at;
  PETREL_NEXT(0);
}

template <bool kOnFail> PETREL_HANDLER(gc_br_on_cast) {
  PETREL_ENTER;
  const u8* at = gc_immediates(pc);
  const u8 flags = *at++;
  skip_leb(at); // label
  skip_leb(at); // source
  if (gc_matches(ctx, sp[-1].bits[0], at, (flags & 2) != 0) != kOnFail) {
    PETREL_BRANCH(0);
  }
  skip_leb(at);
  pc = at;
  ++stp;
  PETREL_NEXT(0);
}

PETREL_HANDLER(gc_illegal) {
  PETREL_ENTER;
  check_failed("opcode without handler", __FILE__, __LINE__);
}

} // namespace
} // namespace petrel::interp
