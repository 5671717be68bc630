"""A shape cached on a grid: signed distances and colours that cost a look-up, whatever they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.rendering import mesh_colors

REACH = 1.1
"""Half the side of the grid's cube around the origin, object units."""
NODES = 129
"""Along each side. Trilinear values round edges off, by a fifth of a voxel: the fewer nodes, the smaller the shape."""
STRIDE = 4
"""Nodes from one to the next that is asked everywhere."""
NEAR = 6.0
"""Voxels from the surface within which every node is asked, for its distance and colour."""


@dataclass(frozen=True)
class ShapeGrid:
    """Values at the nodes of a cube, trilinear between them."""

    sdf: Float[Tensor, "n n n"]
    """Negative inside, object units; axes x, y, z."""
    colors: Float[Tensor, "3 n n n"]
    """In [0, 1], meant near the surface."""

    @property
    def voxel(self) -> float:
        return 2.0 * REACH / (len(self.sdf) - 1)

    def to(self, like: Tensor) -> ShapeGrid:
        """On the device and of the type of ``like``."""
        return ShapeGrid(self.sdf.to(like), self.colors.to(like))

    def coarser(self) -> ShapeGrid:
        """Every other node: an eighth of the memory, which is what a look-up costs."""
        return ShapeGrid(self.sdf[::2, ::2, ::2].contiguous(), self.colors[:, ::2, ::2, ::2].contiguous())

    def distances(self, points: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
        """Signed distances; beyond the cube they grow on."""
        within = points.clamp(-REACH, REACH)
        beyond = (points - within).square().sum(-1).clamp(min=1e-24).sqrt()
        return self._read(self.sdf[None], within)[0] + beyond

    def rgb(self, points: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
        """Colours of the closest surface."""
        return self._read(self.colors, points).movedim(0, -1)

    def surface_points(self, count: int) -> Float[Tensor, "points 3"]:
        """Nodes next to the surface, at most about ``count`` of them."""
        nodes = (self.sdf.abs() < 0.87 * self.voxel).nonzero()
        return (nodes[:: max(1, len(nodes) // count)] * self.voxel - REACH).to(self.sdf)

    def _read(self, values: Float[Tensor, "channels n n n"], points: Tensor) -> Tensor:
        # grid_sample names the axes in the opposite order.
        places = (points / REACH).flip(-1).reshape(1, 1, 1, -1, 3)
        read = functional.grid_sample(values[None], places, align_corners=True, padding_mode="border")
        return read[0, :, 0, 0].unflatten(1, points.shape[:-1])


def cached(mesh: Mesh, nodes: int = NODES) -> ShapeGrid:
    """The grid of a watertight mesh in its object frame; exact next to the surface.

    Farther away distances are interpolated: there they only tell how far a ray may go. ``nodes`` is a multiple of
    :data:`STRIDE`, and one.
    """
    caster = RayCaster(mesh.shape)
    few = nodes // STRIDE + 1
    sdf = torch.from_numpy(caster.signed_distances(_nodes(few))).float().view(1, 1, few, few, few)
    sdf = functional.interpolate(sdf, (nodes,) * 3, mode="trilinear", align_corners=True).view(-1)
    near = np.flatnonzero(sdf.abs().numpy() < NEAR * 2 * REACH / (nodes - 1))
    points = _nodes(nodes)[near]
    sdf[near] = torch.from_numpy(caster.signed_distances(points)).float()
    _, faces, weights = caster.closest(points)
    colors = torch.zeros(3, len(sdf))
    colors[:, near] = torch.from_numpy(mesh_colors(mesh, mesh.faces[faces], weights).T).float()
    shape = (nodes, nodes, nodes)
    return ShapeGrid(sdf.view(shape), colors.view(3, *shape))


def _nodes(count: int) -> Float[np.ndarray, "nodes 3"]:
    axis = np.linspace(-REACH, REACH, count)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
