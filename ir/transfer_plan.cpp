// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/transfer_plan.h"

namespace petrel::ir {
namespace {

/// Walks the code once, linearly: ops follow each other without gaps and every jump goes forward to the start of an op,
/// so that any path of an executor sees only what was checked here. Bases inside list bodies are elements
/// of the op's own sizes.
class Checker {
public:
  Checker(const TransferPlan& plan, std::span<const u32> code, u32 resources, u32 types)
      : plan_(plan), code_(code), resources_(resources), types_(types) {}

  bool run() {
    if (code_.empty() || code_.size() > 0x7fffffff || !end_ok(plan_.src) || !end_ok(plan_.dst)) {
      return false;
    }
    Range all{0, code_.size(), {plan_.src.size_bytes, plan_.dst.size_bytes}};
    usize end = 0;
    return block(all, 0, end);
  }

private:
  struct Sizes {
    u64 src;
    u64 dst;
  };
  struct Range {
    usize begin;
    usize end;
    Sizes sizes; ///< bytes behind the current bases
  };

  static bool end_ok(const PlanEnd& e) {
    return e.kind <= EndKind::host && e.shape <= EndShape::memory &&
           (e.pointer_size == 4 || e.pointer_size == 8) &&
           e.encoding <= StringEncoding::latin1_utf16 && e.align_bytes != 0 && e.align_bytes <= 8 &&
           (e.align_bytes & (e.align_bytes - 1)) == 0 && e.slot_count <= 32 &&
           (e.kind == EndKind::guest || e.shape == EndShape::memory);
  }

  bool place_ok(bool memory, u32 at, u32 bytes, u32 slots, u64 size_bytes,
                const PlanEnd& end) const {
    return memory ? u64{at} + bytes <= size_bytes
                  : u64{at} + slots <= end.slot_count && end.shape == EndShape::flat;
  }

  /// Both places of an op whose value takes these bytes (by side) or slots.
  bool places(const u32* w, u32 src_bytes, u32 dst_bytes, u32 slots, const Sizes& sizes) const {
    return place_ok(transfer_src_memory(w[0]), w[1], src_bytes, slots, sizes.src, plan_.src) &&
           place_ok(transfer_dst_memory(w[0]), w[2], dst_bytes, slots, sizes.dst, plan_.dst);
  }

  /// A block is a run of ops up to its `end`, whose place is told. Recursion: at most kMaxTransferDepth blocks.
  bool block(const Range& range, u32 depth, usize& end) {
    usize pc = range.begin;
    while (pc < range.end) {
      u32 head = code_[pc];
      if ((head & 0xff) >= kTransferOpCount || (head & 0xfc00) != 0) {
        return false;
      }
      TransferOp op = transfer_op(head);
      if (op == TransferOp::end) {
        end = pc;
        return true;
      }
      if (pc + 1 + transfer_operand_words(op) > range.end) {
        return false;
      }
      usize next = pc + 1 + transfer_operand_words(op);
      if (!one(op, pc, range, depth, next)) {
        return false;
      }
      pc = next;
    }
    return false;
  }

  static bool width_ok(u32 width) { return width == 1 || width == 2 || width == 4; }

  bool one(TransferOp op, usize pc, const Range& range, u32 depth, usize& next) {
    const u32* w = &code_[pc];
    u32 aux = transfer_aux(w[0]);
    u32 src_pair = 2u * plan_.src.pointer_size;
    u32 dst_pair = 2u * plan_.dst.pointer_size;
    bool both_memory = transfer_src_memory(w[0]) && transfer_dst_memory(w[0]);
    switch (op) {
    case TransferOp::end: return false;
    case TransferOp::copy: return both_memory && places(w, w[3], w[3], 0, range.sizes);
    case TransferOp::int_:
      return (width_ok(aux & 0xf) || (aux & 0xf) == 8) &&
             places(w, aux & 0xf, aux & 0xf, 1, range.sizes);
    case TransferOp::bool_: return places(w, 1, 1, 1, range.sizes);
    case TransferOp::f64: return places(w, 8, 8, 1, range.sizes);
    case TransferOp::flags:
    case TransferOp::enum_: return width_ok(aux) && places(w, aux, aux, 1, range.sizes);
    case TransferOp::own:
    case TransferOp::borrow: return w[3] < resources_ && places(w, 4, 4, 1, range.sizes);
    case TransferOp::stream:
    case TransferOp::future: return w[3] < types_ && places(w, 4, 4, 1, range.sizes);
    case TransferOp::char_:
    case TransferOp::f32:
    case TransferOp::error_context: return places(w, 4, 4, 1, range.sizes);
    case TransferOp::string: return places(w, src_pair, dst_pair, 2, range.sizes);
    case TransferOp::list: {
      bool aligns = (aux & 0xf) >= 1 && (aux & 0xf) <= 4 && aux >> 4 >= 1 && aux >> 4 <= 4;
      u32 body = w[5];
      next = w[6];
      usize after = pc + 7;
      if (!aligns || w[3] == 0 || w[4] == 0 || !places(w, src_pair, dst_pair, 2, range.sizes) ||
          next < after || next >= range.end) {
        return false;
      }
      if (body == 0) {
        return w[3] == w[4] && next == after;
      }
      return body == after && inner({body, next, {w[3], w[4]}}, depth);
    }
    case TransferOp::repeat: {
      u64 count = w[3];
      next = w[6];
      usize after = pc + 7;
      bool fits = both_memory && u64{w[1]} + count * w[4] <= range.sizes.src &&
                  u64{w[2]} + count * w[5] <= range.sizes.dst;
      return fits && next > after && next < range.end && inner({after, next, {w[4], w[5]}}, depth);
    }
    case TransferOp::switch_: return cases(pc, range, depth, next);
    }
    return false;
  }

  bool inner(const Range& range, u32 depth) {
    usize end = 0;
    return depth < kMaxTransferDepth && block(range, depth + 1, end);
  }

  bool cases(usize pc, const Range& range, u32 depth, usize& next) {
    const u32* w = &code_[pc];
    u32 aux = transfer_aux(w[0]);
    u64 count = w[6];
    usize targets = pc + 7;
    next = w[3];
    if (!width_ok(aux) || count == 0 || targets + count > range.end ||
        !places(w, aux, aux, 1, range.sizes) || depth >= kMaxTransferDepth) {
      return false;
    }
    bool zeros = transfer_dst_memory(w[0]) ? w[5] == 0 : u64{w[4]} + w[5] <= plan_.dst.slot_count;
    if (!zeros || next <= targets + count || next >= range.end) {
      return false;
    }
    usize free = targets + count; // where the next block may start
    for (u64 i = 0; i < count; ++i) {
      u32 target = code_[targets + i];
      if (target < targets + count || target >= next) {
        return false;
      }
      if (code_[target] == static_cast<u32>(TransferOp::end)) {
        continue; // no payload: shares an `end`
      }
      usize end = 0;
      if (target < free || !block({target, next, range.sizes}, depth + 1, end)) {
        return false;
      }
      free = end + 1;
    }
    return true;
  }

  const TransferPlan& plan_;
  std::span<const u32> code_;
  u32 resources_;
  u32 types_;
};

} // namespace

bool check_transfer_plan(const TransferPlan& plan, std::span<const u32> code, u32 resources,
                         u32 types) {
  return Checker(plan, code, resources, types).run();
}

} // namespace petrel::ir
