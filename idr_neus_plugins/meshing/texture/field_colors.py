"""The colour field as painter of a mesh: along its normals, and in any direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.surface import Surface
from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.refine import onto_zero
from idr_neus_plugins.meshing.sample_lattice import SDF

BATCH = 65536


@dataclass(frozen=True)
class FieldColors:
    """Colours of a surface near points of its mesh."""

    surface: Surface
    sdf: SDF
    """Of the surface with its cuts."""
    reach: float
    """By which simplified faces lie off the zero set, scene units."""
    progress: bool = True

    def along_normals(self, positions: np.ndarray) -> np.ndarray:
        """[n, 3] uint8 of the zero set near ``positions`` [n, 3], seen along its normals."""
        return vertex_colors(self._at_surface, positions, self._device, batch_size=BATCH, progress=self.progress)

    @torch.no_grad()
    def radiance(self, positions: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """[n, 3] float32 in [0, 1] at ``positions`` [n, 3], seen along ``directions`` [n, 3] into the scene."""
        colors = np.empty((len(positions), 3), np.float32)
        for start in range(0, len(positions), BATCH):
            part = slice(start, start + BATCH)
            places, ways = (torch.from_numpy(each[part]).float().to(self._device) for each in (positions, directions))
            colors[part] = self.surface.radiance(places, normalize(ways, dim=-1)).cpu().numpy()
        return colors

    def _at_surface(self, positions: Tensor) -> Tensor:
        return self.surface.colors(onto_zero(positions, self.sdf, self.surface.normals, self.reach))

    @property
    def _device(self) -> torch.device:
        return self.surface.region.device
