"""NeuS (Wang et al. 2021), as published: with masks, and without.

places by: even intervals, then four rounds of up-sampling · opacity: relative drop of a sigmoid of the sdf ·
renders by: volume. Lengths of schedules are shares of the training, so that they fit any number of steps or minutes.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.configs.base_config import ViewerConfig
from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.data.datamanager import SurfaceDataManagerConfig
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.data.pixels import SurfacePixelSamplerConfig
from idr_neus_plugins.fields.background import InvertedSphereConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.fields.sharpness import LearnedSharpnessConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.methods.refinement import camera_opt
from idr_neus_plugins.models.surface_model import SurfaceModelConfig
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from idr_neus_plugins.training.pipeline import SurfacePipelineConfig
from idr_neus_plugins.training.schedulers import WarmupCosineConfig
from idr_neus_plugins.training.trainer import SurfaceTrainerConfig

STEPS = 300_000

EVERYWHERE = SurfacePixelSamplerConfig(foreground_fraction=0.0)
"""Rays of methods that take no notice of masks; choosing rays by masks would be notice."""

renderer = VolumeRendererConfig(
    sampler=NeusSamplerConfig(coarse=64, fine=64, upsampling_steps=4, first_inv_s=64.0),
    law=NeusLawConfig(sharpness=LearnedSharpnessConfig(start=0.3)),
)

model = SurfaceModelConfig(
    geometry=SdfMLPConfig(layers=8, width=256, octaves=6, features=256, radius=0.5),
    radiance=RadianceMLPConfig(layers=4, width=256, octaves=4),
    renderer=renderer,
    loss_coefficients={"rgb": 1.0, "eikonal": 0.1, "mask": 0.1},
    masks="required",
)

model_without_masks = replace(
    model,
    renderer=replace(renderer, law=replace(renderer.law, anneal_end=50_000 / STEPS)),
    background=InvertedSphereConfig(samples=32),
    loss_coefficients={"rgb": 1.0, "eikonal": 0.1},
    masks="ignored",
)

adam = {
    "optimizer": AdamOptimizerConfig(lr=5e-4),
    "scheduler": WarmupCosineConfig(warmup=5_000 / STEPS, floor=0.05),
}

config = SurfaceTrainerConfig(
    method_name="neus-idr",
    max_num_iterations=STEPS,
    steps_per_save=2_000,
    steps_per_eval_batch=2_500,
    steps_per_eval_image=2_500,
    pipeline=SurfacePipelineConfig(
        datamanager=SurfaceDataManagerConfig(
            dataparser=IdrDataParserConfig(), train_num_rays_per_batch=512, eval_num_rays_per_batch=512
        ),
        model=model,
    ),
    optimizers={**dict.fromkeys(("geometry", "radiance", "sharpness", "background"), adam), "camera_opt": camera_opt},
    viewer=ViewerConfig(websocket_host="127.0.0.1", num_rays_per_chunk=1 << 12),
    vis="viewer",
)

config_without_masks = replace(
    config,
    method_name="neus-idr-womask",
    pipeline=replace(
        config.pipeline,
        datamanager=replace(config.pipeline.datamanager, pixel_sampler=EVERYWHERE),
        model=model_without_masks,
    ),
)

neus_idr = MethodSpecification(
    config=config,
    description="NeuS: a surface from photographs with foreground masks, by volume rendering of a signed distance.",
)
neus_idr_womask = MethodSpecification(
    config=config_without_masks,
    description="NeuS without masks: the background outside the region of interest is an inverted-sphere NeRF.",
)
