"""Derives the coefficients in src/polynomials.h: run it to print them with their errors.

    python native/fit.py

Polynomials and quotients interpolate at Chebyshev-like nodes, which comes within a factor of
about two of the best possible. Where a derivative crosses zero, a node is put on the crossing:
the approximation is exact there, so that the difference of two equal terms keeps its relative
accuracy without a longer polynomial.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
from mpmath import mp
from scipy.optimize import minimize

mp.dps = 60

LN2 = math.log(2.0)
# Where the derivatives of silu, gelu_tanh and mish cross zero, as arguments z of e^−z.
SILU = 1.2784645427610738
MISH = 1.1924312145154952
GELU_TANH = 2 * math.sqrt(2 / math.pi) * 0.7524614220710163 * (1 + 0.044715 * 0.7524614220710163**2)
GELU = mp.findroot(lambda a: mp.ncdf(-a) - a * mp.npdf(a), mp.mpf("0.75179"))


def nodes(low: float, high: float, free: int, fixed: tuple[float, ...]) -> list[float]:
    """Nodes that make the product of the distances smallest, some of them given."""
    grid = np.linspace(low, high, 4001)

    def size(chosen: np.ndarray) -> float:
        product = np.ones_like(grid)
        for node in (*chosen, *fixed):
            product = product * (grid - node)
        return math.log(np.abs(product).max())

    starts = np.random.default_rng(0).uniform(low, high, (6, free))
    options = {"maxiter": 20000, "xatol": 1e-9, "fatol": 1e-9}
    found = [minimize(size, s, method="Nelder-Mead", options=options) for s in starts]
    return sorted([*min(found, key=lambda r: r.fun).x, *fixed])


def chebyshev(low: float, high: float, count: int) -> list[mpmath.mpf]:
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    return [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def interpolate(f, at) -> list[mpmath.mpf]:
    """Coefficients, lowest first, of the polynomial through f at the nodes."""
    matrix = mp.matrix([[mp.mpf(a) ** k for k in range(len(at))] for a in at])
    return list(mp.lu_solve(matrix, mp.matrix([f(mp.mpf(a)) for a in at])))


def in_single(f, at, count: int) -> list[mpmath.mpf]:
    """Coefficients of the least relative error at the nodes, each rounded to float32 in turn.

    Those that follow make up for what rounding one has lost, which rounding all of them at the
    end would leave.
    """
    values, rounded = [f(a) for a in at], []
    for k in range(count):
        rows = [[a**j / v for j in range(k, count)] for a, v in zip(at, values, strict=True)]
        known = [mp.polyval(rounded[::-1], a) if rounded else 0 for a in at]
        rest = [1 - part / v for part, v in zip(known, values, strict=True)]
        best = mp.lu_solve(mp.matrix(rows), mp.matrix(rest))
        rounded.append(mp.mpf(float(np.float32(float(best[0])))))
    return rounded


def quotient(f, at, top: int) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
    """P of degree `top` over Q, its constant 1, through f at the nodes."""
    bottom = len(at) - top - 1
    rows = [
        [mp.mpf(a) ** k for k in range(top + 1)]
        + [-f(mp.mpf(a)) * mp.mpf(a) ** k for k in range(1, bottom + 1)]
        for a in at
    ]
    solved = list(mp.lu_solve(mp.matrix(rows), mp.matrix([f(mp.mpf(a)) for a in at])))
    return solved[: top + 1], [mp.mpf(1), *solved[top + 1 :]]


def evaluate(coefficients, x):
    return mp.polyval([mp.mpf(float(c)) for c in reversed(coefficients)], x)


def show(name: str, comment: str, *lists) -> None:
    print(f"// {comment}")
    for label, coefficients in zip(("", "_below"), lists, strict=False):
        print(f"{name}{label}: " + ", ".join(float(c).hex() for c in coefficients))


def error(f, approximation, low: float, high: float) -> float:
    points = [mp.mpf(low) + (mp.mpf(high) - low) * k / 999 for k in range(1000)]
    return float(max(abs(approximation(x) / f(x) - 1) for x in points if f(x)))


def ratio_of_expm1(r):
    return mp.expm1(r) / r if r else mp.mpf(1)


def second_ratio_of_expm1(r):
    return (mp.expm1(r) - r) / r**2 if abs(r) > 1e-20 else mp.mpf(1) / 2


def mills(a):
    """Φ(−a) without its exponential: e^(a²/2)·Φ(−a)."""
    return mp.exp(a * a / 2) * mp.ncdf(-a)


def mapped_back(t):
    """a for t = (a − 2.5)/(a + 2.5)."""
    return 2.5 * (1 + t) / (1 - t)


def mills_in_t(t):
    a = mapped_back(t)
    return (a + 2.5) * mills(a)


def mills_slope_in_t(t):
    a = mapped_back(t)
    return (mills(a) - a / mp.sqrt(2 * mp.pi)) / (GELU - a)


def show_twofold(name: str, coefficients) -> None:
    print(f"{name}:")
    for c in coefficients:
        print(f"    {{{float(c).hex()}, {float(c - float(c)).hex()}}},")


def atanh_ratio(t):
    s = mp.sqrt(t)
    return mp.log1p(2 * s / (1 - s)) / s if t else mp.mpf(2)


def tanhshrink_ratio(t):
    x = mp.sqrt(t)
    return (x - mp.tanh(x)) / x**3 if t else mp.mpf(1) / 3


def softplus_bend(t):
    """(ln(1 + e^z) − ln 2 − z/2)/z² for t = z²."""
    return (mp.log(2 * mp.cosh(mp.sqrt(t) / 2)) - mp.log(2)) / t if t else mp.mpf(1) / 8


def log1p_rest(e):
    return (mp.log1p(e) - e) / e**2 if abs(e) > 1e-20 else mp.mpf(-1) / 2


def mapped(low: float, high: float, count: int, centre: float) -> list[mpmath.mpf]:
    """Chebyshev nodes in (a − c)/(a + c), dense where a decaying function bends."""
    ends = [(mp.mpf(x) - centre) / (mp.mpf(x) + centre) for x in (low, high)]
    return [centre * (1 + t) / (1 - t) for t in chebyshev(ends[0], ends[1], count)]


def main() -> None:
    half = LN2 / 2 * 1.0001
    crossings = tuple(-(z - 2 * LN2) * -1 for z in (SILU, GELU_TANH, MISH))
    at = nodes(-half, half, 4, (0.0, *crossings))
    q = interpolate(ratio_of_expm1, [a for a in at if a])
    worst = error(ratio_of_expm1, lambda r: evaluate(q, r), -half, half)
    show("expm1_ratio", f"expm1(r)/r on ±ln2/2, {worst:.1e}", q)

    q = interpolate(second_ratio_of_expm1, chebyshev(-half, half, 5))
    worst = error(mp.exp, lambda r: 1 + r + r * r * evaluate(q, r), -half, half)
    show("fast_expm1_rest", f"(expm1(r) − r)/r² on ±ln2/2, {worst:.1e} of e^r", q)

    ln2 = mp.log(2)
    c = in_single(softplus_bend, chebyshev(0, LN2**2, 40), 4)
    worst = error(
        lambda z: mp.log1p(mp.exp(z)),
        lambda z, c=c: ln2 + z / 2 + z * z * evaluate(c, z * z),
        -LN2,
        LN2,
    )
    show("fast_softplus", f"(ln(1 + e^z) − ln 2 − z/2)/z² for |z| ≤ ln 2, {worst:.1e}", c)
    c = in_single(log1p_rest, chebyshev(0, 0.5, 40), 7)
    worst = error(mp.log1p, lambda e, c=c: e + e * e * evaluate(c, e), 1e-9, 0.5)
    show("fast_log1p_rest", f"(ln(1 + e) − e)/e² on [0, ½], {worst:.1e} of ln(1 + e)", c)

    for name, f in (("fast_mills", mills_in_t), ("fast_mills_slope", mills_slope_in_t)):
        c = in_single(f, chebyshev(-1, mp.mpf(5) / 7, 40), 10)
        worst = error(f, lambda t, c=c: evaluate(c, t), -1, 5 / 7)
        show(name, f"on [0, 15], {worst:.1e}", c)

    at = mapped(0, 14.5, 12, 3.0)
    at[min(range(len(at)), key=lambda k: abs(at[k] - GELU))] = GELU
    p, q = quotient(mills, at, 5)
    worst = error(mills, lambda a: evaluate(p, a) / evaluate(q, a), 0, 14.5)
    show("mills", f"e^(a²/2)·Φ(−a) on [0, 14.5], {worst:.1e}", p, q)

    at = mapped(0, 39, 26, 4.5)
    at[min(range(len(at)), key=lambda k: abs(at[k] - GELU))] = GELU
    p, q = quotient(mills, at, 12)
    worst = error(mills, lambda a: mp.polyval(p[::-1], a) / mp.polyval(q[::-1], a), 0, 39)
    print(f"// e^(a²/2)·Φ(−a) on [0, 39], {worst:.1e}")
    show_twofold("twofold_mills", p)
    show_twofold("twofold_mills_below", q)

    c = interpolate(atanh_ratio, chebyshev(0, 1 / 9, 6))
    worst = error(atanh_ratio, lambda t: evaluate(c, t), 0, 1 / 9)
    show("atanh_ratio", f"2·atanh(s)/s in s² on [0, 1/9], {worst:.1e}", c)

    c = interpolate(tanhshrink_ratio, chebyshev(1e-30, 0.36, 7))
    worst = error(tanhshrink_ratio, lambda t: evaluate(c, t), 1e-10, 0.36)
    show("tanhshrink_ratio", f"(x − tanh x)/x³ in x² on [0, 0.36], {worst:.1e}", c)


if __name__ == "__main__":
    main()
