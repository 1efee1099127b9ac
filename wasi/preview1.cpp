// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments, environment, clocks, random numbers, process; and the table of functions. Descriptors: preview1_io.cpp.
#include "wasi/preview1.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <sched.h>

#include "wasi/host_io.h"
#include "wasi/preview1_abi.h"

namespace petrel::wasi {

namespace p1 {

/// The errno of the host for each value of `errno`, in its order.
constexpr int kHostErrno[] = {
    0,
    E2BIG,
    EACCES,
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EAGAIN,
    EALREADY,
    EBADF,
    EBADMSG,
    EBUSY,
    ECANCELED,
    ECHILD,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EDEADLK,
    EDESTADDRREQ,
    EDOM,
    EDQUOT,
    EEXIST,
    EFAULT,
    EFBIG,
    EHOSTUNREACH,
    EIDRM,
    EILSEQ,
    EINPROGRESS,
    EINTR,
    EINVAL,
    EIO,
    EISCONN,
    EISDIR,
    ELOOP,
    EMFILE,
    EMLINK,
    EMSGSIZE,
    EMULTIHOP,
    ENAMETOOLONG,
    ENETDOWN,
    ENETRESET,
    ENETUNREACH,
    ENFILE,
    ENOBUFS,
    ENODEV,
    ENOENT,
    ENOEXEC,
    ENOLCK,
    ENOLINK,
    ENOMEM,
    ENOMSG,
    ENOPROTOOPT,
    ENOSPC,
    ENOSYS,
    ENOTCONN,
    ENOTDIR,
    ENOTEMPTY,
    ENOTRECOVERABLE,
    ENOTSOCK,
    ENOTSUP,
    ENOTTY,
    ENXIO,
    EOVERFLOW,
    EOWNERDEAD,
    EPERM,
    EPIPE,
    EPROTO,
    EPROTONOSUPPORT,
    EPROTOTYPE,
    ERANGE,
    EROFS,
    ESPIPE,
    ESRCH,
    ESTALE,
    ETIMEDOUT,
    ETXTBSY,
    EXDEV,
};
static_assert(kHostErrno[static_cast<u16>(Errno::io)] == EIO &&
              kHostErrno[static_cast<u16>(Errno::spipe)] == ESPIPE);

Errno errno_of(int host_errno) {
  const auto at = std::ranges::find(kHostErrno, host_errno);
  return at == std::end(kHostErrno) ? Errno::io : static_cast<Errno>(at - std::begin(kHostErrno));
}

namespace {

/// Writes `count` strings, NUL terminated, behind each other, and their addresses.
template <typename Strings, typename Text>
Errno put_strings(Call& call, const Strings& strings, Text text_of) {
  u64 pointers = call.u32_at(0);
  u64 buffer = call.u32_at(1);
  for (const auto& each : strings) {
    const std::string text = text_of(each);
    u8* at = call.memory.slice(buffer, text.size() + 1);
    if (at == nullptr || !call.memory.store(pointers, static_cast<u32>(buffer))) {
      return Errno::fault;
    }
    std::memcpy(at, text.c_str(), text.size() + 1);
    pointers += 4;
    buffer += text.size() + 1;
  }
  return Errno::success;
}

template <typename Strings, typename Text>
Errno put_sizes(Call& call, const Strings& strings, Text text_of) {
  u64 bytes = 0;
  for (const auto& each : strings) {
    bytes += text_of(each).size() + 1;
  }
  const bool ok = call.memory.store(call.u32_at(0), static_cast<u32>(strings.size())) &&
                  call.memory.store(call.u32_at(1), static_cast<u32>(bytes));
  return ok ? Errno::success : Errno::fault;
}

std::string plain(const std::string& text) { return text; }
std::string assignment(const std::pair<std::string, std::string>& variable) {
  return variable.first + "=" + variable.second;
}

bool clock_of(u32 id, clockid_t& clock) {
  static constexpr clockid_t kClocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                          CLOCK_THREAD_CPUTIME_ID};
  if (id >= std::size(kClocks)) {
    return false;
  }
  clock = kClocks[id];
  return true;
}

} // namespace

Errno args_get(Call& call) { return put_strings(call, call.wasi.ctx().config().args, plain); }
Errno args_sizes_get(Call& call) { return put_sizes(call, call.wasi.ctx().config().args, plain); }
Errno environ_get(Call& call) {
  return put_strings(call, call.wasi.ctx().config().env, assignment);
}
Errno environ_sizes_get(Call& call) {
  return put_sizes(call, call.wasi.ctx().config().env, assignment);
}

Errno clock_res_get(Call& call) {
  clockid_t clock{};
  if (!clock_of(call.u32_at(0), clock)) {
    return Errno::inval;
  }
  return call.memory.store(call.u32_at(1), clock_resolution_ns(call.store, clock)) ? Errno::success
                                                                                   : Errno::fault;
}

Errno clock_time_get(Call& call) {
  clockid_t clock{};
  if (!clock_of(call.u32_at(0), clock)) {
    return Errno::inval;
  }
  const IoResult now = clock_now_ns(call.store, clock);
  if (!now) {
    return errno_of(now.error());
  }
  return call.memory.store(call.u32_at(2), *now) ? Errno::success : Errno::fault;
}

Errno random_get(Call& call) {
  const u64 size = call.u32_at(1);
  u8* at = call.memory.slice(call.u32_at(0), size);
  if (at == nullptr) {
    return Errno::fault;
  }
  const IoResult filled = fill_random(call.store, {at, size});
  return filled ? Errno::success : errno_of(filled.error());
}

Errno sched_yield(Call&) {
  ::sched_yield();
  return Errno::success;
}

Errno proc_raise(Call&) { return Errno::notsup; }

} // namespace p1

namespace {

using p1::Call;
using p1::Errno;

template <Errno (*kFunction)(Call&)> bool answer_errno(runtime::HostCall& host, RawVal* args) {
  Call call{*static_cast<Preview1*>(host.data), host.store, p1::GuestMemory(host.caller), args};
  const Errno error = kFunction(call);
  args[0] = RawVal::of_i32(static_cast<u32>(error));
  return true;
}

/// proc_exit never returns; statuses above 125 mean other things to a shell.
bool proc_exit(runtime::HostCall& host, RawVal* args) {
  const u32 status = args[0].i32;
  if (status > 125) {
    return host.store.raise_exit(1, "invalid exit status");
  }
  return host.store.raise_exit(static_cast<i32>(status));
}

template <auto kFunction> constexpr runtime::HostCallback callback() {
  if constexpr (requires(Call& call) { kFunction(call); }) {
    return answer_errno<kFunction>;
  } else {
    return kFunction;
  }
}

using namespace p1; // names of the table below

constexpr runtime::HostFuncDef kFunctions[] = {
#define PETREL_P1(name, signature, handler) {#name, signature, callback<handler>()},
#include "wasi/preview1.def"
};

/// `wasi_unstable`: the same functions, two with older records.
constexpr auto kUnstableFunctions = [] {
  auto functions = std::to_array(kFunctions);
  for (runtime::HostFuncDef& function : functions) {
    if (function.name == "fd_filestat_get") {
      function.fn = callback<fd_filestat_get_unstable>();
    } else if (function.name == "poll_oneoff") {
      function.fn = callback<poll_oneoff_unstable>();
    }
  }
  return functions;
}();

} // namespace

Preview1::Preview1(WasiCtx& ctx) : ctx_(ctx) {
  ignore_broken_pipes();
  const WasiConfig& config = ctx.config();
  table_ = {{config.stdin_fd, kRightFdRead | kRightPoll, 0},
            {config.stdout_fd, kRightFdWrite | kRightPoll, 0},
            {config.stderr_fd, kRightFdWrite | kRightPoll, 0}};
  modules_[0] = {"wasi_snapshot_preview1", kFunctions, this};
  modules_[1] = {"wasi_unstable", kUnstableFunctions, this};
}

void Preview1::add_to_linker(runtime::Linker& linker) const {
  for (const runtime::HostModule& module : modules_) {
    linker.add_host_module(module);
  }
}

Preview1::Descriptor* Preview1::find(u32 fd) {
  return fd < table_.size() && table_[fd].fd >= 0 ? &table_[fd] : nullptr;
}

} // namespace petrel::wasi
