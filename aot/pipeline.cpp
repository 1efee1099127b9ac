// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/pipeline.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/PassInstrumentation.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/StandardInstrumentations.h>
#include <llvm/Support/raw_ostream.h>

#include "aot/loop_versioning.h"
#include "base/check.h"

namespace petrel::aot {

namespace {

/// The new pass manager's furniture. Wired once per run; not to be moved.
class Passes {
public:
  explicit Passes(llvm::Module& module, llvm::TargetMachine& machine)
      : standard_(module.getContext(), /*DebugLogging=*/false),
        builder_(&machine, tuning(), {}, &callbacks_) {
    standard_.registerCallbacks(callbacks_, &module_analyses_); // optnone is honoured through these
    llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
    library.disableAllFunctions(); // an image has no libm and no libc …
    for (llvm::LibFunc func : {llvm::LibFunc_memcpy, llvm::LibFunc_memmove, llvm::LibFunc_memset}) {
      library.setAvailable(func); // … but these three of its own (stubs.cpp)
    }
    function_analyses_.registerPass([library] { return llvm::TargetLibraryAnalysis(library); });
    builder_.registerModuleAnalyses(module_analyses_);
    builder_.registerCGSCCAnalyses(cgscc_analyses_);
    builder_.registerFunctionAnalyses(function_analyses_);
    builder_.registerLoopAnalyses(loop_analyses_);
    builder_.crossRegisterProxies(loop_analyses_, function_analyses_, cgscc_analyses_,
                                  module_analyses_);
  }
  Passes(const Passes&) = delete;
  Passes& operator=(const Passes&) = delete;

  void run_module(llvm::Module& module, llvm::ModulePassManager passes) {
    passes.run(module, module_analyses_);
  }
  /// Simple code and invariant bases first: the shape that loop versioning understands.
  void run_versioning(llvm::Module& module, ir::VMSlot memory0) {
    llvm::FunctionPassManager function_passes;
    CHECK(!llvm::errorToBool(builder_.parsePassPipeline(
        function_passes, "sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
                         "loop-mssa(loop-rotate,licm),loop-simplify,lcssa")));
    function_passes.addPass(LoopVersioning(memory0));
    llvm::ModulePassManager passes;
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(function_passes)));
    passes.run(module, module_analyses_);
  }
  void run_function(llvm::Function& function, const char* text) {
    llvm::FunctionPassManager passes;
    CHECK(!llvm::errorToBool(builder_.parsePassPipeline(passes, text)));
    passes.run(function, function_analyses_);
  }
  llvm::PassBuilder& builder() { return builder_; }

private:
  static llvm::PipelineTuningOptions tuning() {
    llvm::PipelineTuningOptions options;
    options.LoopVectorization = true;
    options.SLPVectorization = true;
    return options;
  }

  llvm::LoopAnalysisManager loop_analyses_;
  llvm::FunctionAnalysisManager function_analyses_;
  llvm::CGSCCAnalysisManager cgscc_analyses_;
  llvm::ModuleAnalysisManager module_analyses_;
  llvm::PassInstrumentationCallbacks callbacks_;
  llvm::StandardInstrumentations standard_;
  llvm::PassBuilder builder_;
};

// Dead blocks vanish and locals become SSA values; what is left suits a fast instruction selector.
constexpr const char* kPassesO0 = "function(sroa,early-cse,simplifycfg)";
constexpr const char* kPassesO1 =
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm),simplifycfg)";

llvm::ModulePassManager pipeline_of(llvm::PassBuilder& builder, OptLevel level) {
  using llvm::OptimizationLevel;
  auto parse = [&](const char* text) {
    llvm::ModulePassManager passes;
    CHECK(!llvm::errorToBool(builder.parsePassPipeline(passes, text)));
    return passes;
  };
  switch (level) {
  case OptLevel::O0: return parse(kPassesO0);
  case OptLevel::O1: return parse(kPassesO1);
  case OptLevel::O2: return builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2);
  case OptLevel::O3: return builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3);
  case OptLevel::Os: return builder.buildPerModuleDefaultPipeline(OptimizationLevel::Os);
  case OptLevel::Oz: return builder.buildPerModuleDefaultPipeline(OptimizationLevel::Oz);
  }
  PETREL_UNREACHABLE();
}

void verify(const llvm::Module& module) {
  std::string report;
  llvm::raw_string_ostream out(report);
  if (llvm::verifyModule(module, &out)) {
    check_failed(report.c_str(), "emitted IR", 0);
  }
}

} // namespace

void optimize(llvm::Module& module, llvm::TargetMachine& machine, OptLevel level,
              std::optional<ir::VMSlot> memory0) {
  verify(module);
  Passes passes(module, machine);
  if (memory0 && (level == OptLevel::O2 || level == OptLevel::O3)) {
    passes.run_versioning(module, *memory0);
    verify(module);
  }
  passes.run_module(module, pipeline_of(passes.builder(), level));
}

void demote_to_cheap(llvm::Function& function, llvm::TargetMachine& machine) {
  Passes passes(*function.getParent(), machine);
  passes.run_function(function, "sroa,early-cse,simplifycfg");
  function.addFnAttr(llvm::Attribute::NoInline);
  function.addFnAttr(llvm::Attribute::OptimizeNone);
  function.removeFnAttr(llvm::Attribute::OptimizeForSize);
  function.removeFnAttr(llvm::Attribute::MinSize);
}

ObjectBytes generate(llvm::Module& module, llvm::TargetMachine& machine,
                     llvm::CodeGenFileType type) {
  ObjectBytes bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  passes.add(new llvm::TargetLibraryInfoWrapperPass(library));
  CHECK(!machine.addPassesToEmitFile(passes, out, nullptr, type, /*DisableVerify=*/true));
  passes.run(module);
  return bytes;
}

ObjectBytes print_ir(const llvm::Module& module) {
  ObjectBytes bytes;
  llvm::raw_svector_ostream out(bytes);
  module.print(out, nullptr);
  return bytes;
}

} // namespace petrel::aot
