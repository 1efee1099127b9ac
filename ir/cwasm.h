// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `.cwasm` image: an ELF shared object without relocations whose e_entry is the virtual address of a
// `CwasmHeader`. Virtual addresses equal offsets from the image base, so every `u32 …_vaddr` below is an
// offset from where the loader mapped the file. Written by aot/, read by runtime/ and the CLI.
//
//   PT_LOAD R   ELF header, .petrel.meta (CwasmHeader, CwasmModule[], func tables, maps), .petrel.plan (ComponentPlan and
//               module images), .petrel.data (data sections), .petrel.wasm (original bytes, zstd), .eh_frame
//   PT_LOAD RX  .text
//   not loaded  .symtab .strtab .debug_*
//
// INVARIANT(cwasm): the loader checks header, bounds of all ranges and the digest of the header before it
// maps text; tables are bounds-checked where they are used.
#pragma once

#include "base/types.h"

namespace petrel::ir {

/// A byte range of the mapped image.
struct CwasmRange {
  u32 vaddr = 0;
  u32 size = 0;
};

/// CPU features an image may need; bit numbers of CwasmHeader::cpu_features.
enum class CpuFeature : u32 {
  x86_sse42,
  x86_popcnt,
  x86_avx,
  x86_avx2,
  x86_bmi1,
  x86_bmi2,
  x86_fma,
  x86_lzcnt,
  x86_f16c,
  x86_movbe,
  x86_avx512,
  arm_lse,
  arm_dotprod,
  arm_fp16,
  arm_sve,
  arm_sve2,
  arm_rcpc,
};

/// One compiled core module.
struct CwasmModule {
  CwasmRange image; ///< the ir::Module image (without side table)
  CwasmRange
      data; ///< data section payload, file offset ModuleHeader::data_offset onwards; empty when
            ///< memory_image holds all of it
  CwasmRange
      memory_image; ///< initial contents of memory 0, whole pages at a page's start in the file; or empty
  u32 memory_address; ///< where in the memory it begins
  u32 pad;
  CwasmRange func_entries; ///< u32 vaddr of the native entry, one per *defined* function
  CwasmRange
      tail_entries; ///< u32 vaddr of the function in the tail convention, 0 where it has none; empty: all 0
  CwasmRange
      array_adapters; ///< u32 vaddr per type index: C `bool (FuncRef*, RawVal*)` that calls FuncRef::code natively; 0 = no function type
  CwasmRange
      host_adapters; ///< u32 vaddr per type index: native entry that calls ((FuncRef*)swiftself)->array_entry
  CwasmRange
      func_maps; ///< CwasmFuncMap, one per defined function: of its tail entry, where it has one
  CwasmRange map_entries;  ///< CwasmMapEntry[], sorted by code_offset within each function
  CwasmRange inline_sites; ///< CwasmInlineSite[]
};

struct CwasmFuncMap {
  u32 code_size;   ///< bytes of native code of the function
  u32 first_entry; ///< in map_entries
  u32 entry_count;
};
/// From this offset inside the function on, code belongs to the wasm instruction at `place` of the file; or, with
/// kInlined set, code was inlined at the call site that the other bits number (kNotInlined: at none; so a function
/// begins). Which function an instruction belongs to is told by where the bodies lie.
struct CwasmMapEntry {
  static constexpr u32 kInlined = u32{1} << 31;
  static constexpr u32 kNotInlined = ~u32{0};
  u32 code_offset;
  u32 place;
};
/// A call that was inlined, as an inner frame of a backtrace needs it.
struct CwasmInlineSite {
  u32 wasm_offset; ///< of the call instruction
  u32 outer; ///< the site at which that call's function was itself inlined, before this one; kNotInlined: it was not
};

struct CwasmHeader {
  static constexpr u8 kMagic[8] = {'P', 'E', 'T', 'R', 'E', 'L', 'C', 'W'};
  static constexpr u32 kVersion = 4;
  // These fields keep their place in every format version, so that any build finds the wasm to interpret.
  u8 magic[8];
  u32 version;
  u32 header_size;    ///< sizeof(CwasmHeader)
  CwasmRange wasm;    ///< original bytes, zstd frame (or stored: kCwasmStored)
  u32 wasm_raw_size;  ///< original file's size
  u32 flags;          ///< CwasmFlag bits
  u8 wasm_sha256[32]; ///< of the original bytes
  // These belong to kVersion.
  u64 abi_hash;           ///< abi_hash() of the compiler that wrote it
  u64 option_hash;        ///< code generation options
  u64 cpu_features;       ///< bit per CpuFeature that the code uses
  u64 memory_reservation; ///< kMemoryReservation the code relies on
  u32 elf_machine;        ///< EM_X86_64 or EM_AARCH64
  u32 module_count;
  CwasmRange modules; ///< CwasmModule[module_count]
  CwasmRange plan;    ///< ir::ComponentPlan image; size 0 for a core module
  CwasmRange text;
  u8 image_sha256
      [32]; ///< of the loadable segments' file bytes, in order, with this field zero; checked by --verify
  u8 producer[32]; ///< version text, zero-padded
};
enum CwasmFlag : u32 {
  kCwasmStored = 1, ///< .petrel.wasm is not compressed
  kCwasmRelaxedTraps = 2,
};

/// Hash over the contract tables (vmctx.def, builtins.def, traps.def, this file's version); a `.cwasm`
/// of another value is not mapped. Defined in ir/abi_hash.cpp.
u64 abi_hash();

} // namespace petrel::ir
