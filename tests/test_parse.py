"""`nonlin.parse`: the grammar, what is refused and where, and the record a text becomes."""

from __future__ import annotations

import copy
import math
import pickle
import re
import shlex
import time

import array_api_strict
import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nonlin
from catalogue import ELEMENTWISE, VECTORS
from nonlin import cli, nn
from nonlin.backends.namespace import namespace_of
from nonlin.certification import exact as reference
from nonlin.comparison import repeating
from nonlin.comparison.settings import Settings
from nonlin.defining import parse_definition
from nonlin.defining.expression import EXTREMES, FUNCTIONS
from nonlin.errors import NonlinError
from nonlin.naming import parse_activations

ALLOWED = "; allowed: numbers, names, + - * / **, parentheses and functions"


def refuses(text: str):
    assert "\n" not in text
    return pytest.raises(NonlinError, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * x", lambda x: 1 + 2 * x),
        ("(1 + 2) * x", lambda x: 3 * x),
        ("1 - 2 - x", lambda x: -1 - x),
        ("8 / 4 / x", lambda x: 2 / x),
        ("2 ** 3 ** 0 * x", lambda x: 2 * x),
        ("-x ** 2", lambda x: -(x**2)),
        ("(-x) ** 2", lambda x: x**2),
        ("2 ** -x", lambda x: 2**-x),
        ("x ** -1 * 3", lambda x: 3 / x),
        ("- - x - -x", lambda x: 2 * x),
        ("+x", lambda x: x),
        ("-2*x", lambda x: -2 * x),
        (".5e1*x + 1.*x + 2E-1*x", lambda x: 6.2 * x),
        ("pi*x + e", lambda x: math.pi * x + math.e),
        ("max(x, 1, 2) + min(x, 0.5)", lambda x: max(x, 2) + min(x, 0.5)),
        ("exp(0) * x + abs(-2) + max(1, 2)", lambda x: x + 4),
        ("  x  ", lambda x: x),
        ("erf(x) + erfc(x)", lambda x: 1),
        ("log(exp(x)) + log1p(expm1(x))", lambda x: 2 * x),
        ("sin(x)**2 + cos(x)**2 + cosh(x)**2 - sinh(x)**2", lambda x: 2),
        ("tan(atan(x)) + asinh(sinh(x)) + sqrt(x*x)", lambda x: 3 * x),
    ],
)
def test_grammar(text, expected):
    record = nonlin.parse(text)
    for x in (0.75, 1.5, 3.0):
        assert record(x) == pytest.approx(expected(x), rel=1e-13)
        assert float(reference.value(record, x)) == pytest.approx(expected(x), rel=1e-13)
        assert record(np.array([x], dtype=np.float32)).dtype == np.float32
        assert record(torch.tensor([x], dtype=torch.float16)).dtype == torch.float16


# What a stranger may type into a form; each has to be refused at once, in one line.
HOSTILE = [
    "__import__('os').system('x')",
    "().__class__",
    "x.__class__",
    "x.__class__.__bases__[0].__subclasses__()",
    "10**10**10",
    "9**9**9**9*x",
    "x**99999999",
    "(" * 10_000 + "x" + ")" * 10_000,
    "(" * 400 + "x" + ")" * 400,
    "-" * 900 + "x",
    "exp(" * 200 + "x" + ")" * 200,
    "x+" * 400 + "x",
    "2**" * 300 + "x",
    "x" * 1_000_000,
    "1" * 900,
    "х + 1",  # Cyrillic
    "ｘ + 1",  # full width
    "x\u200b",
    "x − 1",
    "١ + x",  # an Arabic digit
    "x\0",
    "\0",
    "x\n+1",
    "x;x",
    "# x",
    "lambda: 0",
    "lambda x: x",
    "f'{x}'",
    "f\"{__import__('os')}\"",
    "'x'",
    "b'x'",
    "x := 1",
    "x = 1",
    "[x for x in x]",
    "[x]",
    "{x}",
    "x[0]",
    "x if x else 1",
    "x < 1",
    "x == 1",
    "x and 1",
    "not x",
    "x @ x",
    "x // 2",
    "x % 2",
    "x & 1",
    "~x",
    "x, x",
    "*x",
    "**x",
    "max(*x)",
    "exp(x=1)",
    "exp()",
    "exp",
    "x(1)",
    "pi(x)",
    "1(x)",
    "(x)(x)",
    "eval('1')",
    "exec(x)",
    "open(x)",
    "globals()",
    "xp",
    "xp.exp(x)",
    "_",
    "...",
    "None",
    "True",
    "nan*x",
    "inf*x",
    "1e999*x",
    "1/0*x",
    "0**-1*x",
    "(0-8)**0.5*x",
    "1j*x",
    "0x10*x",
    "1_000*x",
    "2x",
    "x y",
    "",
    " ",
    "x +",
    "(x",
    "x)",
    "()",
    "3",
    "pi",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_hostile_texts_are_refused_fast_in_one_line(text):
    start = time.perf_counter()
    with pytest.raises(NonlinError) as caught:
        nonlin.parse(text)
    assert time.perf_counter() - start < 0.2
    message = str(caught.value)
    assert message.startswith("parse: ")
    assert message.isprintable()
    assert len(message) < 300
    assert caught.value.__cause__ is None


def parsed_or_refused(text: str, **parameters: float):
    """The record, or what the refusal says."""
    try:
        return nonlin.parse(text, **parameters)
    except NonlinError as error:
        return str(error)


@given(st.text(max_size=60) | st.text("x()+-*/.,1e_ 'exp\0", max_size=60))
def test_any_text_is_a_formula_or_refused(text):
    record = parsed_or_refused(text)
    if isinstance(record, str):
        assert record.isprintable()
    else:
        assert nonlin.parse(record.text) == record


KNOWN = "functions such as exp, max and sigmoid, and parameters given a start value"
ERRORS = [
    (
        "x * os.x",
        f"unknown name 'os' at position 5 in 'x * os.x'; allowed: x, e, pi, {KNOWN} (os=1.0); "
        "did you mean 'cos'?",
    ),
    (
        "sigmid(x)",
        f"unknown name 'sigmid' at position 1 in 'sigmid(x)'; allowed: x, e, pi, {KNOWN} "
        "(sigmid=1.0); did you mean 'sigmoid'?",
    ),
    ("x.y", f"unexpected '.' at position 2 in 'x.y'{ALLOWED}"),
    ("x * (1 + ", f"the text ends at position 10 in 'x * (1 + '{ALLOWED}"),
    ("(x", "the text ends at position 3 in '(x'; allowed: ')'"),
    ("x)", f"unexpected ')' at position 2 in 'x)'{ALLOWED}"),
    ("x^2", "unexpected '^' at position 2 in 'x^2'; a power is written **"),
    ("2·x", "unexpected '·' at position 2 in '2·x'; a product is written *"),
    ("2x", "no operator before 'x' at position 2 in '2x'; a product is written *"),
    ("x(2)", "'x' is no function at position 2 in 'x(2)'; a product is written *"),
    ("x + exp", "'exp' without its argument at position 5 in 'x + exp'; write exp(...)"),
    ("tanh(x, 1)", "tanh of 2 arguments at position 1 in 'tanh(x, 1)'; allowed: one"),
    ("max(x)", "max of one argument at position 1 in 'max(x)'; allowed: two or more"),
    ("x / (2 - 2)", "'/' gives no finite number at position 3 in 'x / (2 - 2)'"),
    ("x + 1 / 0", "'/' gives no finite number at position 7 in 'x + 1 / 0'"),
    ("1e400 * x", "number 1e400 is not finite at position 1 in '1e400 * x'"),
    ("x**101", "exponent 101 at position 2 in 'x**101'; allowed: up to 100 in size"),
    ("softmax(x)", "'softmax' works on whole vectors at position 1 in 'softmax(x)'"),
    ("x" * 1001, "text of 1,001 characters; allowed: up to 1,000"),
    ("1 + 2", "'1 + 2' does not depend on x"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_errors_name_the_position(text, message):
    with refuses(f"parse: {message}"):
        nonlin.parse(text)


def test_a_long_text_is_shown_around_the_position():
    text = "x + " * 40 + "y"
    with pytest.raises(NonlinError, match=r"^parse: unknown name 'y' at position 161 in '…\+ x"):
        nonlin.parse(text)
    with pytest.raises(NonlinError, match=r"^parse: too deep at position 51 in '…\(+"):
        nonlin.parse("(" * 100 + "x" + ")" * 100)
    assert nonlin.parse("(" * 49 + "x" + ")" * 49)(2.0) == 2.0


def test_only_text_is_parsed():
    with refuses("parse: got a float; allowed: a formula as text"):
        nonlin.parse(1.0)  # type: ignore[arg-type]


def test_parameters_are_checked():
    with refuses("parse: parameter 'beta' does not occur in 'x + 1'"):
        nonlin.parse("x + 1", beta=1.0)
    with refuses("parse: parameter 'x' is named like the input x; rename it"):
        nonlin.parse("x", x=1.0)
    with refuses("parse: parameter 'pi' is named like the constant pi; rename it"):
        nonlin.parse("pi*x", pi=3.0)
    for name in ("exp", "max", "tanh", "swish", "silu"):
        with refuses(f"parse: parameter {name!r} is named like the function {name}; rename it"):
            nonlin.parse("x", **{name: 1.0})
    with refuses("parse: parameter 'β'; allowed: ASCII letters, digits and _"):
        nonlin.parse("x", **{"β": 1.0})
    with refuses("gate: parameter b='1'; allowed: a finite number"):
        nonlin.parse("b*x", "gate", b="1")  # type: ignore[arg-type]
    with refuses("name 'relu' is taken by the catalogue; choose another"):
        nonlin.parse("x*x", "relu")
    with refuses("activation name 'My Own': allowed: a lower-case identifier"):
        nonlin.parse("x*x", "My Own")
    typo = f"x, e, pi, beta, {KNOWN} (bta=1.0); did you mean 'beta'?"
    with refuses(f"parse: unknown name 'bta' at position 3 in 'x*bta + beta'; allowed: {typo}"):
        nonlin.parse("x*bta + beta", beta=1.0)


@pytest.mark.usefixtures("formulas")
@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_every_activation_is_a_function_with_its_own_formulas(record):
    x = np.array([-400.0, -9.0, -1.25, -1e-30, 0.0, 0.4, 3.0, 88.0])
    for name in (record.name, *record.aliases):
        parsed = nonlin.parse(f"{name}(x)")
        np.testing.assert_array_equal(parsed(x), record(x))
        np.testing.assert_array_equal(parsed.derivative(x), record.derivative(x))
        moved = nonlin.parse(f"{name}(2*x)/2")
        np.testing.assert_allclose(moved.derivative(x), record.derivative(2 * x), rtol=1e-15)
        assert float(reference.value(parsed, 0.4)) == float(reference.value(record, 0.4))


def test_vector_activations_are_no_functions():
    assert VECTORS
    for record in VECTORS:
        with refuses(
            f"parse: {record.name!r} works on whole vectors at position 1 in '{record.name}(x)'"
        ):
            nonlin.parse(f"{record.name}(x)")


def test_mish_by_text_is_mish():
    parsed = nonlin.parse("x * tanh(softplus(x))")
    x = np.linspace(-80, 80, 321)
    np.testing.assert_allclose(parsed(x), nonlin.mish(x), rtol=1e-14)
    np.testing.assert_allclose(
        parsed.derivative(x), nonlin.mish.derivative(x), rtol=1e-12, atol=1e-16
    )
    facts, stated = parsed.facts, nonlin.mish.facts
    assert facts.measured
    assert facts.minimum == pytest.approx(stated.minimum, rel=1e-12)
    assert facts.lipschitz == pytest.approx(stated.lipschitz, rel=1e-12)
    assert (facts.smoothness, facts.self_gated, facts.limits) == (math.inf, True, stated.limits)
    strict = array_api_strict.asarray(x)
    np.testing.assert_allclose(np.asarray(parsed.derivative(strict)), parsed.derivative(x))


def test_parameters_in_the_text_are_learned():
    record = nonlin.parse("x*sigmoid(beta*x)", beta=1.0)
    assert record.learned == ("beta",)
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    ours, swish = nn.from_record(record), nn.Swish(learn="beta")
    ours, swish = ours.double(), swish.double()
    for module in (ours, swish):
        module(x).square().sum().backward()
    torch.testing.assert_close(ours(x), swish(x))
    torch.testing.assert_close(ours.beta.grad, swish.beta.grad)
    fixed = nn.from_record(record, learn=())
    assert not list(fixed.parameters())
    assert repr(ours) == "Formula(x*sigmoid(beta*x), beta=1.0, learned: beta)"
    several = nn.from_record(nonlin.parse("a*x + b", a=1.0, b=0.5), num_parameters=3)
    several(torch.ones(2, 3)).sum().backward()
    assert several.a.grad.tolist() == several.b.grad.tolist() == [2.0] * 3
    for module in (ours, several):
        for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
            assert again.record == module.record
            assert again.state_dict().keys() == module.state_dict().keys()


def test_a_parsed_record_is_compiled_whole():
    torch._dynamo.reset()
    record = nonlin.parse("max(x, a*x) + x*tanh(softplus(b*x)) + x**2/(1+exp(-x))", a=0.1, b=1.0)
    module = nn.from_record(record)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    x = torch.linspace(-5, 5, 11, requires_grad=True)
    wanted = [x, *module.parameters()]
    torch.testing.assert_close(compiled(x), module(x))
    torch.testing.assert_close(
        torch.autograd.grad(compiled(x).sum(), wanted), torch.autograd.grad(module(x).sum(), wanted)
    )


def test_identity_copies_and_printing():
    record = nonlin.parse("x*sigmoid(b*x)", b=1.0)
    assert repr(record) == "x*sigmoid(b*x), b=1.0"
    assert record == nonlin.parse("x*sigmoid(b*x)", b=1.0)
    assert len({record, nonlin.parse("x*sigmoid(b*x)", b=1.0)}) == 1
    assert record != nonlin.parse("x*sigmoid(b*x)", b=2.0)
    assert record != nonlin.parse("x*tanh(b*x)", b=1.0)
    assert record.name != nonlin.parse("x*tanh(b*x)", b=1.0).name
    named = nonlin.parse("x*sigmoid(b*x)", "gate", b=1.0)
    assert (named.name, named.class_name, repr(named)) == (
        "gate",
        "Gate",
        "gate=x*sigmoid(b*x), b=1.0",
    )
    for changed in (record, named, record.bind(b=3.0, at_kink="left"), named.bind(b=0.5)):
        for again in (pickle.loads(pickle.dumps(changed)), copy.deepcopy(changed)):
            assert again == changed
            assert repr(again) == repr(changed)
            assert again(1.7) == changed(1.7)


@pytest.mark.parametrize(
    "text",
    [
        "bent=(sqrt(x*x+1)-1)/2+x",
        "gate=x*sigmoid(b*x), b=1.5",
        "two=a*x + max(b, x), a=1.0, b=-0.25",
        "kinked=max(0.1*x, x), at_kink=left",
        "fixed=x*sigmoid(b*x), b=1.5, learn=none",
        "half=a*x+b*abs(x), a=1.0, b=2.0, learn=a",
    ],
)
def test_definitions_read_as_they_are_printed(text):
    record = parse_definition(text)
    assert repr(record) == text
    assert parse_definition(repr(record)) == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x*x", "--define 'x*x'; allowed: name=formula, such as"),
        ("=x", "--define '=x'; allowed: name=formula"),
        ("a==x", "--define 'a==x'; allowed: name=formula"),
        ("a" * 5000 + "=x", "--define 'aaaa"),
        ("bent=x*b, b=one", "--define: b='one'; allowed: a number"),
        ("bent=x*b", "parse: unknown name 'b' at position 3"),
        ("bent=x, at_kink=up", "bent: at_kink='up'; allowed: torch"),
        ("bent=x*b, b=1, learn=c", "bent: unknown parameter 'c' (known: b)"),
        ("relu=x*x", "name 'relu' is taken by the catalogue"),
    ],
)
def test_malformed_definitions(text, message):
    with pytest.raises(NonlinError, match=f"^{re.escape(message)}") as caught:
        parse_definition(text)
    assert str(caught.value).isprintable()


def test_the_command_compares_what_it_defines(tmp_path, capsys):
    arguments = [
        *("compare", "--data", "digits", "--activations", "relu,bent,gate"),
        *("--define", "bent=(sqrt(x*x+1)-1)/2+x", "--define", "gate=x*sigmoid(b*x), b=1.0"),
        *("--baseline", "bent", "--seeds", "2", "--epochs", "1", "--learning-rates", "1e-3"),
        *("--workers", "2", "--quiet", "--out", str(tmp_path)),
    ]
    assert cli.run(arguments) == 0
    assert "bent=(sqrt(x*x+1)-1)/2+x" in capsys.readouterr().out
    runs = nonlin.open_results(tmp_path)
    names = {"relu", "bent=(sqrt(x*x+1)-1)/2+x", "gate=x*sigmoid(b*x), b=1.0"}
    assert set(runs["activation"]) == names
    # Another formula of the same name is another activation, in the same folder.
    again = [word.replace("bent=(sqrt(x*x+1)-1)/2+x", "bent=x*tanh(x)") for word in arguments]
    assert cli.run(again) == 0
    assert set(nonlin.open_results(tmp_path)["activation"]) == {*names, "bent=x*tanh(x)"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--define", "bent=x*"], "parse: the text ends at position 3"),
        (["--define", "bent=x*x"], "--define: bent is not used; name it among --activations"),
        (
            ["--activations", "relu,b", "--define", "b=x*x", "--define", "b=x"],
            "--define: b is defined twice; name each once",
        ),
    ],
)
def test_the_command_refuses_in_one_line(words, message, capsys):
    assert cli.run(["compare", "--data", "digits", *words]) == 2
    out = capsys.readouterr()
    assert out.err.startswith(f"nonlin: {message}")
    assert out.err.count("\n") == 1


def test_a_comparison_can_be_repeated(tmp_path):
    records = (
        nonlin.relu,
        nonlin.parse("x*tanh(x)"),
        nonlin.parse("x*sigmoid(b*x)", "gate", b=1.0),
    )
    asked = Settings(data="digits", activations=records, baseline="gate", margin=0.01)
    words = shlex.split(repeating.command(asked, tmp_path))
    options = dict(zip(words[2::2], words[3::2], strict=True))
    definitions = [words[i + 1] for i, word in enumerate(words) if word == "--define"]
    defined = {record.name: record for record in map(parse_definition, definitions)}
    assert parse_activations(options["--activations"], defined) == records
    assert asked.baseline == options["--baseline"] == "gate=x*sigmoid(b*x), b=1.0"
    code = repeating.python(asked, tmp_path)
    start = code.index("[", code.index("compare("))
    made = code[start : code.index("],", start) + 1]
    assert made.startswith("['relu', nonlin.defining.parse_definition('formula_")
    assert "parse_definition('gate=x*sigmoid(b*x), b=1.0')" in made


def test_settings_take_parsed_records_by_themselves():
    records = [nonlin.parse("x*tanh(x)"), "relu"]
    asked = Settings(data="digits", activations=parse_activations(records))
    assert asked.names == ["x*tanh(x)", "relu"]
    with refuses("--activations: x*tanh(x) is named twice; name each once"):
        Settings(data="digits", activations=(records[0], nonlin.parse("x*tanh(x)")))


def test_swap_and_gain():
    record = nonlin.parse("2*max(x, 0)")
    assert nonlin.init.gain(record) == pytest.approx(math.sqrt(2) / 2, rel=1e-9)
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
    nonlin.swap(net, {"relu": record})
    x = torch.randn(5, 3)
    torch.testing.assert_close(net(x), 2 * net[0](x).relu())
    again = pickle.loads(pickle.dumps(net))
    torch.testing.assert_close(again(x), net(x))


def test_towers_of_exponentials_end():
    record = nonlin.parse("exp(exp(exp(exp(x)))) + softplus(exp(exp(exp(x)))) + erf(exp(exp(x)))")
    start = time.perf_counter()
    assert float(reference.definition(record, mpmath.mpf(400))) == math.inf
    assert time.perf_counter() - start < 5


NAMES = sorted({*FUNCTIONS, *(name for r in ELEMENTWISE for name in (r.name, *r.aliases))})
LEAVES = st.sampled_from(["x", "x", "x", "a", "pi", "e"]) | st.floats(0.05, 4).map(
    lambda v: f"{v:.3g}"
)


def grown(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.builds("{0[0]} {1} {0[1]}".format, pair, st.sampled_from("+-*/")).map("({})".format),
        st.builds("{}({})".format, st.sampled_from(NAMES), inner),
        st.builds("{1}({0[0]}, {0[1]})".format, pair, st.sampled_from(sorted(EXTREMES))),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "-1", "0.5", "a"])),
        inner.map("-({})".format),
    )


TEXTS = st.recursive(LEAVES, grown, max_leaves=8)


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, k=st.integers(-6000, 6000), a=st.floats(0.25, 3))
def test_derivatives_of_random_formulas(text, k, a):
    assume("x" in re.findall(r"\b\w+\b", text))
    uses_a = "a" in re.findall(r"\b[a-z_0-9]+\b", text)
    starts = {"a": a} if uses_a else {}
    record = parsed_or_refused(text, **starts)
    if isinstance(record, str):
        assert "no finite number" in record or "exponent" in record
        return
    assert nonlin.parse(record.text, **starts) == record
    assert parse_definition(f"f={record.text}" + (f", a={a!r}" if uses_a else "")).value == (
        record.value
    )
    # At no kink: those of the formulas lie at rounder numbers.
    x = float(np.float32((k + 0.3717) / 1000))
    slope = record.derivative(x)
    with np.errstate(all="ignore"):
        near = [
            float(record.derivative(np.array(v, dtype=np.float32))) for v in (x, x * (1 + 1e-6))
        ]
    # Well-conditioned: float32 and a neighbour tell the same slope to a percent.
    assume(math.isfinite(slope) and 1e-20 < abs(slope) < 1e20)
    assume(all(abs(other - slope) <= 1e-2 * abs(slope) for other in near))
    true = float(reference.derivative(record, x))
    assert slope == pytest.approx(true, rel=1e-8)
    if uses_a:
        (parameter,) = record.parameters
        at = np.array([x])

        with np.errstate(all="ignore"):
            got = float(parameter.derivative(at, namespace_of(at), a=a)[0])
            single = np.array([x], dtype=np.float32)
            rough = float(parameter.derivative(single, namespace_of(single), a=a)[0])
        assume(math.isfinite(got) and 1e-20 < abs(got) < 1e20)
        assume(abs(rough - got) <= 1e-2 * abs(got))
        assert got == pytest.approx(reference.by_parameter(record, "a", x), rel=1e-8)
