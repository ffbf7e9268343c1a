// celu: x, or α(e^(x/α) − 1) on the left; f′ = 1, or e^(x/α).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Celu : Activation {
  static constexpr const char* kName = "celu";
  static constexpr int kCount = 1;
  static constexpr const char* kParameters[] = {"alpha"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto alpha = M::scalar(p[0]);
    const auto e = M::exponential(clamp(x / alpha, -M::kFar, 0.0));
    return {select(x >= 0.0, x, alpha * e.value), select(x > 0.0, M::scalar(1.0), e.slope)};
  }
};

}  // namespace NONLIN_ISA
