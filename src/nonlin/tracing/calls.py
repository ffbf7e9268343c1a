"""Names of PyTorch's calls that are no activation, by what they do to the numbers."""

from __future__ import annotations

# They hand on the values they get, or some of them. Pooling and means change the
# spread by what the data decide; the refinement on a batch measures it.
HANDED_ON = frozenset(
    [
        "__get__",
        "__getitem__",
        "adaptive_avg_pool1d",
        "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
        "adaptive_max_pool1d",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "alpha_dropout",
        "amax",
        "as_strided",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "bfloat16",
        "broadcast_to",
        "channel_shuffle",
        "chunk",
        "clone",
        "contiguous",
        "cpu",
        "cuda",
        "detach",
        "diff",
        "double",
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "dropout_",
        "expand",
        "expand_as",
        "feature_alpha_dropout",
        "flatten",
        "flip",
        "float",
        "fold",
        "gather",
        "half",
        "index_select",
        "interpolate",
        "masked_fill",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "mean",
        "movedim",
        "moveaxis",
        "narrow",
        "permute",
        "pixel_shuffle",
        "pixel_unshuffle",
        "repeat",
        "requires_grad_",
        "reshape",
        "reshape_as",
        "roll",
        "select",
        "split",
        "squeeze",
        "swapaxes",
        "swapdims",
        "t",
        "take_along_dim",
        "to",
        "transpose",
        "tril",
        "triu",
        "type",
        "type_as",
        "unbind",
        "unflatten",
        "unfold",
        "unsqueeze",
        "upsample",
        "view",
        "view_as",
        "pad",
        "_pad",
    ]
)
NORMS = frozenset(
    ["batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "normalize"]
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
        "__sub__",
        "__rsub__",
        "__isub__",
    ]
)
PRODUCTS = frozenset(["mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"])
QUOTIENTS = frozenset(["div", "div_", "true_divide", "__truediv__", "__itruediv__"])
JOINS = frozenset(["cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack"])
MATMULS = frozenset(["matmul", "__matmul__", "mm", "bmm"])
