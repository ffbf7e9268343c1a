"""A record in words, and as JSON: what terminal, page, notebook and docs all say of it."""

from __future__ import annotations

import dataclasses
import html
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nonlin.activation import Activation
from nonlin.conventions import FRAMEWORKS, Convention, kink_choice
from nonlin.facts import Kink, Range
from nonlin.parameter import Parameter
from nonlin.properties import PROPERTIES
from nonlin.sources import SOURCES

MISSING = "–"
_QUADRATURE = 12
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TAGS = re.compile(r"S(\d)(?: to S(\d))?")


@dataclass(frozen=True)
class Offer:
    """An activation as one framework has it.

    Attributes:
        framework: the framework.
        call: what a user writes.
        differences: defaults that are not the record's, and slopes taken at kinks.
        note: a difference that a user meets.
        wrong: where its results are far from the true ones.
    """

    framework: str
    call: str
    differences: str
    note: str
    wrong: str


def number(value: float, digits: int = 6) -> str:
    """A number with its own minus sign, to a few significant digits.

    Example:
        >>> number(-0.16997120747990366), number(float("-inf")), number(2.0), number(1e-9)
        ('−0.169971', '−∞', '2', '1e−09')
    """
    if math.isnan(value):
        return MISSING
    text = f"{value:.{digits}g}"
    return text.replace("-", "−").replace("inf", "∞")


def label(fact: str) -> str:
    """What a table calls a fact.

    Example:
        >>> label("lipschitz")
        'steepest slope'
    """
    return _FACTS[fact][0] if fact in _FACTS else fact.replace("_", " ")


def facts_in_words(record: Activation, digits: int = 6) -> dict[str, str]:
    """Label and text of every fact, for a table; what is only said when true has no row.

    Args:
        record: the activation.
        digits: significant digits of numbers.

    Example:
        >>> import nonlin
        >>> facts_in_words(nonlin.elu)["range"]
        '(−1, ∞)'
    """
    facts = record.facts
    stated = [item.name for item in dataclasses.fields(facts)]
    derived = [name for name in _FACTS if isinstance(getattr(type(facts), name, None), property)]
    names = [name for name in _FACTS if name in (*stated, *derived)]
    # A fact without words of its own is still said.
    names += [name for name in stated if name not in _FACTS]
    told = {label(name): fact_in_words(facts, name, digits) for name in names}
    return {name: text for name, text in told.items() if text}


def fact_in_words(facts: Any, name: str, digits: int = 6) -> str:
    """One fact as text; a dash where it has no meaning."""
    if not hasattr(facts, name):
        return MISSING
    return (_FACTS[name][1] if name in _FACTS else _plain)(getattr(facts, name), digits)


def offers(record: Activation) -> list[Offer]:
    """The record's conventions, framework by framework."""
    known = [name for name in FRAMEWORKS if name in record.conventions]
    return [_offer(record, name, record.conventions[name]) for name in known]


def formula_html(text: str) -> str:
    """A formula for a page: escaped, with ``^{…}`` raised.

    Example:
        >>> formula_html("e^{−x} < 1")
        'e<sup>−x</sup> &lt; 1'
    """
    raised = re.sub(r"\^\{([^{}]*)\}", r"<sup>\1</sup>", html.escape(text))
    return _Safe(raised)


class _Safe(str):
    """Text that templates need not escape any more."""

    def __html__(self) -> str:
        return self


def contract_in_words(record: Activation) -> str:
    """The error bound of the formulas."""
    contract = record.contract
    if math.isinf(contract.value_ulp):
        return "nothing is promised"
    text = f"value within {number(contract.value_ulp)} ULP, "
    text += f"derivative within {number(contract.derivative_ulp)} ULP"
    if contract.tail_ulp:
        text += f"; {number(contract.tail_ulp)} ULP more for each factor e below 1"
    return text


def setting_in_words(name: str, value: Any) -> str:
    """A parameter with its value, as ``alpha = 0.2``."""
    return f"{name} = {number(value) if isinstance(value, int | float) else value}"


def parameter_in_words(record: Activation, parameter: Parameter) -> str:
    """What a parameter does, what it may be, and whether it can be learned."""
    text = f"{parameter.meaning}; {parameter.domain}"
    if parameter.name in record.learned:
        text += "; learned"
    elif parameter.derivative is not None:
        text += "; can be learned"
    if record.bound[parameter.name] != parameter.default:
        text += f" (default {_plain(parameter.default, 6)})"
    return text


def sources_of(record: Activation) -> dict[str, str]:
    """The public texts that the references name by tags such as S1, in full.

    Example:
        >>> import nonlin
        >>> list(sources_of(nonlin.elu))
        ['S1', 'S2', 'S4', 'S5']
    """
    found: set[str] = set()
    for reference in record.references:
        for first, last in _TAGS.findall(reference):
            found |= {f"S{i}" for i in range(int(first), int(last or first) + 1)}
    return {tag: text for tag, text in SOURCES.items() if tag in found}


def as_json(record: Activation) -> dict[str, Any]:
    """Everything a record says, as JSON values; ±∞ and NaN are the texts inf, -inf and nan.

    Example:
        >>> import nonlin
        >>> as_json(nonlin.relu)["facts"]["range"]
        {'low': 0.0, 'high': 'inf', 'low_reached': True, 'high_reached': False}
    """
    facts = _json(record.facts)
    if hasattr(record.facts, "saturating_sides"):
        facts["saturating_sides"] = list(record.facts.saturating_sides)
    return {
        "name": record.name,
        "record": repr(record),
        "aliases": list(record.aliases),
        "module": f"nonlin.nn.{record.class_name}",
        "formula": record.text,
        "derivative": record.identity,
        "parameters": [
            {
                "name": parameter.name,
                "value": _json(record.bound[parameter.name]),
                "default": _json(parameter.default),
                "meaning": parameter.meaning,
                "domain": parameter.domain,
                "learnable": parameter.derivative is not None,
                "learned": parameter.name in record.learned,
            }
            for parameter in record.parameters
        ],
        "ordered": [list(pair) for pair in record.ordered],
        "at_kink": record.at_kink,
        "draws": record.draws,
        "facts": facts,
        "properties": {name: item.of(record) for name, item in PROPERTIES.items()},
        "conventions": {
            name: {**_json(convention), "slopes_at_kinks": _slopes(record, name)}
            for name, convention in record.conventions.items()
        },
        "contract": _json(record.contract),
        "references": list(record.references),
    }


def _json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        names = [item.name for item in dataclasses.fields(value)]
        return {name: _json(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _offer(record: Activation, framework: str, convention: Convention) -> Offer:
    call = convention.call
    if convention.arguments:
        given = ", ".join(f"{key}={value!r}" for key, value in convention.arguments.items())
        call += f"(x, {given})"
    differences = [setting_in_words(name, v) for name, v in convention.parameters.items()]
    slopes = _slopes(record, framework)
    for at, slope in slopes.items():
        differences.append(f"f′({number(float(at))}) = {number(slope)}")
    return Offer(framework, call, ", ".join(differences), convention.note, convention.wrong)


def _slopes(record: Activation, framework: str) -> dict[str, float]:
    """What a framework takes for the derivative at the kinks, if frameworks differ in it."""
    kinks = record.bind(**record.conventions[framework].parameters).kinks
    differ = any(kink.jax not in (None, kink.torch) for kink in record.kinks)
    choice = kink_choice(framework)
    return {repr(kink.at): kink.slope(choice) for kink in kinks} if differ else {}


def _plain(value: Any, digits: int) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, int | float):
        return number(value, digits)
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item, digits) for item in value) or "none"
    return str(value)


def _integral(value: float, digits: int) -> str:
    """Without the rounding that quadrature leaves beside a zero."""
    return number(round(value, _QUADRATURE) + 0.0, digits)


def _range(value: Range, digits: int) -> str:
    left = "[" if value.low_reached else "("
    right = "]" if value.high_reached else ")"
    return f"{left}{number(value.low, digits)}, {number(value.high, digits)}{right}"


def _smoothness(value: float, digits: int) -> str:
    if value == math.inf:
        return "smooth"
    if value < 0:
        return "jumps"
    return f"C{number(value)}".translate(_SUPERSCRIPT)


def _kinks(kinks: tuple[Kink, ...], digits: int) -> str:
    told = [
        f"x = {number(kink.at, digits)} (slope {number(kink.left, digits)} to "
        f"{number(kink.right, digits)}, {number(kink.torch, digits)} taken)"
        for kink in kinks
    ]
    return ", ".join(told) or "none"


def _ends(pair: tuple[float, float], digits: int) -> str:
    return f"{number(pair[0], digits)} and {number(pair[1], digits)}"


def _minimum(value: tuple[float, float] | None, digits: int) -> str:
    if value is None:
        return MISSING
    return f"{number(value[1], digits)} at x = {number(value[0], digits)}"


def _sides(sides: tuple[str, ...], digits: int) -> str:
    return " and ".join(sides) or "no side"


def _said_if_true(text: str) -> Callable[[Any, int], str]:
    return lambda value, digits: text if value else ""


_FACTS: dict[str, tuple[str, Callable[[Any, int], str]]] = {
    "range": ("range", _range),
    "smoothness": ("smoothness", _smoothness),
    "kinks": ("kinks", _kinks),
    "monotone": ("monotone", _plain),
    "minimum": ("minimum", _minimum),
    "limits": ("value at −∞, ∞", _ends),
    "slope_limits": ("slope at −∞, ∞", _ends),
    "slope_at_zero": ("slope at 0", _plain),
    "lipschitz": ("steepest slope", _plain),
    "saturating_sides": ("saturates on", _sides),
    "mean": ("mean, x ~ N(0, 1)", _integral),
    "variance": ("variance, x ~ N(0, 1)", _integral),
    "zero_centred": ("zero-centred", _plain),
    "self_gated": ("self-gated", _plain),
    "roots": ("roots", _plain),
    "homogeneous": ("homogeneous, degree", _plain),
    "polynomial": ("polynomial", _plain),
    "surrogate": ("derivative", _said_if_true("a stand-in for back-propagation")),
    "measured": ("facts", _said_if_true("measured on a grid, not proven")),
    "shift_invariant": ("f(x + c) = f(x)", _plain),
    "sums_to_one": ("outputs sum to 1", _plain),
    "ratio": ("outputs per input", _plain),
}
