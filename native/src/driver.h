// Kernels over whole arrays: instruction set, threads, strides, 16-bit numbers.
#pragma once

#include <cstddef>
#include <vector>

#include "kernel.h"
#include "narrow.h"

namespace nonlin {

// A kernel for a kind of numbers: one of float64 also serves those of 16 bits.
struct Entry {
  const Kernel* kernel;
  Number number;
};

// The kernels of the best instruction set that this processor has, and its name.
const std::vector<Entry>& entries();
const char* instruction_set();

constexpr int kOperands = 4;  // x, upstream, first, second; null where a mode lacks one

// Contiguous operands.
void apply(const Entry& entry, Mode mode, void* const (&operands)[kOperands], std::size_t count,
           const double* parameters, int threads);

// Any strides, in elements; strides[k] are those of operand k.
void apply_strided(const Entry& entry, Mode mode, void* const (&operands)[kOperands],
                   std::vector<std::ptrdiff_t> shape,
                   std::vector<std::ptrdiff_t> (&strides)[kOperands], const double* parameters,
                   int threads);

// Σ upstream · ∂f/∂parameter, the same bits on any number of threads.
double reduce(const Entry& entry, int parameter, const void* x, const void* upstream,
              std::size_t count, const double* parameters, int threads);

// Asks for huge pages before the memory is first touched.
void advise(void* memory, std::size_t bytes);

}  // namespace nonlin
