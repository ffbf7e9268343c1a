"""Modules over the records: one class each, learned parameters, saving, what is refused."""

from __future__ import annotations

import copy
import io
import pickle
import re

import pytest
import torch
from torch import nn as tnn

import nonlin
from catalogue import RECORDS, SETTINGS
from nonlin import nn
from nonlin.errors import NonlinError

LEARNABLE = [r for r in RECORDS if any(p.derivative is not None for p in r.parameters)]


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_every_record_has_a_class(record):
    made = getattr(nn, record.class_name)
    assert made.__name__ == record.class_name
    assert made.__module__ == "nonlin.nn"
    assert record.class_name in dir(nn)
    assert record.text in made.__doc__
    module = made()
    assert nn.activation_of(module) == record
    x = torch.randn(3, 4)
    if record.draws != "always":
        torch.testing.assert_close(module.eval()(x), record(x))


@pytest.mark.parametrize("record", [r for r in RECORDS if r.torch], ids=repr)
def test_the_class_is_found_by_torchs_name(record):
    assert getattr(nn, record.torch) is getattr(nn, record.class_name)
    theirs = getattr(tnn, record.torch)
    theirs = theirs(**record.conventions["torch"].arguments).eval()
    assert nn.activation_of(theirs) == record
    x = torch.linspace(-3, 3, 14).reshape(1, 14)
    torch.testing.assert_close(getattr(nn, record.torch)().eval()(x), theirs(x))


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_from_record_keeps_everything(record):
    for of in (record, record.bind(at_kink="right")):
        module = nn.from_record(of)
        assert module.record == of
        assert nn.activation_of(module) == of
    changed = record.variant("not_listed", class_name="NotListed")
    module = nn.from_record(changed)
    assert type(module).__name__ == "NotListed"
    assert nn.activation_of(module) == changed


def test_torchs_parameters_are_read():
    cases = {
        tnn.LeakyReLU(0.2): nonlin.leaky_relu.bind(alpha=0.2),
        tnn.ELU(alpha=0.5): nonlin.elu.bind(alpha=0.5),
        tnn.GELU(): nonlin.gelu,
        tnn.GELU(approximate="tanh"): nonlin.gelu.bind(form="tanh"),
        tnn.Softplus(beta=2.0): nonlin.softplus.bind(beta=2.0),
        tnn.Softmax(dim=0): nonlin.softmax.bind(axis=0),
        tnn.Softmax(): nonlin.softmax,
        tnn.PReLU(): nonlin.prelu,
        tnn.Linear(1, 1): None,
        tnn.Dropout(): None,
    }
    x = torch.linspace(-2, 2, 9)
    for module, record in cases.items():
        assert nn.activation_of(module) == record
        if record is not None and not isinstance(module, tnn.Softmax):
            torch.testing.assert_close(record(x), module(x))


def test_unknown_class():
    with pytest.raises(AttributeError, match=r"^module 'nonlin.nn' has no attribute 'Relu6'$"):
        _ = nn.Relu6


def test_repr():
    assert repr(nn.Mish()) == "Mish()"
    assert repr(nn.Swish(beta=1.5)) == "Swish(beta=1.5)"
    assert repr(nn.PReLU()) == "PReLU(alpha=0.25, learned: alpha)"
    assert repr(nn.ReLU(at_kink="right")) == "ReLU(at_kink=right)"


def test_arguments_are_checked():
    with pytest.raises(NonlinError, match="swish: unknown parameter 'alpha'"):
        nn.Swish(alpha=1.0)
    with pytest.raises(NonlinError, match=re.escape("elu: parameter alpha=0; allowed:")):
        nn.ELU(alpha=0)
    with pytest.raises(NonlinError, match="relu: num_parameters=0; allowed: 1 or more"):
        nn.ReLU(num_parameters=0)
    with pytest.raises(NonlinError, match="leaky_relu: parameter alpha cannot be learned"):
        nn.LeakyReLU(learn="alpha")
    module = nn.PReLU(num_parameters=3)
    for shape in ((2, 4), (2, 4, 3), (3,), ()):
        text = f"prelu: 3 channels expected on axis 1; got input of shape {shape}"
        with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
            module(torch.ones(shape))
    assert nn.PReLU(learn=()).record.learned == ()
    assert not list(nn.PReLU(learn=()).parameters())
    assert nn.Swish(learn="beta").record.learned == ("beta",)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 4, 5), (0, 3)])
def test_prelu_is_torchs_prelu(channels, shape):
    ours, theirs = nn.PReLU(num_parameters=channels), tnn.PReLU(channels)
    start = torch.linspace(-0.5, 0.5, channels + 1)[1:]
    with torch.no_grad():
        ours.alpha.copy_(start)
        theirs.weight.copy_(start)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    upstream = torch.randn(shape, generator=generator)
    for module, at in zip((ours, theirs), inputs, strict=True):
        module(at).backward(upstream)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    torch.testing.assert_close(ours.alpha.grad, theirs.weight.grad)


@pytest.mark.parametrize("axis", [0, 2, -1])
def test_channels_on_any_axis(axis):
    x = -torch.ones(3, 3, 3)
    module = nn.PReLU(num_parameters=3, channel_axis=axis)
    with torch.no_grad():
        module.alpha.copy_(torch.tensor([1.0, 2.0, 3.0]))
    y = module(x).movedim(axis, 0)
    for channel in range(3):
        assert (y[channel] == -(channel + 1.0)).all()


@pytest.mark.parametrize("channels", [1, 8])
@pytest.mark.parametrize("record", LEARNABLE, ids=repr)
def test_learned_parameters_train(record, channels):
    """Loss falls, the parameter moves towards the teacher's."""
    torch.manual_seed(0)
    name = record.parameters[0].name
    made = getattr(nn, record.class_name)
    x = torch.randn(256, 8) * 2
    target = record(x, **{name: 0.6})
    module = made(num_parameters=channels, learn=name, **{name: 1.5})
    parameter = getattr(module, name)
    assert parameter.shape == (channels,)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    losses = []
    for _ in range(300):
        loss = ((module(x) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 1e-3 * losses[0]
    torch.testing.assert_close(parameter.detach(), torch.full((channels,), 0.6), atol=0.05, rtol=0)


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_saving_and_copying(record):
    module = nn.from_record(record)
    x = torch.randn(3, 4)
    if record.learned:
        with torch.no_grad():
            getattr(module, record.learned[0]).fill_(0.7)
    copies = [
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        nn.from_record(record),
    ]
    copies[2].load_state_dict(module.state_dict())
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    copies.append(torch.load(buffer, weights_only=False))
    for other in copies:
        assert type(other) is type(module)
        assert other.record == module.record
        results = []
        for made in (other, module):
            torch.manual_seed(0)
            results.append(made(x))
        torch.testing.assert_close(*results, rtol=0, atol=0)
    for ours, theirs in zip(module.parameters(), copies[0].parameters(), strict=True):
        assert ours is not theirs
    assert set(module.state_dict()) == set(record.learned)


@pytest.mark.parametrize("record", LEARNABLE, ids=repr)
def test_state_of_learned_parameters(record):
    """Named as the parameters, loaded strictly, from a file that holds no code."""
    names = tuple(p.name for p in record.parameters if p.derivative is not None)
    module = nn.from_record(record, learn=names, num_parameters=4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(0.1, 0.9)
    assert tuple(module.state_dict()) == names
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = nn.from_record(record, learn=names, num_parameters=4)
    assert str(other.load_state_dict(state, strict=True)) == "<All keys matched successfully>"
    x = torch.randn(2, 4, 3, 5)
    torch.testing.assert_close(other(x), module(x), rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({}, strict=True)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        nn.from_record(record, learn=()).load_state_dict(state, strict=True)
    with pytest.raises(RuntimeError, match="size mismatch"):
        nn.from_record(record, learn=names).load_state_dict(state, strict=True)
    assert all(parameter.is_shared() for parameter in module.share_memory().parameters())
    last = x.to(memory_format=torch.channels_last)
    assert module(last).is_contiguous(memory_format=torch.channels_last)
    assert module.double()(x.double()).dtype == torch.float64
    assert module(x).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = module(x.bfloat16())
    y.sum().backward()
    assert y.dtype == torch.bfloat16
    assert all(parameter.grad.dtype == torch.float64 for parameter in module.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_dtype_and_device(dtype):
    module = nn.PReLU(num_parameters=2).to(dtype)
    assert module.alpha.dtype == dtype
    y = module(torch.ones(1, 2, dtype=dtype))
    assert y.dtype == dtype
    y.sum().backward()
    assert module.alpha.grad.dtype == dtype
    assert nn.PReLU(dtype=dtype).alpha.dtype == dtype
    assert nn.PReLU(device="meta").alpha.device.type == "meta"
    assert nn.PReLU().to(dtype)(torch.ones(3)).dtype == torch.float32


def test_find_activations():
    model = tnn.Sequential(
        tnn.Linear(2, 2),
        tnn.ReLU(),
        tnn.ModuleDict({"a": nn.Swish(beta=2.0), "b": tnn.Sequential(tnn.GELU())}),
    )
    assert nn.find_activations(model) == {"1": "relu", "2.a": "swish", "2.b.0": "gelu"}
    assert nn.find_activations(nn.Mish()) == {"": "mish"}
    assert nn.find_activations(tnn.Linear(1, 1)) == {}
