// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"

#include <new>

#include "base/format.h"
#include "base/os.h"

namespace petrel::runtime {

namespace {
constexpr u64 kMaxPages32 = 0x10000;
} // namespace

Result<std::unique_ptr<Memory>> Memory::create(const Limits& limits, Budget& budget) {
  CHECK(limits.page_size_log2 == 16 && !limits.is_64);
  std::unique_ptr<Memory> memory(new (std::nothrow) Memory(limits, budget));
  CHECK(memory != nullptr);
  memory->reservation_size_ = ir::kMemoryPreGuard + ir::kMemoryReservation;
  memory->reservation_ = sys::reserve(memory->reservation_size_);
  if (memory->reservation_ == nullptr) {
    return fail(ErrorClass::limit, "no address space left for a linear memory");
  }
  memory->own_pair_.base = memory->reservation_ + ir::kMemoryPreGuard;
  if (memory->grow(limits.min) < 0) {
    return fail(ErrorClass::limit,
                strf("memory of %llu pages exceeds the memory limit (--max-memory)",
                     static_cast<unsigned long long>(limits.min)));
  }
  return memory;
}

Memory::~Memory() {
  if (reservation_ != nullptr) {
    budget_.refund(pair_->size);
    sys::release(reservation_, reservation_size_);
  }
}

i64 Memory::grow(u64 delta_pages) {
  const u64 old_pages = size_pages();
  const u64 max_pages =
      limits_.has_max != 0 && limits_.max < kMaxPages32 ? limits_.max : kMaxPages32;
  if (delta_pages > max_pages - old_pages) {
    return -1;
  }
  const u64 delta_bytes = delta_pages << limits_.page_size_log2;
  if (delta_bytes != 0) {
    if (!budget_.charge(delta_bytes)) {
      return -1;
    }
    if (!sys::commit(pair_->base + pair_->size, delta_bytes)) {
      budget_.refund(delta_bytes);
      return -1;
    }
    pair_->size += delta_bytes;
  }
  return static_cast<i64>(old_pages);
}

} // namespace petrel::runtime
