// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/table.h"

#include <algorithm>
#include <new>

#include "base/format.h"
#include "base/os.h"
#include "runtime/instance.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

namespace {
constexpr u64 kPage = 4096;
} // namespace

Table::Table(const ir::TableType& type, Budget& budget)
    : type_(type), budget_(budget), holds_funcs_(is_func_heap(type.element.heap())) {}

Result<std::unique_ptr<Table>> Table::create(const ir::TableType& type, Budget& budget) {
  std::unique_ptr<Table> table(new (std::nothrow) Table(type, budget));
  CHECK(table != nullptr);
  const Limits& limits = type.limits;
  table->capacity_ = limits.has_max != 0 ? std::min(limits.max, kMaxElements) : kMaxElements;
  if (limits.min > table->capacity_) {
    return fail(ErrorClass::limit, strf("table of %llu elements exceeds limit %llu",
                                        static_cast<unsigned long long>(limits.min),
                                        static_cast<unsigned long long>(kMaxElements)));
  }
  table->reservation_size_ =
      align_up(std::max<u64>(table->capacity_, 1) * table->entry_size(), kPage);
  table->own_pair_.elems = sys::reserve(table->reservation_size_);
  if (table->own_pair_.elems == nullptr) {
    return fail(ErrorClass::limit, "no address space left for a table");
  }
  if (table->grow(0, limits.min) < 0) {
    return fail(ErrorClass::limit,
                strf("table of %llu elements exceeds the memory limit (--max-memory)",
                     static_cast<unsigned long long>(limits.min)));
  }
  return table;
}

Table::~Table() {
  budget_.refund(committed_bytes_);
  sys::release(static_cast<u8*>(pair_->elems), reservation_size_);
}

u64 Table::get(u64 index) {
  CHECK(index < size());
  if (!holds_funcs_) {
    return static_cast<const u64*>(pair_->elems)[index];
  }
  const ir::FuncRef* ref = static_cast<const ir::FuncTableEntry*>(pair_->elems)[index].func_ref;
  const u64 bits = reinterpret_cast<u64>(ref);
  if (bits == ir::kFuncRefUnmade && !lazy_.empty()) {
    return make(index);
  }
  return bits == ir::kFuncRefNull ? 0 : bits;
}

void Table::fill_lazily(u64 start, Instance& instance, ElemIdx elem) {
  CHECK(can_fill_lazily());
  lazy_.push_back({start, &instance, elem});
}

u64 Table::make(u64 index) {
  for (auto fill = lazy_.rbegin(); fill != lazy_.rend(); ++fill) {
    const u64 count = fill->instance->ir().elems()[fill->elem.index()].funcs.count;
    if (index >= fill->start && index - fill->start < count) {
      const u64 reference =
          fill->instance->elem_value(fill->elem, static_cast<u32>(index - fill->start));
      set(index, reference);
      return reference;
    }
  }
  return 0;
}

void Table::set(u64 index, u64 reference) {
  CHECK(index < size());
  was_set_ = true;
  if (!holds_funcs_) {
    static_cast<u64*>(pair_->elems)[index] = reference;
    return;
  }
  auto& entry = static_cast<ir::FuncTableEntry*>(pair_->elems)[index];
  if (reference == 0) {
    // SAFETY: kFuncRefNull is a tag that no reader dereferences (type_id 0 fails every check first).
    entry = {nullptr, 0, nullptr, reinterpret_cast<ir::FuncRef*>(ir::kFuncRefNull)};
    return;
  }
  // SAFETY: validation makes every non-null reference in a function table a FuncRef of this Store.
  auto* ref = reinterpret_cast<ir::FuncRef*>(reference);
  entry = {ref->code, ref->type_id, ref->ctx, ref};
}

i64 Table::grow(u64 reference, u64 delta) {
  const u64 old_size = size();
  if (delta > capacity_ - old_size) {
    return -1;
  }
  const u64 needed = align_up((old_size + delta) * entry_size(), kPage);
  if (needed > committed_bytes_) {
    const u64 more = needed - committed_bytes_;
    if (!budget_.charge(more)) {
      return -1;
    }
    if (!sys::commit(static_cast<u8*>(pair_->elems) + committed_bytes_, more)) {
      budget_.refund(more);
      return -1;
    }
    committed_bytes_ = needed;
  }
  pair_->size += delta;
  if (reference != 0) { // fresh memory is null already
    for (u64 i = old_size; i < old_size + delta; ++i) {
      set(i, reference);
    }
  }
  return static_cast<i64>(old_size);
}

} // namespace petrel::runtime
