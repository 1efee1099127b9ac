// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where an instance's globals, further memories and tables lie behind the fixed part of its VMContext.
// Computed from the module alone, the same way by compiler, interpreter and runtime.
//
//     128  globals: 16 bytes each, imported ones first: a defined global's value, or in the low 8 bytes the
//          address of the owner's slot when imported
//          memories: 16 bytes each: MemoryPair when defined (memory 0: unused, its pair is the fixed part's
//          mem0), or in the low 8 bytes the address of the owner's MemoryPair when imported
//          tables: the same with TablePair (table 0: table0_elems/table0_size when defined)
//
// Rule of thumb: defined things are inline, imported things are one pointer away (the owner may grow them).
#pragma once

#include "ir/module.h"
#include "ir/vm.h"

namespace petrel::ir {

/// Offset from the VMContext of something, and whether it holds the thing or a pointer to it.
struct VMSlot {
  u64 offset;
  bool is_indirect;
};

class VMLayout {
public:
  explicit VMLayout(const Module& module)
      : imported_globals_(module.header().imported_globals),
        imported_memories_(module.header().imported_memories),
        imported_tables_(module.header().imported_tables), globals_(module.header().globals.count),
        memories_(module.header().memories.count), tables_(module.header().tables.count) {}

  /// Where the 16-byte value slot of a global is.
  VMSlot global(GlobalIdx idx) const {
    return {kVMContextFixedSize + u64{idx.index()} * kGlobalSlotSize,
            idx.index() < imported_globals_};
  }
  /// Where the MemoryPair {base, size} is.
  VMSlot memory(MemIdx idx) const {
    if (idx.index() == 0 && imported_memories_ == 0) {
      return {offsetof(VMContext, mem0_base), false};
    }
    return {memories_offset() + u64{idx.index()} * 16, idx.index() < imported_memories_};
  }
  /// Where the TablePair {elems, size} is.
  VMSlot table(TableIdx idx) const {
    if (idx.index() == 0 && imported_tables_ == 0) {
      return {offsetof(VMContext, table0_elems), false};
    }
    return {tables_offset() + u64{idx.index()} * 16, idx.index() < imported_tables_};
  }
  /// Bytes of the whole VMContext.
  u64 size_bytes() const { return tables_offset() + u64{tables_} * 16; }

private:
  u64 memories_offset() const { return kVMContextFixedSize + u64{globals_} * kGlobalSlotSize; }
  u64 tables_offset() const { return memories_offset() + u64{memories_} * 16; }

  u32 imported_globals_;
  u32 imported_memories_;
  u32 imported_tables_;
  u32 globals_;
  u32 memories_;
  u32 tables_;
};

} // namespace petrel::ir
