// softplus: ln(1 + e^(βx))/β, f′ = σ(βx).
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct Softplus : Activation {
  static constexpr const char* kName = "softplus";
  static constexpr int kCount = 1;
  static constexpr const char* kParameters[] = {"beta"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double* p) {
    const auto z = clamp(x * M::scalar(p[0]), -M::kFar, M::kFar);
    return M::softplus(at_least(x, 0.0), z, M::scalar(1.0) / M::scalar(p[0]));
  }
};

// In float32 arithmetic another β would cost accuracy, and steps back where it rises.
struct UnitSoftplus : Activation {
  static constexpr const char* kName = "softplus";
  static constexpr const char* kWords[] = {"beta", "1"};

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    return M::softplus(at_least(x, 0.0), M::limited(x, -M::kFar, M::kFar));
  }
};

}  // namespace NONLIN_ISA
