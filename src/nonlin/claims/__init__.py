"""Claims of teaching texts, put to the test: one module per claim, found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from nonlin.claims.claim import Claim as Claim
from nonlin.claims.execution import run_claim as run_claim
from nonlin.claims.judging import judge as judge
from nonlin.claims.results import Result as Result
from nonlin.claims.results import read_results as read_results
from nonlin.errors import NonlinError


@cache
def list_claims() -> tuple[Claim, ...]:
    """All claims, by number.

    Example:
        >>> [claim.sources for claim in list_claims() if claim.number == 16]
        [('S1',)]
    """
    found: dict[int, Claim] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Claim) and found.setdefault(value.number, value) is not value:
                raise NonlinError(f"claim {value.number} is there twice; number each once")
    return tuple(found[number] for number in sorted(found))


def get_claim(number: int | str) -> Claim:
    """The claim of a number.

    Raises:
        NonlinError: there is none.
    """
    claims = {str(claim.number): claim for claim in list_claims()}
    if str(number) not in claims:
        known = ", ".join(claims)
        raise NonlinError(f"unknown claim {number!r}; allowed: all, {known} (see: nonlin claims)")
    return claims[str(number)]
