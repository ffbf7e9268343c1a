// elu: x, or α(eˣ − 1) on the left; f′ = 1, or αeˣ; ∂f/∂α = 0, or eˣ − 1.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Elu : Activation {
  static constexpr const char* kName = "elu";
  static constexpr int kCount = 1;
  static constexpr int kLearned = 1;
  static constexpr const char* kParameters[] = {"alpha"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto e = M::exponential(clamp(x, -M::kFar, 0.0));
    const auto alpha = M::scalar(p[0]);
    return {select(x >= 0.0, x, alpha * e.value), select(x > 0.0, M::scalar(1.0), alpha * e.slope)};
  }

  template <class M, int>
  static NONLIN_INLINE typename M::V by_parameter(const typename M::V& x, const double*) {
    return M::exponential(clamp(x, -M::kFar, 0.0)).value;
  }
};

}  // namespace NONLIN_ISA
