"""nonlin: activation functions, defined exactly, measured, compared fairly.

>>> import nonlin
>>> round(nonlin.mish(1.0), 12)
0.865098388267
>>> round(nonlin.mish.derivative(0.0), 12)
0.6
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from nonlin.activation import Activation
from nonlin.choices import precision, saving
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.functions import get, list_activations
from nonlin.parameter import Parameter

if TYPE_CHECKING:
    from nonlin import init as init
    from nonlin import nn as nn
    from nonlin import signal as signal
    from nonlin import testing as testing
    from nonlin.certification import Certificate as Certificate
    from nonlin.certification import certify as certify
    from nonlin.comparison import compare as compare
    from nonlin.comparison import open_results as open_results
    from nonlin.defining import define as define
    from nonlin.defining import parse as parse
    from nonlin.diagnosis import check as check
    from nonlin.diagnosis import watch as watch
    from nonlin.nn import swap as swap
    from nonlin.signal import propagate as propagate

__version__ = "0.1.0"

# These load when they are first named, so that importing nonlin loads no framework and is quick.
_LAZY = {
    "Certificate": "nonlin.certification",
    "certify": "nonlin.certification",
    "check": "nonlin.diagnosis",
    "compare": "nonlin.comparison",
    "define": "nonlin.defining",
    "open_results": "nonlin.comparison",
    "parse": "nonlin.defining",
    "propagate": "nonlin.signal",
    "swap": "nonlin.nn",
    "watch": "nonlin.diagnosis",
}
_MODULES = ("nn", "init", "signal", "testing")

__all__ = [
    "Activation",
    "Facts",
    "NonlinError",
    "Parameter",
    "get",
    "list_activations",
    "precision",
    "saving",
    *_LAZY,
    *list_activations(),
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    try:
        return get(name)
    except NonlinError:
        raise AttributeError(f"module 'nonlin' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
