// The loops over contiguous numbers, written once for all kernels.
#pragma once

#include <type_traits>

#include "activation.h"
#include "kernel.h"
#include "simd.h"

namespace NONLIN_ISA {

using nonlin::Mode;

template <class M, Mode mode>
NONLIN_INLINE void store_pack(const Both<typename M::V>& result,
                              const typename M::Scalar* upstream, typename M::Scalar* first,
                              typename M::Scalar* second) {
  if constexpr (mode == nonlin::kValue) M::store(first, result.value);
  if constexpr (mode == nonlin::kSlope) M::store(first, result.slope);
  if constexpr (mode == nonlin::kGradient) {
    // The derivative is rounded first: the same bits as from a derivative that was kept.
    typedef typename M::Scalar T;
    typename Lanes<T, M::L>::type a, b;
    T slope[M::V::kCount];
    M::store(slope, result.slope);
    for (int i = 0; i < M::V::kCount; i += M::L) {
      std::memcpy(&a, slope + i, sizeof a);
      std::memcpy(&b, upstream + i, sizeof b);
      a *= b;
      std::memcpy(first + i, &a, sizeof a);
    }
  }
  if constexpr (mode == nonlin::kBoth) {
    M::store(first, result.value);
    M::store(second, result.slope);
  }
}

// One pack, whichever the mode. All modes compile the same expressions in the same order, so
// that a value is the same number whether or not its derivative is taken along.
template <class M, class F, Mode mode>
NONLIN_INLINE void apply_pack(const typename M::Scalar* x, const typename M::Scalar* upstream,
                              typename M::Scalar* first, typename M::Scalar* second,
                              const double* parameters) {
  const auto z = M::load(x);
  if constexpr (!std::is_same<M, typename M::Near>::value) {
    if (all_within(z, M::kNear)) {
      const auto result = F::template at<typename M::Near>(z, parameters);
      store_pack<M, mode>(result, upstream, first, second);
      return;
    }
  }
  store_pack<M, mode>(F::template at<M>(z, parameters), upstream, first, second);
}

template <class M, class F, Mode mode>
void apply(const void* x_, const void* upstream_, void* first_, void* second_, std::size_t count,
           const double* parameters) {
  typedef typename M::Scalar T;
  constexpr std::size_t kStep = M::V::kCount;
  const T* x = static_cast<const T*>(x_);
  const T* upstream = static_cast<const T*>(upstream_);
  T* first = static_cast<T*>(first_);
  T* second = static_cast<T*>(second_);
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    apply_pack<M, F, mode>(x + i, upstream + i, first + i, second + i, parameters);
  }
  if (i == count) return;
  // The rest goes through the same code in a padded buffer: results do not depend on position.
  const std::size_t bytes = (count - i) * sizeof(T);
  T in[2][kStep] = {}, out[2][kStep];
  std::memcpy(in[0], x + i, bytes);
  if constexpr (mode == nonlin::kGradient) std::memcpy(in[1], upstream + i, bytes);
  apply_pack<M, F, mode>(in[0], in[1], out[0], out[1], parameters);
  std::memcpy(first + i, out[0], bytes);
  if constexpr (mode == nonlin::kBoth) std::memcpy(second + i, out[1], bytes);
}

template <class M, class F, int which>
double reduce(const void* x_, const void* upstream_, std::size_t count, const double* parameters) {
  typedef typename M::Scalar T;
  constexpr std::size_t kStep = M::V::kCount;
  const T* x = static_cast<const T*>(x_);
  const T* upstream = static_cast<const T*>(upstream_);
  typename M::V sum(typename M::Inner(0));
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    const auto part = F::template by_parameter<M, which>(M::load(x + i), parameters);
    sum = sum + part * M::load(upstream + i);
  }
  if (i != count) {
    T in[2][kStep] = {};
    std::memcpy(in[0], x + i, (count - i) * sizeof(T));
    std::memcpy(in[1], upstream + i, (count - i) * sizeof(T));
    const auto part = F::template by_parameter<M, which>(M::load(in[0]), parameters);
    sum = sum + part * M::load(in[1]);
  }
  return M::total(sum);
}

template <class M, class F>
constexpr nonlin::Kernel describe() {
  nonlin::Kernel kernel = {};
  kernel.name = F::kName;
  for (int i = 0; i < F::kCount; ++i) kernel.parameters[i] = F::kParameters[i];
  kernel.words[0] = F::kWords[0];
  kernel.words[1] = F::kWords[1];
  kernel.type = M::kType;
  kernel.precision = M::kPrecision;
  kernel.apply[nonlin::kValue] = apply<M, F, nonlin::kValue>;
  kernel.apply[nonlin::kSlope] = apply<M, F, nonlin::kSlope>;
  kernel.apply[nonlin::kBoth] = apply<M, F, nonlin::kBoth>;
  kernel.apply[nonlin::kGradient] = apply<M, F, nonlin::kGradient>;
  if constexpr (F::kLearned > 0 && M::kPrecision == nonlin::Precision::exact) {
    kernel.reduce[0] = reduce<M, F, 0>;
  }
  return kernel;
}

}  // namespace NONLIN_ISA
