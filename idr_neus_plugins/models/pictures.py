"""Pictures of a rendered view for nerfstudio's evaluation."""

from __future__ import annotations

import torch
from jaxtyping import Float
from nerfstudio.utils import colormaps
from torch import Tensor


def pictures(outputs: dict[str, Tensor], image: Float[Tensor, "height width 3"]) -> dict[str, Tensor]:
    """Photograph beside rendering, and depth, normals and opacity in colours."""
    return {
        "img": torch.cat([image, outputs["rgb"]], dim=1),
        "accumulation": colormaps.apply_colormap(outputs["accumulation"]),
        "depth": colormaps.apply_depth_colormap(outputs["depth"], accumulation=outputs["accumulation"]),
        "normals": outputs["normals"],
    }
