// What an instruction set offers to the rest: a list of kernels over contiguous numbers.
#pragma once

#include <cstddef>

namespace nonlin {

enum class Type { float32, float64 };
enum class Precision { exact, fast };
enum Mode { kValue, kSlope, kBoth, kGradient, kModes };

constexpr int kParameters = 4;

// Mode: what is written. kValue: first = f(x). kSlope: first = f′(x). kBoth: first = f(x),
// second = f′(x). kGradient: first = upstream · f′(x), the derivative rounded before. `first` may
// be `x` or `upstream`.
typedef void Apply(const void* x, const void* upstream, void* first, void* second,
                   std::size_t count, const double* parameters);
// Σ upstream · ∂f/∂parameter.
typedef double Reduce(const void* x, const void* upstream, std::size_t count,
                      const double* parameters);

struct Kernel {
  const char* name;                     // of the record
  const char* parameters[kParameters];  // its numbers, in the order they are passed
  const char* words[2];                 // a parameter that is fixed, and its value here
  Type type;
  Precision precision;
  Apply* apply[kModes];
  Reduce* reduce[kParameters];  // null where a parameter has no gradient
};

struct Kernels {
  const Kernel* first;
  int count;
};

}  // namespace nonlin
