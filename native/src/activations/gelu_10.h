// gelu_10: gelu clipped at 10, which of its two bounds is the one it reaches; f′ = 0 above.
#pragma once

#include "gelu.h"

namespace NONLIN_ISA {

struct Gelu10 : Activation {
  static constexpr const char* kName = "gelu_10";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto y = Gelu::at<M>(x, p);
    return {at_most(y.value, 10.0), select(x > 10.0, M::scalar(0.0), y.slope)};
  }
};

}  // namespace NONLIN_ISA
