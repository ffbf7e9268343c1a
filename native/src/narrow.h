// Numbers of 16 bits: to float64, which holds them all, and back with one rounding. Static, so that
// the code of one instruction set is never linked in place of another's.
#pragma once

#include <cstdint>
#include <cstring>

namespace nonlin {

enum class Number { float32, float64, float16, bfloat16 };

static inline bool is_narrow(Number number) {
  return number == Number::float16 || number == Number::bfloat16;
}

static inline float float_of(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}
static inline uint32_t bits_of(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  return bits;
}

// The 16 bits lie in words of 32 for the sake of loops, which would else pack and unpack them.
static inline float widen_bfloat16(uint32_t h) { return float_of(h << 16); }

static inline float widen_float16(uint32_t h) {
  const int32_t rest = int32_t(h & 0x7fff), wide = rest << 13;
  const float small = float(rest) * 0x1p-24f;
  const int32_t finite = rest >= 0x400 ? wide + (112 << 23) : int32_t(bits_of(small));
  const int32_t size = rest >= 0x7c00 ? wide | 0x7f800000 : finite;
  return float_of(uint32_t(size) | (h & 0x8000) << 16);
}

// float32 rounded to odd: what is dropped leaves its mark in the last bit, so that a second
// rounding to fewer bits comes out as one rounding of `d` would.
static inline uint32_t to_odd(double d) {
  const float f = float(d);
  uint32_t bits = bits_of(f);
  if (double(f) == d || d != d) return bits;
  const double above = f < 0 ? -double(f) : double(f), size = d < 0 ? -d : d;
  if (above > size) bits -= 1;
  return bits | 1;
}

// From the bits of a float32; selections for branches, which a loop computes in vectors.
static inline uint32_t narrow_bfloat16(uint32_t u) {
  const uint32_t rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
  const bool is_nan = int32_t(u & 0x7fffffff) > 0x7f800000;
  return is_nan ? u >> 16 | 0x40 : rounded;
}

static inline uint32_t narrow_float16(uint32_t u) {
  const int32_t size = int32_t(u & 0x7fffffff), moved = size - (112 << 23);
  const int32_t normal = (moved + 0xfff + (moved >> 13 & 1)) >> 13;
  // 2⁻²⁴, the step below the smallest normal number, is that of float32 at 0.5.
  const int32_t small = int32_t(bits_of(float_of(uint32_t(size)) + 0.5f) - bits_of(0.5f));
  const int32_t finite = size < 0x38800000 ? small : normal;     // 2⁻¹⁴
  const int32_t number = size >= 0x47800000 ? 0x7c00 : finite;   // 2¹⁶
  return uint32_t(size > 0x7f800000 ? 0x7e00 : number) | (u >> 16 & 0x8000);
}

static inline float widen(Number number, uint16_t h) {
  return number == Number::float16 ? widen_float16(h) : widen_bfloat16(h);
}
static inline uint16_t narrow(Number number, uint32_t bits) {
  return uint16_t(number == Number::float16 ? narrow_float16(bits) : narrow_bfloat16(bits));
}
static inline uint16_t narrow(Number number, float f) { return narrow(number, bits_of(f)); }
static inline uint16_t narrow(Number number, double d) { return narrow(number, to_odd(d)); }

}  // namespace nonlin
