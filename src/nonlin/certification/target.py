"""What is judged: a function of anyone's, found by name, called on arrays it accepts."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.certification.frameworks import FRAMEWORKS, NumPy, open_framework
from nonlin.certification.ulp import Format
from nonlin.errors import NonlinError
from nonlin.usercode import resolve

# Tried in turn: a function that raises at some inputs is still found to accept others.
_PROBES = ((-2.0, -0.5, 0.75, 3.0), (0.75,), (1.0,), (0.0,), (-1.0,), (8.0,))


@dataclass(frozen=True)
class Target:
    """A function, or its gradient, on bit patterns.

    Attributes:
        text: how the user named it.
        arguments: keywords it is called with.
        framework: how it is called.
        form: the format of input and result.
        order: 0 for the value, 1 for the gradient.
        route: how the gradient is taken, in words; empty for the value.
        call: from an array of the framework to one.
    """

    text: str
    arguments: Mapping[str, Any]
    framework: NumPy
    form: Format
    order: int
    route: str
    call: Callable[[Any], Any] = field(repr=False)

    def __str__(self) -> str:
        return spelled(self.text, self.arguments)

    def evaluate(self, patterns: np.ndarray) -> np.ndarray:
        """Bits of the results at inputs given as bits.

        Raises:
            NonlinError: the result is no array, or has another shape or dtype.
        """
        return self.finish(self.call(self.put(patterns)), len(patterns))

    def put(self, patterns: np.ndarray) -> Any:
        """Inputs as an array of the framework."""
        return self.framework.put(patterns.view(self.form.stored))

    def finish(self, result: Any, count: int) -> np.ndarray:
        """Bits of what the function returned for `count` inputs."""
        if not self.framework.owns(result):
            raise NonlinError(
                f"{self}: returns a {type(result).__name__}; "
                f"allowed: an array of {self.framework.name}, like the input"
            )
        if tuple(result.shape) != (count,):
            raise NonlinError(
                f"{self}: returns shape {tuple(result.shape)} for shape ({count},); "
                "allowed: the shape of the input"
            )
        got = self.framework.dtype_of(result)
        if got != self.form.name:
            raise NonlinError(
                f"{self}: returns {got} for {self.form.name}; allowed: the dtype of the input"
            )
        return self.framework.get(result).view(self.form.bits)


def spelled(text: str, arguments: Mapping[str, Any]) -> str:
    """A function's name with its arguments, as one would write the call."""
    if not arguments:
        return text
    return f"{text}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def read_arguments(pairs: list[str]) -> dict[str, Any]:
    """Keywords from ``key=value`` texts; a value that is no Python literal is a string.

    Example:
        >>> read_arguments(["approximate=tanh", "negative_slope=0.2", "inplace=False"])
        {'approximate': 'tanh', 'negative_slope': 0.2, 'inplace': False}
    """
    arguments = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise NonlinError(f"--arg {pair!r}; allowed: key=value, such as approximate=tanh")
        try:
            arguments[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            arguments[key] = value
    return arguments


def open_target(
    function: str | Callable[..., Any],
    form: Format,
    order: int = 0,
    *,
    arguments: Mapping[str, Any] | None = None,
    framework: str | None = None,
    device: str = "cpu",
    backward: str | Callable[..., Any] | None = None,
) -> Target:
    """Find a function and the way to call it.

    Args:
        function: ``module:function``, or the function itself; a class is made with the
            arguments, and its object called.
        form: the format of input and result.
        order: 0 for the value, 1 for the gradient.
        arguments: keywords of every call.
        framework: ``numpy``, ``torch`` or ``jax``; found by trying when None.
        device: ``cpu`` or ``cuda``.
        backward: what computes the gradient, called with (x, gradient of the value) or (x),
            or its ``module:function``; when None, the function's ``derivative``, or the
            framework's own differentiation.

    Raises:
        NonlinError: it cannot be found, accepts no array, or has no gradient.
        UserCodeError: its module cannot be imported.
    """
    arguments = dict(arguments or {})
    text = function if isinstance(function, str) else _described(function)
    found: Any = resolve(function, "target") if isinstance(function, str) else function
    if not callable(found):
        raise NonlinError(f"target: got a {type(found).__name__}; allowed: a function")
    name = spelled(text, arguments)
    if inspect.isclass(found):
        try:
            found, bound = found(**arguments), {}
        except Exception as error:
            raise NonlinError(f"{name}: cannot be made: {_first_line(error)}") from None
    else:
        bound = arguments
    whole = partial(found, **bound) if bound else found
    chosen = _find_framework(name, found, whole, form, framework, device)
    route, call = "", chosen.prepare(whole)
    if order:
        if isinstance(backward, str):
            backward = resolve(backward, "--backward")
        route, call = _gradient(name, found, whole, bound, chosen, backward)
    target = Target(text, arguments, chosen, form, order, route, call)
    with chosen.session():
        _probe(target)
    return target


def _described(function: Callable[..., Any]) -> str:
    if isinstance(function, Activation):
        return f"nonlin:{function!r}"
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', type(function).__module__)}:{name}"


def _find_framework(
    name: str,
    found: Any,
    whole: Callable[..., Any],
    form: Format,
    framework: str | None,
    device: str,
) -> NumPy:
    if framework is not None:
        return open_framework(framework, form, device)
    # Where the function comes from says which to try first, and no more.
    origin = getattr(found, "__module__", None) or type(found).__module__
    home = origin.partition(".")[0]
    if home not in FRAMEWORKS and type(found).__module__.startswith("torch"):
        home = "torch"
    order = sorted(FRAMEWORKS, key=lambda known: known != home)
    refusals = []
    for known in order:
        try:
            opened = open_framework(known, form, device)
            with opened.session():
                result = _first_accepted(lambda p, o=opened: whole(o.put(p)), form)
        except Exception as error:
            refusals.append(f"{known}: {type(error).__name__}: {_first_line(error)}")
            continue
        for other in (opened, *(o for o in _loaded(form, device) if o.name != known)):
            if other.owns(result):
                return other
        return opened
    raise NonlinError(f"{name}: accepts no array of {form.name}; {'; '.join(refusals)}")


def _loaded(form: Format, device: str) -> list[NumPy]:
    """Frameworks that can be opened: a function may answer in another one than it was asked."""
    opened = []
    for known in FRAMEWORKS:
        try:
            opened.append(open_framework(known, form, device))
        except NonlinError:
            continue
    return opened


def _gradient(
    name: str,
    found: Any,
    whole: Callable[..., Any],
    bound: Mapping[str, Any],
    framework: NumPy,
    backward: Callable[..., Any] | None,
) -> tuple[str, Callable[[Any], Any]]:
    if backward is not None:
        if _positional(backward) == 1:
            return "the backward given, called with x", backward
        given = backward
        return (
            "the backward given, called with x and ones",
            lambda x: given(x, framework.ones_like(x)),
        )
    derivative = getattr(found, "derivative", None)
    if callable(derivative):
        return "its derivative", framework.prepare(partial(derivative, **bound))
    gradient = framework.gradient(whole)
    if gradient is None:
        raise NonlinError(
            f"{name}: NumPy differentiates nothing; give --backward module:function, "
            "called with x and the gradient of the value"
        )
    words = {"torch": "torch.autograd", "jax": "jax.vjp"}
    return words[framework.name], framework.prepare(gradient)


def _positional(function: Callable[..., Any]) -> int:
    """How many positional arguments a function needs; 2 where it does not say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    needed = [
        p
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    return len(needed)


def _probe(target: Target) -> None:
    """Call the target once, so that what it never accepts is told before a sweep begins."""
    try:
        _first_accepted(lambda x: target.evaluate(x.view(target.form.bits)), target.form)
    except NonlinError:
        raise
    except Exception as error:
        raise NonlinError(
            f"{target}: does not accept an array of {target.framework.name} in "
            f"{target.form.name}: {type(error).__name__}: {_first_line(error)}"
        ) from None


def _first_accepted(call: Callable[[np.ndarray], Any], form: Format) -> Any:
    """What a function returns for the first array that it does not raise at."""
    first: Exception | None = None
    for numbers in _PROBES:
        try:
            return call(form.patterns(np.array(numbers)).view(form.stored))
        except NonlinError:
            raise
        except Exception as error:
            first = first or error
    assert first is not None
    raise first


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")
