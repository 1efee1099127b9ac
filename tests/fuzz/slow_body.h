// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The validation algorithm of the specification's appendix: an operand stack and a control stack. Instructions
// whose signature the opcode table gives go through it; the others have a method each, by section of §3.4.
#pragma once

#include "tests/fuzz/slow_validator.h"

namespace petrel::slow {

class BodyChecker {
public:
  BodyChecker(Reader& r, const Context& c) : r_(r), c_(c) {}

  void run(uint32_t type_index);
  /// A constant expression: only constant instructions. Functions named go to `refs`.
  void run_const(const Type& expected, std::set<uint32_t>& refs);

private:
  struct Frame {
    ir::Op op = ir::Op::Block;
    Types start;
    Types end;
    size_t height = 0;
    size_t inits = 0;
    bool is_unreachable = false;
  };

  // operand and control stack
  void push(const Type& type) { values_.push_back(type); }
  void push(const Types& types) { values_.insert(values_.end(), types.begin(), types.end()); }
  Type pop();
  Type pop(const Type& expected);
  Type pop_ref();
  void pop(const Types& types);
  void push_frame(ir::Op op, Types start, Types end);
  Frame pop_frame();
  void unreachable();
  const Frame& label(uint32_t depth);
  const Types& label_types(const Frame& frame) const {
    return frame.op == ir::Op::Loop ? frame.start : frame.end;
  }

  // immediates
  void block_type(Types& params, Types& results);
  const LimitsType& memory(uint32_t index);
  const TableType& table(uint32_t index);
  const SubType& type_of(uint32_t index, SubType::Form form) {
    return *composite(r_, c_, index, form);
  }
  const SubType& func_type(uint32_t func);
  const SubType& tag_type(uint32_t tag);
  const Type& elem(uint32_t index);
  void data_index(uint32_t index);
  void memarg(const ir::OpInfo& info);
  Type value_of_letter(char letter);

  // instructions
  void step();
  void by_signature(ir::Op op, const ir::OpInfo& info);
  void read_plain_immediate(ir::Op op, const ir::OpInfo& info);
  void special(ir::Op op);
  void control(ir::Op op);
  void end();
  void try_table();
  void legacy(ir::Op op);
  void branch(ir::Op op);
  void br_table();
  void cast_branch(ir::Op op);
  void call(ir::Op op);
  void variable(ir::Op op);
  void select(ir::Op op);
  void reference(ir::Op op);
  void structure(ir::Op op);
  void array(ir::Op op);
  void array_bulk(ir::Op op);
  void cast(ir::Op op);
  bool is_constant(ir::Op op);

  static Type address(const LimitsType& limits) { return {limits.is_64 ? Type::i64 : Type::i32}; }
  static Type narrower(const LimitsType& a, const LimitsType& b) {
    return {a.is_64 && b.is_64 ? Type::i64 : Type::i32};
  }

  Reader& r_;
  const Context& c_;
  std::set<uint32_t>* const_refs_ = nullptr;
  Types locals_;
  std::vector<bool> is_set_;
  std::vector<uint32_t> inits_; ///< locals set, in order, to be unset when their block ends
  Types values_;
  std::vector<Frame> frames_;
  Types returns_;
  uint32_t first_ = 0; ///< indices of the instruction being checked: memory, table
  uint32_t second_ = 0;
};

} // namespace petrel::slow
