"""A surface as it was at one moment, apart from the model: for work that must not hold up the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from idr_neus_plugins.fields.geometry import GeometryConfig
from idr_neus_plugins.fields.radiance import RadianceConfig


@dataclass(frozen=True)
class Snapshot:
    """Weights and configurations of the fields; it can be pickled, and sent to another process."""

    geometry: GeometryConfig
    radiance: RadianceConfig
    region: np.ndarray
    """Region of interest [2, 3], scene units."""
    world_from_scene: np.ndarray
    """[4, 4]."""
    progress: float
    geometry_weights: dict[str, np.ndarray]
    radiance_weights: dict[str, np.ndarray] | None
    """None where the colours are not wanted: most of the bytes are theirs."""

    @classmethod
    def take(cls, model: Any, colors: bool = True) -> Snapshot:
        """Copies what a surface model (``models.surface_model``) knows; hold the training's lock meanwhile."""
        return cls(
            geometry=model.config.geometry,
            radiance=model.config.radiance,
            region=model.region.cpu().numpy().copy(),
            world_from_scene=model.world_from_scene.cpu().numpy().copy(),
            progress=float(model.progress),
            geometry_weights=_weights(model.geometry),
            radiance_weights=_weights(model.radiance) if colors else None,
        )

    def surface(self) -> SnapshotSurface:
        """The fields anew, on the CPU, for inference."""
        region = torch.from_numpy(self.region)
        geometry = self.geometry.setup(region)
        radiance = self.radiance.setup(geometry, region) if self.radiance_weights is not None else None
        for part, weights in ((geometry, self.geometry_weights), (radiance, self.radiance_weights)):
            if part is not None and weights is not None:
                part.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
                part.eval().set_progress(self.progress)
        return SnapshotSurface(geometry, radiance, region, torch.from_numpy(self.world_from_scene))


class SnapshotSurface:
    """What meshing asks of a model, answered by a snapshot's fields."""

    def __init__(self, geometry: nn.Module, radiance: nn.Module | None, region: Tensor, world_from_scene: Tensor):
        self.geometry, self.radiance = geometry, radiance
        self.region, self.world_from_scene = region, world_from_scene

    @torch.no_grad()
    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return self.geometry.sdf(positions)  # type: ignore[operator]

    @torch.no_grad()
    def surface_normals(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return normalize(self.geometry(positions).gradients, dim=-1)

    @torch.no_grad()
    def surface_colors(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """In [0, 1], seen along the normals; only of a snapshot that has colours."""
        assert self.radiance is not None, "the snapshot was taken without colours"
        output = self.geometry(positions)
        normals = normalize(output.gradients, dim=-1)
        return self.radiance(positions, normals, -normals, output.features).clamp(0.0, 1.0)

    @torch.no_grad()
    def surface_radiance(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points 3"]:
        """In [0, 1], seen along unit ``directions`` into the scene; only of a snapshot that has colours."""
        assert self.radiance is not None, "the snapshot was taken without colours"
        output = self.geometry(positions)
        normals = normalize(output.gradients, dim=-1)
        return self.radiance(positions, normals, directions, output.features).clamp(0.0, 1.0)


def _weights(part: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().cpu().numpy().copy() for name, value in part.state_dict().items()}
