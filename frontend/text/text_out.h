// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text on its way out: a buffer that is handed on when it is full, so that a large module prints in little memory, and
// the spellings of the text format that core and component printers share.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace petrel::text {

/// Takes finished text. Errors: io.
using WriteText = Status (*)(void* target, std::string_view text);

/// A buffered writer; an error of `write` is kept and everything after it dropped.
class TextOut {
public:
  TextOut(WriteText write, void* target) : write_(write), target_(target) {}

  void put(char c) { buffer_ += c; }
  void put(std::string_view text) { buffer_ += text; }
  /// A line break and the indentation of `depth`, which stops growing where lines would be all blank.
  void new_line(u32 depth);
  /// Hands the buffer on when it is large.
  void checkpoint() {
    if (!is_held_) {
      hand_on_if_full();
    }
  }
  void hand_on_if_full();
  /// From now on checkpoints do nothing, so that what was put last can be looked at.
  void hold() { is_held_ = true; }
  /// Hands everything on. Errors: the first of `write`.
  Status finish();
  std::string& buffer() { return buffer_; }

private:
  void hand_on();

  WriteText write_;
  void* target_;
  std::string buffer_;
  Status status_;
  bool is_held_ = false;
};

/// `"…"` of any bytes: printable ASCII as it is, the rest as `\hh`.
void append_data_string(std::string& out, Bytes bytes);
/// `"…"` of UTF-8: characters as they are, except those that a terminal could mistake.
void append_name_string(std::string& out, std::string_view name);
/// `$name`, or `$"…"` when it needs quotes. `name` is not empty.
void append_id(std::string& out, std::string_view name);
/// `(@id` with quotes where the id needs them.
void append_annotation_id(std::string& out, std::string_view id);
void append_number(std::string& out, u64 value);
void append_signed(std::string& out, i64 value);

} // namespace petrel::text
