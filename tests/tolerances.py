"""Every tolerance of the catalogue's tests, in one table.

Errors of the formulas are judged by ``record.contract``; what stands here is what the
contract's docstring counts apart, and what is not the formulas' doing.
"""

from __future__ import annotations

from nonlin.certification.ulp import CROSSING as CROSSING
from nonlin.certification.ulp import LOWEST as LOWEST
from nonlin.certification.ulp import PRECISION as PRECISION
from nonlin.certification.ulp import ulp as ulp

# A parameter p that is no power of two: relative error of p and of p·x, in units of one ULP,
# multiplied by the condition number of the function in p.
PARAMETER_ULP = 1.0

# Rounding to nearest, in ULP; ties and the last bit of a float64 reference.
ROUNDED = 0.5 + 1e-6

# Native kernels, in ULP: float64 inside and one rounding, of the value and of the derivative
# (gelu's is the largest); float32 inside; and float64 itself.
KERNEL_VALUE = {"exact": 0.51, "fast": 4.0, "float64": 2.0}
KERNEL_DERIVATIVE = {"exact": 0.51, "fast": 4.0, "float64": 2.0}

# What float64 kernels compute with inside, beside terms of size 1 that cancel.
TWOFOLD = 2.0**-66

# JAX: XLA's exp and tanh are less accurate than NumPy's by this factor in all, and results
# and intermediate terms below the smallest normal number are flushed to zero.
JAX = 4.0
FLUSHED = 2.0**-126

# Other frameworks are right within this multiple of our own bound, or this many ULP.
FRAMEWORK_FACTOR = 4.0
FRAMEWORK_ULP = 8.0

# Monte Carlo with 2^20 draws: standard deviations allowed, one failure in 10^6 runs.
SIGMAS = 5.0

# Numbers that a record states as double-precision constants.
CONSTANT = 1e-14

# Adaptive quadrature (init.second_moment asks for 1e-10).
QUADRATURE = 1e-9

# Mean and variance, by fixed Gauss–Legendre panels in float64.
MOMENT = 1e-13

# Central differences of float64 values with a step of 1e-6.
DIFFERENCE = 1e-7

# torch.compile's Inductor and onnxruntime: their own exp, tanh and erf, float32.
FUSED = {"rtol": 1e-5, "atol": 1e-6}
ONNX = {"rtol": 1e-5, "atol": 2e-6}

# PyTorch's own samples, |x| ≤ 10, by dtype and whether the record is over an axis, whose sums
# cancel: where elementwise ones differ by more, the definition decides.
OPINFO = {
    ("float32", False): {"rtol": 4e-6, "atol": 1e-7},
    ("float32", True): {"rtol": 4e-6, "atol": 5e-7},
    ("float64", False): {"rtol": 1e-14, "atol": 1e-15},
    ("float64", True): {"rtol": 1e-14, "atol": 1e-15},
}

# Second and third derivatives in float64, beside terms of size 1 that cancel.
HIGHER = {"rtol": 1e-12, "atol": 1e-12}
