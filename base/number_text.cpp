// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Grammar first (one scanner that splits a literal into sign, digits, fraction and exponent and rejects
// misplaced underscores), value second. Decimal floats go to strtod, which rounds correctly for
// any number of digits; hexadecimal ones are rounded here from 64 leading bits and a sticky bit.
#include "base/number_text.h"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <locale.h>

#include "base/format.h"

namespace petrel {

namespace {

constexpr i64 kExponentCap =
    1'000'000'000'000; // saturation: beyond any exponent that digits could balance

std::optional<u32> digit_value(char c, bool hex) {
  if (c >= '0' && c <= '9') {
    return static_cast<u32>(c - '0');
  }
  if (hex && c >= 'a' && c <= 'f') {
    return static_cast<u32>(c - 'a' + 10);
  }
  if (hex && c >= 'A' && c <= 'F') {
    return static_cast<u32>(c - 'A' + 10);
  }
  return std::nullopt;
}

/// The parts of a literal; the digit runs may still hold underscores.
struct Scanned {
  NumberShape shape = NumberShape::none;
  bool has_sign = false;
  bool negative = false;
  bool hex = false;
  bool infinite = false;
  bool nan = false;
  std::string_view whole;    ///< digits before the point, or the NaN payload
  std::string_view fraction; ///< digits after the point; may be empty
  i64 exponent = 0;          ///< saturated at +-kExponentCap
};

/// Takes `digit ('_'? digit)*` off the front of `text`; empty when there is none.
std::string_view take_digits(std::string_view& text, bool hex) {
  usize at = 0;
  while (at < text.size()) {
    if (digit_value(text[at], hex)) {
      ++at;
    } else if (text[at] == '_' && at > 0 && at + 1 < text.size() &&
               digit_value(text[at + 1], hex)) {
      ++at;
    } else {
      break;
    }
  }
  std::string_view run = text.substr(0, at);
  text.remove_prefix(at);
  return run;
}

bool scan_exponent(std::string_view text, Scanned& out) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::string_view digits = take_digits(text, false);
  if (digits.empty() || !text.empty()) {
    return false;
  }
  i64 value = 0;
  for (char c : digits) {
    if (c != '_' && value < kExponentCap) {
      value = value * 10 + (c - '0');
    }
  }
  out.exponent = negative ? -value : value;
  return true;
}

Scanned scan_special(std::string_view text, Scanned out) {
  if (text == "inf") {
    out.infinite = true;
  } else if (text == "nan") {
    out.nan = true;
  } else if (text.starts_with("nan:0x")) {
    text.remove_prefix(6);
    out.nan = true;
    out.whole = take_digits(text, true);
    if (out.whole.empty() || !text.empty()) {
      return {};
    }
  } else {
    return {};
  }
  out.shape = NumberShape::floating;
  return out;
}

Scanned scan(std::string_view text) {
  Scanned out;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    out.has_sign = true;
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.starts_with('i') || text.starts_with('n')) {
    return scan_special(text, out);
  }
  if (text.starts_with("0x")) {
    out.hex = true;
    text.remove_prefix(2);
  }
  out.whole = take_digits(text, out.hex);
  if (out.whole.empty()) {
    return {};
  }
  if (text.empty()) {
    out.shape = out.has_sign ? NumberShape::signed_int : NumberShape::unsigned_int;
    return out;
  }
  if (text[0] == '.') {
    text.remove_prefix(1);
    out.fraction = take_digits(text, out.hex);
  }
  if (!text.empty()) {
    char mark = static_cast<char>(text[0] | 0x20);
    if (mark != (out.hex ? 'p' : 'e') || !scan_exponent(text.substr(1), out)) {
      return {};
    }
  }
  out.shape = NumberShape::floating;
  return out;
}

/// The value of a digit run, or nothing when it exceeds `max`.
std::optional<u64> run_value(std::string_view digits, bool hex, u64 max) {
  u64 base = hex ? 16 : 10;
  u64 value = 0;
  for (char c : digits) {
    if (c == '_') {
      continue;
    }
    u64 digit = *digit_value(c, hex);
    if (value > (max - digit) / base) {
      return std::nullopt;
    }
    value = value * base + digit;
  }
  return value;
}

u64 mask_of(u32 bits) { return bits == 64 ? ~u64{0} : (u64{1} << bits) - 1; }

/// The layout of an IEEE 754 binary format.
struct FloatFormat {
  u32 mantissa_bits; ///< explicit ones
  i32 bias;
  u32 exponent_max; ///< all ones: infinities and NaNs

  u64 infinity() const { return u64{exponent_max} << mantissa_bits; }
  u64 sign_bit() const { return u64{exponent_max + 1} << mantissa_bits; }
};
constexpr FloatFormat kF32{23, 127, 0xff};
constexpr FloatFormat kF64{52, 1023, 0x7ff};

/// Rounds `leading * 2^exponent` (plus something smaller than one unit when `sticky`) to `format`;
/// infinity when it overflows. `leading` is not 0.
u64 round_to_format(u64 leading, i64 exponent, bool sticky, const FloatFormat& format) {
  u32 shift_up = static_cast<u32>(__builtin_clzll(leading));
  leading <<= shift_up;
  exponent -= shift_up;
  i64 top = exponent + 63; // the value lies in [2^top, 2^(top+1))
  if (top > format.bias) {
    return format.infinity();
  }
  i64 min_exponent = 1 - format.bias;
  i64 lost = 63 - i64{format.mantissa_bits}; // bits below the mantissa
  i64 biased = top + format.bias;
  if (top < min_exponent) { // subnormal: keep fewer bits
    lost += min_exponent - top;
    biased = 0;
  }
  if (lost > 64) {
    return 0; // below half of the smallest subnormal
  }
  u64 kept = lost == 64 ? 0 : leading >> lost;
  u64 rest = lost == 64 ? leading : leading & mask_of(static_cast<u32>(lost));
  u64 half = u64{1} << (lost - 1);
  if (rest > half || (rest == half && (sticky || (kept & 1) != 0))) {
    ++kept;
  }
  // A normal mantissa carries its hidden bit, which counts as one step of the exponent; a carry out of
  // the mantissa moves the exponent up by itself, from subnormal to normal too.
  return biased == 0 ? kept : (static_cast<u64>(biased - 1) << format.mantissa_bits) + kept;
}

u64 hex_float(const Scanned& number, const FloatFormat& format) {
  u64 leading = 0;
  bool sticky = false;
  i64 exponent = number.exponent;
  auto feed = [&](std::string_view digits, bool is_fraction) {
    for (char c : digits) {
      if (c == '_') {
        continue;
      }
      u32 digit = *digit_value(c, true);
      if (leading >> 60 == 0) {
        leading = leading << 4 | digit;
        exponent -= is_fraction ? 4 : 0;
      } else {
        sticky = sticky || digit != 0;
        exponent += is_fraction ? 0 : 4;
      }
    }
  };
  feed(number.whole, false);
  feed(number.fraction, true);
  return leading == 0 ? 0 : round_to_format(leading, exponent, sticky, format);
}

/// The value of plain decimal text, rounded once to its own width; infinity when too large. The C library's conversion
/// is exact, and five times smaller in the runner than std::from_chars with its tables.
template <typename Float> Float read_decimal(const char* text) {
  static const locale_t kPlain =
      ::newlocale(LC_ALL_MASK, "C", nullptr); // an embedder's may have another point
  return sizeof(Float) == 4 ? static_cast<Float>(::strtof_l(text, nullptr, kPlain))
                            : static_cast<Float>(::strtod_l(text, nullptr, kPlain));
}

template <typename Float, typename Bits> u64 decimal_float(const Scanned& number) {
  std::string plain;
  plain.reserve(number.whole.size() + number.fraction.size() + 24);
  for (char c : number.whole) {
    if (c != '_') {
      plain += c;
    }
  }
  plain += '.';
  for (char c : number.fraction) {
    if (c != '_') {
      plain += c;
    }
  }
  plain += strf("0e%lld", static_cast<long long>(number.exponent));
  return __builtin_bit_cast(Bits, read_decimal<Float>(plain.c_str()));
}

template <typename Float, typename Bits>
NumberResult<Bits> parse_float(std::string_view text, const FloatFormat& format) {
  Scanned number = scan(text);
  if (number.shape == NumberShape::none) {
    return std::unexpected(NumberError::syntax);
  }
  u64 bits = 0;
  if (number.infinite) {
    bits = format.infinity();
  } else if (number.nan) {
    u64 payload = u64{1} << (format.mantissa_bits - 1);
    if (!number.whole.empty()) {
      auto value = run_value(number.whole, true, mask_of(format.mantissa_bits));
      if (!value || *value == 0) {
        return std::unexpected(NumberError::out_of_range);
      }
      payload = *value;
    }
    bits = format.infinity() | payload;
  } else {
    bits = number.hex ? hex_float(number, format) : decimal_float<Float, Bits>(number);
    if (bits == format.infinity()) {
      return std::unexpected(NumberError::out_of_range);
    }
  }
  return static_cast<Bits>(number.negative ? bits | format.sign_bit() : bits);
}

/// Digits and decimal exponent of a finite magnitude: the fewest digits that read back to it.
template <typename Float> std::pair<std::string, int> shortest_digits(Float value) {
  constexpr int kMostDigits = sizeof(Float) == 4 ? 9 : 17;
  for (int digits = 1;; ++digits) {
    std::string text = strf("%.*e", digits - 1, static_cast<double>(value));
    const usize exponent = text.find('e');
    std::ranges::replace_if(text, [](char c) { return c == ','; }, '.'); // an embedder's locale
    if (digits == kMostDigits || read_decimal<Float>(text.c_str()) == value) {
      std::string mantissa = text.substr(0, exponent);
      std::erase(mantissa, '.');
      mantissa.resize(std::max<usize>(mantissa.find_last_not_of('0') + 1, 1));
      return {mantissa, std::atoi(text.c_str() + exponent + 1)};
    }
  }
}

/// Fixed or scientific notation, whichever is shorter; fixed when equal.
template <typename Float> std::string shortest_decimal(Float value) {
  const auto [digits, exponent] = shortest_digits(value);
  const int count = static_cast<int>(digits.size());
  std::string scientific =
      digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "") + strf("e%+03d", exponent);
  std::string fixed;
  if (exponent < 0) {
    fixed = "0." + std::string(static_cast<usize>(-exponent - 1), '0') + digits;
  } else if (exponent + 1 >= count) {
    fixed = digits + std::string(static_cast<usize>(exponent + 1 - count), '0');
  } else {
    fixed = digits.substr(0, static_cast<usize>(exponent) + 1) + "." +
            digits.substr(static_cast<usize>(exponent) + 1);
  }
  return fixed.size() <= scientific.size() ? fixed : scientific;
}

template <typename Float>
std::string format_float(u64 bits, const FloatFormat& format, Float value) {
  std::string sign = (bits & format.sign_bit()) != 0 ? "-" : "";
  u64 magnitude = bits & ~format.sign_bit();
  if (magnitude == format.infinity()) {
    return sign + "inf";
  }
  if (magnitude > format.infinity()) {
    u64 payload = magnitude & mask_of(format.mantissa_bits);
    if (payload == u64{1} << (format.mantissa_bits - 1)) {
      return sign + "nan";
    }
    return sign + strf("nan:0x%llx", static_cast<unsigned long long>(payload));
  }
  return sign + shortest_decimal(std::fabs(value));
}

} // namespace

NumberShape number_shape(std::string_view text) { return scan(text).shape; }

NumberResult<u64> parse_unsigned(std::string_view text, u32 bits) {
  Scanned number = scan(text);
  if (number.shape != NumberShape::unsigned_int) {
    return std::unexpected(NumberError::syntax);
  }
  auto value = run_value(number.whole, number.hex, mask_of(bits));
  if (!value) {
    return std::unexpected(NumberError::out_of_range);
  }
  return *value;
}

NumberResult<u64> parse_integer(std::string_view text, u32 bits) {
  Scanned number = scan(text);
  if (number.shape != NumberShape::unsigned_int && number.shape != NumberShape::signed_int) {
    return std::unexpected(NumberError::syntax);
  }
  u64 min_magnitude = u64{1} << (bits - 1);
  // A plus sign selects the signed grammar, whose range is [-2^(N-1), 2^(N-1)).
  u64 max = number.negative ? min_magnitude : number.has_sign ? min_magnitude - 1 : mask_of(bits);
  auto value = run_value(number.whole, number.hex, max);
  if (!value) {
    return std::unexpected(NumberError::out_of_range);
  }
  return (number.negative ? u64{0} - *value : *value) & mask_of(bits);
}

NumberResult<u32> parse_f32(std::string_view text) { return parse_float<f32, u32>(text, kF32); }

NumberResult<u64> parse_f64(std::string_view text) { return parse_float<f64, u64>(text, kF64); }

std::string format_f32(u32 bits) { return format_float(bits, kF32, __builtin_bit_cast(f32, bits)); }

std::string format_f64(u64 bits) { return format_float(bits, kF64, __builtin_bit_cast(f64, bits)); }

} // namespace petrel
