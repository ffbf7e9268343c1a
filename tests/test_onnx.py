"""ONNX export of every module: what onnxruntime computes, and with which operators."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.export import Dim

import nonlin
from catalogue import RECORDS
from nonlin.nn import from_record
from tensors import CHUNKS, DETERMINED, WIDTH, Parts, random_input
from tolerances import ONNX

OPSET = 20
OPERATORS = {
    schema.name.lower(): schema.name
    for schema in onnx.defs.get_all_schemas_with_history()
    if schema.domain == "" and schema.since_version <= OPSET
}


class Call(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Exported:
    """Modules exported as one graph, and onnxruntime's session of it."""

    def __init__(self, parts, x: torch.Tensor, **options) -> None:
        self.parts = parts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                Parts(parts).eval(), (x,), dynamo=True, verbose=False, optimize=True, **options
            )
        model = program.model_proto
        self.outputs = [output.name for output in model.graph.output]
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def operators(self, index: int) -> list[str]:
        """Types of the operators that an output depends on."""
        pending, seen = [self.outputs[index]], {}
        while pending:
            node = self.makers.get(pending.pop())
            if node is not None and id(node) not in seen:
                seen[id(node)] = node.op_type
                pending += node.input
        return list(seen.values())

    def __call__(self, x: torch.Tensor) -> list[np.ndarray]:
        return self.session.run(None, {self.session.get_inputs()[0].name: x.numpy()})


@cache
def chunk(number: int) -> Exported:
    return Exported(
        [from_record(record).eval() for record in CHUNKS[number]],
        random_input(4, WIDTH),
        opset_version=OPSET,
        dynamic_shapes={"x": {0: Dim("batch")}},
    )


def exported(record) -> tuple[Exported, int]:
    """The graph that holds a record, and where."""
    number, index = divmod(DETERMINED.index(record), len(CHUNKS[0]))
    return chunk(number), index


@pytest.mark.parametrize("record", DETERMINED, ids=repr)
def test_onnxruntime_computes_the_record(record):
    graph, index = exported(record)
    extremes = torch.tensor([400.0, -400.0, -100.0, -20.0, 100.0, -0.0])
    for x in (random_input(4, WIDTH), random_input(9, WIDTH), extremes.reshape(1, WIDTH)):
        got = torch.from_numpy(graph(x)[index])
        true = graph.parts[index](x).detach()
        torch.testing.assert_close(got, true, **ONNX)


def native(record) -> str | None:
    """The ONNX operator that is named like PyTorch's function."""
    convention = record.conventions.get("torch")
    if convention is None or not convention.exported:
        return None
    return OPERATORS.get(convention.call.rpartition(".")[2].lower().replace("_", ""))


@pytest.mark.parametrize("record", [r for r in DETERMINED if native(r)], ids=repr)
def test_native_operators(record):
    graph, index = exported(record)
    used = graph.operators(index)
    if native(record) not in used:
        # PyTorch's exporter spreads it over several: then so does ours, and over the same.
        theirs = Exported([getattr(torch.nn, record.torch)()], random_input(4, WIDTH))
        assert sorted(used) == sorted(theirs.operators(0))
        return
    # PyTorch's softplus is linear from a threshold on, which ONNX's operator is not.
    assert set(used) <= {native(record), "Greater", "Where"}


def test_enough_operators_are_native():
    natives = [record for record in DETERMINED if native(record)]
    found = [r for r in natives if native(r) in exported(r)[0].operators(exported(r)[1])]
    assert len(found) >= 0.9 * len(natives) >= 12


@pytest.mark.parametrize(
    "record", [r for r in RECORDS if "torch" in r.conventions and r.draws == "never"], ids=repr
)
def test_pytorchs_graph_is_left_where_it_is_wrong(record):
    """``exported`` is False exactly where PyTorch's own graph is not finite."""
    if record.conventions["torch"].exported:
        return  # What onnxruntime computes for it is judged above.
    theirs = getattr(torch.nn, record.torch)()
    x = torch.full((1, WIDTH), -100.0)
    assert not np.isfinite(Exported([theirs], x)(x)[0]).all()
    assert record(x).isfinite().all()


def test_parameters_and_channels():
    """Settings reach the operators; what PyTorch's function cannot say is written out."""
    learned = nonlin.nn.PReLU(num_parameters=WIDTH)
    with torch.no_grad():
        learned.alpha.copy_(torch.linspace(-1, 2, WIDTH))
    cases = {
        learned: ["PRelu"],
        nonlin.nn.PReLU(): ["PRelu"],
        nonlin.nn.GELU(form="tanh"): ["Gelu"],
        nonlin.nn.LeakyReLU(alpha=0.3): ["LeakyRelu"],
        nonlin.nn.ReLU(at_kink="right"): ["Relu"],
        nonlin.nn.Softmax(axis=0): ["Softmax"],
        Call(lambda x: nonlin.leaky_relu(x, like="keras")): ["LeakyRelu"],
        Call(lambda x: nonlin.elu(x, alpha=0.5)): ["Elu"],
        nonlin.nn.PReLU(num_parameters=4, channel_axis=0): None,
        nonlin.nn.ELU(learn="alpha"): None,
        nonlin.nn.Identity(a=2.0): None,
    }
    x = random_input(4, WIDTH)
    graph = Exported(list(cases), x, opset_version=OPSET)
    for index, (module, operators) in enumerate(cases.items()):
        used = graph.operators(index)
        assert used == operators if operators else len(used) > 1, module
        torch.testing.assert_close(torch.from_numpy(graph(x)[index]), module(x).detach(), **ONNX)
