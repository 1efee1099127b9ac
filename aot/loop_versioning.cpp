// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The check, in 64 bits. An access is base + start + k * step + offset for the k-th iteration, k = 0 … trips (the exact
// backedge-taken count); `start` is zero-extended from 32 bits or below 2^33 by a comparison, `step` a constant below
// 2^20, trips below 2^32 by a comparison, so nothing below wraps:
//
//     step >= 0:  start + trips * step + offset + size <= length
//     step <  0:  start + offset + size <= length  and  start >= trips * |step|
//
// Since length <= 2^32, the 32-bit index of the program did not wrap either: what it computes is what the check assumed.
// Memories never shrink. Behind the plain copy stands an empty asm, so that its stores happen before whatever traps next.
#include "aot/loop_versioning.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

namespace petrel::aot {

namespace {

constexpr u64 kMaxInstructions = 400; ///< of a loop that is copied
constexpr usize kMaxRanges = 12;
constexpr i64 kMaxStep = i64{1} << 20;
constexpr u64 kMaxOffset = u64{1} << 33;

struct GuestAccess {
  llvm::Instruction* instruction;
  llvm::Value* base;
  const llvm::SCEV* start; ///< i64
  i64 step;
  u64 offset;
  u64 end_offset;      ///< offset + size
  bool start_is_small; ///< below 2^32 by construction
};

/// Is it the base of memory 0, loaded from the start of the context?
bool is_memory0_base(const llvm::Value* value, const llvm::Function& function) {
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
  return load != nullptr && load->hasMetadata(llvm::LLVMContext::MD_invariant_load) &&
         load->getPointerOperand() == function.getArg(0);
}

/// One loop that may be versioned.
class Candidate {
public:
  Candidate(llvm::Loop& loop, llvm::ScalarEvolution& scev, llvm::Function& function)
      : loop_(loop), scev_(scev), function_(function) {}

  /// Fills in trips and accesses; false when some address is not understood.
  bool analyze() {
    if (!loop_.isInnermost() || !loop_.isLoopSimplifyForm() ||
        loop_.getExitingBlock() != loop_.getLoopLatch() || loop_.getUniqueExitBlock() == nullptr) {
      return false;
    }
    trips_ = scev_.getBackedgeTakenCount(&loop_);
    if (llvm::isa<llvm::SCEVCouldNotCompute>(trips_) ||
        trips_->getType()->getScalarSizeInBits() > 64) {
      return false;
    }
    u64 instructions = 0;
    for (llvm::BasicBlock* block : loop_.blocks()) {
      for (llvm::Instruction& instruction : *block) {
        if (++instructions > kMaxInstructions || !consider(instruction)) {
          return false;
        }
      }
    }
    return !accesses_.empty();
  }

  const llvm::SCEV* trips() const { return trips_; }
  const std::vector<GuestAccess>& accesses() const { return accesses_; }

private:
  bool consider(llvm::Instruction& instruction) {
    if (llvm::isa<llvm::LoadInst>(instruction) || llvm::isa<llvm::StoreInst>(instruction)) {
      if (instruction.isVolatile()) {
        return consider_access(instruction);
      }
      return llvm::isa<llvm::LoadInst>(instruction);
    }
    return !instruction.mayReadOrWriteMemory() && !instruction.isEHPad();
  }

  bool consider_access(llvm::Instruction& instruction) {
    const llvm::SCEV* address = scev_.getSCEV(llvm::getLoadStorePointerOperand(&instruction));
    const auto* base = llvm::dyn_cast<llvm::SCEVUnknown>(scev_.getPointerBase(address));
    if (base == nullptr || !is_memory0_base(base->getValue(), function_) ||
        !scev_.isLoopInvariant(base, &loop_)) {
      return false;
    }
    GuestAccess access{&instruction, base->getValue(), nullptr, 0, 0, 0, false};
    const llvm::SCEV* rest = scev_.getMinusSCEV(address, base);
    if (const auto* sum = llvm::dyn_cast<llvm::SCEVAddExpr>(rest)) {
      if (const auto* constant = llvm::dyn_cast<llvm::SCEVConstant>(sum->getOperand(0))) {
        const llvm::APInt& value = constant->getAPInt();
        if (value.isNegative() || value.uge(kMaxOffset)) {
          return false;
        }
        access.offset = value.getZExtValue();
        rest = scev_.getMinusSCEV(rest, constant);
      }
    }
    const llvm::DataLayout& layout = function_.getDataLayout();
    access.end_offset =
        access.offset +
        layout.getTypeStoreSize(llvm::getLoadStoreType(&instruction)).getFixedValue();
    if (!split(rest, access)) {
      return false;
    }
    accesses_.push_back(access);
    return true;
  }

  /// rest = start + iteration * step.
  bool split(const llvm::SCEV* rest, GuestAccess& access) {
    llvm::Type* i64_type = llvm::Type::getInt64Ty(function_.getContext());
    const auto* widened = llvm::dyn_cast<llvm::SCEVZeroExtendExpr>(rest);
    const bool from_i32 = widened != nullptr && widened->getOperand()->getType()->isIntegerTy(32);
    access.start_is_small = from_i32;
    if (scev_.isLoopInvariant(rest, &loop_)) {
      access.start = rest;
      return true;
    }
    const auto* recurrence =
        llvm::dyn_cast<llvm::SCEVAddRecExpr>(from_i32 ? widened->getOperand() : rest);
    if (recurrence == nullptr || recurrence->getLoop() != &loop_ || !recurrence->isAffine()) {
      return false;
    }
    const auto* step = llvm::dyn_cast<llvm::SCEVConstant>(recurrence->getStepRecurrence(scev_));
    if (step == nullptr || !step->getAPInt().isSignedIntN(21)) {
      return false;
    }
    access.step = step->getAPInt().getSExtValue();
    access.start = from_i32 ? scev_.getZeroExtendExpr(recurrence->getStart(), i64_type)
                            : recurrence->getStart();
    return access.step < kMaxStep && access.step > -kMaxStep;
  }

  llvm::Loop& loop_;
  llvm::ScalarEvolution& scev_;
  llvm::Function& function_;
  const llvm::SCEV* trips_ = nullptr;
  std::vector<GuestAccess> accesses_;
};

/// Builds the check and the second copy.
class Versioner {
public:
  Versioner(llvm::Function& function, llvm::LoopInfo& loops, llvm::DominatorTree& dominators,
            llvm::ScalarEvolution& scev, ir::VMSlot memory0)
      : function_(function), loops_(loops), dominators_(dominators), scev_(scev), memory0_(memory0),
        i64_(llvm::Type::getInt64Ty(function.getContext())) {}

  bool version(llvm::Loop& loop, const Candidate& candidate) {
    llvm::Instruction* at = loop.getLoopPreheader()->getTerminator();
    llvm::SCEVExpander expander(scev_, "range");
    std::vector<Range> ranges;
    if (!expander.isSafeToExpandAt(candidate.trips(), at) ||
        !collect(candidate, expander, at, ranges)) {
      return false;
    }
    llvm::IRBuilder<> b(at);
    llvm::Value* trips = b.CreateZExt(
        expander.expandCodeFor(candidate.trips(), candidate.trips()->getType(), at), i64_);
    for (Range& range : ranges) {
      range.start_value = expander.expandCodeFor(range.start, i64_, at);
    }
    b.SetInsertPoint(at);
    llvm::Value* is_safe = emit_check(b, trips, ranges);
    copy(loop, candidate, ranges, trips, is_safe);
    return true;
  }

private:
  /// Accesses of one start and step: the furthest end decides.
  struct Range {
    const llvm::SCEV* start;
    i64 step;
    u64 end_offset;
    bool start_is_small;
    llvm::Value* start_value = nullptr;
  };

  bool collect(const Candidate& candidate, llvm::SCEVExpander& expander, llvm::Instruction* at,
               std::vector<Range>& ranges) {
    for (const GuestAccess& access : candidate.accesses()) {
      if (Range* known = find(ranges, access)) {
        known->end_offset = std::max(known->end_offset, access.end_offset);
        continue;
      }
      if (ranges.size() == kMaxRanges || !expander.isSafeToExpandAt(access.start, at)) {
        return false;
      }
      ranges.push_back({access.start, access.step, access.end_offset, access.start_is_small});
    }
    return true;
  }

  static Range* find(std::vector<Range>& ranges, const GuestAccess& access) {
    for (Range& range : ranges) {
      if (range.start == access.start && range.step == access.step) {
        return &range;
      }
    }
    return nullptr;
  }

  llvm::Value* emit_check(llvm::IRBuilder<>& b, llvm::Value* trips,
                          const std::vector<Range>& ranges) {
    llvm::Value* context = function_.getArg(0);
    llvm::Value* pair = b.CreateGEP(b.getInt8Ty(), context, b.getInt64(memory0_.offset));
    if (memory0_.is_indirect) {
      pair = b.CreateAlignedLoad(b.getPtrTy(), pair, llvm::Align(8));
    }
    llvm::Value* length = b.CreateAlignedLoad(
        i64_, b.CreateGEP(b.getInt8Ty(), pair, b.getInt64(offsetof(ir::MemoryPair, size))),
        llvm::Align(8));
    llvm::Value* ok = b.CreateICmpULT(trips, b.getInt64(u64{1} << 32));
    for (const Range& range : ranges) {
      llvm::Value* distance =
          b.CreateMul(trips, b.getInt64(static_cast<u64>(std::abs(range.step))));
      llvm::Value* last =
          range.step > 0 ? b.CreateAdd(range.start_value, distance) : range.start_value;
      ok =
          b.CreateAnd(ok, b.CreateICmpULE(b.CreateAdd(last, b.getInt64(range.end_offset)), length));
      if (range.step < 0) {
        ok = b.CreateAnd(ok, b.CreateICmpUGE(range.start_value, distance));
      }
      if (!range.start_is_small) {
        ok = b.CreateAnd(ok, b.CreateICmpULT(range.start_value, b.getInt64(u64{1} << 33)));
      }
    }
    return ok;
  }

  void copy(llvm::Loop& loop, const Candidate& candidate, std::vector<Range>& ranges,
            llvm::Value* trips, llvm::Value* is_safe) {
    llvm::BasicBlock* check = loop.getLoopPreheader();
    llvm::BasicBlock* exit = loop.getUniqueExitBlock();
    llvm::BasicBlock* latch = loop.getLoopLatch();
    llvm::BasicBlock* preheader =
        llvm::SplitBlock(check, check->getTerminator(), &dominators_, &loops_);
    llvm::ValueToValueMapTy map;
    llvm::SmallVector<llvm::BasicBlock*, 8> blocks;
    llvm::Loop* fast = llvm::cloneLoopWithPreheader(preheader, check, &loop, map, ".plain", &loops_,
                                                    &dominators_, blocks);
    llvm::remapInstructionsInBlocks(blocks, map);
    llvm::Instruction* old = check->getTerminator();
    llvm::IRBuilder<> b(old);
    b.CreateCondBr(is_safe, fast->getLoopPreheader(), preheader,
                   llvm::MDBuilder(function_.getContext()).createLikelyBranchWeights());
    old->eraseFromParent();
    llvm::BasicBlock* fast_latch = llvm::cast<llvm::BasicBlock>(map[latch]);
    for (llvm::PHINode& phi : exit->phis()) {
      llvm::Value* value = phi.getIncomingValueForBlock(latch);
      const auto mapped = map.find(value);
      phi.addIncoming(mapped != map.end() ? static_cast<llvm::Value*>(mapped->second) : value,
                      fast_latch);
    }
    dominators_.changeImmediateDominator(exit, check);
    make_plain(*fast, candidate, ranges, trips, map, fast_latch);
    add_barrier(fast_latch, exit);
    llvm::addStringMetadataToLoop(&loop, "llvm.loop.unroll.disable",
                                  1); // the exact copy is the rare one
    scev_.forgetLoop(&loop);
  }

  /// A 64-bit induction variable, plain accesses on it, and an exit test LLVM can count.
  void make_plain(llvm::Loop& fast, const Candidate& candidate, std::vector<Range>& ranges,
                  llvm::Value* trips, llvm::ValueToValueMapTy& map, llvm::BasicBlock* latch) {
    llvm::BasicBlock* header = fast.getHeader();
    llvm::IRBuilder<> b(header, header->begin());
    llvm::PHINode* iteration = b.CreatePHI(i64_, 2, "iteration");
    llvm::IRBuilder<> before(fast.getLoopPreheader()->getTerminator());
    for (const GuestAccess& access : candidate.accesses()) {
      auto* instruction = llvm::cast<llvm::Instruction>(map[access.instruction]);
      // SAFETY: the range check covers this access in every iteration.
      llvm::Value* first = before.CreateGEP(
          before.getInt8Ty(), access.base,
          before.CreateAdd(find(ranges, access)->start_value, before.getInt64(access.offset)));
      b.SetInsertPoint(instruction);
      llvm::Value* address = first;
      if (access.step != 0) {
        llvm::Value* distance = b.CreateMul(iteration, b.getInt64(static_cast<u64>(access.step)),
                                            "", false, /*HasNSW=*/true);
        address = b.CreateGEP(b.getInt8Ty(), first, distance);
      }
      if (auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction)) {
        load->setVolatile(false);
        load->setOperand(llvm::LoadInst::getPointerOperandIndex(), address);
      } else {
        auto* store = llvm::cast<llvm::StoreInst>(instruction);
        store->setVolatile(false);
        store->setOperand(llvm::StoreInst::getPointerOperandIndex(), address);
      }
    }
    auto* branch = llvm::cast<llvm::BranchInst>(latch->getTerminator());
    b.SetInsertPoint(branch);
    llvm::Value* next = b.CreateAdd(iteration, b.getInt64(1), "", /*HasNUW=*/true, /*HasNSW=*/true);
    branch->setCondition(branch->getSuccessor(0) == header ? b.CreateICmpNE(iteration, trips)
                                                           : b.CreateICmpEQ(iteration, trips));
    iteration->addIncoming(b.getInt64(0), fast.getLoopPreheader());
    iteration->addIncoming(next, latch);
  }

  /// What the plain copy stored must be there when something later traps.
  void add_barrier(llvm::BasicBlock* latch, llvm::BasicBlock* exit) {
    llvm::BasicBlock* between = llvm::SplitEdge(latch, exit, &dominators_, &loops_);
    llvm::IRBuilder<> b(between->getTerminator());
    llvm::CallInst* barrier = b.CreateCall(
        llvm::InlineAsm::get(llvm::FunctionType::get(b.getVoidTy(), false), "", "~{memory}", true));
    barrier->setDoesNotThrow();
  }

  llvm::Function& function_;
  llvm::LoopInfo& loops_;
  llvm::DominatorTree& dominators_;
  llvm::ScalarEvolution& scev_;
  ir::VMSlot memory0_;
  llvm::Type* i64_;
};

} // namespace

llvm::PreservedAnalyses LoopVersioning::run(llvm::Function& function,
                                            llvm::FunctionAnalysisManager& analyses) {
  if (function.hasOptNone() || function.arg_empty()) {
    return llvm::PreservedAnalyses::all();
  }
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  auto& dominators = analyses.getResult<llvm::DominatorTreeAnalysis>(function);
  auto& scev = analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
  Versioner versioner(function, loops, dominators, scev, memory0_);
  bool changed = false;
  for (llvm::Loop* loop : llvm::to_vector(loops.getLoopsInPreorder())) {
    Candidate candidate(*loop, scev, function);
    if (candidate.analyze()) {
      changed = versioner.version(*loop, candidate) || changed;
    }
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

} // namespace petrel::aot
