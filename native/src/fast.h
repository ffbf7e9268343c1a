// The fast arithmetic for float32: float32 inside, with the tails put right.
//
// What makes plain float32 code wrong in its tails is that e^−z alone is subnormal, or 0, or
// infinite, where the result is not. So powers of two are applied last, or the denominator
// 1 + e^−z is carried times 2^−40, which keeps it within range.
//
// Most inputs lie near 0, where none of that is needed: there the same roundings happen in the
// same order, without the powers of two. A pack takes that way when all of it is near, and its
// results are the same bits (the tests compare all inputs).
#pragma once

#include "activation.h"
#include "kernel.h"
#include "polynomials.h"

namespace NONLIN_ISA {

template <bool kClose>
struct FastArithmetic {
  typedef FastArithmetic<true> Near;
  // Up to here e^(−x²/2), and e^−z of gelu_tanh's z, are far from subnormal.
  static constexpr float kNear = 8.0f;
  typedef float Scalar;
  typedef float Inner;
  static constexpr nonlin::Type kType = nonlin::Type::float32;
  static constexpr nonlin::Precision kPrecision = nonlin::Precision::fast;
  static constexpr int L = kBytes / 4, K = 4;
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
    NONLIN_EACH(std::memcpy(&r.v[i], from + i * L, sizeof r.v[i]))
    return r;
  }
  static NONLIN_INLINE void store(float* to, const V& a) {
    NONLIN_EACH(std::memcpy(to + i * L, &a.v[i], sizeof a.v[i]))
  }

  static NONLIN_INLINE V scalar(double c, double = 0.0) { return V(float(c)); }
  static NONLIN_INLINE V fused(const V& a, const V& b, const V& c) { return fma(a, b, c); }
  static NONLIN_INLINE V finite(const V& x) { return limited(x, -kLargest, kLargest); }
  static NONLIN_INLINE V limited(const V& x, float low, float high) {
    if constexpr (kClose) return x;
    return clamp(x, low, high);
  }
  static NONLIN_INLINE V through_zero(const V&, const V& value) { return value; }
  static NONLIN_INLINE V upper(const V& x, const V& value) {
    if constexpr (kClose) return value;
    return select(x > 0x1p96f, x, value);
  }

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
    V two;  // 2ⁿ, where it is near

    // v·2ⁿ in two steps, of which only the last can round.
    NONLIN_INLINE V scale(const V& v) const {
      if constexpr (kClose) return v * two;
      Integers half, other;
      NONLIN_EACH(half.v[i] = n.v[i] >> 1; other.v[i] = n.v[i] - half.v[i])
      return v * power_of_two(half) * power_of_two(other);
    }
    NONLIN_INLINE V base() const {
      if constexpr (kClose) return two;
      return power_of_two(at_least_whole(n, -126));
    }
    NONLIN_INLINE V whole() const { return mantissa * base(); }
    // v·(1 + rest) with one rounding.
    NONLIN_INLINE V times(const V& v) const { return fma(rest, v, v); }
    // v·(1 + rest)·(1 + more) likewise, for a small `more`.
    NONLIN_INLINE V times(const V& v, const V& more) const {
      return fma(fma(more, mantissa, rest), v, v);
    }
    // What rounding `mantissa` to 1 + rest cost the whole.
    NONLIN_INLINE V whole_lost() const { return ((1.0f - mantissa) + rest) * base(); }
  };

  // e^(x + more), |x| ≤ 2·kFar: Cody and Waite's reduction in two parts, the first with n exact.
  static NONLIN_INLINE Power power(const V& x, const V& more) {
    // The added constant leaves n at the low end, near 0 with the exponent's bias.
    constexpr float kShift = kClose ? 0x1.8p23f + 127 : 0x1.8p23f;
    const V t = fma(x, 0x1.715476p0f, kShift), n = t - kShift;
    Power e;
    if constexpr (kClose) {
      NONLIN_EACH(e.two.v[i] = (typename V::Register)((Integer)t.v[i] << 23))
    } else {
      NONLIN_EACH(e.n.v[i] = (Integer)t.v[i] - (Integer)(kShift - typename V::Register{}))
    }
    const V r = fma(n, 0x1.05c610p-29f, fma(n, -0x1.62e430p-1f, x)) + more;
    e.rest = fma(r * r, polynomial(r, kFastExpm1Rest), r);
    e.mantissa = e.rest + 1.0f;
    return e;
  }
  static NONLIN_INLINE Power power(const V& x) { return power(x, V(-0.0f)); }
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

  // beside + ln(1 + e^−|z|) and σ(z). Near 0 the first is ln 2 + z/2 + z²·(…), of which z/2 is
  // exact, elsewhere the logarithm is e + e²·(…): no rounding but the last one is as coarse as the
  // rise from one number to the next.
  static NONLIN_INLINE Both<V> softplus(const V& beside, const V& z) {
    const V a = abs(z), square = a * a;
    const auto left = z < 0.0f;
    const Power p = decay(a);
    const V e = p.whole(), r = 1.0f / (1.0f + e);
    const V near = fma(square, polynomial(square, kFastSoftplus), 0.5f * z) + 0x1.62e430p-1f;
    const V far = beside + fma(e * e, polynomial(e, kFastLog1pRest), e);
    const V value = select(a > 0x1.62e430p-1f, far, near);
    if constexpr (kClose) return {value, select(left, e, V(1.0f)) * r};
    return {select(a > 20.0f, beside + p.scale(p.mantissa), value),
            select(left, p.scale(p.mantissa * r), r)};
  }

  static NONLIN_INLINE Both<V> hyperbolic(const V& a) {
    const Power e = power(-(a + a));
    const V base = e.base();
    const V less = fma(base, e.rest, base - 1.0f);  // e^−2a − 1
    // (1 + e^−2a)² with two roundings, of which one hardly counts; squared it would have four.
    const V b = e.mantissa * base;
    return {-less / (2.0f + less), e.scale(4.0f * e.mantissa / fma(b, b + 2.0f, V(1.0f)))};
  }

  // Near 0, powers of two are left out.
  static constexpr float kGate = kClose ? 1.0f : 0x1p-40f;

  // With d = (1 + e^−z)·2^−40, σ(z) is 2^−40/d.
  struct Gate {
    V r, b, b_lost;  // 1/d, and e^−z·2^−40 with what rounding it lost
    Power e;

    // By how much 1/d is larger than r, over r: what rounding r, d and b lost.
    NONLIN_INLINE V excess() const {
      V d, lost;
      two_sum(b, V(kGate), d, lost);
      return fma(-r, d, V(1.0f)) - r * (lost + b_lost);
    }
    // a/d², with one rounding fewer than two divisions.
    NONLIN_INLINE V over_square(const V& a) const {
      const V once = a * r * r;
      return fma(once, 2.0f * excess(), once);
    }
  };
  static NONLIN_INLINE Gate gate_parts(const V& z, const V& more) {
    const Power e = power(-z, -more);
    V base = e.two;
    if constexpr (!kClose) {
      Integers shifted = at_least_whole(e.n, -86);
      NONLIN_EACH(shifted.v[i] -= 40)
      base = power_of_two(shifted);
    }
    const V b = fma(base, e.rest, base);
    return {1.0f / (b + kGate), b, fma(base, e.rest, base - b), e};
  }

  static NONLIN_INLINE Both<V> logistic(const V& z) {
    const Gate g = gate_parts(z, V(0.0f));
    const V once = g.e.mantissa * g.r, twice = 2.0f * g.excess();
    if constexpr (kClose) return {g.r, fma(once, twice, once) * g.r * g.e.two};
    Integers half, other;
    NONLIN_EACH(half.v[i] = (g.e.n.v[i] >> 1) - 40; other.v[i] = g.e.n.v[i] - 80 - half.v[i])
    const V top = once * power_of_two(half);
    return {g.r * kGate, fma(top, twice, top) * (g.r * power_of_two(other))};
  }

  // x·σ(z + more) and its derivative, given growth = x·z′ in two parts; 2^40·e^−z·growth has to
  // be finite.
  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& more, const V& growth,
                                    const V& growth_lost, float low) {
    const Gate g = gate_parts(z, more);
    const V value = (kClose ? x : at_least(x, low)) * g.r * kGate;
    // The derivative is (1 + b(1 + growth))/(1 + b)², the sum above with what rounding loses of
    // it, as it cancels.
    V push, push_lost;
    two_sum(V(1.0f), growth, push, push_lost);
    const V top_lost = fma(g.b_lost, push, g.b * (push_lost + growth_lost));
    const V top = top_lost + fma(g.b, push, V(kGate));
    const V left = g.over_square(top) * kGate;
    const V right = g.r * fma(growth, g.b * g.r, 1.0f) * kGate;
    if constexpr (kClose) return {value, select(z > 0.0f, right, left)};
    return {select(z > 40.0f, x, value),
            select(z > 0.0f, select(z > 40.0f, V(1.0f), right), left)};
  }
  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& growth, float low) {
    return gate(x, z, V(0.0f), growth, V(0.0f), low);
  }

  struct Normal {
    Power density;
    V tail, slope;
  };
  static NONLIN_INLINE Normal normal_parts(const V& a) {
    const V square = a * a;
    // 1/(a + 2.5) in two parts, which the polynomial's steep end asks for.
    V d, d_lost;
    two_sum(a, V(2.5f), d, d_lost);
    const V u = 1.0f / d, u_lost = (fma(-u, d, V(1.0f)) - u * d_lost) * u;
    const V t = fma(u, -5.0f, 1.0f) - 5.0f * u_lost;
    const V ratio = polynomial(t, kFastMills);
    return {power(-0.5f * square, -0.5f * lost_by_product(a, a, square)),
            fma(u, ratio, u_lost * ratio),
            (kFastCrossing - a + kFastCrossingLost) * polynomial(t, kFastMillsSlope)};
  }
  static NONLIN_INLINE Both<V> normal_gate(const V& x, const V& near) {
    const Normal n = normal_parts(abs(near));
    const Power& e = n.density;
    const auto left = near < 0.0f;
    const V tail = e.times(n.tail) * e.base(), slope = e.scale(e.times(n.slope));
    return {select(left, e.scale(near * e.times(n.tail)), x * (1.0f - tail)),
            select(left, slope, 1.0f - slope)};
  }
};

typedef FastArithmetic<false> Fast;

}  // namespace NONLIN_ISA
