"""Where a grid's training starts: at a known surface or the visual hull where there is one, at a sphere otherwise."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.connected_components import large_components
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.core.visual_hull import in_visual_hull
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.known_surface import KnownSurface
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.redistance import OBJECT, signed_distance

HULL_RESOLUTION = 96
MARGIN = 3
"""Voxels of the hull's lattice around it: the surface may move outwards a little."""


def sphere(lattice: Lattice, region: Float[Tensor, "2 3"]) -> Float[Tensor, "x y z"]:
    """Distance in voxels to a sphere of half the region's radius."""
    return (_distance_to_sphere(lattice.positions(region.device), region, 0.5) / lattice.voxel).view(lattice.shape)


def visual_hull(
    views: Views, region: Float[Tensor, "2 3"], tolerance: float = 0.0, margin: int = MARGIN
) -> tuple[Float[Tensor, "x y z"], Lattice]:
    """Signed distance in voxels to the visual hull within the region's inscribed sphere, on a lattice that encloses it.

    Only pieces of the hull that may be objects: where few cameras look, silhouettes agree on stray corners, and a box
    around them would waste the resolution.

    Args:
        tolerance: share of the views that may contradict a point of the hull.
        margin: voxels of the hull's lattice around it.

    Raises UserError where the silhouettes have no point of the region in common.
    """
    whole = Lattice.over(region, HULL_RESOLUTION)
    positions = whole.positions(region.device)
    inside = in_visual_hull(positions, views, tolerance) & (_distance_to_sphere(positions, region, share=1.0) < 0)
    inside = inside.view(whole.shape)
    if not inside.any():
        raise UserError(
            "The silhouettes have no point of the region of interest in common: masks may be inverted or belong to "
            "other photographs, or the cameras or scale_mat do not fit."
        )
    # A shell of outside nodes closes a hull that reaches the region's border.
    inside[[0, -1]] = inside[:, [0, -1]] = inside[:, :, [0, -1]] = False
    inside = torch.from_numpy(large_components(inside.cpu().numpy(), OBJECT)).to(region.device)
    nodes = inside.nonzero()
    first = (nodes.amin(dim=0) - margin).clamp(min=0).tolist()
    last = (nodes.amax(dim=0) + margin + 1).tolist()
    crop = inside[first[0] : last[0], first[1] : last[1], first[2] : last[2]]
    x, y, z = (lower + whole.voxel * node for lower, node in zip(whole.lower, first, strict=True))
    distance = torch.from_numpy(signed_distance(crop.cpu().numpy())).float().to(region.device)
    nx, ny, nz = crop.shape
    return distance, Lattice((x, y, z), whole.voxel, (nx, ny, nz))


def known_surface(
    path: Path, views: Views, lattice: Lattice, hull: Float[Tensor, "x y z"] | None
) -> Float[Tensor, "x y z"]:
    """Signed distance in voxels to the surface of a file (see ``known_surface``), at a lattice's nodes.

    Args:
        hull: distance in voxels to what the surface cannot leave.

    Raises UserError for another file, and where none of its inside is within the lattice and the hull.
    """
    positions = lattice.positions(views.camera_to_scene.device)
    distance = KnownSurface.read(path).distances(positions, views.world_from_scene).view(lattice.shape) / lattice.voxel
    distance = distance if hull is None else torch.maximum(distance, hull)
    if not (distance < 0).any():
        raise UserError(
            f"{path}: nothing of that surface lies where this scene's masks and region allow. It must be in the world "
            "of these cameras: give them to idr-neus reconstruct with --camera."
        )
    return distance


def _distance_to_sphere(positions: Tensor, region: Tensor, share: float) -> Float[Tensor, " points"]:
    """Distance to a share of the largest sphere in the region, scene units."""
    return (positions - region.mean(dim=0)).norm(dim=1) - 0.5 * share * (region[1] - region[0]).min()
