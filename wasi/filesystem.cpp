// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:filesystem: handlers of wasi/filesystem.def. Preopens are the only source of descriptors and none is granted,
// so no method of one can be reached. What is real is the translation of stream errors to error codes.
#include <array>
#include <cerrno>

#include "wasi/host_table.h"
#include "wasi/preview2.h"
#include "wasi/streams.h"

namespace petrel::wasi {

namespace {

bool get_directories(HostCall&, const Nothing&, List<PairOf<u32, String>>& result) {
  result = {};
  return true;
}

/// enum error-code, in its order: the errno that stands for each.
constexpr auto kErrorCodes = std::to_array<int>({
    EACCES,  EAGAIN,    EALREADY,        EBADF,   EBUSY,  EDEADLK, EDQUOT,    EEXIST,
    EFBIG,   EILSEQ,    EINPROGRESS,     EINTR,   EINVAL, EIO,     EISDIR,    ELOOP,
    EMLINK,  EMSGSIZE,  ENAMETOOLONG,    ENODEV,  ENOENT, ENOLCK,  ENOMEM,    ENOSPC,
    ENOTDIR, ENOTEMPTY, ENOTRECOVERABLE, ENOTSUP, ENOTTY, ENXIO,   EOVERFLOW, EPERM,
    EPIPE,   EROFS,     ESPIPE,          ETXTBSY, EXDEV,
});
static_assert(kErrorCodes.size() == 37);
constexpr u8 kErrorCodeIo = 13;
static_assert(kErrorCodes[kErrorCodeIo] == EIO);

struct ErrorParams {
  u32 err;
};

bool filesystem_error_code(HostCall& call, const ErrorParams& params, OptionOf<u8>& result) {
  const IoError* error = find_resource<IoError>(call, params.err);
  if (error == nullptr) {
    return false;
  }
  const auto at = std::ranges::find(kErrorCodes, error->host_errno());
  result.set(at == kErrorCodes.end() ? kErrorCodeIo : static_cast<u8>(at - kErrorCodes.begin()));
  return true;
}

#define PETREL_WASI_TABLE "wasi/filesystem.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> filesystem_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
