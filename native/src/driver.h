// Kernels over whole arrays: instruction set, threads, strides, 16-bit numbers.
#pragma once

#include <cstddef>
#include <vector>

#include "kernel.h"

namespace nonlin {

// The kernels of the best instruction set that this processor has, and its name.
Kernels kernels();
const char* instruction_set();

constexpr int kOperands = 4;  // x, upstream, first, second; null where a mode lacks one

// Contiguous operands.
void apply(const Kernel& kernel, Mode mode, void* const (&operands)[kOperands], std::size_t count,
           const double* parameters, int threads);

// Any strides, in elements; strides[k] are those of operand k.
void apply_strided(const Kernel& kernel, Mode mode, void* const (&operands)[kOperands],
                   std::vector<std::ptrdiff_t> shape,
                   std::vector<std::ptrdiff_t> (&strides)[kOperands], const double* parameters,
                   int threads);

// Σ upstream · ∂f/∂parameter, the same bits on any number of threads.
double reduce(const Kernel& kernel, int parameter, const void* x, const void* upstream,
              std::size_t count, const double* parameters, int threads);

// Asks for huge pages before the memory is first touched.
void advise(void* memory, std::size_t bytes);

}  // namespace nonlin
