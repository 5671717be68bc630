"""UNISURF (Oechsle et al. 2021): as published, and its law and sampling over explicit voxels.

places by: an interval around the surface that shrinks over the training · opacity: the occupancy itself · renders by:
volume, and by the surface point alone (output ``surface_rgb``). The geometry's value is the occupancy's logit with the
sign turned, so that meshing and tracing serve it as they do a distance. Unlike the released code, which stretches one
network over a sphere of radius 4, what is behind the unit sphere is an inverted-sphere NeRF. Lengths of schedules are
shares of the training.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.background import InvertedSphereConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.sharpness import GridSharpnessConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig
from idr_neus_plugins.laws.unisurf import UNBIASED_SPACING, UnisurfLawConfig
from idr_neus_plugins.methods.neus_idr import config_without_masks as neus
from idr_neus_plugins.methods.neus_idr import model_without_masks
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.methods.neus_idr_fast import gentle_grid
from idr_neus_plugins.methods.neus_idr_fast import model as neus_fast_model
from idr_neus_plugins.methods.refinement import camera_opt
from idr_neus_plugins.renderers.unisurf import UnisurfRendererConfig
from idr_neus_plugins.samplers.unisurf import UnisurfBandSamplerConfig, UnisurfSamplerConfig
from idr_neus_plugins.training.schedulers import StepDecayConfig

STEPS = 450_000

model = replace(
    model_without_masks,
    geometry=SdfMLPConfig(layers=8, width=256, octaves=6, features=256, radius=0.5),
    renderer=UnisurfRendererConfig(
        sampler=UnisurfSamplerConfig(marching=256, secant=8, inside=64, before=32),
        law=UnisurfLawConfig(sharpness=FixedSharpnessConfig(inv_s=10.0)),
    ),
    background=InvertedSphereConfig(samples=32),
    loss_coefficients={"rgb": 1.0, "normals": 0.005},
)

adam = {
    "optimizer": AdamOptimizerConfig(lr=1e-4),
    # Epochs 4000 and 8000, of 49 views.
    "scheduler": StepDecayConfig(at=(4000 * 49 / STEPS, 8000 * 49 / STEPS), factor=0.5),
}

config = replace(
    neus,
    method_name="unisurf",
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
    renderer=UnisurfRendererConfig(
        sampler=UnisurfBandSamplerConfig(),
        law=UnisurfLawConfig(sharpness=GridSharpnessConfig(), spacing_in_s=UNBIASED_SPACING),
        weight_threshold=1e-3,
    ),
    # The eikonal term stays: the grid's band, in which its training happens, is measured in distances.
    loss_coefficients={**neus_fast_model.loss_coefficients, "normals": 0.005},
)

config_fast = replace(
    neus_fast,
    method_name="unisurf-fast",
    pipeline=replace(neus_fast.pipeline, model=fast_model),
    optimizers={**neus_fast.optimizers, "grid": gentle_grid},
)

unisurf = MethodSpecification(
    config=config,
    description="UNISURF: occupancy, volume-rendered in an interval that shrinks to the surface; no masks.",
)
unisurf_fast = MethodSpecification(
    config=config_fast, description="UNISURF's law and interval over voxels with fused kernels; with or without masks."
)
