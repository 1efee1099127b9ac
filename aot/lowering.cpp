// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/lowering.h"

#include <algorithm>

#include <llvm/IR/MDBuilder.h>

namespace petrel::aot {

namespace {

constexpr const char* kProducer = "petrel wasmc";

// Parameters of the tail convention that are sure to have registers on x86-64 and ARM64; the context and the result pointer
// have theirs besides.
constexpr u32 kTailIntegerParams = 5;
constexpr u32 kTailVectorParams = 8;

llvm::CallingConv::ID id_of(Convention convention) {
  return convention == Convention::tail ? llvm::CallingConv::SwiftTail : llvm::CallingConv::C;
}

} // namespace

bool is_func_heap(const ir::Module& wasm, HeapType heap) {
  if (heap.is_abstract()) {
    return heap.abstract() == AbsHeapType::func || heap.abstract() == AbsHeapType::nofunc;
  }
  return wasm.type(heap.type_idx()).kind == ir::CompositeKind::func;
}

bool has_guards(const Limits& limits) { return limits.is_64 == 0 && limits.page_size_log2 == 16; }

Lowering::Lowering(llvm::Module& llvm_module, const ir::Module& wasm, const ModuleFacts& facts,
                   const SymbolNames& names, const Target& target, const CompileOptions& options)
    : llvm_(llvm_module), wasm_(wasm), facts_(facts), names_(names), target_(target),
      options_(options), layout_(wasm),
      functions_(wasm.header().funcs.count - wasm.header().imported_funcs), debug_(llvm_module) {
  llvm::MDBuilder md(context());
  llvm::MDNode* domain = md.createAnonymousAliasScopeDomain("petrel");
  only_guest_ = llvm::MDNode::get(context(), md.createAnonymousAliasScope(domain, "guest memory"));
  only_vm_ = llvm::MDNode::get(context(), md.createAnonymousAliasScope(domain, "vm state"));
  unlikely_ = md.createUnlikelyBranchWeights();

  llvm_.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  llvm_.addModuleFlag(llvm::Module::Max, "Dwarf Version", 4);
  debug_file_ = debug_.createFile("module.wasm", "");
  debug_.createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C), debug_file_,
                           kProducer,
                           /*isOptimized=*/true, "", 0, "", llvm::DICompileUnit::LineTablesOnly);
  debug_type_ = debug_.createSubroutineType(debug_.getOrCreateTypeArray({}));

  bool any_guarded = false;
  for (u32 i = 0; i < wasm.memories().size(); ++i) {
    any_guarded = any_guarded || is_guarded(MemIdx(i));
  }
  volatile_memory_ = has_exact_traps() && any_guarded;
}

llvm::Type* Lowering::type_of(ValType type) {
  switch (type.kind()) {
  case ValKind::i32: return i32();
  case ValKind::i64: return i64();
  case ValKind::f32: return llvm::Type::getFloatTy(context());
  case ValKind::f64: return llvm::Type::getDoubleTy(context());
  case ValKind::v128: return llvm::FixedVectorType::get(i64(), 2);
  case ValKind::ref:
  case ValKind::ref_null:
    return is_func_heap(wasm_, type.heap()) ? static_cast<llvm::Type*>(ptr()) : i64();
  case ValKind::bot:
  case ValKind::i8:
  case ValKind::i16: break;
  }
  PETREL_UNREACHABLE();
}

std::vector<bool> Lowering::stored_params(const ir::TypeDef& type, Convention convention) {
  std::vector<bool> stored(wasm_.params(type).size());
  u32 integers = 0;
  u32 vectors = 0;
  for (usize i = 0; i < stored.size() && convention == Convention::tail; ++i) {
    llvm::Type* param = type_of(wasm_.params(type)[i]);
    const bool is_integer = param->isIntegerTy() || param->isPointerTy();
    stored[i] = is_integer ? ++integers > kTailIntegerParams : ++vectors > kTailVectorParams;
  }
  return stored;
}

llvm::FunctionType* Lowering::function_type(const ir::TypeDef& type, Convention convention) {
  const auto results = wasm_.results(type);
  const std::vector<bool> stored = stored_params(type, convention);
  std::vector<llvm::Type*> params{ptr()};
  for (usize i = 0; i < stored.size(); ++i) {
    if (!stored[i]) {
      params.push_back(type_of(wasm_.params(type)[i]));
    }
  }
  if (results.size() > 1) {
    params.push_back(ptr());
  }
  llvm::Type* result = results.size() == 1 ? type_of(results[0]) : llvm::Type::getVoidTy(context());
  return llvm::FunctionType::get(result, params, /*isVarArg=*/false);
}

llvm::AttributeList Lowering::attributes(const ir::TypeDef& type, Convention convention,
                                         bool is_definition) {
  llvm::AttributeList list;
  llvm::AttrBuilder self(context());
  self.addAttribute(llvm::Attribute::SwiftSelf);
  if (is_definition) {
    self.addAttribute(llvm::Attribute::NoUndef);
    self.addAttribute(llvm::Attribute::NonNull);
    self.addAlignmentAttr(llvm::Align(16));
    self.addDereferenceableAttr(layout_.size_bytes());
  }
  list = list.addParamAttributes(context(), 0, self);
  if (wasm_.results(type).size() > 1) {
    llvm::AttrBuilder results(context());
    results.addAttribute(llvm::Attribute::NoUndef);
    results.addAttribute(llvm::Attribute::NoAlias);
    results.addAlignmentAttr(llvm::Align(16));
    list = list.addParamAttributes(context(), function_type(type, convention)->getNumParams() - 1,
                                   results);
  }
  return list;
}

llvm::Value* Lowering::stored_argument(llvm::IRBuilder<>& b, llvm::Value* vmctx, u32 n) {
  auto load_pointer = [&](llvm::Value* base, u64 offset) {
    llvm::LoadInst* load =
        b.CreateAlignedLoad(ptr(), b.CreateGEP(i8(), base, b.getInt64(offset)), llvm::Align(8));
    tag(load, Region::vm_state);
    tag_invariant(load);
    return load;
  };
  llvm::Value* store = load_pointer(vmctx, offsetof(ir::VMContext, store));
  llvm::Value* area = load_pointer(store, offsetof(ir::VMStoreContext, tail_args));
  return b.CreateGEP(i8(), area, b.getInt64(u64{n} * sizeof(RawVal)));
}

llvm::CallInst* Lowering::call(llvm::IRBuilder<>& b, const ir::TypeDef& type, Convention convention,
                               llvm::Value* code, std::vector<llvm::Value*> args,
                               llvm::Value* vmctx) {
  const std::vector<bool> stored = stored_params(type, convention);
  std::vector<llvm::Value*> passed;
  u32 stored_count = 0;
  for (usize i = 0; i < args.size(); ++i) {
    if (i == 0 || i > stored.size() || !stored[i - 1]) {
      passed.push_back(args[i]);
    } else {
      llvm::Value* address = stored_argument(b, vmctx, stored_count++);
      tag(b.CreateAlignedStore(args[i], address, llvm::Align(16)), Region::vm_state);
    }
  }
  llvm::CallInst* call = b.CreateCall(function_type(type, convention), code, passed);
  call->setAttributes(attributes(type, convention, /*is_definition=*/false));
  call->setCallingConv(id_of(convention));
  call->setDoesNotThrow();
  return call;
}

llvm::Function* Lowering::declare(const ir::TypeDef& type, Convention convention,
                                  const std::string& name) {
  auto* function = llvm::Function::Create(function_type(type, convention),
                                          llvm::GlobalValue::ExternalLinkage, name, llvm_);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  function->setDSOLocal(true);
  function->setAttributes(attributes(type, convention, /*is_definition=*/true));
  function->setDoesNotThrow();
  function->setCallingConv(id_of(convention));
  return function;
}

llvm::Function* Lowering::function(FuncIdx idx) {
  const u32 defined = idx.index() - wasm_.header().imported_funcs;
  llvm::Function*& function = functions_[defined];
  if (function == nullptr) {
    function = declare(wasm_.func_type(idx), convention(idx), names_[defined]);
  }
  return function;
}

void Lowering::emit_native_entry(FuncIdx idx) {
  const ir::TypeDef& type = wasm_.func_type(idx);
  llvm::Function* callee = function(idx);
  llvm::Function* entry =
      declare(type, Convention::native, native_entry_name(std::string(callee->getName())));
  set_function_attributes(*entry, target_, options_.opt_level);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context(), "entry", entry));
  std::vector<llvm::Value*> args;
  for (llvm::Argument& argument : entry->args()) {
    args.push_back(&argument);
  }
  llvm::CallInst* result = call(b, type, Convention::tail, callee, args, entry->getArg(0));
  result->setIsNoInline(); // the function's own code is what backtraces know
  if (result->getType()->isVoidTy()) {
    b.CreateRetVoid();
  } else {
    b.CreateRet(result);
  }
}

llvm::FunctionType* Lowering::builtin_type(ir::Builtin builtin) {
  const ir::BuiltinInfo& info = ir::kBuiltins[static_cast<u32>(builtin)];
  std::vector<llvm::Type*> params{ptr()};
  for (char letter : info.params) {
    params.push_back(letter == 'i'   ? static_cast<llvm::Type*>(i32())
                     : letter == 'I' ? static_cast<llvm::Type*>(i64())
                                     : ptr());
  }
  llvm::Type* result = nullptr;
  switch (info.result) {
  case ir::BuiltinResult::Void:
  case ir::BuiltinResult::Never: result = llvm::Type::getVoidTy(context()); break;
  case ir::BuiltinResult::I32: result = i32(); break;
  case ir::BuiltinResult::I64: result = i64(); break;
  case ir::BuiltinResult::Ptr: result = ptr(); break;
  case ir::BuiltinResult::Ok: result = i1(); break;
  }
  return llvm::FunctionType::get(result, params, /*isVarArg=*/false);
}

bool Lowering::is_guarded(MemIdx idx) const {
  return has_guards(wasm_.memories()[idx.index()]) && !options_.explicit_bounds;
}

void Lowering::tag(llvm::Instruction* access, Region region) {
  const bool is_guest = region == Region::guest_memory;
  access->setMetadata(llvm::LLVMContext::MD_alias_scope, is_guest ? only_guest_ : only_vm_);
  access->setMetadata(llvm::LLVMContext::MD_noalias, is_guest ? only_vm_ : only_guest_);
}

void Lowering::tag_invariant(llvm::LoadInst* load) {
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(context(), {}));
}

llvm::DISubprogram* Lowering::begin_debug_function(llvm::Function& function, u32 wasm_offset) {
  llvm::DISubprogram* subprogram = debug_.createFunction(
      debug_file_, function.getName(), function.getName(), debug_file_, wasm_offset, debug_type_,
      wasm_offset, llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagDefinition);
  function.setSubprogram(subprogram);
  return subprogram;
}

} // namespace petrel::aot
