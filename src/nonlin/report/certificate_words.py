"""What a certificate says, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nonlin.certification.certificate import Certificate


def headline(certificate: Certificate) -> tuple[str, list[str]]:
    """A title and a few sentences that say how wrong a function is.

    Example:
        >>> import nonlin
        >>> headline(nonlin.certify(nonlin.relu, dtype="float16"))[0]
        'Every result is exact'
    """
    c = certificate
    sentences = []
    if c.not_rounded:
        share = f"{100 * c.not_rounded / c.n:.3g} %"
        sentences.append(
            f"The largest error is {c.max_ulp:.5g} ULP at x = {c.worst.x!r}, where the result is "
            f"{c.worst.got:.9g} and the true one {c.worst.true:.9g}; {share} of the inputs tried "
            "are not rounded correctly."
        )
    sentences += [_told(c, kind, words) for kind, words in _WORDS.items() if c.count(kind)]
    wrong = [f"{point.x!r}" for point in c.points if not point.good]
    if wrong:
        sentences.append(f"It is wrong at x = {', '.join(wrong)}.")
    changes = [repeat.words for repeat in c.repeats if repeat.differing]
    if changes:
        sentences.append(f"Its results change with the {', the '.join(changes)}.")
    if not sentences:
        sentences.append("Nothing else was found.")
    return _title(c), sentences


_WORDS = {
    "false_zeros": "It is exactly 0 at {n} inputs whose true result is a normal number",
    "flushed": "It is 0 at {n} inputs whose true result is subnormal",
    "wrong_signs": "It has the wrong sign at {n} inputs",
    "spurious_nans": "It is NaN at {n} finite inputs",
    "spurious_infinities": "It is infinite at {n} inputs whose true result is finite",
    "missed_overflows": "It is finite at {n} inputs whose true result overflows",
    "out_of_range": "It leaves the function's range at {n} inputs",
    "not_monotone": "It falls at {n} inputs though the function never does",
    "raised": "It raises an exception at {n} inputs",
    "unjudged": "At {n} inputs the reference does not settle",
}


def _told(c: Certificate, kind: str, words: str) -> str:
    failure = next(f for f in c.failures if f.kind == kind)
    where = f"x from {failure.low:.6g} to {failure.high:.6g}"
    if failure.low == failure.high:
        where = f"x = {failure.low!r}"
    told = words.format(n=f"{failure.n:,}")
    if failure.n == 1:
        told = told.replace("inputs", "input")
    return f"{told}, {where}."


def _title(c: Certificate) -> str:
    if c.max_ulp == 0 and not c.failures:
        return "Every result is exact"
    if not c.not_rounded and not c.failures:
        return "Every result is the correctly rounded one"
    return f"Wrong by up to {c.max_ulp:.5g} ULP"
