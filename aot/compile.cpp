// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/compile.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "aot/chunk.h"
#include "aot/image.h"
#include "aot/symbol_names.h"
#include "base/os.h"

namespace petrel::aot {

namespace {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Compiles the chunks on `jobs` threads; results are in the chunks' order.
std::vector<ChunkResult> compile_chunks(const ChunkContext& context,
                                        const std::vector<Chunk>& chunks) {
  std::vector<ChunkResult> results(chunks.size());
  std::atomic<usize> next = 0;
  auto work = [&] {
    for (usize i = next.fetch_add(1); i < chunks.size(); i = next.fetch_add(1)) {
      results[i] = compile_chunk(context, chunks[i]);
    }
  };
  const u32 wanted = context.options.jobs != 0 ? context.options.jobs
                                               : std::max(1U, std::thread::hardware_concurrency());
  const usize helpers = std::min<usize>(wanted, chunks.size()) - 1;
  std::vector<std::thread> threads;
  for (usize i = 0; i < helpers; ++i) {
    threads.emplace_back(work);
  }
  work();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return results;
}

CompileStats count(const CompileInput& input, const std::vector<ChunkResult>& results) {
  CompileStats stats;
  stats.chunks = results.size();
  for (const ir::Module& wasm : input.modules) {
    for (const ir::Func& func : wasm.funcs().subspan(wasm.header().imported_funcs)) {
      ++stats.functions;
      stats.wasm_code_bytes += func.body_end - func.code_start;
    }
  }
  double emit = 0;
  double optimize = 0;
  double codegen = 0;
  for (const ChunkResult& result : results) {
    stats.functions_cheap += result.functions_cheap;
    emit += result.emit_seconds;
    optimize += result.optimize_seconds;
    codegen += result.codegen_seconds;
  }
  stats.phases = {{"emit", emit}, {"optimize", optimize}, {"codegen", codegen}};
  return stats;
}

/// The linked and completed image.
Result<std::vector<u8>> make_image(const ChunkContext& context, std::vector<ChunkResult>& results,
                                   CompileStats& stats) {
  LineMap lines;
  std::vector<ObjectBytes> objects(1); // the image's own sections come first
  for (ChunkResult& result : results) {
    lines.merge(result.lines);
    objects.push_back(std::move(result.bytes));
  }
  TRY_ASSIGN(const Image image, Image::create(context, lines));
  {
    llvm::LLVMContext llvm_context;
    const std::unique_ptr<llvm::TargetMachine> machine = make_machine(context.target, OptLevel::O0);
    const std::unique_ptr<llvm::Module> sections = image.sections(llvm_context, *machine);
    objects[0] = generate(*sections, *machine, llvm::CodeGenFileType::ObjectFile);
  }
  TRY_ASSIGN(
      std::vector<u8> bytes,
      link_objects(objects, {.entry = kHeaderSymbol, .keep_debug = context.options.debug_info}));
  LinkedImage linked(std::move(bytes));
  if (linked.end_vaddr() >= u64{1} << 32) {
    return fail(ErrorClass::limit, "the compiled image exceeds 4 GiB");
  }
  image.fill(linked);
  stats.text_bytes = linked.text().size;
  stats.image_bytes = linked.bytes().size();
  return linked.take_bytes();
}

/// IR or assembly of all chunks one after the other, or one relocatable object.
Result<std::vector<u8>> join(const ChunkContext& context, std::vector<ChunkResult>& results) {
  if (context.options.emit == Emit::object) {
    std::vector<ObjectBytes> objects;
    for (ChunkResult& result : results) {
      objects.push_back(std::move(result.bytes));
    }
    return link_objects(objects, {.entry = {}, .relocatable = true});
  }
  std::vector<u8> text;
  for (const ChunkResult& result : results) {
    text.insert(text.end(), result.bytes.begin(), result.bytes.end());
  }
  return text;
}

} // namespace

Result<CompileStats> compile(const CompileInput& input, const CompileOptions& options,
                             const std::string& output_path) {
  const double start = now_seconds();
  TRY_ASSIGN(const Target target, make_target(options));
  const std::vector<SymbolNames> names = make_symbol_names(input.modules);
  std::vector<ModuleFacts> facts;
  for (const ir::Module& wasm : input.modules) {
    facts.emplace_back(wasm, input.file);
  }
  const ChunkContext context{input, options, target, names, facts};
  std::vector<ChunkResult> results = compile_chunks(context, cut_into_chunks(input.modules));
  CompileStats stats = count(input, results);
  const double compiled = now_seconds();
  TRY_ASSIGN(const std::vector<u8> bytes, options.emit == Emit::image
                                              ? make_image(context, results, stats)
                                              : join(context, results));
  TRY(sys::write_file_atomically(output_path, bytes, 0644));
  const double written = now_seconds();
  stats.phases.push_back({"link and write", written - compiled});
  stats.phases.push_back({"wall", written - start});
  return stats;
}

} // namespace petrel::aot
