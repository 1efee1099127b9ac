// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/target.h"

#include <mutex>

#include <elf.h>

#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include "base/format.h"
#include "ir/cwasm.h"

namespace petrel::aot {

namespace {

using ir::CpuFeature;

struct FeatureName {
  CpuFeature feature;
  const char* llvm_name;
};
constexpr FeatureName kX86Features[] = {
    {CpuFeature::x86_sse42, "+sse4.2"},   {CpuFeature::x86_popcnt, "+popcnt"},
    {CpuFeature::x86_avx, "+avx"},        {CpuFeature::x86_avx2, "+avx2"},
    {CpuFeature::x86_bmi1, "+bmi"},       {CpuFeature::x86_bmi2, "+bmi2"},
    {CpuFeature::x86_fma, "+fma"},        {CpuFeature::x86_lzcnt, "+lzcnt"},
    {CpuFeature::x86_f16c, "+f16c"},      {CpuFeature::x86_movbe, "+movbe"},
    {CpuFeature::x86_avx512, "+avx512f"},
};
constexpr FeatureName kArmFeatures[] = {
    {CpuFeature::arm_lse, "+lse"},       {CpuFeature::arm_dotprod, "+dotprod"},
    {CpuFeature::arm_fp16, "+fullfp16"}, {CpuFeature::arm_sve, "+sve"},
    {CpuFeature::arm_sve2, "+sve2"},     {CpuFeature::arm_rcpc, "+rcpc"},
};

void initialize_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeAArch64AsmPrinter();
  });
}

std::unexpected<Error> unsupported(std::string text) {
  return fail(ErrorClass::unsupported, std::move(text));
}

/// "+avx2,-sse4a,…" of the machine we run on.
std::string host_features() {
  std::string text;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    text += text.empty() ? "" : ",";
    text += feature.second ? "+" : "-";
    text += feature.first();
  }
  return text;
}

Status choose_cpu(Target& target, const CompileOptions& options) {
  if (options.cpu == "native") {
    const llvm::Triple host(llvm::sys::getProcessTriple());
    if (host.getArch() != target.triple.getArch()) {
      return unsupported("--cpu native with a target of another architecture than the host's");
    }
    target.cpu = llvm::sys::getHostCPUName().str();
    target.features = host_features();
  } else if (!options.cpu.empty()) {
    target.cpu = options.cpu;
  } else if (target.is_aarch64()) {
    target.cpu = "generic";
    target.tune_cpu = "neoverse-n1";
  } else {
    target.cpu = "x86-64-v3";
  }
  return {};
}

u64 used_features(const Target& target, const llvm::MCSubtargetInfo& info) {
  u64 bits = 0;
  auto collect = [&](std::span<const FeatureName> names) {
    for (const FeatureName& name : names) {
      if (info.checkFeatures(name.llvm_name)) {
        bits |= u64{1} << static_cast<u32>(name.feature);
      }
    }
  };
  if (target.is_aarch64()) {
    collect(kArmFeatures);
  } else {
    collect(kX86Features);
  }
  return bits;
}

llvm::CodeGenOptLevel codegen_level(OptLevel level) {
  switch (level) {
  case OptLevel::O0: return llvm::CodeGenOptLevel::None;
  case OptLevel::O1: return llvm::CodeGenOptLevel::Less;
  case OptLevel::O2:
  case OptLevel::O3:
  case OptLevel::Os:
  case OptLevel::Oz: return llvm::CodeGenOptLevel::Default;
  }
  PETREL_UNREACHABLE();
}

const llvm::Target& lookup(const llvm::Triple& triple) {
  std::string message;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(triple, message);
  CHECK(found != nullptr);
  return *found;
}

} // namespace

Result<Target> make_target(const CompileOptions& options) {
  initialize_llvm();
  Target target;
  target.triple = llvm::Triple(llvm::Triple::normalize(
      options.target.empty() ? llvm::sys::getProcessTriple() : options.target));
  const bool is_x86 = target.triple.getArch() == llvm::Triple::x86_64;
  const bool is_arm = target.triple.getArch() == llvm::Triple::aarch64;
  if ((!is_x86 && !is_arm) || !target.triple.isOSLinux()) {
    return unsupported(strf("target '%s': expected x86_64-linux-gnu or aarch64-linux-gnu",
                            target.triple.str().c_str()));
  }
  target.triple = llvm::Triple(is_x86 ? "x86_64-unknown-linux-gnu" : "aarch64-unknown-linux-gnu");
  target.elf_machine = is_x86 ? EM_X86_64 : EM_AARCH64;
  target.branch_protection = is_arm && options.branch_protection;
  TRY(choose_cpu(target, options));
  const llvm::Target& backend = lookup(target.triple);
  std::unique_ptr<llvm::MCSubtargetInfo> probe(
      backend.createMCSubtargetInfo(target.triple, "", ""));
  CHECK(probe != nullptr);
  if (!probe->isCPUStringValid(target.cpu)) {
    return unsupported(
        strf("cpu '%s': unknown for %s", target.cpu.c_str(), target.triple.str().c_str()));
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      backend.createMCSubtargetInfo(target.triple, target.cpu, target.features));
  CHECK(info != nullptr);
  target.cpu_features = used_features(target, *info);
  if (is_x86 && !target.has(CpuFeature::x86_sse42)) {
    return unsupported(strf("cpu '%s': below x86-64-v2 (SSE4.2 is needed)", target.cpu.c_str()));
  }
  return target;
}

std::unique_ptr<llvm::TargetMachine> make_machine(const Target& target, OptLevel level) {
  llvm::TargetOptions options;
  options.TrapUnreachable = false;
  options.EnableFastISel = level == OptLevel::O0;
  std::unique_ptr<llvm::TargetMachine> machine(
      lookup(target.triple)
          .createTargetMachine(target.triple, target.cpu, target.features, options,
                               llvm::Reloc::PIC_, llvm::CodeModel::Small, codegen_level(level)));
  CHECK(machine != nullptr);
  return machine;
}

void prepare_module(llvm::Module& module, const Target& target,
                    const llvm::TargetMachine& machine) {
  module.setTargetTriple(target.triple);
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  module.setUwtable(llvm::UWTableKind::Async);
  module.setFramePointer(llvm::FramePointerKind::All);
  if (target.branch_protection) {
    module.addModuleFlag(llvm::Module::Min, "branch-target-enforcement", 1);
    module.addModuleFlag(llvm::Module::Min, "sign-return-address", 1);
    module.addModuleFlag(llvm::Module::Min, "sign-return-address-all", 0U);
  }
}

void set_function_attributes(llvm::Function& function, const Target& target, OptLevel level) {
  function.setDoesNotThrow();
  function.setUWTableKind(llvm::UWTableKind::Async);
  function.addFnAttr("frame-pointer", "all");
  function.addFnAttr("probe-stack", "inline-asm");
  function.addFnAttr("target-cpu", target.cpu);
  if (!target.tune_cpu.empty()) {
    function.addFnAttr("tune-cpu", target.tune_cpu);
  }
  if (!target.features.empty()) {
    function.addFnAttr("target-features", target.features);
  }
  // Endless recursion must exhaust the stack, not become a loop, and frames must be there for backtraces.
  function.addFnAttr("disable-tail-calls", "true");
  function.addFnAttr(llvm::Attribute::NullPointerIsValid);
  if (target.branch_protection) {
    function.addFnAttr("branch-target-enforcement");
    function.addFnAttr("sign-return-address", "non-leaf");
    function.addFnAttr("sign-return-address-key", "a_key");
  }
  if (level == OptLevel::Os || level == OptLevel::Oz) {
    function.addFnAttr(llvm::Attribute::OptimizeForSize);
  }
  if (level == OptLevel::Oz) {
    function.addFnAttr(llvm::Attribute::MinSize);
  }
}

} // namespace petrel::aot
