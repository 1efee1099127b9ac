// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:io: handlers of wasi/io.def. What a stream does is in streams.cpp, waiting in poll.cpp; here are the rules of
// the interface: what traps, how failures become error resources, how much one call moves.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wasi/host_table.h"
#include "wasi/preview2.h"
#include "wasi/streams.h"

namespace petrel::wasi {

namespace {

using ir::TrapCode;

// ---- error ----

bool error_to_debug_string(HostCall& call, const SelfParams& params, String& result) {
  const IoError* error = find_resource<IoError>(call, params.self);
  if (error == nullptr) {
    return false;
  }
  const char* text = ::strerrordesc_np(error->host_errno());
  result = String(text != nullptr ? text : "unknown error"); // static text
  return true;
}

// ---- poll ----

/// EINTR of a wait: the Store was asked to leave.
bool leave(HostCall& call, int error) {
  CHECK(error == EINTR || error == ENOMEM || error == EINVAL);
  return error == EINTR ? call.trap(TrapCode::interrupt)
                        : call.trap(TrapCode::allocation_too_large,
                                    "the system cannot poll that many descriptors");
}

bool pollable_block(HostCall& call, const SelfParams& params, Nothing&) {
  const Pollable* pollable = find_resource<Pollable>(call, params.self);
  if (pollable == nullptr) {
    return false;
  }
  const IoResult ready = poll_interest(call.store, pollable->interest(), Wait::yes);
  return ready || leave(call, ready.error());
}

bool pollable_ready(HostCall& call, const SelfParams& params, u8& result) {
  const Pollable* pollable = find_resource<Pollable>(call, params.self);
  if (pollable == nullptr) {
    return false;
  }
  const IoResult ready = poll_interest(call.store, pollable->interest(), Wait::no);
  if (!ready) {
    return leave(call, ready.error());
  }
  result = *ready != 0;
  return true;
}

struct PollParams {
  List<u32> in;
};

bool poll_list(HostCall& call, const PollParams& params, List<u32>& result) {
  const std::span<const u32> handles = params.in.span();
  if (handles.empty()) {
    return call.trap(TrapCode::unreachable, "empty poll list");
  }
  if (handles.size() > kMaxPollables) {
    return call.trap(TrapCode::allocation_too_large, "poll list exceeds 1024 pollables");
  }
  Interest* const interests = result_array<Interest>(call, handles.size());
  pollfd* const fds = result_array<pollfd>(call, handles.size());
  bool* const ready = result_array<bool>(call, handles.size());
  u32* const indices = result_array<u32>(call, handles.size());
  if (interests == nullptr || fds == nullptr || ready == nullptr || indices == nullptr) {
    return false;
  }
  for (usize i = 0; i < handles.size(); ++i) {
    const Pollable* pollable = find_resource<Pollable>(call, handles[i]);
    if (pollable == nullptr) {
      return false;
    }
    interests[i] = pollable->interest();
  }
  const usize count = handles.size();
  const IoResult polled =
      poll_interests(call.store, {interests, count}, {fds, count}, {ready, count}, Wait::yes);
  if (!polled) {
    return leave(call, polled.error());
  }
  result.ptr = indices;
  for (usize i = 0; i < count; ++i) {
    if (ready[i]) {
      indices[result.count++] = static_cast<u32>(i);
    }
  }
  return true;
}

// ---- streams ----

/// variant stream-error
struct StreamError {
  u8 is_closed;
  u32 last_operation_failed; ///< own<error>
};

/// Stores why a stream operation did not succeed. False: a trap is pending instead.
template <typename Result> bool fail(HostCall& call, int error, Result& result) {
  if (error == EINTR) {
    return call.trap(TrapCode::interrupt);
  }
  StreamError failure{1, 0};
  if (error != kStreamClosed) {
    failure.is_closed = 0;
    if (!push_resource(call, std::make_unique<IoError>(error), failure.last_operation_failed)) {
      return false;
    }
  }
  result.set_err(failure);
  return true;
}

using BytesResult = ResultOf<List<u8>, StreamError>;
using CountResult = ResultOf<u64, StreamError>;
using DoneResult = ResultOf<Nothing, StreamError>;

/// Stores a count as it is.
bool answer(HostCall& call, const IoResult& outcome, CountResult& result) {
  if (!outcome) {
    return fail(call, outcome.error(), result);
  }
  result.set_ok(*outcome);
  return true;
}
bool answer(HostCall& call, const IoResult& outcome, DoneResult& result) {
  if (!outcome) {
    return fail(call, outcome.error(), result);
  }
  result.set_ok({});
  return true;
}

struct LengthParams {
  u32 self;
  u64 len;
};

/// Room for the next piece of a transfer of `len` bytes; nullptr: trap.
u8* piece(HostCall& call, u64 len, u64& size_bytes) {
  size_bytes = std::min(len, kStreamChunkBytes);
  return result_array<u8>(call, size_bytes);
}

bool read_stream(HostCall& call, const LengthParams& params, BytesResult& result, Wait wait) {
  InputStream* stream = find_resource<InputStream>(call, params.self);
  u64 size_bytes = 0;
  u8* const into = stream != nullptr ? piece(call, params.len, size_bytes) : nullptr;
  if (into == nullptr) {
    return false;
  }
  const IoResult got = stream->read(call.store, {into, size_bytes}, wait);
  if (!got) {
    return fail(call, got.error(), result);
  }
  result.set_ok({into, *got});
  return true;
}

bool input_stream_read(HostCall& call, const LengthParams& params, BytesResult& result) {
  return read_stream(call, params, result, Wait::no);
}
bool input_stream_blocking_read(HostCall& call, const LengthParams& params, BytesResult& result) {
  return read_stream(call, params, result, Wait::yes);
}

bool skip_stream(HostCall& call, const LengthParams& params, CountResult& result, Wait wait) {
  InputStream* stream = find_resource<InputStream>(call, params.self);
  u64 size_bytes = 0;
  u8* const into = stream != nullptr ? piece(call, params.len, size_bytes) : nullptr;
  return into != nullptr &&
         answer(call, stream->read(call.store, {into, size_bytes}, wait), result);
}

bool input_stream_skip(HostCall& call, const LengthParams& params, CountResult& result) {
  return skip_stream(call, params, result, Wait::no);
}
bool input_stream_blocking_skip(HostCall& call, const LengthParams& params, CountResult& result) {
  return skip_stream(call, params, result, Wait::yes);
}

template <typename Stream> bool subscribe(HostCall& call, const SelfParams& params, u32& result) {
  const Stream* stream = find_resource<Stream>(call, params.self);
  return stream != nullptr &&
         push_resource(call, std::make_unique<Pollable>(*stream), result, params.self);
}

constexpr auto input_stream_subscribe = subscribe<InputStream>;
constexpr auto output_stream_subscribe = subscribe<OutputStream>;

bool output_stream_check_write(HostCall& call, const SelfParams& params, CountResult& result) {
  OutputStream* stream = find_resource<OutputStream>(call, params.self);
  return stream != nullptr && answer(call, stream->check_write(call.store), result);
}

struct ContentsParams {
  u32 self;
  List<u8> contents;
};

bool over_permit(HostCall& call) {
  return call.trap(TrapCode::unreachable, "write exceeds what check-write permitted");
}

bool output_stream_write(HostCall& call, const ContentsParams& params, DoneResult& result) {
  OutputStream* stream = find_resource<OutputStream>(call, params.self);
  if (stream == nullptr) {
    return false;
  }
  if (stream->flush() && params.contents.count > stream->permit()) {
    return over_permit(call);
  }
  return answer(call, stream->write(call.store, params.contents.span()), result);
}

bool output_stream_blocking_write_and_flush(HostCall& call, const ContentsParams& params,
                                            DoneResult& result) {
  OutputStream* stream = find_resource<OutputStream>(call, params.self);
  if (stream == nullptr) {
    return false;
  }
  if (params.contents.count > kMaxBlockingWriteBytes) {
    return call.trap(TrapCode::unreachable, "blocking-write-and-flush of more than 4096 bytes");
  }
  return answer(call, stream->write_blocking(call.store, params.contents.span()), result);
}

bool flush_stream(HostCall& call, const SelfParams& params, DoneResult& result) {
  const OutputStream* stream = find_resource<OutputStream>(call, params.self);
  return stream != nullptr && answer(call, stream->flush(), result);
}

constexpr auto output_stream_flush = flush_stream;
constexpr auto output_stream_blocking_flush = flush_stream;

/// What the write-zeroes functions write, piece by piece.
constexpr u8 kZeroes[kMaxBlockingWriteBytes] = {};

bool output_stream_write_zeroes(HostCall& call, const LengthParams& params, DoneResult& result) {
  OutputStream* stream = find_resource<OutputStream>(call, params.self);
  if (stream == nullptr) {
    return false;
  }
  if (stream->flush() && params.len > stream->permit()) {
    return over_permit(call);
  }
  u64 left = params.len;
  IoResult put = stream->flush();
  while (put && left != 0) {
    const u64 now = std::min<u64>(left, sizeof kZeroes);
    put = stream->write(call.store, {kZeroes, now});
    left -= now;
  }
  return answer(call, put, result);
}

bool output_stream_blocking_write_zeroes_and_flush(HostCall& call, const LengthParams& params,
                                                   DoneResult& result) {
  OutputStream* stream = find_resource<OutputStream>(call, params.self);
  if (stream == nullptr) {
    return false;
  }
  if (params.len > kMaxBlockingWriteBytes) {
    return call.trap(TrapCode::unreachable,
                     "blocking-write-zeroes-and-flush of more than 4096 bytes");
  }
  return answer(call, stream->write_blocking(call.store, {kZeroes, params.len}), result);
}

struct SpliceParams {
  u32 self;
  u32 src;
  u64 len;
};

bool splice(HostCall& call, const SpliceParams& params, CountResult& result, Wait wait) {
  OutputStream* to = find_resource<OutputStream>(call, params.self);
  InputStream* from = to != nullptr ? find_resource<InputStream>(call, params.src) : nullptr;
  if (from == nullptr) {
    return false;
  }
  IoResult permit = to->check_write(call.store);
  while (wait == Wait::yes && params.len != 0 && permit && *permit == 0) {
    const IoResult ready = poll_interest(call.store, to->interest(), Wait::yes);
    permit = ready ? to->check_write(call.store) : ready;
  }
  if (!permit) {
    return answer(call, permit, result);
  }
  u64 size_bytes = 0;
  u8* const buffer = piece(call, std::min(params.len, *permit), size_bytes);
  if (buffer == nullptr) {
    return false;
  }
  const IoResult got = from->read(call.store, {buffer, size_bytes}, wait);
  if (!got || *got == 0) {
    return answer(call, got, result);
  }
  return answer(call, to->write(call.store, {buffer, *got}), result);
}

bool output_stream_splice(HostCall& call, const SpliceParams& params, CountResult& result) {
  return splice(call, params, result, Wait::no);
}
bool output_stream_blocking_splice(HostCall& call, const SpliceParams& params,
                                   CountResult& result) {
  return splice(call, params, result, Wait::yes);
}

#define PETREL_WASI_TABLE "wasi/io.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> io_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
