"""For test suites: hold an activation to an error bound in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nonlin.activation import Activation

if TYPE_CHECKING:
    from nonlin.certification import Certificate


def assert_certified(
    function: str | Callable[..., Any],
    as_: str | Activation | None = None,
    *,
    max_ulp: float,
    **options: Any,
) -> Certificate:
    """Fail unless a function holds to a bound at every input tried.

    Args:
        function: ``module:function`` or the function itself, as for :func:`nonlin.certify`.
        as_: the activation it should be.
        max_ulp: the largest error allowed, in ULP of the correctly rounded result.
        **options: of :func:`nonlin.certify`, such as ``dtype="bfloat16"`` or ``order=1``.

    Returns:
        The certificate.

    Raises:
        AssertionError: an error above the bound, NaN or infinity where the true result is
            finite, or an exception; the message says where.
        NonlinError: the function cannot be judged.

    Example:
        >>> import nonlin
        >>> _ = assert_certified(nonlin.relu, "relu", max_ulp=0.5, dtype="float16")
    """
    from nonlin.certification import certify

    certificate = certify(function, as_, **options)
    reasons = certificate.exceeds(max_ulp)
    if reasons:
        raise AssertionError(f"{certificate.title}: {'; '.join(reasons)}")
    return certificate
