// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units of parallel work. A chunk is a run of neighbouring functions of one module (linkers put related functions side
// by side), cut by body size alone; it has an LLVMContext of its own and yields one object.
#pragma once

#include <span>

#include "aot/line_map.h"
#include "aot/lowering.h"
#include "aot/pipeline.h"

namespace petrel::aot {

struct Chunk {
  enum class Kind : u8 { functions, adapters, stubs } kind = Kind::functions;
  u32 module = 0;
  u32 first = 0; ///< defined function
  u32 count = 0;
};

struct ChunkResult {
  ObjectBytes bytes; ///< what CompileOptions::emit asks for; an object for an image
  LineMap lines;     ///< of a functions chunk of an image
  u64 functions_cheap = 0;
  double emit_seconds = 0;
  double optimize_seconds = 0;
  double codegen_seconds = 0;
};

/// Everything chunks share, read-only.
struct ChunkContext {
  const CompileInput& input;
  const CompileOptions& options;
  const Target& target;
  const std::vector<SymbolNames>& names;
  const std::vector<ModuleFacts>& facts; ///< by module
};

/// The chunks of a file, in the order in which they are linked.
std::vector<Chunk> cut_into_chunks(std::span<const ir::Module> modules);

/// Thread-safe.
ChunkResult compile_chunk(const ChunkContext& context, const Chunk& chunk);

} // namespace petrel::aot
