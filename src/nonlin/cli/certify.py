"""`nonlin certify`: how wrong is an activation function, exactly?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nonlin.errors import require

if TYPE_CHECKING:
    from nonlin.certification import Certificate


def certify(
    target: Annotated[
        str, typer.Argument(help="module:function, such as torch.nn.functional:gelu.")
    ],
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="The activation it should be, such as gelu or 'leaky_relu(alpha=0.2)'.",
            show_default="by the function's name",
        ),
    ] = None,
    dtype: Annotated[str, typer.Option(help="float16, bfloat16, float32 or float64.")] = "float32",
    order: Annotated[int, typer.Option(help="0 for the value, 1 for the gradient.")] = 0,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Try all 2^32 inputs of float32.")
    ] = False,
    samples: Annotated[
        int | None,
        typer.Option(
            help="Inputs to try.",
            show_default="4,194,304 of float32, 8,192 of float64, all of the 16-bit types",
        ),
    ] = None,
    arg: Annotated[
        list[str] | None, typer.Option(help="key=value for the function; may be repeated.")
    ] = None,
    backward: Annotated[
        str | None,
        typer.Option(help="module:function of the gradient, called with (x, gradient) or (x)."),
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="numpy, torch or jax.", show_default="found by trying")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    compare: Annotated[
        str | None, typer.Option(help="A second module:function, to put beside the first.")
    ] = None,
    compare_arg: Annotated[
        list[str] | None, typer.Option(help="key=value for the second function.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the certificate to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    fail_above: Annotated[
        float | None, typer.Option(help="Exit with 1 where an error exceeds so many ULP.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Parts judged at a time.", show_default="all cores")
    ] = None,
    resume_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for progress, so that an interrupted sweep resumes.",
            show_default="nonlin-results/certify for --exhaustive",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only the answer.")] = False,
) -> int:
    """Measure how wrong an activation function, or its gradient, is.

    Every error is in units of the last place of the correctly rounded result.
    """
    require("mpmath", "lab", "nonlin certify")
    from nonlin.certification import certify as measure
    from nonlin.certification.certificate import check_writable, write
    from nonlin.certification.target import read_arguments

    for path in (json, html):
        check_writable(path)
    found: list[Certificate] = []
    for name, pairs in ((target, arg), (compare, compare_arg)):
        if name is None:
            continue
        found.append(
            measure(
                name,
                # Both are held to the same function.
                as_ or (found[0].reference if found else None),
                dtype,
                order,
                exhaustive=exhaustive,
                samples=samples,
                arguments=read_arguments(pairs or []),
                framework=framework,
                device=device,
                backward=backward,
                threads=threads,
                resume_dir=resume_dir,
                quiet=quiet,
            )
        )
    _show(found)
    if json is not None:
        texts = [certificate.to_json() for certificate in found]
        write(json, texts[0] if len(texts) == 1 else f"[{','.join(texts)}]\n")
        print(f"certificate: {json}")
    if html is not None:
        from nonlin.report.certificate import render

        write(html, render(found))
        print(f"page: {html}")
    return _exit_code(found, fail_above)


def _show(found: list[Certificate]) -> None:
    from rich.console import Console

    from nonlin.report.certificate_text import WIDTH, certificate_view, side_by_side

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(certificate_view(found[0]) if len(found) == 1 else side_by_side(found))


def _exit_code(found: list[Certificate], fail_above: float | None) -> int:
    if fail_above is None:
        return 0
    reasons = [f"{c.title}: {reason}" for c in found for reason in c.exceeds(fail_above)]
    for reason in reasons:
        print(f"nonlin: {reason}", file=sys.stderr)
    return 1 if reasons else 0
