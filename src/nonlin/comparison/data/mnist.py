"""``mnist``: 70,000 handwritten digits of 28 × 28 pixels, from IDX files or OpenML."""

from __future__ import annotations

import gzip
import http.client
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.data.preparation import encode_classes, standardise_together
from nonlin.errors import NonlinError, require

NAME = "mnist"
FILES: dict[str, tuple[int, ...]] = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}
_UNSIGNED_BYTES = 0x08


def load(*, data_dir: Path | None = None) -> Dataset:
    """Load MNIST with its official test rows.

    Args:
        data_dir: the directory that holds the four IDX files, plain or ``.gz``: torchvision's
            root (files in ``MNIST/raw``), its ``MNIST``, or ``raw`` itself. None downloads
            from OpenML, once, into scikit-learn's data directory.

    Returns:
        Images (N, 1, 28, 28) of ten classes: 60,000 to develop on and 10,000 to test.

    Raises:
        NonlinError: a file is missing or damaged, or the download failed.

    Source:
        LeCun, Cortes and Burges; format: https://yann.lecun.com/exdb/mnist/
    """
    images, classes, test_images, test_classes = (
        _download() if data_dir is None else _read_directory(Path(data_dir).expanduser())
    )
    x, x_test = standardise_together(images[:, np.newaxis], test_images[:, np.newaxis])
    y, y_test, labels = encode_classes(classes, test_classes, NAME)
    return Dataset(NAME, "classification", x, y, x_test, y_test, len(labels), labels)


def read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, and check all that it says of itself.

    Args:
        path: the file; unpacked where its name ends in ``.gz``.
        shape: the sizes its header must give.

    Returns:
        The values, uint8, of that shape.

    Raises:
        NonlinError: the file is damaged, cut short, too long, or of another type or size.
    """
    format_ = f">{1 + len(shape)}I"
    expected = (_UNSIGNED_BYTES << 8 | len(shape), *shape)
    length = math.prod(shape)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            header = stream.read(struct.calcsize(format_))
            if len(header) < struct.calcsize(format_):
                raise _damaged(path, f"{len(header)} bytes long, shorter than its header")
            magic, *sizes = struct.unpack(format_, header)
            if magic != expected[0]:
                raise _damaged(path, f"begins with {magic:#010x}; allowed: {expected[0]:#010x}")
            if tuple(sizes) != shape:
                raise _damaged(path, f"its header gives {tuple(sizes)}; allowed: {shape}")
            # One byte more than is wanted, so that a file that goes on is seen.
            content = stream.read(length + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, f"corrupt or cut short ({error})") from None
    except OSError as error:
        raise NonlinError(f"--data {NAME!r}: {path}: {error.strerror}") from None
    if len(content) != length:
        seen = f"{len(content)}" if len(content) < length else f"more than {length}"
        raise _damaged(path, f"holds {seen} values after its header; allowed: {length}")
    # A copy, because PyTorch wants writable memory.
    return np.frombuffer(content, dtype=np.uint8).reshape(shape).copy()


def _damaged(path: Path, what: str) -> NonlinError:
    return NonlinError(f"--data {NAME!r}: {path}: {what}; get the file again")


def _read_directory(directory: Path) -> list[NDArray[np.uint8]]:
    places = [directory, directory / "raw", directory / "MNIST" / "raw"]
    raw = next((place for place in places if any(_find(place, file) for file in FILES)), None)
    if raw is None:
        raise NonlinError(
            f"--data-dir '{directory}': no MNIST files there, nor in its raw or MNIST/raw; "
            f"wanted, plain or .gz: {', '.join(FILES)}"
        )
    found = {file: _find(raw, file) for file in FILES}
    missing = [file for file, path in found.items() if path is None]
    if missing:
        raise NonlinError(f"--data-dir '{directory}': {raw} lacks {', '.join(missing)} (or .gz)")
    arrays = [read_idx(path, FILES[file]) for file, path in found.items() if path]
    for array, path in zip(arrays, found.values(), strict=True):
        if array.ndim == 1 and path and array.max() > 9:
            raise _damaged(path, f"has the label {array.max()}; allowed: 0..9")
    return arrays


def _find(directory: Path, file: str) -> Path | None:
    candidates = [directory / file, directory / f"{file}.gz"]
    return next((path for path in candidates if path.is_file()), None)


def _download() -> list[NDArray[np.uint8]]:
    datasets = require("sklearn.datasets", "lab", f"--data {NAME!r}")
    require("pandas", "lab", f"--data {NAME!r}")
    try:
        bunch = datasets.fetch_openml("mnist_784", version=1, as_frame=False)
    # sklearn tells a wrong checksum or a refused request by a ValueError, urllib by an OSError.
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise NonlinError(
            f"--data {NAME!r}: download from OpenML failed ({reason}); "
            "give the directory of the IDX files: --data-dir DIR"
        ) from error
    images = bunch.data.astype(np.uint8).reshape(-1, 28, 28)
    classes = bunch.target.astype(np.uint8)
    return [images[:60_000], classes[:60_000], images[60_000:], classes[60_000:]]
