"""The training views as plain tensors, for work that needs whole images: visual hulls, hull-based starts, scoring."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor


@dataclass(frozen=True)
class Views:
    """Views of one scene. Cameras are OpenCV: x right, y down, z forward; pixel centres are at half-integers, so that
    scene point X is seen in pixel ``floor(K @ (R^T (X - centre)) / depth)`` with ``[R | centre] = camera_to_scene``.

    Images of different sizes are padded with zeros at the right and below; ``sizes`` tells how far a view reaches.
    """

    intrinsics: Float[Tensor, "views 3 3"]
    """K, pixels."""
    camera_to_scene: Float[Tensor, "views 3 4"]
    sizes: Int[Tensor, "views 2"]
    """(height, width)."""
    images: UInt8[Tensor, "views h w 3"]
    foreground: UInt8[Tensor, "views h w"] | None
    """0 to 255, soft at borders where images were shrunk; None for scenes without masks."""
    is_pinhole: bool
    """False where a camera has lens distortion or another projection, which K alone does not describe."""
    world_from_scene: Float[Tensor, "4 4"] = field(default_factory=lambda: torch.eye(4, dtype=torch.float64))
    """Scene to the world of the input cameras, in which surfaces that come from elsewhere are; float64."""

    @property
    def masks(self) -> Bool[Tensor, "views h w"] | None:
        """Foreground, decided at one half."""
        return None if self.foreground is None else self.foreground >= 128
