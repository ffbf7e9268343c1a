"""Activations in the terminal: `nonlin show`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nonlin.activation import Activation
from nonlin.curves import HELD, curves_of
from nonlin.errors import MissingExtraError
from nonlin.facts import Facts
from nonlin.report import description as say
from nonlin.report.looks import assign_looks
from nonlin.report.terminal_plot import plot

_LABEL = 22
# A column of facts is no narrower, so that several functions fill as many tables as needed.
_FACTS = 15
_ROOMY = 100


def show(records: Sequence[Activation], console: Console) -> None:
    """Print what the records say, and draw them over one another.

    Args:
        records: one activation or several.
        console: where to; its width decides what stands beside what.
    """
    curves = curves_of(records)
    coloured = console.is_terminal and not console.no_color
    for record in records:
        console.print(_formulas(record))
    try:
        console.print(plot(curves, assign_looks(c.name for c in curves), console.width, coloured))
    except MissingExtraError as error:
        # The facts are worth reading without it, and it is said what is missing.
        console.print(Text(str(error), "yellow"))
    if any(not isinstance(record.facts, Facts) for record in records):
        held = say.number(HELD)
        console.print(Text(f"of a vector, one input moves and the others are {held}", "dim"))
    for part in _facts(records, console.width):
        console.print(_part("Facts", part))
    for record in records:
        of = f" of {record!r}" if len(records) > 1 else ""
        for title, part in _sections(record):
            console.print(_part(title + of, part))
    if sources := {tag: text for record in records for tag, text in say.sources_of(record).items()}:
        rows = _grid(4)
        for tag, text in sorted(sources.items()):
            rows.add_row(tag, text)
        console.print(_part("Sources", rows))


def _formulas(record: Activation) -> RenderableType:
    head = Text(repr(record), "bold")
    if record.aliases:
        head.append(f"  also {', '.join(record.aliases)}", "not bold dim")
    rows = _grid(6)
    rows.add_row("f(x)", Text(record.text))
    rows.add_row("f′(x)", Text(record.identity.removeprefix("f′ = ")))
    return Group(head, Padding(rows, (0, 0, 1, 2), expand=False))


def _facts(records: Sequence[Activation], width: int) -> Iterator[RenderableType]:
    if len(records) == 1:
        yield _pairs(list(say.facts_in_words(records[0]).items()), width)
        return
    beside = max(1, (width - _LABEL - 4) // (_FACTS + 2))
    for start in range(0, len(records), beside):
        told = {repr(r): say.facts_in_words(r) for r in records[start : start + beside]}
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column("", style="dim", no_wrap=True)
        for name in told:
            table.add_column(Text(name))
        for label in dict.fromkeys(label for facts in told.values() for label in facts):
            table.add_row(label, *(Text(f.get(label, say.MISSING)) for f in told.values()))
        yield table


def _pairs(facts: list[tuple[str, str]], width: int) -> Table:
    """Facts in two columns where there is room."""
    if width < _ROOMY:
        rows = _grid(_LABEL)
        for label, text in facts:
            rows.add_row(label, Text(text))
        return rows
    half = (len(facts) + 1) // 2
    rows = Table.grid(padding=(0, 2))
    for style in ("dim", "", "dim", ""):
        rows.add_column(style=style)
    for left, right in zip(facts[:half], [*facts[half:], ("", "")], strict=False):
        rows.add_row(left[0], Text(left[1]), right[0], Text(right[1]))
    return rows


def _sections(record: Activation) -> Iterator[tuple[str, RenderableType]]:
    if record.parameters:
        rows = _grid(_LABEL)
        for parameter in record.parameters:
            rows.add_row(
                Text(say.setting_in_words(parameter.name, record.bound[parameter.name])),
                Text(say.parameter_in_words(record, parameter)),
            )
        yield "Parameters", rows
    if offers := say.offers(record):
        rows = _grid(6)
        for offer in offers:
            call = Text(offer.call)
            call.append(f"  {offer.differences}" if offer.differences else "", "bold")
            lines = [call, Text(offer.note, "dim"), Text(offer.wrong, "yellow")]
            rows.add_row(offer.framework, Text("\n").join(line for line in lines if line))
        yield "Frameworks", rows
    yield "Error in float32", Text(say.contract_in_words(record))
    if record.references:
        yield "References", Text("\n".join(record.references))


def _grid(label: int) -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", min_width=label, no_wrap=True)
    rows.add_column(overflow="fold")
    return rows


def _part(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", "bold"), Padding(body, (0, 0, 0, 2), expand=False))
