// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memories at their limits: declared maximum, address space of the type, the store's budget; each met exactly and passed
// by one. And the list of waiters without threads.
#include "runtime/memory.h"

#undef CHECK // doctest has its own
#include <doctest/doctest.h>

namespace petrel::runtime {
namespace {

constexpr u64 kPage = 0x10000;

std::shared_ptr<Memory> make(const Limits& limits, u64 budget_bytes) {
  auto memory = Memory::create(limits, std::make_shared<Budget>(budget_bytes));
  return memory ? *memory : nullptr;
}

} // namespace

TEST_CASE("the declared maximum") {
  for (u8 is_64 : {u8{0}, u8{1}}) {
    auto memory = make({.min = 1, .max = 3, .has_max = 1, .is_64 = is_64}, 10 * kPage);
    REQUIRE(memory != nullptr);
    CHECK(memory->grow(3) == -1);
    CHECK(memory->grow(~u64{0}) == -1);
    CHECK(memory->grow(2) == 1);
    CHECK(memory->grow(1) == -1);
    CHECK(memory->grow(0) == 3);
    CHECK(memory->size_bytes() == 3 * kPage);
  }
}

TEST_CASE("the budget, met exactly and passed by one") {
  for (u8 is_64 : {u8{0}, u8{1}}) {
    CHECK(make({.min = 4, .is_64 = is_64}, 4 * kPage) != nullptr);
    CHECK(make({.min = 5, .is_64 = is_64}, 4 * kPage) == nullptr);
    auto memory = make({.min = 1, .is_64 = is_64}, 4 * kPage);
    CHECK(memory->grow(4) == -1);
    CHECK(memory->grow(3) == 1);
    CHECK(memory->grow(1) == -1);
  }
  CHECK(make({.min = u64{1} << 48, .is_64 = 1}, ~u64{0}) == nullptr); // no such address space
  CHECK(make({.min = ~u64{0}, .is_64 = 1, .page_size_log2 = 0}, ~u64{0}) == nullptr);
}

TEST_CASE("memories share a budget and give it back") {
  auto budget = std::make_shared<Budget>(3 * kPage);
  auto first = *Memory::create({.min = 2}, budget);
  CHECK_FALSE(Memory::create({.min = 2, .is_64 = 1}, budget).has_value());
  first.reset();
  CHECK(Memory::create({.min = 3, .is_64 = 1}, budget).has_value());
  CHECK(Memory::create({.min = 3}, budget).has_value()); // the last one is gone already
}

TEST_CASE("pages of one byte are charged in pages of the host") {
  auto memory = make({.min = 1, .page_size_log2 = 0}, 8192);
  REQUIRE(memory != nullptr);
  CHECK(memory->size_bytes() == 1);
  CHECK(memory->grow(4096) == 1);
  CHECK(memory->grow(4095) == 4097);
  CHECK(memory->grow(1) == -1);
  memory->base()[8191] = 1;
  CHECK(memory->slice(8191, 0, 1) != nullptr);
  CHECK(memory->slice(8191, 0, 2) == nullptr);
  CHECK(memory->slice(8192, 0, 0) != nullptr);
  CHECK(memory->slice(8193, 0, 0) == nullptr);
  CHECK(memory->slice(~u64{0}, 1, 0) == nullptr);
  CHECK(memory->slice(1, ~u64{0}, 1) == nullptr);
  CHECK(memory->slice(0, 1, ~u64{0}) == nullptr);
}

TEST_CASE("waiting without other threads") {
  WaitList list;
  u32 word = 5;
  u64 wide = 6;
  const u32 calm = 0;
  const u32 interrupted = 1;
  CHECK(list.wait32(&word, 4, -1, &calm) == WaitList::Outcome::not_equal);
  CHECK(list.wait64(&wide, 5, -1, &calm) == WaitList::Outcome::not_equal);
  CHECK(list.wait32(&word, 5, 0, &calm) == WaitList::Outcome::timed_out);
  CHECK(list.wait64(&wide, 6, 1, &calm) == WaitList::Outcome::timed_out);
  CHECK(list.wait32(&word, 5, -1, &interrupted) == WaitList::Outcome::interrupted);
  CHECK(list.notify(&word, ~0u) == 0); // none of them is left in the list
}

} // namespace petrel::runtime
