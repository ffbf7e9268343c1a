// lisht: x·tanh x, f′ = tanh x + x·sech² x.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Lisht : Activation {
  static constexpr const char* kName = "lisht";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto a = abs(x);
    const auto near = at_most(a, M::kFar / 2);
    const auto t = M::hyperbolic(near);
    return {a * t.value, with_sign(M::fused(near, t.slope, t.value), x)};
  }
};

}  // namespace NONLIN_ISA
