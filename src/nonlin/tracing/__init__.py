"""One forward pass, written down: which layers and activations ran, and what each of them read."""

from nonlin.errors import require

require("torch", "torch", "nonlin.tracing")

from nonlin.tracing.api import trace as trace  # noqa: E402 (it imports torch)
from nonlin.tracing.api import unchanged as unchanged  # noqa: E402
from nonlin.tracing.steps import Flow as Flow  # noqa: E402
from nonlin.tracing.steps import Step as Step  # noqa: E402
from nonlin.tracing.steps import Trace as Trace  # noqa: E402
