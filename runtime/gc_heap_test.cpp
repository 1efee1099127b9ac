// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc_heap.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <doctest/doctest.h>

namespace petrel::runtime {

namespace {

constexpr u32 kPairFields[] = {8, 12};
constexpr ir::GcTypeLayout kPair{.kind = ir::GcKind::struct_,
                                 .size_bytes = 24,
                                 .ref_offsets = kPairFields}; // two references, an i64
constexpr ir::GcTypeLayout kBytes{.kind = ir::GcKind::array, .element_log2 = 0};
constexpr ir::GcTypeLayout kRefs{
    .kind = ir::GcKind::array, .element_log2 = 2, .has_ref_elements = true};
constexpr ir::GcTypeLayout kEmpty{.kind = ir::GcKind::struct_, .size_bytes = 8};
constexpr u32 kPairId = 7;
constexpr u32 kBytesId = 8;
constexpr u32 kRefsId = 9;
constexpr u32 kEmptyId = 10;

/// A heap whose roots are a vector of references and a range that is scanned.
struct Fixture {
  explicit Fixture(u64 limit_bytes = u64{1} << 30, bool zeal = false,
                   u64 mark_stack_limit = ~u64{0})
      : budget(limit_bytes) {
    auto made = GcHeap::create(vm, budget,
                               {.zeal = zeal,
                                .mark_stack_limit = mark_stack_limit,
                                .visit_roots = &visit,
                                .roots_data = this});
    REQUIRE(made.has_value());
    heap = *std::move(made);
    heap->define_type(kPairId, kPair);
    heap->define_type(kBytesId, kBytes);
    heap->define_type(kRefsId, kRefs);
    heap->define_type(kEmptyId, kEmpty);
  }
  static void visit(void* data, GcMarker& marker) {
    auto& self = *static_cast<Fixture*>(data);
    for (u64 root : self.roots) {
      marker.mark(root);
    }
    marker.scan(self.words.data(), self.words.data() + self.words.size());
  }
  u32 pair(u32 first, u32 second, u64 number) {
    const u32 made = heap->allocate_struct(kPairId);
    REQUIRE(made != 0);
    field(made, 8) = first;
    field(made, 12) = second;
    std::memcpy(heap->at(made, 16), &number, sizeof number);
    return made;
  }
  u32& field(u32 object, u32 offset) { return *static_cast<u32*>(heap->at(object, offset)); }
  u64 number(u32 object) {
    u64 value = 0;
    std::memcpy(&value, heap->at(object, 16), sizeof value);
    return value;
  }
  /// Whether an object that has a mark of its own is still where it was.
  bool is_alive(u32 object) { return heap->find_object(object) == object; }

  ir::VMStoreContext vm{};
  Budget budget;
  std::unique_ptr<GcHeap> heap;
  std::vector<u64> roots;
  std::vector<u64> words; ///< scanned conservatively
};

} // namespace

TEST_CASE("an empty heap has committed nothing") {
  Fixture f(0); // no budget at all
  CHECK(f.heap->committed_bytes() == 0);
  CHECK(f.heap->allocate_struct(kPairId) == 0);
  f.heap->collect();
  CHECK(f.heap->find_object(0x20000) == 0);
}

TEST_CASE("objects are aligned, zeroed, disjoint, and have their headers") {
  Fixture f;
  std::set<u32> seen;
  u32 last_end = 0;
  for (u32 i = 0; i < 20000; ++i) {
    const u32 length = i % 100;
    const u32 object =
        i % 3 == 0 ? f.heap->allocate_struct(kPairId) : f.heap->allocate_array(kBytesId, length);
    REQUIRE(object != 0);
    CHECK(object % 8 == 0);
    CHECK(seen.insert(object).second);
    const u32 size = i % 3 == 0 ? 24 : (8 + length + 7) / 8 * 8;
    CHECK((object >= last_end || object + size <= last_end));
    last_end = object + size;
    const auto* bytes = static_cast<const u8*>(f.heap->at(object, 8));
    CHECK(std::all_of(bytes, bytes + size - 8, [](u8 byte) { return byte == 0; }));
    std::memset(f.heap->at(object, 8), 0xff, size - 8);
    CHECK(f.heap->header(object).length == (i % 3 == 0 ? 0 : length));
    CHECK(f.heap->header(object).type_id() == (i % 3 == 0 ? kPairId : kBytesId));
    if (i % 3 == 0) { // no wild references for a collection to follow
      std::memset(f.heap->at(object, 8), 0, 8);
    }
  }
}

TEST_CASE("the fast path is the free run of the store context") {
  Fixture f;
  const u32 first = f.heap->allocate_struct(kPairId);
  CHECK(f.vm.gc_free == first + 24);
  CHECK(f.vm.gc_free_end > f.vm.gc_free);
  CHECK(f.vm.gc_heap_base == f.heap->at(0));
  // What compiled code does inline.
  const u32 second = static_cast<u32>(f.vm.gc_free);
  f.vm.gc_free += 24;
  f.heap->header(second) = {ir::gc_type_word(ir::GcKind::struct_, kPairId), 0};
  f.roots = {second};
  f.heap->collect();
  CHECK(f.is_alive(second));
  CHECK_FALSE(f.is_alive(first));
  CHECK(f.heap->live_bytes() == 24);
}

TEST_CASE("what is reachable survives, the rest is used again") {
  Fixture f;
  const u32 kept = f.pair(f.pair(1, 3, 11), 0, 10);
  f.roots = {kept};
  const u64 before = f.heap->collections();
  for (u32 i = 0; i < 3'000'000; ++i) { // 72 MB
    f.pair(0, 0, i);
  }
  CHECK(f.heap->collections() > before + 3);
  CHECK(f.heap->committed_bytes() < u64{16} << 20);
  CHECK(f.number(kept) == 10);
  CHECK(f.number(f.field(kept, 8)) == 11);
  CHECK(f.field(f.field(kept, 8), 8) == 1); // an i31 stays as it is
}

TEST_CASE("cycles die together and live together") {
  Fixture f;
  const u32 a = f.pair(0, 0, 1);
  const u32 b = f.pair(a, 0, 2);
  f.field(a, 8) = b;
  f.field(a, 12) = a;
  f.roots = {b};
  f.heap->collect();
  CHECK(f.is_alive(a));
  CHECK(f.is_alive(b));
  f.roots.clear();
  f.heap->collect();
  CHECK_FALSE(f.is_alive(a));
  CHECK_FALSE(f.is_alive(b));
  CHECK(f.heap->live_bytes() == 0);
}

TEST_CASE("conservative scanning: offsets, addresses and interior values keep objects") {
  Fixture f;
  const u32 by_offset = f.pair(0, 0, 1);
  const u32 by_interior = f.pair(0, 0, 2);
  const u32 by_address = f.pair(0, 0, 3);
  const u32 large = f.heap->allocate_array(kBytesId, 1'000'000);
  const u32 large_by_address = f.heap->allocate_array(kBytesId, 300'000);
  const u32 dead = f.pair(0, 0, 4);
  f.words = {u64{by_offset} << 32 | 0x12345, by_interior + 23,
             reinterpret_cast<u64>(f.heap->at(by_address, 16)), large + 999'999,
             reinterpret_cast<u64>(f.heap->at(large_by_address, 299'999))};
  f.heap->collect();
  CHECK(f.is_alive(by_offset));
  CHECK(f.is_alive(by_interior));
  CHECK(f.is_alive(by_address));
  CHECK(f.is_alive(large));
  CHECK(f.is_alive(large_by_address));
  CHECK_FALSE(f.is_alive(dead));
  CHECK(f.heap->find_object(by_interior + 23) == by_interior);
  CHECK(f.heap->find_object(by_interior + 24) != by_interior);
  CHECK(f.heap->find_object(large + 1'000'007) == large);
  CHECK(f.heap->find_object(large + 1'000'008) == 0); // behind its end, in its last block
  CHECK(f.heap->find_object(0) == 0);
  CHECK(f.heap->find_object(8) == 0);
  CHECK(f.heap->find_object(0xfffffff8) == 0);
}

TEST_CASE("gaps between survivors are handed out zeroed") {
  Fixture f;
  std::vector<u32> kept;
  for (u32 i = 0; i < 40'000; ++i) {
    const u32 object = f.pair(1, 1, ~u64{0});
    if (i % 10 == 0) {
      f.roots.push_back(object);
    }
  }
  const u64 committed = f.heap->committed_bytes();
  f.heap->collect();
  CHECK(f.heap->live_bytes() == 4000 * 24);
  for (u32 i = 0; i < 30'000; ++i) {
    const u32 object = f.heap->allocate_struct(kPairId);
    CHECK(f.field(object, 8) == 0);
    CHECK(f.number(object) == 0);
    f.field(object, 8) = 1;
  }
  CHECK(f.heap->committed_bytes() == committed);
  for (u64 root : f.roots) {
    CHECK(f.number(static_cast<u32>(root)) == ~u64{0});
  }
}

TEST_CASE("deep lists and wide arrays, with and without room on the mark stack") {
  for (u64 limit : {~u64{0}, u64{100}, u64{0}}) {
    CAPTURE(limit);
    Fixture f(u64{1} << 30, false, limit);
    f.roots = {0};
    for (u32 i = 0; i < (limit == 0 ? 2000u : 300'000u); ++i) {
      f.roots[0] = f.pair(static_cast<u32>(f.roots[0]), 0, i);
    }
    const u32 array = f.heap->allocate_array(kRefsId, 10'000);
    f.roots.push_back(array);
    for (u32 i = 0; i < 10'000; ++i) {
      f.field(array, 8 + 4 * i) = f.pair(f.heap->allocate_struct(kEmptyId), 0, i);
    }
    f.heap->collect();
    const u64 length = limit == 0 ? 2000 : 300'000;
    CHECK(f.heap->live_bytes() == length * 24 + 8 + 40'000 + 10'000 * (24 + 8));
    u32 at = static_cast<u32>(f.roots[0]);
    for (u64 i = length; i-- > 0;) {
      REQUIRE(f.number(at) == i);
      at = f.field(at, 8);
    }
  }
}

TEST_CASE("large objects come and go as whole blocks") {
  Fixture f(u64{64} << 20);
  for (u32 i = 0; i < 100; ++i) { // 1 GB in all
    const u32 big = f.heap->allocate_array(kBytesId, 10'000'000);
    REQUIRE(big != 0);
    auto* bytes = static_cast<u8*>(f.heap->at(big, 8));
    CHECK(bytes[0] == 0);
    CHECK(bytes[9'999'999] == 0);
    bytes[0] = 1;
    bytes[9'999'999] = 1;
  }
  // The sizes at which the kind of allocation changes.
  for (u64 size :
       {0x800u, 0x7f8u, 0x7f9u, 0x7ff8u, 0x7ff9u, 0xfff8u, 0xfff9u, 0x1fff8u, 0x1fff9u}) {
    const u32 object = f.heap->allocate_array(kBytesId, size);
    REQUIRE(object != 0);
    f.roots.push_back(object);
    auto* bytes = static_cast<u8*>(f.heap->at(object, 8));
    CHECK(std::all_of(bytes, bytes + size, [](u8 byte) { return byte == 0; }));
    std::memset(bytes, 0x55, size);
  }
  f.heap->collect();
  for (u64 root : f.roots) {
    const u32 object = static_cast<u32>(root);
    CHECK(f.is_alive(object));
    const auto* bytes = static_cast<const u8*>(f.heap->at(object, 8));
    CHECK(std::all_of(bytes, bytes + f.heap->header(object).length,
                      [](u8 byte) { return byte == 0x55; }));
  }
}

TEST_CASE("the memory limit holds, and exhaustion is an answer") {
  Fixture f(u64{4} << 20);
  f.roots = {0};
  u32 count = 0;
  for (;; ++count) {
    const u32 object = f.heap->allocate_struct(kPairId);
    if (object == 0) {
      break;
    }
    f.field(object, 8) = static_cast<u32>(f.roots[0]);
    f.roots[0] = object;
  }
  CHECK(count > (u64{3} << 20) / 24);
  CHECK(f.heap->committed_bytes() <= u64{4} << 20);
  CHECK(f.heap->allocate_array(kBytesId, 100) == 0);
  f.roots.clear();
  CHECK(f.heap->allocate_array(kBytesId, 100) != 0); // collected and gone on
  CHECK(f.heap->allocate_array(kBytesId, u64{5} << 20) == 0);
  CHECK(f.heap->allocate_array(kBytesId, 0xffffffff) == 0);
  CHECK(f.heap->allocate_array(kRefsId, 0xffffffff) == 0);
  CHECK(f.heap->allocate_exception(0, 0xffffffff) == 0);
}

TEST_CASE("the whole budget comes back") {
  Budget budget(u64{8} << 20);
  ir::VMStoreContext vm{};
  {
    auto heap = GcHeap::create(vm, budget, {});
    REQUIRE(heap.has_value());
    (*heap)->define_type(kBytesId, kBytes);
    CHECK((*heap)->allocate_array(kBytesId, 5'000'000) != 0);
    CHECK_FALSE(budget.charge(u64{6} << 20));
  }
  CHECK(budget.charge(u64{8} << 20));
}

TEST_CASE("exceptions and host values") {
  Fixture f;
  const u32 inner = f.pair(0, 0, 77);
  const u32 exception = f.heap->allocate_exception(5, 3);
  f.heap->set_exception_value(exception, 1, RawVal::of_i64(inner));
  f.heap->set_exception_value(exception, 2, RawVal::of_i64(~u64{0}));
  const u32 host = f.heap->allocate_host(0x123456789);
  f.roots = {exception, host};
  f.heap->collect();
  CHECK(f.is_alive(inner));
  CHECK(f.heap->exception_tag(exception) == 5);
  CHECK(f.heap->header(exception).length == 3);
  CHECK(f.heap->exception_value(exception, 1).i64 == inner);
  CHECK(f.heap->is_host(host));
  CHECK_FALSE(f.heap->is_host(inner));
  CHECK_FALSE(f.heap->is_host(3)); // an i31
  CHECK(f.heap->host_value(host) == 0x123456789);
}

TEST_CASE("handles and root scopes keep objects") {
  Fixture f;
  const GcHandle handle = f.heap->protect(f.pair(0, 0, 1));
  const GcHandle other = f.heap->protect(f.pair(0, 0, 2));
  std::vector<RawVal> values = {RawVal::of_i64(f.pair(0, 0, 3))};
  {
    const GcRootScope scope(f.heap.get(), values);
    f.heap->collect();
    CHECK(f.heap->live_bytes() == 72);
  }
  f.heap->release(other);
  f.heap->collect();
  CHECK(f.heap->live_bytes() == 24);
  CHECK(f.number(static_cast<u32>(f.heap->get(handle))) == 1);
  const GcHandle again = f.heap->protect(0); // takes the freed place under another generation
  CHECK(again.index == other.index);
  CHECK(again.generation != other.generation);
  f.heap->release(handle);
  f.heap->collect();
  CHECK(f.heap->live_bytes() == 0);
}

TEST_CASE("zeal collects at every allocation and poisons") {
  Fixture f(u64{1} << 30, true);
  const u32 dead = f.pair(0, 0, 1);
  const u64 before = f.heap->collections();
  f.roots = {f.pair(0, 0, 2)};
  CHECK(f.heap->collections() == before + 1);
  CHECK(f.number(dead) != 1);
  f.roots.push_back(f.heap->allocate_array(kBytesId, 100));
  f.roots.push_back(f.heap->allocate_array(kBytesId, 10'000));
  f.roots.push_back(f.heap->allocate_array(kBytesId, 100'000));
  f.heap->collect();
  CHECK(f.heap->collections() == before + 5);
  CHECK(f.number(static_cast<u32>(f.roots[0])) == 2);
  CHECK(f.heap->live_bytes() == 24 + 112 + 10'008 + 100'008);
}

TEST_CASE("functions inside objects are indices") {
  Fixture f;
  std::vector<ir::FuncRef> funcs(1000);
  for (ir::FuncRef& func : funcs) {
    func.self = &func;
  }
  CHECK(f.heap->func_index(nullptr) == 0);
  CHECK(f.heap->func_at(0) == nullptr);
  for (ir::FuncRef& func : funcs) {
    const u32 index = f.heap->func_index(&func);
    CHECK(index != 0);
    CHECK(f.heap->func_at(index) == &func);
  }
  CHECK(f.heap->func_index(&funcs[3]) == 4);
}

} // namespace petrel::runtime
