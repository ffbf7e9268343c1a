// Kernels on numbers of 16 bits: of each there are 65,536, so that the results are looked up.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel.h"
#include "narrow.h"

namespace nonlin {

// As Kernel::apply, after `prepare_narrow` for the whole array.
void apply_narrow(const Kernel& kernel, Number number, Mode mode, const uint16_t* x,
                  const uint16_t* upstream, uint16_t* first, uint16_t* second, std::size_t count,
                  const double* parameters);

// Fills a table once as many elements were computed as it has, by one thread while others wait for
// it; the 64 last used are kept. What is computed without one has the same bits.
void prepare_narrow(const Kernel& kernel, Number number, Mode mode, std::size_t count,
                    const double* parameters);

double reduce_narrow(const Kernel& kernel, Number number, int parameter, const uint16_t* x,
                     const uint16_t* upstream, std::size_t count, const double* parameters);

}  // namespace nonlin
