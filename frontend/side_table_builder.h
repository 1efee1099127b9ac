// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The visitor that writes the side table (format: ir/side_table.h) while a body is validated. Forward branches are not
// known when they are met: each open block keeps a list, threaded through the entries themselves, of those that
// wait for its `end`.
//
// An entry's length depends on dstp only when a body is huge; so that it is known at once, the long form is chosen when
// the operand motion needs it or when the body is so large that dstp might not fit (a table has at most four words
// per code byte, so below kLongBodyBytes it always fits).
#pragma once

#include <vector>

#include "frontend/body_decoder.h"
#include "ir/side_table.h"

namespace petrel::frontend {

class SideTableBuilder {
public:
  /// Appends to `words`; entries of one body start at words.size() at construction.
  SideTableBuilder(std::vector<u32>& words, u32 body_bytes)
      : words_(words), start_(narrow<u32>(words.size())), always_long_(body_bytes >= kLongBodyBytes) {}

  /// Ready for another body, buffers kept.
  void reset(u32 body_bytes) {
    start_ = narrow<u32>(words_.size());
    always_long_ = body_bytes >= kLongBodyBytes;
    blocks_.clear();
    run_end_ = 0;
  }
  u32 start() const { return start_; }

  template <ir::Op kOp, typename Decoder> void op(Decoder& d, const Instr& in) {
    using ir::Op;
    if constexpr (kOp == Op::Block) {
      block_run(d, in);
      open(in.offset + in.size_bytes);
    } else if constexpr (kOp == Op::Loop) {
      open(in.offset + in.size_bytes);
    } else if constexpr (kOp == Op::If) {
      open(in.offset + in.size_bytes);
      blocks_.back().false_edge = emit_waiting(in.offset, 0, 0, 0);
    } else if constexpr (kOp == Op::Else) {
      Block& block = blocks_.back();
      block.pending = emit_waiting(in.offset, 0, 0, block.pending);
      settle(block.false_edge, in.offset + in.size_bytes, position());
      block.false_edge = 0;
    } else if constexpr (kOp == Op::End) {
      close(in.offset);
    } else if constexpr (kOp == Op::Br || kOp == Op::BrIf) {
      branch(d, in.offset, in.index);
    } else if constexpr (kOp == Op::BrTable) {
      branch_table(d, in);
    } else if constexpr (kOp == Op::Call || kOp == Op::CallIndirect) {
      words_.push_back(in.index);
      words_.push_back(in.size_bytes);
    }
  }

private:
  /// Four words per code byte is more than any instruction makes; i24 reaches 2^23 units of two words.
  static constexpr u32 kLongBodyBytes = (1u << 23) * 2 / 4;

  struct Block {
    u32 loop_target = 0;   ///< file offset behind a loop's opcode and type
    u32 loop_position = 0; ///< words there
    u32 pending = 0;       ///< first waiting entry: word index + 1, 0 = none
    u32 false_edge = 0;    ///< of an `if` that has seen no else: word index + 1
  };
  /// A waiting entry holds in word 0 the file offset of its instruction; the link to the next waiting one is kept in
  /// `links_` by word position.
  struct Waiting {
    u32 next;
    u32 from_word; ///< word that dstp counts from
    bool is_record; ///< record of a br_table: dpc and dstp lie apart
    u32 entry_word;
  };

  u32 position() const { return static_cast<u32>(words_.size()); }
  void open(u32 target) {
    Block block;
    block.loop_target = target;
    block.loop_position = position();
    blocks_.push_back(block);
  }

  template <typename Decoder> void block_run(Decoder& d, const Instr& in) {
    if (in.offset < run_end_) {
      return; // inside a run that starts earlier: never executed on its own
    }
    const u32 length = d.block_run_bytes(in.at);
    if (length != 0) {
      words_.push_back(length);
      words_.push_back(0);
      run_end_ = in.offset + length;
    }
  }

  struct Motion {
    u32 keep;
    u32 drop;
  };
  template <typename Decoder> static Motion motion(const Decoder& d, const ControlFrame& target, usize depth) {
    if (depth + 1 == d.depth() || d.is_unreachable()) {
      return {0, 0}; // the function's `end` takes the topmost results; dead code never moves anything
    }
    const u32 keep = static_cast<u32>(d.label_types(target).size());
    const u32 drop = d.height() - target.height - keep;
    return drop == 0 ? Motion{0, 0} : Motion{keep, drop};
  }

  /// Adds an entry whose target is not known; its waiting number + 1.
  u32 emit_waiting(u32 offset, u32 keep, u32 drop, u32 next) {
    const u32 at = emit(offset, keep, drop);
    return wait({next, at, false, at});
  }
  u32 wait(Waiting waiting) {
    waiting_.push_back(waiting);
    return narrow<u32>(waiting_.size());
  }
  /// Adds an entry with its motion; word 0 keeps the instruction's offset until it is settled.
  u32 emit(u32 offset, u32 keep, u32 drop) {
    const u32 at = position();
    const ir::BranchEntry entry{.dpc = 0, .keep = keep, .drop = drop, .dstp = 0};
    words_.push_back(offset);
    if (!always_long_ && entry.is_short()) {
      words_.push_back(entry.short_word());
      return at;
    }
    CHECK(keep < 1u << 24);
    words_.push_back(keep << 8 | ir::kBranchDescLong);
    words_.push_back(drop);
    words_.push_back(0);
    return at;
  }
  /// Fills in target distances of one waiting entry.
  void settle_one(const Waiting& w, u32 target_offset, u32 target_position) {
    const i64 words = i64{target_position} - w.from_word;
    CHECK(words % 2 == 0);
    const i32 dstp = narrow<i32>(words / 2);
    words_[w.entry_word] = static_cast<u32>(narrow<i32>(i64{target_offset} - words_[w.entry_word]));
    if (w.is_record) {
      words_[w.from_word + 2] = static_cast<u32>(dstp);
    } else if ((words_[w.entry_word + 1] & ir::kBranchDescMask) == ir::kBranchDescLong) {
      words_[w.entry_word + 3] = static_cast<u32>(dstp);
    } else {
      CHECK(dstp >= -(1 << 23) && dstp < (1 << 23));
      words_[w.entry_word + 1] |= static_cast<u32>(dstp) << 8;
    }
  }
  void settle(u32 first, u32 target_offset, u32 target_position) {
    for (u32 at = first; at != 0; at = waiting_[at - 1].next) {
      settle_one(waiting_[at - 1], target_offset, target_position);
    }
  }
  void close(u32 end_offset) {
    if (blocks_.empty()) { // the function's own end
      settle(function_pending_, end_offset, position());
      function_pending_ = 0;
      waiting_.clear();
      return;
    }
    const Block block = blocks_.back();
    blocks_.pop_back();
    settle(block.pending, end_offset, position());
    settle(block.false_edge, end_offset, position());
  }

  /// The list of entries that wait for a label's end; null for loops.
  u32* pending_of(u32 label) {
    return label == blocks_.size() ? &function_pending_ : &blocks_[blocks_.size() - 1 - label].pending;
  }
  template <typename Decoder> void branch(Decoder& d, u32 offset, u32 label) {
    const ControlFrame& target = d.frame(label);
    const Motion m = motion(d, target, label);
    if (target.op != ir::Op::Loop) {
      u32* pending = pending_of(label);
      *pending = emit_waiting(offset, m.keep, m.drop, *pending);
      return;
    }
    const Block& loop = blocks_[blocks_.size() - 1 - label];
    const u32 at = emit(offset, m.keep, m.drop);
    settle_one({0, at, false, at}, loop.loop_target, loop.loop_position);
  }

  template <typename Decoder> void branch_table(Decoder& d, const Instr& in) {
    const u32 first = position();
    words_.resize(words_.size() + 2 * (usize{in.labels.count()} + 1));
    records_.clear();
    u32 entry = first;
    in.labels.for_each([&](u32 label) {
      table_entry(d, in.offset, entry, label);
      entry += 2;
    });
  }
  template <typename Decoder> void table_entry(Decoder& d, u32 offset, u32 entry, u32 label) {
    const ControlFrame& target = d.frame(label);
    const Motion m = motion(d, target, label);
    const ir::BranchEntry parts{.dpc = 0, .keep = m.keep, .drop = m.drop, .dstp = 0};
    words_[entry] = offset;
    Waiting w{0, entry, false, entry};
    if (always_long_ || !parts.is_short()) {
      const u32 record = record_for(label, m);
      const u32 distance = (record - entry) / 2;
      CHECK(distance < 1u << 24);
      words_[entry + 1] = distance << 8 | ir::kBranchDescLong;
      w.from_word = record;
      w.is_record = true;
    } else {
      words_[entry + 1] = parts.short_word();
    }
    if (target.op == ir::Op::Loop) {
      const Block& loop = blocks_[blocks_.size() - 1 - label];
      settle_one(w, loop.loop_target, loop.loop_position);
      return;
    }
    u32* pending = pending_of(label);
    w.next = *pending;
    *pending = wait(w);
  }
  /// The record behind the table for a label, made once per label.
  u32 record_for(u32 label, Motion m) {
    for (const auto& [known, at] : records_) {
      if (known == label) {
        return at;
      }
    }
    const u32 at = position();
    words_.insert(words_.end(), {m.keep, m.drop, 0u, 0u});
    records_.push_back({label, at});
    return at;
  }

  std::vector<u32>& words_;
  u32 start_;
  bool always_long_;
  std::vector<Block> blocks_;
  std::vector<Waiting> waiting_;
  std::vector<std::pair<u32, u32>> records_;
  u32 function_pending_ = 0;
  u32 run_end_ = 0;
};

} // namespace petrel::frontend
