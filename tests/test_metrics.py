"""Scores in the units a user reads, against figures worked out from the raw data."""

from __future__ import annotations

import math

import numpy as np
import pandas
import pytest
import torch
from torch import nn

from nonlin.comparison import data as datasets
from nonlin.comparison.metrics import constant_score, scoring_of
from nonlin.comparison.training import evaluate


class Constant(nn.Module):
    """Answers every row, or every character, with the same outputs."""

    def __init__(self, outputs: torch.Tensor, characters: bool = False) -> None:
        super().__init__()
        self.outputs, self.characters = outputs, characters

    def forward(self, x):
        shape = x.shape if self.characters else x.shape[:1]
        return self.outputs.expand(*shape, -1)


def test_regression_error_is_in_the_target_s_units(tmp_path):
    price = np.random.default_rng(0).normal(1000, 300, 200)
    table = pandas.DataFrame({"size": price / 10, "price": price})
    table.to_csv(tmp_path / "t.csv", index=False)
    dataset = datasets.load(f"table:{tmp_path / 't.csv'}", target="price")
    raw_test = table["price"][np.isin(np.arange(200), rows_of_test(dataset, table))]
    raw_training = table["price"].drop(raw_test.index)
    wanted = math.sqrt(((raw_test - raw_training.mean()) ** 2).mean())
    _, metric = evaluate(dataset, Constant(torch.zeros(1)), dataset.x_test, dataset.y_test)
    assert metric == pytest.approx(wanted, rel=1e-5)
    assert constant_score(dataset) == pytest.approx(wanted, rel=1e-5)
    scale = raw_training.std(ddof=0)
    assert scoring_of(dataset).margin == pytest.approx(0.02 * scale, rel=1e-5)


def rows_of_test(dataset, table):
    """Numbers of the test rows, found by the feature, which is standardised increasingly."""
    order = np.argsort(table["size"].to_numpy())
    development = np.concatenate([dataset.x[:, 0].numpy(), dataset.x_test[:, 0].numpy()])
    is_test = np.arange(len(development)) >= len(dataset.x)
    return order[is_test[np.argsort(development)]]


def test_uniform_guess_costs_the_logarithm_of_the_alphabet_in_bits(tmp_path):
    (tmp_path / "t.txt").write_text("abcd" * 1000)
    dataset = datasets.load(f"text:{tmp_path / 't.txt'}")
    model = Constant(torch.zeros(4), characters=True)
    loss, bits = evaluate(dataset, model, dataset.x_test, dataset.y_test)
    assert loss == pytest.approx(math.log(4), rel=1e-6)
    assert bits == pytest.approx(2.0, rel=1e-6)
    assert constant_score(dataset) == pytest.approx(2.0, rel=1e-3)


def test_accuracy_is_the_share_of_right_answers():
    dataset = datasets.load("digits")
    always_three = Constant(torch.eye(10)[3])
    _, accuracy = evaluate(dataset, always_three, dataset.x_test, dataset.y_test)
    assert accuracy == pytest.approx(float((dataset.y_test == 3).double().mean()))
    scoring = scoring_of(dataset)
    assert scoring.metric.format(0.9756) == "97.56 %"
    assert scoring.metric.format_difference(-0.0072) == "-0.72 points"
    assert scoring.resolution == 1 / len(dataset.x_test)
