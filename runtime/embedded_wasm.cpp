// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The original wasm out of a `.cwasm`, for hosts that cannot run its native code. The size is declared ahead and checked
// against a ratio, so that a crafted image cannot make the loader allocate without bound.
#include <sha2.h>
#include <zstd.h>

#include <cstring>

#include "base/format.h"
#include "runtime/code_image.h"

namespace petrel::runtime {

namespace {
constexpr u64 kMaxRawBytes = u64{256} << 20;
constexpr u64 kMaxRatio = 50;
} // namespace

Result<sys::FileBytes> CodeImage::embedded_wasm() const {
  const Bytes packed = range(header_->wasm);
  const u64 raw_size = header_->wasm_raw_size;
  const bool is_stored = (header_->flags & ir::kCwasmStored) != 0;
  if (raw_size > kMaxRawBytes || raw_size > u64{packed.size()} * kMaxRatio + 64 ||
      (is_stored && raw_size != packed.size())) {
    return fail(ErrorClass::artifact,
                strf("section .petrel.wasm: %llu bytes from %zu are too many",
                     static_cast<unsigned long long>(raw_size), packed.size()));
  }
  TRY_ASSIGN(sys::FileBytes wasm, sys::FileBytes::allocate(raw_size));
  if (is_stored) {
    std::memcpy(wasm.data(), packed.data(), raw_size);
  } else {
    // One frame of today's format; what else libzstd could read (older formats) is not linked in.
    u32 magic = 0;
    if (packed.size() >= sizeof magic) {
      std::memcpy(&magic, packed.data(), sizeof magic);
    }
    if (magic != ZSTD_MAGICNUMBER ||
        ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size()) {
      return fail(ErrorClass::artifact, "section .petrel.wasm: not one zstd frame");
    }
    const usize got = ZSTD_decompress(wasm.data(), raw_size, packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != raw_size) {
      return fail(ErrorClass::artifact, "section .petrel.wasm: cannot be decompressed");
    }
  }
  u8 digest[SHA256_DIGEST_LENGTH];
  SHA2_CTX sha;
  SHA256Init(&sha);
  SHA256Update(&sha, wasm.bytes().data(), raw_size);
  SHA256Final(digest, &sha);
  if (std::memcmp(digest, header_->wasm_sha256, sizeof digest) != 0) {
    return fail(ErrorClass::artifact, "section .petrel.wasm: digest mismatch");
  }
  wasm.seal();
  return wasm;
}

} // namespace petrel::runtime
