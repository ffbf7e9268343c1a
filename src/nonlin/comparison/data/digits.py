"""``digits``: 1,797 handwritten digits of 8 × 8 pixels, shipped with scikit-learn."""

from __future__ import annotations

import numpy as np

from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.data.preparation import encode_classes, standardise_together
from nonlin.comparison.data.splitting import hold_out
from nonlin.errors import require

NAME = "digits"
_TEST_FRACTION = 0.2


def load() -> Dataset:
    """Load the digits; 20 % of the rows, always the same, are the test rows.

    Returns:
        Images (N, 1, 8, 8) of ten classes: 1,437 to develop on and 360 to test.

    Source:
        https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html
    """
    bunch = require("sklearn.datasets", "lab", f"--data {NAME!r}").load_digits()
    images = bunch.images[:, np.newaxis]
    kept, held = hold_out(len(images), _TEST_FRACTION, 0, bunch.target)
    x, x_test = standardise_together(images[kept], images[held])
    y, y_test, labels = encode_classes(bunch.target[kept], bunch.target[held], NAME)
    return Dataset(NAME, "classification", x, y, x_test, y_test, len(labels), labels)
