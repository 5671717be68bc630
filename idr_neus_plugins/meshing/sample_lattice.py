"""The sample lattice of an extraction, and the blocks of samples that are really evaluated.

Names: a *sample* is a point of the lattice where the sdf is asked; a *cell* is the cube between eight samples; a
*block* owns ``BLOCK``³ samples, each sample belongs to exactly one block. A padding layer surrounds the region:
sample indices run from 0 to counts + 1, and 0 and counts + 1 are padding, never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from idr_neus_plugins.errors import UserError

BLOCK = 4
"""Samples along a block's side. Small blocks hug the surface: few evaluations are wasted."""

CORNERS = np.indices((2, 2, 2)).reshape(3, -1).T
"""Offsets [8, 3] from a cell or block to those that share its corners."""

SDF = Callable[[Tensor], Tensor]
"""Positions [n, 3] in scene units -> signed distance [n], negative inside."""


@dataclass(frozen=True)
class SampleLattice:
    """Regular samples over a box, both ends included."""

    low: np.ndarray
    """Lower corner of the region [3], scene units."""
    spacing: np.ndarray
    """Distance between samples along each axis [3]; nearly equal for all axes."""
    counts: np.ndarray
    """Samples along each axis [3], without padding."""

    @classmethod
    def over(cls, region: np.ndarray, resolution: int) -> SampleLattice:
        """``resolution`` samples along the longest side of ``region`` [2, 3] and cells as cubic as the sides allow."""
        sides = region[1] - region[0]
        cells = np.maximum(1, np.rint(sides / sides.max() * (resolution - 1))).astype(np.int64)
        return cls(region[0], sides / cells, cells + 1)

    @property
    def blocks(self) -> np.ndarray:
        """Blocks along each axis [3] that own a cell, padding cells included."""
        return -(-(self.counts + 1) // BLOCK)

    def positions(self, samples: np.ndarray) -> np.ndarray:
        """Scene positions of (possibly fractional) sample indices [..., 3]."""
        return self.low + (samples - 1) * self.spacing

    def clip(self, positions: np.ndarray) -> np.ndarray:
        """Nearest positions inside the region."""
        return np.clip(positions, self.low, self.low + (self.counts - 1) * self.spacing)

    def is_padding(self, samples: np.ndarray) -> np.ndarray:
        return ((samples < 1) | (samples > self.counts)).any(-1)


@dataclass
class SdfSampler:
    """Asks the sdf in batches on its own device and remembers which signs it has seen."""

    sdf: SDF
    device: torch.device
    batch_size: int
    lowest: float = field(default=np.inf, init=False)
    highest: float = field(default=-np.inf, init=False)

    @torch.no_grad()
    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Values [n] float32 at positions [n, 3]. Raises UserError where the sdf is not finite."""
        batches = [self._ask(positions[i : i + self.batch_size]) for i in range(0, len(positions), self.batch_size)]
        return np.concatenate(batches) if batches else np.empty(0, np.float32)

    def _ask(self, positions: np.ndarray) -> np.ndarray:
        points = torch.from_numpy(np.ascontiguousarray(positions, np.float32)).to(self.device)
        values = self.sdf(points).reshape(-1).float().cpu().numpy()
        finite = np.isfinite(values)
        if not finite.all():
            where = positions[~finite][0].round(4).tolist()
            raise UserError(
                f"The signed distance is NaN or infinite at {(~finite).sum()} of {len(values)} points, first at "
                f"{where}: the training diverged. Export an earlier checkpoint, or train with a lower learning rate."
            )
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))
        return values


class SampledBlocks:
    """Values of the samples asked so far: a sparse array over blocks, every sample evaluated exactly once.

    Sharing samples instead of evaluating each block's border for itself is what makes seams impossible: a network's
    value may differ in its last bit between batches, and with it the sign.
    """

    def __init__(self, lattice: SampleLattice, sampler: SdfSampler, padding: float):
        self.lattice, self.sampler, self.padding = lattice, sampler, padding
        self.keys = np.empty(0, np.int64)
        self.values = np.empty((0, BLOCK, BLOCK, BLOCK), np.float32)
        self.asked = np.empty((0, BLOCK, BLOCK, BLOCK), bool)

    def key(self, blocks: np.ndarray) -> np.ndarray:
        """One integer per block [n, 3]; one block more per axis, for the samples behind the last cells."""
        return np.asarray(np.ravel_multi_index(tuple(blocks.T), tuple(self.lattice.blocks + 1)))

    def missing(self, blocks: np.ndarray) -> np.ndarray:
        """Samples [m, BLOCK, ...] (bool) of all ``keys`` still to be asked for the cells of ``blocks`` [n, 3].

        Cells reach into the upper neighbours, of which only the lowest layer is needed.
        """
        self._reserve(np.unique(np.concatenate([self.key(blocks + corner) for corner in CORNERS])))
        needed = np.zeros_like(self.asked)
        for corner in CORNERS:
            layer = tuple(0 if upper else slice(None) for upper in corner)
            needed[(np.searchsorted(self.keys, self.key(blocks + corner)), *layer)] = True
        return needed & ~self.asked

    def ask(self, rows: np.ndarray, missing: np.ndarray) -> None:
        """Evaluates the ``missing`` samples [n, BLOCK, BLOCK, BLOCK] (bool) of the blocks in ``rows`` [n]."""
        blocks = np.stack(np.unravel_index(self.keys[rows], tuple(self.lattice.blocks + 1)), -1)
        block, *inner = np.nonzero(missing)
        samples = blocks[block] * BLOCK + np.stack(inner, -1)
        values = np.full(len(samples), self.padding, np.float32)
        real = ~self.lattice.is_padding(samples)
        values[real] = self.sampler(self.lattice.positions(samples[real]))
        self.values[(rows[block], *inner)] = values
        self.asked[(rows[block], *inner)] = True

    def corners(self, blocks: np.ndarray) -> np.ndarray:
        """Values at the corners of all cells of blocks [n, 3]: [n, BLOCK + 1, BLOCK + 1, BLOCK + 1]."""
        out = np.empty((len(blocks), *[BLOCK + 1] * 3), np.float32)
        for corner in CORNERS:
            rows = np.searchsorted(self.keys, self.key(blocks + corner))
            target = tuple(slice(BLOCK, None) if upper else slice(0, BLOCK) for upper in corner)
            source = tuple(slice(0, 1) if upper else slice(None) for upper in corner)
            out[(slice(None), *target)] = self.values[(rows, *source)]
        return out

    def _reserve(self, keys: np.ndarray) -> None:
        """Rows for ``keys`` [n] that have none; rows stay sorted by key."""
        new = keys[~np.isin(keys, self.keys, assume_unique=True)]
        where = np.searchsorted(self.keys, new)
        self.keys = np.insert(self.keys, where, new)
        self.values = np.insert(self.values, where, 0, axis=0)
        self.asked = np.insert(self.asked, where, False, axis=0)
