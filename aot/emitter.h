// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One wasm function to one LLVM function, driven by the body decoder (emitter_visitor.h). Locals are allocas (SROA
// promotes them), the operand stack holds SSA values, a label's results are phis. Code after an unconditional branch is
// skipped, as the validator's "unreachable" state does. The methods lie in emitter_<family>.cpp.
//
// A guest access that may fault is volatile, load and store; the rest of what exact traps need is in function_builder.h.
#pragma once

#include <span>
#include <vector>

#include "aot/function_builder.h"
#include "aot/numeric_emitter.h"
#include "aot/vector_emitter.h"

namespace petrel::aot {

/// Static part of a memory access: the immediate of loads and stores.
struct Access {
  MemIdx memory;
  u64 offset = 0;
};

class FunctionEmitter : public FunctionBuilder {
public:
  FunctionEmitter(Lowering& low, FuncIdx func);

  /// Emits the body; the function is complete afterwards.
  void emit(Bytes file);

  /// Allocas for the parameters and locals, and the function's frame.
  void begin_body(std::span<const ValType> locals);

  // One method per instruction, called by the visitor.

  // emitter_control.cpp
  void unreachable();
  void block(std::span<const ValType> params, std::span<const ValType> results);
  void loop(std::span<const ValType> params, std::span<const ValType> results);
  void if_(std::span<const ValType> params, std::span<const ValType> results);
  void else_();
  void end();
  void br(u32 label);
  void br_if(u32 label);
  void br_table(std::span<const u32> labels, u32 default_label);
  void return_();
  void drop() { pop(); }
  void select();
  void local_get(LocalIdx idx);
  void local_set(LocalIdx idx);
  void local_tee(LocalIdx idx);

  // emitter_calls.cpp
  void call(FuncIdx idx);
  void call_indirect(TypeIdx type, TableIdx table);
  void call_ref(TypeIdx type);
  void return_call(FuncIdx idx);
  void return_call_indirect(TypeIdx type, TableIdx table);
  void return_call_ref(TypeIdx type);
  void ref_null(HeapType heap);
  void ref_is_null();
  void ref_func(FuncIdx idx);
  void ref_as_non_null();
  void br_on_null(u32 label);
  void br_on_non_null(u32 label);

  // emitter_state.cpp
  void global_get(GlobalIdx idx);
  void global_set(GlobalIdx idx);
  void table_get(TableIdx idx);
  void table_set(TableIdx idx);
  void table_init(ElemIdx elem, TableIdx table);
  void elem_drop(ElemIdx idx);
  void table_copy(TableIdx dst, TableIdx src);
  void table_grow(TableIdx idx);
  void table_size(TableIdx idx);
  void table_fill(TableIdx idx);

  // emitter_memory.cpp
  /// `value`: type on the stack; `memory`: integer or floating point type in memory.
  void load(llvm::Type* value, llvm::Type* memory, bool is_signed, const Access& access);
  void store(llvm::Type* memory, const Access& access);
  void load_lane(u32 bits, u32 lane, const Access& access);
  void store_lane(u32 bits, u32 lane, const Access& access);
  void memory_size(MemIdx idx);
  void memory_grow(MemIdx idx);
  void memory_init(DataIdx data, MemIdx memory);
  void data_drop(DataIdx idx);
  void memory_copy(MemIdx dst, MemIdx src);
  void memory_fill(MemIdx idx);

  bool is_unreachable() const { return unreachable_; }
  llvm::Value* pop();
  void push(llvm::Value* value) { stack_.push_back(value); }
  NumericEmitter& numeric() { return numeric_; }
  VectorEmitter& vector() { return vector_; }

private:
  /// Where branches go, with the phis that take their values.
  struct Label {
    llvm::BasicBlock* block = nullptr; ///< made by the first branch (loops: at once)
    std::vector<llvm::PHINode*> phis;
  };
  enum class FrameKind : u8 { func, block, loop, if_, else_ };
  struct Frame {
    FrameKind kind;
    usize height; ///< of the operand stack below the parameters
    std::vector<llvm::Type*> params;
    std::vector<llvm::Type*> results;
    Label end;
    Label header;                           ///< loops only
    llvm::BasicBlock* else_block = nullptr; ///< of an if whose else has not come
    std::vector<llvm::Value*> else_params;
  };
  struct Callee {
    llvm::Value* code;
    llvm::Value* ctx;
    llvm::Value* func_ref = nullptr; ///< of a table entry
  };
  struct TableView {
    llvm::Value* elems;
    llvm::Value* size;
  };

  // emitter_control.cpp
  Frame& push_frame(FrameKind kind, std::span<const ValType> params,
                    std::span<const ValType> results);
  static Label& target(Frame& frame) {
    return frame.kind == FrameKind::loop ? frame.header : frame.end;
  }
  static const std::vector<llvm::Type*>& target_types(const Frame& frame) {
    return frame.kind == FrameKind::loop ? frame.params : frame.results;
  }
  void make_label(Label& label, const std::vector<llvm::Type*>& types, const char* name);
  /// Adds an edge from the current block to where branches to `frame` go, with the topmost values.
  llvm::BasicBlock* add_branch(Frame& frame);
  llvm::BasicBlock* add_edge(Label& label, const std::vector<llvm::Type*>& types, const char* name);
  Frame& frame_at(u32 label) { return frames_[frames_.size() - 1 - label]; }
  void become_unreachable();
  void close_frame();
  void emit_return();
  llvm::Value* pop_condition();

  // emitter_calls.cpp
  void emit_call(const ir::TypeDef& type, Callee callee,
                 Convention convention = Convention::native);
  /// Pops the arguments; the callee's context comes first.
  std::vector<llvm::Value*> pop_arguments(const ir::TypeDef& type, llvm::Value* ctx);
  /// Replaces the frame by the callee's.
  void emit_tail_call(const ir::TypeDef& type, llvm::Value* code, std::vector<llvm::Value*> args);
  /// The same where the callee is known by its FuncRef only: a call and a return if it makes no tail calls itself.
  void emit_return_call(const ir::TypeDef& type, llvm::Value* func_ref);
  llvm::Value* import_func_ref(FuncIdx idx);
  llvm::Value* pop_non_null(ir::TrapCode code);
  llvm::Value* is_null(llvm::Value* reference);
  llvm::Value* load_func_ref(llvm::Value* func_ref, u64 offset) {
    return load_state(low().ptr(), offset_address(func_ref, offset));
  }
  Callee check_indirect(TypeIdx type, TableIdx table, llvm::Value* index);

  // emitter_state.cpp
  TableView table_view(TableIdx idx);
  const ir::TableType& table_type(TableIdx idx) { return low().wasm().tables()[idx.index()].type; }
  llvm::Type* element_type(TableIdx idx) { return low().type_of(table_type(idx).element); }
  /// An operand of address type as 64 bits, and back.
  llvm::Value* widen_for(const Limits& limits, llvm::Value* value) {
    return limits.is_64 != 0 ? value : widen(value);
  }
  llvm::Value* narrow_for(const Limits& limits, llvm::Value* value) {
    return limits.is_64 != 0 ? value : ir().CreateTrunc(value, low().i32());
  }
  llvm::Value* table_get_func(TableIdx idx, llvm::Value* index, llvm::Value* entry);

  // emitter_memory.cpp
  llvm::Value* guest_address(llvm::Value* index, const Access& access, u64 size_bytes);
  void check_bounds(llvm::Value* index, const Access& access, u64 size_bytes);
  llvm::Value* memory_base(MemIdx idx);
  llvm::Value* memory_length(MemIdx idx);
  const Limits& memory_limits(MemIdx idx) { return low().wasm().memories()[idx.index()]; }

  const FuncIdx func_;
  const ir::TypeDef& type_;
  NumericEmitter numeric_;
  VectorEmitter vector_;
  std::vector<llvm::AllocaInst*> locals_;
  std::vector<llvm::Value*> stack_;
  std::vector<Frame> frames_;
  bool unreachable_ = false;
  llvm::Value* memory0_base_ = nullptr; ///< of a guarded memory 0, once used
};

} // namespace petrel::aot
