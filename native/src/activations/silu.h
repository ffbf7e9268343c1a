// silu: x·σ(x), f′ = σ(x)(1 + x(1 − σ(x))).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Silu : Activation {
  static constexpr const char* kName = "silu";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto z = M::limited(x, -M::kFar, M::kFar);
    return M::gate(x, z, z, -M::kFar);
  }
};

}  // namespace NONLIN_ISA
