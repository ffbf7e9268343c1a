// What every activation's header starts from.
#pragma once

#include "simd.h"

namespace NONLIN_ISA {

template <class V>
struct Both {
  V value, slope;
};

// An activation is a struct with a name, the names of its parameters, and `at`, which gives
// value and derivative in the arithmetic M: Single, Double or Fast.
struct Activation {
  static constexpr int kCount = 0;                // of parameters
  static constexpr int kLearned = 0;              // of them, the first, with a gradient
  static constexpr const char* kParameters[] = {nullptr};
  static constexpr const char* kWords[] = {nullptr, nullptr};  // a fixed parameter
};

}  // namespace NONLIN_ISA
