// The fast arithmetic for float32: float32 inside, with the tails put right.
//
// What makes plain float32 code wrong in its tails is that e^−z alone is subnormal, or 0, or
// infinite, where the result is not. So powers of two are applied last, or the denominator
// 1 + e^−z is carried times 2^−32, which keeps it within range.
#pragma once

#include "activation.h"
#include "kernel.h"
#include "polynomials.h"

namespace NONLIN_ISA {

struct Fast {
  typedef float Scalar;
  typedef float Inner;
  static constexpr nonlin::Type kType = nonlin::Type::float32;
  static constexpr nonlin::Precision kPrecision = nonlin::Precision::fast;
  static constexpr int L = kBytes / 4, K = 2;
  typedef Pack<float, L, K> V;
  typedef typename V::Mask Integers;
  typedef typename Integers::Register Integer;
  static constexpr bool kWide = false;
  static constexpr bool kShort = true;  // Products are no more exact than the results.
  // |x|·e^−kFar is 0 for |x| ≤ kFar, and 2^−32·e^kFar finite.
  static constexpr float kFar = 110.0f, kHigh = 89.0f, kLargest = 0x1.fffffep127f;
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kGeluTanhFar = 10.9f, kNormalFar = 15.0f;

  static NONLIN_INLINE V load(const float* from) {
    V r;
    std::memcpy(&r, from, sizeof r);
    return r;
  }
  static NONLIN_INLINE void store(float* to, const V& a) { std::memcpy(to, &a, sizeof a); }

  static NONLIN_INLINE V scalar(double c, double = 0.0) { return V(float(c)); }
  static NONLIN_INLINE V fused(const V& a, const V& b, const V& c) { return fma(a, b, c); }
  static NONLIN_INLINE V finite(const V& x) { return clamp(x, -kLargest, kLargest); }
  static NONLIN_INLINE V upper(const V& x, const V& value) { return select(x > 0x1p96f, x, value); }

  static NONLIN_INLINE V power_of_two(const Integers& n) {
    V r;
    NONLIN_EACH(r.v[i] = (typename V::Register)((n.v[i] + 127) << 23))
    return r;
  }
  static NONLIN_INLINE Integers at_least_whole(const Integers& n, int low) {
    Integers r;
    NONLIN_EACH(const Integer bound = low - Integer{}; r.v[i] = n.v[i] > bound ? n.v[i] : bound)
    return r;
  }

  // (1 + rest)·2ⁿ.
  struct Power {
    V rest, mantissa;
    Integers n;

    // v·2ⁿ in two steps, of which only the last can round.
    NONLIN_INLINE V scale(const V& v) const {
      Integers half, other;
      NONLIN_EACH(half.v[i] = n.v[i] >> 1; other.v[i] = n.v[i] - half.v[i])
      return v * power_of_two(half) * power_of_two(other);
    }
    NONLIN_INLINE V base() const { return power_of_two(at_least_whole(n, -126)); }
    NONLIN_INLINE V whole() const { return mantissa * base(); }
  };

  // e^(x + more), |x| ≤ 2·kFar: Cody and Waite's reduction in two parts, the first with n exact.
  static NONLIN_INLINE Power power(const V& x, const V& more) {
    constexpr float kShift = 0x1.8p23f;
    const V t = fma(x, 0x1.715476p0f, kShift), n = t - kShift;
    Power e;
    NONLIN_EACH(e.n.v[i] = (Integer)t.v[i] - (Integer)(kShift - typename V::Register{}))
    const V r = fma(n, 0x1.05c610p-29f, fma(n, -0x1.62e430p-1f, x)) + more;
    e.rest = fma(r * r, polynomial(r, kFastExpm1Rest), r);
    e.mantissa = e.rest + 1.0f;
    return e;
  }
  static NONLIN_INLINE Power power(const V& x) { return power(x, V(0.0f)); }
  static NONLIN_INLINE Power decay(const V& a) { return power(-a); }
  static NONLIN_INLINE V exp(const V& x) {
    const Power e = power(x);
    return e.scale(e.mantissa);
  }

  static NONLIN_INLINE Both<V> exponential(const V& x) {
    const Power e = power(x);
    const V base = e.base();
    return {fma(base, e.rest, base - 1.0f), e.scale(e.mantissa)};
  }

  static NONLIN_INLINE Both<V> hyperbolic(const V& a) {
    const Power e = power(-(a + a));
    const V base = e.base();
    const V less = fma(base, e.rest, base - 1.0f);  // e^−2a − 1
    const V r = 1.0f / (2.0f + less);
    // The square of 2 + less with two roundings, where that of r would have four.
    return {-less * r, e.scale(4.0f * e.mantissa / fma(less, less + 4.0f, V(4.0f)))};
  }

  static NONLIN_INLINE V softplus(const V& a, const V& factor) {
    return softplus(a, V(0.0f), factor);
  }
  // The argument is a + more.
  static NONLIN_INLINE V softplus(const V& a, const V& more, const V& factor) {
    const Power p = power(-a, -more);
    const V e = p.whole();
    const V s = e / (e + 2.0f);
    const V near = s * polynomial(s * s, kFastAtanhRatio) * factor;
    return select(a > 20.0f, p.scale(p.mantissa * factor), near);
  }

  // With d = (1 + e^−z)·2^−32, σ(z) is 2^−32/d.
  struct Gate {
    V r, b;  // 1/d and e^−z·2^−32
    Integers n;
    V mantissa;
  };
  static NONLIN_INLINE Gate gate_parts(const V& z, const V& more) {
    const Power e = power(-z, -more);
    Integers shifted = at_least_whole(e.n, -94);
    NONLIN_EACH(shifted.v[i] -= 32)
    const V base = power_of_two(shifted);
    const V b = fma(base, e.rest, base);
    return {1.0f / (b + 0x1p-32f), b, e.n, e.mantissa};
  }

  static NONLIN_INLINE Both<V> logistic(const V& z) { return logistic(z, V(0.0f)); }
  static NONLIN_INLINE Both<V> logistic(const V& z, const V& more) {
    const Gate g = gate_parts(z, more);
    Integers half, other;
    NONLIN_EACH(half.v[i] = (g.n.v[i] >> 1) - 32; other.v[i] = g.n.v[i] - 64 - half.v[i])
    return {g.r * 0x1p-32f,
            (g.mantissa * g.r * power_of_two(half)) * (g.r * power_of_two(other))};
  }

  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& growth, float low) {
    return gate(x, z, V(0.0f), growth, low);
  }
  // The argument is z + more.
  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& more, const V& growth,
                                    float low) {
    const Gate g = gate_parts(z, more);
    const V value = at_least(x, low) * g.r * 0x1p-32f;
    const V slope = g.r * fma(growth, g.b * g.r, 1.0f) * 0x1p-32f;
    return {select(z > 40.0f, x, value), select(z > 40.0f, V(1.0f), slope)};
  }

  struct Normal {
    Power density;
    V tail, slope;
  };
  static constexpr float kDensity = 0x1.988454p-2f;  // 1/√(2π)
  static NONLIN_INLINE Normal normal_parts(const V& a) {
    const V square = a * a;
    const V tail = polynomial(a, kFastMills) / polynomial(a, kFastMillsBelow);
    return {power(-0.5f * square, -0.5f * lost_by_product(a, a, square)), tail,
            fma(a, -kDensity, tail)};
  }
  static NONLIN_INLINE Both<V> normal_gate(const V& x, const V& near) {
    const Normal n = normal_parts(abs(near));
    const Power& e = n.density;
    const auto left = near < 0.0f;
    const V tail = e.whole() * n.tail, slope = e.scale(e.mantissa * n.slope);
    return {select(left, e.scale(near * fma(e.rest, n.tail, n.tail)), x * (1.0f - tail)),
            select(left, slope, 1.0f - slope)};
  }
};

}  // namespace NONLIN_ISA
