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
      const V line = line_factor * near;
      const V line_lost = lost_by_product(line_factor, near, line) +
                          near * float(kLine - double(float(kLine)));
      // line·(1 + factor·bent) and what is lost of it.
      const auto bend = [&](float factor, V& product, V& lost) {
        V sum, sum_lost;
        const V part = factor * bent;
        two_sum(V(1.0f), part, sum, sum_lost);
        sum_lost = sum_lost + fma(bent, factor, -part) + factor * bent_lost;
        product = line * sum;
        lost = lost_by_product(line, sum, product) + (line * sum_lost + line_lost * sum);
      };
      V z, z_lost, growth, growth_lost;
      bend(1.0f, z, z_lost);
      bend(3.0f, growth, growth_lost);
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
