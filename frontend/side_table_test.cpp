// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The side table against a walker that knows its format from ir/side_table.h alone: it learns the instructions of a body
// (with heights) from the decoder, walks the table once to find each entry, and a second time to follow it.
#include "ir/side_table.h"

#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

using ir::Op;

struct Target {
  u32 block = 0; ///< number of the block, in order of opening
  u32 keep = 0;
  u32 drop = 0;
};
/// What is known of an instruction without the side table.
struct Fact {
  Op op;
  u32 offset;
  u32 size;
  u32 index;
  u32 block; ///< of block, loop, if, else, end: which
  bool is_unreachable;
  std::vector<Target> targets;
};

class Recorder {
public:
  Recorder() { open_.push_back(0); }
  template <Op kOp, typename Decoder> void op(Decoder& d, const Instr& in) {
    Fact fact{kOp, in.offset, in.size_bytes, in.index, 0, d.is_unreachable(), {}};
    if constexpr (kOp == Op::Block || kOp == Op::Loop || kOp == Op::If) {
      open_.push_back(++blocks_);
      fact.block = blocks_;
    } else if constexpr (kOp == Op::Else) {
      fact.block = open_.back();
    } else if constexpr (kOp == Op::End) {
      fact.block = open_.back();
      open_.pop_back();
    } else if constexpr (kOp == Op::Br || kOp == Op::BrIf) {
      fact.targets.push_back(target(d, in.index));
    } else if constexpr (kOp == Op::BrTable) {
      in.labels.for_each([&](u32 label) { fact.targets.push_back(target(d, label)); });
    }
    facts.push_back(std::move(fact));
  }
  std::vector<Fact> facts;

private:
  template <typename Decoder> Target target(Decoder& d, u32 label) {
    const ControlFrame& f = d.frame(label);
    const u32 block = open_[open_.size() - 1 - label];
    const u32 keep = static_cast<u32>(d.label_types(f).size());
    const u32 needed = f.height + keep;
    if (block == 0 || d.is_unreachable() || d.height() <= needed) {
      return {block, 0, 0};
    }
    return {block, keep, d.height() - needed};
  }
  std::vector<u32> open_;
  u32 blocks_ = 0;
};

/// Where a branch to a block goes.
struct Place {
  u32 offset = 0;
  u32 position = 0; ///< words
};

class Walker {
public:
  Walker(const ir::Module& module, u32 func, const std::vector<Fact>& facts, const ByteVec& file)
      : facts_(facts), file_(file), places_(facts.size() + 1), else_places_(facts.size() + 1) {
    const ir::Func& f = module.funcs()[func];
    words_ = module.side_table().subspan(f.side_table, f.side_table_words);
  }

  void run() {
    for (const bool follow : {false, true}) {
      position_ = 0;
      run_end_ = 0;
      for (const Fact& fact : facts_) {
        step(fact, follow);
      }
    }
    CHECK_EQ(std::max(position_, records_end_), words_.size());
  }
  u32 far_entries = 0;
  u32 run_entries = 0;

private:
  void step(const Fact& f, bool follow) {
    if (f.op == Op::Block) {
      block_run(f);
    } else if (f.op == Op::Loop) {
      places_[f.block] = {f.offset + f.size, position_};
    } else if (f.op == Op::End) {
      end(f);
    } else if (f.op == Op::BrTable) {
      table(f, follow);
    } else if (f.op == Op::Call || f.op == Op::CallIndirect) {
      CHECK_EQ(ir::call_index(words_[position_]), f.index);
      CHECK_EQ(ir::call_length(words_[position_]), f.size);
      ++position_;
    } else if (f.op == Op::If || f.op == Op::Else || f.op == Op::Br || f.op == Op::BrIf) {
      edge(f, follow);
    }
  }
  void edge(const Fact& f, bool follow) {
    if (!follow) {
      ++position_;
      if (f.op == Op::Else) {
        else_places_[f.block] = {f.offset + f.size, position_};
      }
    } else if (f.op == Op::If) {
      entry(f, {f.block, 0, 0}, else_places_[f.block]);
    } else if (f.op == Op::Else) {
      entry(f, {f.block, 0, 0}, places_[f.block]);
    } else {
      entry(f, f.targets[0], places_[f.targets[0].block]);
    }
  }
  void end(const Fact& f) {
    if (places_[f.block].offset == 0) { // not a loop
      places_[f.block] = {f.offset, position_};
    }
    if (else_places_[f.block].offset == 0) {
      else_places_[f.block] = {f.offset, position_};
    }
  }
  void block_run(const Fact& f) {
    u32 pairs = 0;
    for (u32 at = f.offset; at + 1 < file_.size() && file_[at] == 0x02 && file_[at + 1] == 0x40;
         at += 2) {
      ++pairs;
    }
    if (f.offset >= run_end_ && pairs >= 4) {
      CHECK_EQ(words_[position_], pairs * 2);
      ++position_;
      run_end_ = f.offset + pairs * 2;
      ++run_entries;
    }
  }
  void compare(const Fact& f, const ir::BranchEntry& e, u32 from, const Target& target,
               const Place& place) {
    CAPTURE(f.offset);
    CHECK_EQ(e.keep, target.drop == 0 ? 0 : target.keep);
    CHECK_EQ(e.drop, target.drop);
    CHECK_EQ(i64{f.offset} + e.dpc, place.offset);
    CHECK_EQ(i64{from} + e.dstp, place.position);
  }
  void entry(const Fact& f, const Target& target, const Place& place) {
    const u32* word = &words_[position_];
    const ir::BranchEntry e = ir::BranchEntry::read(word);
    compare(f, e, position_, target, place);
    CHECK_EQ(ir::BranchEntry::is_far(word), !e.is_near());
    if (ir::BranchEntry::is_far(word)) {
      ++far_entries;
      const u32 record = static_cast<u32>(ir::BranchEntry::record_of(word) - words_.data());
      records_end_ = std::max(records_end_, record + ir::kBranchRecordWords);
      CHECK(records_end_ <= words_.size());
    }
    ++position_;
  }
  void table(const Fact& f, bool follow) {
    for (const Target& target : f.targets) {
      if (follow) {
        entry(f, target, places_[target.block]);
      } else {
        ++position_;
      }
    }
  }

  const std::vector<Fact>& facts_;
  const ByteVec& file_;
  std::span<const u32> words_;
  std::vector<Place> places_;      ///< where branches to a block go
  std::vector<Place> else_places_; ///< where an if's false edge goes
  u32 position_ = 0;
  u32 records_end_ = 0; ///< of the records met
  u32 run_end_ = 0;
};

struct Walked {
  u32 words = 0;
  u32 far_entries = 0;
  u32 run_entries = 0;
  u32 max_height = 0;
};

/// Checks the side table of the first function.
Walked walk(const ByteVec& bytes) {
  auto image = decode(bytes);
  if (!image) {
    FAIL(image.error().to_string());
    return {};
  }
  const ir::Module module = image->module();
  BodyScratch scratch;
  Recorder recorder;
  const ir::DecodeLimits limits;
  const Status again = decode_body<Mode::Validate>(module, FuncIdx(0), bytes, ir::kDefaultFeatures,
                                                   limits, scratch, recorder);
  REQUIRE(again.has_value());
  Walker walker(module, 0, recorder.facts, bytes);
  walker.run();
  return {module.funcs()[0].side_table_words, walker.far_entries, walker.run_entries,
          module.funcs()[0].max_height};
}

/// A function of type [i32] -> [i32] (type 1) with a body; type 2 is [] -> [i32 × 5], type 3 [i32 i32] -> [i32].
ByteVec func(const ByteVec& code) {
  return kPreamble +
         section(1, {0x04, 0x60, 0,    0,    0x60, 1,    0x7f, 1,    0x7f, 0x60, 0,   5,
                     0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x60, 2,    0x7f, 0x7f, 1,    0x7f}) +
         section(3, {0x01, 0x01}) + section(4, {1, 0x70, 0, 0}) +
         section(10, ByteVec{0x01} + body(code));
}
const ByteVec kConst = {0x41, 0x00};

} // namespace

TEST_CASE("side table: straight code has none") {
  const Walked w = walk(func({0x20, 0, 0x20, 0, 0x6a, 0x0b}));
  CHECK_EQ(w.words, 0);
  CHECK_EQ(w.max_height, 2);
}

TEST_CASE("side table: blocks, loops, if and else") {
  CHECK_EQ(walk(func({0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b})).words, 1); // br_if out
  CHECK_EQ(walk(func({0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b})).words, 1); // br_if back
  CHECK_EQ(walk(func({0x20, 0, 0x04, 0x40, 0x01, 0x0b, 0x20, 0, 0x0b})).words, 1);    // if
  CHECK_EQ(walk(func({0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x0b})).words,
           2); // if else
  CHECK_EQ(
      walk(func({0x20, 0, 0x04, 0x7f, 0x41, 1, 0x0c, 0, 0x05, 0x41, 2, 0x0c, 0, 0x0b, 0x0b})).words,
      4);                                                  // br in both
  CHECK_EQ(walk(func({0x20, 0, 0x0c, 0, 0x0b})).words, 1); // to the function
  CHECK_EQ(walk(func({0x20, 0, 0x0f, 0x0b})).words, 0);    // return
  CHECK_EQ(walk(func({0x20, 0, 0x10, 0x80, 0x00, 0x41, 0, 0x11, 0x81, 0x00, 0x00, 0x0b})).words,
           2); // padded calls
}

TEST_CASE("side table: a record where operands move") {
  // block (result i32): 7 consts below, keep 1: a br_if and a br with the same operands, other distances
  const Walked w = walk(func(ByteVec{0x02, 0x7f} + repeat(kConst, 7) +
                             ByteVec{0x20, 0, 0x0d, 0, 0x0c, 0, 0x0b, 0x0b}));
  CHECK_EQ(w.words, 2 + 2 * 4);
  CHECK_EQ(w.far_entries, 2);
  CHECK_EQ(w.max_height, 8);
  // a loop with parameters
  CHECK_EQ(
      walk(func({0x41, 0, 0x41, 0, 0x03, 0x03, 0x41, 0, 0x20, 0, 0x0d, 0, 0x6a, 0x6a, 0x0b, 0x0b}))
          .far_entries,
      1);
  auto block = [](const ByteVec& type, u32 below, u32 keep) {
    return func(ByteVec{0x02} + type + repeat(kConst, below + keep) + ByteVec{0x0c, 0, 0x0b} +
                repeat({0x1a}, keep - 1) + ByteVec{0x0b});
  };
  CHECK_EQ(walk(block({0x7f}, 1, 1)).far_entries, 1);
  CHECK_EQ(walk(block({0x7f}, 0, 1)).far_entries, 0); // nothing moves
  CHECK_EQ(walk(block({0x02}, 70, 5)).far_entries, 1);
  CHECK_EQ(walk(block({0x02}, 0, 5)).far_entries, 0);
}

TEST_CASE("side table: br_table") {
  // three labels, the function's and a loop among them
  CHECK_EQ(walk(func({0x02, 0x7f, 0x03, 0x40, 0x41, 5, 0x20, 0, 0x0e, 2, 1, 0x81, 0x00, 2, 0x0b,
                      0x41, 0, 0x0b, 0x0b}))
               .words,
           3);
  // neighbours with the same label share a record: 4 entries, 2 records
  const ByteVec code = ByteVec{0x02, 0x7f, 0x02, 0x7f} + repeat(kConst, 80) +
                       ByteVec{0x20, 0, 0x0e, 3, 0, 0, 1, 1, 0x0b, 0x0b, 0x0b};
  const Walked w = walk(func(code));
  CHECK_EQ(w.far_entries, 4);
  CHECK_EQ(w.words, 4 + 2 * 4);
  // two tables in one block do not share
  const ByteVec twice = ByteVec{0x02, 0x7f} + repeat(kConst, 80) +
                        ByteVec{0x20, 0,    0x04, 0x40, 0x41, 0, 0x20, 0, 0x0e, 0,
                                1,    0x0b, 0x20, 0,    0x0e, 1, 0,    0, 0x0b, 0x0b};
  CHECK_EQ(walk(func(twice)).words, 1 + 1 + 2 + 2 * 4);
}

TEST_CASE("side table: runs of blocks") {
  const ByteVec blocks = {0x02, 0x40};
  auto nested = [&](u32 count) {
    return func(repeat(blocks, count) + ByteVec{0x20, 0, 0x0d, 0} + repeat({0x0b}, count) +
                ByteVec{0x20, 0, 0x0b});
  };
  CHECK_EQ(walk(nested(3)).run_entries, 0);
  CHECK_EQ(walk(nested(4)).run_entries, 2); // counted in both rounds of the walker
  CHECK_EQ(walk(nested(5)).words, 2);
  CHECK_EQ(walk(nested(2500)).words, 2);
  // a second run behind another block type
  CHECK_EQ(walk(func(repeat(blocks, 4) + ByteVec{0x03, 0x40} + repeat(blocks, 6) +
                     repeat({0x0b}, 11) + ByteVec{0x20, 0, 0x0b}))
               .run_entries,
           4);
}

TEST_CASE("side table: unreachable code keeps the count") {
  CHECK_EQ(
      walk(func({0x20, 0, 0x0f, 0x0d, 0, 0x02, 0x7f, 0x41, 0, 0x0c, 0, 0x0b, 0x0d, 0, 0x0b})).words,
      3);
  CHECK_EQ(walk(func({0x02, 0x40, 0x00, 0x20, 0, 0x04, 0x40, 0x05, 0x0b, 0x0e, 0, 0, 0x0b, 0x20, 0,
                      0x0b}))
               .words,
           3);
}

TEST_CASE("side table: a record where the bytes do not fit an i16 (R11)") {
  // forward: block, br_if over nops; backward: loop, nops, br_if
  for (const u32 distance : {32766u, 32767u, 32768u, 32769u}) {
    const ByteVec nops(distance - 2, 0x01);
    const ByteVec forward =
        func(ByteVec{0x02, 0x40, 0x20, 0, 0x0d, 0} + nops + ByteVec{0x0b, 0x20, 0, 0x0b});
    CHECK_EQ(walk(forward).far_entries, distance > 32767 ? 1 : 0);
    const ByteVec loop_nops(distance - 2, 0x01);
    const ByteVec backward =
        func(ByteVec{0x03, 0x40} + loop_nops + ByteVec{0x20, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b});
    CHECK_EQ(walk(backward).far_entries, distance > 32768 ? 1 : 0);
  }
}

TEST_CASE("side table: a record where the words do not fit an i14 (R11)") {
  // an if over a br_table of as many words: labels of one byte each, all in reach
  for (const u32 words : {8190u, 8191u, 8192u, 8193u}) {
    const u32 labels = words - 2; // the if's own word and the default
    const ByteVec code = ByteVec{0x20, 0, 0x04, 0x40, 0x20, 0, 0x0e} + leb(labels) +
                         ByteVec(labels + 1, 0x00) + ByteVec{0x0b, 0x20, 0, 0x0b};
    // the labels of the table itself are nearer
    CHECK_EQ(walk(func(code)).far_entries, words > 8191 ? words - 8191 : 0);
  }
}

TEST_CASE("side table: a huge br_table, whose equal far labels share a record") {
  const u32 labels = 2'800'000;
  const ByteVec code = ByteVec{0x20, 0, 0x04, 0x40, 0x20, 0, 0x0e} + leb(labels) +
                       ByteVec(labels + 1, 0x00) + ByteVec{0x0b, 0x20, 0, 0x0b};
  const Walked w = walk(func(code));
  CHECK_EQ(w.words, 1 + (labels + 1) + 2 * ir::kBranchRecordWords);
  CHECK_EQ(w.far_entries, 1 + labels + 1);
}

} // namespace petrel::frontend::test
