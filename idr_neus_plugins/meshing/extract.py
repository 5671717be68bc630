"""From a signed distance to a triangle mesh, evaluating only near the surface.

The memory and the number of evaluations grow with the surface's area (resolution²), not with the volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from rich.progress import Progress, TaskID
from torch import Tensor

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.band import candidate_blocks
from idr_neus_plugins.meshing.marching import PACK, march, weld
from idr_neus_plugins.meshing.sample_lattice import BLOCK, SDF, SampledBlocks, SampleLattice, SdfSampler
from idr_neus_plugins.progress import progress_bar

if TYPE_CHECKING:
    import trimesh

OUTSIDE = 1e9
"""Value of the padding samples when the mesh is closed at the border: far outside."""


def extract_mesh(
    sdf: SDF,
    region: Float[Tensor, "2 3"],
    resolution: int = 512,
    *,
    close_border: bool = True,
    batch_size: int = 65536,
    progress: bool = True,
) -> trimesh.Trimesh:
    """Zero set of ``sdf`` inside ``region``, in scene units, faces oriented outwards.

    The field need not be an exact distance: the slope is measured, and a surface that leaves the searched blocks is
    followed until it closes or leaves the region. Only a separate piece that is thinner than a block and lies where the
    field is steeper than measured can be missed.

    Args:
        sdf: positions [n, 3] -> values [n], negative inside; asked on the device of ``region``.
        region: lower and upper corner of the box, scene units.
        resolution: samples along the longest side, any number ≥ 2.
        close_border: where the solid leaves the region, close it with a flat cap (the outside of the region counts as
            outside the solid), so that the mesh is always watertight; otherwise it stays open there.
        batch_size: points asked at once; bounds the memory of a network.

    Raises:
        UserError: no surface in the region, values that are not finite, an impossible region or resolution.
    """
    import trimesh

    corners = region.detach().cpu().double().numpy()
    if not (np.isfinite(corners).all() and (corners[0] < corners[1]).all()):
        raise UserError(f"The region must be a box with lower corner below upper corner, got {corners.tolist()}.")
    if resolution < 2:
        raise UserError(f"The resolution must be at least 2 samples, got {resolution}.")
    lattice = SampleLattice.over(corners, resolution)
    sampler = SdfSampler(sdf, region.device, batch_size)
    sampled = SampledBlocks(lattice, sampler, OUTSIDE if close_border else np.nan)
    with progress_bar(progress) as bar:
        crossed = _sample_band(sampled, candidate_blocks(lattice, sampler, close_border), bar)
        _require_surface(sampler, crossed, corners)
        vertices, faces = _march_blocks(sampled, crossed, bar)
    return trimesh.Trimesh(lattice.positions(vertices), faces, process=False)


def _sample_band(sampled: SampledBlocks, blocks: np.ndarray, bar: Progress) -> np.ndarray:
    """Evaluates ``blocks`` [n, 3], follows the surface into their neighbours, returns the blocks it crosses [m, 3]."""
    task = bar.add_task("Sampling the surface (blocks)", total=None)
    asked = np.empty(0, np.int64)
    crossed = []
    while len(blocks):
        _evaluate(sampled, blocks, bar, task)
        asked = np.union1d(asked, sampled.key(blocks))
        here, following = [], []
        for part in _parts(blocks, PACK**3):
            corners = sampled.corners(part)
            hit = _mixed(corners)
            here.append(part[hit])
            following.append(_neighbours_reached(part[hit], corners[hit]))
        crossed += here
        following = np.unique(np.concatenate(following), axis=0)
        following = following[((following >= 0) & (following < sampled.lattice.blocks)).all(1)]
        blocks = following[~np.isin(sampled.key(following), asked)]
    return np.concatenate(crossed) if crossed else np.empty((0, 3), np.int64)


def _evaluate(sampled: SampledBlocks, blocks: np.ndarray, bar: Progress, task: TaskID) -> None:
    missing = sampled.missing(blocks)
    rows = np.nonzero(missing.any((1, 2, 3)))[0]
    bar.update(task, total=(bar.tasks[task].total or 0) + len(rows))
    for part in _parts(rows, max(1, sampled.sampler.batch_size // BLOCK**3)):
        sampled.ask(part, missing[part])
        bar.advance(task, len(part))


def _mixed(values: np.ndarray) -> np.ndarray:
    """Which rows [n, ...] hold both signs; zero counts as outside, NaN as unknown."""
    inner = tuple(range(1, values.ndim))
    return (values < 0).any(inner) & (values >= 0).any(inner)


def _neighbours_reached(blocks: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Neighbours [k, 3] of blocks [n, 3] across the block faces that the surface crosses."""
    reached = []
    for axis in range(3):
        for side, step in ((0, -1), (BLOCK, 1)):
            hit = _mixed(np.take(corners, side, axis=axis + 1))
            reached.append(blocks[hit] + step * np.eye(3, dtype=np.int64)[axis])
    return np.concatenate(reached)


def _require_surface(sampler: SdfSampler, crossed: np.ndarray, region: np.ndarray) -> None:
    if len(crossed) and sampler.lowest < 0 <= sampler.highest:
        return
    box = f"{region[0].round(3).tolist()} to {region[1].round(3).tolist()}"
    values = f"the signed distance is between {sampler.lowest:.4g} and {sampler.highest:.4g} there"
    if sampler.lowest >= 0:
        what = f"everything is outside: {values}. The solid vanished (or inverted masks carved it away)"
    elif sampler.highest < 0:
        what = f"everything is inside: {values}. The free space was never carved"
    else:
        what = f"{values}, but no cell of the lattice holds both signs. The surface is thinner than a cell"
    raise UserError(
        f"There is no surface in the region {box}: {what}. "
        "Look at the run in ns-viewer; train longer, check the masks and cameras, or raise the resolution."
    )


def _march_blocks(sampled: SampledBlocks, blocks: np.ndarray, bar: Progress) -> tuple[np.ndarray, np.ndarray]:
    task = bar.add_task("Marching cubes (blocks)", total=len(blocks))
    patches = []
    for part in _parts(blocks, PACK**3):
        patches.append(march(part, sampled.corners(part), sampled.lattice))
        bar.advance(task, len(part))
    return weld([patch for patch in patches if patch is not None])


def _parts(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]
