"""A small pre-norm transformer: causal for text, over rows or features for other data."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nonlin.comparison.models.mlp import MakeActivation

# Size of a head that is aimed at; a width that it does not divide gets larger heads.
_HEAD = 16


class Block(nn.Module):
    """Self-attention and a feed-forward layer, each added to its input."""

    def __init__(self, width: int, heads: int, causal: bool, activation: MakeActivation) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), activation(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        pieces = self.attention(self.norm1(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = pieces.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.mix(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    """Embedding, positions, blocks and a linear output.

    Shape:
        text: int64 (N, T) to (N, T, outputs); image: (N, C, H, W) read as H tokens;
        signal: (N, C, L) read as L tokens; features: (N, F) read as F tokens; all three
        averaged over tokens to (N, outputs).
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        outputs: int,
        activation: MakeActivation,
        *,
        text: bool,
        depth: int,
        width: int,
    ) -> None:
        super().__init__()
        self.text, self.rank = text, len(shape)
        length, size = _tokens(shape)
        self.embed = nn.Embedding(outputs, width) if text else nn.Linear(size, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        heads = next(n for n in range(max(1, width // _HEAD), 0, -1) if width % n == 0)
        self.blocks = nn.ModuleList(Block(width, heads, text, activation) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x if self.text else _as_tokens(x)) + self.position
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return self.output(x if self.text else x.mean(dim=1))


def _tokens(shape: tuple[int, ...]) -> tuple[int, int]:
    """Number of tokens and size of each, for one row."""
    if len(shape) == 1:
        return shape[0], 1
    if len(shape) == 2:
        return shape[1], shape[0]
    return shape[1], shape[0] * shape[2]


def _as_tokens(x: Tensor) -> Tensor:
    if x.ndim == 2:
        return x.unsqueeze(-1)
    return x.transpose(1, 2).flatten(2)
