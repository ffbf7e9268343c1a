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
    if constexpr (M::kShort) {
      const float high = float(p[0]), low = float(p[0] - double(high));
      const auto near = clamp(x, -M::kFar / high, M::kFar / high);
      const auto z = near * high;
      const auto lost = lost_by_product(near, M::scalar(high), z) + near * low;
      const auto value = M::softplus(at_least(x, 0.0f), abs(z), select(z < 0.0f, -lost, lost),
                                     M::scalar(1.0 / p[0]));
      return {value, M::logistic(z, lost).value};
    }
    const auto z = clamp(x * M::scalar(p[0]), -M::kFar, M::kFar);
    const auto value = M::softplus(at_least(x, 0.0), abs(z), M::scalar(1.0) / M::scalar(p[0]));
    return {value, M::logistic(z).value};
  }
};

}  // namespace NONLIN_ISA
