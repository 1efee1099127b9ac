// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contents that active data segments give memory 0, laid out ahead of time in whole pages, so that instantiation maps
// them copy-on-write instead of copying. Made when nothing else can come of the segments: all are for a memory 0 that
// the module defines with guards and without sharing, at constant addresses inside its minimum.
#pragma once

#include <vector>

#include "base/types.h"
#include "ir/module.h"

namespace petrel::aot {

struct MemoryImage {
  u32 address = 0;       ///< in the memory; whole pages
  std::vector<u8> bytes; ///< whole pages; empty: there is none

  /// Are all data segments of the module in it, so that nobody reads them again?
  bool holds_all = false;
};

/// The image, empty when there is none or when it would mostly hold zeros that nobody asked for.
MemoryImage make_memory_image(const ir::Module& wasm, Bytes file, u32 page_bytes);

} // namespace petrel::aot
