// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles transfer plans (ir/transfer_plan.h): walks a type once and emits the ops that carry a value of
// it from the source end to the destination end. Layout of both ends follows from the pointer size of each;
// adjacent integers and floats without padding between them become one copy.
#pragma once

#include <vector>

#include "base/result.h"
#include "frontend/component/plan_image.h"
#include "ir/transfer_plan.h"

namespace petrel::frontend::comp {

/// Limit on the words of all plans of a component.
constexpr usize kMaxPlanWords = 4u << 20;

class PlanBuilder {
public:
  PlanBuilder(PlanImage& image, bool copy_floats) : image_(image), copy_floats_(copy_floats) {}

  /// A guest end that is flat (`slot_count` filled in here) or in memory (size and alignment filled in here).
  static ir::PlanEnd guest(const ir::CanonOptions& options, ir::OptionsIdx idx, bool in_memory);
  static ir::PlanEnd host();

  /// The plan for a parameter list, or for one result (`values` of length 1, placed like a one-element tuple).
  /// Errors: limit.
  Result<ir::TransferPlanIdx> build(std::span<const ir::Field> values, ir::PlanEnd src,
                                    ir::PlanEnd dst);

private:
  /// Where a value lies on one side.
  struct Place {
    bool in_memory;
    u8 pointer_size;
    u32 at;
  };
  struct Pair {
    Place src;
    Place dst;
    bool both_memory() const { return src.in_memory && dst.in_memory; }
  };

  void value(ir::DefTypeIdx type, Pair at);
  void sequence(std::span<const ir::Field> fields, Pair at);
  void fixed_list(const ir::DefType& type, Pair at);
  void list(ir::DefTypeIdx elem, Pair at);
  void map(const ir::DefType& type, Pair at);
  void cases(const ir::DefType& type, std::span<const ir::DefTypeIdx> payloads, Pair at);
  void list_op(u32 src_size, u32 dst_size, u32 src_align, u32 dst_align, Pair at, usize& body_word);
  void copy(Pair at, u32 size_bytes);
  void op(ir::TransferOp op, Pair at, u32 aux = 0);
  void word(u32 w) { code_.push_back(w); }

  u32 size(const ir::DefType& t, const Place& p) const {
    return p.pointer_size == 8 ? t.size64 : t.size32;
  }
  u32 align(const ir::DefType& t, const Place& p) const {
    return p.pointer_size == 8 ? t.align64 : t.align32;
  }
  const ir::DefType& type(ir::DefTypeIdx idx) const { return image_.types[idx.index()]; }
  bool is_plain(ir::DefTypeIdx idx);
  void finish_end(ir::PlanEnd& end, std::span<const ir::Field> values) const;

  PlanImage& image_;
  const bool copy_floats_;
  std::vector<u32> code_;
  usize last_copy_ = 0; ///< index of the op word of a copy that may grow; 0 with has_copy_ false
  bool has_copy_ = false;
  usize total_words_ = 0;
  std::vector<u8> plain_; ///< per DefType: 0 unknown, 1 plain, 2 not
};

} // namespace petrel::frontend::comp
