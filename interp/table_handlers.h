// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of reference and table instructions (specification §4.6.2, §4.6.6). A reference is 64 bits, null is 0.
// Included by dispatch.cpp only.
#pragma once

#include "interp/memory_handlers.h"

namespace petrel::interp {
namespace {

template <u32 S> PETREL_HANDLER(op_ref_null) {
  PETREL_ENTER;
  ++pc;
  skip_leb(pc);
  push<S>(sp, a, b, 0);
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(op_ref_is_null) {
  PETREL_ENTER;
  const u64 reference = pop<S>(sp, a, b);
  push<popped(S)>(sp, a, b, reference == 0 ? 1 : 0);
  ++pc;
  PETREL_NEXT(pushed(popped(S)));
}

template <u32 S> PETREL_HANDLER(op_ref_eq) {
  PETREL_ENTER;
  const u64 second = pop<S>(sp, a, b);
  const u64 first = pop<popped(S)>(sp, a, b);
  push<popped(popped(S))>(sp, a, b, first == second ? 1 : 0);
  ++pc;
  PETREL_NEXT(pushed(popped(popped(S))));
}

template <u32 S> PETREL_HANDLER(op_ref_func) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  ++pc;
  a = reinterpret_cast<u64>(builtin<void*>(ir::Builtin::ref_func, ctx, read_leb_u32(pc)));
  PETREL_NEXT(1);
}

template <u32 S> PETREL_HANDLER(op_table_get) {
  PETREL_ENTER;
  const u64 index = pop<S>(sp, a, b);
  flush<popped(S)>(sp, a, b);
  const u8* at = pc + 1;
  const u32 table = read_leb_u32(at);
  // The result lands in the first free slot, where the index was or could have been.
  if (!builtin<bool>(ir::Builtin::table_get, ctx, table, index, &sp->bits[0])) [[unlikely]] {
    record_frames(pc, fp, func);
    PETREL_LEAVE(false);
  }
  ++sp;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_table_set) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 table = read_leb_u32(at);
  if (!builtin<bool>(ir::Builtin::table_set, ctx, table, sp[-2].i64, sp[-1].i64)) [[unlikely]] {
    record_frames(pc, fp, func);
    PETREL_LEAVE(false);
  }
  sp -= 2;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_table_size) {
  PETREL_ENTER;
  ++pc;
  const u32 table = read_leb_u32(pc);
  push<S>(sp, a, b, table_pair(ctx, table).size);
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(op_table_grow) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  ++pc;
  const u32 table = read_leb_u32(pc);
  const u64 delta = sp[-1].i64;
  const u64 reference = sp[-2].i64;
  sp -= 2;
  a = table_grow(ctx, table, reference, delta);
  PETREL_NEXT(1);
}

template <u32 S> PETREL_HANDLER(op_table_fill) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 table = read_leb_u32(at);
  if (!builtin<bool>(ir::Builtin::table_fill, ctx, table, sp[-3].i64, sp[-2].i64, sp[-1].i64))
      [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_table_copy) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 to = read_leb_u32(at);
  const u32 from = read_leb_u32(at);
  const Triple t = triple(sp);
  if (!builtin<bool>(ir::Builtin::table_copy, ctx, to, from, t.first, t.second, t.third))
      [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_table_init) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 elem = read_leb_u32(at);
  const u32 table = read_leb_u32(at);
  const Triple t = triple(sp);
  if (!builtin<bool>(ir::Builtin::table_init, ctx, table, elem, t.first, t.second, t.third))
      [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_elem_drop) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  ++pc;
  builtin<void>(ir::Builtin::elem_drop, ctx, read_leb_u32(pc));
  PETREL_NEXT(0);
}

} // namespace
} // namespace petrel::interp
