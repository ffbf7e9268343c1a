"""Names of PyTorch's calls that are no activation, by what they do to the numbers.

The one list of them: what a model is drawn by (``recorder.py``) and what a training is diagnosed
by (``diagnosis/operations.py``) read it.
"""

from __future__ import annotations

# The same numbers, arranged anew.
VIEWS = frozenset(
    [
        "__getitem__",
        "as_strided",
        "bfloat16",
        "broadcast_to",
        "chunk",
        "clone",
        "contiguous",
        "cpu",
        "cuda",
        "double",
        "expand",
        "expand_as",
        "flatten",
        "float",
        "half",
        "index_select",
        "movedim",
        "moveaxis",
        "narrow",
        "permute",
        "ravel",
        "repeat",
        "reshape",
        "reshape_as",
        "select",
        "split",
        "squeeze",
        "squeeze_",
        "swapaxes",
        "swapdims",
        "t",
        "tensor_split",
        "to",
        "transpose",
        "transpose_",
        "type",
        "type_as",
        "unbind",
        "unflatten",
        "unsqueeze",
        "unsqueeze_",
        "view",
        "view_as",
    ]
)
# Linear, without weights to learn. Pooling and means change the spread by what the data decide;
# the refinement on a batch measures it.
AVERAGES = frozenset(
    [
        "_pad",
        "adaptive_avg_pool1d",
        "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "flip",
        "fold",
        "interpolate",
        "mean",
        "pad",
        "pixel_shuffle",
        "roll",
        "unfold",
        "upsample",
    ]
)
DROPOUTS = frozenset(["dropout", "dropout1d", "dropout2d", "dropout3d", "dropout_"])
# Some of the numbers.
PICKS = frozenset(
    [
        "adaptive_max_pool1d",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "amax",
        "channel_shuffle",
        "diff",
        "gather",
        "masked_fill",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "pixel_unshuffle",
        "take_along_dim",
        "tril",
        "triu",
    ]
)
# They hand on the values they get, or some of them.
HANDED_ON = VIEWS | AVERAGES | DROPOUTS | PICKS
HANDED_ON |= {"__get__", "alpha_dropout", "detach", "feature_alpha_dropout", "requires_grad_"}

NORMS = frozenset(
    [
        "batch_norm",
        "layer_norm",
        "group_norm",
        "instance_norm",
        "rms_norm",
        "normalize",
    ]
)
CONVOLUTIONS = frozenset(f"{stem}{n}d" for stem in ("conv", "conv_transpose") for n in (1, 2, 3))
SUMS = frozenset(
    [
        "add",
        "add_",
        "__add__",
        "__radd__",
        "__iadd__",
        "sub",
        "sub_",
        "subtract",
        "rsub",
        "__sub__",
        "__rsub__",
        "__isub__",
    ]
)
PRODUCTS = frozenset(["mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"])
QUOTIENTS = frozenset(["div", "div_", "true_divide", "__truediv__", "__itruediv__"])
JOINS = frozenset(["cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack"])
MATMULS = frozenset(["matmul", "__matmul__", "mm", "bmm"])
