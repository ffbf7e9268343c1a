// Numbers of 16 bits: to float64, which holds them all, and back with one rounding.
#pragma once

#include <cstdint>
#include <cstring>

namespace nonlin {

enum class Number { float32, float64, float16, bfloat16 };

inline bool is_narrow(Number number) {
  return number == Number::float16 || number == Number::bfloat16;
}

inline float float_of(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}
inline uint32_t bits_of(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  return bits;
}

inline float widen_bfloat16(uint16_t h) { return float_of(uint32_t(h) << 16); }

inline float widen_float16(uint16_t h) {
  const uint32_t sign = uint32_t(h & 0x8000) << 16, rest = h & 0x7fff;
  if (rest >= 0x7c00) return float_of(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest >= 0x400) return float_of(sign | ((rest << 13) + (112u << 23)));
  const float small = float(rest) * 0x1p-24f;
  return float_of(sign | bits_of(small));
}

// float32 rounded to odd: what is dropped leaves its mark in the last bit, so that a second
// rounding to fewer bits comes out as one rounding of `d` would.
inline uint32_t to_odd(double d) {
  const float f = float(d);
  uint32_t bits = bits_of(f);
  if (double(f) == d || d != d) return bits;
  const double above = f < 0 ? -double(f) : double(f), size = d < 0 ? -d : d;
  if (above > size) bits -= 1;
  return bits | 1;
}

// From the bits of a float32.
inline uint16_t narrow_bfloat16(uint32_t u) {
  const uint16_t rounded = uint16_t((u + 0x7fff + (u >> 16 & 1)) >> 16);
  return (u & 0x7fffffff) > 0x7f800000 ? uint16_t(u >> 16 | 0x40) : rounded;
}

inline uint16_t narrow_float16(uint32_t u) {
  const uint32_t sign = u >> 16 & 0x8000, size = u & 0x7fffffff;
  if (size > 0x7f800000) return uint16_t(sign | 0x7e00);
  if (size >= 0x47800000) return uint16_t(sign | 0x7c00);  // 2¹⁶
  if (size >= 0x38800000) {                                // 2⁻¹⁴, the smallest normal
    const uint32_t r = size - (112u << 23);
    return uint16_t(sign | (r + 0xfff + (r >> 13 & 1)) >> 13);
  }
  const uint32_t exponent = size >> 23;
  if (exponent < 102) return uint16_t(sign);  // below 2⁻²⁵
  const uint32_t mantissa = (size & 0x7fffff) | 0x800000, shift = 126 - exponent;
  const uint32_t half = 1u << (shift - 1), kept = mantissa >> shift;
  const uint32_t dropped = mantissa & ((1u << shift) - 1);
  return uint16_t(sign | (kept + (dropped > half || (dropped == half && (kept & 1)))));
}

inline float widen(Number number, uint16_t h) {
  return number == Number::float16 ? widen_float16(h) : widen_bfloat16(h);
}
inline uint16_t narrow(Number number, uint32_t bits) {
  return number == Number::float16 ? narrow_float16(bits) : narrow_bfloat16(bits);
}
inline uint16_t narrow(Number number, float f) { return narrow(number, bits_of(f)); }
inline uint16_t narrow(Number number, double d) { return narrow(number, to_odd(d)); }

}  // namespace nonlin
