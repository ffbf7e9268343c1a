"""What a trace says of networks as people write them, and that it leaves them as they were."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nonlin
from networks import GPT, Functional, Gated, ResNet
from nonlin.errors import NonlinError
from nonlin.tracing import trace

IMAGES = torch.randn(2, 3, 32, 32)
TOKENS = torch.randint(0, 17, (2, 8))


def sources(ran, step) -> list[str]:
    return [ran.steps[flow.source].name for flow in step.reads]


def layers(ran) -> dict[str, list[str]]:
    """What each layer reads."""
    return {step.name: sources(ran, step) for step in ran.of_kind("layer")}


def test_a_resnet():
    ran = trace(ResNet(), IMAGES)
    read = layers(ran)
    assert list(read)[:4] == ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1"]
    assert read["layer1.0.conv1"] == ["relu"]
    assert read["layer1.0.conv2"] == ["layer1.0.relu"]
    assert read["fc"] == ["layer2.1.relu"]
    fc = next(step for step in ran.of_kind("layer") if step.name == "fc")
    assert fc.reads[0].through == ("adaptive_avg_pool2d", "flatten")
    assert ran.activations_after(next(s.index for s in ran.steps if s.name == "conv1")) == [
        nonlin.relu
    ]
    assert len(ran.of_kind("add")) == 4
    assert [sources(ran, s) for s in ran.of_kind("add")][2] == [
        "layer2.0.bn2",
        "layer2.0.downsample.1",
    ]


def test_a_gpt():
    ran = trace(GPT(), TOKENS)
    read = layers(ran)
    assert read["blocks.0.c_attn"] == ["blocks.0.ln_1"]
    assert read["blocks.0.c_proj"] == ["scaled_dot_product_attention"]
    assert read["blocks.0.down"] == ["gelu_tanh()"]
    assert read["wte"] == ["ln_f"]  # the tied weight goes by its first name
    assert len(ran.of_kind("activation")) == 4
    assert len(ran.of_kind("unknown")) == 0


def test_a_functional_model():
    ran = trace(Functional(), torch.randn(3, 28, 28))
    assert layers(ran) == {
        "first": ["input"],
        "hidden": ["silu()"],
        "w": ["tanh()"],
        "out": ["relu()"],
    }
    steps = {step.name: step for step in ran.of_kind("layer")}
    assert steps["hidden"].reads[0].through == ("dropout",)
    assert (steps["w"].weight, steps["w"].bias, steps["w"].transposed) == ("w", "b", True)
    assert (steps["out"].weight, steps["out"].transposed) == ("out.weight", False)


def test_a_gated_block():
    ran = trace(Gated(), torch.randn(3, 64))
    assert layers(ran)["down"] == ["product"]
    (product,) = ran.of_kind("product")
    assert sources(ran, product) == ["silu()", "up"]


def test_attention_of_pytorch_in_training_and_evaluation():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
    for mode in (True, False):
        ran = trace(model.train(mode), torch.randn(3, 5, 8))
        assert layers(ran) == {
            "self_attn.in_proj_weight": ["input"],
            "self_attn.out_proj": ["attention"],
            "linear1": ["norm1"],
            "linear2": ["gelu()"],
        }


def test_attention_written_out():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            return self.out(F.softmax(q @ k.transpose(-2, -1) / 8**0.5, -1) @ v)

    ran = trace(Attention(), torch.randn(2, 5, 8))
    assert layers(ran)["out"] == ["matmul"]
    (mix,) = ran.of_kind("mix")
    assert sources(ran, mix) == ["qkv"]


def test_calls_of_our_own_and_modules_of_several_calls():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
            self.clip = nn.ReLU6()

        def forward(self, x):
            return self.clip(self.b(nonlin.mish(self.a(x) * 2)))

    ran = trace(Net(), torch.randn(2, 4))
    assert [s.record.name for s in ran.of_kind("activation")] == ["mish", "relu6"]
    assert ran.of_kind("activation")[0].reads[0].factor == 2.0


def test_what_is_unknown_is_named():
    class Sine(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.b(torch.sin(self.a(x)))

    ran = trace(Sine(), torch.randn(2, 4))
    assert layers(ran)["b"] == ["sin"]
    assert [s.name for s in ran.of_kind("unknown")] == ["sin"]


@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_left_as_it_was(training):
    model = ResNet().train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    buffers = {name: id(value) for name, value in model.named_buffers()}
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    trace(model, IMAGES)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert {name: id(value) for name, value in model.named_buffers()} == buffers
    assert all(module.training is training for module in model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_dropout_s_draws_do_not_move_the_generator():
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    trace(model, torch.randn(2, 4, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(torch.rand(3), expected)


def test_a_model_that_fails_is_told_and_left_as_it_was():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2), nn.Linear(3, 1))
    with pytest.raises(NonlinError, match=r"^running Sequential on the example: raised RuntimeErr"):
        trace(model, torch.randn(5, 4))
    assert model[0].num_batches_tracked == 0
    assert not any(m._forward_hooks for m in model.modules())
    with pytest.raises(NonlinError, match=r"^trace: got a function; allowed: a torch.nn.Module$"):
        trace(lambda x: x, torch.zeros(1))
