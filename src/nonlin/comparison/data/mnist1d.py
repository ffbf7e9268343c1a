"""``mnist1d``: ten classes of one-dimensional signals, generated in a second."""

from __future__ import annotations

import numpy as np

from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.data.preparation import (
    encode_classes,
    standardise_together,
)
from nonlin.comparison.randomness import fixed_randomness
from nonlin.errors import require

NAME = "mnist1d"


def load() -> Dataset:
    """Generate MNIST-1D with its authors' settings, seed and test rows; nothing is downloaded.

    Returns:
        Signals (N, 1, 40) of ten classes: 4,000 to develop on and 1,000 to test.

    Source:
        Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D, arXiv:2011.14439.
    """
    generator = require("mnist1d.data", "lab", f"--data {NAME!r}")
    # The generator seeds Python's and NumPy's global generators.
    with fixed_randomness():
        made = generator.make_dataset(generator.get_dataset_args())
    # The package scales by all rows; scaling anew takes the test rows' share out again.
    x, x_test = standardise_together(made["x"][:, np.newaxis], made["x_test"][:, np.newaxis])
    y, y_test, labels = encode_classes(made["y"], made["y_test"], NAME)
    return Dataset(NAME, "classification", x, y, x_test, y_test, len(labels), labels)
