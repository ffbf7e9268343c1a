"""`nonlin compare`: which activation should my network use?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nonlin.activation import Activation
from nonlin.errors import NonlinError, require

if TYPE_CHECKING:
    from nonlin.comparison import Comparison


def compare(
    data: Annotated[
        str,
        typer.Option(
            help="digits, mnist1d, mnist, text:FILE, table:FILE.csv|.parquet, or module:function."
        ),
    ],
    activations: Annotated[
        str, typer.Option(help="Names separated by commas, such as 'relu,swish(beta=1.5)'.")
    ] = "relu,leaky_relu,elu,gelu,swish,mish,tanh,sigmoid",
    define: Annotated[
        list[str] | None,
        typer.Option(
            help="An activation of your own, such as 'bent=(sqrt(x*x+1)-1)/2+x' or "
            "'gate=x*sigmoid(b*x), b=1.0' (b is trained); repeatable."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="mlp, cnn, transformer, or module:function; the usual one for the data."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="What the others are compared with; relu if it is there.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks trained for each activation.")] = 5,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training rows.", show_default="by size")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Rows in a step.")] = 64,
    block: Annotated[int, typer.Option(help="Characters in a row, for text.")] = 64,
    learning_rates: Annotated[
        str | None,
        typer.Option(
            help="Rates each activation chooses from; one rate is taken as it is.",
            show_default="five of the optimizer",
        ),
    ] = None,
    optimizer: Annotated[str, typer.Option(help="adam or sgd.")] = "adam",
    init: Annotated[
        str | None,
        typer.Option(
            help="matched (to the activation) or default (the model's own).",
            show_default="matched; default for your own model",
        ),
    ] = None,
    depth: Annotated[int, typer.Option(help="Hidden layers, convolutions or blocks.")] = 4,
    width: Annotated[int, typer.Option(help="Units, channels or embedding size.")] = 64,
    norm: Annotated[str, typer.Option(help="none, batch or layer.")] = "none",
    residual: Annotated[
        bool, typer.Option("--residual", help="Add each hidden layer's input to its output.")
    ] = False,
    replace: Annotated[
        str | None, typer.Option(help="Which activation of your model is exchanged.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict, for tables.")] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification, regression or language.", show_default="inferred"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder that holds MNIST/raw, for mnist.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="Difference that does not matter, in the metric's unit.",
            show_default="0.005 of accuracy, 2 % of the target's deviation, 0.01 bits",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that share the work.", show_default="all cores")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the results.", show_default="nonlin-results/..."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only the answer.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="The answer as JSON on standard output.")
    ] = False,
) -> int:
    """Train networks that differ only in their activation, and say which is better.

    Finished networks are kept in --out: the same command again resumes, more --seeds add to
    them.
    """
    require("torch", "lab", "nonlin compare")
    from nonlin import comparison

    result = comparison.compare(
        data,
        _activations(activations, define or []),
        out=out,
        workers=_cores() if workers is None else workers,
        quiet=quiet or json,
        model=model,
        baseline=baseline,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        block=block,
        learning_rates=_rates(learning_rates),
        optimizer=optimizer,
        init=init,
        depth=depth,
        width=width,
        norm=norm,
        residual=residual,
        replace=replace,
        target=target,
        task=task,
        data_dir=data_dir,
        margin=margin,
    )
    report = result.save_report()
    _show(result, report, quiet, json)
    return 1 if result.failed_runs else 0


def _cores() -> int:
    """Cores this process may use; macOS and Windows tell only how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _activations(text: str, definitions: list[str]) -> tuple[Activation, ...] | str:
    """The activations that are named, those of --define among them."""
    from nonlin.defining import parse_definition
    from nonlin.naming import parse_activations

    defined: dict[str, Activation] = {}
    for definition in definitions:
        record = parse_definition(definition)
        if record.name in defined:
            raise NonlinError(f"--define: {record.name} is defined twice; name each once")
        defined[record.name] = record
    records = parse_activations(text, defined)
    for name in defined.keys() - {record.name for record in records}:
        raise NonlinError(f"--define: {name} is not used; name it among --activations")
    return records


def _rates(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").split(",") if part.strip())
    except ValueError:
        raise NonlinError(
            f"--learning-rates {text!r}; allowed: numbers separated by commas, such as 1e-3,3e-3"
        ) from None


def _show(result: Comparison, report: Path, quiet: bool, json: bool) -> None:
    from rich.console import Console

    from nonlin.report.terminal import WIDTH, leaderboard_table

    if json:
        print(result.to_json())
        return
    if not quiet:
        for note in [result.data_summary, *result.notes]:
            print(note, file=sys.stderr)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(leaderboard_table(result, console.width))
    print(f"report: {report}")
