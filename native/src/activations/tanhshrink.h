// tanhshrink: x − tanh x, f′ = tanh² x. Near 0 the difference would keep nothing of x³/3: there
// it is a polynomial.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Tanhshrink : Activation {
  static constexpr const char* kName = "tanhshrink";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto a = abs(x);
    const auto small = M::tanhshrink_near(at_most(a, M::kTanhshrinkNear));
    const auto near = a < M::kTanhshrinkNear;
    const auto far = M::hyperbolic(at_most(a, M::kFar / 2)).value;
    const auto t = select(near, a - small, far);
    return {with_sign(select(near, small, a - far), x), t * t};
  }
};

}  // namespace NONLIN_ISA
