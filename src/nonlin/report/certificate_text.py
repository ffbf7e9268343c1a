"""A certificate as text for the terminal."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from nonlin.certification.certificate import Certificate

WIDTH = 110


def certificate_view(certificate: Certificate) -> RenderableType:
    """A certificate as something that rich prints."""
    rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column()
    for words, value in summary(certificate):
        rows.add_row(words, Text(value))
    head = Text.assemble(
        (certificate.title, "bold"),
        f" judged as {certificate.reference} in {certificate.dtype}, {certificate.framework}"
        f" on {certificate.device}",
    )
    return Group(head, rows, _checks(certificate))


def certificate_text(certificate: Certificate, width: int = WIDTH) -> str:
    """A certificate as plain text."""
    target = io.StringIO()
    Console(file=target, width=width, color_system=None).print(certificate_view(certificate))
    return "\n".join(line.rstrip() for line in target.getvalue().rstrip().splitlines())


def summary(certificate: Certificate) -> list[tuple[str, str]]:
    """The figures that come first, a name and a text each."""
    c = certificate
    rows = [
        ("inputs", f"{c.n:,}: {c.inputs}"),
        ("largest error", f"{ulps(c.max_ulp)} at x = {c.worst.x!r}: {pair(c)}"),
    ]
    if c.mixed_ulp != c.max_ulp:
        rows.append(
            (
                "mixed measure",
                f"{ulps(c.mixed_ulp)} at x = {c.mixed_worst.x!r}, {c.mixed_words}",
            )
        )
    undecided = f" ({c.undecided:,} too near a tie to tell)" if c.undecided else ""
    rows.append(("not correctly rounded", f"{count(c.not_rounded, c.n)}{undecided}"))
    rows += [
        (f"above {limit} ULP", count(n, c.n))
        for limit, n in ((1, c.above_1), (2, c.above_2), (10, c.above_10))
    ]
    rows += [
        (f.kind.replace("_", " "), f"{f.n:,}, x from {f.low:.6g} to {f.high:.6g}: {f.words}")
        for f in c.failures
    ]
    rows += [("exception", text) for text in c.raised]
    rows.append(("reference", trust(c)))
    if c.route:
        rows.append(("gradient by", c.route))
    rows.append(("versions", ", ".join(f"{name} {v}" for name, v in c.versions.items())))
    rows.append(("machine", ", ".join(c.machine.values())))
    rows.append(("time", f"{c.seconds:.1f} s"))
    return rows


def ulps(error: float) -> str:
    """An error with its unit.

    Example:
        >>> ulps(16777216.0), ulps(0.5001)
        ('1.6777e+07 ULP', '0.5001 ULP')
    """
    return f"{error:.5g} ULP"


def count(n: int, of: int) -> str:
    """A number with its share."""
    if n == 0:
        return "none"
    share = n / of if of else math.nan
    return f"{n:,} ({100 * share:.3g} %)"


def pair(certificate: Certificate) -> str:
    """Result and true result at the worst input."""
    worst = certificate.worst
    return f"{worst.got:.9g} instead of {worst.true:.9g}"


def trust(certificate: Certificate) -> str:
    """How far the reference was checked."""
    t = certificate.trust
    told = f"{t.words}; {t.checks:,} points checked"
    if t.relative_error:
        told += f", largest error {t.relative_error:.2g} ({t.ulp:.1g} ULP of {certificate.dtype})"
    told += f"; {t.rejudged} extreme figures judged again by mpmath"
    return told + (f", {t.disagreements} differently" if t.disagreements else ", all the same")


def _checks(certificate: Certificate) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="single points and repeated calls")
    table.title_justify = "left"
    table.add_column("what", no_wrap=True)
    table.add_column("got", justify="right")
    table.add_column("right", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("note")
    for p in certificate.points:
        mark = "ok" if p.good else "wrong"
        table.add_row(f"x = {p.x!r}", f"{p.got:.9g}", f"{p.right:.9g}", mark, p.words)
    for r in certificate.repeats:
        mark = "ok" if not r.differing else "changes"
        if not r.tried:
            mark = "–"
        table.add_row(r.words, f"{r.differing:,} differ", "0", mark, r.note)
    return table


def side_by_side(certificates: list[Certificate]) -> RenderableType:
    """Several implementations of one function in a table."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for certificate in certificates:
        table.add_column(certificate.title, justify="right", overflow="fold")
    for words, values in compared(certificates):
        table.add_row(words, *values)
    first = certificates[0]
    head = f"{first.reference} in {first.dtype}; {first.n:,} inputs: {first.inputs}"
    return Group(Text(head), table)


def compared(certificates: list[Certificate]) -> list[tuple[str, list[str]]]:
    """Rows of figures that put certificates side by side."""
    cs = certificates
    rows = [
        ("largest error", [ulps(c.max_ulp) for c in cs]),
        ("at x =", [f"{c.worst.x!r}" for c in cs]),
        ("mixed measure", [ulps(c.mixed_ulp) for c in cs]),
        ("not correctly rounded", [count(c.not_rounded, c.n) for c in cs]),
        ("above 1 ULP", [count(c.above_1, c.n) for c in cs]),
        ("above 2 ULP", [count(c.above_2, c.n) for c in cs]),
        ("above 10 ULP", [count(c.above_10, c.n) for c in cs]),
    ]
    kinds = dict.fromkeys(f.kind for c in cs for f in c.failures)
    rows += [(kind.replace("_", " "), [f"{c.count(kind):,}" for c in cs]) for kind in kinds]
    wrong = [", ".join(repr(p.x) for p in c.points if not p.good) or "none" for c in cs]
    changes = [", ".join(r.words for r in c.repeats if r.differing) or "none" for c in cs]
    return [
        *rows,
        ("wrong at single points", wrong),
        ("changes with", changes),
        ("called through", [f"{c.framework} on {c.device}" for c in cs]),
        ("time", [f"{c.seconds:.1f} s" for c in cs]),
    ]
