"""A finished run whose model is a sphere of known size and colour: what commands read, without training."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from nerfstudio.configs.base_config import InstantiateConfig
from nerfstudio.engine.trainer import TrainerConfig
from nerfstudio.pipelines.base_pipeline import Pipeline
from torch import Tensor, nn

from idr_neus_plugins.core.surface import Surface, SurfaceHits, trace_surface

WORLD_FROM_SCENE = torch.tensor(
    [[0.0, -50.0, 0.0, 100.0], [50.0, 0.0, 0.0, 200.0], [0.0, 0.0, 50.0, 300.0], [0.0, 0.0, 0.0, 1.0]],
    dtype=torch.float64,
)
"""A quarter turn, 50 world units for one scene unit, and a shift."""
COLOR = (1.0, 0.5, 0.0)


class Sphere(nn.Module):
    """What commands use of a model. The trained radius is its one weight."""

    region: Tensor
    world_from_scene: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.radius = nn.Parameter(torch.full((1,), 0.1))
        self.register_buffer("region", torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
        self.register_buffer("world_from_scene", torch.eye(4, dtype=torch.float64))

    def update_to_step(self, step: int) -> None: ...

    def sdf(self, positions: Tensor) -> Tensor:
        return positions.norm(dim=-1) - self.radius

    def surface(self, threshold: float | None = None) -> Surface:
        return self if threshold is None else AtLevel(self, threshold)

    def trace(self, origins: Tensor, directions: Tensor) -> SurfaceHits:
        return trace_surface(self, origins, directions)

    def normals(self, positions: Tensor) -> Tensor:
        return nn.functional.normalize(positions, dim=-1)

    def colors(self, positions: Tensor) -> Tensor:
        return torch.tensor(COLOR).expand(len(positions), 3)

    def radiance(self, positions: Tensor, directions: Tensor) -> Tensor:
        return self.colors(positions)


class AtLevel(Sphere):
    """The sphere where its sdf has another value."""

    def __init__(self, sphere: Sphere, level: float) -> None:
        super().__init__()
        self.load_state_dict(sphere.state_dict())
        self.level = level

    def sdf(self, positions: Tensor) -> Tensor:
        return super().sdf(positions) - self.level


class NoSurface(nn.Module):
    """A model of another method."""


class SpherePipeline(Pipeline):
    def __init__(self, config: SpherePipelineConfig, device: torch.device, test_mode: str) -> None:
        nn.Module.__init__(self)
        assert test_mode == "inference", "images must not be loaded"
        self._model = config.model.setup().to(device)


@dataclass
class SphereConfig(InstantiateConfig):
    _target: type = field(default_factory=lambda: Sphere)

    def setup(self, **_) -> nn.Module:
        return self._target()


@dataclass
class SpherePipelineConfig(InstantiateConfig):
    _target: type = field(default_factory=lambda: SpherePipeline)
    model: SphereConfig = field(default_factory=SphereConfig)


def write_run(
    folder: Path, model: type = Sphere, weights: dict | None = None, step: int = 7, **changed: Tensor
) -> Path:
    """Writes config and checkpoint as nerfstudio does; returns the config's path."""
    config = TrainerConfig(method_name="sphere", pipeline=SpherePipelineConfig(model=SphereConfig(_target=model)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(yaml.dump(config))
    if weights is None:
        weights = {"radius": torch.tensor([0.5]), "world_from_scene": WORLD_FROM_SCENE}
        weights = Sphere().state_dict() | weights | changed
    state = {"step": step, "pipeline": {f"_model.{name}": value for name, value in weights.items()}}
    checkpoints = folder / config.relative_model_dir
    checkpoints.mkdir(exist_ok=True)
    torch.save(state, checkpoints / f"step-{step:09d}.ckpt")
    return folder / "config.yml"
