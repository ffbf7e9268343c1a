"""From a tally to a certificate; every extreme figure is judged again by mpmath."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from nonlin.certification import exact
from nonlin.certification.certificate import Binade, Certificate, Failure, Trust, Worst
from nonlin.certification.fitting import Ruler
from nonlin.certification.inputs import Inputs, hard_points
from nonlin.certification.judging import NEAR_ZERO, Law
from nonlin.certification.probing import probe_points, probe_repeats
from nonlin.certification.reference import Reference
from nonlin.certification.tally import FAILURES, LIMITS, Tally
from nonlin.certification.target import Target
from nonlin.certification.ulp import CROSSING, LOWEST, ulp

_VERIFIED = 200


def conclude(
    target: Target,
    reference: Reference,
    law: Law,
    inputs: Inputs,
    tally: Tally,
    *,
    raised: tuple[str, ...],
    threads: int,
    versions: dict[str, str],
    machine: dict[str, str],
    began: float,
) -> Certificate:
    """Make the certificate of a finished sweep.

    Args:
        target: what was judged.
        reference: the true results.
        law: what the results were held to.
        inputs: which inputs were tried.
        tally: what was counted.
        raised: exceptions, in a line each.
        threads: threads to try for whether they change results.
        versions: of the packages that took part.
        machine: what it ran on.
        began: when it began, by ``time.perf_counter``.
    """
    form, record = target.form, reference.record
    sums = {name: int(counts.sum()) for name, counts in tally.counts.items()}
    slot = int(tally.worst.argmax())
    worst = _worst(target, reference, tally.worst_at[slot], tally.worst_got[slot])
    mixed_slot = int(tally.mixed.argmax())
    mixed = _mixed(target, reference, law, tally.mixed_at[mixed_slot], tally.mixed[mixed_slot])
    rejudged, disagreements = _rejudge(target, reference, tally, worst)
    with target.framework.session():
        tried = _tried(inputs, tally)
        points = tuple(probe_points(target, reference))
        repeats = tuple(probe_repeats(target, tried, threads))
    checks, relative = _verify(reference, inputs)
    above = [sums[f"above_{place}"] for place in range(len(LIMITS))]
    return Certificate(
        target=target.text,
        arguments=dict(target.arguments),
        framework=target.framework.name,
        device=target.framework.place,
        reference=repr(record),
        definition=record.text,
        dtype=form.name,
        order=target.order,
        route=target.route,
        inputs=inputs.words,
        exhaustive=inputs.exhaustive,
        n=sums["n"],
        max_ulp=float(tally.worst[slot]),
        worst=worst,
        mixed_ulp=float(tally.mixed[mixed_slot]),
        mixed_worst=mixed,
        mixed_words=_mixed_words(law),
        not_rounded=above[0],
        undecided=sums["undecided"],
        above_1=above[1],
        above_2=above[2],
        above_10=above[3],
        failures=_failures(tally),
        raised=raised,
        points=points,
        repeats=repeats,
        binades=_binades(target, tally),
        trust=Trust(
            words=_trust_words(reference.ruler, form.width),
            checks=checks,
            relative_error=relative,
            ulp=relative * 2.0 ** (form.precision - 1),
            rejudged=rejudged,
            disagreements=disagreements,
        ),
        versions=versions,
        machine=machine,
        seconds=round(time.perf_counter() - began, 1),
    )


def _number(target: Target, pattern: Any) -> float:
    bits = np.array([int(pattern)]).astype(target.form.bits)
    return float(target.form.numbers(bits)[0])


def _worst(target: Target, reference: Reference, at: Any, got: Any) -> Worst:
    x, result = _number(target, at), _number(target, got)
    true = reference.true(x)
    return Worst(x=x, got=result, true=float(true), ulp=_ulp(target, result, true))


def _ulp(target: Target, got: float, true: Any) -> float:
    """Error by mpmath, in ULP of the correctly rounded result."""
    form = target.form
    rounded = form.round(np.array([float(true)]))[0]
    if not math.isfinite(rounded) or not math.isfinite(got):
        rounded = math.copysign(form.largest, float(true))
        if not math.isfinite(got):
            got = math.copysign(form.largest, got)
            true = max(min(true, form.largest), -form.largest)
    unit = float(ulp(np.array(rounded), form.name))
    return float(abs(exact.mp.mpf(got) - true) / unit)


def _mixed(target: Target, reference: Reference, law: Law, at: Any, error: float) -> Worst:
    x = _number(target, at)
    true = reference.true(x)
    with target.framework.session():
        try:
            got = _number(target, target.evaluate(target.form.patterns(np.array([x])))[0])
        except Exception:
            got = math.nan
    return Worst(x=x, got=got, true=float(true), ulp=float(error))


def _rejudge(target: Target, reference: Reference, tally: Tally, worst: Worst) -> tuple[int, int]:
    """Judge by mpmath the worst input of each binade and the ends of each failure."""
    count = disagreements = 0
    slots = np.argsort(-tally.worst)[:40]
    for slot in slots:
        if tally.worst[slot] <= 0.5 + 2.0**-20:
            continue
        found = _worst(target, reference, tally.worst_at[slot], tally.worst_got[slot])
        count += 1
        if not math.isclose(found.ulp, tally.worst[slot], rel_tol=1e-6, abs_tol=1e-6):
            disagreements += 1
    for kind in ("false_zeros", "flushed"):
        extent = tally.failures.get(kind)
        for x in (extent.low, extent.high) if extent else ():
            count += 1
            rounded = abs(target.form.round(np.array([float(reference.true(x))]))[0])
            normal = rounded >= target.form.smallest_normal
            disagreements += int(rounded == 0 or bool(normal) != (kind == "false_zeros"))
    return count, disagreements


def _tried(inputs: Inputs, tally: Tally) -> np.ndarray:
    """Inputs at which results are asked for again: a spread of all, and the worst."""
    generator = np.random.default_rng(5)
    form = inputs.form
    parts = [tally.worst_at[tally.worst > 0].astype(form.bits)[:256]]
    bent = np.concatenate([generator.uniform(-12, 12, 700), generator.uniform(-120, 120, 200)])
    parts.append(form.patterns(bent))
    places = generator.integers(0, inputs.chunks, 128)
    for place in places.tolist():
        at = int(generator.integers(0, inputs.size(place)))
        parts.append(inputs.part(place, at, at + 1))
    patterns = np.concatenate(parts)
    return np.unique(patterns[np.isfinite(form.numbers(patterns))])


def _failures(tally: Tally) -> tuple[Failure, ...]:
    return tuple(
        Failure(
            kind=kind,
            words=words,
            n=tally.failures[kind].count,
            low=tally.failures[kind].low,
            high=tally.failures[kind].high,
        )
        for kind, words in FAILURES.items()
        if kind in tally.failures
    )


def _binades(target: Target, tally: Tally) -> tuple[Binade, ...]:
    form, half = target.form, tally.binades // 2
    found = []
    for slot in np.flatnonzero(tally.counts["n"]).tolist():
        field = slot % half
        found.append(
            Binade(
                negative=slot >= half,
                exponent=max(field, 1) - 1 + LOWEST[form.name],
                subnormal=field == 0,
                n=int(tally.counts["n"][slot]),
                # To the digits of a drawing; the largest of all is kept whole.
                max_ulp=float(f"{tally.worst[slot]:.7g}"),
                at=_number(target, tally.worst_at[slot]),
                above_half=int(tally.counts["above_0"][slot]),
                above_1=int(tally.counts["above_1"][slot]),
            )
        )
    return tuple(found)


def _verify(reference: Reference, inputs: Inputs) -> tuple[int, float]:
    """Hold the reference to the definition at random and at hard points, afresh."""
    ruler = reference.ruler
    if ruler.form.width < inputs.form.width:
        return inputs.total, 0.0
    generator = np.random.default_rng()
    random = inputs.form.patterns(
        np.concatenate(
            [
                generator.uniform(-20, 20, _VERIFIED // 2),
                np.ldexp(generator.uniform(1, 2, _VERIFIED // 2), generator.integers(-20, 7))
                * generator.choice([-1.0, 1.0], _VERIFIED // 2),
            ]
        )
    )
    hard = inputs.form.patterns(np.array(hard_points(reference.record, inputs.form)))
    form = ruler.form
    x = np.unique(inputs.form.numbers(np.concatenate([random, hard]))).astype(form.stored)
    kinks = [kink.at for kink in reference.record.kinks] if reference.order else []
    x = x[np.isfinite(x) & ~np.isin(x.astype(np.float64), kinks)]
    patterns = np.sort(x.view(form.bits))
    patterns = patterns[np.isin(patterns >> form.bits.type(form.shift), inputs.binades(form))]
    wide = patterns.view(form.stored).astype(np.float64)
    got, scratch = np.empty(len(wide), ruler.number), np.empty(len(wide), ruler.number)
    with np.errstate(all="ignore"):
        reference.fill(patterns, wide, got, scratch)
    errors = [
        ruler.relative_error(g, reference.true(v))
        for g, v in zip(got, wide.tolist(), strict=True)
        if not math.isnan(g)
    ]
    return reference.checks + len(errors), max([reference.error, *errors])


def _trust_words(ruler: Ruler, width: int) -> str:
    if width > ruler.form.width:
        return (
            "the definition by mpmath at 256 bits and more, as the sum of two float64 numbers, "
            "at every input"
        )
    kept = "float64" if ruler.number is np.float64 else "80 bits"
    return (
        f"polynomials in {kept} fitted to the definition by mpmath at 256 bits and more; "
        f"relative error at most {ruler.allowed:.1e} where checked, true results below "
        f"{exact.mp.nstr(exact.mp.ldexp(1, ruler.tiny), 1)} taken as 0"
    )


def _mixed_words(law: Law) -> str:
    places = []
    if law.zero_at_zero:
        places.append(f"in ULP of x for |x| ≤ {NEAR_ZERO:g}, beside the zero at 0")
    places += [
        f"in ULP of {CROSSING:g} for x from {low:.6g} to {high:.6g}, around a zero"
        for low, high in law.crossings
    ]
    if not places:
        return "no zero is near: the same as in ULP of the result"
    return f"in ULP of the result or, where that is larger, {'; '.join(places)}"
