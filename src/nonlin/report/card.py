"""A record in a notebook: a small card with a picture."""

from __future__ import annotations

import html
from functools import cache
from typing import Any

from nonlin.activation import Activation
from nonlin.curves import HELD
from nonlin.errors import MissingExtraError, require
from nonlin.facts import Facts
from nonlin.report import description as say

# What a function is not has no place on a card.
_UNSAID = ("no", "none", "no side", say.MISSING)


def card(record: Activation) -> str:
    """HTML of a few kilobytes, without scripts, that says what the record is.

    Args:
        record: any activation.

    Returns:
        An element for a notebook; without matplotlib it says what brings the picture.
    """
    try:
        template = _template()
    except MissingExtraError as error:
        return f"<pre>{html.escape(repr(record))}</pre><p>{html.escape(str(error))}</p>"
    picture, missing = None, ""
    try:
        from nonlin.report.pictures import svg

        picture = svg([record])
    except MissingExtraError as error:
        missing = str(error)
    markup = require("markupsafe", "plot", "a card").Markup
    facts = say.facts_in_words(record, digits=4)
    return template.render(
        record=record,
        picture=picture and markup(picture),
        missing=missing,
        held="" if isinstance(record.facts, Facts) else say.number(HELD),
        facts=[(label, text) for label, text in facts.items() if text not in _UNSAID],
    )


@cache
def _template() -> Any:
    require("jinja2", "plot", "a card")
    from nonlin.report.templates import environment

    templates = environment()
    templates.filters["formula"] = say.formula_html
    return templates.get_template("card.html.j2")
