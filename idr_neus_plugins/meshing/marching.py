"""Marching cubes over blocks, welded by the lattice edge that each vertex lies on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from idr_neus_plugins.meshing.lattice import BLOCK, Lattice

PACK = 20
"""Blocks along the side of one call of marching cubes: a call costs far more than a block."""

NEAREST = 1e-3
"""A vertex keeps this distance from the ends of its edge, in cells: no triangle has zero area."""


@dataclass(frozen=True)
class Patch:
    """Triangles of some blocks; vertices not yet shared with other patches."""

    samples: np.ndarray
    """Vertices [n, 3] as fractional sample indices."""
    keys: np.ndarray
    """The lattice edge of each vertex [n]; −1 for a vertex inside a cell, which no other block has."""
    faces: np.ndarray
    """[m, 3], outward where the sdf is negative inside."""


def march(blocks: np.ndarray, corners: np.ndarray, lattice: Lattice) -> Patch | None:
    """Triangles of at most PACK³ crossed ``blocks`` [n, 3] with ``corners`` [n, BLOCK + 1, ...]; None without any.

    Cells with a NaN corner are left out. Topology comes from marching cubes on signs and clipped values (functions of
    one sample each, so that neighbouring blocks decide alike); positions are then interpolated from the true values.
    """
    from skimage.measure import marching_cubes

    side = BLOCK + 1
    packed = _pack(corners)
    mask = np.zeros(packed.shape, bool)
    mask[1:, 1:, 1:] = _whole_cells(packed)
    unit = np.abs(packed) / lattice.spacing.min()
    clipped = np.where(packed < 0, -1, 1) * np.clip(np.nan_to_num(unit, nan=1.0), 4 * NEAREST, 4)
    try:
        vertices, faces, _, _ = marching_cubes(clipped, 0.0, gradient_direction="descent", mask=mask)
    except RuntimeError:  # no triangle: all crossed cells of these blocks reach out of the region
        return None

    fractional = np.abs(vertices - np.rint(vertices)) > 0.5 * NEAREST
    on_edge = fractional.sum(1) == 1
    axis = fractional.argmax(1)
    start = np.where(fractional, np.floor(vertices), np.rint(vertices)).astype(np.int64)
    along = _interpolate(packed, start[on_edge], axis[on_edge])
    local = vertices - start
    local[on_edge] = np.eye(3)[axis[on_edge]] * along[:, None]

    slot = np.ravel_multi_index(tuple((start // side).T), (PACK,) * 3)
    samples = blocks[slot] * BLOCK + start % side
    keys = np.ravel_multi_index(tuple(samples.T), tuple((lattice.blocks + 1) * BLOCK)) * 3 + axis
    return Patch(samples + local, np.where(on_edge, keys, -1), faces)


def weld(patches: list[Patch]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [n, 3] (fractional sample indices) and faces [m, 3]; one vertex per lattice edge, so no seams."""
    samples = np.concatenate([patch.samples for patch in patches])
    keys = np.concatenate([patch.keys for patch in patches])
    sizes = np.cumsum([0] + [len(patch.samples) for patch in patches])
    faces = np.concatenate([patch.faces + first for patch, first in zip(patches, sizes, strict=False)])
    inner = keys < 0
    keys[inner] = -1 - np.arange(inner.sum())
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return samples[first], inverse[faces]


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
    for axis in range(3):
        known = np.logical_and(np.take(known, range(len(packed) - 1), axis), np.delete(known, 0, axis))
    inside = np.arange(len(packed) - 1) % (BLOCK + 1) != BLOCK
    return known & inside[:, None, None] & inside[None, :, None] & inside[None, None, :]


def _interpolate(packed: np.ndarray, start: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Where the value crosses zero between sample ``start`` [n, 3] and the next one along ``axis`` [n]."""
    first = packed[tuple(start.T)].astype(np.float64)
    second = packed[tuple((start + np.eye(3, dtype=np.int64)[axis]).T)].astype(np.float64)
    return np.clip(first / (first - second), NEAREST, 1 - NEAREST)
