// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/adapters.h"

#include <algorithm>

namespace petrel::aot {

namespace {

char kind_letter(const ir::Module& wasm, ValType type) {
  switch (type.kind()) {
  case ValKind::i32: return 'i';
  case ValKind::i64: return 'I';
  case ValKind::f32: return 'f';
  case ValKind::f64: return 'F';
  case ValKind::v128: return 'v';
  case ValKind::ref:
  case ValKind::ref_null: return is_func_heap(wasm, type.heap()) ? 'p' : 'r';
  case ValKind::bot:
  case ValKind::i8:
  case ValKind::i16: break;
  }
  PETREL_UNREACHABLE();
}

/// Builds the two adapters of one signature.
class Adapters {
public:
  Adapters(llvm::Module& module, const std::string& signature, const Target& target,
           const CompileOptions& options)
      : module_(module), target_(target), options_(options), b_(module.getContext()),
        signature_(signature) {
    const usize colon = signature.find(':');
    params_ = types(std::string_view(signature).substr(0, colon));
    results_ = types(std::string_view(signature).substr(colon + 1));
  }

  void emit_array_adapter() {
    auto* type = llvm::FunctionType::get(b_.getInt1Ty(), {b_.getPtrTy(), b_.getPtrTy()}, false);
    llvm::Function* function = begin(type, array_adapter_name(signature_));
    function->addRetAttr(llvm::Attribute::ZExt);
    llvm::Value* callee = function->getArg(0);
    llvm::Value* slots = function->getArg(1);
    std::vector<llvm::Value*> args{load_field(callee, offsetof(ir::FuncRef, ctx))};
    for (usize i = 0; i < params_.size(); ++i) {
      args.push_back(b_.CreateAlignedLoad(params_[i], slot(slots, i), llvm::Align(16)));
    }
    if (results_.size() > 1) {
      args.push_back(slots); // the parameters were read, there is room for the results
    }
    llvm::CallInst* call =
        b_.CreateCall(native_type(), load_field(callee, offsetof(ir::FuncRef, code)), args);
    call->addParamAttr(0, llvm::Attribute::SwiftSelf);
    call->setDoesNotThrow();
    if (results_.size() == 1) {
      store(call, slots, 0);
    }
    b_.CreateRet(b_.getTrue());
  }

  void emit_host_adapter() {
    llvm::Function* function = begin(native_type(), host_adapter_name(signature_));
    function->addParamAttr(0, llvm::Attribute::SwiftSelf);
    llvm::Value* callee = function->getArg(0);
    llvm::AllocaInst* slots = b_.CreateAlloca(llvm::ArrayType::get(
        b_.getInt8Ty(), std::max({params_.size(), results_.size(), usize{1}}) * sizeof(RawVal)));
    slots->setAlignment(llvm::Align(16));
    for (u32 i = 0; i < params_.size(); ++i) {
      store(function->getArg(1 + i), slots, i);
    }
    auto* entry_type =
        llvm::FunctionType::get(b_.getInt1Ty(), {b_.getPtrTy(), b_.getPtrTy()}, false);
    llvm::CallInst* ok = b_.CreateCall(
        entry_type, load_field(callee, offsetof(ir::FuncRef, array_entry)), {callee, slots});
    ok->addRetAttr(llvm::Attribute::ZExt);
    auto* good = llvm::BasicBlock::Create(module_.getContext(), "good", function);
    auto* bad = llvm::BasicBlock::Create(module_.getContext(), "bad", function);
    b_.CreateCondBr(ok, good, bad);
    b_.SetInsertPoint(bad);
    raise(callee);
    b_.SetInsertPoint(good);
    return_results(*function, slots);
  }

private:
  std::vector<llvm::Type*> types(std::string_view letters) {
    std::vector<llvm::Type*> result;
    for (char letter : letters) {
      result.push_back(
          letter == 'i'   ? b_.getInt32Ty()
          : letter == 'f' ? b_.getFloatTy()
          : letter == 'F' ? b_.getDoubleTy()
          : letter == 'v' ? static_cast<llvm::Type*>(llvm::FixedVectorType::get(b_.getInt64Ty(), 2))
          : letter == 'p' ? static_cast<llvm::Type*>(b_.getPtrTy())
                          : b_.getInt64Ty());
    }
    return result;
  }

  llvm::FunctionType* native_type() {
    std::vector<llvm::Type*> params{b_.getPtrTy()};
    params.insert(params.end(), params_.begin(), params_.end());
    if (results_.size() > 1) {
      params.push_back(b_.getPtrTy());
    }
    return llvm::FunctionType::get(results_.size() == 1 ? results_[0] : b_.getVoidTy(), params,
                                   false);
  }

  llvm::Function* begin(llvm::FunctionType* type, const std::string& name) {
    auto* function =
        llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->setDSOLocal(true);
    set_function_attributes(*function, target_, options_.opt_level);
    b_.SetInsertPoint(llvm::BasicBlock::Create(module_.getContext(), "entry", function));
    return function;
  }

  llvm::Value* address(llvm::Value* base, u64 offset) {
    return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), base, offset);
  }
  llvm::Value* slot(llvm::Value* slots, usize index) {
    return address(slots, index * sizeof(RawVal));
  }
  llvm::Value* load_field(llvm::Value* object, u64 offset) {
    return b_.CreateAlignedLoad(b_.getPtrTy(), address(object, offset), llvm::Align(8));
  }
  /// Into a RawVal: i32 zero-extended.
  void store(llvm::Value* value, llvm::Value* slots, usize index) {
    if (value->getType()->isIntegerTy(32)) {
      value = b_.CreateZExt(value, b_.getInt64Ty());
    }
    b_.CreateAlignedStore(value, slot(slots, index), llvm::Align(16));
  }

  void raise(llvm::Value* callee) {
    llvm::Value* ctx = load_field(load_field(callee, offsetof(ir::FuncRef, host)),
                                  offsetof(ir::HostImportHead, caller_ctx));
    llvm::Value* table = load_field(ctx, offsetof(ir::VMContext, builtins));
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {b_.getPtrTy()}, false);
    llvm::CallInst* call = b_.CreateCall(
        type, load_field(table, u64{static_cast<u32>(ir::Builtin::raise)} * 8), {ctx});
    call->setDoesNotReturn();
    b_.CreateUnreachable();
  }

  void return_results(llvm::Function& function, llvm::Value* slots) {
    if (results_.size() == 1) {
      b_.CreateRet(b_.CreateAlignedLoad(results_[0], slots, llvm::Align(16)));
      return;
    }
    for (usize i = 0; i < results_.size(); ++i) {
      llvm::Value* area = function.getArg(static_cast<u32>(function.arg_size()) - 1);
      store(b_.CreateAlignedLoad(results_[i], slot(slots, i), llvm::Align(16)), area, i);
    }
    b_.CreateRetVoid();
  }

  llvm::Module& module_;
  const Target& target_;
  const CompileOptions& options_;
  llvm::IRBuilder<> b_;
  const std::string& signature_;
  std::vector<llvm::Type*> params_;
  std::vector<llvm::Type*> results_;
};

} // namespace

std::string signature_of(const ir::Module& wasm, const ir::TypeDef& type) {
  std::string text;
  for (ValType param : wasm.params(type)) {
    text += kind_letter(wasm, param);
  }
  text += ':';
  for (ValType result : wasm.results(type)) {
    text += kind_letter(wasm, result);
  }
  return text;
}

std::string array_adapter_name(const std::string& signature) {
  return "cw_array_adapter." + signature;
}
std::string host_adapter_name(const std::string& signature) {
  return "cw_host_adapter." + signature;
}

void emit_adapters(llvm::Module& module, const std::set<std::string>& signatures,
                   const Target& target, const CompileOptions& options) {
  for (const std::string& signature : signatures) {
    Adapters adapters(module, signature, target, options);
    adapters.emit_array_adapter();
    adapters.emit_host_adapter();
  }
}

} // namespace petrel::aot
