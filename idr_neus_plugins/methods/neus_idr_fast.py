"""NeuS's law and losses over explicit voxels: minutes on a CPU instead of days.

places by: even steps in a band around the surface · opacity: as NeuS · renders by: volume.
Starts coarse and translucent, from the visual hull where there are masks and from a sphere otherwise; ends fine and
sharp. On the way it is drawn to points that the photographs agree on.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.data.pixels import SurfacePixelSamplerConfig
from idr_neus_plugins.fields.grid.background import GridBackgroundConfig
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.sharpness import GridSharpnessConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.methods.neus_idr import EVERYWHERE
from idr_neus_plugins.methods.neus_idr import config as neus
from idr_neus_plugins.methods.refinement import camera_opt
from idr_neus_plugins.models.matching import MatchingConfig
from idr_neus_plugins.models.surface_model import SurfaceModelConfig
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.band import BandSamplerConfig
from idr_neus_plugins.training.optimizers import NodeAdamConfig, SobolevAdamConfig
from idr_neus_plugins.training.schedulers import HoldThenDecayConfig

model = SurfaceModelConfig(
    # Foil is cheap for the colours to explain: smoothness keeps the surface whole from the first step on.
    geometry=GridGeometryConfig(smoothness=0.7, smoothness_bend=0.1),
    radiance=GridRadianceConfig(finer=2.0),  # fine texture pins down a coarse shape
    renderer=VolumeRendererConfig(
        sampler=BandSamplerConfig(step=1.0),
        law=NeusLawConfig(sharpness=GridSharpnessConfig()),
        weight_threshold=5e-3,
    ),
    background=GridBackgroundConfig(),
    # Masks that bind too strongly, or too early, keep the surface from leaving the visual hull.
    loss_coefficients={"rgb": 1.0, "eikonal": 0.1, "mask": 0.05},
    final_loss_coefficients={"mask": 0.15},
    matching=MatchingConfig(at=(0.05, 0.15, 0.3, 0.5, 0.7, 0.85), weight=5.0, pixels=60_000, points_in_step=2048),
    masks="optional",
    eval_num_rays_per_chunk=8192,
    rays_at_once=8192,
)

decay = HoldThenDecayConfig(hold=0.3, floor=0.05)

gentle_grid = {"optimizer": SobolevAdamConfig(lr=0.2), "scheduler": decay}
"""Half of NeuS's rate: the other laws drift away from the surface with the whole of it."""

config = replace(
    neus,
    method_name="neus-idr-fast",
    max_num_iterations=20_000,
    pipeline=replace(
        neus.pipeline,
        datamanager=replace(
            neus.pipeline.datamanager,
            train_num_rays_per_batch=1024,
            # Starting from the visual hull, rays far from the object have little left to tell.
            pixel_sampler=SurfacePixelSamplerConfig(foreground_fraction=0.82, outline_fraction=0.08),
        ),
        model=model,
    ),
    steps_per_save=5_000,
    optimizers={
        "grid": {"optimizer": SobolevAdamConfig(lr=0.4), "scheduler": HoldThenDecayConfig(hold=0.15, floor=0.015)},
        "features": {"optimizer": NodeAdamConfig(lr=0.05), "scheduler": decay},
        "radiance": {"optimizer": AdamOptimizerConfig(lr=2e-3), "scheduler": decay},
        "background_grid": {"optimizer": NodeAdamConfig(lr=0.05), "scheduler": decay},
        "background": {"optimizer": AdamOptimizerConfig(lr=2e-3), "scheduler": decay},
        "camera_opt": camera_opt,
    },
)

config_without_masks = replace(
    config,
    method_name="neus-idr-fast-womask",
    pipeline=replace(
        config.pipeline,
        datamanager=replace(config.pipeline.datamanager, pixel_sampler=EVERYWHERE),
        model=replace(model, masks="ignored"),
    ),
)

neus_idr_fast = MethodSpecification(
    config=config,
    description="NeuS over voxels with fused kernels: a surface in minutes on a CPU, with or without masks.",
)
neus_idr_fast_womask = MethodSpecification(
    config=config_without_masks,
    description="neus-idr-fast that takes no notice of masks: the surface is told from its background by parallax.",
)
