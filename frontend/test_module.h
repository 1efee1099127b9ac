// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules for the decoder's unit tests, put together from bytes by section; nothing checks them but the decoder.
// The last header of a test: it replaces CHECK.
#pragma once

#include <string>
#include <vector>

#include "frontend/body_decoder.h"
#include "frontend/module_decoder.h"

#undef CHECK // doctest has its own
#include <doctest/doctest.h>

namespace petrel::frontend::test {

using ByteVec = std::vector<u8>;

inline ByteVec leb(u64 value) {
  ByteVec out;
  do {
    const u8 low = value & 0x7f;
    value >>= 7;
    out.push_back(value != 0 ? static_cast<u8>(low | 0x80) : low);
  } while (value != 0);
  return out;
}
inline ByteVec operator+(ByteVec left, const ByteVec& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
inline ByteVec repeat(const ByteVec& bytes, usize count) {
  ByteVec out;
  out.reserve(bytes.size() * count);
  for (usize i = 0; i < count; ++i) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}
inline ByteVec text(std::string_view characters) {
  const Bytes bytes = as_bytes(characters);
  return leb(bytes.size()) + ByteVec(bytes.begin(), bytes.end());
}
inline const ByteVec kPreamble = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};

inline ByteVec section(u8 id, const ByteVec& payload) {
  return ByteVec{id} + leb(payload.size()) + payload;
}
/// Body with its size; `code` ends with `end`.
inline ByteVec body(const ByteVec& code, const ByteVec& locals = {0x00}) {
  return leb(locals.size() + code.size()) + locals + code;
}
/// A module with one function of type `[] -> []`; its first instruction lies at kFirst.
inline ByteVec one_func(const ByteVec& code) {
  return kPreamble + section(1, {0x01, 0x60, 0x00, 0x00}) + section(3, {0x01, 0x00}) +
         section(10, ByteVec{0x01} + body(code));
}
constexpr u32 kFirst = 0x17; ///< for bodies and sections of less than 128 bytes

inline Result<ModuleImage> decode(const ByteVec& bytes, const DecodeOptions& options = {}) {
  return decode_module(bytes, 0, bytes.size(), options);
}
/// The message as the command line prints it, "ok" when the module is valid.
inline std::string verdict(const ByteVec& bytes, const DecodeOptions& options = {}) {
  auto image = decode(bytes, options);
  return image ? "ok" : image.error().to_string();
}

} // namespace petrel::frontend::test
