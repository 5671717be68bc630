"""IDR's rendering and losses over explicit voxels: minutes on a CPU; fixed cameras, and trained ones.

places by: even steps through the band around the surface, then regula falsi · opacity: none · renders by: surface.
Starts from the visual hull, coarse, and ends fine.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.background import BackgroundConfig
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.methods.neus_idr_fast import model as neus_fast_model
from idr_neus_plugins.methods.refinement import with_trained_cameras
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig
from idr_neus_plugins.samplers.band_tracer import BandTracerConfig
from idr_neus_plugins.training.optimizers import NodeAdamConfig
from idr_neus_plugins.training.schedulers import HoldThenDecayConfig, RestThenDecayConfig

model = replace(
    neus_fast_model,
    geometry=GridGeometryConfig(smoothness=0.1),
    renderer=SurfaceRendererConfig(
        tracer=BandTracerConfig(step=0.75),
        # The grid's values are distances by construction where nobody looks: only those at the surface need the loss.
        eikonal_in_region=0.0,
        eikonal_spread=0.02,
    ),
    loss_coefficients={"surface_rgb": 1.0, "eikonal": 0.1, "soft_mask": 10.0},
    final_loss_coefficients={},
    background=BackgroundConfig(),
    masks="required",
)

config = replace(
    neus_fast,
    method_name="idr-fast",
    pipeline=replace(neus_fast.pipeline, model=model),
    # Few nodes have a gradient at once where only the surface itself is coloured: each is taken as it comes.
    optimizers={
        **neus_fast.optimizers,
        "grid": {"optimizer": NodeAdamConfig(lr=0.3), "scheduler": HoldThenDecayConfig(hold=0.15, floor=0.015)},
    },
)

model_with_cameras = replace(
    model,
    # Silhouettes of inexact cameras cut off each other's parts: let some disagree, and leave room to grow.
    geometry=replace(
        model.geometry,
        resolutions=(32, 48, 64, 96, 128, 192),
        starts=(0.0, 0.08, 0.16, 0.3, 0.5, 0.8),
        hull_tolerance=0.2,
        carve=False,  # depths need exact cameras
        hull_margin=6,
    ),
)

config_with_cameras = with_trained_cameras(
    replace(
        config,
        pipeline=replace(config.pipeline, model=model_with_cameras),
        optimizers={
            **config.optimizers,
            "camera_opt": {
                "optimizer": AdamOptimizerConfig(lr=1e-3),
                "scheduler": RestThenDecayConfig(rest=0.03, floor=0.05),
            },
        },
    ),
    "idr-fast-cameras",
)

idr_fast = MethodSpecification(
    config=config,
    description="IDR over voxels with fused kernels: surface rendering in minutes on a CPU. Needs masks.",
)
idr_fast_cameras = MethodSpecification(
    config=config_with_cameras,
    description="IDR over voxels with trained cameras: inexact poses are refined along with the surface.",
)
