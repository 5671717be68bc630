"""The colour field as painter of a mesh: along the normals, and as cameras would see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from idr_neus_plugins.core.pinhole import PinholeCamera
from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.finished import FinishedMesh
from idr_neus_plugins.meshing.lattice import SDF
from idr_neus_plugins.meshing.raycasting import RayCaster
from idr_neus_plugins.meshing.refine import onto_zero
from idr_neus_plugins.meshing.texture.view_dependence import Look
from idr_neus_plugins.meshing.visibility import seen_cosines

if TYPE_CHECKING:
    from idr_neus_plugins.meshing.build import Surface

BATCH = 65536


@dataclass(frozen=True)
class FieldColors:
    """Colours of the zero set near points of a mesh."""

    surface: Surface
    sdf: SDF
    """Of the surface with its cuts."""
    reach: float
    """By which simplified faces lie off the zero set, scene units."""
    progress: bool = True

    def along_normals(self, positions: np.ndarray) -> np.ndarray:
        """[n, 3] uint8 at ``positions`` [n, 3], seen along the normals."""
        return vertex_colors(self._at_surface, positions, self._device, batch_size=BATCH, progress=self.progress)

    def looks(self, mesh: FinishedMesh, cameras: Sequence[PinholeCamera]) -> list[Look]:
        """What the field would show each camera of the ``mesh``."""
        caster = RayCaster(mesh.shape)
        return [Look(camera.centre, partial(self._look, caster, camera)) for camera in cameras]

    def _look(
        self, caster: RayCaster, camera: PinholeCamera, positions: np.ndarray, normals: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        weights = seen_cosines(caster, positions, normals, camera)
        colors, seen = np.zeros((len(positions), 3), np.float32), np.nonzero(weights)[0]
        for part in np.array_split(seen, len(seen) // BATCH + 1):
            colors[part] = self._seen_from(camera.centre, positions[part])
        return colors, weights

    @torch.no_grad()
    def _seen_from(self, centre: np.ndarray, positions: np.ndarray) -> np.ndarray:
        places, ways = (torch.from_numpy(each).float().to(self._device) for each in (positions, positions - centre))
        directions = torch.nn.functional.normalize(ways, dim=-1)
        return self.surface.surface_radiance(places, directions).cpu().numpy()

    def _at_surface(self, positions: Tensor) -> Tensor:
        return self.surface.surface_colors(onto_zero(positions, self.sdf, self.surface.surface_normals, self.reach))

    @property
    def _device(self) -> torch.device:
        return self.surface.region.device
