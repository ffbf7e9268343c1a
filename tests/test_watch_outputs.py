"""Scores that are probabilities, however a program has computed them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin


def by_exponentials(scores):
    weights = scores.exp()
    return weights / weights.sum(1, keepdim=True)


def by_logarithms(scores):
    return torch.exp(scores - torch.logsumexp(scores, dim=1, keepdim=True))


def of_two_heads(scores):
    return 0.5 * scores.softmax(1) + 0.5 * (0.5 * scores).softmax(1)


class Net(nn.Module):
    def __init__(self, end, axes=0):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 4))
        self.end, self.axes = end, axes

    def forward(self, x):
        scores = self.body(x)
        for _ in range(self.axes):
            scores = scores.unsqueeze(-1).repeat_interleave(2, -1)
        return self.end(scores)


def watched(end, loss=F.cross_entropy, axes=0, dtype=torch.float32, steps=40):
    torch.manual_seed(0)
    x = torch.randn(128, 8).to(dtype)
    y = (x[:, :4].argmax(1)).reshape(128, *[1] * axes).expand(128, *[2] * axes)
    model = Net(end, axes).to(dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(steps):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    return watcher.findings


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("axes", [0, 1])
@pytest.mark.parametrize("end", [by_exponentials, by_logarithms, of_two_heads])
def test_probabilities_given_to_cross_entropy(end, axes, dtype):
    (found,) = (f for f in watched(end, axes=axes, dtype=dtype) if f.kind != "underflow")
    assert (found.kind, found.cause) == ("output-loss-mismatch", "wrong-output-layer")
    assert found.evidence["lowest_loss"] == pytest.approx(0.744, abs=1e-3)  # ln(1 + 3/e)
    assert "probabilities" in found.summary
    assert [r.change for r in found.repairs] == [{}]


def of_sums(scores, y):
    """Cross entropy, written out."""
    return (torch.logsumexp(scores, -1) - scores.gather(1, y[:, None]).squeeze(1)).mean()


def of_logarithms(scores, y):
    return -scores.log_softmax(dim=1).gather(1, y[:, None]).mean()


@pytest.mark.parametrize("loss", [of_sums, of_logarithms])
def test_probabilities_given_to_a_cross_entropy_that_is_written_out(loss):
    (found,) = watched(by_exponentials, loss)
    assert (found.kind, found.layer) == ("output-loss-mismatch", "body.2")
    assert watched(lambda scores: scores, loss) == ()


def test_probabilities_that_nothing_learns_are_no_scores():
    """Those of a teacher, of which a loss takes what it likes."""
    teacher = torch.full((128, 4), 0.25)

    def loss(scores, y):
        return F.cross_entropy(scores, y) + torch.logsumexp(teacher, 1).mean()

    assert watched(lambda scores: scores, loss) == ()


def test_a_loss_is_told_once():
    """Softmax before log_softmax before nll_loss: the loss, and not its parts too."""
    found = watched(lambda s: s.softmax(1).log_softmax(1), F.nll_loss)
    assert [f.kind for f in found] == ["output-loss-mismatch"]


def shifted_to_one(scores):
    """They sum to 1 on every row, and have both signs: any scores may be shifted so."""
    return scores + (1 - scores.sum(1, keepdim=True)) / scores.shape[1]


def above_zero(scores):
    """As of an evidential network: no probabilities, as no row sums to 1."""
    return scores.square() + 0.1


@pytest.mark.parametrize(
    "end",
    [lambda scores: scores, lambda scores: scores.log_softmax(1), shifted_to_one, above_zero],
)
def test_other_scores_are_none(end):
    assert watched(end) == ()


def test_logarithms_of_probabilities_are_what_nll_loss_asks_for():
    assert watched(lambda s: by_exponentials(s).log(), loss=F.nll_loss) == ()


def squared(output, target):
    return (output - target).square().mean()


def of_a_column(output, target):
    return (target - output).abs().mean()


@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize("loss", [F.mse_loss, F.huber_loss, nn.L1Loss(), squared, of_a_column])
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_column_of_outputs_and_a_row_of_targets(loss, row):
    torch.manual_seed(0)
    x = torch.randn(64, 8)
    y = x[:, 0] * x[:, 1]
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def fit(output_shape, target_shape, rows=64):
        with nonlin.watch(quiet=True) as watcher:
            for _ in range(40):
                optimizer.zero_grad()
                output, target = model(x[:rows]), y[:rows]
                loss(output.reshape(output_shape), target.reshape(target_shape)).backward()
                optimizer.step()
        return watcher.findings

    shapes = ((-1, 1), (-1,)) if row else ((-1,), (-1, 1))
    (found,) = fit(*shapes)
    assert (found.kind, found.cause, found.layer) == ("output-loss-mismatch", "broadcast", "2")
    assert "broadcast to (64, 64)" in found.summary
    assert found.repairs[0].text.startswith("Give outputs and targets one shape")
    assert fit((-1,), (-1,)) == fit((-1, 1), (-1, 1)) == ()
    assert fit(*shapes, rows=1) == ()  # of one row it is the same


@pytest.mark.parametrize("right", [True, False])
def test_logarithms_of_probabilities_are_what_ctc_loss_asks_for(right):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 6))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    lengths = torch.full((16,), 20), torch.full((16,), 5)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(40):
            y = torch.randint(1, 6, (16, 5))
            x = F.one_hot(y.repeat_interleave(4, 1), 8).float().transpose(0, 1)
            scores = model(x)
            optimizer.zero_grad()
            nn.CTCLoss()(scores.log_softmax(-1) if right else scores, y, *lengths).backward()
            optimizer.step()
    told = [(f.kind, f.evidence["loss"]) for f in watcher.findings]
    assert told == ([] if right else [("output-loss-mismatch", "ctc_loss")])
