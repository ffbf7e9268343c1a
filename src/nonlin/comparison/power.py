"""How many more seeds would decide: the power of the tests, as the number of seeds grows."""

from __future__ import annotations

import math
from bisect import bisect_left

from scipy import special

MAX_SEEDS = 1000
"""The largest total number of seeds that a verdict will ask for."""

POWER = 0.8
"""The chance of a decision that `Verdict.more_seeds` aims at."""

# One seed says nothing about the spread. With five, the t quantile at 5 % has come down to 2.8,
# from 12.7 with two.
_SEEDS_TO_SEE_SPREAD = 5


def more_seeds(n: int, mean: float, sd: float, margin: float, level: float) -> int | None:
    """Additional seeds for `POWER` at `level`, taking the sample's mean and sd as the truth.

    Args:
        n: seeds so far.
        mean: mean paired difference.
        sd: standard deviation of the differences, positive; ignored for one seed.
        margin: the smallest difference that matters.
        level: of the difference test and of the equivalence test.

    Returns:
        The number of seeds; None where more than `MAX_SEEDS` in total would be needed.

    Example:
        >>> more_seeds(5, mean=0.01, sd=0.01, margin=0.005, level=0.05)
        5
    """
    if n < 2:
        return _SEEDS_TO_SEE_SPREAD - n

    effect = abs(mean) / sd
    limit = margin / sd

    def power(total: int) -> float:
        difference = _power(effect, total, level / 2)
        if effect >= limit:
            return difference
        # Bonferroni's inequality for "both one-sided tests reject": never too optimistic.
        both = _power(limit - effect, total, level) + _power(limit + effect, total, level) - 1
        return max(difference, both)

    # Power grows with n, so the first total that suffices can be found by bisection.
    totals = range(n + 1, MAX_SEEDS + 1)
    first = bisect_left(totals, POWER, key=power)
    return first + 1 if first < len(totals) else None


def _power(effect: float, n: int, level: float) -> float:
    """Chance that a one-sided one-sample t test of n values at `level` sees `effect` (in sd)."""
    # The distributions of scipy.special: a search makes dozens of calls, and those of
    # scipy.stats take over ten times as long each (60 µs against 4 µs).
    critical = special.stdtrit(n - 1, 1 - level)
    return float(1 - special.nctdtr(n - 1, effect * math.sqrt(n), critical))
