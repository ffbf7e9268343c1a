// squareplus: (x + √(x² + b))/2, f′ = f(x)/√(x² + b). On the left the sum cancels, and is
// (b/2)/(√(x² + b) − x).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Squareplus : Activation {
  static constexpr const char* kName = "squareplus";
  static constexpr int kCount = 1;
  static constexpr const char* kParameters[] = {"b"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto near = M::finite(x), b = M::scalar(p[0]), half = M::scalar(0.5);
    const auto root = M::hypotenuse(near, b);
    const auto left = half * b / (root - at_most(x, 0.0));  // 0 at −∞
    const auto right = half * at_least(near, 0.0) + half * root;
    const auto value = select(x > 0.0, right, left);
    return {M::upper(x, value), value / root};
  }
};

}  // namespace NONLIN_ISA
