// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// text_round_trip [--dump DIR] FILE…: prints every module of scripts (.wast), texts (.wat) and binaries in each style and
// encodes what was printed: the bytes must be those that were printed. Only modules of assert_malformed and of
// assert_malformed_custom may fail to decode, they are counted apart; an invalid module must come back too. With --dump, texts in the flat style go to DIR for
// other tools: N.wat with the module as N.wasm, or N.own when the text has annotations of ours.
// One line per failure, `FILE:LINE STYLE: what`; the last line counts.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/os.h"
#include "frontend/module_decoder.h"
#include "frontend/text/print.h"
#include "frontend/text/script.h"

namespace petrel::text {
namespace {

struct Style {
  const char* name;
  PrintOptions options;
};
constexpr Style kStyles[] = {{"flat", {}}, {"folded", {.folded = true}}};

struct Counts {
  u32 modules = 0; ///< that came back byte for byte
  u32 own = 0;     ///< of them: need annotations of ours
  u32 invalid = 0; ///< of them: do not validate
  u32 malformed = 0;
  u32 failed = 0;
};

class RoundTrip {
public:
  explicit RoundTrip(std::string dump) : dump_(std::move(dump)) {}

  void module(const std::string& where, Bytes bytes, bool may_be_malformed) {
    if (!as_text(bytes).starts_with(std::string_view("\0asm\x01\0\0\0", 8))) {
      malformed(where, "no module", may_be_malformed);
      return;
    }
    std::string flat;
    DecodeOptions all_features;
    all_features.features = ir::kImplementedFeatures;
    for (const Style& style : kStyles) {
      auto text = print_to_string(bytes, style.options);
      auto decoded = decode_module(bytes, 0, bytes.size(), all_features);
      if (!decoded && decoded.error().cls() == ErrorClass::malformed) {
        malformed(where, decoded.error().to_string(), may_be_malformed);
        return;
      }
      if (!text) {
        fail(where, style, "does not print: " + text.error().to_string());
        return;
      }
      auto encoded = encode_module(*text);
      if (!encoded) {
        fail(where, style, "does not encode: " + encoded.error().to_string());
        return;
      }
      if (!std::ranges::equal(encoded->bytes, bytes)) {
        fail(where, style, difference(encoded->bytes, bytes));
        return;
      }
      if (flat.empty()) {
        flat = std::move(*text);
        counts_.invalid += decoded ? 0 : 1;
      }
    }
    const bool is_own = flat.find("(@petrel.") != std::string::npos;
    counts_.own += is_own ? 1 : 0;
    if (!dump_.empty() && !is_own) {
      write(bytes, ".wasm");
    }
    if (!dump_.empty()) {
      write(as_bytes(flat), is_own ? ".own" : ".wat");
    }
    ++counts_.modules;
  }

  void script(const std::string& path, std::string_view text) {
    auto commands = parse_script(text);
    if (!commands) {
      std::printf("%s: %s\n", path.c_str(), commands.error().to_string().c_str());
      ++counts_.failed;
      return;
    }
    for (const Command& command : *commands) {
      const ScriptModule& module_text = command.module;
      if (module_text.fields.empty() && module_text.bytes.empty()) {
        continue;
      }
      const bool may_be_malformed = command.kind == CommandKind::assert_malformed ||
                                    command.kind == CommandKind::assert_malformed_custom;
      const std::string where = strf("%s:%u", path.c_str(), command.position.line);
      if (auto encoded = encode_script_module(module_text)) {
        module(where, encoded->bytes, may_be_malformed);
      } else {
        malformed(where, encoded.error().to_string(), may_be_malformed);
      }
    }
  }

  int finish() const {
    std::printf("%u modules came back (%u with annotations of ours, %u invalid), %u do not decode, "
                "%u failed\n",
                counts_.modules, counts_.own, counts_.invalid, counts_.malformed, counts_.failed);
    return counts_.failed == 0 ? 0 : 1;
  }

private:
  static std::string difference(Bytes got, Bytes wanted) {
    const auto [a, b] = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
    return strf("differs at byte 0x%zx of %zu (%zu came back)",
                static_cast<usize>(b - wanted.begin()), wanted.size(), got.size());
  }

  void malformed(const std::string& where, const std::string& what, bool may_be_malformed) {
    if (may_be_malformed) {
      ++counts_.malformed;
      return;
    }
    std::printf("%s: %s\n", where.c_str(), what.c_str());
    ++counts_.failed;
  }

  void fail(const std::string& where, const Style& style, const std::string& what) {
    std::printf("%s %s: %s\n", where.c_str(), style.name, what.c_str());
    ++counts_.failed;
  }

  void write(Bytes bytes, const char* ending) {
    const std::string path = strf("%s/%u%s", dump_.c_str(), counts_.modules, ending);
    if (auto written = sys::write_file_atomically(path, bytes, 0644); !written) {
      std::printf("%s\n", written.error().to_string().c_str());
    }
  }

  std::string dump_;
  Counts counts_;
};

int run(std::span<char* const> words) {
  std::string dump;
  if (words.size() > 1 && std::string_view(words[0]) == "--dump") {
    dump = words[1];
    words = words.subspan(2);
  }
  RoundTrip trip(std::move(dump));
  for (const char* word : words) {
    const std::string path = word;
    auto file = sys::read_file(path, u64{1} << 30);
    if (!file) {
      std::printf("%s\n", file.error().to_string().c_str());
      return 2;
    }
    if (path.ends_with(".wast")) {
      trip.script(path, as_text(file->bytes()));
    } else if (path.ends_with(".wat")) {
      auto encoded = encode_module(as_text(file->bytes()));
      trip.module(path, encoded ? Bytes(encoded->bytes) : Bytes(), false);
    } else {
      trip.module(path, file->bytes(), false);
    }
  }
  return trip.finish();
}

} // namespace
} // namespace petrel::text

int main(int argc, char** argv) {
  return petrel::text::run(std::span<char* const>(argv + 1, static_cast<petrel::usize>(argc - 1)));
}
