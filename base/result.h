// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How failure travels through Petrel when the *input* is to blame: `Result<T>` carries either a value
// or an `Error` that knows its class, its place and what was expected. Guest failures are `TrapCode`s,
// our own bugs are CHECKs; the four kinds never mix (docs/architecture.md, "Errors").
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace petrel {

/// Error classes as the command line prints them (`error[invalid]: …`).
enum class ErrorClass : u8 {
  usage,
  io,
  malformed,   ///< the bytes or the text do not decode
  invalid,     ///< decodes, but breaks a validation rule
  unsupported, ///< a feature that is switched off or not in this build
  limit,       ///< exceeds a documented limit of Petrel
  link,        ///< imports not satisfied or of the wrong type
  artifact,    ///< a damaged or foreign `.cwasm`
  trap, ///< instantiation trapped, or a call did (carried to the CLI with its backtrace in `detail`)
  exception, ///< an exception left the guest uncaught; the rest as for a trap
  exit,      ///< the guest ended itself; `exit_code` says how
};

/// `malformed`, `invalid`, … as printed.
std::string_view error_class_name(ErrorClass cls);

/// What went wrong with an input. One line `text`, plus where: a file name (filled in by whoever knows
/// it), a place (`section code (id 10)`, `func 17 "parse"`), and a byte offset or line:column.
struct ErrorInfo {
  ErrorClass cls = ErrorClass::invalid;
  std::string file;
  std::string where;         ///< section or function; may be empty
  std::optional<u64> offset; ///< byte offset in the file, for binary input
  u32 line = 0;              ///< 1-based, for text input; 0 = not text
  u32 column = 0;            ///< 1-based, in bytes
  std::string text;          ///< lower case, no full stop
  std::string detail;        ///< further lines, each without trailing newline at the end
  int exit_code = 1;         ///< for ErrorClass::exit
  u32 trap_code = 0;         ///< for ErrorClass::trap: the ir::TrapCode's number
};

/// A failure, kept small because every `Result` carries room for one. Never empty except after a move.
class Error {
public:
  explicit Error(ErrorInfo info) : info_(std::make_unique<ErrorInfo>(std::move(info))) {}
  Error(ErrorClass cls, std::string text)
      : Error(ErrorInfo{.cls = cls,
                        .file = {},
                        .where = {},
                        .offset = {},
                        .text = std::move(text),
                        .detail = {}}) {}

  const ErrorInfo& info() const { return *info_; }
  ErrorInfo& info() { return *info_; }
  ErrorClass cls() const { return info_->cls; }

  /// Fills in the place unless an inner layer did so already.
  Error with_offset(u64 offset) &&;
  Error with_where(std::string where) &&;
  Error with_file(std::string file) &&;

  /// The printed form: `error[class]: file: where, offset 0x1f3: text`, first line <= 300 bytes, then `detail`.
  /// Where it stops nothing, `severity` is "warning".
  std::string to_string(std::string_view severity = "error") const;

private:
  std::unique_ptr<ErrorInfo> info_;
};

template <typename T> using Result = std::expected<T, Error>;
using Status = Result<void>;

/// Failure constructors: `return fail(ErrorClass::malformed, "…")`.
[[gnu::cold]] std::unexpected<Error> fail(ErrorClass cls, std::string text);
[[gnu::cold]] std::unexpected<Error> fail_at(ErrorClass cls, u64 offset, std::string text);

} // namespace petrel

#define PETREL_CONCAT_(a, b) a##b
#define PETREL_CONCAT(a, b) PETREL_CONCAT_(a, b)

/// `TRY(expr)`: returns the error of a `Result`, else continues (value discarded).
#define TRY(expr)                                                                                  \
  do {                                                                                             \
    auto&& try_result_ = (expr);                                                                   \
    if (!try_result_) [[unlikely]] {                                                               \
      return std::unexpected(std::move(try_result_).error());                                      \
    }                                                                                              \
  } while (false)

#define PETREL_TRY_ASSIGN_(tmp, decl, expr)                                                        \
  auto tmp = (expr);                                                                               \
  if (!tmp) [[unlikely]] {                                                                         \
    return std::unexpected(std::move(tmp).error());                                                \
  }                                                                                                \
  decl = *std::move(tmp)

/// `TRY_ASSIGN(auto x, expr)`: declares or assigns the value of a `Result`, else returns its error.
#define TRY_ASSIGN(decl, expr) PETREL_TRY_ASSIGN_(PETREL_CONCAT(try_value_, __LINE__), decl, expr)
