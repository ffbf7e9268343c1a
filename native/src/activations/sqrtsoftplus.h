// sqrtsoftplus: √ln(1 + eˣ), f′ = σ(x)/(2f(x)).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Sqrtsoftplus : Activation {
  static constexpr const char* kName = "sqrtsoftplus";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto half = M::scalar(0.5), one = M::scalar(1.0);
    if constexpr (!M::kWide) {
      // Far left the root is e^(x/2), still normal where its square is 0.
      const auto near = clamp(x, -100.0, M::kFar), far = clamp(x, -2.0 * M::kFar, -100.0);
      const auto y = M::softplus(at_least(x, 0.0), near, one);
      const auto root = sqrt(y.value), left = M::exp(half * far);
      return {select(x < -100.0, left, root),
              select(x < -100.0, half * left, half * y.slope / root)};
    }
    const auto y = M::softplus(at_least(x, 0.0), clamp(x, -2.0 * M::kFar, M::kFar), one);
    const auto root = sqrt(y.value);
    return {root, half * y.slope / root};
  }
};

}  // namespace NONLIN_ISA
