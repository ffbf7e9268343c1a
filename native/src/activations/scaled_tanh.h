// scaled_tanh: a·tanh(bx), f′ = ab·sech²(bx).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct ScaledTanh : Activation {
  static constexpr const char* kName = "scaled_tanh";
  static constexpr int kCount = 2;
  static constexpr const char* kParameters[] = {"a", "b"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto t = M::hyperbolic(at_most(abs(x) * M::scalar(p[1]), M::kFar / 2));
    return {with_sign(t.value * M::scalar(p[0]), x), t.slope * (M::scalar(p[0]) * M::scalar(p[1]))};
  }
};

}  // namespace NONLIN_ISA
