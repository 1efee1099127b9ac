// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:clocks: handlers of wasi/clocks.def. The timezone is always UTC: that of the host is nobody's business.
#include <ctime>
#include <limits>

#include "wasi/host_table.h"
#include "wasi/poll.h"
#include "wasi/preview2.h"

namespace petrel::wasi {

namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

bool monotonic_clock_now(HostCall& call, const Nothing&, u64& result) {
  result = monotonic_now_ns(call.store);
  return true;
}

bool monotonic_clock_resolution(HostCall& call, const Nothing&, u64& result) {
  result = clock_resolution_ns(call.store, CLOCK_MONOTONIC);
  return true;
}

struct WhenParams {
  u64 when;
};

bool monotonic_clock_subscribe_instant(HostCall& call, const WhenParams& params, u32& result) {
  return push_resource(call, std::make_unique<Pollable>(Interest::at_time(params.when)), result);
}

bool monotonic_clock_subscribe_duration(HostCall& call, const WhenParams& params, u32& result) {
  Interest interest; // no duration: ready now
  u64 due_ns = 0;
  if (params.when != 0) {
    const bool overflows =
        __builtin_add_overflow(monotonic_now_ns(call.store), params.when, &due_ns);
    interest = Interest::at_time(overflows ? std::numeric_limits<u64>::max() : due_ns);
  }
  return push_resource(call, std::make_unique<Pollable>(interest), result);
}

/// record datetime
struct Datetime {
  u64 seconds;
  u32 nanoseconds;
};

Datetime datetime_of(u64 time_ns) {
  return {time_ns / kNsPerSecond, static_cast<u32>(time_ns % kNsPerSecond)};
}

bool wall_clock_now(HostCall& call, const Nothing&, Datetime& result) {
  result = datetime_of(wall_clock_now_ns(call.store));
  return true;
}

bool wall_clock_resolution(HostCall& call, const Nothing&, Datetime& result) {
  result = datetime_of(clock_resolution_ns(call.store, CLOCK_REALTIME));
  return true;
}

struct DatetimeParams {
  Datetime when;
};

/// record timezone-display
struct TimezoneDisplay {
  i32 utc_offset;
  String name;
  u8 in_daylight_saving_time;
};

bool timezone_display(HostCall&, const DatetimeParams&, TimezoneDisplay& result) {
  result = {0, String("UTC"), 0};
  return true;
}

bool timezone_utc_offset(HostCall&, const DatetimeParams&, i32& result) {
  result = 0;
  return true;
}

#define PETREL_WASI_TABLE "wasi/clocks.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> clocks_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
