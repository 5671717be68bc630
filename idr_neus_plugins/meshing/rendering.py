"""Pictures of a finished mesh by ray casting: what it looks like where a photograph was taken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.raycasting import Hits, RayCaster
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.texture.lookup import at_uv
from idr_neus_plugins.meshing.texture.view_dependence import seen_from

GREY = 0.7
"""Colour of a mesh that has none."""


class Picture(NamedTuple):
    """Over black; means over the rays of each pixel."""

    rgb: np.ndarray
    """[height, width, 3] float32 in [0, 1]."""
    accumulation: np.ndarray
    """Share of the rays that meet the mesh [height, width, 1] float32."""
    normals: np.ndarray
    """Sum of unit normals of the rays that meet it, over all rays [height, width, 3] float32."""


class MeshRenderer:
    """Shows a mesh in its colours, with its texture where it has one, as each direction shows it; nothing is lit."""

    def __init__(self, mesh: Mesh):
        self.mesh = mesh
        self.caster = RayCaster(mesh.shape)

    def __call__(self, camera: Camera, rays_across: int = 2) -> Picture:
        """``rays_across``² rays for every pixel, evenly spread; the mesh is in the frame of the camera."""
        parts = []
        for offset in (np.indices((rays_across,) * 2).reshape(2, -1).T + 0.5) / rays_across - 0.5:
            directions = camera.rays(camera.pixel_centres() + offset)
            parts.append(self._shade(self.caster.first_hits(camera.centre, directions), directions))
        mean = np.mean(parts, 0).reshape(*camera.size, 7).astype(np.float32)
        return Picture(mean[..., :3], mean[..., 3:4], mean[..., 4:])

    def _shade(self, hits: Hits, directions: np.ndarray) -> np.ndarray:
        """Colour, whether something was met, and normal of each ray [n, 7]."""
        shaded = np.zeros((len(hits.faces), 7))
        met = hits.met
        corners, weights = self.mesh.faces[hits.faces[met]], hits.barycentric[met]
        normals = np.einsum("rc,rcx->rx", weights, self.mesh.normals[corners])
        shaded[met, :3] = mesh_colors(self.mesh, corners, weights, directions[met])
        shaded[met, 3] = 1
        shaded[met, 4:] = normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(min=1e-12)
        return shaded


def mesh_colors(
    mesh: Mesh, corners: np.ndarray, weights: np.ndarray, directions: np.ndarray | None = None
) -> np.ndarray:
    """Colours [n, 3] in [0, 1] inside faces with the vertices ``corners`` [n, 3], at barycentric ``weights`` [n, 3].

    Textures that change with the view do so where the ``directions`` [n, 3] are given from which they are seen.
    """
    if mesh.texture is not None:
        uv = np.einsum("rc,rcx->rx", weights, mesh.texture.uv[corners])
        base = at_uv(mesh.texture.image, uv) / np.float32(255)
        views = mesh.texture.views
        return base if views is None or directions is None else seen_from(base, views, uv, directions)
    if mesh.colors is None:
        return np.full((len(corners), 3), GREY)
    return np.einsum("rc,rcx->rx", weights, mesh.colors[corners] / 255.0)
