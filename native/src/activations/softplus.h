// softplus: ln(1 + e^(βx))/β, f′ = σ(βx).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Softplus : Activation {
  static constexpr const char* kName = "softplus";
  static constexpr int kCount = 1;
  static constexpr const char* kParameters[] = {"beta"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto z = clamp(x * M::scalar(p[0]), -M::kFar, M::kFar);
    return M::softplus(at_least(x, 0.0), z, M::scalar(1.0) / M::scalar(p[0]));
  }
};

}  // namespace NONLIN_ISA
