"""Marching cubes over blocks, welded by the lattice edge that each vertex lies on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from idr_neus_plugins.meshing.sample_lattice import BLOCK, SampleLattice

PACK = 20
"""Blocks along the side of one call of marching cubes: a call costs far more than a block."""

NEAREST = 1e-3
"""A vertex keeps this distance from the ends of its edge, in cells: no triangle has zero area."""


@dataclass(frozen=True)
class Patch:
    """Triangles of some blocks; vertices not yet shared with other patches."""

    samples: np.ndarray
    """Vertices [n, 3] as fractional sample indices."""
    edges: np.ndarray
    """Number of the lattice edge that each vertex [n] lies on."""
    faces: np.ndarray
    """[m, 3], outward where the sdf is negative inside."""


def march(blocks: np.ndarray, corners: np.ndarray, lattice: SampleLattice) -> Patch | None:
    """Triangles of at most PACK³ crossed ``blocks`` [n, 3] with ``corners`` [n, BLOCK + 1, ...]; None without any.

    Cells with a NaN corner are left out. Lorensen and Cline's table is asked with signs alone: scikit-image's is closed
    and manifold for every pattern of signs. (The 33-case variant decides ambiguous faces by value; ties leave holes,
    and noise now and then an edge with four faces: measured.)
    """
    from skimage.measure import marching_cubes

    packed = _pack(corners)
    signs = np.where(packed < 0, np.float32(-1), np.float32(1))
    mask = np.zeros(packed.shape, bool)
    mask[1:, 1:, 1:] = _whole_cells(packed)
    try:
        middles, faces, _, _ = marching_cubes(signs, 0.0, method="lorensen", mask=mask)
    except RuntimeError:  # no triangle: all crossed cells of these blocks reach out of the region
        return None

    start = np.floor(middles).astype(np.int64)  # vertices lie in the middle of edges: one coordinate is a half
    direction = (middles > start).astype(np.int64)
    slot = np.ravel_multi_index(tuple((start // (BLOCK + 1)).T), (PACK,) * 3)
    samples = blocks[slot] * BLOCK + start % (BLOCK + 1)
    edges = np.ravel_multi_index(tuple(samples.T), tuple((lattice.blocks + 1) * BLOCK)) * 3 + direction.argmax(1)
    return Patch(samples + direction * _crossing(packed, start, direction)[:, None], edges, faces)


def weld(patches: list[Patch]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [n, 3] (fractional sample indices) and faces [m, 3]; one vertex per lattice edge, so no seams."""
    sizes = np.cumsum([0] + [len(patch.samples) for patch in patches[:-1]])
    faces = np.concatenate([patch.faces + first for patch, first in zip(patches, sizes, strict=True)])
    edges = np.concatenate([patch.edges for patch in patches])
    _, first, inverse = np.unique(edges, return_index=True, return_inverse=True)
    return np.concatenate([patch.samples for patch in patches])[first], inverse[faces]


def _pack(corners: np.ndarray) -> np.ndarray:
    """Blocks side by side in one volume [PACK * (BLOCK + 1)]³; free slots hold NaN."""
    side = BLOCK + 1
    slots = np.full((PACK**3, side, side, side), np.nan, np.float32)
    slots[: len(corners)] = corners
    slots = slots.reshape(PACK, PACK, PACK, side, side, side)
    return slots.transpose(0, 3, 1, 4, 2, 5).reshape((PACK * side,) * 3)


def _whole_cells(packed: np.ndarray) -> np.ndarray:
    """Cells that lie inside one block and have eight known corners."""
    known = ~np.isnan(packed)
    known = known[1:] & known[:-1]
    known = known[:, 1:] & known[:, :-1]
    known = known[:, :, 1:] & known[:, :, :-1]
    inside = np.arange(len(packed) - 1) % (BLOCK + 1) != BLOCK
    return known & inside[:, None, None] & inside[None, :, None] & inside[None, None, :]


def _crossing(packed: np.ndarray, start: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Where the values cross zero [n], as a fraction of the edge from sample ``start`` [n, 3] along ``direction``."""
    first = packed[tuple(start.T)].astype(np.float64)
    second = packed[tuple((start + direction).T)].astype(np.float64)
    return np.clip(first / (first - second), NEAREST, 1 - NEAREST)
