"""Reconstruct, Rasterize and Backprop (Parkhiya et al. 2020): the 6-DoF pose of an object in one image.

A network tells the shape (or it is given), silhouette and colours tell where it is; the surface is rendered from its
signed distances, not from a mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, cast

import torch
from nerfstudio.configs.base_config import ViewerConfig
from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.method.data import PhotographDataManager, PhotographDataManagerConfig
from idr_neus_plugins.pose.method.model import PoseModel, PoseModelConfig
from idr_neus_plugins.training.pipeline import SurfacePipeline, SurfacePipelineConfig
from idr_neus_plugins.training.schedulers import HoldThenDecayConfig
from idr_neus_plugins.training.trainer import SurfaceTrainerConfig


@dataclass
class PosePipelineConfig(SurfacePipelineConfig):
    """A photograph, and where the shape of its object comes from: one of the two."""

    _target: type = field(default_factory=lambda: PosePipeline)
    shape_checkpoint: Optional[Path] = None  # noqa: UP045 - nerfstudio reads the annotations at run time
    """A trained run of onet or disn: its folder or config.yml."""
    mesh: Optional[Path] = None  # noqa: UP045
    """The object's mesh, where it is known; within the unit sphere, z up."""


class PosePipeline(SurfacePipeline):
    """Recognises the shape once, before the first step; a checkpoint brings its own."""

    config: PosePipelineConfig

    def __init__(self, config: PosePipelineConfig, device: str | torch.device, test_mode: Any = "val", **kwargs: Any):
        super().__init__(config, device, test_mode, **kwargs)
        if test_mode == "val":
            self._begin()

    def _begin(self) -> None:
        """Raises UserError where no shape is named, or it cannot be recognised."""
        manager, model = cast(PhotographDataManager, self.datamanager), cast(PoseModel, self.model)
        parser = manager.config.dataparser
        ground = manager.dataparser.photographs().grounds[parser.image]
        truth = manager.train_dataset.metadata["truth"]
        true = None if truth is None else truth.posed()
        model.begin(self._shape(manager), manager.observation, true, ground.height)

    def _shape(self, manager: PhotographDataManager):
        from idr_neus_plugins.cli.eval_pose import shape_model
        from idr_neus_plugins.pose.shapes import predicted, read_known

        run, mesh, parser = self.config.shape_checkpoint, self.config.mesh, manager.config.dataparser
        if (run is None) == (mesh is None):
            raise UserError("Name the shape: --pipeline.shape-checkpoint RUN of onet or disn, or --pipeline.mesh FILE.")
        if mesh is not None:
            return read_known(mesh)
        assert run is not None
        frame = manager.dataparser.photographs().frames[parser.image]
        return predicted(shape_model(run), frame.cut_out(parser.mask), str(frame.image))


config = SurfaceTrainerConfig(
    method_name="rrb",
    max_num_iterations=200,
    steps_per_save=200,
    steps_per_eval_batch=0,
    steps_per_eval_image=0,
    steps_per_eval_all_images=0,
    pipeline=PosePipelineConfig(datamanager=PhotographDataManagerConfig(), model=PoseModelConfig()),
    optimizers={
        "pose": {
            "optimizer": AdamOptimizerConfig(lr=0.1),
            "scheduler": HoldThenDecayConfig(hold=0.15, floor=0.005),
        }
    },
    viewer=ViewerConfig(websocket_host="127.0.0.1", num_rays_per_chunk=1 << 15),
    vis="viewer",
)

rrb = MethodSpecification(
    config=config,
    description="Reconstruct, Rasterize and Backprop: shape and 6-DoF pose of the object in one image.",
)
