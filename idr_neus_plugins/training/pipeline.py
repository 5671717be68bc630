"""nerfstudio's pipeline, trained on several devices without its conditions: also on CPUs, also with grids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

import torch
from nerfstudio.models.base_model import Model
from nerfstudio.pipelines.base_pipeline import VanillaPipeline, VanillaPipelineConfig

from idr_neus_plugins.training.distributed import in_parallel


@dataclass
class SurfacePipelineConfig(VanillaPipelineConfig):
    """A data manager and a model."""

    _target: type = field(default_factory=lambda: SurfacePipeline)


class SurfacePipeline(VanillaPipeline):
    """Differs from nerfstudio's only where several processes train one scene."""

    def __init__(
        self,
        config: SurfacePipelineConfig,
        device: str | torch.device,  # nerfstudio's eval_setup gives the one, its trainer the other
        test_mode: Literal["test", "val", "inference"] = "val",
        world_size: int = 1,
        local_rank: int = 0,
        grad_scaler: Any = None,
    ) -> None:
        super().__init__(config, str(device), test_mode, local_rank=local_rank, grad_scaler=grad_scaler)
        self.world_size = world_size
        if world_size > 1:
            self._model = cast(Model, in_parallel(self._model, str(device)))
