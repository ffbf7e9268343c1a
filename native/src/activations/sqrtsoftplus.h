// sqrtsoftplus: √ln(1 + eˣ), f′ = σ(x)/(2f(x)).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Sqrtsoftplus : Activation {
  static constexpr const char* kName = "sqrtsoftplus";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto half = M::scalar(0.5);
    if constexpr (!M::kWide) {
      // Far left the root is e^(x/2), still normal where its square is 0.
      const auto near = clamp(x, -100.0, M::kFar), far = clamp(x, -2.0 * M::kFar, -100.0);
      const auto root = sqrt(M::softplus(at_least(x, 0.0), abs(near), M::scalar(1.0)));
      const auto left = M::exp(half * far);
      const auto steep = half * M::logistic(near).value / at_least(root, 1e-30);
      return {select(x < -100.0, left, root),
              select(x < -100.0, half * left, steep)};
    }
    const auto near = clamp(x, -2.0 * M::kFar, M::kFar);
    const auto root = sqrt(M::softplus(at_least(x, 0.0), abs(near), M::scalar(1.0)));
    const auto steep = half * M::logistic(near).value / root;
    return {root, steep};
  }
};

}  // namespace NONLIN_ISA
