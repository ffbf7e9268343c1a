// log_sigmoid: ln σ(x) = −ln(1 + e⁻ˣ), f′ = σ(−x).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct LogSigmoid : Activation {
  static constexpr const char* kName = "log_sigmoid";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto z = clamp(x, -M::kFar, M::kFar);
    const auto value = M::softplus(at_least(-x, 0.0), abs(z), M::scalar(1.0));
    return {-value, M::logistic(-z).value};
  }
};

}  // namespace NONLIN_ISA
