// tanh x, f′ = 1 − tanh² x = sech² x.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Tanh : Activation {
  static constexpr const char* kName = "tanh";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto t = M::hyperbolic(at_most(abs(x), M::kFar / 2));
    return {with_sign(t.value, x), t.slope};
  }
};

}  // namespace NONLIN_ISA
