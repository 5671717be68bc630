"""Where the surface may be: octree descent over blocks, with a slope measured on the field itself."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter

from idr_neus_plugins.meshing.sample_lattice import BLOCK, CORNERS, SampleLattice, SdfSampler

PROBES = 32
"""Points per axis where the slope of the field is measured."""

SLACK = 1.25
"""Slope allowed beyond the measured one: the field may be steeper between the probes."""


def measure_slopes(lattice: SampleLattice, sampler: SdfSampler) -> np.ndarray:
    """Upper estimate of ‖∇sdf‖ around each of PROBES³ cells of the region, at least 1 (a distance's slope).

    Learned fields are not exact distances. The largest difference quotient in the neighbourhood bounds how far from a
    block's centre the zero set may lie.
    """
    fractions = (np.indices((PROBES,) * 3).reshape(3, -1).T + 0.5) / PROBES
    step = (lattice.counts - 1) * lattice.spacing / PROBES
    values = sampler(lattice.low + fractions * step * PROBES).reshape((PROBES,) * 3)
    squared = np.zeros_like(values)
    for axis in range(3):
        quotient = np.square(np.diff(values, axis=axis) / step[axis])
        before, after = [(0, 0)] * 3, [(0, 0)] * 3
        before[axis], after[axis] = (1, 0), (0, 1)
        squared += np.maximum(np.pad(quotient, before), np.pad(quotient, after))
    return np.maximum(1.0, np.sqrt(maximum_filter(squared, size=5)))


def candidate_blocks(lattice: SampleLattice, sampler: SdfSampler, closed: bool) -> np.ndarray:
    """Blocks [n, 3] that may hold a piece of the surface.

    A block is kept, and then split, as long as |sdf| at its centre is below slope · half diagonal. With ``closed``,
    blocks at the region's border that may be inside the solid are kept too: the surface is closed there.
    """
    slopes = SLACK * measure_slopes(lattice, sampler)
    size = BLOCK
    while (lattice.blocks * BLOCK > 32 * size).any():
        size *= 2
    blocks = np.indices(-(-lattice.blocks * BLOCK // size)).reshape(3, -1).T
    while True:
        centres = lattice.clip(lattice.positions((blocks + 0.5) * size))
        cells = (centres - lattice.low) / ((lattice.counts - 1) * lattice.spacing) * PROBES
        slope = slopes[tuple(np.minimum(cells.astype(int), PROBES - 1).T)]
        reach = slope * 0.5 * size * np.linalg.norm(lattice.spacing)
        values = sampler(centres)
        keep = np.abs(values) <= reach
        if closed:
            at_border = ((blocks == 0) | ((blocks + 1) * size > lattice.counts)).any(1)
            keep |= at_border & (values <= reach)
        blocks = blocks[keep]
        if size == BLOCK:
            return blocks
        size //= 2
        blocks = (2 * blocks[:, None] + CORNERS).reshape(-1, 3)
        blocks = blocks[(blocks * size < lattice.blocks * BLOCK).all(1)]
