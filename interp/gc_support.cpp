// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Allocation and bulk operations of the GC instructions: immediates and operands unpacked, the work is in
// runtime/gc_ops.h. The handler has set VMStoreContext::value_stack_top, so operands are roots until they are popped here.
#include "interp/gc_support.h"

#include "interp/leb.h"
#include "runtime/gc_ops.h"

namespace petrel::interp {

namespace {

runtime::Instance& instance_of(const ir::VMContext* ctx) { return *ctx->instance; }

TypeIdx read_type(const u8*& at) { return TypeIdx(read_leb_u32(at)); }

/// `reference` replaces the `count` topmost operands; 0: a trap is pending.
GcStep made(u64 reference, Slot* sp, u32 count, const u8* next) {
  if (reference == 0) {
    return {nullptr, nullptr};
  }
  sp -= count;
  *sp = RawVal::of_i64(reference);
  return {sp + 1, next};
}

/// `count` operands are gone, or a trap is pending.
GcStep done(bool ok, Slot* sp, u32 count, const u8* next) {
  return ok ? GcStep{sp - count, next} : GcStep{nullptr, nullptr};
}

} // namespace

GcStep gc_struct_new(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const u32 count = instance_of(ctx).ir().type(type).params.count;
  return made(runtime::struct_new(instance_of(ctx), type, sp - count), sp, count, at);
}

GcStep gc_struct_new_default(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  return made(runtime::struct_new(instance_of(ctx), type, nullptr), sp, 0, at);
}

GcStep gc_array_new(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  return made(runtime::array_new(instance_of(ctx), type, sp[-1].i32, sp - 2), sp, 2, at);
}

GcStep gc_array_new_default(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  return made(runtime::array_new(instance_of(ctx), type, sp[-1].i32, nullptr), sp, 1, at);
}

GcStep gc_array_new_fixed(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const u32 count = read_leb_u32(at);
  return made(runtime::array_new_fixed(instance_of(ctx), type, count, sp - count), sp, count, at);
}

GcStep gc_array_new_data(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const DataIdx data(read_leb_u32(at));
  return made(runtime::array_new_data(instance_of(ctx), type, data, sp[-2].i32, sp[-1].i32), sp, 2,
              at);
}

GcStep gc_array_new_elem(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const ElemIdx elem(read_leb_u32(at));
  return made(runtime::array_new_elem(instance_of(ctx), type, elem, sp[-2].i32, sp[-1].i32), sp, 2,
              at);
}

GcStep gc_array_fill(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  return done(
      runtime::array_fill(instance_of(ctx), type, {sp[-4].i64, sp[-3].i32}, sp[-2], sp[-1].i32), sp,
      4, at);
}

GcStep gc_array_copy(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  read_type(at); // the source's elements have the same size
  return done(runtime::array_copy(instance_of(ctx), type, {sp[-5].i64, sp[-4].i32},
                                  {sp[-3].i64, sp[-2].i32}, sp[-1].i32),
              sp, 5, at);
}

GcStep gc_array_init_data(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const DataIdx data(read_leb_u32(at));
  return done(runtime::array_init_data(instance_of(ctx), type, {sp[-4].i64, sp[-3].i32}, data,
                                       sp[-2].i32, sp[-1].i32),
              sp, 4, at);
}

GcStep gc_array_init_elem(ir::VMContext* ctx, Slot* sp, const u8* at) {
  const TypeIdx type = read_type(at);
  const ElemIdx elem(read_leb_u32(at));
  return done(runtime::array_init_elem(instance_of(ctx), type, {sp[-4].i64, sp[-3].i32}, elem,
                                       sp[-2].i32, sp[-1].i32),
              sp, 4, at);
}

bool gc_ref_matches(ir::VMContext* ctx, u64 reference, const u8* at) {
  const i64 code = read_leb_s64(at);
  const HeapType type = code < 0 ? HeapType(static_cast<AbsHeapType>(code & 0x7f))
                                 : HeapType(TypeIdx(static_cast<u32>(code)));
  return runtime::ref_matches(instance_of(ctx), reference, type);
}

u64 gc_func_at(const ir::VMContext* ctx, u32 index) {
  return index == 0 ? 0 : reinterpret_cast<u64>(instance_of(ctx).store().gc()->func_at(index));
}

u32 gc_func_index(const ir::VMContext* ctx, u64 func) {
  // SAFETY: validation makes it a function reference.
  return instance_of(ctx).store().gc()->func_index(reinterpret_cast<ir::FuncRef*>(func));
}

} // namespace petrel::interp
