// The exact arithmetic for float32: float64 inside, rounded once at the end.
//
// The range of float64 is so much wider that no intermediate result overflows once arguments
// of exponentials are held within ±200, where float32 results are 0 or have met their limit.
#pragma once

#include "activation.h"
#include "kernel.h"
#include "polynomials.h"

namespace NONLIN_ISA {

#ifndef NONLIN_INTERLEAVE
#define NONLIN_INTERLEAVE 4
#endif

struct Single {
  typedef float Scalar;
  typedef double Inner;
  static constexpr nonlin::Type kType = nonlin::Type::float32;
  static constexpr nonlin::Precision kPrecision = nonlin::Precision::exact;
  static constexpr int L = kBytes / 8, K = NONLIN_INTERLEAVE;
  typedef Pack<double, L, K> V;
  static constexpr double kFar = 200.0, kLargest = 0x1.fffffep127;

  static NONLIN_INLINE V load(const float* from) {
    V r;
    NONLIN_EACH(typename Lanes<float, L>::type part; std::memcpy(&part, from + i * L, sizeof part);
                r.v[i] = widen1(part))
    return r;
  }
  static NONLIN_INLINE void store(float* to, const V& a) {
    typedef typename Lanes<float, L>::type Part;
    NONLIN_EACH(Part part = narrow1(a.v[i]);
                std::memcpy(to + i * L, &part, sizeof part))
  }

  static double total(const V& a) {
    double sum = 0;
    for (int i = 0; i < K; ++i)
      for (int j = 0; j < L; ++j) sum += a.v[i][j];
    return sum;
  }

  struct Reduced {
    V scale, rest;
  };

  // x = n·ln2 + r: 2ⁿ and e^r − 1, for |x| ≤ 700. Cody and Waite's reduction in one step, since
  // n·ln2 is rounded to 1e-14 at most; the added constant rounds to n and leaves its bits, with
  // the exponent's bias, at the low end.
  static NONLIN_INLINE Reduced reduce(const V& x) {
    constexpr double kShift = 0x1.8p52 + 1023;
    const V t = fma(x, 0x1.71547652b82fep0, kShift);
    const V r = fma(t - kShift, -0x1.62e42fefa39efp-1, x);
    Reduced out;
    NONLIN_EACH(out.scale.v[i] =
                    (typename V::Register)((typename V::Mask::Register)t.v[i] << 52))
    out.rest = r * polynomial(r, kExpm1Ratio);
    return out;
  }

  static NONLIN_INLINE V exp(const V& x) {
    const Reduced e = reduce(x);
    return fma(e.scale, e.rest, e.scale);
  }
  static NONLIN_INLINE V expm1(const V& x) {
    const Reduced e = reduce(x);
    return fma(e.scale, e.rest, e.scale - 1.0);
  }
  // ln(1 + e) for 0 ≤ e ≤ 1, as 2·atanh(e/(2 + e)).
  static NONLIN_INLINE V log1p(const V& e) {
    const V s = e / (e + 2.0);
    return s * polynomial(s * s, kAtanhRatio);
  }

  static NONLIN_INLINE V finite(const V& x) { return clamp(x, -kLargest, kLargest); }

  // σ(z) and σ′(z), for z within ±kFar.
  static NONLIN_INLINE Both<V> logistic(const V& z) {
    const V b = exp(-z);
    const V r = 1.0 / (1.0 + b);
    return {r, b * r * r};
  }

  // x·σ(z) and its derivative, given growth = x·z′; z within ±kFar. `low` bounds x below where the
  // product has long been 0, so that −∞·0 does not arise.
  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& growth, double low) {
    const V b = exp(-z);
    const V r = 1.0 / (1.0 + b);
    return {at_least(x, low) * r, r * (r * fma(b, 1.0 + growth, 1.0))};
  }
};

}  // namespace NONLIN_ISA
