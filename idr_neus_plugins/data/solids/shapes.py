"""Signed distances to put solids together from. Coordinates come apart, [n] each: that is what CPUs are fast at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def length(*parts: Tensor) -> Tensor:
    """Of the vectors with these components."""
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = torch.addcmul(total, part, part)
    return total.sqrt_()


def box(parts: Sequence[Tensor], half_sizes: Sequence[float], rounding: float) -> Tensor:
    """Around the origin, in as many dimensions as there are parts."""
    beyond = [part.abs() - (half - rounding) for part, half in zip(parts, half_sizes, strict=True)]
    largest = beyond[0]
    for part in beyond[1:]:
        largest = torch.maximum(largest, part)
    inside = largest.clamp(max=0.0)
    return length(*(part.clamp_(min=0.0) for part in beyond)) + inside - rounding


def smooth_union(a: Tensor, b: Tensor, width: float) -> Tensor:
    """min(a, b), rounded where they differ by less than ``width``."""
    blend = (width - (a - b).abs()).clamp(min=0.0) / width
    return torch.minimum(a, b) - 0.25 * width * blend**2


def smooth_difference(a: Tensor, b: Tensor, width: float) -> Tensor:
    """a without b, rounded like :func:`smooth_union`."""
    return -smooth_union(-a, b, width)
