"""VolSDF (Yariv et al. 2021): as published, and its law over explicit voxels.

places by: intervals until the opacity's error is bounded · opacity: Laplace density of the sdf · renders by: volume.
What is behind the unit sphere is an inverted-sphere NeRF, as in its released settings for BlendedMVS (those for DTU
stretch the sdf network over a sphere of radius 3 instead). Lengths of schedules are shares of the training.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.background import InvertedSphereConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.sharpness import GridSharpnessConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.sharpness import LearnedScaleConfig
from idr_neus_plugins.laws.volsdf import VolsdfLawConfig
from idr_neus_plugins.methods.neus_idr import config_without_masks as neus
from idr_neus_plugins.methods.neus_idr import model_without_masks
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.methods.neus_idr_fast import gentle_grid
from idr_neus_plugins.methods.neus_idr_fast import model as neus_fast_model
from idr_neus_plugins.methods.refinement import camera_opt
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.volsdf import VolsdfSamplerConfig
from idr_neus_plugins.training.schedulers import HoldThenDecayConfig

STEPS = 100_000

model = replace(
    model_without_masks,
    geometry=SdfMLPConfig(layers=8, width=256, octaves=6, features=256, radius=0.6),
    renderer=VolumeRendererConfig(
        sampler=VolsdfSamplerConfig(), law=VolsdfLawConfig(sharpness=LearnedScaleConfig(start=0.1))
    ),
    background=InvertedSphereConfig(samples=32),
    loss_coefficients={"rgb": 1.0, "eikonal": 0.1},
)

adam = {"optimizer": AdamOptimizerConfig(lr=5e-4), "scheduler": HoldThenDecayConfig(hold=0.0, floor=0.1)}

config = replace(
    neus,
    method_name="volsdf",
    max_num_iterations=STEPS,
    pipeline=replace(
        neus.pipeline,
        datamanager=replace(neus.pipeline.datamanager, train_num_rays_per_batch=1024),
        model=model,
    ),
    optimizers={**dict.fromkeys(neus.optimizers, adam), "camera_opt": camera_opt},
)

fast_model = replace(
    neus_fast_model,
    radiance=GridRadianceConfig(),
    renderer=replace(neus_fast_model.renderer, law=VolsdfLawConfig(sharpness=GridSharpnessConfig())),
)

config_fast = replace(
    neus_fast,
    method_name="volsdf-fast",
    pipeline=replace(neus_fast.pipeline, model=fast_model),
    optimizers={**neus_fast.optimizers, "grid": gentle_grid},
)

volsdf = MethodSpecification(
    config=config,
    description="VolSDF: a signed distance made a Laplace density, sampled until its error is bounded; no masks.",
)
volsdf_fast = MethodSpecification(
    config=config_fast, description="VolSDF's law over voxels with fused kernels; with or without masks."
)
