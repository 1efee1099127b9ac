// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the emitters of one chunk share: how wasm types, functions and state look in IR. One core module, one LLVM module
// (and context, hence thread); made once per chunk.
//
// The native convention: the C convention; the callee's VMContext (a host adapter's: FuncRef) in `swiftself`, then the
// parameters; one result in its register, several through a last parameter `ptr to RawVal[n]`. funcref is ptr,
// other references are i64.
//
// The tail convention is swifttailcc, the only one in which a call of any signature may replace the frame and in which
// the context's register may change on the way. Arguments that do not fit into registers go through the Store
// (VMStoreContext::tail_args), written right before the jump and read on entry, because LLVM 22 drops arguments of such calls
// that lie on the stack (llvm-project 199224) or moves the stack pointer wrongly (109279). Functions that make tail calls
// have it; an entry (`emit_native_entry`) of the native convention stands for them in a FuncRef's code, the function
// itself is its tail entry. All others are called and return: they make no tail call, so the stack stays bounded.
#pragma once

#include <string>
#include <vector>

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>

#include "aot/module_facts.h"
#include "aot/target.h"
#include "ir/builtins.h"
#include "ir/module.h"
#include "ir/vm_layout.h"

namespace petrel::aot {

enum class Convention : u8 { native, tail };

/// What a load or store touches; accesses of different kinds never alias.
enum class Region : u8 { guest_memory, vm_state };

/// Is a reference of this heap type the address of a FuncRef?
bool is_func_heap(const ir::Module& wasm, HeapType heap);

/// Does the runtime reserve such a memory with guards, so that a 32-bit access needs no comparison (ir/vmctx.def)?
bool has_guards(const Limits& limits);

/// Names of a core module's functions in the image's symbol table, indexed by *defined* function.
using SymbolNames = std::vector<std::string>;

/// Symbol of the native entry of a function that makes tail calls.
inline std::string native_entry_name(const std::string& function) { return "cw_entry." + function; }

class Lowering {
public:
  /// Everything given must outlive this.
  Lowering(llvm::Module& llvm_module, const ir::Module& wasm, const ModuleFacts& facts,
           const SymbolNames& names, const Target& target, const CompileOptions& options);

  llvm::Module& llvm_module() { return llvm_; }
  llvm::LLVMContext& context() { return llvm_.getContext(); }
  const ir::Module& wasm() const { return wasm_; }
  const ModuleFacts& facts() const { return facts_; }
  const ir::VMLayout& layout() const { return layout_; }
  const Target& target() const { return target_; }
  const CompileOptions& options() const { return options_; }

  // Types.
  llvm::Type* type_of(ValType type);
  llvm::FunctionType* function_type(const ir::TypeDef& type, Convention convention);
  llvm::FunctionType* native_type(const ir::TypeDef& type) {
    return function_type(type, Convention::native);
  }
  llvm::IntegerType* i1() { return llvm::Type::getInt1Ty(context()); }
  llvm::IntegerType* i8() { return llvm::Type::getInt8Ty(context()); }
  llvm::IntegerType* i32() { return llvm::Type::getInt32Ty(context()); }
  llvm::IntegerType* i64() { return llvm::Type::getInt64Ty(context()); }
  llvm::PointerType* ptr() { return llvm::PointerType::getUnqual(context()); }
  llvm::Type* raw_vals(u32 count) {
    return llvm::ArrayType::get(i8(), u64{count} * sizeof(RawVal));
  }

  // Functions.
  /// A defined function, declared in this chunk on first use; in the native or the tail convention.
  llvm::Function* function(FuncIdx idx);
  Convention convention(FuncIdx defined) const {
    return facts_.makes_tail_calls(defined.index() - wasm_.header().imported_funcs)
               ? Convention::tail
               : Convention::native;
  }
  /// Defines the native entry of a function that makes tail calls.
  void emit_native_entry(FuncIdx idx);
  llvm::FunctionType* builtin_type(ir::Builtin builtin);
  /// Attributes of the context parameter and, with several results, of the result parameter.
  llvm::AttributeList attributes(const ir::TypeDef& type, Convention convention,
                                 bool is_definition);
  /// By parameter: does it go through the Store?
  std::vector<bool> stored_params(const ir::TypeDef& type, Convention convention);
  /// Calls with all arguments, the context first and the result pointer last; `vmctx`: of the caller.
  llvm::CallInst* call(llvm::IRBuilder<>& b, const ir::TypeDef& type, Convention convention,
                       llvm::Value* code, std::vector<llvm::Value*> args, llvm::Value* vmctx);
  /// Address of the n-th argument that goes through the Store.
  llvm::Value* stored_argument(llvm::IRBuilder<>& b, llvm::Value* vmctx, u32 n);

  // Rules.
  bool is_guarded(MemIdx idx) const;
  /// Must accesses to guest memory stay where they are (exact traps that come by fault)?
  bool has_volatile_memory() const { return volatile_memory_; }
  bool has_exact_traps() const { return !options_.relaxed_traps; }

  /// Marks a load or store as one of a region.
  void tag(llvm::Instruction* access, Region region);
  /// Marks a load whose memory never changes while the code runs.
  void tag_invariant(llvm::LoadInst* load);
  /// Branch weights: the first successor is hardly ever taken.
  llvm::MDNode* unlikely() const { return unlikely_; }

  // Debug locations: line = wasm offset in the file.
  llvm::DISubprogram* begin_debug_function(llvm::Function& function, u32 wasm_offset);
  void finish_debug() { debug_.finalize(); }

private:
  llvm::Function* declare(const ir::TypeDef& type, Convention convention, const std::string& name);

  llvm::Module& llvm_;
  const ir::Module& wasm_;
  const ModuleFacts& facts_;
  const SymbolNames& names_;
  const Target& target_;
  const CompileOptions& options_;
  ir::VMLayout layout_;
  std::vector<llvm::Function*> functions_; ///< by defined index
  llvm::DIBuilder debug_;
  llvm::DIFile* debug_file_ = nullptr;
  llvm::DISubroutineType* debug_type_ = nullptr;
  llvm::MDNode* only_guest_ = nullptr; ///< list of the one scope
  llvm::MDNode* only_vm_ = nullptr;
  llvm::MDNode* unlikely_ = nullptr;
  bool volatile_memory_ = true;
};

} // namespace petrel::aot
