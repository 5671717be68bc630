"""A plain NeRF over voxels, the baseline that shows what a surface method is for.

places by: even steps where there is density · opacity: free density · renders by: volume. Its mesh is the level of a
density that one has to choose: `ns-export mesh --threshold 50`.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.grid.density import GridDensityConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.laws.nerf import NerfLawConfig
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.methods.neus_idr_fast import decay
from idr_neus_plugins.methods.neus_idr_fast import model as neus_fast_model
from idr_neus_plugins.models.matching import MatchingConfig
from idr_neus_plugins.training.optimizers import NodeAdamConfig

model = replace(
    neus_fast_model,
    radiance=GridRadianceConfig(),
    geometry=GridDensityConfig(),
    renderer=replace(neus_fast_model.renderer, law=NerfLawConfig()),
    loss_coefficients={"rgb": 1.0, "mask": 0.1},
    final_loss_coefficients={},
    matching=MatchingConfig(),  # there is no signed distance
)

config = replace(
    neus_fast,
    method_name="nerf-fast",
    pipeline=replace(neus_fast.pipeline, model=model),
    optimizers={**neus_fast.optimizers, "grid": {"optimizer": NodeAdamConfig(lr=0.15), "scheduler": decay}},
)

nerf_fast = MethodSpecification(
    config=config,
    description="NeRF over voxels, for comparison: a density without a surface; mesh it at a --threshold.",
)
