// Numbers as the unevaluated sum of two float64, about 104 bits: what the exact kernels of
// float64 compute with, so that formulas need no care for rounding.
//
// The operations are those of Dekker (1971) and Knuth in the form of Hida, Li and Bailey,
// "Algorithms for quad-double precision floating point arithmetic" (2001), "sloppy" addition:
// its error is relative to the larger operand.
#pragma once

#include "simd.h"

namespace NONLIN_ISA {

template <int L, int K>
struct Twofold {
  typedef Pack<double, L, K> P;
  typedef typename P::Mask Mask;
  static constexpr int kCount = L * K;
  P high, low;

  Twofold() = default;
  NONLIN_INLINE Twofold(double h, double l = 0.0) : high(h), low(l) {}
  NONLIN_INLINE Twofold(const P& h, const P& l) : high(h), low(l) {}
  NONLIN_INLINE explicit Twofold(const P& h) : high(h), low(0.0) {}
};

// What rounding lost, nothing beside an infinity: ∞·c and ∞ + c are infinite, not NaN.
template <class P>
NONLIN_INLINE P known(const P& lost) {
  return select(abs(lost) <= 0x1.fffffffffffffp1023, lost, P(0.0));
}

#define NONLIN_T template <int L, int K>
#define NONLIN_A const Twofold<L, K>&a
#define NONLIN_B const Twofold<L, K>&b

NONLIN_T NONLIN_INLINE Twofold<L, K> operator+(NONLIN_A, NONLIN_B) {
  Twofold<L, K> r;
  typename Twofold<L, K>::P sum, lost;
  two_sum(a.high, b.high, sum, lost);
  fast_two_sum(sum, known(lost + (a.low + b.low)), r.high, r.low);
  return r;
}
NONLIN_T NONLIN_INLINE Twofold<L, K> operator-(NONLIN_A) { return {-a.high, -a.low}; }
NONLIN_T NONLIN_INLINE Twofold<L, K> operator-(NONLIN_A, NONLIN_B) { return a + -b; }
NONLIN_T NONLIN_INLINE Twofold<L, K> operator*(NONLIN_A, NONLIN_B) {
  Twofold<L, K> r;
  const auto product = a.high * b.high;
  const auto lost = lost_by_product(a.high, b.high, product);
  fast_two_sum(product, known(lost + (a.high * b.low + a.low * b.high)), r.high, r.low);
  return r;
}
NONLIN_T NONLIN_INLINE Twofold<L, K> operator/(NONLIN_A, NONLIN_B) {
  Twofold<L, K> r;
  const auto first = a.high / b.high;
  const auto product = first * b.high;
  const auto rest = ((a.high - product) - lost_by_product(first, b.high, product)) +
                    (a.low - first * b.low);
  fast_two_sum(first, known(rest / b.high), r.high, r.low);
  return r;
}
NONLIN_T NONLIN_INLINE Twofold<L, K> sqrt(NONLIN_A) {
  Twofold<L, K> r;
  const auto root = sqrt(a.high);
  const auto square = root * root;
  const auto rest = ((a.high - square) - lost_by_product(root, root, square)) + a.low;
  fast_two_sum(root, known(rest / (root + root)), r.high, r.low);
  return r;
}

NONLIN_T NONLIN_INLINE typename Twofold<L, K>::Mask operator<(NONLIN_A, double b) {
  return a.high < b;
}
NONLIN_T NONLIN_INLINE typename Twofold<L, K>::Mask operator>(NONLIN_A, double b) {
  return a.high > b;
}
NONLIN_T NONLIN_INLINE typename Twofold<L, K>::Mask operator>=(NONLIN_A, double b) {
  return a.high >= b;
}
NONLIN_T NONLIN_INLINE Twofold<L, K> select(const typename Twofold<L, K>::Mask& where,
                                            NONLIN_A, NONLIN_B) {
  return {select(where, a.high, b.high), select(where, a.low, b.low)};
}
// Bounds are far from where the low part would matter; NaN stays NaN in the high part.
NONLIN_T NONLIN_INLINE Twofold<L, K> at_least(NONLIN_A, double low) {
  return {at_least(a.high, low), select(a.high > low, a.low, typename Twofold<L, K>::P(0.0))};
}
NONLIN_T NONLIN_INLINE Twofold<L, K> at_most(NONLIN_A, double high) {
  return {at_most(a.high, high), select(a.high < high, a.low, typename Twofold<L, K>::P(0.0))};
}
NONLIN_T NONLIN_INLINE Twofold<L, K> clamp(NONLIN_A, double low, double high) {
  return at_most(at_least(a, low), high);
}
NONLIN_T NONLIN_INLINE Twofold<L, K> abs(NONLIN_A) {
  typedef typename Twofold<L, K>::P P;
  return {abs(a.high), select(a.high < 0.0, P(0.0) - a.low, a.low)};
}
NONLIN_T NONLIN_INLINE Twofold<L, K> with_sign(NONLIN_A, NONLIN_B) {
  typedef typename Twofold<L, K>::P P;
  // −0 has no negative low part, and +0 < 0 is false: the sign of the high part is copied.
  return {with_sign(a.high, b.high), select(b.high < 0.0, P(0.0) - a.low, a.low)};
}

#undef NONLIN_T
#undef NONLIN_A
#undef NONLIN_B

}  // namespace NONLIN_ISA
