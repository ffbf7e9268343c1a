#include "sets.h"

#define NONLIN_DECLARE(set)           \
  namespace nonlin_##set {            \
    nonlin::Kernels kernels_Single(); \
    nonlin::Kernels kernels_Double(); \
    nonlin::Kernels kernels_Fast();   \
    nonlin::Products products();      \
  }
#define NONLIN_SET(name, set)                                        \
  {                                                                  \
    name,                                                            \
    {nonlin_##set::kernels_Single(), nonlin_##set::kernels_Double(), \
     nonlin_##set::kernels_Fast()},                                  \
    nonlin_##set::products()                                         \
  }

NONLIN_DECLARE(baseline)
#if defined(NONLIN_X86)
NONLIN_DECLARE(avx2)
NONLIN_DECLARE(avx512)
#endif

namespace nonlin {
namespace {

Set choose() {
#if defined(NONLIN_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return NONLIN_SET("AVX-512", avx512);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return NONLIN_SET("AVX2", avx2);
  }
  return NONLIN_SET("SSE2", baseline);
#elif defined(__aarch64__)
  return NONLIN_SET("NEON", baseline);
#else
  return NONLIN_SET("baseline", baseline);
#endif
}

}  // namespace

const Set& chosen_set() {
  static const Set set = choose();
  return set;
}

}  // namespace nonlin
