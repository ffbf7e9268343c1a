// swish: x·σ(βx), f′ = σ(z)(1 + z(1 − σ(z))) with z = βx, ∂f/∂β = x²σ(z)(1 − σ(z)).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Swish : Activation {
  static constexpr const char* kName = "swish";
  static constexpr int kCount = 1;
  static constexpr int kLearned = 1;
  static constexpr const char* kParameters[] = {"beta"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto z = clamp(M::finite(x) * M::scalar(p[0]), -M::kFar, M::kFar);
    return M::gate(x, z, z, p[0] > 0 ? -M::kLargest : -M::kInfinity);
  }

  template <class M, int>
  static NONLIN_INLINE typename M::V by_parameter(const typename M::V& x, const double* p) {
    const auto near = M::finite(x);
    const auto z = clamp(near * M::scalar(p[0]), -M::kFar, M::kFar);
    return near * near * M::logistic(z).slope;
  }
};

}  // namespace NONLIN_ISA
