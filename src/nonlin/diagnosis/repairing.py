"""Changes that should mend a finding, the one with the largest expected effect first."""

from __future__ import annotations

import dataclasses
import json
import math

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, Repair, titled
from nonlin.diagnosis.operations import WITHOUT_GRAPH
from nonlin.diagnosis.remedies import (
    CLIP,
    GATES,
    INITIALISE,
    KEEP,
    LOWER_RATE,
    NORMALISE,
    ORTHOGONAL,
    STANDARDISE,
    STANDARDISE_TARGETS,
    WIDER,
)
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.substitutes import can_pass
from nonlin.diagnosis.unread import THROWN_AWAY

# Of the weights' length: ten times what a step usually is, and none that ruins them.
_SOUND_UPDATE = 0.01


def with_repairs(finding: Finding, run: Run) -> Finding:
    """The finding with the repairs that its cause asks for."""
    lower = _lower(finding)
    repairs = (lower if r is LOWER_RATE else r for r in _repairs(finding, run))
    return dataclasses.replace(finding, repairs=tuple(repairs))


def _lower(finding: Finding) -> Repair:
    """A rate at which the longest step that was seen would have been a sound one."""
    figures = finding.evidence
    seen = figures.get("largest_update", figures.get("largest_update_before"))
    if not isinstance(seen, float) or not math.isfinite(seen) or seen <= 0.1:
        return LOWER_RATE
    power = min(8, math.ceil(math.log10(seen / _SOUND_UPDATE)))
    text = (
        f"Lower the learning rate by a factor of {10**power:,}: the longest step was {seen:.2g} of "
        "the weights' length."
    )
    return Repair("learning-rate", text, {"learning_rate": 10.0**-power})


def _swap(run: Run, layers: tuple[str, ...], new: str) -> Repair:
    names = sorted({s.name for s in run.sites.values() if s.layer in layers})
    swaps = dict.fromkeys(names, new)
    how = f": nonlin.swap(model, {json.dumps(swaps)})" if names else ""
    text = f"Exchange {', '.join(names) or 'the activation'} for {new}{how}."
    return Repair("activation", text, {"swap": swaps})


def _repairs(finding: Finding, run: Run) -> list[Repair]:
    make = _BY_KIND.get(finding.kind)
    return make(finding, run) if make is not None else []


def _dead(finding: Finding, run: Run) -> list[Repair]:
    leaky = _swap(run, finding.layers, "leaky_relu")
    first = {
        "learning-rate-too-high": [LOWER_RATE],
        "input-scale": [STANDARDISE],
        "target-scale": [STANDARDISE_TARGETS],
        "negative-bias": [
            Repair(
                "initialisation",
                f"Start the biases of {titled(finding.layers[0])} at 0.",
                {"zero_bias": list(finding.layers)},
            )
        ],
        "init-scale": [INITIALISE],
        "depth": [NORMALISE, INITIALISE],
    }.get(finding.cause, [LOWER_RATE])
    rest = [leaky, NORMALISE, LOWER_RATE]
    return first + [r for r in rest if r not in first]


def _saturated(finding: Finding, run: Run) -> list[Repair]:
    first = {
        "input-scale": [STANDARDISE],
        "init-scale": [INITIALISE],
        "bias": [
            Repair("initialisation", "Start the biases at 0.", {"zero_bias": list(finding.layers)})
        ],
        "learning-rate-too-high": [LOWER_RATE],
    }.get(finding.cause, [LOWER_RATE])
    rest = [NORMALISE, _swap(run, finding.layers, "relu"), LOWER_RATE]
    return first + [r for r in rest if r not in first]


def _vanishing(finding: Finding, run: Run) -> list[Repair]:
    layers = tuple(s.layer for s in ev.hidden(run))
    squashing = any(ev.squash(s.record) for s in ev.hidden(run))
    swap = _swap(run, layers, "relu")
    both = dataclasses.replace(
        swap,
        text=swap.text[:-1] + ", and draw the weights to match: nonlin.init.initialize_(model).",
        change={**swap.change, "initialise": True},
    )
    residual = Repair("architecture", "Add residual connections around the layers.", {})
    if finding.cause == "input-scale":
        return [STANDARDISE, NORMALISE]
    if finding.cause == "learning-rate-too-high":
        return [LOWER_RATE, NORMALISE]
    if "moments" in finding.evidence:
        return [KEEP] if finding.evidence["gated"] else [GATES, ORTHOGONAL]
    if squashing:
        # Gradients that no longer vanish ask for shorter steps.
        slower = dataclasses.replace(
            both,
            text=both.text[:-1] + ", at a tenth of the learning rate.",
            change={**both.change, "learning_rate": 0.1},
        )
        return [both, slower, NORMALISE, INITIALISE, residual]
    rest = [] if all(s.name == "relu" for s in ev.hidden(run)) else [both]
    return [INITIALISE, NORMALISE, *rest, residual]


def _exploding(finding: Finding, run: Run) -> list[Repair]:
    if "moments" in finding.evidence:
        return [ORTHOGONAL, GATES, CLIP, LOWER_RATE]
    first = {
        "learning-rate-too-high": [LOWER_RATE, CLIP],
        "input-scale": [STANDARDISE, LOWER_RATE],
        "target-scale": [
            STANDARDISE_TARGETS,
            CLIP,
        ],
        "init-scale": [INITIALISE, NORMALISE],
        "depth": [NORMALISE, INITIALISE],
    }.get(finding.cause, [LOWER_RATE])
    return first + [r for r in (CLIP, LOWER_RATE, NORMALISE) if r not in first]


def _non_finite(finding: Finding, run: Run) -> list[Repair]:
    if finding.cause == "input":
        text = "Remove or fill the NaN and infinities in the data."
        return [Repair("input", text, {"fill_inputs": True})]
    if finding.cause == "dtype":
        return [WIDER]
    if finding.cause in ("loss", "operation"):
        return [
            Repair(
                "code",
                "Keep logarithms, roots and divisions off 0: use the losses that take scores "
                "(cross_entropy, binary_cross_entropy_with_logits), or add an epsilon.",
                {"epsilon": 1e-6},
            ),
            LOWER_RATE,
        ]
    # Whatever drove the numbers up, they fit into another format.
    half = any(p.dtype.itemsize == 2 for p in run.parameters.values())
    return [*([WIDER] if half else []), *_exploding(finding, run)]


def _linear(finding: Finding, run: Run) -> list[Repair]:
    if finding.cause == "unused-bend":
        return [
            _swap(run, finding.layers, "relu"),
            INITIALISE,
            NORMALISE,
        ]
    if "results_thrown_away" in finding.evidence:
        sites = [run.sites[layer] for layer in finding.layers]
        behind = [site.producer for site in sites if site.producer is not None]
        record = sites[0].record
        change: dict[str, object] = {}
        if len(behind) == len(sites) and {site.record for site in sites} == {record}:
            change = {"after": behind, "activation": record.name, "parameters": {**record.bound}}
        text = f"Take the result of {finding.title}: x = f(x), not f(x)."
        return [Repair("code", text, {"insert": change})]
    return [
        Repair(
            "activation",
            f"Put an activation such as nn.ReLU() behind {finding.title}.",
            {"insert": {"after": list(finding.layers[:-1]), "activation": "relu"}},
        )
    ]


def _blocked(finding: Finding, run: Run) -> list[Repair]:
    operation = finding.evidence.get("operation")
    if "parameters" in finding.evidence:
        return [Repair("code", f"Compute with the parameter itself, without {operation}.", {})]
    if operation == WITHOUT_GRAPH:
        return [Repair("code", "Give torch.autograd.grad create_graph=True.", {})]
    if operation == "sample":
        return [Repair("code", "Draw with Normal.rsample(), or mean + deviation * noise.", {})]
    if operation == THROWN_AWAY:
        return [Repair("code", f"Use what {finding.title} returns, or leave the layer out.", {})]
    if "moments" in finding.evidence:
        once = "Detach the state once a step, before its first moment."
        return [Repair("code", once, {"attach": True})]
    if finding.cause == "detach":
        text = (
            f"Remove {operation} from the path behind {finding.title}, or freeze the layers with "
            "requires_grad_(False) if it is meant."
        )
        return [Repair("code", text, {"attach": True} if operation in ("detach", "data") else {})]
    swap = _swap(run, tuple(s.layer for s in run.sites.values() if s.name == operation), "tanh")
    through = Repair(
        "activation",
        f"Give {operation} a surrogate gradient (nonlin.binary_step has one), or pass the "
        "gradient straight through: x + (f(x) - x).detach().",
        {"straight_through": operation} if can_pass(operation) else {},
    )
    return [swap, through] if swap.change["swap"] else [through]


def _output(finding: Finding, run: Run) -> list[Repair]:
    loss, layer = finding.evidence.get("loss"), finding.layer
    if loss == "nll_loss":
        site = run.sites.get(layer)
        if site is not None and site.name == "softmax":
            text = f"Replace {titled(layer)} by nn.LogSoftmax(dim=1), or give cross_entropy scores."
            change = {"loss": "cross_entropy", "remove": [layer]}
            return [Repair("output-layer", text, change)]
        text = "Use cross_entropy, or put nn.LogSoftmax(dim=1) before nll_loss."
        return [Repair("output-layer", text, {"loss": "cross_entropy"})]
    if finding.cause == "broadcast":
        text = "Give outputs and targets one shape: output.squeeze(1), or targets.unsqueeze(1)."
        return [Repair("output-layer", text, {} if loss == "difference" else {"one_shape": True})]
    if loss in ("kl_div", "ctc_loss"):
        return [Repair("output-layer", f"Give {loss} log_softmax(x).", {})]
    if "axis" in finding.evidence:
        return [Repair("output-layer", "Name the axis of the classes: dim=-1.", {})]
    if "axis_length" in finding.evidence:
        text = "Use sigmoid for a single output, with binary_cross_entropy."
        return [Repair("output-layer", text, {"replace": {layer: "sigmoid"}})]
    if "classes" in finding.evidence and finding.evidence["classes"] == 1:
        text = "Use binary_cross_entropy_with_logits for a single score."
        return [Repair("output-layer", text, {})]
    if "activation" in finding.evidence and finding.evidence["activation"] is None:
        text = f"Give {loss} the scores from before they are made probabilities."
        return [Repair("output-layer", text, {})]
    text = f"Remove {titled(layer)}: leave the output linear."
    return [Repair("output-layer", text, {"remove": [layer]})]


def _initial(finding: Finding, run: Run) -> list[Repair]:
    return [INITIALISE, NORMALISE]


def _selu(finding: Finding, run: Run) -> list[Repair]:
    found = finding.evidence["found"]
    made = []
    if "batch-normalisation" in found:
        made.append(
            Repair("normalisation", "Remove the batch normalisation.", {"remove_norm": True})
        )
    if "plain-dropout" in found:
        made.append(
            Repair("code", "Exchange nn.Dropout for nn.AlphaDropout.", {"alpha_dropout": True})
        )
    if "other-initialisation" in found:
        made.append(
            Repair(
                "initialisation",
                "Draw LeCun normal weights, variance 1/fan_in: nonlin.init.initialize_(model).",
                {"initialise": True},
            )
        )
    return [*made, _swap(run, finding.layers, "relu")]


def _underflow(finding: Finding, run: Run) -> list[Repair]:
    return [
        Repair(
            "dtype",
            "Keep the weights in float32 and compute in 16 bits: torch.autocast, with a "
            "torch.amp.GradScaler for float16.",
            {"dtype": "float32"},
        ),
        Repair("learning-rate", "Raise the learning rate.", {"learning_rate": 10.0}),
    ]


_BY_KIND = {
    "dead-units": _dead,
    "saturated-units": _saturated,
    "vanishing-gradient": _vanishing,
    "exploding-gradient": _exploding,
    "non-finite": _non_finite,
    "linear-network": _linear,
    "blocked-gradient": _blocked,
    "output-loss-mismatch": _output,
    "init-mismatch": _initial,
    "selu-misuse": _selu,
    "underflow": _underflow,
}
