// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables (specification §4.2.7). A funcref table has 32-byte entries {code, type id, context, FuncRef*} that
// compiled code reads without an indirection; other tables have one 64-bit slot per element. An entry whose last
// word is kFuncRefUnmade (fresh zero memory) is null, or a function of an active segment that nobody asked for yet: in
// native Stores such segments fill the table element by element, so that instantiation takes no time for them.
//
// Elements live in a reservation of the maximal size, so that they never move while compiled code holds the base.
#pragma once

#include <vector>

#include "base/result.h"
#include "ir/module.h"
#include "ir/vm.h"
#include "runtime/memory.h"

namespace petrel::runtime {

class Instance;

class Table {
public:
  /// Reserves room for the maximum (at most kMaxElements) and makes `limits.min` null elements.
  static Result<std::unique_ptr<Table>> create(const ir::TableType& type, Budget& budget);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  ir::TablePair* pair() const { return pair_; }
  void place_pair(ir::TablePair* where) {
    *where = *pair_;
    pair_ = where;
  }
  u64 size() const { return pair_->size; }
  bool holds_funcs() const { return holds_funcs_; }
  ir::TableType type() const {
    ir::TableType now = type_;
    now.limits.min = size();
    return now;
  }

  /// Reference at `index` < size(): 0 is null. Makes the entry if it is to come from a segment.
  u64 get(u64 index);
  void set(u64 index, u64 reference);
  /// Nothing was ever set: fresh entries are all there is.
  bool can_fill_lazily() const { return holds_funcs_ && !was_set_; }
  /// Elements [start, start + count of the segment) will be the segment's functions; later calls win.
  void fill_lazily(u64 start, Instance& instance, ElemIdx elem);
  /// Previous size, or -1.
  i64 grow(u64 reference, u64 delta);
  /// True when [index, index + count) lies inside; no wrap.
  bool contains(u64 index, u64 count) const { return index <= size() && count <= size() - index; }

private:
  static constexpr u64 kMaxElements = 10'000'000;
  struct LazyFill {
    u64 start;
    Instance* instance;
    ElemIdx elem;
  };
  u64 make(u64 index);
  Table(const ir::TableType& type, Budget& budget);
  u64 entry_size() const { return holds_funcs_ ? ir::kFuncTableEntrySize : ir::kRefTableEntrySize; }

  ir::TableType type_;
  Budget& budget_;
  bool holds_funcs_;
  bool was_set_ = false;
  std::vector<LazyFill> lazy_;
  u64 capacity_ = 0; ///< elements the reservation has room for
  u64 committed_bytes_ = 0;
  u64 reservation_size_ = 0;
  ir::TablePair own_pair_{};
  ir::TablePair* pair_ = &own_pair_;
};

} // namespace petrel::runtime
