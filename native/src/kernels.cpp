// The kernels of one instruction set: compiled once for each, with NONLIN_ISA its name.
#include "kernel.h"
#include "loops.h"
#include "single.h"

#include "activations/silu.h"

namespace NONLIN_ISA {

namespace {

constexpr nonlin::Kernel kAll[] = {
    describe<Single, Silu>(),
};

}  // namespace

nonlin::Kernels kernels() { return {kAll, sizeof kAll / sizeof kAll[0]}; }

}  // namespace NONLIN_ISA
