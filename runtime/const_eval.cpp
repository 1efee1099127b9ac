// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Most expressions were folded by the frontend; what is left reads globals or takes references, possibly with
// integer arithmetic around it, or allocates. The bytes are validated: a malformed one here is our bug (CHECK). What
// lies on the evaluator's stack is rooted while something is allocated.
#include "runtime/const_eval.h"

#include <vector>

#include "base/byte_reader.h"
#include "runtime/gc_ops.h"

namespace petrel::runtime {

namespace {

template <typename T> T must(Result<T> value) {
  CHECK(value.has_value());
  return *std::move(value);
}

class Evaluator {
public:
  Evaluator(Instance& instance, Bytes code) : instance_(instance), reader_(code) {}

  std::optional<RawVal> run() {
    const GcRootScope roots(instance_.store().gc(), stack_);
    while (step()) {
    }
    if (has_trapped_) {
      return std::nullopt;
    }
    CHECK(stack_.size() == 1);
    return stack_.back();
  }

private:
  RawVal pop() {
    CHECK(!stack_.empty());
    RawVal value = stack_.back();
    stack_.pop_back();
    return value;
  }
  template <typename F> void binary32(F f) {
    const u32 right = pop().i32;
    const u32 left = pop().i32;
    stack_.push_back(RawVal::of_i32(f(left, right)));
  }
  template <typename F> void binary64(F f) {
    const u64 right = pop().i64;
    const u64 left = pop().i64;
    stack_.push_back(RawVal::of_i64(f(left, right)));
  }

  /// `reference` replaces the `count` topmost operands; 0: a trap is pending.
  bool made(u64 reference, usize count) {
    has_trapped_ = reference == 0;
    stack_.resize(stack_.size() - count);
    stack_.push_back(RawVal::of_i64(reference));
    return !has_trapped_;
  }
  const RawVal* operands(usize count) const {
    CHECK(count <= stack_.size());
    return stack_.data() + (stack_.size() - count);
  }

  /// Behind the prefix 0xfb; false after a trap.
  bool step_gc() {
    const u32 code = must(reader_.read_var_u32());
    if (code == 0x1a || code == 0x1b) { // any.convert_extern, extern.convert_any
      return true;
    }
    if (code == 0x1c) { // ref.i31
      stack_.push_back(RawVal::of_i32(pop().i32 << 1 | 1));
      return true;
    }
    const TypeIdx type(must(reader_.read_var_u32()));
    switch (code) {
    case 0x00: { // struct.new
      const u32 count = instance_.ir().type(type).params.count;
      return made(struct_new(instance_, type, operands(count)), count);
    }
    case 0x01: // struct.new_default
      return made(struct_new(instance_, type, nullptr), 0);
    case 0x06: // array.new
      return made(array_new(instance_, type, operands(1)->i32, operands(2)), 2);
    case 0x07: // array.new_default
      return made(array_new(instance_, type, operands(1)->i32, nullptr), 1);
    case 0x08: { // array.new_fixed
      const u32 count = must(reader_.read_var_u32());
      return made(array_new_fixed(instance_, type, count, operands(count)), count);
    }
    default: PETREL_UNREACHABLE(); // the frontend accepts nothing else
    }
  }

  /// False at `end` or after a trap.
  bool step() {
    switch (must(reader_.read_u8())) {
    case 0x0b: // end
      return false;
    case 0x23: // global.get
      stack_.push_back(*instance_.global_slot(GlobalIdx(must(reader_.read_var_u32()))));
      return true;
    case 0x41: // i32.const
      stack_.push_back(RawVal::of_i32(static_cast<u32>(must(reader_.read_var_s32()))));
      return true;
    case 0x42: // i64.const
      stack_.push_back(RawVal::of_i64(static_cast<u64>(must(reader_.read_var_s64()))));
      return true;
    case 0x43: // f32.const
      stack_.push_back(RawVal::of_i32(must(reader_.read_u32_le())));
      return true;
    case 0x44: // f64.const
      stack_.push_back(RawVal::of_i64(must(reader_.read_u64_le())));
      return true;
    case 0xfb: return step_gc();
    case 0xfd: { // v128.const
      CHECK(must(reader_.read_var_u32()) == 0x0c);
      RawVal value;
      value.bits[0] = must(reader_.read_u64_le());
      value.bits[1] = must(reader_.read_u64_le());
      stack_.push_back(value);
      return true;
    }
    case 0x6a: binary32([](u32 a, u32 b) { return a + b; }); return true;
    case 0x6b: binary32([](u32 a, u32 b) { return a - b; }); return true;
    case 0x6c: binary32([](u32 a, u32 b) { return a * b; }); return true;
    case 0x7c: binary64([](u64 a, u64 b) { return a + b; }); return true;
    case 0x7d: binary64([](u64 a, u64 b) { return a - b; }); return true;
    case 0x7e: binary64([](u64 a, u64 b) { return a * b; }); return true;
    case 0xd0: // ref.null ht
      must(reader_.read_var_s33());
      stack_.push_back(RawVal::of_i64(0));
      return true;
    case 0xd2: // ref.func
      stack_.push_back(RawVal::of_i64(
          reinterpret_cast<u64>(instance_.func_ref(FuncIdx(must(reader_.read_var_u32()))))));
      return true;
    default: PETREL_UNREACHABLE(); // the frontend accepts nothing else
    }
  }

  Instance& instance_;
  ByteReader reader_;
  std::vector<RawVal> stack_;
  bool has_trapped_ = false;
};

} // namespace

std::optional<RawVal> evaluate_const(Instance& instance, const ir::ConstExpr& expr) {
  switch (expr.kind) {
  case ir::ConstExpr::Kind::value: return expr.value;
  case ir::ConstExpr::Kind::global_get: return *instance.global_slot(GlobalIdx(expr.value.i32));
  case ir::ConstExpr::Kind::ref_func:
    return RawVal::of_i64(reinterpret_cast<u64>(instance.func_ref(FuncIdx(expr.value.i32))));
  case ir::ConstExpr::Kind::code: return Evaluator(instance, instance.ir().array(expr.code)).run();
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::runtime
