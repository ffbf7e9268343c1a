"""`nonlin show`, cards and pictures: they say what the record says, in every medium."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import pty
import re
import subprocess
import sys
from fractions import Fraction
from html.parser import HTMLParser
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

import nonlin
from catalogue import RECORDS, SETTINGS
from nonlin import cli
from nonlin.conventions import Convention, kink_choice
from nonlin.curves import curves_of, heights, span
from nonlin.errors import MissingExtraError, NonlinError
from nonlin.facts import Facts
from nonlin.naming import parse_activation
from nonlin.properties import PROPERTIES
from nonlin.report import description as say
from nonlin.report.pictures import png, svg, thumbnail

EVERY = pytest.mark.parametrize("record", RECORDS, ids=repr)
ATTACK = "</script><script>alert(1)</script><b>$x$ &amp; %{y}"
HOSTILE = nonlin.leaky_relu.variant(
    "hostile",
    text=ATTACK,
    identity=ATTACK,
    references=(ATTACK,),
    parameters=tuple(dataclasses.replace(p, meaning=ATTACK) for p in nonlin.leaky_relu.parameters),
    conventions={"torch": Convention(call=ATTACK, note=ATTACK, wrong=ATTACK)},
)


@pytest.fixture
def shown(capsys, monkeypatch):
    """Run the command in so many columns; what it prints."""

    def shown(*words: str, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert cli.run(["show", *words]) == 0
        return capsys.readouterr().out

    return shown


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@EVERY
def test_text_holds_everything_the_record_says(shown, record):
    out = squeezed(shown(record.name, columns=300))
    said = [record.name, *record.aliases, record.text, record.identity.removeprefix("f′ = ")]
    said += [
        *record.references,
        *say.facts_in_words(record).values(),
        say.contract_in_words(record),
    ]
    for parameter in record.parameters:
        said += [parameter.name, parameter.meaning, parameter.domain]
    for framework, convention in record.conventions.items():
        said += [framework, convention.call, convention.note, convention.wrong]
        said += [f"{name} =" for name in convention.parameters]
    for text in said:
        assert squeezed(text) in out


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize(
    "names", [["relu"], ["softmax"], ["binary_step"], ["gelu", "relu", "mish", "tanh", "argmax"]]
)
def test_text_fits_the_width_and_is_plain(shown, names, columns):
    out = shown(*names, columns=columns)
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= columns
    assert len(re.findall("function|derivative", out.partition("Facts")[0])) >= 2
    assert "┤" in out


def test_in_a_terminal_there_are_colours_unless_they_are_refused():
    def run(**environment: str) -> str:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "nonlin", "show", "relu", "gelu"],
            stdout=theirs,
            env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment},
        )
        os.close(theirs)
        chunks = []
        try:
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
        except OSError:
            pass  # Linux ends a terminal so.
        assert process.wait() == 0
        os.close(ours)
        return b"".join(chunks).decode()

    coloured, refused = run(), run(NO_COLOR="1")
    assert re.search(r"\x1b\[38;", coloured)
    assert not re.search(r"\x1b\[(3[0-9]|38;)", refused)
    for out in (coloured, refused):
        lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
        assert max(map(len, lines)) <= 80


def number(value):
    """A number of the JSON output, ±∞ and NaN among them."""
    return (
        float(value) if isinstance(value, int | float) or value in ("inf", "-inf", "nan") else value
    )


def agrees(told, true) -> bool:
    """Whether JSON says what a fact is, walked by the fact's own structure."""
    if dataclasses.is_dataclass(true):
        names = [item.name for item in dataclasses.fields(true)]
        return all(agrees(told[name], getattr(true, name)) for name in names)
    if isinstance(true, tuple):
        return len(told) == len(true) and all(map(agrees, told, true))
    if isinstance(true, Fraction):
        return Fraction(told) == true
    if isinstance(true, float):
        same = np.float64(number(told)).tobytes() == np.float64(true).tobytes()
        return same or (math.isnan(true) and math.isnan(number(told)))
    return told == true and type(told) is type(true)


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_json_gives_every_fact_back(record):
    text = json.dumps(say.as_json(record), allow_nan=False)
    told = json.loads(text)
    assert agrees(told["facts"], record.facts)
    assert agrees(told["contract"], record.contract)
    assert (
        nonlin.get(told["name"], **{p["name"]: number(p["value"]) for p in told["parameters"]})
        == record
    )
    assert told["properties"] == {name: item.of(record) for name, item in PROPERTIES.items()}
    for framework, convention in record.conventions.items():
        offered = told["conventions"][framework]
        assert offered["call"] == convention.call
        assert offered["parameters"] == convention.parameters
        for at, slope in offered["slopes_at_kinks"].items():
            own = record.bind(**convention.parameters)
            x = np.array([float(at)])
            assert slope == own.derivative(x, at_kink=kink_choice(framework))[0]


def test_json_on_the_command_line_is_a_list(shown):
    told = json.loads(shown("leaky_relu(alpha=0.2)", "softmax", "--json"))
    assert [item["record"] for item in told] == ["leaky_relu(alpha=0.2)", "softmax"]
    assert told[0]["facts"]["slope_limits"] == [0.2, 1.0]
    assert told[0]["facts"]["range"]["low"] == "-inf"


def test_where_frameworks_differ_is_told(shown):
    out = squeezed(shown("leaky_relu"))
    for text in ("alpha = 0.2", "f′(0) = 1", "f′(0) = 0.01", "0.3, its function 0.2"):
        assert squeezed(text) in out


def test_parameters_and_frameworks_in_the_call(shown):
    assert shown("swish(beta=1.5)").startswith("swish(beta=1.5)\n")
    assert shown("leaky_relu", "--like", "keras").startswith("leaky_relu(alpha=0.2)")
    assert "right" in shown("relu(at_kink=right)")
    assert "learned" in shown("swish(learned)")


BAD = [
    (["gleu"], "unknown activation 'gleu'; did you mean 'gelu'?"),
    (["swish(bta=1)"], "unknown parameter 'bta'; did you mean 'beta'?"),
    (["elu(alpha=-1)"], "alpha=-1; allowed: a finite number > 0"),
    (["relu", "relu"], "relu is named twice"),
    (["relu,tanh"], "names 2 activations; allowed: one"),
    (["relu", "--like", "numpy"], "like='numpy'; allowed: torch"),
    (["binary_step", "--like", "hf"], "hf has no such function"),
    (["relu", "--png", "no/such/folder/x.png"], "--png no/such/folder/x.png: No such file"),
    (["relu", "--html", "no/such/folder/x.html"], "--html no/such/folder/x.html: No such file"),
    (["relu", "--png", "."], "--png .: "),
    ([], "ACTIVATIONS"),
]


@pytest.mark.parametrize(("words", "told"), BAD, ids=lambda item: " ".join(item)[:40])
def test_bad_input_is_one_line(capsys, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["show", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("nonlin: ")
    assert printed.err.count("\n") == 1
    assert told.lower() in printed.err.lower()
    assert list(tmp_path.iterdir()) == []


def test_a_formula_is_parsed_or_refused_in_one_line():
    try:
        import nonlin.defining  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        with pytest.raises(NonlinError, match=r"cannot read activation 'x\*tanh\(x\)'; allowed"):
            parse_activation("x*tanh(x)")
        return
    record = parse_activation("x*sigmoid(beta*x), beta=1.5")
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(record(x), nonlin.swish(x, beta=1.5), rtol=1e-14)
    np.testing.assert_allclose(parse_activation("tanh(x)")(x), np.tanh(x), rtol=1e-14)
    with pytest.raises(NonlinError, match="foo"):
        parse_activation("x*foo(x)")
    assert say.contract_in_words(record) == "nothing is promised"


@EVERY
def test_curves_show_what_there_is_to_see(record):
    low, high = span(record)
    assert low <= -3 < 3 <= high
    for curve in curves_of([record]):
        assert (np.diff(curve.x) > 0).all()
        if not isinstance(record.facts, Facts):
            continue
        shown = np.isfinite(curve.value)
        np.testing.assert_array_equal(curve.value[shown], record(curve.x)[shown])
        kinks = [kink.at for kink in record.facts.kinks]
        assert [dot[0] for dot in curve.derivative_dots] == kinks
        assert [dot[1] for dot in curve.derivative_dots] == [k.torch for k in record.facts.kinks]
        for at in (*kinks, *(record.facts.minimum or ())[:1]):
            assert low < at < high
        # Between two points the line goes no farther than the steepest slope carries it.
        step, rise = np.diff(curve.x), np.abs(np.diff(curve.value))
        if math.isfinite(record.facts.lipschitz):
            assert (
                rise[shown[1:] & shown[:-1]]
                <= 1e-12 + record.facts.lipschitz * step[shown[1:] & shown[:-1]] * (1 + 1e-6)
            ).all()


def test_overlaid_curves_share_an_interval_and_none_flattens_the_others():
    curves = curves_of([nonlin.relu, nonlin.sigmoid, nonlin.swish.bind(beta=0.25)])
    assert len({(curve.x[0], curve.x[-1]) for curve in curves}) == 1
    reach = curves[0].x[-1]
    steep = nonlin.relu.variant("steep", value=lambda x, xp: 1e6 * x, facts_of=nonlin.relu.facts_of)
    assert heights(curves_of([nonlin.relu, steep]))[0][1] <= 1.5 * reach


def test_a_step_is_not_drawn_as_a_slope():
    (curve,) = curves_of([nonlin.binary_step])
    assert curve.value_dots == ((0.0, 1.0),)
    assert np.isnan(curve.value[curve.x == 0]).all()


def pixels(data: bytes) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(data), format="png")[..., :3]


def test_png_is_a_picture_of_the_functions(shown, tmp_path):
    path = tmp_path / "out.png"
    assert str(path) in shown("relu", "gelu", "mish", "--png", str(path))
    image = pixels(path.read_bytes())
    assert image.shape[0] > 400
    assert image.shape[1] > 1000
    assert 0.5 < (image > 0.98).all(axis=2).mean() < 0.99
    for colour in ("0072b2", "d55e00", "009e73"):
        rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        assert (np.abs(image - rgb).max(axis=2) < 0.02).sum() > 200
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


def test_pictures_differ_with_the_function_and_repeat_byte_for_byte():
    assert png([nonlin.relu]) == png([nonlin.relu])
    assert svg([nonlin.relu]) == svg([nonlin.relu])
    assert (pixels(png([nonlin.relu])) != pixels(png([nonlin.tanh]))).any()


class Tags(HTMLParser):
    """The tags and the text of a piece of HTML, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not [key for key, _ in attrs if key.startswith("on")]
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@EVERY
def test_card_is_small_still_and_complete(record):
    html = record._repr_html_()
    assert len(html.encode()) < 60_000
    parsed = Tags(html)
    assert not parsed.open
    assert not {"script", "style", "link", "iframe", "img"} & set(parsed.tags)
    assert parsed.tags.count("svg") == 1
    ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    said = re.sub(r"[\^{}]", "", squeezed(parsed.text))
    for text in (record.name, record.text, record.identity, *record.aliases):
        assert re.sub(r"[\^{}]", "", squeezed(text)) in said


def test_hostile_text_is_only_text_on_a_card():
    parsed = Tags(HOSTILE._repr_html_())
    assert "script" not in parsed.tags
    assert parsed.text.count(ATTACK) >= 2


def test_hostile_text_is_only_text_in_a_terminal(shown, monkeypatch):
    wild = HOSTILE.variant("wild", text="[red]x[/red] [/nothing] \\[", references=("[b]",))
    monkeypatch.setattr("nonlin.naming.get", lambda name: wild)
    out = shown("wild")
    assert "[red]x[/red] [/nothing] \\[" in out
    assert "[b]" in out


@EVERY
def test_thumbnails_are_whole(record):
    assert len(ElementTree.fromstring(thumbnail(record)).findall(".//{*}path")) >= 2


WITHOUT = (
    "import sys\nsys.modules[{missing!r}] = None\n"
    "import nonlin\nfrom nonlin import cli\nprint({code})"
)


@pytest.mark.parametrize(
    ("missing", "code", "told"),
    [
        ("matplotlib", "cli.run(['show', 'relu', '--png', 'x.png'])", "2"),
        ("plotly", "cli.run(['show', 'relu', '--html', 'x.html'])", "2"),
        ("jinja2", "cli.run(['show', 'relu', '--html', 'x.html'])", "2"),
        ("plotext", "cli.run(['show', 'relu'])", "0"),
        ("matplotlib", "nonlin.relu._repr_html_()", "max(x, 0)"),
        ("jinja2", "nonlin.relu._repr_html_()", "relu"),
    ],
)
def test_a_missing_extra_is_named(tmp_path, missing, code, told):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing, code=code)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert told in done.stdout
    said = done.stdout + done.stderr
    assert re.search(
        f"needs {missing}, which is not installed; run: pip install .*nonlin.plot", said
    )
    assert list(tmp_path.iterdir()) == []


def test_missing_matplotlib_raises_in_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="a picture needs matplotlib"):
        png([nonlin.relu])
