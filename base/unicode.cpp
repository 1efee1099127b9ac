// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// UTF-8 decoding after Unicode table 3-7 (well-formed byte sequences): the second byte's range depends
// on the first byte, which excludes surrogates and over-long forms without a further test.
#include "base/unicode.h"

#include "base/format.h"

namespace petrel {

namespace {

struct SequenceShape {
  u32 size_bytes;
  u8 second_min;
  u8 second_max;
};

std::optional<SequenceShape> shape_of(u8 first) {
  if (first < 0x80) {
    return SequenceShape{1, 0, 0};
  }
  if (first >= 0xc2 && first <= 0xdf) {
    return SequenceShape{2, 0x80, 0xbf};
  }
  if (first >= 0xe0 && first <= 0xef) {
    u8 low = first == 0xe0 ? 0xa0 : 0x80;
    u8 high = first == 0xed ? 0x9f : 0xbf;
    return SequenceShape{3, low, high};
  }
  if (first >= 0xf0 && first <= 0xf4) {
    u8 low = first == 0xf0 ? 0x90 : 0x80;
    u8 high = first == 0xf4 ? 0x8f : 0xbf;
    return SequenceShape{4, low, high};
  }
  return std::nullopt;
}

bool is_bidi_control(char32_t c) {
  return c == 0x200e || c == 0x200f || c == 0x061c || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

} // namespace

std::optional<DecodedChar> decode_utf8(Bytes bytes) {
  if (bytes.empty()) {
    return std::nullopt;
  }
  auto shape = shape_of(bytes[0]);
  if (!shape || shape->size_bytes > bytes.size()) {
    return std::nullopt;
  }
  if (shape->size_bytes == 1) {
    return DecodedChar{bytes[0], 1};
  }
  if (bytes[1] < shape->second_min || bytes[1] > shape->second_max) {
    return std::nullopt;
  }
  char32_t code = bytes[0] & (0x7fu >> shape->size_bytes);
  code = code << 6 | (bytes[1] & 0x3fu);
  for (u32 i = 2; i < shape->size_bytes; ++i) {
    if ((bytes[i] & 0xc0) != 0x80) {
      return std::nullopt;
    }
    code = code << 6 | (bytes[i] & 0x3fu);
  }
  return DecodedChar{code, shape->size_bytes};
}

bool is_utf8(Bytes bytes) {
  usize at = 0;
  while (at < bytes.size()) {
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    auto decoded = decode_utf8(bytes.subspan(at));
    if (!decoded) {
      return false;
    }
    at += decoded->size_bytes;
  }
  return true;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

std::string escaped(std::string_view text, usize limit_bytes) {
  std::string out;
  Bytes rest = as_bytes(text);
  while (!rest.empty()) {
    std::string piece;
    auto decoded = decode_utf8(rest);
    if (!decoded) {
      piece = strf("\\x%02x", rest[0]);
      rest = rest.subspan(1);
    } else {
      char32_t c = decoded->code_point;
      if (c < 0x20 || (c >= 0x7f && c < 0xa0) || is_bidi_control(c)) {
        piece = strf("\\u{%x}", static_cast<unsigned>(c));
      } else {
        piece = std::string(as_text(rest.first(decoded->size_bytes)));
      }
      rest = rest.subspan(decoded->size_bytes);
    }
    if (out.size() + piece.size() > limit_bytes) {
      return out + "...";
    }
    out += piece;
  }
  return out;
}

std::string_view utf8_prefix(std::string_view text, usize size_bytes) {
  if (text.size() <= size_bytes) {
    return text;
  }
  usize end = size_bytes;
  while (end > 0 && (static_cast<u8>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

} // namespace petrel
