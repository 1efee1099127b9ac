// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The GC heap of a Store (docs/architecture.md, Memory): structs, arrays, exceptions and boxed host values, laid out as
// ir/gc_layout.h says, in a reservation of 4 GiB of their own, so that a corrupted reference stays inside. Objects never
// move. Made when the first module that needs it comes, so programs without GC pay nothing.
//
//     block 0       block 1            …                          64 KiB each
//     +-----------+-----------------+-----------------+-----------+---- - - -
//     | never     | small objects   | large object    …           |  free
//     | committed | | |run->|  | |  | head            | tail      |
//     +-----------+-----------------+-----------------+-----------+---- - - -
//
// Allocation is a bump in the current *free run* {VMStoreContext::gc_free, gc_free_end}: a zeroed gap between survivors or
// a whole block, for objects of all sizes up to kMaxMedium; the interpreter and compiled code do the same inline. Larger objects take whole
// blocks. A bit per 8 bytes says where objects start; the bits of the current run are derived from its headers when the
// run is given up, so that the fast path writes the header only. Marking writes a second bitmap, which
// then *is* the new start bitmap; gaps are found lazily, block by block, as allocation goes on: there is no free list.
//
// Every committed byte (bitmaps included) is charged to the Store's budget. Collection happens in allocation only,
// when as much as survived the last time (at least kMinThreshold) was allocated since, or when nothing is left.
//
// INVARIANT(gc-run): between safepoints [run_start_, gc_free) holds whole objects with valid headers, [gc_free,
// gc_free_end) is zero.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "ir/gc_layout.h"
#include "ir/vm.h"
#include "runtime/memory.h"

namespace petrel::runtime {

class GcMarker;

/// A reference that the embedder keeps alive. Stale handles are recognised by their generation.
struct GcHandle {
  u32 index = 0;
  u32 generation = 0;
};

class GcHeap {
public:
  struct Config {
    bool zeal = false;              ///< collect at every allocation, poison what is freed
    u64 mark_stack_limit = ~u64{0}; ///< entries; tests make it small
    void (*visit_roots)(void* data, GcMarker&) = nullptr;
    void* roots_data = nullptr;
  };

  /// Reserves address space; commits nothing. Errors: limit.
  static Result<std::unique_ptr<GcHeap>> create(ir::VMStoreContext& vm, Budget& budget,
                                                const Config& config);
  ~GcHeap();
  GcHeap(const GcHeap&) = delete;
  GcHeap& operator=(const GcHeap&) = delete;

  /// Makes a canonical type known; `layout` (and what it points to) outlives the heap. Repeating it is fine.
  void define_type(u64 type_id, const ir::GcTypeLayout& layout);
  const ir::GcTypeLayout& layout(u32 type_id) const { return *types_[type_id]; }

  // Allocation: fields and elements are zero (null). 0: exhausted, and the caller raises allocation_too_large. What
  // only C++ locals refer to does not survive (conservative scanning sees guest stacks only): see GcRootScope.
  u32 allocate_struct(u64 type_id);
  u32 allocate_array(u64 type_id, u64 length);
  /// `tag`: index of the tag in the Store. `count` payload slots.
  u32 allocate_exception(u32 tag, u32 count);
  /// A boxed host value: what an externref of the embedder's is inside.
  u32 allocate_host(u64 value);

  ir::GcHeader& header(u64 reference) { return *static_cast<ir::GcHeader*>(at(reference)); }
  /// Address of the byte `offset` of an object. SAFETY: any 32-bit reference stays inside the reservation.
  void* at(u64 reference, u64 offset = 0) { return base_ + static_cast<u32>(reference) + offset; }
  u32 exception_tag(u64 reference) {
    return static_cast<u32>(*static_cast<u64*>(at(reference, ir::kGcHeaderSize)));
  }
  /// A payload slot: numbers as on the value stack, references as in fields (a funcref is its index here). By copy: objects
  /// are 8-aligned only.
  RawVal exception_value(u64 reference, u32 slot) {
    RawVal value;
    __builtin_memcpy(value.bytes, at(reference, kExceptionPayload + u64{slot} * sizeof value),
                     sizeof value);
    return value;
  }
  void set_exception_value(u64 reference, u32 slot, const RawVal& value) {
    __builtin_memcpy(at(reference, kExceptionPayload + u64{slot} * sizeof value), value.bytes,
                     sizeof value);
  }
  bool is_host(u64 reference) {
    return !ir::is_i31(reference) && header(reference).kind() == ir::GcKind::host;
  }
  u64 host_value(u64 reference) { return *static_cast<u64*>(at(reference, ir::kGcHeaderSize)); }

  /// Functions as they lie in objects: 0 = null.
  u32 func_index(ir::FuncRef* func);
  ir::FuncRef* func_at(u32 index) const { return funcs_[index]; }

  /// Keeps an object (or i31, or null) alive until `release`.
  GcHandle protect(u64 reference);
  u64 get(GcHandle handle) const;
  void release(GcHandle handle);

  /// Collects now.
  void collect();

  /// Start of the object that a host address or an offset lies in, 0 when none: the conservative test.
  u32 find_object(u64 offset) const;
  u64 live_bytes() const { return live_bytes_; } ///< survivors of the last collection
  u64 committed_bytes() const { return u64{block_count_ - kFirstBlock} * kBlockSize; }
  u64 collections() const { return collections_; }
  bool contains_address(u64 address) const {
    const u64 base = reinterpret_cast<u64>(base_);
    return address >= base && address < base + kHeapSize;
  }

  static constexpr u64 kHeapSize = u64{1} << 32;
  static constexpr u32 kBlockSize = 0x10000;
  static constexpr u32 kMaxMedium = 0x8000; ///< bytes; larger objects take whole blocks
  static constexpr u32 kExceptionPayload = 16;

private:
  friend class GcMarker;
  friend class GcRootScope;
  static constexpr u32 kFirstBlock = 1;
  static constexpr u32 kMaxSmall = 0x800; ///< larger ones do not throw away the current run
  static constexpr u32 kGranulesPerBlock = kBlockSize / ir::kGcAlignment;
  static constexpr u32 kBitmapWordsPerBlock = kGranulesPerBlock / 64;
  /// The last block is never used either: every end of an object is a 32-bit offset.
  static constexpr u32 kMaxBlocks = static_cast<u32>(kHeapSize / kBlockSize) - 1;
  static constexpr u64 kMinThreshold = u64{4} << 20;

  enum class BlockState : u8 {
    free,
    swept,   ///< small objects; its gaps were handed out since the last collection
    pending, ///< small objects; its gaps were not looked at yet
    large,
    tail, ///< of a large object
  };
  struct Block {
    u32 head; ///< tail: first block; large: count
    BlockState state;
    bool is_dirty; ///< free: not known to be zero
  };

  GcHeap(ir::VMStoreContext& vm, Budget& budget, const Config& config);
  Status reserve();
  u32 allocate(u64 size_bytes, u32 type, u32 length);
  u32 allocate_slow(u64 size_bytes);
  u32 try_allocate(u64 size_bytes);
  bool next_run(u32 size_bytes);
  bool next_gap(u32 size_bytes);
  void set_run(u32 start, u32 end);
  void retire_run();
  u32 allocate_medium(u32 size_bytes);
  u32 allocate_blocks(u64 count);
  bool grow(u64 count);
  void make_zero(u32 first, u64 count);
  u64 object_size(u32 offset) const;
  void finish_marking();
  void free_blocks(u32 first, u32 count);
  void poison_gaps();

  static bool bit(const u64* map, u32 offset) {
    return (map[offset / 512] >> (offset / 8 % 64) & 1) != 0;
  }
  static void set_bit(u64* map, u32 offset) { map[offset / 512] |= u64{1} << (offset / 8 % 64); }

  ir::VMStoreContext& vm_;
  Budget& budget_;
  Config config_;
  u8* base_ = nullptr;
  u8* tables_ = nullptr; ///< both bitmaps and the block table
  u64* starts_ = nullptr;
  u64* marks_ = nullptr;
  Block* blocks_ = nullptr;
  u32 block_count_ = kFirstBlock; ///< blocks below are committed
  u32 free_hint_ = kFirstBlock;   ///< no free block lies below
  u32 sweep_block_ = kFirstBlock;
  u32 sweep_offset_ = 0; ///< within sweep_block_
  u32 run_start_ = 0;
  u32 medium_free_ = 0;
  u32 medium_end_ = 0;
  u64 allocated_ = 0; ///< bytes handed out since the last collection
  u64 threshold_ = kMinThreshold;
  u64 live_bytes_ = 0;
  u64 collections_ = 0;
  u64 charged_ = 0;
  std::vector<const ir::GcTypeLayout*> types_; ///< by canonical id
  std::vector<ir::FuncRef*> funcs_;
  std::vector<u32> func_slots_; ///< hash table of indices into funcs_
  struct Handle {
    u64 reference;
    u32 generation;
    u32 next_free;
  };
  std::vector<Handle> handles_;
  u32 free_handle_ = 0;
  class GcRootScope* root_scopes_ = nullptr;
};

/// Values that only C++ knows, kept alive while the scope exists. Scopes nest; `values` may change in between.
class GcRootScope {
public:
  GcRootScope(GcHeap* heap, const std::vector<RawVal>& values) : heap_(heap), values_(values) {
    if (heap_ != nullptr) {
      outer_ = heap_->root_scopes_;
      heap_->root_scopes_ = this;
    }
  }
  ~GcRootScope() {
    if (heap_ != nullptr) {
      heap_->root_scopes_ = outer_;
    }
  }
  GcRootScope(const GcRootScope&) = delete;
  GcRootScope& operator=(const GcRootScope&) = delete;

private:
  friend class GcMarker;
  GcHeap* heap_;
  const std::vector<RawVal>& values_;
  GcRootScope* outer_ = nullptr;
};

/// One collection's marking: an explicit stack, which may overflow (then the mark bitmap is walked).
class GcMarker {
public:
  explicit GcMarker(GcHeap& heap) : heap_(heap) {}
  ~GcMarker();
  GcMarker(const GcMarker&) = delete;
  GcMarker& operator=(const GcMarker&) = delete;
  /// A reference: null, i31, or the start of an object.
  void mark(u64 reference);
  /// Any bytes: aligned 4-byte words as offsets, 8-byte words as addresses, interior values count.
  void scan(const void* begin, const void* end);

private:
  friend class GcHeap;
  void run();
  void mark_object(u32 offset);
  void mark_word(u32 word);
  void push(u32 offset);
  bool has_room();
  void trace(u32 offset);
  void drain();
  void retrace_all();

  GcHeap& heap_;
  u32* stack_ = nullptr;
  u64 stack_size_ = 0;
  u64 stack_capacity_ = 0;
  bool has_overflowed_ = false;
};

} // namespace petrel::runtime
