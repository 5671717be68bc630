"""A picture for a mesh: from the colour field, or from the photographs and the colour field where none of them looks.

The field is asked along its normal, so its picture has no highlights of a view; photographs show more detail than
the field, and their own light.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from idr_neus_plugins.core.views import TrainingViews
from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.finished import FinishedMesh, Texture
from idr_neus_plugins.meshing.lattice import SDF
from idr_neus_plugins.meshing.refine import Normals, onto_zero
from idr_neus_plugins.meshing.texture.atlas import Texels, rasterise, unwrap
from idr_neus_plugins.meshing.texture.photographs import blend

BATCH = 65536


def bake(
    mesh: FinishedMesh,
    field_colors: Callable[[np.ndarray], np.ndarray],
    size: int,
    views: TrainingViews | None = None,
    progress: bool = True,
) -> tuple[FinishedMesh, dict[str, Any]]:
    """The mesh with a texture of ``size`` × ``size`` texels, and what there is to tell about it.

    Args:
        field_colors: scene positions [n, 3] on the mesh -> colours [n, 3] uint8.
        views: photographs to blend; None paints with the field alone.
    """
    unwrapped = unwrap(mesh, size)
    texels = rasterise(unwrapped, size)
    told: dict[str, Any] = {"texels": len(texels.rows)}
    if views is None:
        colors = field_colors(texels.positions)
    else:
        blended = blend(mesh, texels, views, progress=progress)
        colors, blank = blended.colors, blended.weights == 0
        colors[blank] = field_colors(texels.positions[blank])
        told |= {"texels_photographed": float((~blank).mean()), "exposure_gains": blended.gains.tolist()}
    texture = Texture(unwrapped.uv, padded(texels, colors, size))
    return replace(unwrapped.mesh, texture=texture, colors=None), told


def padded(texels: Texels, colors: np.ndarray, size: int) -> np.ndarray:
    """The picture [size, size, 3] uint8; texels between the charts take the colour of the nearest one."""
    from scipy.ndimage import distance_transform_edt

    picture, blank = np.zeros((size, size, 3), np.uint8), np.ones((size, size), bool)
    picture[texels.rows, texels.columns] = colors
    blank[texels.rows, texels.columns] = False
    nearest: Any = distance_transform_edt(blank, return_distances=False, return_indices=True)
    return picture[tuple(nearest)]


def colors_on(
    sdf: SDF, normals: Normals, colors: Callable[[Tensor], Tensor], reach: float, device: torch.device, progress: bool
) -> Callable[[np.ndarray], np.ndarray]:
    """``colors`` of the zero set near points of a mesh: simplified faces lie off it by up to ``reach``."""

    def at_surface(positions: Tensor) -> Tensor:
        return colors(onto_zero(positions, sdf, normals, reach))

    return lambda positions: vertex_colors(at_surface, positions, device, batch_size=BATCH, progress=progress)
