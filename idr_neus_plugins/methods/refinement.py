"""Trainable cameras: one switch that every method shares.

``--pipeline.model.camera-optimizer.mode SE3`` turns it on; the poses have an optimiser of their own, ``camera_opt``.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig

from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.models.camera_refinement import CameraRefinementConfig
from idr_neus_plugins.training.schedulers import RestThenDecayConfig
from idr_neus_plugins.training.trainer import SurfaceTrainerConfig

camera_opt = {
    "optimizer": AdamOptimizerConfig(lr=5e-4),
    "scheduler": RestThenDecayConfig(rest=0.1, floor=0.05),
}
"""The cameras rest while the surface takes a first shape."""

BUNDLE_AT = (0.4, 0.8)
"""When most cameras have turned to the object, and once more on the finer surface that follows from it."""


def with_trained_cameras(config: SurfaceTrainerConfig, method_name: str) -> SurfaceTrainerConfig:
    """The method with the switch on, starting from the inexact poses that IDR's data sets bring."""
    pipeline = config.pipeline
    parser = replace(pipeline.datamanager.dataparser, cameras="cameras_linear_init.npz")  # type: ignore
    assert isinstance(parser, IdrDataParserConfig)
    model = replace(pipeline.model, camera_optimizer=CameraRefinementConfig(mode="SE3", bundle_at=BUNDLE_AT))  # type: ignore
    datamanager = replace(pipeline.datamanager, dataparser=parser)
    return replace(config, method_name=method_name, pipeline=replace(pipeline, datamanager=datamanager, model=model))
