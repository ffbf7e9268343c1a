// gelu_tanh: x·σ(z) with z = 2√(2/π)(x + 0.044715x³), f′ = σ(z)(1 + xz′(1 − σ(z))).
// It is ½x(1 + tanh(z/2)) without the difference that loses the left tail.
#pragma once

#include "../activation.h"

namespace NONLIN_ISA {

struct GeluTanh : Activation {
  static constexpr const char* kName = "gelu_tanh";

  template <class M>
  static NONLIN_INLINE Both<typename M::V> at(const typename M::V& x, const double*) {
    const auto near = clamp(x, -M::kGeluTanhFar, M::kGeluTanhFar);
    if constexpr (M::kShort) {
      // z in two parts, since the exponential multiplies what rounding loses of it.
      typedef typename M::V V;
      constexpr double kLine = 0x1.9884533d43651p+0;
      const V cubic(0.044715f), line_factor{float(kLine)};
      const V square = near * near, bent = cubic * square;
      const V bent_lost = lost_by_product(cubic, square, bent) +
                          cubic * lost_by_product(near, near, square) +
                          square * float(0.044715 - double(0.044715f));
      V growth_factor, growth_lost;
      two_sum(V(1.0f), bent, growth_factor, growth_lost);
      const V line = line_factor * near;
      const V line_lost = lost_by_product(line_factor, near, line) +
                          near * float(kLine - double(float(kLine)));
      const V z = line * growth_factor;
      const V lost = lost_by_product(line, growth_factor, z) +
                     (line * (growth_lost + bent_lost) + line_lost * growth_factor);
      return M::gate(x, z, lost, line * (1.0f + 3.0f * bent), -M::kGeluTanhFar);
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
