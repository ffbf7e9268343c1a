"""torch.compile and torch.export of every record and module."""

from __future__ import annotations

import io

import pytest
import torch
from torch.export import Dim

import nonlin
from catalogue import ELEMENTWISE, RECORDS, VECTORS
from nonlin.nn import from_record
from tensors import (
    CHUNKS,
    LEARNABLE,
    WIDTH,
    Parts,
    finite_inputs,
    gradient,
    random_input,
    same,
    seeded,
)
from tolerances import FUSED

# The first of each kind that the compiler treats in its own way.
KINDS = [
    next(r for r in ELEMENTWISE if not r.kinks),
    next(r for r in ELEMENTWISE if r.kinks),
    next(r for r in RECORDS if r.learned),
    next(iter(VECTORS)),
    next(r for r in RECORDS if r.draws != "never"),
]
# Inductor takes seconds for a graph: one smooth, one learned, one over an axis.
FUSIBLE = [KINDS[0], KINDS[2], KINDS[3]]


# A graph holds the formula, and so is compared with it to the bit.
pytestmark = pytest.mark.usefixtures("formulas")


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()


def compiled(function, **options):
    return torch.compile(function, fullgraph=True, **{"backend": "aot_eager", **options})


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_one_graph_with_the_gradient_of_eager(record):
    """No break, and the gradient is the record's: finite where the formula's own is not."""
    module = from_record(record)
    framework = next(iter(record.conventions), None)
    numbers = [p.name for p in record.parameters if isinstance(p.default, float)]

    def function(x):
        if torch.is_grad_enabled():
            return module(x)
        given = {name: record.bound[name] * 1.0 for name in numbers}
        return record(x, at_kink="right", **given) + record(x, like=framework)

    graph = compiled(function)
    x = finite_inputs(record)
    with torch.no_grad():
        same(seeded(graph, x), seeded(function, x))
    got, true = (gradient(lambda x, f=f: seeded(f, x), x) for f in (graph, function))
    same(got, true)


@pytest.mark.parametrize("record", KINDS, ids=repr)
def test_derivatives_in_a_graph(record):
    def derivatives(x):
        y = record(x)
        return record.derivative(x), record.vjp(x, y.new_ones(y.shape)), record.jvp(x, x)

    x = random_input(3, WIDTH)
    for got, true in zip(compiled(derivatives)(x), derivatives(x), strict=True):
        same(got, true)


@pytest.mark.parametrize("record", LEARNABLE, ids=repr)
def test_learned_parameters_get_their_gradients(record):
    names = tuple(p.name for p in record.parameters if p.derivative is not None)
    module = from_record(record, learn=names, num_parameters=3)
    x = random_input(2, 3, 4)
    upstream = random_input(2, 3, 4)
    true = torch.autograd.grad(module(x), list(module.parameters()), upstream)
    got = torch.autograd.grad(compiled(module)(x), list(module.parameters()), upstream)
    for ours, eager in zip(got, true, strict=True):
        same(ours, eager)


@pytest.mark.parametrize("record", FUSIBLE, ids=repr)
def test_fused_by_inductor(record):
    module = from_record(record)
    x, upstream = random_input(3, WIDTH), random_input(3, WIDTH)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    graph = compiled(module, backend="inductor")
    for function, at in zip((graph, module), inputs, strict=True):
        at.value = function(at)
        at.value.backward(upstream)
    torch.testing.assert_close(inputs[0].value, inputs[1].value, **FUSED)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, **FUSED)


def test_a_record_may_be_looked_up_inside():
    def by_name(x):
        return nonlin.get("swish", beta=1.5)(x) + nonlin.gelu_new(x) + nonlin.softmax(x, axis=0)

    x = random_input(3, 4)
    same(compiled(by_name)(x), by_name(x))


STAND_IN = nonlin.get("binary_step", surrogate="sigmoid")


@pytest.mark.parametrize("record", [STAND_IN, nonlin.mish], ids=repr)
@pytest.mark.parametrize(
    "transform",
    [
        lambda f: lambda x: torch.func.grad(lambda x: f(x).sum())(x),
        lambda f: lambda x: torch.func.jvp(f, (x,), (torch.ones_like(x),))[1],
        lambda f: lambda x: torch.func.vmap(torch.func.jacrev(f))(x),
        lambda f: lambda x: torch.func.jacrev(torch.func.jacrev(f))(x),
    ],
    ids=["grad", "jvp", "vmap jacrev", "jacrev jacrev"],
)
def test_torch_func_inside_a_graph(record, transform):
    """The compiler would differentiate the formula: we leave the graph, or say that it breaks."""
    function = transform(record)
    x = random_input(2, 3)
    same(torch.compile(function, backend="aot_eager")(x), function(x))
    torch._dynamo.reset()
    with pytest.raises(torch._dynamo.exc.Unsupported, match=r"inside torch\.func the compiler"):
        compiled(function)(x)


@pytest.mark.parametrize("record", [STAND_IN, nonlin.mish], ids=repr)
def test_vmap_beside_a_graph(record):
    def mapped(x):
        return torch.func.vmap(record)(x)

    x = random_input(2, 3)
    slopes = record.derivative(x)
    same(torch.compile(mapped, backend="aot_eager")(x), record(x))
    torch.testing.assert_close(gradient(torch.compile(mapped, backend="aot_eager"), x), slopes)


# A strict export traces as torch.compile does, which sees every record above.
EXPORTS = [*((chunk, False) for chunk in CHUNKS), (KINDS[:4], True)]


@pytest.mark.parametrize(("records", "strict"), EXPORTS, ids=str)
def test_exported_and_loaded(records, strict):
    model = Parts([from_record(record) for record in records]).eval()
    batch = {"x": {0: Dim("batch")}}
    x = random_input(4, WIDTH)
    program = torch.export.export(model, (x,), strict=strict, dynamic_shapes=batch)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    for exported in (program, torch.export.load(file)):
        for rows in (2, 9):
            x = random_input(rows, WIDTH)
            got = exported.module()(x)
            for part, ours, true in zip(model.parts, got, model(x), strict=True):
                assert torch.equal(ours, true), part


def test_functional_form_is_exported():
    class Model(torch.nn.Module):
        def forward(self, x):
            return nonlin.leaky_relu(x, like="keras") + nonlin.swish(x, beta=1.5)

    x = random_input(4, WIDTH)
    for strict in (False, True):
        program = torch.export.export(Model(), (x,), strict=strict)
        same(program.module()(x), Model()(x))


def test_traced_by_torchscript():
    """A trace calls back into Python, so that it is differentiated right but not saved."""
    module = from_record(STAND_IN)
    traced = torch.jit.trace(module, random_input(2, 3))
    x = random_input(4, 5)
    same(traced(x), module(x))
    same(gradient(traced, x), STAND_IN.derivative(x))
    with pytest.raises(RuntimeError, match="Could not export Python function call"):
        torch.jit.save(traced, io.BytesIO())
