// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A `.cwasm` mapped for execution (ir/cwasm.h). Loading is open, read one header, check, mmap per segment; the cost
// does not depend on the file's size, nothing is relocated or parsed. Segments are never writable; text is readable
// and executable. The code is as trusted as whoever could write the file (`check_trust`).
#pragma once

#include <memory>
#include <string>

#include "base/os.h"
#include "base/result.h"
#include "ir/cwasm.h"
#include "ir/module.h"
#include "ir/vm.h"

namespace petrel::runtime {

class CodeImage {
public:
  /// What stands in the way of running an image natively although the file is sound: it can be interpreted.
  struct Misfit {
    std::string reason; ///< "was built for avx512f, which this CPU lacks"
  };
  struct LoadOptions {
    bool allow_foreign_owner = false; ///< --allow-precompiled
    bool verify_digest = false;       ///< --verify
    bool map_text = true;             ///< false: inspection only, no executable page
  };

  /// Maps the image. Errors: io, artifact (damaged). A misfit image is mapped without its text.
  static Result<std::shared_ptr<const CodeImage>> load(const std::string& path,
                                                       const LoadOptions& options);
  ~CodeImage();
  CodeImage(const CodeImage&) = delete;
  CodeImage& operator=(const CodeImage&) = delete;

  /// True when `bytes` begin like a `.cwasm` (any ELF file).
  static bool is_image(Bytes bytes);

  const u8* base() const { return base_; }
  const ir::CwasmHeader& header() const { return *header_; }
  const std::optional<Misfit>& misfit() const { return misfit_; }
  u32 module_count() const { return header_->module_count; }
  const ir::CwasmModule& module(u32 index) const;
  ir::Module ir_module(u32 index) const;
  /// Address such that data segments lie at + Data::bytes_offset.
  const u8* data_base(u32 index) const;
  /// What memory 0 of a module begins with, as a part of the file; size 0 when its data segments are to be copied.
  struct MemoryImage {
    int fd;
    u64 file_offset;
    u64 address;
    u64 size;
  };
  MemoryImage memory_image(u32 index) const;
  Bytes range(ir::CwasmRange r) const { return {base_ + r.vaddr, r.size}; }

  /// Native entry of the n-th *defined* function.
  const void* func_entry(u32 module, u32 defined_func) const;
  bool has_tail_entries(u32 module_idx) const { return module(module_idx).tail_entries.size != 0; }
  /// Its tail entry, or null.
  const void* tail_entry(u32 module, u32 defined_func) const;
  ir::ArrayEntry array_adapter(u32 module, TypeIdx type) const;
  const void* host_adapter(u32 module, TypeIdx type) const;

  /// The original bytes, decompressed and checked. Errors: artifact.
  Result<sys::FileBytes> embedded_wasm() const;

  struct Place {
    const ir::Module* module;
    u32 func_idx;
    u32 wasm_offset;
  };
  /// The wasm instructions behind a native pc (exact) or return address of any mapped image, innermost first: where it
  /// is, then the calls that were inlined around it. Empty when it belongs to no wasm function.
  static std::vector<Place> find(const u8* pc, bool is_exact);

private:
  CodeImage() = default;
  Status map_data(int fd, u64 file_size);
  Status map_text(int fd);
  Status check_header();
  Status check_fit();
  Status check_modules();
  bool is_readable(ir::CwasmRange r, u64 alignment) const;
  Status verify_digest(int fd) const;
  std::vector<Place> find_here(u32 vaddr) const;
  std::vector<Place> places(u32 module, u32 defined_func, u32 code_offset) const;
  const void* text_address(u32 vaddr) const;
  /// 0 where the function has none.
  u32 tail_entry_vaddr(const ir::CwasmModule& mod, u32 defined_func) const;

  struct Segment {
    u64 start; ///< first address used, relative to base_
    u64 size;
    u64 file_offset;
    bool executable;
  };
  std::vector<Segment> segments_;
  int fd_ = -1; ///< kept open for memory_image
  u8* base_ = nullptr;
  u64 size_ = 0;
  u64 header_vaddr_ = 0;
  const ir::CwasmHeader* header_ = nullptr;
  std::optional<Misfit> misfit_;
  std::vector<ir::Module> ir_modules_;
  bool text_registered_ = false;
};

} // namespace petrel::runtime
