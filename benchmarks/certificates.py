"""Certificates of PyTorch's, JAX's and nonlin's functions, and the table of them.

    python benchmarks/certificates.py [--only NAME ...] [--maker NAME ...] [--dtype NAME ...]
                                      [--exhaustive] [--table]

What is certified follows from the records: every elementwise one as PyTorch and JAX offer it
(``conventions``), and nonlin's own. Certificates that are there for the same versions are kept,
so that an interrupted run goes on where it was. Written to docs/certificates/.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nonlin
from nonlin.activation import Activation
from nonlin.backends import native
from nonlin.certification import Certificate
from nonlin.choices import Precision
from nonlin.facts import Facts

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "certificates"
README = FOLDER.parent.parent / "README.md"
# float64 has too many inputs to try them all; so many are judged by polynomials.
SAMPLES = {"float32": 1 << 18, "float64": 10_000_000}
# Tried at all 2^32 inputs beside the native kernels; each takes minutes.
EXHAUSTIVE = {
    ("gelu", "torch", 0),
    ("silu", "torch", 0),
    ("mish", "torch", 0),
    ("mish", "torch", 1),
    ("log_sigmoid", "torch", 0),
}
VARIANTS = (("float32", 0), ("float32", 1), ("bfloat16", 0))
# Where nonlin has a kernel.
KERNELS = (
    *VARIANTS,
    ("bfloat16", 1),
    ("float16", 0),
    ("float16", 1),
    ("float64", 0),
    ("float64", 1),
)
MAKERS = {"torch": "PyTorch", "jax": "JAX", "nonlin": "nonlin", "fast": "nonlin, fast"}


@dataclass(frozen=True)
class Job:
    """One certificate to make."""

    record: Activation
    maker: str
    text: str
    arguments: dict[str, Any]
    dtype: str
    order: int

    @property
    def exhaustive(self) -> bool:
        if self.dtype != "float32":
            return False
        if self.maker == "nonlin":
            return _has_kernel(self.record, "exact")
        return self.maker == "fast" or (self.record.name, self.maker, self.order) in EXHAUSTIVE

    @property
    def path(self) -> Path:
        kind = "gradient" if self.order else "value"
        return FOLDER / self.maker / f"{self.record.name}.{kind}.{self.dtype}.json"


def _has_kernel(record: Activation, precision: Precision) -> bool:
    """Whether nonlin computes the record's float32 by a kernel of its own in that precision."""
    with nonlin.precision(precision):
        call = native.find(record, "float32")
    return call is not None and call.kernel.precision == precision


def jobs(only: list[str]) -> Iterator[Job]:
    """All certificates, record by record, so that a reference is fitted once."""
    for name in nonlin.list_activations():
        record = nonlin.get(name)
        if not isinstance(record.facts, Facts) or (only and name not in only):
            continue
        for dtype, order in KERNELS if _has_kernel(record, "exact") else VARIANTS:
            if order and record.facts.surrogate:
                continue
            if (dtype, order) not in VARIANTS:
                yield Job(record, "nonlin", f"nonlin:{name}", {}, dtype, order)
                continue
            for maker in ("torch", "jax"):
                convention = record.conventions.get(maker)
                if convention is None or "[" in convention.call:
                    continue
                module, _, function = convention.call.rpartition(".")
                yield Job(
                    record.bind(**convention.parameters),
                    maker,
                    f"{module}:{function}",
                    dict(convention.arguments),
                    dtype,
                    order,
                )
            yield Job(record, "nonlin", f"nonlin:{name}", {}, dtype, order)
            if dtype == "float32" and _has_kernel(record, "fast"):
                yield Job(record, "fast", f"nonlin:{name}", {"precision": "fast"}, dtype, order)


def make(job: Job, exhaustive: bool) -> Certificate:
    """Certify, on PyTorch tensors where the function is nonlin's."""
    return nonlin.certify(
        job.text,
        job.record,
        job.dtype,
        job.order,
        arguments=job.arguments,
        framework="jax" if job.maker == "jax" else "torch",
        exhaustive=exhaustive,
        samples=None if exhaustive else SAMPLES.get(job.dtype),
        quiet=not sys.stderr.isatty(),
    )


def kept(job: Job, exhaustive: bool) -> Certificate | None:
    """The certificate that is there, if versions are still the same and it tried as much."""
    if not job.path.exists():
        return None
    found = Certificate.from_json(job.path.read_text("utf-8"))
    wanted = SAMPLES.get(job.dtype, 0)
    # A tenth less, because a sample leaves out what it drew twice.
    same = found.exhaustive or (not exhaustive and found.n >= 0.9 * wanted)
    for package, recorded in found.versions.items():
        if package in ("nonlin", "torch", "jax"):
            same &= version(package).partition("+")[0] == recorded.partition("+")[0]
    return found if same else None


def write_table(folder: Path = FOLDER) -> None:
    """The table of all certificates as Markdown, to docs/certificates/README.md."""
    found: dict[tuple[str, str, int], dict[str, Certificate]] = {}
    for path in sorted(folder.glob("*/*.json")):
        certificate = Certificate.from_json(path.read_text("utf-8"))
        name = path.name.partition(".")[0]
        key = (name, certificate.dtype, certificate.order)
        found.setdefault(key, {})[path.parent.name] = certificate
    lines = [
        "# Certificates",
        "",
        "Largest error in ULP of the correctly rounded result, and in brackets the share of the",
        "inputs tried that are off by more than 1 ULP. **Bold**: all inputs were tried; else a",
        "stratified sample. *mixed*: the largest error by the mixed measure, where it differs;",
        "it counts in larger units around zeros of the gradient. † results 0 where the true one",
        "is a normal number; ‡ NaN where it is finite; ≠ results that change with the array's",
        "length, position or alignment.",
        "Made by `make certificates` with "
        + ", ".join(f"{k} {v}" for k, v in sorted(_versions(found).items()))
        + ".",
    ]
    for dtype, order in KERNELS:
        kind = "gradient" if order else "value"
        lines += ["", f"## {dtype}, {kind}", ""]
        lines.append("| function | " + " | ".join(MAKERS.values()) + " |")
        lines.append("| --- |" + " --- |" * len(MAKERS))
        for name in sorted({key[0] for key in found if key[1:] == (dtype, order)}):
            row = found[name, dtype, order]
            cells = [_cell(row.get(maker), maker, name, kind, dtype) for maker in MAKERS]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_excerpt(readme: Path = README, folder: Path = FOLDER) -> None:
    """Put rows of exhaustive certificates into the README, between its marks."""
    lines = [
        "| all 2³² float32 inputs | largest error | at x = | above 1 ULP | 0 instead of a number |",
        "| --- | --- | --- | --- | --- |",
    ]
    for path in sorted(folder.glob("*/*.float32.json")):
        c = Certificate.from_json(path.read_text("utf-8"))
        # PyTorch's that are all tried, and ours beside them.
        if not c.exhaustive or (path.name.partition(".")[0], "torch", c.order) not in EXHAUSTIVE:
            continue
        maker = MAKERS[path.parent.name]
        package = "nonlin" if path.parent.name == "fast" else path.parent.name
        zeros = c.count("false_zeros") + c.count("flushed")
        lines.append(
            f"| [{maker} {c.versions[package].partition('+')[0]} {c.reference}"
            f"{' gradient' if c.order else ''}]({path.relative_to(readme.parent).as_posix()}) | "
            f"{_figure(c.max_ulp)} ULP | {c.worst.x:.6g} | {c.above_1:,} | {zeros:,} |"
        )
    text = readme.read_text("utf-8")
    before, start, rest = text.partition("<!-- certificates -->\n")
    _, end, after = rest.partition("<!-- /certificates -->")
    if start and end:
        table = "\n".join(lines) + "\n"
        readme.write_text(f"{before}{start}{table}{end}{after}", encoding="utf-8")


def _figure(error: float) -> str:
    return f"{error:.3g}" if error < 1000 else f"{error:.4e}".replace("e+0", "e")


def _versions(found: dict[Any, dict[str, Certificate]]) -> dict[str, str]:
    wanted = ("torch", "jax", "nonlin")
    all_versions = [c.versions for row in found.values() for c in row.values()]
    return {k: v[k] for v in all_versions for k in wanted if k in v}


def _cell(c: Certificate | None, maker: str, name: str, kind: str, dtype: str) -> str:
    if c is None:
        return "–"
    marks = "†" * bool(c.count("false_zeros")) + "‡" * bool(c.count("spurious_nans"))
    marks += "≠" * any(r.differing for r in c.repeats)
    error = f"{c.max_ulp:.3g}" if c.max_ulp < 1000 else f"{c.max_ulp:.2g}"
    share = f" ({100 * c.above_1 / c.n:.2g} %)" if c.above_1 else ""
    figure = f"**{error}**" if c.exhaustive else error
    if c.order and c.mixed_ulp < 0.99 * c.max_ulp:
        share = f", *mixed* {c.mixed_ulp:.3g}{share}"
    return f"[{figure}]({maker}/{name}.{kind}.{dtype}.json){share}{' ' + marks if marks else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of records")
    parser.add_argument("--maker", choices=MAKERS, nargs="*", default=list(MAKERS))
    parser.add_argument("--dtype", nargs="*", default=["bfloat16", "float16", "float32", "float64"])
    parser.add_argument("--exhaustive", action="store_true", help="all inputs, where it matters")
    parser.add_argument("--table", action="store_true", help="only write the table anew")
    options = parser.parse_args()
    todo = [] if options.table else list(jobs(options.only))
    todo = [job for job in todo if job.maker in options.maker and job.dtype in options.dtype]
    for place, job in enumerate(todo, start=1):
        exhaustive = job.exhaustive and options.exhaustive
        if kept(job, exhaustive) is not None:
            continue
        try:
            certificate = make(job, exhaustive)
        except nonlin.NonlinError as error:
            print(f"{job.path.name}, {job.maker}: {error}", file=sys.stderr)
            continue
        certificate.save(job.path)
        print(
            f"[{place}/{len(todo)}] {certificate.title} {job.dtype}: {certificate.max_ulp:.5g} ULP "
            f"({certificate.seconds:.0f} s)",
            flush=True,
        )
    write_table()
    write_excerpt()


if __name__ == "__main__":
    main()
