"""A picture brought to the exposure of a photograph: what a surface without lights cannot know."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def at_exposure_of(
    rgb: Float[Tensor, "height width 3"],
    photo: Float[Tensor, "height width 3"],
    foreground: Float[Tensor, "height width 1"] | None,
) -> Float[Tensor, "height width 3"]:
    """``rgb`` times the least-squares gain of each channel over the foreground, where neither is clipped."""
    usable = ((rgb > 0.02) & (rgb < 0.98) & (photo > 0.02) & (photo < 0.98)).float()
    usable = usable if foreground is None else usable * foreground
    power = (usable * rgb.square()).sum((0, 1))
    gains = torch.where(power > 0, (usable * rgb * photo).sum((0, 1)) / power.clamp(min=1e-9), torch.ones(3))
    return (rgb * gains).clamp(0, 1)
