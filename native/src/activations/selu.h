// selu: λx, or λα(eˣ − 1) on the left; f′ = λ, or λαeˣ.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Selu : Activation {
  static constexpr const char* kName = "selu";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto e = M::exponential(clamp(x, -M::kFar, 0.0));
    const auto scale = M::scalar(1.0507009873554805);             // λ
    const auto left = scale * M::scalar(1.6732632423543772);      // λα
    return {M::through_zero(x, select(x >= 0.0, scale * x, left * e.value)),
            select(x > 0.0, scale, left * e.slope)};
  }
};

}  // namespace NONLIN_ISA
