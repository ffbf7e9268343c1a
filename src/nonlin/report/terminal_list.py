"""The catalogue in the terminal: `nonlin list`."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from nonlin.activation import Activation
from nonlin.report import description as say

_ROOMY, _WIDE = 100, 150
_LISTED = ("range", "smoothness", "monotone")
_LISTED_IF_WIDE = ("minimum", "mean", "variance")


def list_table(records: Sequence[Activation], width: int) -> Table:
    """One line for each activation; a narrow terminal leaves facts to `nonlin show`.

    Args:
        records: what is listed.
        width: characters in a line.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", no_wrap=True)
    if width >= _ROOMY:
        table.add_column("aliases", style="dim", overflow="fold", max_width=24)
    table.add_column("formula", overflow="fold")
    facts = [*_LISTED, *(_LISTED_IF_WIDE if width >= _WIDE else ())]
    for name in facts:
        table.add_column(say.label(name), no_wrap=True)
    for record in records:
        # What is stated is enough for most columns, and spares the integrals.
        known = record.facts if width >= _WIDE else record.facts_of(**record.bound)
        aliases = [", ".join(record.aliases)] if width >= _ROOMY else []
        told = [say.fact_in_words(known, name, digits=4) for name in facts]
        table.add_row(*map(Text, [record.name, *aliases, record.text, *told]))
    return table
