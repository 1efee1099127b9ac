// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks, branches, locals. A frame's end block is made by the first branch to it, so that straight code stays one block.
#include "aot/emitter.h"

namespace petrel::aot {

FunctionEmitter::Frame& FunctionEmitter::push_frame(FrameKind kind, std::span<const ValType> params,
                                                    std::span<const ValType> results) {
  Frame frame{.kind = kind,
              .height = stack_.size() - params.size(),
              .params = {},
              .results = {},
              .end = {},
              .header = {},
              .else_params = {}};
  for (ValType type : params) {
    frame.params.push_back(low().type_of(type));
  }
  for (ValType type : results) {
    frame.results.push_back(low().type_of(type));
  }
  frames_.push_back(std::move(frame));
  return frames_.back();
}

void FunctionEmitter::make_label(Label& label, const std::vector<llvm::Type*>& types,
                                 const char* name) {
  if (label.block != nullptr) {
    return;
  }
  label.block = new_block(name);
  for (llvm::Type* type : types) {
    label.phis.push_back(llvm::PHINode::Create(type, 2, "", label.block));
  }
}

llvm::BasicBlock* FunctionEmitter::add_edge(Label& label, const std::vector<llvm::Type*>& types,
                                            const char* name) {
  make_label(label, types, name);
  CHECK(stack_.size() >= types.size());
  const usize first = stack_.size() - types.size();
  for (usize i = 0; i < types.size(); ++i) {
    label.phis[i]->addIncoming(stack_[first + i], ir().GetInsertBlock());
  }
  return label.block;
}

llvm::BasicBlock* FunctionEmitter::add_branch(Frame& frame) {
  return add_edge(target(frame), target_types(frame), "end");
}

void FunctionEmitter::become_unreachable() {
  unreachable_ = true;
  stack_.resize(frames_.back().height);
}

void FunctionEmitter::unreachable() {
  trap(ir::TrapCode::unreachable);
  become_unreachable();
}

void FunctionEmitter::block(std::span<const ValType> params, std::span<const ValType> results) {
  push_frame(FrameKind::block, params, results);
}

void FunctionEmitter::loop(std::span<const ValType> params, std::span<const ValType> results) {
  Frame& frame = push_frame(FrameKind::loop, params, results);
  llvm::BasicBlock* header = add_edge(frame.header, frame.params, "loop");
  ir().CreateBr(header);
  start_block(header);
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.header.phis.begin(), frame.header.phis.end());
}

void FunctionEmitter::if_(std::span<const ValType> params, std::span<const ValType> results) {
  llvm::Value* condition = pop_condition();
  Frame& frame = push_frame(FrameKind::if_, params, results);
  frame.else_block = new_block("else");
  frame.else_params.assign(stack_.begin() + static_cast<std::ptrdiff_t>(frame.height),
                           stack_.end());
  llvm::BasicBlock* then = new_block("then");
  ir().CreateCondBr(condition, then, frame.else_block);
  start_block(then);
}

void FunctionEmitter::else_() {
  Frame& frame = frames_.back();
  if (!unreachable_) {
    ir().CreateBr(add_edge(frame.end, frame.results, "end"));
  }
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.else_params.begin(), frame.else_params.end());
  start_block(frame.else_block);
  frame.else_block = nullptr;
  frame.kind = FrameKind::else_;
  unreachable_ = false;
}

void FunctionEmitter::end() {
  if (frames_.back().kind == FrameKind::if_) {
    else_(); // an empty else passes its parameters on
  }
  if (frames_.size() == 1) {
    close_frame();
    if (!unreachable_) {
      emit_return();
    }
    frames_.pop_back();
    return;
  }
  close_frame();
  frames_.pop_back();
}

void FunctionEmitter::close_frame() {
  Frame& frame = frames_.back();
  if (frame.end.block == nullptr) {
    return; // nobody branched here: the values stay on the stack, or the end is as unreachable as what is before it
  }
  if (!unreachable_) {
    ir().CreateBr(add_edge(frame.end, frame.results, "end"));
  }
  start_block(frame.end.block);
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.end.phis.begin(), frame.end.phis.end());
  unreachable_ = false;
}

void FunctionEmitter::br(u32 label) {
  ir().CreateBr(add_branch(frame_at(label)));
  become_unreachable();
}

void FunctionEmitter::br_if(u32 label) {
  llvm::Value* condition = pop_condition();
  llvm::BasicBlock* next = new_block("next");
  ir().CreateCondBr(condition, add_branch(frame_at(label)), next);
  start_block(next);
}

void FunctionEmitter::br_table(std::span<const u32> labels, u32 default_label) {
  llvm::Value* index = pop();
  llvm::SwitchInst* table = ir().CreateSwitch(index, add_branch(frame_at(default_label)),
                                              static_cast<u32>(labels.size()));
  for (u32 i = 0; i < labels.size(); ++i) {
    if (labels[i] != default_label) {
      table->addCase(ir().getInt32(i), add_branch(frame_at(labels[i])));
    }
  }
  become_unreachable();
}

void FunctionEmitter::return_() {
  ir().CreateBr(add_branch(frames_.front()));
  become_unreachable();
}

void FunctionEmitter::emit_return() {
  const auto results = low().wasm().results(type_);
  if (results.size() == 1) {
    ir().CreateRet(pop());
    return;
  }
  if (!results.empty()) {
    llvm::Value* area = function().getArg(static_cast<u32>(function().arg_size()) - 1);
    for (usize i = results.size(); i-- > 0;) {
      llvm::Value* value = pop();
      if (value->getType()->isIntegerTy(32)) {
        value = widen(value);
      }
      ir().CreateAlignedStore(value, offset_address(area, i * sizeof(RawVal)), llvm::Align(16));
    }
  }
  ir().CreateRetVoid();
}

llvm::Value* FunctionEmitter::pop_condition() {
  llvm::Value* value = pop();
  if (auto* widened = llvm::dyn_cast<llvm::ZExtInst>(value);
      widened != nullptr && widened->getSrcTy()->isIntegerTy(1)) {
    return widened->getOperand(0);
  }
  return ir().CreateICmpNE(value, ir().getInt32(0));
}

void FunctionEmitter::select() {
  llvm::Value* condition = pop_condition();
  llvm::Value* second = pop();
  llvm::Value* first = pop();
  push(ir().CreateSelect(condition, first, second));
}

void FunctionEmitter::local_get(LocalIdx idx) {
  llvm::AllocaInst* local = locals_[idx.index()];
  push(ir().CreateLoad(local->getAllocatedType(), local));
}

void FunctionEmitter::local_set(LocalIdx idx) { ir().CreateStore(pop(), locals_[idx.index()]); }

void FunctionEmitter::local_tee(LocalIdx idx) {
  ir().CreateStore(stack_.back(), locals_[idx.index()]);
}

} // namespace petrel::aot
