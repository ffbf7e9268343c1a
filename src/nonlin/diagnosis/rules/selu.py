"""SELU without what it was derived for."""

from __future__ import annotations

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Batch normalisation, plain dropout or weights that are not LeCun's around SELU."""
    sites = [s for s in ev.hidden(run) if s.name == "selu"]
    if not sites:
        return []
    wrong: dict[str, list[str]] = {}
    figures: dict[str, object] = {}
    producers = {s.producer for s in sites}
    for site in sites:
        if site.batch_normalised:
            wrong.setdefault("batch-normalisation", []).append(site.layer)
        if site.plain_dropout:
            wrong.setdefault("plain-dropout", []).append(site.layer)
    variances = {}
    for weight, parameter in ev.weights_in_order(run):
        reads = weight.reads
        if reads is not None and reads.name == "selu" and weight.reads_normalised:
            wrong.setdefault("batch-normalisation", []).append(reads.layer)
        if weight.layer in producers:
            # gain_of(selu) is 1, so that this is fan_in·variance but for the input's layer.
            gain = ev.gain_of(reads.record if reads is not None else None)
            variance = (ev.initial_scale(weight, parameter) * gain) ** 2
            if not limits.selu_low <= variance <= limits.selu_high:
                variances[weight.layer] = variance
    if variances:
        wrong["other-initialisation"] = list(variances)
        figures["fan_in_times_variance"] = variances
    if not wrong:
        return []
    cause = next(iter(wrong))
    layers = tuple(dict.fromkeys(layer for names in wrong.values() for layer in names))
    told = {
        "batch-normalisation": "batch normalisation",
        "plain-dropout": "plain dropout instead of AlphaDropout",
        "other-initialisation": "weights that are not LeCun's (variance 1/fan_in)",
    }
    return [
        Finding(
            kind="selu-misuse",
            severity="warning",
            layer=layers[0],
            cause=cause,
            since_step=0,
            summary=f"SELU keeps mean 0 and deviation 1 by itself, but not with "
            f"{' and '.join(told[w] for w in wrong)}.",
            evidence={"found": {k: list(dict.fromkeys(v)) for k, v in wrong.items()}, **figures},
            layers=layers,
            threshold=limits.threshold("selu_low") if variances else None,
        )
    ]
