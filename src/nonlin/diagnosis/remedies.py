"""Repairs that several findings share."""

from __future__ import annotations

from nonlin.diagnosis.finding import Repair

LOWER_RATE = Repair("learning-rate", "Lower the learning rate tenfold.", {"learning_rate": 0.1})
CLIP = Repair(
    "clipping",
    "Clip the gradient's norm: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).",
    {"clip": 1.0},
)
STANDARDISE = Repair(
    "input",
    "Standardise the inputs: subtract their mean, divide by their standard deviation.",
    {"standardise": True},
)
STANDARDISE_TARGETS = Repair("input", "Standardise the targets.", {"standardise_targets": True})
NORMALISE = Repair(
    "normalisation",
    "Normalise before the activations: nn.LayerNorm, or nn.BatchNorm behind convolutions.",
    {"normalise": True},
)
WIDER = Repair(
    "dtype",
    "Use bfloat16, or float16 with a torch.amp.GradScaler.",
    {"dtype": "float32"},
)
INITIALISE = Repair(
    "initialisation",
    "Draw the weights to match the activations: nonlin.init.initialize_(model).",
    {"initialise": True},
)
GATES = Repair(
    "architecture",
    "Keep the state behind gates, which pass gradient over many moments: nn.GRU or nn.LSTM.",
    {},
)
KEEP = Repair(
    "initialisation",
    "Draw the bias of the gate so that it keeps the state at first: 1 to 3 for a forget gate, "
    "−1 to −3 for an update gate that takes up the new state; the longer the memory, the further.",
    {},
)
ORTHOGONAL = Repair(
    "initialisation",
    "Draw the weights from state to state orthogonal, which keeps lengths: "
    "torch.nn.init.orthogonal_(layer.weight_hh_l0).",
    {},
)
