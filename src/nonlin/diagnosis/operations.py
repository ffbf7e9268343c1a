"""What PyTorch's functions do to a signal, by name: only what the rules have to tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import torch

from nonlin.diagnosis.arguments import tensors_in
from nonlin.diagnosis.contractions import MATRIX_PRODUCTS
from nonlin.tracing import calls


class Effect(Enum):
    """What a function makes of its input."""

    VIEW = "view"  # the same numbers, arranged anew
    LINEAR = "linear"
    ADD = "add"
    MULTIPLY = "multiply"
    BATCH_NORM = "batch_norm"
    NORM = "norm"
    DROPOUT = "dropout"
    WEIGHT = "weight"
    STEP = "step"
    DETACH = "detach"
    BACKWARD = "backward"
    LOSS = "loss"
    IGNORED = "ignored"
    OTHER = "other"


# What tracing does not have to tell apart stands here.
_KNOWN = {
    Effect.VIEW: calls.VIEWS | {"identity", "gather", "take_along_dim"},
    Effect.LINEAR: calls.AVERAGES
    | calls.JOINS
    | {"cumsum", "neg", "neg_", "negative", "sum"}
    | {"index_add", "index_add_", "scatter_add", "scatter_add_"},
    Effect.ADD: calls.SUMS,
    Effect.MULTIPLY: calls.PRODUCTS | calls.QUOTIENTS,
    Effect.BATCH_NORM: {"batch_norm"},
    Effect.NORM: calls.NORMS - {"batch_norm"} | {"local_response_norm"},
    Effect.DROPOUT: calls.DROPOUTS | {"feature_dropout"},
    Effect.WEIGHT: calls.CONVOLUTIONS
    | MATRIX_PRODUCTS
    | {"linear", "__rmatmul__", "bilinear", "_sparse_mm", "spmm"},
}
_NAMES = {
    Effect.STEP: """round round_ sign sign_ floor floor_ ceil ceil_ trunc trunc_ heaviside
        argmax argmin argsort gt lt ge le eq ne __gt__ __lt__ __ge__ __le__ bool int long
        bernoulli multinomial searchsorted bucketize one_hot sgn floor_divide topk_indices""",
    Effect.DETACH: "detach detach_ numpy item __float__ tolist data tensor as_tensor from_numpy",
    Effect.BACKWARD: "backward",
    Effect.LOSS: """cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits
        mse_loss l1_loss smooth_l1_loss huber_loss kl_div soft_margin_loss
        multilabel_soft_margin_loss poisson_nll_loss ctc_loss""",
    Effect.IGNORED: """size dim ndim numel is_floating_point is_complex stride storage_offset
        element_size requires_grad_ register_hook retain_grad is_contiguous __len__ __repr__
        __format__ shape dtype device requires_grad grad grad_fn is_leaf ones zeros randn rand
        ones_like zeros_like randn_like rand_like empty empty_like full full_like arange eye
        zero_ item_ norm isnan isinf isfinite all any __hash__ tolist_ dim_order is_cuda layout
        is_sparse names is_nested is_quantized""",
}
# What is infinite, or has an infinite slope, where its last argument is 0.
WITH_POLE = calls.QUOTIENTS | {"truediv", "log", "log2", "log10", "sqrt", "rsqrt", "reciprocal"}
# A gradient that is a constant to the loss it is part of.
WITHOUT_GRAPH = "autograd.grad without create_graph"
_GETTERS_THAT_ARRANGE = {"T", "mT", "H", "mH", "real"}


@cache
def _by_name() -> dict[str, Effect]:
    listed = {effect: names.split() for effect, names in _NAMES.items()}
    return {
        name: effect for of in (_KNOWN, listed) for effect, names in of.items() for name in names
    }


@cache
def effect_of(function: Any) -> tuple[Effect, str]:
    """What a function does, and what to call it in a sentence."""
    name = getattr(function, "__name__", "")
    if name == "__get__":
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        if attribute in _GETTERS_THAT_ARRANGE:
            return Effect.VIEW, attribute
        return (Effect.DETACH, "data") if attribute == "data" else (Effect.IGNORED, attribute)
    if name == "__set__":
        return Effect.IGNORED, name
    if name == "grad" and function.__module__ == "torch.autograd":
        return Effect.DETACH, WITHOUT_GRAPH
    if name == "alpha_dropout":
        return Effect.OTHER, name
    return _by_name().get(name, Effect.OTHER), name.strip("_") or str(function)


def is_learned_from(function: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether gradients go through a call, as through those of a forward pass.

    To be asked where no mode for functions sees the question.
    """
    if effect_of(function)[0] in (Effect.IGNORED, Effect.DETACH):
        return False
    return any(t.requires_grad for t in tensors_in(args, kwargs))


def takes_several(value: Any) -> bool:
    """Whether an argument is a list of tensors, as for ``torch.cat``."""
    return isinstance(value, list | tuple) and any(isinstance(v, torch.Tensor) for v in value)
