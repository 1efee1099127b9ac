// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C++ face of ir/vmctx.def: structs that compiled code, interpreter and runtime read in place. Plain
// data only; whoever owns them is in runtime/.
#pragma once

#include <cstddef>

#include "base/types.h"
#include "ir/types.h"

namespace petrel::runtime {
class Store;
class Instance;
struct Activation;
struct HostImport;
} // namespace petrel::runtime
namespace petrel::interp {
struct Func;
struct HostFrame;
struct Entry;
} // namespace petrel::interp

namespace petrel::ir {

struct FuncRef;
struct VMContext;

/// The untyped entry of every function, compiled, interpreted or host. `args` holds the parameters and
/// has room for max(parameters, results); the results replace them. False: a trap (or exit) is pending in
/// the Store and the caller must leave too.
using ArrayEntry = bool (*)(FuncRef* callee, RawVal* args);

struct VMImport {
  const void* code;
  VMContext* ctx;
};

/// Base and size in bytes of a memory that is not the defined memory 0.
struct MemoryPair {
  u8* base;
  u64 size;
};
/// Elements and their count of a table that is not the defined table 0.
struct TablePair {
  void* elems;
  u64 size;
};

struct FuncTableEntry {
  const void* code;
  u64 type_id;
  VMContext* ctx;
  FuncRef* func_ref;
};

struct FuncRef {
  const void* code;
  u64 type_id;
  VMContext* ctx;
  FuncRef* self;
  ArrayEntry array_entry;
  const void* tail_entry;
  interp::Func* interp_func;
  runtime::HostImport* host;
};

/// First part of runtime::HostImport.
struct HostImportHead {
  VMContext* caller_ctx;
};

struct VMStoreContext {
  u8* stack_limit;
  u32 interrupt; ///< 0 or kInterrupt…; written by other threads and signal handlers: access with __atomic
  u32 pad;
  u64 pending_exception;
  runtime::Activation* activation;
  const u64* epoch;
  u64 deadline;
  i64 fuel;
  u8* gc_heap_base;
  u64 gc_free;
  u64 gc_free_end;
  u8* value_stack_limit;
  RawVal* value_stack_top;
  interp::HostFrame* interp_frame;
  runtime::Store* store;
  RawVal* tail_args;
};

struct alignas(16) VMContext {
  u8* mem0_base;
  u64 mem0_size;
  const void* const* builtins;
  VMImport* imports;
  const u64* type_ids;
  void* table0_elems;
  u64 table0_size;
  VMStoreContext* store;
  const u8* image_base;
  FuncRef* func_refs;
  runtime::Instance* instance;
  interp::Func* interp_funcs;
  const void* interp_dispatch;
  u64 reserved[3];
};

/// Values of VMStoreContext::interrupt: leave the guest; or only collect garbage (`-D gc-zeal`).
constexpr u32 kInterruptLeave = 1;
constexpr u32 kInterruptCollect = 2;

constexpr u64 kFuncRefUnmade = 0;
constexpr u64 kFuncRefNull = 1;

#define PETREL_VM_FIELD(strukt, offset, field, kind)                                               \
  static_assert(offsetof(strukt, field) == (offset));
#include "ir/vmctx.def"

#define PETREL_VM_CONST(name, value) constexpr u64 name = value;
#include "ir/vmctx.def"

static_assert(sizeof(VMContext) == kVMContextFixedSize);
static_assert(sizeof(FuncRef) == kFuncRefSize);
static_assert(sizeof(FuncTableEntry) == kFuncTableEntrySize);
static_assert(sizeof(VMImport) == kVMImportSize);

} // namespace petrel::ir
