"""A surface that somebody has found already, e.g. in a single photograph, for a training to start from.

The file: an npz with ``sdf`` [x, y, z], signed distances at the nodes of a lattice, ``frame`` [4], its lower corner and
the distance of its nodes, all in scene units, and ``world_from_scene`` [4, 4].
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.reading import as_data, load_npz, matrix


@dataclass(frozen=True)
class KnownSurface:
    sdf: Float[Tensor, "x y z"]
    """At the lattice's nodes, units of its own scene; negative inside."""
    lattice: Lattice
    world_from_scene: Float[Tensor, "4 4"]
    """float64, of its own scene."""

    @classmethod
    def read(cls, path: Path) -> KnownSurface:
        """Raises UserError for a file that is none."""
        with as_data(path, "a surface to start from", "idr-neus reconstruct writes one as start.npz."):
            content = load_npz(path)
            sdf, frame, transform = (content[name] for name in ("sdf", "frame", "world_from_scene"))
            x, y, z, voxel = frame.astype(float).tolist()
            nx, ny, nz = sdf.shape
            sdf, transform = sdf.astype(np.float32), matrix(transform, 4, 4, "world_from_scene")
            if not np.isfinite(sdf).all() or not np.isfinite(frame).all() or voxel <= 0 or min(sdf.shape) < 2:
                raise ValueError("distances or a lattice that cannot be")
            if abs(np.linalg.det(transform[:3, :3])) < 1e-30:
                raise ValueError("world_from_scene cannot be undone")
            return cls(torch.from_numpy(sdf), Lattice((x, y, z), voxel, (nx, ny, nz)), torch.from_numpy(transform))

    def content(self) -> bytes:
        """Of the file, distances in half precision."""
        file, frame = io.BytesIO(), np.array([*self.lattice.lower, self.lattice.voxel])
        sdf = self.sdf.cpu().numpy().astype(np.float16)
        np.savez_compressed(file, sdf=sdf, frame=frame, world_from_scene=self.world_from_scene.cpu().numpy())
        return file.getvalue()

    def distances(
        self, positions: Float[Tensor, "points 3"], world_from_scene: Float[Tensor, "4 4"]
    ) -> Float[Tensor, " points"]:
        """At positions of another scene in the same world, in units of that one; beyond the lattice they grow on."""
        own_from_other = torch.linalg.solve(self.world_from_scene, world_from_scene.to(self.world_from_scene)).float()
        scale = own_from_other[:3, :3].det() ** (1 / 3)
        own = positions.cpu() @ own_from_other[:3, :3].T + own_from_other[:3, 3]
        within = self.lattice.clamp(own, margin=0.0)
        share = 2 * self.lattice.coords(within) / (torch.tensor(self.lattice.shape) - 1) - 1
        # grid_sample wants the last axis first.
        values = functional.grid_sample(self.sdf[None, None], share.flip(1)[None, None, None], align_corners=True)
        return ((values.flatten() + (own - within).norm(dim=1)) / scale).to(positions)
