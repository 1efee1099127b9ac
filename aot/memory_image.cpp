// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/memory_image.h"

#include <algorithm>
#include <cstring>

namespace petrel::aot {

namespace {

constexpr u64 kFreePadding = u64{128} << 10; ///< zeros that are never too many
constexpr u64 kMaxSpread = 2;                ///< image bytes per byte of data beyond that

bool can_have_image(const ir::Module& wasm) {
  if (wasm.memories().empty() || wasm.is_imported_memory(MemIdx(0))) {
    return false;
  }
  const Limits& limits = wasm.memories()[0];
  const u64 size = limits.min << limits.page_size_log2;
  return limits.is_64 == 0 && limits.page_size_log2 == 16 && limits.is_shared == 0 &&
         std::ranges::all_of(wasm.datas(), [&](const ir::Data& data) {
           return data.mode != ir::SegmentMode::active ||
                  (data.memory.index() == 0 && data.offset_expr == 0 &&
                   u64{data.address} + data.bytes_size <= size);
         });
}

} // namespace

MemoryImage make_memory_image(const ir::Module& wasm, Bytes file, u32 page_bytes) {
  MemoryImage image;
  if (!can_have_image(wasm)) {
    return image;
  }
  u64 start = ~u64{0};
  u64 end = 0;
  u64 total = 0;
  image.holds_all = true;
  for (const ir::Data& data : wasm.datas()) {
    if (data.mode != ir::SegmentMode::active) {
      image.holds_all = false;
    } else if (data.bytes_size != 0) {
      start = std::min<u64>(start, data.address);
      end = std::max<u64>(end, u64{data.address} + data.bytes_size);
      total += data.bytes_size;
    }
  }
  if (total == 0) {
    return {};
  }
  start = align_up(start + 1, page_bytes) - page_bytes;
  end = align_up(end, page_bytes);
  if (end - start > total * kMaxSpread + kFreePadding) {
    return {};
  }
  image.address = narrow<u32>(start);
  image.bytes.resize(end - start);
  for (const ir::Data& data : wasm.datas()) {
    if (data.mode == ir::SegmentMode::active && data.bytes_size != 0) {
      std::memcpy(image.bytes.data() + (data.address - start), file.data() + data.bytes_offset,
                  data.bytes_size);
    }
  }
  return image;
}

} // namespace petrel::aot
