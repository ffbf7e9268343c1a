"""The cases, and what recall and precision are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import faulty
import healthy
from faulty import Case


def all_cases() -> list[Case]:
    """Faulty and healthy ones."""
    cases = [*faulty.cases(), *healthy.cases()]
    names = Counter(case.name for case in cases)
    assert max(names.values()) == 1, names
    return cases


def summary(judged: list[dict[str, Any]]) -> dict[str, Any]:
    """Recall and precision, overall and per kind."""
    expected = [j for j in judged if j["expected"]]
    hits = sum(j["found"] for j in expected)
    false = sum(len(j["false"]) for j in judged)
    causes = [j["cause_right"] for j in judged if j["cause_right"] is not None]
    alarmed = [j for j in judged if not j["expected"] and j["false"]]
    kinds = sorted({j["expected"] for j in expected} | {k for j in judged for k in j["false"]})
    by_kind = {}
    for kind in kinds:
        mine = [j for j in expected if j["expected"] == kind]
        got = sum(j["found"] for j in mine)
        wrong = sum(kind in j["false"] for j in judged)
        by_kind[kind] = {
            "cases": len(mine),
            "recall": got / len(mine) if mine else None,
            "precision": got / (got + wrong) if got + wrong else None,
        }
    return {
        "faulty": len(expected),
        "healthy": len(judged) - len(expected),
        "recall": hits / len(expected) if expected else None,
        "precision": hits / (hits + false) if hits + false else None,
        "healthy_with_an_alarm": len(alarmed),
        "cause_right": sum(causes) / len(causes) if causes else None,
        "by_kind": by_kind,
    }
