// quick_gelu: x·σ(1.702x), f′ = σ(z)(1 + z(1 − σ(z))) with z = 1.702x.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct QuickGelu : Activation {
  static constexpr const char* kName = "quick_gelu";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    if constexpr (M::kShort) {
      constexpr float kHigh = 1.702f, kLow = float(1.702 - double(1.702f));
      const auto near = M::limited(x, -M::kFar / 1.702, M::kFar / 1.702);
      const auto z = near * kHigh;
      const auto lost = lost_by_product(near, M::scalar(kHigh), z) + near * kLow;
      return M::gate(x, z, lost, z, lost, -M::kFar);
    }
    const auto z = M::limited(x * M::scalar(1.702), -M::kFar, M::kFar);
    return M::gate(x, z, z, -M::kFar);
  }
};

struct GeluSigmoid : QuickGelu {
  static constexpr const char* kName = "gelu";
  static constexpr const char* kWords[] = {"form", "sigmoid"};
};

}  // namespace NONLIN_ISA
