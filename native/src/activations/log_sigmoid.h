// log_sigmoid: ln σ(x) = −ln(1 + e⁻ˣ), f′ = σ(−x).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct LogSigmoid : Activation {
  static constexpr const char* kName = "log_sigmoid";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto y = M::softplus(at_least(-x, 0.0), M::limited(-x, -M::kFar, M::kFar));
    return {-y.value, y.slope};
  }
};

}  // namespace NONLIN_ISA
