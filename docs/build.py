"""Write the pages of the catalogue: an index, and a page per record from the record alone.

python docs/build.py [FOLDER]
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
from markupsafe import Markup

import nonlin
from nonlin import functions
from nonlin.activation import Activation
from nonlin.facts import Facts
from nonlin.properties import PROPERTIES
from nonlin.report import description as say
from nonlin.report import page
from nonlin.report.activation_page import Surroundings, render
from nonlin.report.pictures import thumbnail
from nonlin.report.templates import environment

HERE = Path(__file__).parent
DEFAULT = HERE.parent / "build" / "docs"
PLOTLY, INDEX = "plotly.min.js", "index.html"
COLUMNS = ("range", "smoothness", "monotone", "minimum", "mean", "variance")


def build(target: Path) -> list[Path]:
    """Write all pages into a folder.

    Args:
        target: the folder; made if it is not there.

    Returns:
        The files, the index first.
    """
    records = [nonlin.get(name) for name in nonlin.list_activations()]
    target.mkdir(parents=True, exist_ok=True)
    (target / PLOTLY).write_text(page.plotly_script(), encoding="utf-8")
    written = [target / INDEX]
    written[0].write_text(_index(records), encoding="utf-8")
    names = [None, *(record.name for record in records), None]
    for before, record, after in zip(names, records, names[2:], strict=False):
        around = Surroundings(
            plotly_file=PLOTLY,
            index=INDEX,
            previous=before,
            following=after,
            about=inspect.getdoc(_module_of(record)) or "",
            example=_example(record),
        )
        written.append(target / f"{record.name}.html")
        written[-1].write_text(render([record], around), encoding="utf-8")
    return written


def _index(records: Sequence[Activation]) -> str:
    templates = environment(HERE)
    templates.filters["formula"] = say.formula_html
    rows = [
        {
            "record": record,
            "picture": Markup(thumbnail(record)),
            "facts": [say.fact_in_words(record.facts, name, digits=4) for name in COLUMNS],
            "properties": [name for name, item in PROPERTIES.items() if item.of(record)],
        }
        for record in records
    ]
    held = {name for row in rows for name in row["properties"]}
    return page.build(
        templates.get_template("index.html.j2"),
        styles=(HERE / "index.css",),
        scripts=(HERE / "index.js",),
        interactive=False,
        rows=rows,
        labels=[say.label(name) for name in COLUMNS],
        properties=[item for item in PROPERTIES.values() if item.name in held],
        version=nonlin.__version__,
    )


def _module_of(record: Activation) -> ModuleType:
    """The module that defines a record: of its name, or the one its formula stands in."""
    found = [
        module
        for info in pkgutil.iter_modules(functions.__path__)
        for module in [importlib.import_module(f"{functions.__name__}.{info.name}")]
        if any(value is record for value in vars(module).values())
    ]
    home = getattr(record.value, "__module__", "")

    def rank(module: ModuleType) -> tuple[bool, bool]:
        return not module.__name__.endswith(f"._{record.name}"), module.__name__ != home

    return min(found, key=rank)


def _example(record: Activation) -> str:
    """Lines for a reader to try, with what they print."""
    if isinstance(record.facts, Facts):
        x = np.array([-1.0, 0.0, 1.0])
    else:
        # Any length does unless the outputs are fewer than the inputs.
        ratio = Fraction(getattr(record.facts, "ratio", 1))
        x = np.arange(1.0, max(3, ratio.denominator) // ratio.denominator * ratio.denominator + 1)
    name = f"nonlin.{record.name}"
    return "\n".join(
        [
            ">>> import nonlin, numpy as np",
            f">>> x = np.{x!r}",
            f">>> {name}(x).round(6)",
            repr((record(x) + 0.0).round(6)),
            f">>> {name}.derivative(x).round(6)",
            repr((record.derivative(x) + 0.0).round(6)),
            f">>> nonlin.nn.{record.class_name}()  # the PyTorch module",
        ]
    )


if __name__ == "__main__":
    pages = build(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
    print(f"{len(pages)} pages: {pages[0]}")
