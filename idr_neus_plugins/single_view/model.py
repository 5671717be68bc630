"""The nerfstudio model of a conditioned field: trained on shapes, rendered under the image that it shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.configs.config_utils import to_immutable_dict
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.engine.callbacks import TrainingCallbackAttributes
from torch import Tensor

from idr_neus_plugins.core.tracing import TracingSettings
from idr_neus_plugins.data.views import pinhole_matrices
from idr_neus_plugins.fields.geometry import GeometryConfig
from idr_neus_plugins.fields.radiance import RadianceConfig
from idr_neus_plugins.models.surface_model import SurfaceModel, SurfaceModelConfig
from idr_neus_plugins.renderers.renderer import RendererConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig
from idr_neus_plugins.samplers.tracer import SphereTracerConfig
from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.data.showing import PHOTOGRAPH
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.geometry import (
    ConditionedGeometry,
    ConditionedGeometryConfig,
    FeatureColorConfig,
)
from idr_neus_plugins.single_view.fields.pixel_features import ndc_projection
from idr_neus_plugins.single_view.fields.pose import transformed
from idr_neus_plugins.single_view.losses import SHAPE_LOSSES

TRACING = TracingSettings(threshold=1e-3, samples=64)
"""Coarser than IDR's: the image's pixels are large."""
UNCERTAIN = 0.1
"""Standard deviation, scene units, from which on a surface point counts as wholly uncertain."""


@dataclass
class SingleViewModelConfig(SurfaceModelConfig):
    """A conditioned field in the place of a geometry, rendered by sphere tracing."""

    _target: type = field(default_factory=lambda: SingleViewModel)
    geometry: GeometryConfig = field(default_factory=ConditionedGeometryConfig)
    radiance: RadianceConfig = field(default_factory=FeatureColorConfig)
    renderer: RendererConfig = field(default_factory=lambda: SurfaceRendererConfig(SphereTracerConfig(TRACING)))
    loss_coefficients: dict[str, float] = to_immutable_dict(
        {"sdf": 5.0, "occupancy": 1.0, "color": 5.0, "pose": 0.1, "view": 0.05}
    )
    eval_num_rays_per_chunk: int = 4096
    rays_at_once: int = 4096


class SingleViewModel(SurfaceModel):
    """Two inputs: a :class:`ShapeQuery` while it learns, rays while it shows what it makes of an image."""

    config: SingleViewModelConfig
    geometry: ConditionedGeometry
    loss_terms = SHAPE_LOSSES

    def show(self, images: Tensor, cameras: Cameras) -> None:
        """Shows the object of RGBA images [n, h, w, 4] in [0, 1], seen by ``cameras``."""
        height, width = images.shape[1:3]
        projections = ndc_projection(*pinhole_matrices(cameras), (height, width))
        self.geometry.show(InputViews(images.permute(0, 3, 1, 2), projections))

    def begin(self, attributes: TrainingCallbackAttributes) -> None:
        """Before the first step of a fresh run: the encoder's start, and an image that the viewer shows."""
        self.geometry.field.encoder.initialise()
        camera, _ = attributes.pipeline.datamanager.next_eval_image(0)  # type: ignore
        self._show_carried(camera)

    def get_outputs_for_camera(self, camera: Cameras, obb_box: OrientedBox | None = None) -> dict[str, Tensor]:
        """The outputs as images; of a camera that carries its photograph, the object of that one (and from then on)."""
        return super().get_outputs_for_camera(self._show_carried(camera), obb_box)

    def _show_carried(self, camera: Cameras) -> Cameras:
        if PHOTOGRAPH not in (camera.metadata or {}):
            return camera
        photograph, camera = camera.metadata[PHOTOGRAPH], replace(camera, metadata={})  # type: ignore[index]
        self.show(photograph.to(self.device), camera.to(self.device))
        return camera

    def get_outputs(self, ray_bundle: RayBundle | ShapeQuery) -> dict[str, Tensor]:
        """Of rays as any surface model's. Of a query what its losses want: ``sdf`` [images, points] and ``logits`` of
        being inside there; ``rgb`` [images, surface points, 3] and ``placed``, these points before the guessed camera;
        ``views``, see ``viewpoint``.
        """
        if isinstance(ray_bundle, RayBundle):
            return super().get_outputs(ray_bundle)
        field, query = self.geometry.field, ray_bundle
        condition, count = field.condition(query.views), query.points.shape[1]
        values = field(torch.cat([query.points, query.surface], dim=1), condition)
        sdf = values.sdf[:, :count]
        placed = transformed(query.surface, field.pose(condition.code))
        told = {"placed": placed, "views": field.view(condition.code)}
        return {"sdf": sdf, "logits": field.logits(sdf), "rgb": values.rgb[:, count:], **told}

    def _render(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> dict[str, Tensor]:
        """With ``uncertainty`` [rays, 1]: see :meth:`surface_uncertainty`."""
        outputs = super()._render(origins, directions)
        met = outputs["accumulation"][:, 0] > 0
        uncertainty = torch.zeros_like(outputs["accumulation"])
        uncertainty[met, 0] = self.surface_uncertainty((origins + outputs["depth"] * directions)[met])
        return outputs | {"uncertainty": uncertainty}

    @torch.no_grad()
    def surface_uncertainty(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """How far the surface lies elsewhere when the image is told in another way (mirrored, recoloured), in shares of
        :data:`UNCERTAIN`; 1 for that and more."""
        return (self.geometry.spread(positions) / UNCERTAIN).clamp(max=1.0)

    def get_loss_dict(self, outputs: dict, batch: dict, metrics_dict: dict | None = None) -> dict[str, Tensor]:
        return {name: weight * SHAPE_LOSSES[name](outputs, batch) for name, weight in self.loss_weights.items()}

    def get_metrics_dict(self, outputs: dict, batch: dict) -> dict[str, Tensor]:
        """``iou`` of the insides among the batch's points, and ``psnr`` of the surface's colours."""
        if "placed" not in outputs:
            return super().get_metrics_dict(outputs, batch)
        guessed, inside = outputs["sdf"] < 0, batch["sdf"] < 0
        error = (outputs["rgb"] - batch["colors"]).square().mean().clamp(min=1e-10)
        iou = (guessed & inside).sum() / (guessed | inside).sum().clamp(min=1)
        metrics = {"iou": iou, "psnr": -10.0 * torch.log10(error)}
        if self.training:
            self.panel.history.add(metrics)
        return metrics
