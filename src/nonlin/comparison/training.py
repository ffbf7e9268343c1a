"""One training run: a network, from its seed to its figures."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from nonlin.activation import Activation
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.measure import LayerMeasurement, measure_layers
from nonlin.comparison.metrics import align, constant_score, loss_of, metric_value
from nonlin.comparison.models import build_model
from nonlin.comparison.settings import Settings

Phase = Literal["tune", "final"]

# Learning rates are chosen on a seed that no judged network uses.
TUNING_SEED = 1_000_000
_PROBE_ROWS = 256
# Looks at the validation rows and into the layers, spread over the epochs: enough for a
# curve, few enough that they hardly cost time (benchmarks/compare_overhead.py).
_VALIDATIONS = 12
_MEASUREMENTS = 4


@dataclass(frozen=True)
class RunKey:
    """What tells one run from another within a comparison."""

    activation: str
    phase: Phase
    seed: int
    lr: float


@dataclass(frozen=True)
class EpochRecord:
    """Figures of the network after an epoch; epoch 0 is before training."""

    epoch: int
    train_loss: float | None
    validation_loss: float
    validation_metric: float


@dataclass
class RunResult:
    """What came out of a run.

    ``diverged`` is a result: the loss left the finite numbers, and the network scores as the
    best constant prediction. ``failed`` is an error in the user's code or in the library, with
    its traceback.
    """

    key: RunKey
    status: Literal["done", "diverged", "failed"]
    steps: int = 0
    seconds: float = 0.0
    seconds_per_step: float = math.nan
    validation_loss: float = math.nan
    validation_metric: float = math.nan
    test_loss: float = math.nan
    test_metric: float = math.nan
    error: str = ""
    epochs: list[EpochRecord] = field(default_factory=list)
    layers: list[tuple[int, LayerMeasurement]] = field(default_factory=list)


def train(settings: Settings, dataset: Dataset, activation: Activation, key: RunKey) -> RunResult:
    """Train one network and judge it.

    The seed alone decides split, initial draws, order of batches and dropout, so runs of
    different activations with the same seed are paired. A final run looks at the test rows
    once, after its last step; a tuning run never does.

    Args:
        settings: with epochs and batch size filled in.
        dataset: the data.
        activation: the activation under comparison.
        key: seed, learning rate and phase.

    Returns:
        The figures; status ``diverged`` when the loss became NaN or infinite.
    """
    began = time.perf_counter()
    training, validation = dataset.split(key.seed)
    model = build_model(settings, dataset, activation, key.seed)
    run = _Run(settings, dataset, model, key, training, validation)
    result = run.fit()
    result.seconds = time.perf_counter() - began
    return result


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        settings: Settings,
        dataset: Dataset,
        model: nn.Module,
        key: RunKey,
        training: Tensor,
        validation: Tensor,
    ) -> None:
        self.settings, self.dataset, self.model, self.key = settings, dataset, model, key
        self.x, self.y = dataset.x[training], dataset.y[training]
        self.held_out = dataset.x[validation], dataset.y[validation]
        self.loss = loss_of(dataset)
        self.optimizer = make_optimizer(settings.optimizer, model, key.lr)
        self.order = torch.Generator().manual_seed(key.seed)
        self.epochs = settings.epochs or 1
        self.result = RunResult(key, "done")

    def fit(self) -> RunResult:
        torch.manual_seed(self.key.seed)
        looks, probes = spread(self.epochs, _VALIDATIONS), spread(self.epochs, _MEASUREMENTS)
        judged = self.key.phase == "final"
        if judged:
            self._validate(0, None)
            self._measure(0)
        trained = 0.0
        for epoch in range(1, self.epochs + 1):
            began = time.perf_counter()
            train_loss = self._train_epoch()
            trained += time.perf_counter() - began
            self.result.seconds_per_step = trained / self.result.steps
            if not math.isfinite(train_loss):
                return self._diverge(judged)
            if epoch == self.epochs or (judged and epoch in looks):
                self._validate(epoch, train_loss)
            if judged and epoch in probes:
                self._measure(epoch)
        return self._finish(judged)

    def _train_epoch(self) -> float:
        """Mean loss over one pass in a fresh order."""
        self.model.train()
        total = torch.zeros(())
        batches = 0
        for rows in batches_of(len(self.x), self.settings.batch_size, self.order):
            x, y = self.x[rows], self.y[rows]
            self.optimizer.zero_grad()
            loss = self.loss(align(self.model(x), y), y)
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
            batches += 1
        self.result.steps += batches
        return float(total) / batches

    def _validate(self, epoch: int, train_loss: float | None) -> None:
        loss, metric = evaluate(self.dataset, self.model, *self.held_out)
        self.result.epochs.append(EpochRecord(epoch, train_loss, loss, metric))

    def _measure(self, epoch: int) -> None:
        rows = slice(0, _PROBE_ROWS)
        layers = measure_layers(self.model, self.loss, self.x[rows], self.y[rows])
        self.result.layers += [(epoch, layer) for layer in layers]

    def _diverge(self, judged: bool) -> RunResult:
        """A network of NaN answers nothing; it scores as if it always gave one answer."""
        self.result.status = "diverged"
        if judged:
            self.result.test_metric = constant_score(self.dataset)
        return self.result

    def _finish(self, judged: bool) -> RunResult:
        last = self.result.epochs[-1]
        if not math.isfinite(last.validation_loss):
            return self._diverge(judged)
        self.result.validation_loss = last.validation_loss
        self.result.validation_metric = last.validation_metric
        if judged:
            loss, metric = evaluate(
                self.dataset, self.model, self.dataset.x_test, self.dataset.y_test
            )
            if not math.isfinite(loss):
                return self._diverge(judged)
            self.result.test_loss, self.result.test_metric = loss, metric
        return self.result


def make_optimizer(name: str, model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """The optimizer of a run: Adam, or SGD with momentum 0.9."""
    if name == "adam":
        return torch.optim.Adam(model.parameters(), lr=lr)
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def batches_of(rows: int, size: int, order: torch.Generator) -> list[Tensor]:
    """Row numbers in a fresh order, in batches; a last batch of one row joins the one before.

    Batch normalisation has no variance to divide by in a batch of one.
    """
    batches = list(torch.randperm(rows, generator=order).split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def spread(epochs: int, count: int) -> set[int]:
    """Up to `count` epochs, evenly spread, the first and the last among them."""
    return {round(1 + step * (epochs - 1) / (count - 1)) for step in range(count)}


@torch.no_grad()
def evaluate(dataset: Dataset, model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean loss and metric of a network on rows it was not trained on."""
    model.eval()
    loss_function = loss_of(dataset)
    loss, correct, count = 0.0, 0, 0
    for rows, targets in _chunks(x, y):
        output = align(model(rows), targets)
        loss += float(loss_function(output, targets)) * len(targets)
        if dataset.task == "classification":
            correct += int((output.argmax(dim=-1) == targets).sum())
        count += len(targets)
    return loss / count, metric_value(dataset, loss / count, correct / count)


def _chunks(x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pieces small enough that their activations fit into memory."""
    rows = max(1, min(1024, 1_000_000 // max(1, x[0].numel())))
    return zip(x.split(rows), y.split(rows), strict=True)
