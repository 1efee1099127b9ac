// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// F2: a module of generated types and declarations whose one body is raw input, so that most of the input is
// instructions. The verdict of the slow validator must be the same.
//
// Input: a byte for the number of generated types, bytes that choose them, then the body with its locals.
#include "tests/fuzz/targets.h"

#include <vector>

namespace petrel::fuzz {

namespace {

constexpr u8 kFixedTypes = 5;

class Builder {
public:
  Builder(const u8* data, usize size) : data_(data), left_(size) {}

  std::vector<u8> module() {
    std::vector<u8> out = {0, 'a', 's', 'm', 1, 0, 0, 0};
    section(out, 1, types());
    // import: two functions, a global of each numeric type, a mutable externref
    section(out, 2, {6, 0, 0,    0, 0, 0, 0, 0,    1, 0, 0, 3, 0x7f, 0, 0,
                     0, 3, 0x7e, 1, 0, 0, 3, 0x7b, 1, 0, 0, 3, 0x6f, 1});
    section(out, 3, {1, static_cast<u8>(next() % 3)});
    section(out, 4, {3, 0x70, 0, 1, 0x6f, 1, 0, 9, 0x70, 4, 2});
    section(out, 5, {2, 0, 1, 5, 1, 2});
    section(out, 13, {3, 0, 0, 0, 3, 0, 4});
    section(out, 7, {1, 1, 'f', 0, 0});
    section(out, 9, {2, 1, 0, 1, 0, 5, 0x6f, 1, 0xd0, 0x6f, 0x0b});
    section(out, 12, {2});
    std::vector<u8> body(data_, data_ + left_);
    body.push_back(0x0b);
    std::vector<u8> code = {1};
    leb(code, body.size());
    code.insert(code.end(), body.begin(), body.end());
    section(out, 10, code);
    section(out, 11, {2, 1, 3, 1, 2, 3, 1, 0});
    return out;
  }

private:
  u8 next() {
    if (left_ == 0) {
      return 0;
    }
    --left_;
    return *data_++;
  }

  static void leb(std::vector<u8>& out, usize value) {
    do {
      out.push_back(static_cast<u8>((value & 0x7f) | (value > 0x7f ? 0x80 : 0)));
      value >>= 7;
    } while (value != 0);
  }

  static void section(std::vector<u8>& out, u8 id, const std::vector<u8>& content) {
    out.push_back(id);
    leb(out, content.size());
    out.insert(out.end(), content.begin(), content.end());
  }

  void value_type(std::vector<u8>& out, u32 types) {
    const u8 choice = next();
    static constexpr u8 kSimple[] = {0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x6e, 0x6d,
                                     0x6c, 0x6b, 0x6a, 0x69, 0x71, 0x72, 0x73, 0x74};
    if (choice < 0xc0) {
      out.push_back(kSimple[choice % sizeof(kSimple)]);
    } else {
      out.push_back(choice & 1 ? 0x63 : 0x64);
      out.push_back(static_cast<u8>((choice >> 1) % types));
    }
  }

  void field(std::vector<u8>& out, u32 types) {
    const u8 choice = next();
    if (choice < 32) {
      out.push_back(choice < 16 ? 0x78 : 0x77);
    } else {
      value_type(out, types);
    }
    out.push_back(choice & 1);
  }

  /// The fixed function types, then one recursive group of generated types.
  std::vector<u8> types() {
    std::vector<u8> out = {kFixedTypes + 1,
                           0x60,
                           0,
                           0,
                           0x60,
                           1,
                           0x7f,
                           1,
                           0x7f,
                           0x60,
                           2,
                           0x7e,
                           0x6f,
                           2,
                           0x7f,
                           0x7d,
                           0x60,
                           1,
                           0x7f,
                           0,
                           0x60,
                           3,
                           0x7e,
                           0x6f,
                           0x69,
                           0,
                           0x4e};
    const u32 count = next() % 8;
    out.push_back(static_cast<u8>(count));
    for (u32 i = 0; i < count; ++i) {
      const u8 shape = next();
      out.push_back(shape & 0x80 ? 0x50 : 0x4f);
      if ((shape & 0x40) != 0 && i > 0) {
        out.push_back(1);
        out.push_back(static_cast<u8>(kFixedTypes + next() % i));
      } else {
        out.push_back(0);
      }
      const u32 fields = shape & 3;
      if (shape % 3 == 0) {
        out.push_back(0x60);
        for (u32 list = 0; list < 2; ++list) {
          out.push_back(static_cast<u8>(fields));
          for (u32 k = 0; k < fields; ++k) {
            value_type(out, kFixedTypes + count);
          }
        }
      } else if (shape % 3 == 1) {
        out.push_back(0x5f);
        out.push_back(static_cast<u8>(fields));
        for (u32 k = 0; k < fields; ++k) {
          field(out, kFixedTypes + count);
        }
      } else {
        out.push_back(0x5e);
        field(out, kFixedTypes + count);
      }
    }
    return out;
  }

  const u8* data_;
  usize left_;
};

} // namespace

} // namespace petrel::fuzz

int LLVMFuzzerTestOneInput(const petrel::u8* data, petrel::usize size) {
  petrel::fuzz::check_verdict(petrel::fuzz::Builder(data, size).module());
  return 0;
}
