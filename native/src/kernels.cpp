// The kernels of one instruction set in one arithmetic: compiled once for each pair, with
// NONLIN_ISA and NONLIN_ARITHMETIC their names and NONLIN_HEADER the arithmetic's.
#include "kernel.h"
#include "loops.h"
#include NONLIN_HEADER

#include "activations/celu.h"
#include "activations/elu.h"
#include "activations/exponential.h"
#include "activations/gelu.h"
#include "activations/gelu_10.h"
#include "activations/gelu_tanh.h"
#include "activations/laplace.h"
#include "activations/lisht.h"
#include "activations/log_sigmoid.h"
#include "activations/mish.h"
#include "activations/prelu.h"
#include "activations/quick_gelu.h"
#include "activations/scaled_tanh.h"
#include "activations/selu.h"
#include "activations/sigmoid.h"
#include "activations/silu.h"
#include "activations/softplus.h"
#include "activations/softsign.h"
#include "activations/sqrtsoftplus.h"
#include "activations/squareplus.h"
#include "activations/swish.h"
#include "activations/tanh.h"
#include "activations/tanhshrink.h"

namespace NONLIN_ISA {

namespace {

// What every arithmetic computes, and what float32 arithmetic would not to 4 ULP, not
// monotone, or no faster: compensating what it loses took longer than float64.
#define NONLIN_EVERYWHERE(M) \
  describe<M, Gelu>(), \
  describe<M, Gelu10>(), \
  describe<M, GeluTanh>(), \
  describe<M, GeluTanhForm>(), \
  describe<M, Elu>(), \
  describe<M, Exponential>(), \
  describe<M, Lisht>(), \
  describe<M, LogSigmoid>(), \
  describe<M, Mish>(), \
  describe<M, QuickGelu>(), \
  describe<M, GeluSigmoid>(), \
  describe<M, Selu>(), \
  describe<M, Sigmoid>(), \
  describe<M, Silu>(), \
  describe<M, Tanh>(),
#define NONLIN_EXACT_ONLY(M) \
  describe<M, Softplus>(), \
  describe<M, Sqrtsoftplus>(), \
  describe<M, Softsign>(), \
  describe<M, Laplace>(), \
  describe<M, Celu>(), \
  describe<M, Prelu>(), \
  describe<M, ScaledTanh>(), \
  describe<M, Squareplus>(), \
  describe<M, Swish>(), \
  describe<M, Tanhshrink>(),

// Single, Double or Fast.
constexpr nonlin::Kernel kAll[] = {
    NONLIN_EVERYWHERE(NONLIN_ARITHMETIC)
#if NONLIN_EXACT
    NONLIN_EXACT_ONLY(NONLIN_ARITHMETIC)
#else
    describe<NONLIN_ARITHMETIC, UnitSoftplus>(),
#endif
};

}  // namespace

#define NONLIN_NAME_(arithmetic) kernels_##arithmetic
#define NONLIN_NAME(arithmetic) NONLIN_NAME_(arithmetic)
nonlin::Kernels NONLIN_NAME(NONLIN_ARITHMETIC)() {
  return {kAll, sizeof kAll / sizeof kAll[0]};
}

}  // namespace NONLIN_ISA
