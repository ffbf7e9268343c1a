// The instruction sets that the kernels are compiled for, and the best that this processor has.
#pragma once

#include <vector>

#include "kernel.h"
#include "products.h"

namespace nonlin {

struct Set {
  const char* name;
  std::vector<Kernels> kernels;  // by arithmetic
  Products products;
};

const Set& chosen_set();

}  // namespace nonlin
