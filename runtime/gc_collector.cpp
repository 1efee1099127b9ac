// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Marking and what follows it. Roots come from GcHeap::Config::visit_roots (globals, tables, stacks …), handles and root
// scopes. Tracing is exact inside structs and arrays (their layouts say where references are), conservative in exception
// payloads. The mark stack is a vector with a limit: beyond it objects stay marked but untraced, and
// the mark bitmap is walked for them afterwards, so a collection always ends and never recurses.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/os.h"
#include "runtime/gc_heap.h"

namespace petrel::runtime {

namespace {
constexpr u64 kMinMarkStack = 0x4000;
constexpr u64 kHeapBytesPerMarkEntry = 64;
constexpr u32 kDiscardBlocks = 16;
constexpr int kPoison = 0xdb; // zeal: what is freed; odd words, so that no reference leads anywhere
} // namespace

void GcHeap::collect() {
  retire_run();
  medium_free_ = 0;
  medium_end_ = 0;
  std::memset(marks_ + u64{kFirstBlock} * kBitmapWordsPerBlock, 0,
              u64{block_count_ - kFirstBlock} * kBitmapWordsPerBlock * sizeof(u64));
  live_bytes_ = 0;
  GcMarker marker(*this);
  marker.run();
  finish_marking();
  allocated_ = 0;
  threshold_ = std::max(kMinThreshold, live_bytes_);
  ++collections_;
}

/// What is not marked is free from here on; gaps inside blocks are found when allocation needs them.
void GcHeap::finish_marking() {
  std::swap(starts_, marks_);
  for (u32 at = kFirstBlock; at < block_count_;) {
    Block& block = blocks_[at];
    u32 count = 1;
    switch (block.state) {
    case BlockState::free: break;
    case BlockState::swept:
    case BlockState::pending: {
      const u64* const bits = starts_ + u64{at} * kBitmapWordsPerBlock;
      if (std::all_of(bits, bits + kBitmapWordsPerBlock, [](u64 word) { return word == 0; })) {
        free_blocks(at, 1);
      } else {
        block.state = BlockState::pending;
      }
      break;
    }
    case BlockState::large:
      count = block.head;
      if (!bit(starts_, at * kBlockSize)) {
        free_blocks(at, count);
      }
      break;
    case BlockState::tail: check_failed("tail block without head", __FILE__, __LINE__);
    }
    at += count;
  }
  sweep_block_ = kFirstBlock;
  sweep_offset_ = 0;
  free_hint_ = kFirstBlock;
  if (config_.zeal) {
    poison_gaps();
  }
}

void GcHeap::free_blocks(u32 first, u32 count) {
  u8* const start = base_ + u64{first} * kBlockSize;
  const bool is_clean = count >= kDiscardBlocks && sys::discard(start, u64{count} * kBlockSize);
  for (u32 i = 0; i < count; ++i) {
    blocks_[first + i] = {0, BlockState::free, !is_clean};
  }
  if (config_.zeal && !is_clean) {
    std::memset(start, kPoison, u64{count} * kBlockSize);
  }
}

/// Overwrites everything between survivors.
void GcHeap::poison_gaps() {
  for (u32 at = kFirstBlock; at < block_count_; ++at) {
    if (blocks_[at].state != BlockState::pending) {
      continue;
    }
    u64 gap = u64{at} * kBlockSize;
    const u64 end = gap + kBlockSize;
    for (u64 offset = gap; offset < end; offset += ir::kGcAlignment) {
      if (bit(starts_, static_cast<u32>(offset))) {
        std::memset(base_ + gap, kPoison, offset - gap);
        offset += object_size(static_cast<u32>(offset)) - ir::kGcAlignment;
        gap = offset + ir::kGcAlignment;
      }
    }
    std::memset(base_ + gap, kPoison, end - gap);
  }
}

u32 GcHeap::find_object(u64 offset) const {
  const u64 block_idx = offset / kBlockSize;
  if (block_idx < kFirstBlock || block_idx >= block_count_) {
    return 0;
  }
  const Block& block = blocks_[block_idx];
  u32 found = 0;
  switch (block.state) {
  case BlockState::free: return 0;
  case BlockState::large: found = static_cast<u32>(block_idx) * kBlockSize; break;
  case BlockState::tail: found = block.head * kBlockSize; break;
  case BlockState::swept:
  case BlockState::pending: {
    // The last start at or before the offset's granule, within the block.
    const u64* const bits = starts_ + block_idx * kBitmapWordsPerBlock;
    const u32 granule = static_cast<u32>(offset % kBlockSize / ir::kGcAlignment);
    u32 word = granule / 64;
    u64 below = bits[word] & (~u64{0} >> (63 - granule % 64));
    while (below == 0 && word > 0) {
      below = bits[--word];
    }
    if (below == 0) {
      return 0;
    }
    const u32 start = word * 64 + 63 - static_cast<u32>(std::countl_zero(below));
    found = static_cast<u32>(block_idx) * kBlockSize + start * ir::kGcAlignment;
    break;
  }
  }
  return offset < found + object_size(found) ? found : 0;
}

// --- Marking -----------------------------------------------------------------------------------------------

void GcMarker::run() {
  for (const GcHeap::Handle& handle : heap_.handles_) {
    mark(handle.reference);
  }
  for (const GcRootScope* scope = heap_.root_scopes_; scope != nullptr; scope = scope->outer_) {
    scan(scope->values_.data(), scope->values_.data() + scope->values_.size());
  }
  if (heap_.config_.visit_roots != nullptr) {
    heap_.config_.visit_roots(heap_.config_.roots_data, *this);
  }
  drain();
  while (has_overflowed_) {
    has_overflowed_ = false;
    retrace_all();
  }
}

void GcMarker::mark(u64 reference) {
  if (reference != 0 && !ir::is_i31(reference)) {
    mark_object(static_cast<u32>(reference));
  }
}

void GcMarker::mark_object(u32 offset) {
  if (GcHeap::bit(heap_.marks_, offset)) {
    return;
  }
  GcHeap::set_bit(heap_.marks_, offset);
  heap_.live_bytes_ += heap_.object_size(offset);
  push(offset);
}

/// A word that may be anything.
void GcMarker::mark_word(u32 word) {
  if (word >= GcHeap::kFirstBlock * GcHeap::kBlockSize) {
    if (const u32 object = heap_.find_object(word); object != 0) {
      mark_object(object);
    }
  }
}

[[gnu::no_sanitize("address", "thread", "memory"), gnu::noinline]] void
GcMarker::scan(const void* begin, const void* end) {
  u64 at = align_up(reinterpret_cast<u64>(begin), sizeof(u32));
  const u64 limit = reinterpret_cast<u64>(end);
  const u64 base = reinterpret_cast<u64>(heap_.base_);
  for (; at + sizeof(u32) <= limit; at += sizeof(u32)) {
    // SAFETY: aligned, inside the range that the caller owns; volatile: any type may lie there.
    const u32 word = *reinterpret_cast<const volatile u32*>(at);
    mark_word(word);
    if (at % sizeof(u64) == 0 && at + sizeof(u64) <= limit) {
      const u64 address = *reinterpret_cast<const volatile u64*>(at);
      if (address >= base && address < base + GcHeap::kHeapSize) {
        mark_word(static_cast<u32>(address - base));
      }
    }
  }
}

GcMarker::~GcMarker() { std::free(stack_); }

/// Makes room for one more entry, unless the limit is reached or the system has no memory.
bool GcMarker::has_room() {
  if (stack_size_ < stack_capacity_) {
    return true;
  }
  const u64 by_heap = std::max(kMinMarkStack, heap_.committed_bytes() / kHeapBytesPerMarkEntry);
  const u64 capacity = std::min(
      {std::max(kMinMarkStack, stack_capacity_ * 2), by_heap, heap_.config_.mark_stack_limit});
  if (capacity <= stack_capacity_) {
    return false;
  }
  auto* const grown = static_cast<u32*>(std::realloc(stack_, capacity * sizeof(u32)));
  if (grown == nullptr) {
    return false;
  }
  stack_ = grown;
  stack_capacity_ = capacity;
  return true;
}

void GcMarker::push(u32 offset) {
  if (!has_room()) {
    has_overflowed_ = true;
    return;
  }
  stack_[stack_size_++] = offset;
}

void GcMarker::trace(u32 offset) {
  const ir::GcHeader header = heap_.header(offset);
  switch (header.kind()) {
  case ir::GcKind::struct_:
    for (u32 field : heap_.layout(header.type_id()).ref_offsets) {
      mark(*static_cast<const u32*>(heap_.at(offset, field)));
    }
    return;
  case ir::GcKind::array:
    if (heap_.layout(header.type_id()).has_ref_elements) {
      const u32* const elements = static_cast<const u32*>(heap_.at(offset, ir::kGcHeaderSize));
      for (u32 i = 0; i < header.length; ++i) {
        mark(elements[i]);
      }
    }
    return;
  case ir::GcKind::exception:
    for (u32 i = 0; i < header.length; ++i) {
      mark_word(heap_.exception_value(offset, i).i32);
    }
    return;
  case ir::GcKind::host:
  case ir::GcKind::none: return;
  }
}

void GcMarker::drain() {
  while (stack_size_ != 0) {
    trace(stack_[--stack_size_]);
  }
}

/// Traces every marked object again: those that overflowed among them.
void GcMarker::retrace_all() {
  const u64 words = u64{heap_.block_count_} * GcHeap::kBitmapWordsPerBlock;
  for (u64 word = u64{GcHeap::kFirstBlock} * GcHeap::kBitmapWordsPerBlock; word < words; ++word) {
    for (u64 rest = heap_.marks_[word]; rest != 0; rest &= rest - 1) {
      trace(static_cast<u32>((word * 64 + static_cast<u32>(std::countr_zero(rest))) *
                             ir::kGcAlignment));
      drain();
    }
  }
}

} // namespace petrel::runtime
