// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/text_out.h"

#include <algorithm>
#include <charconv>

#include "base/format.h"
#include "base/unicode.h"
#include "frontend/text/lexer.h"

namespace petrel::text {

namespace {

constexpr usize kBufferBytes = 64 << 10;
constexpr u32 kDeepestIndent = 50;

bool is_plain_ascii(u8 byte) { return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\'; }

/// Controls, and what changes how text around it is shown or cannot be seen.
bool is_misleading(char32_t c) {
  return c < 0xa0 || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         c >= 0xe0000;
}

} // namespace

void TextOut::new_line(u32 depth) {
  buffer_ += '\n';
  buffer_.append(2 * std::min(depth, kDeepestIndent), ' ');
}

void TextOut::hand_on() {
  if (status_) {
    status_ = write_(target_, buffer_);
  }
  buffer_.clear();
}

void TextOut::hand_on_if_full() {
  if (buffer_.size() >= kBufferBytes) {
    hand_on();
  }
}

Status TextOut::finish() {
  hand_on();
  return std::move(status_);
}

void append_data_string(std::string& out, Bytes bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (u8 byte : bytes) {
    if (is_plain_ascii(byte)) {
      out += static_cast<char>(byte);
    } else {
      out += '\\';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += '"';
}

void append_name_string(std::string& out, std::string_view name) {
  out += '"';
  while (!name.empty()) {
    if (is_plain_ascii(static_cast<u8>(name[0]))) {
      out += name[0];
      name.remove_prefix(1);
      continue;
    }
    const auto decoded = decode_utf8(as_bytes(name));
    const u32 size = decoded ? decoded->size_bytes : 1;
    if (name[0] == '"' || name[0] == '\\') {
      out += '\\';
      out += name[0];
    } else if (!decoded) {
      out += strf("\\%02x", static_cast<u8>(name[0]));
    } else if (is_misleading(decoded->code_point)) {
      out += strf("\\u{%x}", static_cast<unsigned>(decoded->code_point));
    } else {
      out += name.substr(0, size);
    }
    name.remove_prefix(size);
  }
  out += '"';
}

void append_id(std::string& out, std::string_view name) {
  out += '$';
  if (std::ranges::all_of(name, is_id_char)) {
    out += name;
  } else {
    append_name_string(out, name);
  }
}

void append_annotation_id(std::string& out, std::string_view id) {
  out += "(@";
  if (!id.empty() && std::ranges::all_of(id, is_id_char)) {
    out += id;
  } else {
    append_name_string(out, id);
  }
}

void append_number(std::string& out, u64 value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_signed(std::string& out, i64 value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

} // namespace petrel::text
