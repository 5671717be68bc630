"""Encodings of positions and directions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def encoding_width(dimensions: int, octaves: int) -> int:
    """Number of channels that :func:`positional_encoding` returns."""
    return dimensions * (1 + 2 * octaves)


def positional_encoding(values: Float[Tensor, "points dims"], octaves: int) -> Float[Tensor, "points channels"]:
    """``[x, sin(2^k x), cos(2^k x)]`` for k = 0 .. octaves - 1, without NeRF's factor of pi (IDR, NeuS as released)."""
    angles = (values[:, None, :] * _frequencies(values, octaves)).flatten(1)
    return torch.cat([values, angles.sin(), angles.cos()], dim=1)


def pull_back(
    encoded: Float[Tensor, "points channels"], cotangents: Float[Tensor, "points channels"], dimensions: int
) -> Float[Tensor, "points dims"]:
    """Gradient with respect to the values from the gradient with respect to their encoding: the chain rule by hand.

    Args:
        encoded: result of :func:`positional_encoding`.
        cotangents: derivative of some scalar with respect to each of its channels.
    """
    octaves = (encoded.shape[1] // dimensions - 1) // 2
    sin, cos = encoded[:, dimensions:].chunk(2, dim=1)
    by_sin, by_cos = cotangents[:, dimensions:].chunk(2, dim=1)
    by_angle = (by_sin * cos - by_cos * sin).view(-1, octaves, dimensions)
    return cotangents[:, :dimensions] + (by_angle * _frequencies(encoded, octaves)).sum(dim=1)


def _frequencies(like: Tensor, octaves: int) -> Float[Tensor, "octaves 1"]:
    return 2.0 ** torch.arange(octaves, device=like.device, dtype=like.dtype)[:, None]
