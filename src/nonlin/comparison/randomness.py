"""Global random numbers: seeded for a while, then put back as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def fixed_randomness(seed: int = 0) -> Iterator[None]:
    """Seed the global generators for a while, and put them back as they were.

    A user's loader or model that draws from them gives the same each time, whatever ran
    before, and one that seeds them does not reach into the caller's program.

    Args:
        seed: for Python's, NumPy's and PyTorch's CPU generators.
    """
    python, legacy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    # Not torch.manual_seed, which would also reseed every accelerator.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        torch.set_rng_state(cpu)
