// sigmoid: σ(x) = 1/(1 + e⁻ˣ), f′ = σ(x)(1 − σ(x)).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Sigmoid : Activation {
  static constexpr const char* kName = "sigmoid";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    return M::logistic(M::limited(x, -M::kFar, M::kFar));
  }
};

}  // namespace NONLIN_ISA
