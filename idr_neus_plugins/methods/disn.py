"""DISN (Xu et al. 2019): a textured shape from one image, learned from many shapes.

places by: sphere tracing · opacity: none · renders by: surface. ``disn`` is sized for a CPU, ``disn-large`` for a
night on a GPU.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.configs.base_config import ViewerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.single_view.data.shapes_datamanager import ShapesDataManagerConfig
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.geometry import ConditionedGeometryConfig
from idr_neus_plugins.single_view.fields.torchvision_encoder import TorchvisionEncoderConfig
from idr_neus_plugins.single_view.model import SingleViewModelConfig
from idr_neus_plugins.training.optimizers import FusedAdamConfig
from idr_neus_plugins.training.pipeline import SurfacePipelineConfig
from idr_neus_plugins.training.schedulers import WarmupCosineConfig
from idr_neus_plugins.training.trainer import SurfaceTrainerConfig

LOSSES = {**SingleViewModelConfig().loss_coefficients, "color": 20.0}
"""Colours weigh four times as much as in ``onet``, whose single code knows hardly anything of the texture."""

config = SurfaceTrainerConfig(
    method_name="disn",
    max_num_iterations=100_000,
    steps_per_save=2_000,
    steps_per_eval_batch=500,
    steps_per_eval_image=500,
    steps_per_eval_all_images=0,
    pipeline=SurfacePipelineConfig(
        datamanager=ShapesDataManagerConfig(),
        model=SingleViewModelConfig(
            geometry=ConditionedGeometryConfig(field=DisnFieldConfig()), loss_coefficients=LOSSES
        ),
    ),
    optimizers={
        "field": {
            "optimizer": FusedAdamConfig(lr=1.5e-3, max_norm=1.0),
            "scheduler": WarmupCosineConfig(warmup=0.05, floor=0.02),
        }
    },
    viewer=ViewerConfig(websocket_host="127.0.0.1", num_rays_per_chunk=1 << 12, max_num_display_images=24),
    vis="viewer",
)

config_large = replace(
    config,
    method_name="disn-large",
    max_num_iterations=400_000,
    pipeline=SurfacePipelineConfig(
        datamanager=ShapesDataManagerConfig(images=32, points=2048, surface_points=512),
        model=SingleViewModelConfig(
            geometry=ConditionedGeometryConfig(
                field=DisnFieldConfig(encoder=TorchvisionEncoderConfig(code=512, channels=128), width=512)
            ),
            loss_coefficients=LOSSES,
        ),
    ),
    optimizers={
        "field": {
            "optimizer": FusedAdamConfig(lr=3e-4, max_norm=1.0),
            "scheduler": WarmupCosineConfig(warmup=0.02, floor=0.02),
        }
    },
)

disn = MethodSpecification(
    config=config,
    description="DISN: a textured shape from one image; learns from a set of shapes (idr-neus make-shapes).",
)

disn_large = MethodSpecification(
    config=config_large,
    description="DISN with torchvision's ResNet-18 and the paper's width: a night on a GPU; images of 128 pixels.",
)
