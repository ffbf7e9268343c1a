// The exact arithmetic for float64: twofold float64 inside, rounded once at the end.
//
// Its range is no wider than that of the numbers it computes for. So exponentials are taken of
// −|z|, and where a factor e^−|z| stands alone its power of two is applied last.
#pragma once

#include "activation.h"
#include "kernel.h"
#include "polynomials.h"
#include "twofold.h"

namespace NONLIN_ISA {

struct Double {
  typedef Double Near;  // One way for all inputs.
  typedef double Scalar;
  typedef double Inner;
  static constexpr nonlin::Type kType = nonlin::Type::float64;
  static constexpr nonlin::Precision kPrecision = nonlin::Precision::exact;
  static constexpr int L = kBytes / 8, K = 1;
  typedef Twofold<L, K> V;
  typedef Pack<double, L, K> P;
  static constexpr bool kWide = false;
  static constexpr bool kShort = false;
  // e^(x + ln of the largest number) is 0 from −kFar down; e^kHigh is infinite.
  static constexpr double kFar = 1460.0, kHigh = 710.0, kLargest = 0x1.fffffffffffffp1023;
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kMishFar = kFar, kGeluTanhFar = 24.0, kNormalFar = 39.0;
  static constexpr double kTanhshrinkNear = 0.3;

  static NONLIN_INLINE V load(const double* from) {
    P r;
    NONLIN_EACH(std::memcpy(&r.v[i], from + i * L, sizeof r.v[i]))
    return V(r);
  }
  static NONLIN_INLINE void store(double* to, const V& a) {
    // Beside an infinity the low part is NaN, and −0 + 0 would be 0.
    const P sum = a.high + a.low;
    const P r = select(abs(a.low) > 0.0, sum, a.high);
    NONLIN_EACH(std::memcpy(to + i * L, &r.v[i], sizeof r.v[i]))
  }
  static double total(const V& a) {
    double sum = 0;
    for (int i = 0; i < K; ++i)
      for (int j = 0; j < L; ++j) sum += a.high.v[i][j];
    return sum;
  }

  static NONLIN_INLINE V scalar(double high, double low = 0.0) { return V(high, low); }
  static NONLIN_INLINE V fused(const V& a, const V& b, const V& c) { return a * b + c; }
  static NONLIN_INLINE V finite(const V& x) { return clamp(x, -kLargest, kLargest); }
  static NONLIN_INLINE V limited(const V& x, double low, double high) {
    return clamp(x, low, high);
  }
  // `value`, but x where x is infinite or so large that splitting it overflows.
  static NONLIN_INLINE V upper(const V& x, const V& value) { return select(x > 1e290, x, value); }

  // `value`, but x where x is ±0, whose sign sums do not keep.
  static NONLIN_INLINE V through_zero(const V& x, const V& value) {
    return select(x.high == 0.0, x, value);
  }

  static NONLIN_INLINE P power_of_two(const P& n) {
    const P t = n + (0x1.8p52 + 1023);
    P r;
    NONLIN_EACH(r.v[i] = (typename P::Register)((typename P::Mask::Register)t.v[i] << 52))
    return r;
  }
  static NONLIN_INLINE P rounded(const P& x) { return (x + 0x1.8p52) - 0x1.8p52; }

  // (1 + rest)·2ⁿ.
  struct Power {
    V rest, mantissa;
    P n;

    // v·2ⁿ, in four steps, as n may lie below the smallest exponent.
    NONLIN_INLINE V scale(const V& v) const {
      const P quarter = rounded(n * 0.25);
      const P step = power_of_two(quarter), last = power_of_two(n - quarter * 3.0);
      const P high = v.high * last * step, low = v.low * last * step;
      return {high * step * step, low * step * step};
    }
    NONLIN_INLINE V whole() const { return scale(mantissa); }
    // v·(1 + rest).
    NONLIN_INLINE V times(const V& v) const { return v * mantissa; }
  };

  // x = n·ln2 + r by Cody and Waite in three parts, of which n times the first is exact; e^r − 1
  // from r/4 by its series, whose terms from the fourth on need no second float64, and twice
  // e^2s − 1 = (e^s − 1)(2 + (e^s − 1)). Relative error below 2⁻⁶⁸, also near 0.
  static NONLIN_INLINE Power power(const V& x) {
    Power e;
    e.n = rounded(x.high * 0x1.71547652b82fep0);
    const V first(fma_exact(e.n, x.high));
    const P second = e.n * -0x1.9ef35793c7673p-41;
    const V rest(second, lost_by_product(e.n, P(-0x1.9ef35793c7673p-41), second) +
                             (x.low - e.n * 0x1.f97b57a079a19p-103));
    const V s = quarter_of(first + rest);
    constexpr double kSeries[] = {
        1.0 / 24,    1.0 / 120,    1.0 / 720,     1.0 / 5040,
        1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
    };
    const V sixth(0x1.5555555555555p-3, 0x1.5555555555555p-57);
    const V tail = sixth + V(s.high * polynomial(s.high, kSeries));
    const V once = s + s * s * (V(0.5) + s * tail);
    const V twice = once * (V(2.0) + once);
    e.rest = twice * (V(2.0) + twice);
    e.mantissa = V(1.0) + e.rest;
    return e;
  }
  static NONLIN_INLINE P fma_exact(const P& n, const P& x) {
    return x - n * 0x1.62e42fefa2000p-1;  // both operations are exact
  }
  static NONLIN_INLINE V quarter_of(const V& a) { return {a.high * 0.25, a.low * 0.25}; }

  // e^−a for a ≥ 0, its power of two apart.
  static NONLIN_INLINE Power decay(const V& a) { return power(-a); }
  static NONLIN_INLINE V exp(const V& x) { return power(x).whole(); }

  // e^x − 1 and e^x, for x ≤ 0.
  static NONLIN_INLINE Both<V> exponential(const V& x) {
    const Power e = power(x);
    // Far down 2ⁿ does not show beside −1, and needs no exponent of its own.
    const P scale = power_of_two(at_least(e.n, -1000.0));
    P sum, lost;
    two_sum(scale, P(-1.0), sum, lost);
    const V value = V(e.rest.high * scale, e.rest.low * scale) + V(sum, lost);
    // The quarter of a subnormal number is not exact.
    return {select(abs(x.high) < 0x1p-900, x, value), e.whole()};
  }

  static NONLIN_INLINE Both<V> hyperbolic(const V& a) {
    const V two(2.0);
    const V x = -(a + a);
    const Power e = power(x);
    const V less = exponential(x).value;  // e^−2a − 1
    const V r = V(1.0) / (two + less);
    return {-less * r, e.scale(V(4.0) * e.mantissa * (r * r))};
  }

  // ln(1 + e) by one step of Newton from an approximation good to 1e-10; far out it is e.
  static NONLIN_INLINE Both<V> softplus(const V& beside, const V& z, const V& factor) {
    const Power p = decay(abs(z));
    const V e = p.whole();
    const P s = e.high / (e.high + 2.0);
    const V guess(s * polynomial(s * s, kAtanhRatio));
    const V less = exponential(-guess).value;
    const V t = e + less + e * less;
    const V near = (guess + (t - V(0.5) * t * t)) * factor;
    return {beside + select(p.n < -100.0, p.scale(p.mantissa * factor), near),
            logistic(z).value};
  }

  static NONLIN_INLINE Both<V> softplus(const V& beside, const V& z) {
    return softplus(beside, z, scalar(1.0));
  }

  static NONLIN_INLINE Both<V> logistic(const V& z) {
    const Power e = decay(abs(z));
    const V r = V(1.0) / (V(1.0) + e.whole());
    const V left = e.mantissa * r;
    return {select(z < 0.0, e.scale(left), r), e.scale(left * r)};
  }

  static NONLIN_INLINE Both<V> gate(const V& x, const V& z, const V& growth, double low) {
    const Power e = decay(abs(z));
    const V b = e.whole();
    const V r = V(1.0) / (V(1.0) + b);
    const auto left = z < 0.0;
    const V factor = select(left, e.mantissa * r, r);  // σ(z), on the left without 2ⁿ
    const V value = clamp(x, low, kLargest) * factor;
    const V slope = factor * (V(1.0) + growth * select(left, r, b * r));
    return {through_zero(x, upper(x, select(left, e.scale(value), value))),
            select(left, e.scale(slope), slope)};
  }

  template <int N>
  static NONLIN_INLINE V twofold_polynomial(const V& x, const double (&c)[N][2]) {
    V r(c[N - 1][0], c[N - 1][1]);
    for (int k = N - 2; k >= 0; --k) r = r * x + V(c[k][0], c[k][1]);
    return r;
  }
  struct Normal {
    Power density;
    V tail;
  };
  static NONLIN_INLINE Normal normal_parts(const V& a) {
    return {power(-(V(0.5) * (a * a))),
            twofold_polynomial(a, kTwofoldMills) / twofold_polynomial(a, kTwofoldMillsBelow)};
  }
  static NONLIN_INLINE V density_factor() {  // 1/√(2π)
    return V(0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56);
  }
  // Φ(z) and φ(z)·growth, which is multiplied before 2ⁿ may round it to a subnormal number.
  static NONLIN_INLINE Both<V> normal(const V& z, const V& growth) {
    const Normal n = normal_parts(abs(z));
    const Power& e = n.density;
    return {select(z < 0.0, e.scale(e.mantissa * n.tail), V(1.0) - e.whole() * n.tail),
            e.scale(e.mantissa * (density_factor() * growth))};
  }
  static NONLIN_INLINE Both<V> normal_gate(const V& x, const V& near) {
    const V a = abs(near);
    const Normal n = normal_parts(a);
    const Power& e = n.density;
    const auto left = near < 0.0;
    const V slope = e.mantissa * (n.tail - a * density_factor());
    const V right = clamp(x, -1e290, 1e290) * (V(1.0) - e.whole() * n.tail);
    return {through_zero(x, select(left, e.scale(near * (e.mantissa * n.tail)), upper(x, right))),
            select(left, e.scale(slope), V(1.0) - e.scale(slope))};
  }

  static NONLIN_INLINE V tanhshrink_near(const V& a) {
    const V t = a * a;
    const V third(0x1.5555555555555p-2, 0x1.5555555555555p-56);
    return a * t * (third + V(t.high * polynomial(t.high, kTanhshrinkSeries)));
  }

  // √(x² + b), |x| where the square would overflow.
  static NONLIN_INLINE V hypotenuse(const V& x, const V& b) {
    const V near = clamp(x, -1e150, 1e150);
    const auto far = abs(x) > 1e150;
    return select(far, abs(x), sqrt(near * near + b));
  }
};

}  // namespace NONLIN_ISA
