// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cold paths of `Error`: construction, placing and printing.
#include "base/result.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel {

namespace {
constexpr usize kFirstLineBytes = 300;
}

std::string_view error_class_name(ErrorClass cls) {
  switch (cls) {
  case ErrorClass::usage: return "usage";
  case ErrorClass::io: return "io";
  case ErrorClass::malformed: return "malformed";
  case ErrorClass::invalid: return "invalid";
  case ErrorClass::unsupported: return "unsupported";
  case ErrorClass::limit: return "limit";
  case ErrorClass::link: return "link";
  case ErrorClass::artifact: return "artifact";
  case ErrorClass::trap: return "trap";
  case ErrorClass::exception: return "exception";
  case ErrorClass::exit: return "exit";
  }
  PETREL_UNREACHABLE();
}

std::unexpected<Error> fail(ErrorClass cls, std::string text) {
  return std::unexpected(Error(cls, std::move(text)));
}

std::unexpected<Error> fail_at(ErrorClass cls, u64 offset, std::string text) {
  return std::unexpected(Error(cls, std::move(text)).with_offset(offset));
}

Error Error::with_offset(u64 offset) && {
  if (!info_->offset) {
    info_->offset = offset;
  }
  return std::move(*this);
}

Error Error::with_where(std::string where) && {
  if (info_->where.empty()) {
    info_->where = std::move(where);
  }
  return std::move(*this);
}

Error Error::with_file(std::string file) && {
  if (info_->file.empty()) {
    info_->file = std::move(file);
  }
  return std::move(*this);
}

std::string Error::to_string(std::string_view severity) const {
  std::string line(severity);
  line += '[';
  line += error_class_name(cls());
  line += "]: ";
  if (!info_->file.empty()) {
    line += escaped(info_->file);
    line += info_->line != 0 ? ":" : ": ";
  }
  if (info_->line != 0) {
    line += strf("%u:%u: ", info_->line, info_->column);
  }
  if (!info_->where.empty()) {
    line += info_->where;
    line += info_->offset ? ", " : ": ";
  }
  if (info_->offset) {
    line += strf("offset 0x%llx: ", static_cast<unsigned long long>(*info_->offset));
  }
  line += info_->text;
  if (line.size() > kFirstLineBytes) {
    line = std::string(utf8_prefix(line, kFirstLineBytes - 3)) + "...";
  }
  if (!info_->detail.empty()) {
    line += '\n';
    line += info_->detail;
  }
  return line;
}

} // namespace petrel
