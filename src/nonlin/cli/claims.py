"""`nonlin claims`: what teaching texts say about activation functions, put to the test."""

from __future__ import annotations

import json as json_text
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nonlin.errors import NonlinError, require

if TYPE_CHECKING:
    from nonlin.claims import Claim, Result

app = typer.Typer(
    help="What teaching texts say about activation functions, put to the test.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)
Results = Annotated[
    Path | None,
    typer.Option(help="Folder of the full runs that verdicts rest on.", show_default="docs/claims"),
]


@app.callback()
def claims(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
    results: Results = None,
) -> None:
    """List the claims, with verdicts computed from the committed full runs."""
    if context.invoked_subcommand is not None:
        if json or results is not None:
            raise NonlinError(
                f"--json, --results: name them after {context.invoked_subcommand!r}, not before"
            )
        return
    _require()
    from nonlin.claims import judge, list_claims
    from nonlin.cli.output import console
    from nonlin.report.claim_words import to_dict
    from nonlin.report.claims_text import claims_table

    judgements = judge(list_claims(), _usable(list_claims(), results))
    if json:
        told = [to_dict(judgement) for judgement in judgements.values()]
        print(json_text.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
        return
    console().print(claims_table(judgements.values()))


@app.command()
def run(
    which: Annotated[list[str], typer.Argument(help="Numbers of claims, or all.")],
    full: Annotated[
        bool, typer.Option("--full/--quick", help="What verdicts rest on, or a short look.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder that holds MNIST/raw, for those that train on it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path(
        "nonlin-results/claims"
    ),
    workers: Annotated[int, typer.Option(help="Processes that train at a time.")] = 1,
    results: Results = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Run claims and judge them; the same command resumes a run that was stopped.

    A verdict is corrected for all claims, so that it takes account of the full runs in --results.
    """
    _require()
    from nonlin.claims import get_claim, judge, list_claims, run_claim
    from nonlin.claims.execution import check_data
    from nonlin.cli.output import console
    from nonlin.comparison.settings import check_count
    from nonlin.report.claim_words import to_dict
    from nonlin.report.claims_text import claim_view

    check_count("workers", workers)
    if "all" in which and len(which) > 1:
        raise NonlinError("run all: leave out the numbers")
    chosen = list_claims() if which == ["all"] else [get_claim(word) for word in which]
    mode = "full" if full else "quick"
    check_data(chosen, mode, data_dir)
    kept = _usable([claim for claim in list_claims() if claim not in chosen], results)
    for claim in chosen:
        kept[claim.number] = run_claim(
            claim,
            mode,
            data_dir=data_dir,
            out=out,
            workers=workers,
            quiet=quiet or json,
        )
        if not json:
            console().print(claim_view(judge(list_claims(), kept)[claim.number]))
    judgements = judge(list_claims(), kept)
    told = [to_dict(judgements[claim.number]) for claim in chosen]
    if json:
        print(json_text.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(f"results: {out}{os.sep}")


@app.command()
def page(
    results: Results = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the pages.", show_default="that of the results")
    ] = None,
) -> None:
    """Write a page and a picture for every claim, and the table, from the full runs."""
    _require()
    from nonlin.claims import judge, list_claims, read_results
    from nonlin.claims.results import committed_folder
    from nonlin.report.claim_page import write_pages

    folder = _existing(results)
    found = read_results(list_claims(), folder)
    target = out or folder or committed_folder()
    target.mkdir(parents=True, exist_ok=True)
    written = write_pages(target, judge(list_claims(), found), found)
    print(f"{len(written)} files: {target / 'README.md'}")


def _usable(claims: Sequence[Claim], results: Path | None) -> dict[int, Result]:
    """The full runs there are; one that cannot be used is named, and counts as not run."""
    from nonlin.claims import read_results

    refused: list[str] = []
    found = read_results(claims, _existing(results), refused)
    for message in refused:
        print(f"nonlin: {message}", file=sys.stderr)
    return found


def _existing(results: Path | None) -> Path | None:
    from nonlin.claims.results import committed_folder

    folder = results or committed_folder()
    if not folder.is_dir():
        asked = "--results" if results else "the committed results"
        raise NonlinError(
            f"{asked}: no folder {folder}; name one that holds NN.json: --results DIR"
        )
    return results


def _require() -> None:
    for module in ("torch", "pandas", "mpmath"):
        require(module, "lab", "nonlin claims")
