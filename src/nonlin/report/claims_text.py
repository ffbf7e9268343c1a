"""Claims in the terminal: the table, and one claim with its parts."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from nonlin.claims.judging import Judgement
from nonlin.report import claim_words as say

_COLOURS = {"holds": "green", "does not hold": "red", "not run": "dim"}


def claims_table(judgements: Iterable[Judgement]) -> Table:
    """A line for each claim."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("claim", overflow="fold", ratio=3)
    table.add_column("in", no_wrap=True)
    table.add_column("verdict", overflow="fold", ratio=2)
    for judgement in judgements:
        claim = judgement.claim
        table.add_row(
            str(claim.number),
            Text(claim.title),
            " ".join(claim.sources),
            Text(say.verdict_line(judgement), style=_COLOURS.get(judgement.verdict, "")),
        )
    return table


def claim_view(judgement: Judgement) -> Group:
    """A claim, its verdict in two sentences, and every part."""
    claim = judgement.claim
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("measured", "effect", "outcome"):
        table.add_column(column, overflow="fold")
    for finding in judgement.findings:
        cells = (finding.part.name, say.effect(finding), finding.outcome)
        table.add_row(*map(Text, cells))
    quick = judgement.mode == "quick"
    warning = "A quick run: enough to see that it works, not to judge the claim (--full)."
    return Group(
        Text(f"{claim.number}. {claim.statement}", style="bold"),
        *(Text(sentence) for sentence in say.sentences(judgement)),
        *([Text(warning, style="yellow")] if quick else []),
        table,
        *([Text(claim.notes, style="dim")] if claim.notes else []),
    )
