"""IDR (Yariv et al. 2020), as published: fixed cameras, and trained ones.

places by: sphere tracing, then a search · opacity: none, a ray has one point · renders by: surface.
Lengths of schedules are shares of the training. Colours are in [0, 1] here and in [-1, 1] in the released code, so
their loss weighs double.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.data.pixels import SurfacePixelSamplerConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.methods.neus_idr import config as neus
from idr_neus_plugins.methods.refinement import camera_opt, with_trained_cameras
from idr_neus_plugins.models.surface_model import SurfaceModelConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig
from idr_neus_plugins.training.schedulers import RestThenDecayConfig, StepDecayConfig

EPOCHS, VIEWS = 2000, 49
"""The released settings for DTU: an epoch visits each view once, with 2048 of its pixels."""

model = SurfaceModelConfig(
    geometry=SdfMLPConfig(layers=8, width=512, octaves=6, features=256, radius=0.6),
    radiance=RadianceMLPConfig(layers=4, width=512, octaves=4),
    renderer=SurfaceRendererConfig(
        alpha=50.0, alpha_doublings=tuple(epoch / EPOCHS for epoch in (250, 500, 750, 1000, 1250))
    ),
    loss_coefficients={"surface_rgb": 2.0, "eikonal": 0.1, "soft_mask": 100.0},
    masks="required",
)

adam = {
    "optimizer": AdamOptimizerConfig(lr=1e-4),
    "scheduler": StepDecayConfig(at=(1000 / EPOCHS, 1500 / EPOCHS), factor=0.5),
}

config = replace(
    neus,
    method_name="idr",
    max_num_iterations=EPOCHS * VIEWS,
    pipeline=replace(
        neus.pipeline,
        datamanager=replace(
            neus.pipeline.datamanager,
            train_num_rays_per_batch=2048,
            pixel_sampler=SurfacePixelSamplerConfig(foreground_fraction=0.0),
        ),
        model=model,
    ),
    optimizers={"geometry": adam, "radiance": adam, "camera_opt": camera_opt},
)

config_with_cameras = with_trained_cameras(
    replace(
        config,
        optimizers={
            **config.optimizers,
            "camera_opt": {
                "optimizer": AdamOptimizerConfig(lr=1e-4),
                "scheduler": RestThenDecayConfig(rest=0.0, floor=1.0),
            },
        },
    ),
    "idr-cameras",
)

idr = MethodSpecification(
    config=config,
    description="IDR: a surface and its appearance from masked photographs, by differentiable surface rendering.",
)
idr_cameras = MethodSpecification(
    config=config_with_cameras,
    description="IDR with trained cameras: starts from inexact poses and refines them along with the surface.",
)
