"""New activations from a Python formula or from text, with all that a record brings."""

from nonlin.defining.from_formula import define
from nonlin.defining.from_text import parse, parse_definition

__all__ = ["define", "parse", "parse_definition"]
