// mish: x·tanh(softplus x). With b = e⁻ˣ the gate is (1 + 2b)/D, D = 1 + 2b + 2b², and
// f′ = ((1 + 2b) + 4xb²(1 + b)/D)/D.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Mish : Activation {
  static constexpr const char* kName = "mish";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto one = M::scalar(1.0), two = M::scalar(2.0);
    if constexpr (M::kWide) {
      const auto near = M::limited(x, -M::kMishFar, M::kMishFar);
      const auto b = M::exp(-near);
      const auto top = M::fused(two, b, one);
      const auto r = one / M::fused(two * b, b, top);
      const auto bent = M::scalar(4.0) * near * (b * b) * (one + b);
      return {at_least(x, -M::kMishFar) * (top * r), M::fused(bent, r, top) * r};
    } else {
      // In b = e^−|x|, which cannot overflow; on the left both fractions are expanded by e^2x.
      const auto near = M::limited(x, -M::kFar, M::kFar), four = M::scalar(4.0);
      const auto e = M::decay(abs(near));
      const auto b = e.whole();
      const auto right_top = one + two * b, left_top = two + b;
      const auto right_bottom = M::fused(two * b, one + b, one);
      const auto bottom = M::fused(b, two + b, two);
      // One division serves both sides.
      const auto side = x >= 0.0;
      const auto r = one / select(side, right_bottom, bottom);
      const auto right_bent = four * near * (b * b) * (one + b);
      // (2 + b)(2 + 2b + b²) + 4x(1 + b), ordered so that near its zero no term is large.
      const auto line = four * near;
      const auto inner = M::fused(b, four + b, line + M::scalar(6.0));
      typename M::V left;
      if constexpr (M::kShort) {
        // What rounding loses of 1/B counts twice, and that of b by the fraction's derivative.
        const auto rest = (two - (two + b)) + b;
        const auto lost = M::fused(b, two + b, two - bottom) + b * rest;
        const auto excess = M::fused(-r, bottom, one) - r * lost;
        const auto slope = M::fused(b, four + two * b, inner), b_lost = e.whole_lost();
        const auto top = M::fused(b, inner, M::fused(slope, b_lost, line + four));
        const auto squared = r * r;
        const auto squared_lost = lost_by_product(r, r, squared) * (bottom * bottom);
        left = e.times(top * squared,
                       squared_lost + two * (excess - two * (one + b) * r * b_lost));
      } else {
        left = e.times(M::fused(b, inner, line + four) / (bottom * bottom));
      }
      return {
          M::through_zero(x, select(side, M::upper(x, at_most(x, M::kLargest) * (right_top * r)),
                                    e.scale(near * e.times(left_top * r)))),
          select(side, (right_top + right_bent * r) * r,
                 e.scale(left)),
      };
    }
  }
};

}  // namespace NONLIN_ISA
