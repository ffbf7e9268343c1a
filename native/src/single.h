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
  typedef Single Near;  // One way for all inputs.
  typedef float Scalar;
  typedef double Inner;
  static constexpr nonlin::Type kType = nonlin::Type::float32;
  static constexpr nonlin::Precision kPrecision = nonlin::Precision::exact;
  static constexpr int L = kBytes / 8, K = NONLIN_INTERLEAVE;
  typedef Pack<double, L, K> V;
  static constexpr bool kWide = true;  // Far wider than the numbers it computes for.
  static constexpr bool kShort = false;
  static constexpr double kFar = 200.0, kHigh = 200.0, kLargest = 0x1.fffffep127;
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kMishFar = 150.0, kGeluTanhFar = 16.0, kNormalFar = 15.0;
  static constexpr double kTanhshrinkNear = 0.6;

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

  static NONLIN_INLINE V scalar(double c, double = 0.0) { return V(c); }
  static NONLIN_INLINE V fused(const V& a, const V& b, const V& c) { return fma(a, b, c); }
  static NONLIN_INLINE V finite(const V& x) { return clamp(x, -kLargest, kLargest); }
  static NONLIN_INLINE V limited(const V& x, double low, double high) {
    return clamp(x, low, high);
  }
  // `value`, but x where x is infinite: here it is that already.
  static NONLIN_INLINE V through_zero(const V&, const V& value) { return value; }
  static NONLIN_INLINE V upper(const V& x, const V& value) {
    return select(x > kLargest, x, value);
  }

  // e^x − 1 and e^x.
  static NONLIN_INLINE Both<V> exponential(const V& x) {
    const Reduced e = reduce(x);
    return {fma(e.scale, e.rest, e.scale - 1.0), fma(e.scale, e.rest, e.scale)};
  }

  // tanh a and sech² a, for 0 ≤ a ≤ kFar/2.
  static NONLIN_INLINE Both<V> hyperbolic(const V& a) {
    const Both<V> e = exponential(a + a);
    const V r = 1.0 / (e.value + 2.0);
    return {e.value * r, 4.0 * e.slope * r * r};
  }

  // beside + ln(1 + e^−|z|)·factor and σ(z), for z within ±kFar.
  static NONLIN_INLINE Both<V> softplus(const V& beside, const V& z, const V& factor) {
    const V e = exp(-abs(z));
    return {beside + log1p(e) * factor, select(z < 0.0, e, V(1.0)) / (1.0 + e)};
  }

  static NONLIN_INLINE Both<V> softplus(const V& beside, const V& z) {
    return softplus(beside, z, V(1.0));
  }

  // σ(z) and σ′(z), for z within ±kFar.
  static NONLIN_INLINE Both<V> logistic(const V& z) {
    const V b = exp(-z);
    const V r = 1.0 / (1.0 + b);
    return {r, b * r * r};
  }

  // x·σ(z) and its derivative, given growth = x·z′; z within ±kFar. `low` bounds x below where
  // the product has long been 0, so that −∞·0 does not arise.
  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& growth, double low) {
    const V b = exp(-z);
    const V r = 1.0 / (1.0 + b);
    return {at_least(x, low) * r, r * (r * fma(b, 1.0 + growth, 1.0))};
  }

  // e^(−a²/2) and, without it, Φ(−a) and the derivative of −aΦ(−a) in a, for 0 ≤ a ≤ kNormalFar.
  struct Normal {
    V density, tail, slope;
  };
  static NONLIN_INLINE Normal normal_parts(const V& a) {
    const V tail = polynomial(a, kMills) / polynomial(a, kMillsBelow);
    return {exp(-0.5 * a * a), tail, fma(a, -kDensity, tail)};
  }
  static constexpr double kDensity = 0x1.9884533d43651p-2;  // 1/√(2π)

  // Φ(z) and φ(z)·growth, for z within ±kNormalFar.
  static NONLIN_INLINE Both<V> normal(const V& z, const V& growth) {
    const Normal n = normal_parts(abs(z));
    const V tail = n.density * n.tail;
    return {select(z < 0.0, tail, 1.0 - tail), n.density * kDensity * growth};
  }

  // x·Φ(x) and its derivative, which at x and −x add up to 1; `near` is x within ±kNormalFar.
  static NONLIN_INLINE Both<V> normal_gate(const V& x, const V& near) {
    const Normal n = normal_parts(abs(near));
    const V tail = n.density * n.tail, slope = n.density * n.slope;
    const auto left = near < 0.0;
    return {at_least(x, -kNormalFar) * select(left, tail, 1.0 - tail),
            select(left, slope, 1.0 - slope)};
  }

  // a − tanh a, for 0 ≤ a ≤ kTanhshrinkNear.
  static NONLIN_INLINE V tanhshrink_near(const V& a) {
    const V t = a * a;
    return a * t * polynomial(t, kTanhshrinkRatio);
  }

  // √(x² + b).
  static NONLIN_INLINE V hypotenuse(const V& x, const V& b) { return sqrt(fma(x, x, b)); }
};

}  // namespace NONLIN_ISA
