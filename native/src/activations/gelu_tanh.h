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
