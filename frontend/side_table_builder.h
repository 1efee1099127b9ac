// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The visitor that writes the side table (format: ir/side_table.h) while a body is validated. A forward branch is not
// known when it is met: each open block has a list of the entries that wait for its `end`, threaded through `waiting_`.
//
// The length of an entry must be known when it is written, but it depends on dstp only in a huge body. So the long form is
// taken when the operand motion needs it, or when the body is so large that some dstp might not fit: an instruction
// makes at most kMaxWordsPerByte words per code byte, hence below kLongBodyBytes every dstp fits (rule R11; the CHECKs
// below state it). Records of a br_table are made once per label and table.
//
// Handlers of exceptions (format: ir/handler_table.h) are built along with it; they have places to wait for as branches
// do, and lists them among the waiting entries of a block, so that blocks without handlers pay nothing.
//
// All buffers live across bodies.
#pragma once

#include <algorithm>
#include <vector>

#include "frontend/body_decoder.h"
#include "ir/handler_table.h"
#include "ir/side_table.h"

namespace petrel::frontend {

class SideTableBuilder {
public:
  /// Writes into `words` from its start, and behind the last of `handlers`.
  SideTableBuilder(std::vector<u32>& words, std::vector<ir::Handler>& handlers)
      : words_(words), handlers_(handlers) {}

  /// Ready for the next body.
  void reset(u32 body_bytes) {
    start_ = position();
    always_long_ = body_bytes >= kLongBodyBytes;
    run_end_ = 0;
    waiting_.clear();
    blocks_.clear();
    blocks_.push_back(Block()); // the function's label
    first_handler_ = handlers_.size();
    catch_depth_ = 0;
    exception_locals_ = 0;
  }
  /// The body is done: brings its handlers into their order.
  void finish_body() {
    if (handlers_.size() != first_handler_) {
      std::sort(handlers_.begin() + static_cast<std::ptrdiff_t>(first_handler_), handlers_.end(),
                [](const ir::Handler& a, const ir::Handler& b) {
                  return a.end != b.end ? a.end < b.end : a.clause < b.clause;
                });
    }
  }
  /// Cuts the buffer to what was written: call it when all bodies are done.
  void finish() { words_.resize(size_); }
  /// Forgets the body's part.
  void discard() {
    size_ = start_;
    handlers_.resize(first_handler_);
  }
  /// First word of the body's part, and its length so far.
  u32 start() const { return start_; }
  u32 size_words() const { return position() - start_; }
  /// The body's handlers.
  u32 first_handler() const { return narrow<u32>(first_handler_); }
  u32 handler_count() const { return narrow<u32>(handlers_.size() - first_handler_); }
  /// Locals for exceptions that the body needs.
  u32 exception_locals() const { return exception_locals_; }

  template <ir::Op kOp, typename Decoder> void op(Decoder& d, const Instr& in) {
    using ir::Op;
    if constexpr (kOp == Op::Block) {
      block_run(d, in);
      blocks_.push_back({.part_start = in.offset + in.size_bytes});
    } else if constexpr (kOp == Op::Loop) {
      blocks_.push_back({.part_start = in.offset + in.size_bytes, .loop_or_catch = position()});
    } else if constexpr (kOp == Op::If) {
      const u32 entry = emit(in.offset, {});
      blocks_.push_back({.part_start = in.offset + in.size_bytes, .false_edge = wait(entry, 0)});
    } else if constexpr (kOp == Op::Else) {
      Block& block = blocks_.back();
      block.part_start = in.offset + in.size_bytes;
      block.pending = wait(emit(in.offset, {}), block.pending);
      settle_branches(block.false_edge, block.part_start);
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
      settle_branches(blocks_.back().false_edge, in.offset);
      blocks_.pop_back();
    } else if constexpr (kOp == Op::Br || kOp == Op::BrIf || kOp == Op::BrOnNull ||
                         kOp == Op::BrOnNonNull || kOp == Op::BrOnCast || kOp == Op::BrOnCastFail) {
      branch(d, in.offset, in.index);
    } else if constexpr (kOp == Op::BrTable) {
      branch_table(d, in);
    } else if constexpr (kOp == Op::Call || kOp == Op::CallIndirect || kOp == Op::CallRef ||
                         kOp == Op::ReturnCall || kOp == Op::ReturnCallIndirect ||
                         kOp == Op::ReturnCallRef) {
      append(in.index, in.size_bytes);
    } else if constexpr (kOp == Op::StructGet || kOp == Op::StructGetS || kOp == Op::StructGetU ||
                         kOp == Op::StructSet || kOp == Op::ArrayGet || kOp == Op::ArrayGetS ||
                         kOp == Op::ArrayGetU || kOp == Op::ArraySet) {
      append(in.gc_access, in.size_bytes);
    }
  }

private:
  /// A br_table label of one byte makes an entry of two words and at most a record of four.
  static constexpr u32 kMaxWordsPerByte = 6;
  static constexpr u32 kLongBodyBytes = (1u << 23) * 2 / kMaxWordsPerByte;

  /// An open label.
  struct Block {
    u32 part_start =
        0; ///< file offset behind the opcode and type, or the latest else or catch; 0 for the function
    u32 loop_or_catch =
        0; ///< loop: words written at its start; try: handler of its latest catch, kNone = none yet
    u32 pending = 0;    ///< first waiting entry: index in waiting_ + 1, 0 = none
    u32 false_edge = 0; ///< `if` that has seen no else: likewise
    u32 record = 0;     ///< record made for the br_table at `record_table`
    u32 record_table = kNone;
  };
  static_assert(sizeof(Block) + sizeof(ControlFrame) <= 40, "bytes per nesting level");
  static constexpr u32 kNone = 0xffffffff;

  /// What waits for the end of a block.
  enum class Wait : u8 {
    branch, ///< an entry without target; its word 0 holds the file offset of its instruction until it is known
    in_table, ///< the same of a br_table: the long form keeps its dstp in a record
    target,   ///< a handler's target
    clauses,  ///< the end of what a try_table's handlers protect; its first handler
    catches,  ///< a legacy block with catches ends
  };
  struct Waiting {
    u32 entry; ///< first word, or a handler
    u32 next;
    Wait kind;
  };
  struct Motion {
    u32 keep = 0;
    u32 drop = 0;
  };

  u32 position() const { return size_; }
  /// Room for `count` words behind the last; they may hold anything.
  [[gnu::always_inline]] inline u32* room(usize count) {
    if (words_.size() - size_ < count) [[unlikely]] {
      enlarge(count);
    }
    return words_.data() + size_;
  }
  [[gnu::noinline, gnu::cold]] void enlarge(usize count) {
    CHECK(size_ + count <=
          0xffffffff); // at most six words for each byte of a file below 2^29 bytes
    words_.resize(std::max(words_.size() * 2, size_ + count + 1024));
  }
  [[gnu::always_inline]] inline void append(u32 first, u32 second) {
    u32* const at = room(2);
    at[0] = first;
    at[1] = second;
    size_ += 2;
  }
  Block& block(u32 label) { return blocks_[blocks_.size() - 1 - label]; }
  u32 wait(u32 entry, u32 next, Wait kind = Wait::branch) {
    waiting_.push_back({entry, next, kind});
    return static_cast<u32>(waiting_.size());
  }

  template <typename Decoder> void block_run(Decoder& d, const Instr& in) {
    if (in.offset < run_end_) {
      return; // inside a run that starts earlier: never executed on its own
    }
    const u32 length = d.block_run_bytes(in.at);
    if (length != 0) {
      append(length, 0);
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

  /// Adds an entry without target; its place.
  [[gnu::always_inline]] inline u32 emit(u32 offset, Motion m) {
    const u32 at = position();
    const ir::BranchEntry entry{.dpc = 0, .keep = m.keep, .drop = m.drop, .dstp = 0};
    if (!always_long_ && entry.is_short()) [[likely]] {
      append(offset, entry.short_word());
      return at;
    }
    CHECK(m.keep < 1u << 24); // limit of results
    append(offset, m.keep << 8 | ir::kBranchDescLong);
    append(m.drop, 0);
    return at;
  }
  /// Fills in the distances of an entry.
  void settle_one(u32 entry, Wait kind, u32 target_offset, u32 target_position) {
    words_[entry] = static_cast<u32>(narrow<i32>(i64{target_offset} - words_[entry]));
    const i64 units = (i64{target_position} - entry) / 2;
    const u32 motion_word = words_[entry + 1];
    if ((motion_word & ir::kBranchDescMask) != ir::kBranchDescLong) {
      CHECK(units >= -(1 << 23) && units < (1 << 23));
      words_[entry + 1] |= static_cast<u32>(units) << 8;
    } else if (kind == Wait::in_table) {
      const u32 distance = motion_word >> 8;
      words_[entry + distance * 2 + 2] = static_cast<u32>(narrow<i32>(units - distance));
    } else {
      words_[entry + 3] = static_cast<u32>(narrow<i32>(units));
    }
  }
  /// Fills in all entries of a list: their target is here.
  [[gnu::always_inline]] inline void settle(u32 first, u32 target_offset) {
    for (u32 at = first; at != 0; at = waiting_[at - 1].next) {
      const Waiting& waiting = waiting_[at - 1];
      if (waiting.kind <= Wait::in_table) [[likely]] {
        settle_one(waiting.entry, waiting.kind, target_offset, position());
      } else {
        settle_handlers(waiting, target_offset);
      }
    }
  }
  /// The same of a list without handlers.
  void settle_branches(u32 first, u32 target_offset) {
    for (u32 at = first; at != 0; at = waiting_[at - 1].next) {
      settle_one(waiting_[at - 1].entry, waiting_[at - 1].kind, target_offset, position());
    }
  }
  [[gnu::noinline]] void settle_handlers(const Waiting& waiting, u32 target_offset) {
    if (waiting.kind == Wait::catches) {
      --catch_depth_;
    } else if (waiting.kind == Wait::target) {
      set_target(handlers_[waiting.entry], target_offset, position());
    } else {
      const u32 start = handlers_[waiting.entry].start; // no other block starts there
      for (usize i = waiting.entry; i < handlers_.size() && handlers_[i].start == start; ++i) {
        handlers_[i].end = target_offset;
      }
    }
  }
  void set_target(ir::Handler& handler, u32 offset, u32 position) const {
    handler.target = offset;
    handler.target_position = position - start_;
  }
  /// Gives an entry its target now (loops), or when the label's block ends.
  void aim(u32 entry, Wait kind, u32 label, const ControlFrame& target) {
    Block& to = block(label);
    if (target.op == ir::Op::Loop) {
      settle_one(entry, kind, to.part_start, to.loop_or_catch);
    } else {
      to.pending = wait(entry, to.pending, kind);
    }
  }

  template <typename Decoder> void branch(Decoder& d, u32 offset, u32 label) {
    const ControlFrame& target = d.frame(label);
    aim(emit(offset, motion(d, target)), Wait::branch, label, target);
  }

  template <typename Decoder> void branch_table(Decoder& d, const Instr& in) {
    const u32 table = position();
    const usize words = 2 * (usize{in.labels.count()} + 1);
    room(words);
    size_ += static_cast<u32>(words);
    u32 entry = table;
    in.labels.for_each([&](u32 label) {
      const ControlFrame& target = d.frame(label);
      const Motion m = motion(d, target);
      const ir::BranchEntry parts{.dpc = 0, .keep = m.keep, .drop = m.drop, .dstp = 0};
      words_[entry] = in.offset;
      words_[entry + 1] = !always_long_ && parts.is_short() ? parts.short_word()
                                                            : record_word(table, entry, label, m);
      aim(entry, Wait::in_table, label, target);
      entry += 2;
    });
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
        to.pending = wait(next_handler() - 1, to.pending, Wait::target);
      }
      ++handler.clause;
    });
    const u32 end = handler.clause == 0 ? 0 : wait(first, 0, Wait::clauses);
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
      block.pending = wait(0, block.pending, Wait::catches);
      ++catch_depth_;
      exception_locals_ = std::max(exception_locals_, catch_depth_);
    } else {
      handler = handlers_[block.loop_or_catch];
      ++handler.clause;
    }
    block.pending = wait(emit(in.offset, {}), block.pending);
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

  /// Second word of a long entry: leads to the label's record behind the table, made once.
  u32 record_word(u32 table, u32 entry, u32 label, Motion m) {
    Block& to = block(label);
    if (to.record_table != table) {
      to.record_table = table;
      to.record = position();
      append(m.keep, m.drop);
      append(0, 0);
    }
    const u32 distance = (to.record - entry) / 2;
    CHECK(distance < 1u << 24); // limit of a function's size
    return distance << 8 | ir::kBranchDescLong;
  }

  std::vector<u32>& words_; ///< its size is what it may hold
  u32 size_ = 0;            ///< words written
  u32 start_ = 0;
  bool always_long_ = false;
  u32 run_end_ = 0; ///< file offset where the run of blocks ends that has an entry
  std::vector<Block> blocks_;
  std::vector<Waiting> waiting_;
  std::vector<ir::Handler>& handlers_;
  usize first_handler_ = 0;  ///< of this body
  u32 catch_depth_ = 0;      ///< open legacy catches
  u32 exception_locals_ = 0; ///< the greatest so far
};

} // namespace petrel::frontend
