// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/format.h"
#include "base/os.h"

namespace petrel::runtime {

namespace {
constexpr u64 kHostPage = 4096;
constexpr u64 kEndGuard = 0x10000;
constexpr u64 kMaxReservation = u64{1} << 44; // of a memory that is not guarded
} // namespace

Result<std::shared_ptr<Memory>> Memory::create(const Limits& limits,
                                               std::shared_ptr<Budget> budget) {
  std::shared_ptr<Memory> memory(new (std::nothrow) Memory(limits, std::move(budget)));
  CHECK(memory != nullptr);
  if (!memory->reserve()) {
    return fail(ErrorClass::limit, "no address space left for a linear memory");
  }
  if (limits.is_shared != 0) {
    memory->waiters_ = std::make_unique<WaitList>();
  }
  if (memory->grow(limits.min) < 0) {
    return fail(ErrorClass::limit,
                strf("memory of %llu pages exceeds the memory limit (--max-memory)",
                     static_cast<unsigned long long>(limits.min)));
  }
  return memory;
}

#if defined(PETREL_TSAN)
// What the sanitizer does not watch: neither instrumented nor a library call that it intercepts.
__attribute__((no_sanitize("thread"))) void Memory::move(u8* to, const u8* from, u64 size_bytes) {
  const bool is_backward = to > from;
  for (u64 i = 0; i < size_bytes; ++i) {
    const u64 at = is_backward ? size_bytes - 1 - i : i;
    to[at] = from[at];
    asm volatile("");
  }
}

__attribute__((no_sanitize("thread"))) void Memory::fill(u8* to, u8 byte, u64 size_bytes) {
  for (u64 i = 0; i < size_bytes; ++i) {
    to[i] = byte;
    asm volatile("");
  }
}
#else
void Memory::move(u8* to, const u8* from, u64 size_bytes) { std::memmove(to, from, size_bytes); }

void Memory::fill(u8* to, u8 byte, u64 size_bytes) { std::memset(to, byte, size_bytes); }
#endif

Memory::~Memory() {
  if (reservation_ != nullptr) {
    budget_->refund(committed_bytes_);
    sys::release(reservation_, reservation_size_);
  }
}

/// Sets capacity and base.
bool Memory::reserve() {
  const u32 log2 = limits_.page_size_log2;
  const u64 declared = limits_.has_max != 0 ? limits_.max : ~u64{0};
  u64 before_base = 0;
  if (is_guarded()) {
    capacity_pages_ = std::min(declared, ir::kMemoryGuardedIndex >> log2);
    before_base = ir::kMemoryPreGuard;
    reservation_size_ = ir::kMemoryPreGuard + ir::kMemoryReservation;
  } else {
    // The budget cannot be exceeded anyway.
    capacity_pages_ = std::min(declared, std::min(budget_->limit(), kMaxReservation) >> log2);
    reservation_size_ = align_up(capacity_pages_ << log2, kHostPage) + kEndGuard;
  }
  reservation_ = sys::reserve(reservation_size_);
  own_pair_.base = reservation_ + before_base;
  return reservation_ != nullptr;
}

/// Makes the first `size_bytes` accessible and charges what was not charged yet.
bool Memory::commit(u64 size_bytes) {
  const u64 needed = align_up(size_bytes, kHostPage);
  if (needed <= committed_bytes_) {
    return true;
  }
  const u64 more = needed - committed_bytes_;
  if (!budget_->charge(more)) {
    return false;
  }
  if (!sys::commit(pair_->base + committed_bytes_, more)) {
    budget_->refund(more);
    return false;
  }
  committed_bytes_ = needed;
  return true;
}

Status Memory::map_contents(u64 address, u64 size_bytes, int fd, u64 file_offset) {
  u8* start = slice(address, 0, size_bytes);
  CHECK(start != nullptr && address % kHostPage == 0 && size_bytes % kHostPage == 0);
  if (!sys::map_file_over(start, size_bytes, fd, file_offset)) {
    return fail(ErrorClass::limit, "cannot map the initial contents of a linear memory");
  }
  return {};
}

i64 Memory::grow(u64 delta_pages) {
  std::unique_lock<std::mutex> lock(growing_, std::defer_lock);
  if (is_shared()) {
    lock.lock();
  }
  const u64 old_pages = size_pages();
  if (delta_pages > capacity_pages_ - old_pages) {
    return -1;
  }
  const u64 new_bytes = (old_pages + delta_pages) << limits_.page_size_log2;
  if (!commit(new_bytes)) {
    return -1;
  }
  __atomic_store_n(&pair_->size, new_bytes, __ATOMIC_RELEASE);
  return static_cast<i64>(old_pages);
}

} // namespace petrel::runtime
