"""Occupancy Networks (Mescheder et al. 2019): a shape from one image and no camera, learned from many shapes.

places by: sphere tracing · opacity: none · renders by: surface. The network is sized for a CPU, and has colours.
"""

from __future__ import annotations

from dataclasses import replace

from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.methods.disn import config as disn
from idr_neus_plugins.single_view.data.shapes_datamanager import ShapesDataManagerConfig
from idr_neus_plugins.single_view.fields.geometry import ConditionedGeometryConfig
from idr_neus_plugins.single_view.fields.onet import OnetFieldConfig
from idr_neus_plugins.single_view.model import SingleViewModelConfig

model = SingleViewModelConfig(
    geometry=ConditionedGeometryConfig(field=OnetFieldConfig()),
    loss_coefficients={"occupancy": 1.0, "color": 1.0, "pose": 0.1, "view": 0.05},
)

config = replace(
    disn,
    method_name="onet",
    # Half of its images as of any photograph: what is asked without a camera is framed around the silhouette.
    pipeline=replace(disn.pipeline, model=model, datamanager=ShapesDataManagerConfig(reframed=0.5)),
)

onet = MethodSpecification(
    config=config,
    description="Occupancy Networks: a shape from one image without its camera; learns from a set of shapes.",
)
