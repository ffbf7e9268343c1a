"""swap: what is replaced, and everything that must stay as it was."""

from __future__ import annotations

import copy
import re

import pytest
import torch
from torch import nn as tnn

import nonlin
from catalogue import RECORDS
from nonlin import nn
from nonlin.errors import NonlinError


def model() -> tnn.Sequential:
    return tnn.Sequential(tnn.Linear(2, 3), tnn.ReLU(), tnn.Linear(3, 2), tnn.Tanh())


def kinds(module: tnn.Module) -> list[str]:
    return list(nn.find_activations(module).values())


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("mish", nonlin.mish),
        ("silu", nonlin.silu),
        (nonlin.get("swish", beta=1.5), nonlin.get("swish", beta=1.5)),
        (nonlin.relu.bind(at_kink="right"), nonlin.relu.bind(at_kink="right")),
        (lambda: nn.ELU(alpha=0.5), nonlin.elu.bind(alpha=0.5)),
        (nn.GELU, nonlin.gelu),
        (tnn.SiLU, nonlin.silu),
    ],
)
def test_new_by_name_alias_record_and_factory(new, expected):
    net = model()
    returned = nonlin.swap(net, {"relu": new})
    assert returned is net
    assert nn.activation_of(net[1]) == expected
    assert isinstance(net[3], tnn.Tanh)
    x = torch.randn(5, 3)
    torch.testing.assert_close(net[1](x), expected(x))


@pytest.mark.parametrize("record", [r for r in RECORDS if r.torch], ids=repr)
def test_old_of_torch_and_of_ours(record):
    theirs = getattr(tnn, record.torch)(**record.conventions["torch"].arguments)
    for old in (theirs, nn.from_record(record)):
        for name in (record.name, *record.aliases):
            net = tnn.Sequential(copy.deepcopy(old))
            nonlin.swap(net, {name: "lisht"})
            assert kinds(net) == ["lisht"]


def test_an_exchange_happens_at_once():
    net = nonlin.swap(model(), {"relu": "tanh", "tanh": "relu"})
    assert kinds(net) == ["tanh", "relu"]


def test_the_result_trains():
    torch.manual_seed(0)
    net = nonlin.swap(model(), {"relu": nonlin.swish.learn(), "tanh": "prelu"})
    assert {name for name, _ in net.named_parameters()} >= {"1.beta", "3.alpha"}
    net(torch.randn(8, 2)).pow(2).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_hooks_stay_and_fire():
    net = model()
    old = net[1]
    fired = []
    handles = [
        old.register_forward_hook(lambda *_: fired.append("forward")),
        old.register_forward_pre_hook(lambda *_: fired.append("pre")),
        old.register_full_backward_hook(lambda *_: fired.append("backward")),
        old.register_full_backward_pre_hook(lambda *_: fired.append("backward pre")),
        old.register_forward_hook(lambda m, a, k, o: fired.append("keywords"), with_kwargs=True),
        old.register_forward_hook(lambda *_: fired.append("always"), always_call=True),
        old.register_state_dict_pre_hook(lambda *_: fired.append("state")),
    ]
    nonlin.swap(net, {"relu": "mish"})
    net(torch.randn(4, 2)).sum().backward()
    assert fired == ["pre", "forward", "keywords", "always", "backward pre", "backward"]
    net.state_dict()
    assert fired[-1] == "state"
    fired.clear()
    for handle in handles:
        handle.remove()
    net(torch.randn(4, 2)).sum().backward()
    net.state_dict()
    assert fired == []


def test_a_hook_may_change_the_output_afterwards_too():
    net = model()
    net[1].register_forward_hook(lambda module, args, output: output * 0)
    nonlin.swap(net, {"relu": "sigmoid"})
    assert torch.equal(net(torch.randn(4, 2)), torch.tanh(net[2].bias).expand(4, 2))


def test_a_hook_on_a_replacement_that_the_factory_set_stays():
    fired = []

    def factory():
        made = nn.Mish()
        made.register_forward_hook(lambda *_: fired.append("new"))
        return made

    net = model()
    handle = net[1].register_forward_hook(lambda *_: fired.append("old"))
    nonlin.swap(net, {"relu": factory})
    net(torch.randn(1, 2))
    assert sorted(fired) == ["new", "old"]
    handle.remove()
    fired.clear()
    net(torch.randn(1, 2))
    assert fired == ["new"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtype_follows_the_model(dtype):
    net = nonlin.swap(model().to(dtype), {"relu": "prelu"})
    assert net[1].alpha.dtype == dtype
    assert net(torch.ones(1, 2, dtype=dtype)).dtype == dtype


def test_device_follows_the_model():
    net = nonlin.swap(model().to("meta"), {"relu": "prelu"})
    assert net[1].alpha.device.type == "meta"
    assert net(torch.ones(1, 2, device="meta")).shape == (1, 2)


def test_dtype_of_a_replaced_prelu_is_its_own():
    net = tnn.Sequential(tnn.Linear(2, 2), tnn.PReLU().double())
    assert nonlin.swap(net, {"prelu": "prelu"})[1].alpha.dtype == torch.float64


@pytest.mark.parametrize("training", [True, False])
def test_training_mode_stays(training):
    net = model().train(training)
    assert nonlin.swap(net, {"relu": "mish"})[1].training is training


def test_sharing_stays():
    class Net(tnn.Module):
        def __init__(self):
            super().__init__()
            self.first = self.second = tnn.ReLU()
            self.other = tnn.ReLU()
            block = tnn.Sequential(tnn.Linear(2, 2), self.first)
            self.blocks = tnn.ModuleList([block, block])

    net = nonlin.swap(Net(), {"relu": "prelu"})
    assert net.first is net.second is net.blocks[0][1]
    assert net.blocks[0] is net.blocks[1]
    assert net.other is not net.first
    assert len(list(net.parameters())) == 2 + 2


def test_nested_containers_keep_names_and_order():
    net = tnn.ModuleDict(
        {
            "list": tnn.ModuleList([tnn.ReLU(), tnn.Sequential(tnn.ReLU(), tnn.Tanh())]),
            "last": tnn.ReLU(),
        }
    )
    before = [path for path, _ in net.named_modules()]
    nonlin.swap(net, {"relu": "mish"})
    assert [path for path, _ in net.named_modules()] == before
    assert kinds(net) == ["mish", "mish", "tanh", "mish"]


def test_none_children_are_no_modules():
    net = model()
    net.register_module("nothing", None)
    nonlin.swap(net, {"relu": "mish"})
    assert net._modules["nothing"] is None


def test_a_model_that_is_an_activation():
    assert isinstance(nonlin.swap(tnn.ReLU(), {"relu": "mish"}), nn.Mish)
    assert len(nonlin.swap(tnn.ReLU(), {"relu": tnn.Sequential})) == 0


def test_what_is_refused():
    net = model()
    text = (
        "no module activation 'gelu' in Sequential; found: relu ×1, tanh ×1 "
        "(functional calls such as F.relu(x) are no modules; use nn.ReLU)"
    )
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        nonlin.swap(net, {"gelu": "mish"})
    text = "no module activation 'relu' in Linear; found: none (functional calls such as"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}"):
        nonlin.swap(tnn.Linear(1, 1), {"relu": "mish"})
    with pytest.raises(NonlinError, match="unknown activation 'relo'; did you mean 'relu'"):
        nonlin.swap(net, {"relo": "mish"})
    with pytest.raises(NonlinError, match="unknown activation 'mash'; did you mean 'mish'"):
        nonlin.swap(net, {"relu": "mash"})
    with pytest.raises(NonlinError, match="swap: replacement 3; allowed: a name, a record or"):
        nonlin.swap(net, {"relu": 3})  # type: ignore[dict-item]
    with pytest.raises(NonlinError, match="swap: the factory made a int; allowed: a module"):
        nonlin.swap(net, {"relu": lambda: 3})
    assert kinds(net) == ["relu", "tanh"]


def test_encoder_layer_computes_the_new_activation_in_evaluation_too():
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, activation=torch.nn.ReLU(), batch_first=True
    )
    nonlin.swap(layer, {"relu": "mish"})
    x = torch.randn(3, 5, 8)
    trained = layer.train()(x)
    with torch.no_grad():
        torch.testing.assert_close(layer.eval()(x), trained)
