// laplace: Φ((x − μ)/σ), f′ = φ((x − μ)/σ)/σ.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Laplace : Activation {
  static constexpr const char* kName = "laplace";
  static constexpr int kCount = 2;
  static constexpr const char* kParameters[] = {"mu", "sigma"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto scale = M::scalar(1.0) / M::scalar(p[1]);
    const auto z = (M::finite(x) - M::scalar(p[0])) * scale;
    return M::normal(clamp(z, -M::kNormalFar, M::kNormalFar), scale);
  }
};

}  // namespace NONLIN_ISA
