// prelu: x, or αx on the left; f′ = 1 or α; ∂f/∂α = 0 or x, summed over what shares α.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Prelu : Activation {
  static constexpr const char* kName = "prelu";
  static constexpr int kCount = 1;
  static constexpr int kLearned = 1;
  static constexpr const char* kParameters[] = {"alpha"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto alpha = M::scalar(p[0]);
    // 0·∞ is 0: a line of slope 0 has no other limit.
    const auto left = alpha * at_least(x, p[0] == 0.0 ? -M::kLargest : -M::kInfinity);
    const auto slope = select(x < 0.0, alpha, select(x >= 0.0, alpha, x));  // NaN stays
    return {M::through_zero(x, select(x > 0.0, x, left)),
            select(x > 0.0, M::scalar(1.0), slope)};
  }

  template <class M, int>
  static NONLIN_INLINE typename M::V by_parameter(const typename M::V& x, const double*) {
    return at_most(x, 0.0);
  }
};

}  // namespace NONLIN_ISA
