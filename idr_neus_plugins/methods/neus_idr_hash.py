"""NeuS's law over a multi-resolution hash grid: for scenes without masks and with detail that a grid cannot hold.

places by: even intervals, then two rounds of up-sampling · opacity: as NeuS, sharpness by schedule · renders by:
volume.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.engine.optimizers import AdamOptimizerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.hash.geometry import HashGeometryConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.fields.sharpness import ScheduledSharpnessConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.methods.neus_idr_fast import config_without_masks as neus_fast
from idr_neus_plugins.methods.neus_idr_fast import decay
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from idr_neus_plugins.training.optimizers import NodeAdamConfig

network = {"optimizer": AdamOptimizerConfig(lr=2e-3), "scheduler": decay}

model = replace(
    neus_fast.pipeline.model,
    geometry=HashGeometryConfig(),
    radiance=RadianceMLPConfig(layers=2, width=64, octaves=4),
    renderer=VolumeRendererConfig(
        sampler=NeusSamplerConfig(coarse=32, fine=32, upsampling_steps=2),
        law=NeusLawConfig(sharpness=ScheduledSharpnessConfig(), anneal_end=1 / 6),
        weight_threshold=1e-3,
    ),
    loss_coefficients={"rgb": 1.0, "eikonal": 0.1},
    final_loss_coefficients={},
    eval_num_rays_per_chunk=2048,
    rays_at_once=2048,
)

config = replace(
    neus_fast,
    method_name="neus-idr-hash",
    pipeline=replace(
        neus_fast.pipeline,
        datamanager=replace(neus_fast.pipeline.datamanager, train_num_rays_per_batch=512),
        model=model,
    ),
    optimizers={
        **{name: neus_fast.optimizers[name] for name in ("background_grid", "background", "camera_opt")},
        "hash": {"optimizer": NodeAdamConfig(lr=1e-2), "scheduler": decay},
        "geometry": network,
        "radiance": network,
    },
)

neus_idr_hash = MethodSpecification(
    config=config,
    description="NeuS over a hash grid: no masks, no start from a hull; detail wherever it is in the region.",
)
