// sqrtsoftplus: √ln(1 + eˣ), f′ = σ(x)/(2f(x)).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Sqrtsoftplus : Activation {
  static constexpr const char* kName = "sqrtsoftplus";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto near = clamp(x, -2.0 * M::kFar, M::kFar);
    const auto root = sqrt(at_least(x, 0.0) + M::softplus(abs(near), M::scalar(1.0)));
    const auto steep = M::logistic(near).value / (M::scalar(2.0) * root);
    return {root, steep};
  }
};

}  // namespace NONLIN_ISA
