// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:cli: handlers of wasi/cli.def. Strings of the environment are given out as they lie in the WasiCtx.
#include "wasi/host_table.h"
#include "wasi/preview2.h"
#include "wasi/streams.h"

namespace petrel::wasi {

namespace {

const WasiConfig& config_of(HostCall& call) { return Preview2::of(call).ctx().config(); }

bool get_arguments(HostCall& call, const Nothing&, List<String>& result) {
  const auto& args = config_of(call).args;
  String* const list = result_array<String>(call, args.size());
  if (list == nullptr) {
    return false;
  }
  for (usize i = 0; i < args.size(); ++i) {
    list[i] = String(args[i]);
  }
  result = {list, args.size()};
  return true;
}

bool get_environment(HostCall& call, const Nothing&, List<PairOf<String, String>>& result) {
  const auto& env = config_of(call).env;
  auto* const list = result_array<PairOf<String, String>>(call, env.size());
  if (list == nullptr) {
    return false;
  }
  for (usize i = 0; i < env.size(); ++i) {
    list[i] = {String(env[i].first), String(env[i].second)};
  }
  result = {list, env.size()};
  return true;
}

/// A guest has no working directory.
bool initial_cwd(HostCall&, const Nothing&, OptionOf<String>& result) {
  result.is_some = 0;
  return true;
}

struct StatusParams {
  u8 is_err;
};

bool exit_with_status(HostCall& call, const StatusParams& params, Nothing&) {
  return call.store.raise_exit(params.is_err != 0 ? 1 : 0);
}

struct StatusCodeParams {
  u8 status_code;
};

bool exit_with_code(HostCall& call, const StatusCodeParams& params, Nothing&) {
  return call.store.raise_exit(params.status_code);
}

bool get_stdin(HostCall& call, const Nothing&, u32& result) {
  return push_resource(call, make_fd_input(config_of(call).stdin_fd), result);
}
bool get_stdout(HostCall& call, const Nothing&, u32& result) {
  return push_resource(call, make_fd_output(config_of(call).stdout_fd), result);
}
bool get_stderr(HostCall& call, const Nothing&, u32& result) {
  return push_resource(call, make_fd_output(config_of(call).stderr_fd), result);
}

/// Their existence is all that they say.
class TerminalInput final : public component::HostResourceOf<TerminalInput> {};
class TerminalOutput final : public component::HostResourceOf<TerminalOutput> {};

template <typename Terminal> bool terminal_of(HostCall& call, int fd, OptionOf<u32>& result) {
  result.is_some = is_terminal(fd) ? 1 : 0;
  return result.is_some == 0 || push_resource(call, std::make_unique<Terminal>(), result.value);
}

bool get_terminal_stdin(HostCall& call, const Nothing&, OptionOf<u32>& result) {
  return terminal_of<TerminalInput>(call, config_of(call).stdin_fd, result);
}
bool get_terminal_stdout(HostCall& call, const Nothing&, OptionOf<u32>& result) {
  return terminal_of<TerminalOutput>(call, config_of(call).stdout_fd, result);
}
bool get_terminal_stderr(HostCall& call, const Nothing&, OptionOf<u32>& result) {
  return terminal_of<TerminalOutput>(call, config_of(call).stderr_fd, result);
}

#define PETREL_WASI_TABLE "wasi/cli.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> cli_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
