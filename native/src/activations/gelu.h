// gelu: x·Φ(x), f′ = Φ(x) + xφ(x), Φ and φ the normal distribution and density.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Gelu : Activation {
  static constexpr const char* kName = "gelu";
  static constexpr const char* kWords[] = {"form", "exact"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto near = M::limited(x, -M::kNormalFar, M::kNormalFar);
    return M::normal_gate(x, near);
  }
};

}  // namespace NONLIN_ISA
