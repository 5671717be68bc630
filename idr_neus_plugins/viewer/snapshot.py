"""A surface as it was at one moment, apart from the model: for work that must not hold up the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from idr_neus_plugins.fields.geometry import GeometryConfig
from idr_neus_plugins.fields.radiance import RadianceConfig
from idr_neus_plugins.fields.surface import FieldSurface


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

    def surface(self) -> FieldSurface:
        """The fields anew, on the CPU, for inference."""
        region = torch.from_numpy(self.region)
        geometry = self.geometry.setup(region)
        radiance = self.radiance.setup(geometry, region) if self.radiance_weights is not None else None
        for part, weights in ((geometry, self.geometry_weights), (radiance, self.radiance_weights)):
            if part is not None and weights is not None:
                part.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
                part.eval().set_progress(self.progress)
        return FieldSurface(geometry, radiance, region, torch.from_numpy(self.world_from_scene))


def _weights(part: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().cpu().numpy().copy() for name, value in part.state_dict().items()}
