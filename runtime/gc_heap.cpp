// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks, runs and allocation; the collector is in gc_collector.cpp.
#include "runtime/gc_heap.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/os.h"

namespace petrel::runtime {

namespace {
constexpr u64 kPage = 4096;
constexpr u64 kEndGuard = u64{1} << 20; // a corrupted offset plus a field's offset stays inside
constexpr u64 kMinGrowth = u64{256} << 10;
constexpr u64 kMaxGrowth = u64{8} << 20;
constexpr u64 kDiscardBytes = u64{1} << 20; // from here on the kernel zeroes faster
constexpr u32 kMinGap = 64;                 // smaller gaps wait for their neighbours to die
constexpr u64 kBitmapSize = GcHeap::kHeapSize / (8 * ir::kGcAlignment);
} // namespace

GcHeap::GcHeap(ir::VMStoreContext& vm, Budget& budget, const Config& config)
    : vm_(vm), budget_(budget), config_(config), funcs_(1) {}

Result<std::unique_ptr<GcHeap>> GcHeap::create(ir::VMStoreContext& vm, Budget& budget,
                                               const Config& config) {
  std::unique_ptr<GcHeap> heap(new (std::nothrow) GcHeap(vm, budget, config));
  CHECK(heap != nullptr);
  TRY(heap->reserve());
  return heap;
}

Status GcHeap::reserve() {
  base_ = sys::reserve(kHeapSize + kEndGuard);
  tables_ = sys::reserve(2 * kBitmapSize + kMaxBlocks * sizeof(Block));
  if (base_ == nullptr || tables_ == nullptr) {
    return fail(ErrorClass::limit, "no address space left for the GC heap");
  }
  // SAFETY: three parts of one reservation, page aligned.
  starts_ = reinterpret_cast<u64*>(tables_);
  marks_ = reinterpret_cast<u64*>(tables_ + kBitmapSize);
  blocks_ = reinterpret_cast<Block*>(tables_ + 2 * kBitmapSize);
  vm_.gc_heap_base = base_;
  vm_.gc_free = 0;
  vm_.gc_free_end = 0;
  return {};
}

GcHeap::~GcHeap() {
  budget_.refund(charged_);
  if (base_ != nullptr) {
    sys::release(base_, kHeapSize + kEndGuard);
  }
  if (tables_ != nullptr) {
    sys::release(tables_, 2 * kBitmapSize + kMaxBlocks * sizeof(Block));
  }
  vm_.gc_heap_base = nullptr;
  vm_.gc_free = 0;
  vm_.gc_free_end = 0;
}

void GcHeap::define_type(u64 type_id, const ir::GcTypeLayout& layout) {
  CHECK(type_id != 0 && type_id <= ir::kGcTypeIdMask);
  CHECK(layout.kind == ir::GcKind::struct_ || layout.kind == ir::GcKind::array);
  if (type_id >= types_.size()) {
    types_.resize(std::max<usize>(type_id + 1, types_.size() * 2));
  }
  types_[type_id] = &layout;
}

// --- Objects ---------------------------------------------------------------------------------------------

u32 GcHeap::allocate_struct(u64 type_id) {
  return allocate(layout(static_cast<u32>(type_id)).size_bytes,
                  ir::gc_type_word(ir::GcKind::struct_, type_id), 0);
}

u32 GcHeap::allocate_array(u64 type_id, u64 length) {
  if (length > kHeapSize) {
    return 0;
  }
  const u64 bytes = length << layout(static_cast<u32>(type_id)).element_log2;
  return allocate(align_up(ir::kGcHeaderSize + bytes, ir::kGcAlignment),
                  ir::gc_type_word(ir::GcKind::array, type_id), static_cast<u32>(length));
}

u32 GcHeap::allocate_exception(u32 tag, u32 count) {
  const u32 object = allocate(kExceptionPayload + u64{count} * sizeof(RawVal),
                              ir::gc_type_word(ir::GcKind::exception, 0), count);
  if (object != 0) {
    *static_cast<u64*>(at(object, ir::kGcHeaderSize)) = tag;
  }
  return object;
}

u32 GcHeap::allocate_host(u64 value) {
  const u32 object =
      allocate(ir::kGcHeaderSize + sizeof(u64), ir::gc_type_word(ir::GcKind::host, 0), 0);
  if (object != 0) {
    *static_cast<u64*>(at(object, ir::kGcHeaderSize)) = value;
  }
  return object;
}

/// Bytes of the object at `offset`, whose header is valid.
u64 GcHeap::object_size(u32 offset) const {
  ir::GcHeader found;
  std::memcpy(&found, base_ + offset, sizeof found);
  switch (found.kind()) {
  case ir::GcKind::struct_: return layout(found.type_id()).size_bytes;
  case ir::GcKind::array:
    return align_up(ir::kGcHeaderSize + (u64{found.length} << layout(found.type_id()).element_log2),
                    ir::kGcAlignment);
  case ir::GcKind::exception: return kExceptionPayload + u64{found.length} * sizeof(RawVal);
  case ir::GcKind::host: return ir::kGcHeaderSize + sizeof(u64);
  case ir::GcKind::none: break;
  }
  check_failed("GC object without header", __FILE__, __LINE__);
}

u32 GcHeap::allocate(u64 size_bytes, u32 type, u32 length) {
  u32 object = 0;
  if (size_bytes <= vm_.gc_free_end - vm_.gc_free) {
    object = static_cast<u32>(vm_.gc_free);
    vm_.gc_free += size_bytes;
  } else {
    object = allocate_slow(size_bytes);
    if (object == 0) {
      return 0;
    }
  }
  header(object) = {type, length};
  return object;
}

u32 GcHeap::allocate_slow(u64 size_bytes) {
  if (size_bytes > kHeapSize) {
    return 0;
  }
  const bool is_due = config_.zeal || allocated_ + size_bytes > threshold_;
  if (is_due) {
    collect();
  }
  u32 object = try_allocate(size_bytes);
  if (object == 0 && !is_due) {
    collect();
    object = try_allocate(size_bytes);
  }
  return object;
}

/// Without collecting; 0: nothing left.
u32 GcHeap::try_allocate(u64 size_bytes) {
  if (size_bytes > kMaxMedium) {
    const u64 count = align_up(size_bytes, kBlockSize) / kBlockSize;
    const u32 object = allocate_blocks(count);
    if (object != 0) {
      set_bit(starts_, object);
      allocated_ += count * kBlockSize;
    }
    return object;
  }
  const u32 size = static_cast<u32>(size_bytes);
  if (size > kMaxSmall) {
    return allocate_medium(size);
  }
  retire_run();
  if (!next_run(size)) {
    return 0;
  }
  if (config_.zeal) { // the next allocation comes here again
    vm_.gc_free_end = vm_.gc_free + size;
  }
  const u32 object = static_cast<u32>(vm_.gc_free);
  vm_.gc_free += size;
  return object;
}

// --- Runs ------------------------------------------------------------------------------------------------

/// Records where the objects of the current run start; afterwards there is no run.
void GcHeap::retire_run() {
  const u32 end = static_cast<u32>(vm_.gc_free);
  for (u32 at = run_start_; at < end; at += static_cast<u32>(object_size(at))) {
    set_bit(starts_, at);
  }
  run_start_ = 0;
  vm_.gc_free = 0;
  vm_.gc_free_end = 0;
}

void GcHeap::set_run(u32 start, u32 end) {
  run_start_ = start;
  vm_.gc_free = start;
  vm_.gc_free_end = end;
  allocated_ += end - start;
}

bool GcHeap::next_run(u32 size_bytes) {
  if (next_gap(size_bytes)) {
    return true;
  }
  const u32 start = allocate_blocks(1);
  if (start == 0) {
    return false;
  }
  blocks_[start / kBlockSize].state = BlockState::swept;
  set_run(start, start + kBlockSize);
  return true;
}

/// Takes the next gap between survivors as run, if it has room.
bool GcHeap::next_gap(u32 size_bytes) {
  const u32 wanted = std::max(size_bytes, kMinGap);
  for (; sweep_block_ < block_count_; ++sweep_block_, sweep_offset_ = 0) {
    Block& block = blocks_[sweep_block_];
    if (block.state != BlockState::pending) {
      continue;
    }
    const u64* const bits = starts_ + u64{sweep_block_} * kBitmapWordsPerBlock;
    const u32 block_start = sweep_block_ * kBlockSize;
    while (sweep_offset_ < kBlockSize) {
      const u32 gap = sweep_offset_;
      // The next survivor at or behind the gap's start.
      u32 word = gap / 512;
      u64 rest = bits[word] >> (gap / 8 % 64) << (gap / 8 % 64);
      while (rest == 0 && ++word < kBitmapWordsPerBlock) {
        rest = bits[word];
      }
      u32 gap_end = kBlockSize;
      if (rest != 0) {
        gap_end = word * 512 + static_cast<u32>(std::countr_zero(rest)) * 8;
        sweep_offset_ = gap_end + static_cast<u32>(object_size(block_start + gap_end));
      } else {
        sweep_offset_ = kBlockSize;
      }
      if (gap_end - gap >= wanted) {
        std::memset(base_ + block_start + gap, 0, gap_end - gap);
        set_run(block_start + gap, block_start + gap_end);
        return true;
      }
    }
    block.state = BlockState::swept;
  }
  return false;
}

/// Objects that would waste the rest of the current run lie in blocks of their own kind.
u32 GcHeap::allocate_medium(u32 size_bytes) {
  if (medium_end_ - medium_free_ < size_bytes) {
    const u32 start = allocate_blocks(1);
    if (start == 0) {
      return 0;
    }
    blocks_[start / kBlockSize].state = BlockState::swept;
    allocated_ += kBlockSize;
    medium_free_ = start;
    medium_end_ = start + kBlockSize;
  }
  const u32 object = medium_free_;
  medium_free_ += size_bytes;
  set_bit(starts_, object);
  return object;
}

// --- Blocks ----------------------------------------------------------------------------------------------

/// Takes `count` consecutive zeroed blocks, as of one large object; their address, or 0.
u32 GcHeap::allocate_blocks(u64 count) {
  u32 first = free_hint_;
  u32 length = 0;
  bool is_hint = true;
  for (u32 at = first; at < block_count_ && length < count; ++at) {
    if (blocks_[at].state == BlockState::free) {
      if (is_hint) { // the lowest free block there is
        free_hint_ = at;
        is_hint = false;
      }
      first = length == 0 ? at : first;
      ++length;
    } else {
      length = 0;
    }
  }
  if (length == 0) {
    first = block_count_;
  }
  if (is_hint) {
    free_hint_ = block_count_;
  }
  if (length < count && !grow(count - length)) {
    return 0;
  }
  make_zero(first, count);
  blocks_[first] = {static_cast<u32>(count), BlockState::large, false};
  for (u32 i = 1; i < count; ++i) {
    blocks_[first + i] = {first, BlockState::tail, false};
  }
  return first * kBlockSize;
}

void GcHeap::make_zero(u32 first, u64 count) {
  u8* const start = base_ + u64{first} * kBlockSize;
  const u64 size = count * kBlockSize;
  const bool is_dirty = std::any_of(blocks_ + first, blocks_ + first + count,
                                    [](const Block& block) { return block.is_dirty; });
  if (is_dirty && (size < kDiscardBytes || !sys::discard(start, size))) {
    std::memset(start, 0, size);
  }
}

/// Commits at least `count` more blocks behind the last one.
bool GcHeap::grow(u64 count) {
  if (count > kMaxBlocks - block_count_) {
    return false;
  }
  constexpr u64 kTablesPerBlock = 2 * sizeof(u64) * kBitmapWordsPerBlock + sizeof(Block);
  const u64 step = std::clamp(committed_bytes() / 4, kMinGrowth, kMaxGrowth) / kBlockSize;
  u64 blocks = std::min<u64>(std::max(count, step), kMaxBlocks - block_count_);
  if (!budget_.charge(blocks * (kBlockSize + kTablesPerBlock))) {
    blocks = count; // near the limit only what is needed
    if (!budget_.charge(blocks * (kBlockSize + kTablesPerBlock))) {
      return false;
    }
  }
  // Pages that hold the tables' part of the new blocks; committing one twice does no harm.
  auto commit_table = [&](void* table, u64 entry_bytes) {
    u8* const bytes = static_cast<u8*>(table);
    const u64 from = block_count_ * entry_bytes / kPage * kPage;
    const u64 to = align_up((block_count_ + blocks) * entry_bytes, kPage);
    return sys::commit(bytes + from, to - from);
  };
  constexpr u64 kBitmapBytesPerBlock = sizeof(u64) * kBitmapWordsPerBlock;
  if (!commit_table(starts_, kBitmapBytesPerBlock) || !commit_table(marks_, kBitmapBytesPerBlock) ||
      !commit_table(blocks_, sizeof(Block)) ||
      !sys::commit(base_ + u64{block_count_} * kBlockSize, blocks * kBlockSize)) {
    budget_.refund(blocks * (kBlockSize + kTablesPerBlock));
    return false;
  }
  charged_ += blocks * (kBlockSize + kTablesPerBlock);
  free_hint_ = std::min(free_hint_, block_count_); // fresh blocks are {0, free, clean}
  block_count_ += static_cast<u32>(blocks);
  return true;
}

// --- Functions and handles -------------------------------------------------------------------------------

u32 GcHeap::func_index(ir::FuncRef* func) {
  if (func == nullptr) {
    return 0;
  }
  auto place = [&](const ir::FuncRef* key) {
    usize slot = (reinterpret_cast<u64>(key) >> 6) * 0x9e3779b97f4a7c15 >> 20;
    for (;; ++slot) {
      slot &= func_slots_.size() - 1;
      if (func_slots_[slot] == 0 || funcs_[func_slots_[slot]] == key) {
        return slot;
      }
    }
  };
  if (funcs_.size() * 2 >= func_slots_.size()) {
    func_slots_.assign(std::max<usize>(64, func_slots_.size() * 2), 0);
    for (u32 i = 1; i < funcs_.size(); ++i) {
      func_slots_[place(funcs_[i])] = i;
    }
  }
  const usize slot = place(func->self);
  if (func_slots_[slot] == 0) {
    func_slots_[slot] = narrow<u32>(funcs_.size());
    funcs_.push_back(func->self);
  }
  return func_slots_[slot];
}

GcHandle GcHeap::protect(u64 reference) {
  if (free_handle_ == 0) {
    if (handles_.empty()) {
      handles_.push_back({}); // index 0 ends the free list
    }
    handles_.push_back({0, 1, 0});
    free_handle_ = narrow<u32>(handles_.size() - 1);
  }
  const u32 index = free_handle_;
  free_handle_ = handles_[index].next_free;
  handles_[index].reference = reference;
  return {index, handles_[index].generation};
}

u64 GcHeap::get(GcHandle handle) const {
  CHECK(handle.index < handles_.size() && handles_[handle.index].generation == handle.generation);
  return handles_[handle.index].reference;
}

void GcHeap::release(GcHandle handle) {
  CHECK(handle.index < handles_.size() && handles_[handle.index].generation == handle.generation);
  handles_[handle.index] = {0, handle.generation + 1, free_handle_};
  free_handle_ = handle.index;
}

} // namespace petrel::runtime
