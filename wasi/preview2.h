// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WASI 0.2: every interface of the worlds wasi:cli/command and wasi:http/proxy (imports), version 0.2.12, which
// serves the whole 0.2 track. Real: io, clocks, random, cli. Filesystem, sockets and http answer as in a process
// that was granted none of them: no preopens, access-denied, HTTP-request-denied. Functions are rows of wasi/*.def.
#pragma once

#include <memory>

#include "component/component.h"
#include "runtime/memory.h"
#include "wasi/ctx.h"

namespace petrel::wasi {

/// What the host keeps in memory for one guest beyond its handles (header fields, buffered bytes).
using HostBudget = runtime::Budget;
constexpr u64 kHostBudgetBytes = u64{64} << 20;

/// A part of the budget, given back with the object that holds it.
class HostCharge {
public:
  explicit HostCharge(std::shared_ptr<HostBudget> budget) : budget_(std::move(budget)) {}
  HostCharge(HostCharge&& other) noexcept
      : budget_(std::move(other.budget_)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  HostCharge& operator=(HostCharge&&) = delete;
  ~HostCharge() {
    if (size_bytes_ != 0) {
      budget_->refund(size_bytes_);
    }
  }
  const std::shared_ptr<HostBudget>& budget() const { return budget_; }
  /// Changes how much is held; false when the budget does not allow it.
  bool set(u64 size_bytes) {
    if (size_bytes > size_bytes_ && !budget_->charge(size_bytes - size_bytes_)) {
      return false;
    }
    if (size_bytes < size_bytes_) {
      budget_->refund(size_bytes_ - size_bytes);
    }
    size_bytes_ = size_bytes;
    return true;
  }

private:
  std::shared_ptr<HostBudget> budget_;
  u64 size_bytes_ = 0;
};

/// The host side of one guest. Must outlive the instances linked with it.
class Preview2 {
public:
  explicit Preview2(WasiCtx& ctx) : ctx_(ctx) {}
  Preview2(const Preview2&) = delete;
  Preview2& operator=(const Preview2&) = delete;

  /// Strings of components are UTF-8, arguments and environment of a process need not be. Errors: usage, naming the
  /// one that is not.
  Status check_config() const;

  /// Offers every interface.
  void add_to_linker(component::Linker& linker);

  WasiCtx& ctx() { return ctx_; }
  const std::shared_ptr<HostBudget>& budget() const { return budget_; }

  /// The object behind a handler's call.
  static Preview2& of(component::HostCall& call) { return *static_cast<Preview2*>(call.data); }

private:
  WasiCtx& ctx_;
  std::shared_ptr<HostBudget> budget_ = std::make_shared<HostBudget>(kHostBudgetBytes);
};

// The interfaces of each package, in wasi/<package>.cpp.
std::span<const component::HostInterface> io_interfaces();
std::span<const component::HostInterface> clocks_interfaces();
std::span<const component::HostInterface> random_interfaces();
std::span<const component::HostInterface> cli_interfaces();
std::span<const component::HostInterface> filesystem_interfaces();
std::span<const component::HostInterface> sockets_interfaces();
std::span<const component::HostInterface> http_interfaces();

} // namespace petrel::wasi
