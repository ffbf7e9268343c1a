// gelu_tanh: x·σ(z) with z = 2√(2/π)(x + 0.044715x³), f′ = σ(z)(1 + xz′(1 − σ(z))).
// It is ½x(1 + tanh(z/2)) without the difference that loses the left tail.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct GeluTanh : Activation {
  static constexpr const char* kName = "gelu_tanh";
  // 2√(2/π) and 0.044715 times that, as the sum of a short number and the rest.
  static constexpr double kLine = 0x1.9884500000000p+0, kLineLost = 0x1.9ea1b284687e6p-23;
  static constexpr double kCubic = 0x1.2444f20000000p-4, kCubicLost = 0x1.49b1695e937bcp-29;

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto near = M::limited(x, -M::kGeluTanhFar, M::kGeluTanhFar);
    if constexpr (M::kShort) {
      // z in two parts, since the exponential multiplies what rounding loses of it.
      const auto squared = near * near;
      const auto cubic = M::scalar(kCubic);
      const auto sum = M::fused(cubic, squared, M::scalar(kLine));
      const auto bend = sum - float(kLine);  // exact, as kLine is short
      const auto bend_lost =
          M::fused(cubic, squared, -bend) +
          M::fused(M::scalar(kCubicLost), squared,
                   cubic * lost_by_product(near, near, squared));
      const auto z = near * sum;
      const auto z_lost = M::fused(near, bend_lost + M::scalar(kLineLost),
                                   lost_by_product(near, sum, z));
      const auto twice = near + near, growth = M::fused(twice, bend, z);
      const auto growth_lost = M::fused(twice, bend, z - growth) + M::fused(twice, bend_lost, z_lost);
      return M::gate(x, z, z_lost, growth, growth_lost, -M::kGeluTanhFar);
    }
    const auto squared = M::scalar(0.044715) * (near * near);
    const auto line = M::scalar(0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54) * near;  // 2√(2/π)
    const auto z = M::fused(line, squared, line);
    const auto growth = M::fused(M::scalar(3.0) * line, squared, line);
    return M::gate(x, z, growth, -M::kGeluTanhFar);
  }
};

struct GeluTanhForm : GeluTanh {
  static constexpr const char* kName = "gelu";
  static constexpr const char* kWords[] = {"form", "tanh"};
};

}  // namespace NONLIN_ISA
