// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The visitor that writes the side table (format: ir/side_table.h) while a body is validated. A forward branch is not
// known when it is met: each open block has a list of the entries that wait for its `end`, threaded through `waiting_`.
//
// Every branch entry takes one word, so that the length of what is written never depends on a distance. A branch that moves
// operands, or turns out to go too far for the word, gets a record behind the body's last entry (`far_`). An instruction makes
// at most kMaxWordsPerByte words per code byte, so room for a body is made once and not checked again.
//
// Handlers of exceptions (format: ir/handler_table.h) are built along with it; they have places to wait for as branches
// do, and lists them among the waiting entries of a block, so that blocks without handlers pay nothing.
//
// All buffers live across bodies.
#pragma once

#include <algorithm>
#include <vector>

#include "frontend/body_decoder.h"
#include "frontend/record_stack.h"
#include "ir/handler_table.h"
#include "ir/side_table.h"

namespace petrel::frontend {

class SideTableBuilder {
public:
  /// A label or `else` of one byte makes an entry and at most a record of four words.
  static constexpr u32 kMaxWordsPerByte = 1 + ir::kBranchRecordWords;

  /// Appends to `handlers`.
  explicit SideTableBuilder(std::vector<ir::Handler>& handlers) : handlers_(handlers) {}

  /// Ready for the next body, whose words go to `words`: kMaxWordsPerByte for each of its bytes.
  void reset(u32* words) {
    words_ = words;
    size_ = 0;
    run_end_ = 0;
    waiting_used_ = 0;
    waiting_free_ = 0;
    far_.clear();
    blocks_.clear();
    blocks_.push_back(Block()); // the function's label
    first_handler_ = handlers_.size();
    catch_depth_ = 0;
    exception_locals_ = 0;
  }
  /// The body is done: adds the records, brings its handlers into their order.
  void finish_body() {
    add_records();
    if (handlers_.size() != first_handler_) {
      std::sort(handlers_.begin() + static_cast<std::ptrdiff_t>(first_handler_), handlers_.end(),
                [](const ir::Handler& a, const ir::Handler& b) {
                  return a.end != b.end ? a.end < b.end : a.clause < b.clause;
                });
    }
  }
  /// Forgets the body's handlers.
  void discard() { handlers_.resize(first_handler_); }
  u32 size_words() const { return size_; }
  /// The body's handlers.
  u32 first_handler() const { return narrow<u32>(first_handler_); }
  u32 handler_count() const { return narrow<u32>(handlers_.size() - first_handler_); }
  /// Locals for exceptions that the body needs.
  u32 exception_locals() const { return exception_locals_; }

  template <ir::Op kOp, typename Decoder>
  [[gnu::always_inline]] inline void op(Decoder& d, const Instr& in) {
    using ir::Op;
    if constexpr (kOp == Op::Block) {
      block_run(d, in);
      blocks_.push_back({.part_start = in.offset + in.size_bytes});
    } else if constexpr (kOp == Op::Loop) {
      blocks_.push_back({.part_start = in.offset + in.size_bytes, .loop_or_catch = position()});
    } else if constexpr (kOp == Op::If) {
      const u32 edge = wait_near(emit(), 0, in.offset);
      blocks_.push_back({.part_start = in.offset + in.size_bytes, .false_edge = edge});
    } else if constexpr (kOp == Op::Else) {
      Block& block = blocks_.back();
      block.part_start = in.offset + in.size_bytes;
      block.pending = wait_near(emit(), block.pending, in.offset);
      settle(block.false_edge, block.part_start);
      block.false_edge = 0;
    } else if constexpr (kOp == Op::TryTable) {
      try_table(d, in);
    } else if constexpr (kOp == Op::Try) {
      blocks_.push_back({.part_start = in.offset + in.size_bytes, .loop_or_catch = kNone});
    } else if constexpr (kOp == Op::Catch || kOp == Op::CatchAll) {
      const bool is_catch = kOp == Op::Catch;
      legacy_catch(d, in, is_catch ? ir::HandlerKind::catch_ : ir::HandlerKind::catch_all);
    } else if constexpr (kOp == Op::Delegate) {
      delegate(in);
    } else if constexpr (kOp == Op::Rethrow) {
      append(in.size_bytes, handlers_[block(in.index).loop_or_catch].exception_local);
    } else if constexpr (kOp == Op::End) {
      settle(blocks_.back().pending, in.offset);
      settle(blocks_.back().false_edge, in.offset);
      blocks_.pop_back();
    } else if constexpr (kOp == Op::Br || kOp == Op::BrIf || kOp == Op::BrOnNull ||
                         kOp == Op::BrOnNonNull || kOp == Op::BrOnCast || kOp == Op::BrOnCastFail) {
      branch(d, emit(), in.offset, in.index);
    } else if constexpr (kOp == Op::BrTable) {
      branch_table(d, in);
    } else if constexpr (kOp == Op::Call || kOp == Op::CallIndirect || kOp == Op::CallRef ||
                         kOp == Op::ReturnCall || kOp == Op::ReturnCallIndirect ||
                         kOp == Op::ReturnCallRef) {
      words_[size_++] = ir::call_word(in.index, in.size_bytes); // limits: below kMaxCallIndex
    } else if constexpr (kOp == Op::StructGet || kOp == Op::StructGetS || kOp == Op::StructGetU ||
                         kOp == Op::StructSet || kOp == Op::ArrayGet || kOp == Op::ArrayGetS ||
                         kOp == Op::ArrayGetU || kOp == Op::ArraySet) {
      append(in.gc_access, in.size_bytes);
    }
  }

private:
  /// An open label.
  struct Block {
    u32 part_start =
        0; ///< file offset behind the opcode and type, or the latest else or catch; 0 for the function
    u32 loop_or_catch =
        0; ///< loop: words written at its start; try: handler of its latest catch, kNone = none yet
    u32 pending = 0;    ///< first waiting entry: index in waiting_ + 1, 0 = none
    u32 false_edge = 0; ///< `if` that has seen no else: likewise
  };
  static_assert(sizeof(Block) + sizeof(ControlFrame) <= 32, "bytes per nesting level");
  static constexpr u32 kNone = 0xffffffff;

  /// What waits for the end of a block.
  enum class Wait : u8 {
    near,    ///< a branch entry without target
    far,     ///< a branch with operand motion: an element of far_
    target,  ///< a handler's target
    clauses, ///< the end of what a try_table's handlers protect; its first handler
    catches, ///< a legacy block with catches ends
  };
  struct Waiting {
    u32 what; ///< a word, an element of far_, a handler
    u32 next;
    u32 offset; ///< near, far: file offset of the instruction
    Wait kind;
  };
  /// A branch that gets a record.
  struct Far {
    u32 entry;
    i32 dpc;
    u32 keep;
    u32 drop;
    u32 target_position;
    bool has_same_record(const Far& other) const {
      return dpc == other.dpc && keep == other.keep && drop == other.drop &&
             target_position == other.target_position;
    }
  };
  struct Motion {
    u32 keep = 0;
    u32 drop = 0;
  };

  u32 position() const { return size_; }
  void append(u32 first, u32 second) {
    words_[size_] = first;
    words_[size_ + 1] = second;
    size_ += 2;
  }
  /// Adds an entry to be filled in; its place.
  u32 emit() { return size_++; }
  Block& block(u32 label) { return blocks_.from_top(label); }
  /// The new head of a list that went on with `next`.
  [[gnu::always_inline]] inline u32 wait(const Waiting& waiting) {
    u32 at = waiting_free_;
    if (at != 0) {
      waiting_free_ = waiting_[at - 1].next;
    } else {
      if (waiting_used_ == waiting_.size()) [[unlikely]] {
        more_waiting();
      }
      at = ++waiting_used_;
    }
    waiting_[at - 1] = waiting;
    return at;
  }
  [[gnu::always_inline]] inline u32 wait_near(u32 entry, u32 next, u32 offset) {
    return wait({entry, next, offset, Wait::near});
  }
  [[gnu::noinline, gnu::cold]] void more_waiting() { waiting_.resize(waiting_.size() * 2 + 64); }

  template <typename Decoder> void block_run(Decoder& d, const Instr& in) {
    if (in.offset < run_end_) {
      return; // inside a run that starts earlier: never executed on its own
    }
    const u32 length = d.block_run_bytes(in.at);
    if (length != 0) {
      words_[size_++] = length;
      run_end_ = in.offset + length;
    }
  }

  /// Unreachable code never moves anything, and the function's `end` takes the topmost results itself. Operands that
  /// are missing are found when the visitor returns.
  template <typename Decoder> static Motion motion(const Decoder& d, const ControlFrame& target) {
    if (target.op == ir::Op::Call || d.is_unreachable()) {
      return {};
    }
    const bool has_types = target.sig_kind != ControlFrame::SigKind::empty;
    const u32 keep = has_types ? static_cast<u32>(d.label_types(target).size()) : 0;
    const u32 above = d.height() - target.height;
    return above <= keep ? Motion{} : Motion{keep, above - keep};
  }

  /// Fills in an entry without motion.
  [[gnu::always_inline]] inline void aim_near(u32 entry, u32 offset, u32 target_offset,
                                              u32 target_position) {
    // INVARIANT: bodies are shorter than 2^31 bytes and their tables than 2^31 words.
    const ir::BranchEntry parts{static_cast<i32>(target_offset - offset), 0, 0,
                                static_cast<i32>(target_position - entry)};
    if (parts.is_near()) [[likely]] {
      words_[entry] = parts.near_word();
    } else {
      far_.push_back({entry, parts.dpc, 0, 0, target_position});
    }
  }
  void aim_far(u32 far, u32 offset, u32 target_offset, u32 target_position) {
    far_[far].dpc = static_cast<i32>(target_offset - offset);
    far_[far].target_position = target_position;
  }
  /// Fills in all that waits in a list: its target is here.
  [[gnu::always_inline]] inline void settle(u32 first, u32 target_offset) {
    u32 last = 0;
    for (u32 at = first; at != 0; at = waiting_[at - 1].next) {
      const Waiting waiting = waiting_[at - 1];
      if (waiting.kind == Wait::near) [[likely]] {
        aim_near(waiting.what, waiting.offset, target_offset, position());
      } else {
        settle_other(waiting, target_offset);
      }
      last = at;
    }
    if (last != 0) {
      waiting_[last - 1].next = waiting_free_;
      waiting_free_ = first;
    }
  }
  [[gnu::noinline]] void settle_other(const Waiting& waiting, u32 target_offset) {
    if (waiting.kind == Wait::far) {
      aim_far(waiting.what, waiting.offset, target_offset, position());
    } else if (waiting.kind == Wait::catches) {
      --catch_depth_;
    } else if (waiting.kind == Wait::target) {
      set_target(handlers_[waiting.what], target_offset, position());
    } else {
      const u32 start = handlers_[waiting.what].start; // no other block starts there
      for (usize i = waiting.what; i < handlers_.size() && handlers_[i].start == start; ++i) {
        handlers_[i].end = target_offset;
      }
    }
  }
  static void set_target(ir::Handler& handler, u32 offset, u32 position) {
    handler.target = offset;
    handler.target_position = position;
  }

  /// The entry at `entry`, of the instruction at `offset`, gets its target now (loops), or when the label's block ends.
  template <typename Decoder>
  [[gnu::always_inline]] inline void branch(Decoder& d, u32 entry, u32 offset, u32 label) {
    const ControlFrame& target = d.frame(label);
    Block& to = block(label);
    const Motion m = motion(d, target);
    if (m.drop != 0) [[unlikely]] {
      branch_with_motion(m, target.op == ir::Op::Loop, to, {entry, 0, offset, Wait::near});
    } else if (target.op == ir::Op::Loop) {
      aim_near(entry, offset, to.part_start, to.loop_or_catch);
    } else {
      to.pending = wait_near(entry, to.pending, offset);
    }
  }
  [[gnu::noinline]] void branch_with_motion(Motion m, bool is_loop, Block& to,
                                            const Waiting& entry) {
    const u32 far = static_cast<u32>(far_.size());
    far_.push_back({entry.what, 0, m.keep, m.drop, 0});
    if (is_loop) {
      aim_far(far, entry.offset, to.part_start, to.loop_or_catch);
    } else {
      to.pending = wait({far, to.pending, entry.offset, Wait::far});
    }
  }
  template <typename Decoder> void branch_table(Decoder& d, const Instr& in) {
    u32 entry = size_;
    size_ += in.labels.count() + 1;
    in.labels.for_each([&](u32 label) { branch(d, entry++, in.offset, label); });
  }
  /// Writes the records of far branches; neighbours that agree share one.
  void add_records() {
    const Far* last = nullptr;
    for (const Far& far : far_) {
      if (last == nullptr || !far.has_same_record(*last)) {
        words_[size_] = static_cast<u32>(far.dpc);
        words_[size_ + 1] = far.keep;
        words_[size_ + 2] = far.drop;
        words_[size_ + 3] = far.target_position - size_;
        size_ += ir::kBranchRecordWords;
        last = &far;
      }
      words_[far.entry] = ir::BranchEntry::far_word(size_ - ir::kBranchRecordWords - far.entry);
    }
  }

  // ---- exceptions ----
  u32 next_handler() const { return narrow<u32>(handlers_.size()); }

  /// One handler per clause; they end with the block.
  template <typename Decoder> [[gnu::noinline]] void try_table(Decoder& d, const Instr& in) {
    append(in.size_bytes, 0);
    const u32 first = next_handler();
    ir::Handler handler;
    handler.start = in.offset + in.size_bytes;
    in.catches().for_each([&](const CatchClause& clause) {
      const ControlFrame& target = d.frame(clause.label + 1);
      Block& to = block(clause.label);
      handler.kind = clause.kind;
      handler.tag = clause.tag;
      handler.height = target.height;
      handlers_.push_back(handler);
      if (target.op == ir::Op::Loop) {
        set_target(handlers_.back(), to.part_start, to.loop_or_catch);
      } else {
        to.pending = wait({next_handler() - 1, to.pending, 0, Wait::target});
      }
      ++handler.clause;
    });
    const u32 end = handler.clause == 0 ? 0 : wait({first, 0, 0, Wait::clauses});
    blocks_.push_back({.part_start = handler.start, .pending = end});
  }

  /// The part before it jumps to the end, as at an else. All catches of a block protect what is before the first.
  template <typename Decoder>
  [[gnu::noinline]] void legacy_catch(Decoder& d, const Instr& in, ir::HandlerKind kind) {
    Block& block = blocks_.back();
    ir::Handler handler;
    if (block.loop_or_catch == kNone) {
      handler.start = block.part_start;
      handler.end = in.offset;
      handler.exception_local = d.local_count() + catch_depth_;
      block.pending = wait({0, block.pending, 0, Wait::catches});
      ++catch_depth_;
      exception_locals_ = std::max(exception_locals_, catch_depth_);
    } else {
      handler = handlers_[block.loop_or_catch];
      ++handler.clause;
    }
    block.pending = wait_near(emit(), block.pending, in.offset);
    block.part_start = in.offset + in.size_bytes;
    block.loop_or_catch = next_handler();
    handler.kind = kind;
    handler.tag = kind == ir::HandlerKind::catch_ ? TagIdx(in.index) : TagIdx();
    handler.height = d.frame(0).height;
    set_target(handler, block.part_start, position());
    handlers_.push_back(handler);
  }

  /// The end of a try whose exceptions another block gets.
  [[gnu::noinline]] void delegate(const Instr& in) {
    settle(blocks_.back().pending, in.offset);
    ir::Handler handler;
    handler.start = blocks_.back().part_start;
    handler.end = in.offset;
    handler.kind = ir::HandlerKind::delegate;
    blocks_.pop_back();
    handler.target = block(in.index).part_start;
    handlers_.push_back(handler);
  }

  u32* words_ = nullptr; ///< of this body
  u32 size_ = 0;         ///< words written
  u32 run_end_ = 0;      ///< file offset where the run of blocks ends that has an entry
  RecordStack<Block> blocks_;
  std::vector<Waiting> waiting_; ///< elements of lists; its size is what there is room for
  u32 waiting_used_ = 0;
  u32 waiting_free_ = 0; ///< list of those that are free again
  std::vector<Far> far_;
  std::vector<ir::Handler>& handlers_;
  usize first_handler_ = 0;  ///< of this body
  u32 catch_depth_ = 0;      ///< open legacy catches
  u32 exception_locals_ = 0; ///< the greatest so far
};

} // namespace petrel::frontend
