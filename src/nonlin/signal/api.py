"""`propagate`: what depth does to an activation, predicted and simulated."""

from __future__ import annotations

import numpy as np

from nonlin.activation import Activation
from nonlin.errors import NonlinError, require
from nonlin.init.gains import elementwise
from nonlin.signal.predicting import check_moments, predict
from nonlin.signal.result import Propagation
from nonlin.signal.setting import Setting, variances_of
from nonlin.signal.theory import MeanField

_INPUTS = 8
# Batch norm's theory is for a large batch.
_BATCH = 128


def propagate(
    activation: str | Activation,
    depth: int = 50,
    width: int = 500,
    init: str | tuple[float, float] = "he",
    *,
    stack: str = "dense",
    residual: bool = False,
    norm: str = "none",
    branch: float | None = None,
    variance: float = 1.0,
    correlation: float = 0.5,
    networks: int = 5,
    inputs: int | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Propagation:
    """Predict what depth does to signals and gradients, beside networks that are really drawn.

    A layer is ``z′ = W f(z) + b``, with ``f(norm(z))`` for a norm and ``z′ = z + branch·(W f(…) +
    b)`` for a residual stack, W of variance σ_w²/fan_in and b of σ_b². The theory is that of
    infinitely wide layers (mean field).

    Args:
        activation: name or record of an elementwise activation, your own too.
        depth: layers, 1 or more.
        width: units or channels of a layer, 1 or more.
        init: ``he``, ``xavier``, ``lecun``, ``pytorch`` (its default), ``matched``
            (1/E[f²]), ``backward`` (1/E[f′²]), ``compromise``, ``critical``, or (σ_w, σ_b).
        stack: ``dense``, or ``conv`` (3×3, circular, on 8×8 positions).
        residual: whether z is added to what each layer makes.
        norm: ``none``, ``layer`` or ``batch``, of z before f.
        branch: factor on what is added to a residual stream; 1/√depth by default.
        variance: q of the first z.
        correlation: of the first z of two inputs; below 0 there can be only two `inputs`.
        networks: how many are drawn; 0 for the theory alone, which needs no PyTorch.
        inputs: how many run through each; 8 by default, 128 with batch norm.
        seed: of the draws.
        device: of the simulation.

    Returns:
        Theory, simulation and verdict; it prints.

    Raises:
        NonlinError: depth or width not positive, an unknown word, an activation that is not
            elementwise or whose moments are infinite.

    Example:
        >>> import nonlin
        >>> result = nonlin.propagate("sigmoid", depth=50, init="xavier", networks=0)
        >>> round(result.chi, 4)
        0.0557
        >>> print(result.verdict[3])
        float16 loses the gradient: 12 layers before the end, at layer 38, it is below 6e-08, the \
smallest number there is.
        >>> nonlin.propagate("relu", depth=0)
        Traceback (most recent call last):
        nonlin.errors.NonlinError: propagate: depth=0; allowed: an integer >= 1

    Source:
        Poole et al. (2016), arXiv:1606.05340; Schoenholz et al. (2017), arXiv:1611.01232; for
        residual stacks Yang and Schoenholz (2017), arXiv:1712.08969; for batch norm Yang et al.
        (2019), arXiv:1902.08129
    """
    record = elementwise(activation, "propagate")
    inputs = inputs if inputs is not None else (_BATCH if norm == "batch" else _INPUTS)
    for name, value, least in (("networks", networks, 0), ("inputs", inputs, 2)):
        if not isinstance(value, int) or value < least:
            raise NonlinError(f"propagate: {name}={value!r}; allowed: an integer >= {least}")
    if networks and correlation < 0 and inputs != 2:
        raise NonlinError(
            f"propagate: correlation={correlation!r} of {inputs} inputs; allowed: inputs=2"
        )
    checked = Setting(
        depth,
        width,
        1.0,
        0.0,
        "",
        stack,
        residual,
        norm,
        1.0 if branch is None else branch,
        variance,
        correlation,
    )
    fan_in = checked.width * (9 if stack == "conv" else 1)
    weight, bias, name = variances_of(init, record, fan_in, variance)
    share = branch if branch is not None else (depth**-0.5 if residual else 1.0)
    setting = Setting(
        depth, width, weight, bias, name, stack, residual, norm, share, variance, correlation
    )
    field = MeanField(record, weight, bias)
    check_moments(field, variance)
    simulation = None
    if networks:
        require("torch", "torch", "the simulation (networks=0 gives the theory alone)")
        from nonlin.signal.simulation import Simulation, draw, run

        drawn = []
        for network in range(networks):
            # Of its own seed, so that more networks are added to those of fewer.
            draws = draw(setting, inputs, seed * 10_007 + network, device)
            drawn.append(run(record, setting, draws))
        simulation = Simulation(*(np.array(values) for values in zip(*drawn, strict=True)))
    return Propagation(record, setting, predict(field, setting), simulation, seed)
