"""The data part: every loader on real data, every refusal by its text, splits and scaling."""

from __future__ import annotations

import gzip
import http.client
import importlib
import pickle
import random
import re
import struct
import sys
import textwrap
import urllib.error
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from nonlin.comparison.data import KNOWN, Dataset, load, mnist  # noqa: E402
from nonlin.comparison.data.preparation import (  # noqa: E402
    standardise_columns,
    standardise_target,
    standardise_together,
)
from nonlin.comparison.data.splitting import can_stratify, hold_out  # noqa: E402
from nonlin.comparison.randomness import fixed_randomness  # noqa: E402
from nonlin.errors import MissingExtraError, NonlinError, UserCodeError  # noqa: E402
from nonlin.usercode import did_you_mean, resolve  # noqa: E402

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
MNIST = pytest.mark.skipif(
    not (SHARED / "MNIST" / "raw").is_dir(), reason="the MNIST files are not in ../shared/data"
)


def refuses(text: str, kind: type[Exception] = NonlinError):
    """The block raises an error of one line that holds ``text``."""
    return pytest.raises(kind, match=rf"\A(?=[^\n]*\Z).*{re.escape(text)}")


def toy(rows: int = 60, classes: int = 3, **changes) -> Dataset:
    y = torch.arange(rows) % classes
    x = torch.linspace(-1, 1, rows * 4).reshape(rows, 4)
    made = {
        "name": "toy",
        "task": "classification",
        "x": x,
        "y": y,
        "x_test": x[:9],
        "y_test": y[:9],
        "outputs": classes,
        "labels": tuple("abcdefghijklmnopqrstuvwxyz"[:classes]),
    }
    return Dataset(**(made | changes))


@pytest.mark.parametrize(
    ("shape", "layout"), [((1, 2, 2), "image"), ((2, 2), "signal"), ((4,), "features")]
)
def test_layout_follows_the_shape(shape, layout):
    base = toy()
    made = toy(x=base.x.reshape(-1, *shape), x_test=base.x_test.reshape(-1, *shape))
    assert made.layout == layout


def test_layout_of_language_is_tokens():
    x = torch.arange(40).reshape(10, 4) % 5
    made = Dataset("t", "language", x, x, x, x, 5, tuple("abcde"))
    assert made.layout == "tokens"


ONE = torch.ones(60, 4)
BAD = torch.ones(60, 4).index_put((torch.tensor([7]),), torch.tensor(float("nan")))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"x": ONE[:0], "y": torch.arange(0)}, "0 development and 9 test rows"),
        ({"x_test": ONE[:0], "y_test": torch.arange(0)}, "60 development and 0 test rows"),
        ({"x": ONE[:50]}, "50 development rows in x and 60 in y"),
        ({"y_test": torch.zeros(8, dtype=torch.int64)}, "9 test rows in x and 8 in y"),
        ({"x_test": torch.ones(9, 5)}, "shape (4,) in development and (5,) in test"),
        ({"x": ONE[:, 0], "x_test": ONE[:9, 0]}, "x has shape (60,); allowed: (N, features)"),
        ({"x": ONE.double()}, "development x is torch.float64; allowed: torch.float32"),
        ({"x": BAD}, "has 4 values that are NaN or infinite, the first in row 7"),
        ({"x_test": torch.full((9, 4), torch.inf)}, "test x has 36 values"),
        ({"y": torch.zeros(60)}, "y is torch.float32 of shape (60,); allowed: int64 (N,)"),
        ({"y": torch.full((60,), 3)}, "y holds 3..3; allowed: 0..2"),
        ({"y_test": torch.full((9,), -1)}, "y_test holds -1..-1; allowed: 0..2"),
        ({"labels": ("a",)}, "1 labels for 3 outputs"),
        (
            {"y": torch.zeros(60, dtype=torch.int64), "outputs": 1, "labels": ("a",),
             "y_test": torch.zeros(9, dtype=torch.int64)},
            "1 class; at least 2 are needed",
        ),
        ({"y": torch.tensor([2] + [0, 1] * 29 + [0])}, "class 'c' has one sample; every class"),
        ({"y": torch.tensor([0, 1] * 30)}, "class 'c' has no development sample; every class"),
        ({"validation": torch.arange(60)}, "validation has 60 indices; allowed: different ones"),
        ({"validation": torch.tensor([], dtype=torch.int64)}, "validation has 0 indices"),
        ({"validation": torch.tensor([1, 1])}, "validation has 2 indices"),
        ({"validation": torch.tensor([60])}, "different ones in 0..59"),
        ({"validation": torch.ones(3)}, "validation is torch.float32 of shape (3,)"),
        ({"validation": torch.arange(0, 60, 3)}, "class 'a' has validation samples and none"),
        ({"task": "regression", "y": torch.zeros(60, 2), "y_test": torch.zeros(9, 2)},
         "y has shape (60, 2) for 3 outputs"),
        ({"task": "regression", "outputs": 1, "labels": ("y",), "y": BAD[:, 0],
          "y_test": torch.zeros(9)}, "development y has 1 values"),
        ({"task": "language"}, "y is torch.int64 of shape (60,); allowed: int64 (N, T), as x"),
    ],
)  # fmt: skip
def test_dataset_refuses(changes, text):
    with refuses(text):
        toy(**changes)


def test_language_dataset_refuses_other_shapes():
    x = torch.zeros(10, 4, dtype=torch.int64)
    with refuses("x has shape (10, 4) and y (10, 3); allowed: the same"):
        Dataset("t", "language", x, x[:, :3], x, x[:, :3], 2, ("a", "b"))


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(40, 200))
@settings(max_examples=25, deadline=None)
def test_split_covers_all_rows_once_and_keeps_the_shares(seed, classes, rows):
    data = toy(rows, classes)
    training, validation = data.split(seed)
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(rows))
    assert training.dtype == validation.dtype == torch.int64
    assert len(validation) == int(np.ceil(0.15 * rows))
    counts = torch.bincount(data.y[validation], minlength=classes)
    assert counts.max() - counts.min() <= 1


def test_split_is_the_same_for_a_seed_and_other_for_another():
    data = toy()
    assert all(map(torch.equal, data.split(4), data.split(4)))
    drawn = {tuple(sorted(data.split(seed)[1].tolist())) for seed in range(8)}
    assert len(drawn) == 8


def test_split_of_regression_is_not_stratified_and_covers_all():
    y = torch.linspace(-1, 1, 60)
    data = toy(task="regression", y=y, y_test=y[:9], outputs=1, labels=("y",))
    training, validation = data.split(0)
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(60))
    assert len(validation) == 9


def test_split_takes_the_users_own_validation_for_every_seed():
    own = torch.arange(10, 25)
    data = toy(validation=own)
    for seed in (0, 1):
        training, validation = data.split(seed)
        assert torch.equal(validation, own)
        assert training.tolist() == [*range(10), *range(25, 60)]


def test_split_of_tiny_classes_keeps_every_class_in_training():
    data = toy(rows=20, classes=10)
    assert not can_stratify(data.y.numpy(), 0.15)
    for seed in range(20):
        training, validation = data.split(seed)
        assert set(data.y[training].tolist()) == set(range(10))
        assert sorted([*training.tolist(), *validation.tolist()]) == list(range(20))
        assert len(validation) == 3
    assert all(map(torch.equal, data.split(3), data.split(3)))
    assert not torch.equal(data.split(3)[1], data.split(4)[1])


def test_hold_out_keeps_as_many_of_a_class_as_asked():
    classes = np.repeat(np.arange(10), 3)
    for seed in range(10):
        kept, held = hold_out(30, 0.2, seed, classes, keep=2)
        assert len(held) == 6
        assert np.bincount(classes[kept]).min() == 2


def test_load_tells_that_it_could_not_stratify():
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 10
    assert "without stratification" in load(lambda: ((x, y), (x, y))).notes[-1]
    x, y = np.tile(x, (10, 1)), np.tile(y, 10)
    assert not any("stratification" in note for note in load(lambda: ((x, y), (x, y))).notes)


def test_fingerprint_ignores_what_is_not_data():
    base = toy()
    moved = replace(base, name="other", notes=("a note",), x=base.x.clone(), labels=("x", "y", "z"))
    assert base.fingerprint == moved.fingerprint
    assert re.fullmatch(r"[0-9a-f]{64}", base.fingerprint)
    strided = replace(base, x=base.x.T.contiguous().T)
    assert strided.fingerprint == base.fingerprint


def test_fingerprint_changes_with_the_data():
    base = toy()
    one_more = base.x.clone()
    one_more[-1, -1] += 1e-6
    codes = torch.arange(40).reshape(10, 4) % 5
    language = Dataset("t", "language", codes, codes, codes, codes, 5, tuple("abcde"))
    changed = [
        base,
        replace(base, x=one_more),
        replace(base, y=base.y.flip(0)),
        replace(base, x_test=base.x_test + 1),
        replace(base, y_test=base.y_test.flip(0)),
        replace(base, x=base.x.reshape(60, 2, 2), x_test=base.x_test.reshape(9, 2, 2)),
        replace(base, validation=torch.arange(9)),
        replace(base, validation=torch.arange(10)),
        replace(base, target_scale=2.0),
        language,
        replace(language, outputs=6, labels=tuple("abcdef")),
    ]
    assert len({data.fingerprint for data in changed}) == len(changed)


def test_dataset_survives_a_trip_to_another_process():
    base = toy()
    assert pickle.loads(pickle.dumps(base)).fingerprint == base.fingerprint


def test_standardise_together_uses_one_mean_and_deviation():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 1, 4, 4), dtype=np.uint8)
    x, x_test = standardise_together(pixels, pixels[:3])
    assert abs(float(x.double().mean())) < 1e-6
    assert abs(float(x.double().std(correction=0)) - 1) < 1e-6
    unit = pixels / 255
    expected = (unit - unit.mean()) / unit.std()
    np.testing.assert_allclose(x, expected, atol=1e-6)
    assert torch.equal(x[:3], x_test)


def test_standardise_columns_spares_constant_ones():
    columns = np.random.default_rng(0).normal(5e9, 3.0, (40, 3))
    columns[:, 1] = 0.1
    x, x_test, constant = standardise_columns(columns, columns[:2] + 1, ["a", "b", "c"], "toy")
    assert constant == ["b"]
    assert torch.equal(x[:, 1], torch.zeros(40))
    np.testing.assert_allclose(x_test[:, 1], 1.0)
    for column in (0, 2):
        assert abs(float(x[:, column].mean())) < 1e-6
        assert abs(float(x[:, column].std(correction=0)) - 1) < 1e-6


def test_standardise_columns_refuses_overflow():
    with refuses("--data 'toy': the values of 'b' are too large to scale"):
        standardise_columns(
            np.array([[0, 1e200], [1, -1e200]]), np.zeros((1, 2)), ["a", "b"], "toy"
        )


def test_standardise_target_gives_the_scale_in_its_own_units():
    y = np.array([10.0, 20.0, 30.0])
    scaled, test, scale = standardise_target(y, np.array([20.0]), ["y"], "toy")
    assert scale == pytest.approx(np.std(y))
    np.testing.assert_allclose(scaled.numpy() * scale + 20, y, rtol=1e-6)
    assert test.tolist() == [0.0]
    both, _, none = standardise_target(np.stack([y, -y], 1), np.ones((1, 2)), ["a", "b"], "toy")
    assert none == 1.0
    assert both.shape == (3, 2)
    with refuses("the target 'y' holds one value over all development rows"):
        standardise_target(np.ones(5), y, ["y"], "toy")
    with refuses("the target 'y' has 1 values that are NaN or infinite"):
        standardise_target(y, np.array([np.nan]), ["y"], "toy")


def test_fixed_randomness_is_fixed_and_leaves_no_trace():
    def draw():
        return random.random(), np.random.random(), float(torch.rand(()))

    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    expected = draw()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    with fixed_randomness():
        first = draw()
    assert draw() == expected
    with fixed_randomness():
        assert draw() == first


@pytest.mark.parametrize(
    ("spec", "options", "text"),
    [
        ("digit", {}, "--data 'digit': unknown data; did you mean 'digits'? (known: digits, "
         "mnist1d, mnist, text:FILE, table:FILE.csv|.parquet, module:function)"),
        ("MNIST", {}, "did you mean 'mnist'?"),
        ("qqq", {}, "--data 'qqq': unknown data (known:"),
        ("", {}, "--data '': unknown data (known:"),
        ("table:", {}, "--data 'table:': unknown data; did you mean 'table'?"),
        ("tabel:wine.csv", {}, "--data 'tabel:wine.csv': unknown data; did you mean 'table'?"),
        ("digits", {"target": "y"}, "--target 'y': does not apply to digits; it is for "
         "table:FILE.csv|.parquet: leave it out"),
        ("digits", {"block": 32}, "--block '32': does not apply to digits; it is for text:FILE"),
        ("mnist1d", {"data_dir": Path("d")}, "--data-dir 'd': does not apply to mnist1d; it is"),
        ("text:a", {"task": "language"}, "--task 'language': does not apply to text:FILE; it "
         "is for table:FILE.csv|.parquet and module:function"),
        ("table:a.csv", {"task": "classify"}, "--task 'classify': unknown task; did you mean "
         "'classification'? (known: classification, regression, language)"),
        ("table:a.csv", {"task": "language"}, "--task 'language': not for a table"),
        (3, {}, "data of type int; allowed: a string, a function"),
    ],
)  # fmt: skip
def test_load_refuses(spec, options, text):
    with refuses(text):
        load(spec, **options)


def test_known_lists_all_forms():
    assert KNOWN[0] == "digits"
    assert KNOWN[-1] == "module:function"


def test_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with refuses("--data 'digits' needs sklearn", MissingExtraError):
        load("digits")


def assert_standardised(x):
    assert abs(float(x.double().mean())) < 1e-5
    assert abs(float(x.double().std(correction=0)) - 1) < 1e-5


def test_digits():
    data = load("digits")
    assert data.layout == "image"
    assert data.x.shape == (1437, 1, 8, 8)
    assert data.x_test.shape == (360, 1, 8, 8)
    assert data.labels == tuple("0123456789")
    assert_standardised(data.x)
    counts = torch.bincount(data.y_test)
    assert (counts.min(), counts.max()) == (35, 37)
    assert data.fingerprint == load("digits").fingerprint
    from sklearn.datasets import load_digits

    bunch = load_digits()
    drawn = torch.cat([data.x, data.x_test]).double().reshape(-1, 64)
    drawn = (drawn - drawn.min()) / (drawn.max() - drawn.min()) * 16
    classes = torch.cat([data.y, data.y_test])
    back = np.column_stack([drawn.numpy().round(), classes])
    given = np.column_stack([bunch.data, bunch.target])
    np.testing.assert_array_equal(*(rows[np.lexsort(rows.T)] for rows in (back, given)))


def test_mnist1d_is_the_authors_and_touches_no_global_generator():
    pytest.importorskip("mnist1d")
    from mnist1d.data import get_dataset_args, make_dataset

    state = np.random.get_state()[1].copy()
    data = load("mnist1d")
    assert np.array_equal(np.random.get_state()[1], state)
    assert data.layout == "signal"
    assert (data.x.shape, data.x_test.shape) == ((4000, 1, 40), (1000, 1, 40))
    assert data.outputs == 10
    assert_standardised(data.x)
    with fixed_randomness():
        made = make_dataset(get_dataset_args())
    assert np.array_equal(data.y, made["y"])
    assert np.array_equal(data.y_test, made["y_test"])
    assert np.corrcoef(data.x_test.numpy().ravel(), made["x_test"].ravel())[0, 1] > 0.999999


@MNIST
def test_mnist_from_files():
    data = load("mnist", data_dir=SHARED)
    assert data.layout == "image"
    assert (data.x.shape, data.x_test.shape) == ((60_000, 1, 28, 28), (10_000, 1, 28, 28))
    assert_standardised(data.x)
    # The published figures of the training pixels, 0.1307 and 0.3081.
    zero, one = float(data.x.min()), float(data.x.max())
    assert -zero / (one - zero) == pytest.approx(0.1307, abs=5e-5)
    assert 1 / (one - zero) == pytest.approx(0.3081, abs=5e-5)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert len(data.split(0)[1]) == 9000


@MNIST
@pytest.mark.parametrize("below", ["", "MNIST", "MNIST/raw"])
def test_mnist_directory_may_be_any_of_three(below, monkeypatch):
    read = []
    monkeypatch.setattr(mnist, "read_idx", lambda path, shape: read.append(path) or np.zeros(1))
    mnist._read_directory(SHARED / below)
    assert [path.name for path in read] == [f"{name}.gz" for name in mnist.FILES]


def idx(magic: int, sizes: tuple[int, ...], content: bytes) -> bytes:
    return struct.pack(f">{1 + len(sizes)}I", magic, *sizes) + content


GOOD = idx(0x803, (2, 2, 3), bytes(range(12)))


@pytest.mark.parametrize("packed", [False, True])
def test_read_idx_reads(tmp_path, packed):
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(GOOD) if packed else GOOD)
    values = mnist.read_idx(path, (2, 2, 3))
    assert values.tolist() == np.arange(12).reshape(2, 2, 3).tolist()


@pytest.mark.parametrize(
    ("content", "packed", "text"),
    [
        (b"abc", False, "a: 3 bytes long, shorter than its header; get the file again"),
        (idx(0x801, (2, 2, 3), bytes(12)), False, "begins with 0x00000801; allowed: 0x00000803"),
        (idx(0x803, (2, 3, 3), bytes(18)), False, "its header gives (2, 3, 3); allowed: (2, 2, 3)"),
        (GOOD[:-1], False, "holds 11 values after its header; allowed: 12"),
        (GOOD + b"x", False, "holds more than 12 values after its header; allowed: 12"),
        (GOOD, True, "corrupt or cut short (Not a gzipped file"),
        (gzip.compress(GOOD)[:-12], True, "corrupt or cut short (Compressed file ended"),
        (gzip.compress(GOOD)[:-8] + bytes(8), True, "corrupt or cut short (CRC check failed"),
        (gzip.compress(GOOD)[:10] + b"\x07" * 30, True, "corrupt or cut short (Error -3"),
    ],
    ids=["short", "magic", "sizes", "few", "many", "plain", "cut", "checksum", "garbled"],
)
def test_read_idx_refuses(tmp_path, content, packed, text):
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(content)
    with refuses(text):
        mnist.read_idx(path, (2, 2, 3))


def test_mnist_refuses_a_directory_without_its_files(tmp_path):
    with refuses("no MNIST files there, nor in its raw or MNIST/raw; wanted, plain or .gz: train-"):
        load("mnist", data_dir=tmp_path)
    with refuses(f"--data-dir '{tmp_path / 'none'}': no MNIST files there"):
        load("mnist", data_dir=tmp_path / "none")
    (tmp_path / "train-images-idx3-ubyte").write_bytes(GOOD)
    with refuses("lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"):
        load("mnist", data_dir=tmp_path)


def test_mnist_refuses_damaged_files_by_name(tmp_path, monkeypatch):
    small = {name: (4, *shape[1:]) for name, shape in mnist.FILES.items()}
    for name, shape in small.items():
        magic = 0x800 | len(shape)
        (tmp_path / name).write_bytes(idx(magic, shape, bytes(int(np.prod(shape)))))
    with refuses("train-images-idx3-ubyte: its header gives (4, 28, 28); allowed: (60000, 28, 28)"):
        load("mnist", data_dir=tmp_path)
    monkeypatch.setattr(mnist, "FILES", small)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(0x801, (4,), bytes([1, 2, 3, 10])))
    with refuses("t10k-labels-idx1-ubyte: has the label 10; allowed: 0..9"):
        load("mnist", data_dir=tmp_path)


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("no route"), ValueError("md5 wrong"), http.client.IncompleteRead(b"")],
)
def test_mnist_says_what_to_do_without_a_network(monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fails)
    with refuses("give the directory of the IDX files: --data-dir DIR"):
        load("mnist")


def test_mnist_from_openml_splits_as_published(monkeypatch):
    class Bunch:
        data = np.tile(np.arange(784) % 256, (70, 1)).repeat(1000, 0).astype(np.uint8)
        target = np.array([str(i % 10) for i in range(70_000)], dtype=object)

    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        return Bunch

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    images, classes, test_images, test_classes = mnist._download()
    assert asked == {"name": "mnist_784", "version": 1, "as_frame": False}
    assert (images.shape, test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert (len(classes), len(test_classes)) == (60_000, 10_000)
    assert images[0, 1, 0] == 28


def decode(data: Dataset, tokens) -> str:
    return "".join(data.labels[token] for token in tokens.flatten().tolist())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=51), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_text_decodes_back(tmp_path_factory, text, block):
    text = text.removeprefix("\ufeff")
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_bytes(text.encode())
    blocks = (len(text) - 1) // block
    if blocks < 10 or len(set(text[: blocks * block + 1])) < 2:
        with pytest.raises(NonlinError):
            load(f"text:{path}", block=block)
        return
    data = load(f"text:{path}", block=block)
    x, y = torch.cat([data.x, data.x_test]), torch.cat([data.y, data.y_test])
    assert x.shape == (blocks, block)
    assert decode(data, x) == text[: blocks * block]
    assert decode(data, y) == text[1 : blocks * block + 1]
    assert data.outputs == len(set(text[: blocks * block + 1]))


def test_text_on_a_real_text(tmp_path):
    words = "the quick brown fox jumps over the lazy dog; é ✓ 🙂\r\n" * 100
    path = tmp_path / "fox.txt"
    path.write_bytes(words.encode("utf-8-sig"))
    data = load(f"text:{path}")
    assert data.layout == "tokens"
    assert data.x.shape[1] == 64
    assert torch.equal(data.x[:, 1:], data.y[:, :-1])
    assert torch.equal(data.x[1:, 0], data.y[:-1, -1])
    assert decode(data, data.x[0]) == words[:64]
    assert data.labels == tuple(sorted(set(words)))
    blocks = (len(words) - 1) // 64
    assert len(data.x_test) == round(0.1 * blocks)
    assert f"{len(words):,} characters, {len(set(words))} distinct" in data.notes[0]
    training, validation = data.split(1)
    assert len(training) + len(validation) == len(data.x)


@pytest.mark.skipif(
    not (SHARED / "text" / "tinyshakespeare.txt").is_file(),
    reason="tinyshakespeare.txt is not in ../shared/data/text",
)
def test_text_on_shakespeare():
    path = SHARED / "text" / "tinyshakespeare.txt"
    data = load(f"text:{path}", block=128)
    assert data.outputs == 65
    assert len(data.x) + len(data.x_test) == 1_115_393 // 128
    assert decode(data, data.x[0]).startswith("First Citizen:\n")


def test_text_tells_of_characters_in_the_test_rows_alone(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("ab" * 95 + "zq" * 5 + "a")
    assert "2 characters occur in the test rows alone" in load(f"text:{path}", block=10).notes


def test_text_refuses(tmp_path):
    path = tmp_path / "a.txt"
    with refuses(f"--data 'text:{path}': no such file"):
        load(f"text:{path}")
    with refuses(f"--data 'text:{tmp_path}': is a directory; give a text file"):
        load(f"text:{tmp_path}")
    path.write_bytes(b"caf\xe9 " * 200)
    with refuses("not UTF-8 text: byte 0xe9 at position 3; save it as UTF-8"):
        load(f"text:{path}")
    path.write_text("ab" * 320)
    with refuses("640 characters are too few; at least 641 are needed for blocks of 64"):
        load(f"text:{path}")
    path.write_text("")
    with refuses("0 characters are too few"):
        load(f"text:{path}")
    path.write_text("a" * 1000)
    with refuses("the text repeats one character, 'a'"):
        load(f"text:{path}")
    with refuses("--block 0: allowed: 1 or more characters"):
        load(f"text:{path}", block=0)


ROWS = 120


def frame(**changes) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {
        "width": rng.normal(5, 2, ROWS),
        "count": rng.integers(0, 50, ROWS),
        "ripe": rng.random(ROWS) < 0.5,
        "kind": np.array(["apple", "pear", "plum"])[np.arange(ROWS) % 3],
    }
    return pd.DataFrame(columns | changes)


def csv(tmp_path: Path, table: pd.DataFrame, name: str = "fruit.csv") -> str:
    table.to_csv(tmp_path / name, index=False)
    return f"table:{tmp_path / name}"


def test_table_with_text_classes(tmp_path):
    table = frame()
    data = load(csv(tmp_path, table), target="kind")
    assert (data.task, data.layout) == ("classification", "features")
    assert data.labels == ("apple", "pear", "plum")
    assert data.x.shape == (96, 3)
    assert data.x_test.shape == (24, 3)
    assert torch.bincount(data.y_test).tolist() == [8, 8, 8]
    np.testing.assert_allclose(data.x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(data.x.std(0, correction=0), 1, atol=1e-6)
    assert data.target_scale == 1.0
    assert data.notes == (
        "target 'kind' holds text, categories or bools: classification with 3 classes",
    )
    # Each row keeps its own class: width is unique to a row, and its order survives scaling.
    widths = torch.cat([data.x, data.x_test])[:, 0].argsort()
    kinds = torch.cat([data.y, data.y_test])[widths]
    expected = table.sort_values("width")["kind"].tolist()
    assert [data.labels[code] for code in kinds] == expected


def test_table_regression(tmp_path):
    table = frame().drop(columns="kind")
    data = load(csv(tmp_path, table), target="width")
    assert (data.task, data.labels, data.outputs) == ("regression", ("width",), 1)
    assert data.y.dtype == torch.float32
    assert_standardised(data.y)
    assert 1.0 < data.target_scale < 3.0
    assert data.notes == ("target 'width' holds 120 distinct numbers: regression",)
    back = torch.cat([data.y, data.y_test]).double() * data.target_scale
    spread = table["width"].sort_values().diff().to_numpy()[1:]
    np.testing.assert_allclose(back.sort().values.diff(), spread, atol=1e-5)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_table_means_the_same_in_both_formats(tmp_path, suffix):
    pytest.importorskip("pyarrow")
    table = frame()
    if suffix == "parquet":
        table.to_parquet(tmp_path / "a.parquet")
    else:
        table.to_csv(tmp_path / "a.csv", index=False)
    data = load(f"table:{tmp_path / 'a'}.{suffix}", target="kind")
    assert data.fingerprint == load(csv(tmp_path, table), target="kind").fingerprint
    assert data.name.endswith(suffix)


def test_parquet_with_categories_nullable_types_and_index(tmp_path):
    pytest.importorskip("pyarrow")
    table = frame(
        kind=pd.Categorical(frame()["kind"]),
        count=frame()["count"].astype("Int64"),
        ripe=frame()["ripe"].astype("boolean"),
    )
    table.index = pd.Index(range(100, 100 + ROWS), name="id")
    table.to_parquet(tmp_path / "a.parquet")
    data = load(f"table:{tmp_path / 'a.parquet'}", target="kind")
    assert data.fingerprint == load(csv(tmp_path, frame()), target="kind").fingerprint
    assert "the table's index is no feature: 'id'" in data.notes


def test_parquet_path_adds_no_column(tmp_path):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "year=2020"
    folder.mkdir()
    frame().to_parquet(folder / "a.parquet")
    assert load(f"table:{folder / 'a.parquet'}", target="kind").x.shape[1] == 3


FEW = np.arange(ROWS) % 5
MANY = np.arange(ROWS) % 24


@pytest.mark.parametrize(
    ("values", "task", "note"),
    [
        (
            FEW,
            "classification",
            "5 distinct whole numbers: classification (other choice: --task re",
        ),
        (FEW * 1.0, "classification", "5 distinct whole numbers: classification"),
        (MANY, "regression", "24 distinct whole numbers: regression (other choice: --task class"),
        (MANY * 1.0, "regression", "24 distinct whole numbers: regression"),
        (FEW + 0.5, "regression", "5 distinct numbers: regression"),
        (FEW > 2, "classification", "text, categories or bools: classification with 2 classes"),
    ],
)
def test_table_infers_the_task(tmp_path, values, task, note):
    data = load(csv(tmp_path, frame(y=values).drop(columns="kind")), target="y")
    assert data.task == task
    assert note in data.notes[0]


def test_table_few_rows_of_distinct_whole_numbers_are_no_classes(tmp_path):
    table = pd.DataFrame({"x": np.linspace(0, 1, 15), "y": np.arange(15) ** 2})
    assert load(csv(tmp_path, table), target="y").task == "regression"


def test_table_with_classes_too_small_to_stratify(tmp_path):
    table = pd.DataFrame({"x": np.linspace(0, 1, 30), "y": [f"c{i % 10}" for i in range(30)]})
    data = load(csv(tmp_path, table), target="y")
    assert len(data.x_test) == 6
    assert torch.bincount(data.y).min() == 2
    assert "without stratification" in data.notes[-1]


def test_table_task_can_be_given(tmp_path):
    table = frame(y=FEW, z=MANY * 1.0).drop(columns="kind")
    spec = csv(tmp_path, table)
    data = load(spec, target="y", task="regression")
    assert (data.task, data.notes[0]) == ("regression", "target 'y': regression, as asked")
    data = load(spec, target="z", task="classification")
    assert (data.task, data.outputs, data.labels[:3]) == ("classification", 24, ("0", "1", "2"))
    with refuses("--task 'classification': target 'width' holds"):
        load(spec, target="width", task="classification")
    with refuses("--task 'regression': target 'ripe' of"):
        load(spec, target="ripe", task="regression")


def test_table_test_rows_never_reach_the_development_rows(tmp_path):
    table = frame().drop(columns="kind")
    before = load(csv(tmp_path, table), target="width")
    _, held = hold_out(ROWS, 0.2, 0)
    table.loc[held, "count"] *= 1000
    table.loc[held, "width"] += 1e6
    after = load(csv(tmp_path, table), target="width")
    assert torch.equal(before.x, after.x)
    assert torch.equal(before.y, after.y)
    assert before.target_scale == after.target_scale
    assert not torch.equal(before.x_test, after.x_test)
    assert float(after.y_test.min()) > 1e4


def test_digits_test_rows_never_reach_the_development_rows(monkeypatch):
    from sklearn.datasets import load_digits

    before, bunch = load("digits"), load_digits()
    _, held = hold_out(len(bunch.images), 0.2, 0, bunch.target)
    bunch.images[held] += 100
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: bunch)
    after = load("digits")
    assert torch.equal(before.x, after.x)
    assert not torch.equal(before.x_test, after.x_test)


def test_table_keeps_constant_columns_harmless_and_says_so(tmp_path):
    data = load(csv(tmp_path, frame(flat=0.1)), target="kind")
    assert torch.equal(data.x[:, 3], torch.zeros(96))
    assert torch.isfinite(data.x).all()
    assert "constant in the development rows, so of no use: 'flat'" in data.notes


def test_table_warns_of_a_column_that_counts_the_rows(tmp_path):
    frame().to_csv(tmp_path / "a.csv")
    data = load(f"table:{tmp_path / 'a.csv'}", target="kind")
    assert any(note.startswith("column 'Unnamed: 0' counts the rows") for note in data.notes)


def with_values(column: str, rows: list[int], value: object) -> pd.DataFrame:
    table = frame().astype({column: object if isinstance(value, str) else float})
    table.loc[rows, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "target", "text"),
    [
        (frame(), None, "which column to predict? --target (columns: width, count, ripe, kind)"),
        (frame(), "knd", "--target 'knd': no such column in"),
        (frame(), "knd", "did you mean 'kind'? (columns: width, count, ripe, kind)"),
        (frame(**{f"c{i}": 1 for i in range(30)}), "zzz", "c0, c1, c2, c3 and 26 more"),
        (frame(kind="same"), "kind", "--target 'kind': holds one value, 'same'"),
        (frame(kind=np.where(np.arange(ROWS) > 3, "a", None)), "kind",
         "--target 'kind': 4 missing or infinite values, the first in row 1"),
        (with_values("width", [6], np.inf), "width",
         "--target 'width': 1 missing or infinite values, the first in row 7"),
        (with_values("width", [4, 9], np.nan), "kind",
         "columns with missing or infinite values: 'width' (2, first in row 5)"),
        (with_values("count", [8], -np.inf), "kind", "'count' (1, first in row 9)"),
        (with_values("count", [11], "?"), "kind",
         "columns that hold text or dates: 'count' ('?' in row 12)"),
        (frame(), "count", "columns that hold text or dates: 'kind' ('apple' in row 1)"),
        (frame(day="2020-01-01"), "kind", "'day' ('2020-01-01' in row 1)"),
        (frame(kind=["rare"] * 2 + ["a", "b"] * 59), "kind",
         "class 'rare' has 2 samples; at least 3 are needed (2 to develop on, 1 to test)"),
        (frame()[:9], "kind", "9 rows are too few; at least 10 are needed"),
        (frame()[["kind"]], "kind", "no column beside the target"),
        (frame(width=np.linspace(-1e200, 1e200, ROWS)), "kind",
         "the values of 'width' are too large to scale"),
    ],
)  # fmt: skip
def test_table_refuses_values(tmp_path, table, target, text):
    with refuses(text):
        load(csv(tmp_path, table), target=target)


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("a.xlsx", b"", "cannot read '.xlsx'; allowed: .csv, .parquet"),
        ("a", b"", "cannot read 'a file without extension'; allowed: .csv, .parquet"),
        ("a.csv", None, "no such file; check the path"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"a,b\n", "0 rows are too few"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "not a readable .csv table: Error tokenizing data"),
        ("a.csv", b"a,b\n1,2,3\n4,5,6\n", "rows have more values than the header has names"),
        ("a.csv", b"a,b\n1,\xff\n", "not UTF-8 text; save it as UTF-8"),
        ("a.csv", b"a;b\n1;2\n", "one column, 'a;b'; values must be separated by commas"),
        ("a.parquet", b"a,b\n1,2\n", "not a readable .parquet table:"),
        ("a.parquet", b"", "not a readable .parquet table:"),
    ],
)
def test_table_refuses_files(tmp_path, file, content, text):
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with refuses(text):
        load(f"table:{tmp_path / file}", target="b")


def test_table_refuses_more_files(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    (tmp_path / "dir.csv").mkdir()
    with refuses("is a directory; check the path"):
        load(f"table:{tmp_path / 'dir.csv'}", target="b")
    path = tmp_path / "a.parquet"
    frame().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-200] + path.read_bytes()[-100:])
    with refuses("not a readable .parquet table:"):
        load(f"table:{path}", target="kind")
    twice = arrow.Table.from_arrays([arrow.array([1.0] * 20)] * 2, names=["a", "a"])
    parquet.write_table(twice, path)
    with refuses("not a readable .parquet table: Multiple matches"):
        load(f"table:{path}", target="a")
    lists = arrow.table({"a": [[1.0]] * 20, "b": [0, 1] * 10})
    parquet.write_table(lists, path)
    with refuses("columns that hold text or dates: 'a'"):
        load(f"table:{path}", target="b")
    with refuses("--target 'a': holds one value"):
        load(f"table:{path}", target="a")


def arrays(rows: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(3, 2, (rows, 4)), np.arange(rows) % 3


def own(*parts):
    return load(lambda: parts)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module into an empty current directory; gives its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(source: str, name: str = "mydata") -> str:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return name

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("mydata"):
            del sys.modules[name]


def test_user_module_in_the_current_directory(module):
    module("""
        import numpy as np
        import mydata_helper

        def load():
            x = np.random.normal(size=(60, 4))
            return (x, np.arange(60) % 3), (x[:9], np.arange(9) % 3)
    """)
    module("", "mydata_helper")
    data = load("mydata:load")
    assert (data.name, data.task, data.outputs) == ("mydata:load", "classification", 3)
    # The function draws unseeded numbers, and is still the same data each time.
    assert data.fingerprint == load("mydata:load").fingerprint


def test_user_function_itself_and_no_scaling():
    x, y = arrays()
    data = own((x, y), (x[:9], y[:9]))
    assert data.name.startswith(__name__)
    np.testing.assert_array_equal(data.x, x.astype(np.float32))
    assert data.notes == (
        "classification, because y holds int64 of shape (60,)",
        "x: rows of 4 features",
        f"x is used as given, not scaled: mean {x.mean():.3g}, standard deviation {x.std():.3g}",
    )


def test_user_arrays_are_copied():
    x, y = arrays()
    x = x.astype(np.float32)
    data = own((x, y), (x, y))
    kept = data.x.clone()
    x[:], y[:] = 0, 0
    assert torch.equal(data.x, kept)
    assert torch.equal(data.x_test, kept)
    assert data.y.tolist() == data.y_test.tolist() == [0, 1, 2] * 20


def test_user_validation_rows_are_fixed():
    data = own(arrays(60), arrays(20, 1), arrays(9, 2))
    assert data.validation.tolist() == list(range(60, 80))
    assert data.split(0)[1].tolist() == list(range(60, 80))
    assert any("the function's own 20" in note for note in data.notes)


def pairs(x, y):
    """The same rows in every form a part may take."""
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    dataset = torch.utils.data.TensorDataset(*tensors)
    return {
        "numpy": (x, y),
        "list": [x, y],
        "torch": tensors,
        "grad": (tensors[0].clone().requires_grad_(), tensors[1]),
        "pandas": (pd.DataFrame(x), pd.Series(y)),
        "strided": (np.asfortranarray(x[::-1])[::-1], y),
        "dataset": dataset,
        "loader": torch.utils.data.DataLoader(dataset, batch_size=7),
    }


@pytest.mark.parametrize("form", list(pairs(*arrays())))
def test_user_parts_may_take_any_form(form):
    expected = own(arrays(), arrays(9))
    data = own(pairs(*arrays())[form], pairs(*arrays(9))[form])
    assert data.fingerprint == expected.fingerprint
    assert any("DataLoader" in note for note in data.notes) == (form == "loader")


def test_user_loader_that_shuffles_and_drops_is_read_once_and_told():
    dataset = torch.utils.data.TensorDataset(*map(torch.from_numpy, arrays()))

    def loaders():
        shuffled = torch.utils.data.DataLoader(dataset, 25, shuffle=True, drop_last=True)
        return shuffled, torch.utils.data.DataLoader(dataset, 9)

    data = load(loaders)
    assert data.fingerprint == load(loaders).fingerprint
    assert len(data.x) == 50
    assert not torch.equal(data.y, torch.arange(50) % 3)
    assert any("train: 50 rows read once from a DataLoader; its Dataset has 60" in note
               for note in data.notes)  # fmt: skip


@pytest.mark.parametrize(
    ("y", "task", "labels"),
    [
        (np.arange(60, dtype=np.int32) % 2 + 5, "classification", ("5", "6")),
        (np.arange(60) % 2 == 0, "classification", ("False", "True")),
        (np.array(["no", "yes"])[np.arange(60) % 2], "classification", ("no", "yes")),
        (pd.Series(["no", "yes"] * 30, dtype="category"), "classification", ("no", "yes")),
        (np.arange(60).reshape(60, 1) % 2, "classification", ("0", "1")),
        (np.arange(60.0), "regression", ("y",)),
        (torch.arange(60, dtype=torch.bfloat16), "regression", ("y",)),
        (np.arange(60.0).reshape(60, 1), "regression", ("y",)),
        (np.arange(120.0).reshape(60, 2), "regression", ("y1", "y2")),
    ],
)
def test_user_task_follows_from_y(y, task, labels):
    x, _ = arrays()
    data = own((x, y), (x[:9], y[:9]))
    assert (data.task, data.labels) == (task, labels)
    if task == "regression":
        assert_standardised(data.y)
        columns = len(labels)
        assert data.y.shape == ((60,) if columns == 1 else (60, 2))
        assert data.target_scale == pytest.approx(np.std(np.arange(60)) if columns == 1 else 1.0)


def test_user_task_can_be_given():
    x, y = arrays()
    data = load(lambda: ((x, y), (x[:9], y[:9])), task="regression")
    assert (data.task, data.notes[0]) == ("regression", "regression, as asked")
    data = load(lambda: ((x, y * 1.0), (x[:9], y[:9] * 1.0)), task="classification")
    assert (data.task, data.labels) == ("classification", ("0", "1", "2"))
    with refuses("gave y with fractions; classes must be whole numbers"):
        load(lambda: ((x, y + 0.5), (x, y + 0.5)), task="classification")
    with refuses("--task 'language': --data"):
        load(lambda: ((x, y), (x, y)), task="language")
    with refuses("gave y of <U21; allowed: integers or floats"):
        load(lambda: ((x, y.astype(str)), (x, y.astype(str))), task="regression")


def test_user_language_and_layouts():
    tokens = np.arange(200).reshape(20, 10) % 7
    data = own((tokens[:, :-1], tokens[:, 1:]), (tokens[:4, :-1], tokens[:4, 1:]))
    assert (data.task, data.layout, data.outputs) == ("language", "tokens", 7)
    y = np.arange(20) % 2
    assert own((tokens, y), (tokens, y)).layout == "features"
    images = np.zeros((20, 3, 8, 6), dtype=np.uint8)
    data = own((images, y), (images, y))
    assert data.layout == "image"
    assert "x: images of 3 channels, 8 × 6 pixels" in data.notes
    signals = np.zeros((20, 28, 28))
    assert any("28 channels" in note for note in own((signals, y), (signals, y)).notes)


X, Y = arrays()


class Unstackable(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return torch.zeros(i + 1), 0


class Endless(torch.utils.data.IterableDataset):
    def __iter__(self):
        raise AssertionError


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (None, "returned None; allowed: (train, test) or (train, validation, test)"),
        ({"train": 1}, "returned a dict; allowed:"),
        ((X, Y, X, Y), "returned a tuple of 4 (ndarray, ndarray, ndarray, ndarray); allowed:"),
        ((X, Y), "train is a ndarray of shape (60, 4); allowed: an (X, y) pair of arrays"),
        (((X, Y), None), "test is None; allowed: an (X, y) pair"),
        (((X, Y), (X, Y, Y)), "test is a tuple of 3; allowed: an (X, y) pair"),
        (((X, Y), (X[:5], Y)), "test: x has 5 rows and y 60; allowed: as many"),
        (((X[:0], Y[:0]), (X, Y)), "train: has no rows; at least 1 is needed"),
        (((X, Y), (X[:, :3], Y)), "one row of x has shape (4,) in train and (3,) in test"),
        (((X, Y), (X, Y * 1.0)), "y holds int64 in train and float64 in test"),
        (((X, Y), (X, Y + 9)), "class '9' is in the test rows and not in the development rows"),
        (((X.astype(object), Y), (X, Y)), "train: x holds object of shape (60, 4)"),
        (((X.astype(str), Y), (X.astype(str), Y)), "x holds <U"),
        (((pd.DataFrame({"a": X[:, 0], "b": "w"}), Y), (X, Y)), "columns that are not numbers: b"),
        (((X, np.eye(3, dtype=int)[Y]),) * 2, "y of classes has shape (60, 3); allowed: (N,)"),
        (((X, np.zeros((60, 2, 2))),) * 2, "y has shape (60, 2, 2); allowed: (N,) or (N, targets)"),
        (((X, Y * np.nan),) * 2, "the target 'y' has 120 values that are NaN or infinite"),
        (((X * 1e300, Y),) * 2, "development x has 240 values that are NaN or infinite"),
        (((X, Y[:1].repeat(60)),) * 2, "1 class; at least 2 are needed"),
        (((X, np.array([7] + [0, 1] * 29 + [0])), (X, Y % 2)), "class '7' has one sample"),
        (((X[:, 0], Y),) * 2, "x has shape (60,); allowed: (N, features)"),
        (((torch.eye(4).to_sparse(), Y[:4]),) * 2, "is a sparse tensor; make it dense"),
        (((5, Y), (X, Y)), "train: x is a int; allowed: a NumPy array or a tensor"),
        ((Unstackable(), (X, Y)), "train: items cannot be stacked (stack expects"),
        ((Endless(), (X, Y)), "train is a Endless, which has no length; allowed: a Dataset with"),
        ((torch.utils.data.TensorDataset(torch.ones(4)),) * 2, "train: an item is a tuple of 1"),
        ((torch.utils.data.DataLoader(torch.ones(4)),) * 2, "a batch is a Tensor of shape (1,)"),
    ],
)
def test_user_return_is_refused(returned, text):
    with refuses(text):
        load(lambda: returned)


def test_user_sparse_matrix_is_refused():
    import scipy.sparse

    with refuses("train: x is a sparse csr_matrix; make it dense: .toarray()"):
        own((scipy.sparse.csr_matrix(X), Y), (X, Y))


def test_user_exceptions_are_wrapped_and_kept(module):
    module("""
        def load():
            return {}["rows"]

        def leaves():
            raise SystemExit(3)
    """)
    with refuses(
        "--data 'mydata:load': raised KeyError: 'rows' (mydata.py, line 3)", UserCodeError
    ) as e:
        load("mydata:load")
    assert isinstance(e.value.__cause__, KeyError)
    with refuses("raised SystemExit: 3", UserCodeError):
        load("mydata:leaves")

    class Fails(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            raise RuntimeError("first\nsecond")

    with refuses("train: raised RuntimeError: first (test_data.py", UserCodeError):
        own(Fails(), arrays())
    with refuses("train: raised RuntimeError", UserCodeError):
        own(torch.utils.data.DataLoader(Fails()), arrays())


def test_resolve_refuses(module):
    module("def load(): pass\nVALUE = 3\nclass Maker:\n    def build(self): pass\n")
    module("import nowhere_at_all", "mydata_broken")
    module("def load(:", "mydata_syntax")
    assert resolve("mydata:Maker.build", "--model").__name__ == "build"
    with refuses("--data 'nomodule:load': no module 'nomodule' in the current directory"):
        load("nomodule:load")
    with refuses("no function 'laod'; did you mean 'load'? (it has: Maker, load)"):
        load("mydata:laod")
    with refuses("'mydata:VALUE': is a int; allowed: a function"):
        load("mydata:VALUE")
    with refuses("give the module's name, not its file: 'sub.mydata:FUNCTION'"):
        load("sub/mydata.py:load")
    with refuses("not of the form module:function, such as 'mydata:load'"):
        load("mydata:")
    with refuses("--model 'mydata': not of the form module:function"):
        resolve("mydata", "--model")
    with refuses("importing 'mydata_broken' failed: raised ModuleNotFoundError: No module named "
                 "'nowhere_at_all' (mydata_broken.py, line 1)", UserCodeError):  # fmt: skip
        load("mydata_broken:load")
    with refuses("importing 'mydata_syntax' failed: raised SyntaxError", UserCodeError):
        load("mydata_syntax:load")


def test_did_you_mean():
    assert did_you_mean("Qualty", ["alcohol", "quality"]) == "; did you mean 'quality'?"
    assert did_you_mean("zzz", ["alcohol"]) == ""
