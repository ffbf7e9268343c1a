// exponential: eˣ, which is its own derivative.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Exponential : Activation {
  static constexpr const char* kName = "exponential";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto e = M::exp(M::limited(x, -M::kFar, M::kHigh));
    return {e, e};
  }
};

}  // namespace NONLIN_ISA
