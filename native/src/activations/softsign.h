// softsign: x/(1 + |x|), f′ = 1/(1 + |x|)².
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Softsign : Activation {
  static constexpr const char* kName = "softsign";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto a = at_most(abs(x), M::kLargest);
    const auto r = M::scalar(1.0) / (M::scalar(1.0) + a);
    return {with_sign(a / (M::scalar(1.0) + a), x), r * r};
  }
};

}  // namespace NONLIN_ISA
