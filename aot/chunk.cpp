// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/chunk.h"

#include <chrono>

#include "aot/adapters.h"
#include "aot/emitter.h"
#include "aot/stubs.h"

namespace petrel::aot {

namespace {

/// Large enough for inlining, small enough for an even share of the work.
constexpr u64 kChunkBodyBytes = u64{64} << 10;

class Stopwatch {
public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

u64 body_bytes(const ir::Func& func) { return func.body_end - func.code_start; }

std::set<std::string> all_signatures(std::span<const ir::Module> modules) {
  std::set<std::string> signatures;
  for (const ir::Module& wasm : modules) {
    for (const ir::TypeDef& type : wasm.types()) {
      if (type.kind == ir::CompositeKind::func) {
        signatures.insert(signature_of(wasm, type));
      }
    }
  }
  return signatures;
}

/// Emits the functions of a chunk; returns how many of them are not to be optimised.
u64 emit_functions(llvm::Module& module, llvm::TargetMachine& machine, const ChunkContext& context,
                   const Chunk& chunk) {
  const ir::Module& wasm = context.input.modules[chunk.module];
  Lowering low(module, wasm, context.facts[chunk.module], context.names[chunk.module],
               context.target, context.options);
  u64 cheap = 0;
  for (u32 f = chunk.first; f < chunk.first + chunk.count; ++f) {
    const FuncIdx idx(wasm.header().imported_funcs + f);
    FunctionEmitter emitter(low, idx);
    emitter.emit(context.input.file);
    if (body_bytes(wasm.func(idx)) > kMaxOptimizedBodyBytes ||
        emitter.function().getInstructionCount() > kMaxOptimizedInstructions) {
      demote_to_cheap(emitter.function(), machine);
      ++cheap;
    }
    if (low.convention(idx) == Convention::tail) {
      low.emit_native_entry(idx);
    }
  }
  low.finish_debug();
  return cheap;
}

/// Memory 0 of the chunk's module, if its accesses trap by fault, and exactly.
std::optional<ir::VMSlot> versioned_memory(const ChunkContext& context, const Chunk& chunk) {
  if (chunk.kind != Chunk::Kind::functions || context.options.relaxed_traps ||
      context.options.explicit_bounds) {
    return std::nullopt;
  }
  const ir::Module& wasm = context.input.modules[chunk.module];
  if (wasm.memories().empty() || !has_guards(wasm.memories()[0])) {
    return std::nullopt;
  }
  return ir::VMLayout(wasm).memory(MemIdx(0));
}

} // namespace

std::vector<Chunk> cut_into_chunks(std::span<const ir::Module> modules) {
  std::vector<Chunk> chunks;
  for (u32 m = 0; m < modules.size(); ++m) {
    const u32 imported = modules[m].header().imported_funcs;
    const auto funcs = modules[m].funcs().subspan(imported);
    Chunk chunk{.module = m};
    u64 bytes = 0;
    for (u32 f = 0; f < funcs.size(); ++f) {
      bytes += body_bytes(funcs[f]);
      ++chunk.count;
      if (bytes >= kChunkBodyBytes || f + 1 == funcs.size()) {
        chunks.push_back(chunk);
        chunk = {.module = m, .first = f + 1};
        bytes = 0;
      }
    }
  }
  chunks.push_back({.kind = Chunk::Kind::adapters});
  chunks.push_back({.kind = Chunk::Kind::stubs});
  return chunks;
}

ChunkResult compile_chunk(const ChunkContext& context, const Chunk& chunk) {
  const CompileOptions& options = context.options;
  ChunkResult result;
  Stopwatch watch;
  const bool is_stubs = chunk.kind == Chunk::Kind::stubs;
  const OptLevel level = is_stubs ? OptLevel::O2 : options.opt_level;
  llvm::LLVMContext llvm_context;
  llvm_context.setDiscardValueNames(options.emit != Emit::llvm_ir &&
                                    !is_stubs); // the stubs are text, which has names
  const std::unique_ptr<llvm::TargetMachine> machine = make_machine(context.target, level);
  std::unique_ptr<llvm::Module> module;
  if (is_stubs) {
    module = make_stubs(llvm_context, context.target, *machine);
  } else {
    module = std::make_unique<llvm::Module>("module.wasm", llvm_context);
    prepare_module(*module, context.target, *machine);
    if (chunk.kind == Chunk::Kind::adapters) {
      emit_adapters(*module, all_signatures(context.input.modules), context.target, options);
    } else {
      result.functions_cheap = emit_functions(*module, *machine, context, chunk);
    }
  }
  result.emit_seconds = watch.lap();
  optimize(*module, *machine, level, versioned_memory(context, chunk));
  result.optimize_seconds = watch.lap();
  if (options.emit == Emit::llvm_ir) {
    result.bytes = print_ir(*module);
    return result;
  }
  result.bytes = generate(*module, *machine,
                          options.emit == Emit::assembly ? llvm::CodeGenFileType::AssemblyFile
                                                         : llvm::CodeGenFileType::ObjectFile);
  if (options.emit == Emit::image && chunk.kind == Chunk::Kind::functions) {
    read_lines(result.bytes, result.lines);
  }
  result.codegen_seconds = watch.lap();
  return result;
}

} // namespace petrel::aot
