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

SDF = Callable[[Tensor], Tensor]
"""Positions [n, 3] in scene units -> signed distance [n], negative inside."""


@dataclass(frozen=True)
class Lattice:
    """Regular samples over a box, both ends included."""

    low: np.ndarray
    """Lower corner of the region [3], scene units."""
    spacing: np.ndarray
    """Distance between samples along each axis [3]; nearly equal for all axes."""
    counts: np.ndarray
    """Samples along each axis [3], without padding."""

    @classmethod
    def over(cls, region: np.ndarray, resolution: int) -> Lattice:
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
class Sampler:
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
    """Values of the blocks asked so far: a sparse array over blocks, every sample evaluated exactly once.

    Sharing samples instead of evaluating each block's border for itself is what makes seams impossible: a network's
    value may differ in its last bit between batches, and with it the sign.
    """

    def __init__(self, lattice: Lattice, sampler: Sampler, padding: float):
        self.lattice, self.sampler, self.padding = lattice, sampler, padding
        self.keys = np.empty(0, np.int64)
        self.values = np.empty((0, BLOCK, BLOCK, BLOCK), np.float32)
        axis = np.arange(BLOCK)
        self._owned = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)

    def key(self, blocks: np.ndarray) -> np.ndarray:
        """One integer per block [n, 3]; one block more per axis, for the samples behind the last cells."""
        return np.asarray(np.ravel_multi_index(tuple(blocks.T), tuple(self.lattice.blocks + 1)))

    def missing(self, blocks: np.ndarray) -> np.ndarray:
        """Those not yet asked of ``blocks`` [n, 3] and their upper neighbours, which hold the far corners of cells."""
        corners = np.indices((2, 2, 2)).reshape(3, -1).T
        keys = np.unique(np.concatenate([self.key(blocks + corner) for corner in corners]))
        keys = keys[~np.isin(keys, self.keys, assume_unique=True)]
        return np.stack(np.unravel_index(keys, tuple(self.lattice.blocks + 1)), -1)

    def ask(self, blocks: np.ndarray) -> np.ndarray:
        """Values [n, BLOCK, BLOCK, BLOCK] of blocks [n, 3]."""
        samples = blocks[:, None, None, None] * BLOCK + self._owned
        values = np.full(samples.shape[:-1], self.padding, np.float32)
        real = ~self.lattice.is_padding(samples)
        values[real] = self.sampler(self.lattice.positions(samples[real]))
        return values

    def add(self, blocks: np.ndarray, values: np.ndarray) -> None:
        keys = np.concatenate([self.keys, self.key(blocks)])
        order = np.argsort(keys, kind="stable")
        self.keys, self.values = keys[order], np.concatenate([self.values, values])[order]

    def corners(self, blocks: np.ndarray) -> np.ndarray:
        """Values at the corners of all cells of blocks [n, 3]: [n, BLOCK + 1, BLOCK + 1, BLOCK + 1]."""
        out = np.empty((len(blocks), *[BLOCK + 1] * 3), np.float32)
        for corner in np.indices((2, 2, 2)).reshape(3, -1).T:
            rows = np.searchsorted(self.keys, self.key(blocks + corner))
            target = tuple(slice(BLOCK, None) if c else slice(0, BLOCK) for c in corner)
            source = tuple(slice(0, 1) if c else slice(None) for c in corner)
            out[(slice(None), *target)] = self.values[(rows, *source)]
        return out
