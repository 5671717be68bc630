"""A picture for a mesh: from the colour field, or from the photographs and the colour field where none of them looks.

The field is asked along its normal, so its picture has no highlights of a view; photographs show more detail than
the field, and their own light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from idr_neus_plugins.core.camera import cameras_of
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.meshing.mesh import Mesh, Texture, ViewDependence
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.texture.atlas import Texels, Unwrapped, rasterise, unwrap
from idr_neus_plugins.meshing.texture.field_colors import FieldColors
from idr_neus_plugins.meshing.texture.lookup import at_uv
from idr_neus_plugins.meshing.texture.photographs import blend, prepare_all
from idr_neus_plugins.meshing.texture.view_colors import ViewColors, field_view_colors, photograph_view_colors
from idr_neus_plugins.meshing.texture.view_dependence import fit_texels, quantised

LARGEST = 2048
"""Texels along a side for how colours change with the view: their pictures stand in one file."""


def bake(
    mesh: Mesh,
    field: FieldColors,
    options: MeshOptions,
    views: Views | None = None,
    progress: bool = True,
) -> tuple[Mesh, dict[str, Any]]:
    """The mesh with the texture that ``options`` describe, and what there is to tell about it.

    ``views`` are the photographs to blend, and whose cameras tell from where a texture that changes with the view is
    seen.
    """
    size = options.texture_size
    unwrapped = unwrap(mesh, size)
    texels = rasterise(unwrapped, size)
    told: dict[str, Any] = {"texels": len(texels.rows)}
    view_colors: Sequence[ViewColors] = []
    if options.texture == "field" or views is None:
        colors = field.along_normals(texels.positions)
        if views is not None and options.view_dependence:
            view_colors = [field_view_colors(field.radiance, camera.centre) for camera in cameras_of(views)]
    else:
        photographs = prepare_all(mesh, views, progress=progress)
        blended = blend(photographs, texels, progress=progress)
        colors, blank = blended.colors, blended.weights == 0
        colors[blank] = field.along_normals(texels.positions[blank])
        told |= {"texels_photographed": float((~blank).mean()), "exposure_gains": blended.gains.tolist()}
        view_colors = [photograph_view_colors(each, field.radiance) for each in photographs]
    texture = Texture(unwrapped.uv, padded(texels, colors, size))
    if options.view_dependence:
        texture = replace(
            texture, views=view_dependence(unwrapped, texture, view_colors, options.view_dependence, progress)
        )
    return replace(unwrapped.mesh, texture=texture, colors=None), told


def view_dependence(
    unwrapped: Unwrapped, texture: Texture, view_colors: Sequence[ViewColors], degree: int, progress: bool
) -> ViewDependence:
    """Fitted at half the picture's resolution, or less: light varies more slowly than paint."""
    size = min(len(texture.image) // 2, LARGEST)
    texels = rasterise(unwrapped, size)
    uv = np.stack([texels.columns + 0.5, size - texels.rows - 0.5], 1) / size
    base = at_uv(texture.image, uv) / np.float32(255)
    steps, limits = quantised(fit_texels(texels, base, view_colors, degree, progress))
    pictures = padded(texels, steps.reshape(len(steps), -1), size)
    return ViewDependence(pictures.reshape(size, size, -1, 3), limits, np.eye(3))


def padded(texels: Texels, colors: np.ndarray, size: int) -> np.ndarray:
    """The picture [size, size, c] uint8 of ``colors`` [t, c]; texels between the charts are as the nearest one."""
    from scipy.ndimage import distance_transform_edt

    picture, blank = np.zeros((size, size, colors.shape[1]), np.uint8), np.ones((size, size), bool)
    picture[texels.rows, texels.columns] = colors
    blank[texels.rows, texels.columns] = False
    nearest: Any = distance_transform_edt(blank, return_distances=False, return_indices=True)
    return picture[tuple(nearest)]
