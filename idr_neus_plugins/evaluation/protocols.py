"""The names of what is done to a mesh before it is scored, and what they mean.

Published DTU figures differ by what was cut away first, so the variant belongs to every score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CullName = Literal["none", "square-50", "disk-24", "disk-12"]
ScoreFrame = Literal["world", "scene"]

REFERENCE_WIDTH = 1600
"""Of the photographs in which the radii are pixels; other sizes scale them."""


@dataclass(frozen=True)
class Cull:
    """By how much masks are grown before a mesh is cut by them."""

    radius: float
    """Pixels of a photograph that is REFERENCE_WIDTH wide."""
    square: bool


CULLS: dict[CullName, Cull] = {
    "none": Cull(float("inf"), False),
    "square-50": Cull(50.0, True),  # NeuS's evaluation
    "disk-24": Cull(24.0, False),  # 2DGS's evaluation
    "disk-12": Cull(12.0, False),
}
