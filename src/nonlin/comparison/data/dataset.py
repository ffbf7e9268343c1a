"""What every loader hands over: development rows, test rows, and what they mean."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from nonlin.comparison.data.splitting import hold_out
from nonlin.errors import NonlinError

Task = Literal["classification", "regression", "language"]
Layout = Literal["image", "signal", "features", "tokens"]

VALIDATION_FRACTION = 0.15
_LAYOUTS: dict[int, Layout] = {4: "image", 3: "signal", 2: "features"}


@dataclass(frozen=True, eq=False)
class Dataset:
    """The data of one comparison, checked when it is made.

    Args:
        name: the data as the user named them: ``"digits"``, ``"table:wine.csv"``.
        task: what is learnt.
        x: development rows (training and validation): float32 of shape (N, C, H, W),
            (N, C, L) or (N, F); for language int64 of shape (N, T).
        y: classification: int64 (N,), in 0..outputs−1. Regression: float32 (N,) or (N, K),
            standardised by the development rows. Language: int64 (N, T), the next characters.
        x_test: test rows, shaped as x; looked at once per trained network.
        y_test: their targets, shaped as y.
        outputs: the number of classes, of regression targets, or of distinct characters.
        labels: the class labels, target names or characters: one for each output.
        validation: indices into x, int64, where the user's loader brings its own validation
            rows; else None.
        target_scale: standard deviation of the regression target over the development rows,
            in its own units; 1.0 for other tasks and where there are several targets.
        notes: what was inferred, one line each, to be told to the user.

    Raises:
        NonlinError: shapes disagree, values are not finite, or a class has too few rows.

    Example:
        >>> x, y = torch.randn(40, 3), torch.arange(40) % 2
        >>> dataset = Dataset("toy", "classification", x, y, x, y, 2, ("even", "odd"))
        >>> dataset.layout, [len(part) for part in dataset.split(seed=0)]
        ('features', [34, 6])
    """

    name: str
    task: Task
    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor
    outputs: int
    labels: tuple[str, ...]
    validation: Tensor | None = None
    target_scale: float = 1.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_rows()
        if self.task == "regression":
            self._check_regression()
        else:
            self._check_codes()
        if len(self.labels) != self.outputs:
            raise self._error(f"{len(self.labels)} labels for {self.outputs} outputs")
        if self.validation is not None:
            self._check_validation(self.validation)
        if self.task == "classification":
            self._check_classes()

    @property
    def layout(self) -> Layout:
        """How a row is laid out: image (N, C, H, W), signal (N, C, L), features (N, F), tokens."""
        return "tokens" if self.task == "language" else _LAYOUTS[self.x.ndim]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all that a result depends on, in hexadecimal.

        The name, the labels and the notes are left out, so that a file that moved is still
        the same data. The scale is in: without it a target in other units would look the same.
        """
        digest = hashlib.sha256(f"{self.task} {self.outputs} {self.target_scale!r}".encode())
        for part in ("x", "y", "x_test", "y_test", "validation"):
            tensor: Tensor | None = getattr(self, part)
            if tensor is not None:
                digest.update(f" {part} {tensor.dtype} {tuple(tensor.shape)} ".encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().data)
        return digest.hexdigest()

    def split(self, seed: int) -> tuple[Tensor, Tensor]:
        """Draw the validation rows of one trained network: 15 %, stratified for classes.

        Where the classes are too small to stratify, every class keeps at least one training
        row. The user's own validation rows, where there are any, are taken whatever the seed.

        Args:
            seed: 0..2³²−1; the same seed gives the same rows.

        Returns:
            Indices of the training and of the validation rows, int64.
        """
        if self.validation is not None:
            return self._outside(self.validation), self.validation
        classes = self.y.numpy() if self.task == "classification" else None
        training, validation = hold_out(len(self.x), VALIDATION_FRACTION, seed, classes)
        return torch.from_numpy(training), torch.from_numpy(validation)

    def _outside(self, indices: Tensor) -> Tensor:
        rest = torch.ones(len(self.x), dtype=torch.bool)
        rest[indices] = False
        return rest.nonzero().squeeze(1)

    def _error(self, message: str) -> NonlinError:
        return NonlinError(f"--data {self.name!r}: {message}")

    def _check_rows(self) -> None:
        if len(self.x) < 2 or len(self.x_test) < 1:
            raise self._error(
                f"{len(self.x)} development and {len(self.x_test)} test rows; "
                "at least 2 and 1 are needed"
            )
        for which, x, y in (("development", self.x, self.y), ("test", self.x_test, self.y_test)):
            if len(x) != len(y):
                raise self._error(f"{len(x)} {which} rows in x and {len(y)} in y")
        for which, rows, test in (("x", self.x, self.x_test), ("y", self.y, self.y_test)):
            if rows.shape[1:] != test.shape[1:]:
                raise self._error(
                    f"one row of {which} has shape {tuple(rows.shape[1:])} in development "
                    f"and {tuple(test.shape[1:])} in test; allowed: the same"
                )
        if self.task == "language":
            return
        if self.x.ndim not in _LAYOUTS or 0 in self.x.shape:
            raise self._error(
                f"x has shape {tuple(self.x.shape)}; allowed: (N, features), "
                "(N, channels, length), (N, channels, height, width)"
            )
        for which, x in (("development", self.x), ("test", self.x_test)):
            self._check_finite(f"{which} x", x)

    def _check_finite(self, what: str, values: Tensor) -> None:
        if values.dtype != torch.float32:
            raise self._error(f"{what} is {values.dtype}; allowed: torch.float32")
        finite = torch.isfinite(values)
        if not finite.all():
            first = (
                int((~finite).flatten(1).any(1).nonzero()[0])
                if values.ndim > 1
                else int((~finite).nonzero()[0])
            )
            raise self._error(
                f"{what} has {int((~finite).sum())} values that are NaN or infinite, the first in "
                f"row {first} (counted from 0); fill or drop them"
            )

    def _check_regression(self) -> None:
        if self.y.ndim > 2 or self.outputs != (self.y.shape[1] if self.y.ndim == 2 else 1):
            raise self._error(
                f"y has shape {tuple(self.y.shape)} for {self.outputs} outputs; "
                "allowed: (N,) or (N, outputs)"
            )
        self._check_finite("development y", self.y)
        self._check_finite("test y", self.y_test)

    def _check_codes(self) -> None:
        language = self.task == "language"
        wanted = "int64 (N, T), as x" if language else "int64 (N,)"
        tensors = {"y": self.y, "y_test": self.y_test}
        if language:
            tensors |= {"x": self.x, "x_test": self.x_test}
        for which, codes in tensors.items():
            if codes.dtype != torch.int64 or codes.ndim != (2 if language else 1):
                raise self._error(
                    f"{which} is {codes.dtype} of shape {tuple(codes.shape)}; allowed: {wanted}"
                )
            if int(codes.min()) < 0 or int(codes.max()) >= self.outputs:
                raise self._error(
                    f"{which} holds {int(codes.min())}..{int(codes.max())}; "
                    f"allowed: 0..{self.outputs - 1}"
                )
        if language and self.x.shape != self.y.shape:
            raise self._error(
                f"x has shape {tuple(self.x.shape)} and y {tuple(self.y.shape)}; allowed: the same"
            )
        if self.outputs < 2:
            kind = "distinct character" if language else "class"
            raise self._error(f"{self.outputs} {kind}; at least 2 are needed")

    def _check_validation(self, indices: Tensor) -> None:
        if indices.dtype != torch.int64 or indices.ndim != 1:
            raise self._error(
                f"validation is {indices.dtype} of shape {tuple(indices.shape)}; "
                "allowed: int64 (M,), indices of development rows"
            )
        unique = indices.unique()
        in_range = len(unique) and int(unique[0]) >= 0 and int(unique[-1]) < len(self.x)
        if not in_range or len(unique) != len(indices) or len(unique) == len(self.x):
            raise self._error(
                f"validation has {len(indices)} indices; allowed: different ones in "
                f"0..{len(self.x) - 1}, at least one, and not all"
            )

    def _check_classes(self) -> None:
        counts = torch.bincount(self.y, minlength=self.outputs).tolist()
        for label, count in zip(self.labels, counts, strict=True):
            if count < 2:
                has = "no development sample" if count == 0 else "one sample"
                raise self._error(
                    f"class {label!r} has {has}; every class needs at least 2 to train and "
                    "validate on: add samples, or drop or merge the class"
                )
        if self.validation is not None:
            training = torch.bincount(
                self.y[self._outside(self.validation)], minlength=self.outputs
            )
            absent = (training == 0).nonzero()
            if len(absent):
                raise self._error(
                    f"class {self.labels[int(absent[0])]!r} has validation samples and none to "
                    "train on; move some to the training part"
                )
