"""The one nerfstudio model of all methods: a composition of parts that the configuration names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.configs.config_utils import to_immutable_dict
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.engine.callbacks import TrainingCallback, TrainingCallbackAttributes, TrainingCallbackLocation
from nerfstudio.models.base_model import Model, ModelConfig
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.core.image_metrics import image_metrics
from idr_neus_plugins.core.plane_sweep import warm_up
from idr_neus_plugins.core.surface import SurfaceHits
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.background import BackgroundConfig, Black
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceConfig, RadianceMLPConfig
from idr_neus_plugins.fields.surface import FieldSurface
from idr_neus_plugins.models.bundle_step import bundle_step
from idr_neus_plugins.models.camera_refinement import CameraRefinementConfig, training_cameras
from idr_neus_plugins.models.camera_size import with_data_size
from idr_neus_plugins.models.loss_terms import LOSS_TERMS, RayTargets
from idr_neus_plugins.models.matching import MatchingConfig
from idr_neus_plugins.models.pictures import pictures
from idr_neus_plugins.models.refinement_report import report_refinement
from idr_neus_plugins.renderers.renderer import RendererConfig
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.viewer.initial_view import InitialView
from idr_neus_plugins.viewer.panel import SurfacePanel


@dataclass
class SurfaceModelConfig(ModelConfig):
    """A method as a composition; the defaults are NeuS with masks."""

    _target: type = field(default_factory=lambda: SurfaceModel)
    geometry: GeometryConfig = field(default_factory=SdfMLPConfig)
    """The implicit surface."""
    radiance: RadianceConfig = field(default_factory=RadianceMLPConfig)
    """Its colour."""
    renderer: RendererConfig = field(default_factory=VolumeRendererConfig)
    """How the two become pixels."""
    background: BackgroundConfig = field(default_factory=BackgroundConfig)
    """What is behind the region of interest, where masks do not cut it away."""
    camera_optimizer: CameraRefinementConfig = field(default_factory=CameraRefinementConfig)
    """Whether the poses of the training views are trained along."""
    matching: MatchingConfig = MatchingConfig()
    """Whether the surface is drawn to points that the photographs agree on. (Frozen, and so a default that runs of
    before there was matching find, too.)"""
    masks: Literal["required", "optional", "ignored"] = "required"
    """Whether foreground masks restrict the colour loss and feed the mask loss. optional: they do where the scene has
    them, before black; a scene without them is seen before the background."""
    loss_coefficients: dict[str, float] = to_immutable_dict({"rgb": 1.0, "eikonal": 0.1, "mask": 0.1})
    """Losses by name, with their weights at the start."""
    final_loss_coefficients: dict[str, float] = to_immutable_dict({})
    """Weights at the end, reached linearly, of the losses whose weight changes while training."""
    enable_collider: bool = False
    """Samplers find near and far themselves."""
    rays_at_once: int = 1024
    """Rays that are rendered at a time outside of training, even where nerfstudio's commands ask for more: bounds the
    memory (NeuS with its 128 intervals a ray takes 2 MB for each)."""


class SurfaceModel(Model):
    """Fits a surface and its colour to photographs; see the configuration for its parts."""

    config: SurfaceModelConfig
    loss_terms: ClassVar[Mapping[str, Any]] = LOSS_TERMS
    """The losses that the configuration may name."""

    world_from_scene: Float[Tensor, "4 4"]
    """Normalised scene to the world of the input cameras, float64."""
    region: Float[Tensor, "2 3"]
    """Lowest and highest corner of the region of interest, scene units."""
    progress: Float[Tensor, ""]
    """Of the training; kept with the weights, because schedules decide how the fields are read."""

    def populate_modules(self) -> None:
        super().populate_modules()
        self._check_losses()
        metadata = self.kwargs.get("metadata", {})
        self.all_cameras: Cameras | None = metadata.get("all_cameras")
        self.initial_view = None if self.all_cameras is None else InitialView(self.all_cameras)
        self.panel = SurfacePanel(self)
        world_from_scene = metadata.get("world_from_scene", torch.eye(4))
        self.register_buffer("world_from_scene", torch.as_tensor(world_from_scene, dtype=torch.float64).clone())
        self.register_buffer("region", self.scene_box.aabb.float().clone())
        self.register_buffer("progress", torch.zeros(()))
        self.geometry = self.config.geometry.setup(self.region)
        self.radiance = self.config.radiance.setup(self.geometry, self.region)
        self.renderer = self.config.renderer.setup(self.geometry, self.region)
        cut_out = self.config.masks == "optional" and has_masks(metadata)
        self.background = (BackgroundConfig() if cut_out else self.config.background).setup()
        self.camera_optimizer = self.config.camera_optimizer.setup(
            num_cameras=self.num_train_data, device=self.region.device, cameras=training_cameras(metadata)
        )
        self.matching = self.config.matching.setup()
        self.set_progress(0.0)

    def _check_losses(self) -> None:
        start, end = self.config.loss_coefficients, self.config.final_loss_coefficients
        if unknown := set(start) - set(self.loss_terms):
            raise UserError(f"unknown losses {sorted(unknown)}; known are {sorted(self.loss_terms)}")
        if absent := set(end) - set(start):
            raise UserError(f"losses {sorted(absent)} have a final weight only; give loss_coefficients their first one")
        if self.config.matching.at and not start.get("eikonal"):
            raise UserError(
                "matching draws the surface by its signed distance, which a field without the loss 'eikonal' (density, "
                "an occupancy) does not know: leave matching.at empty, or give loss_coefficients an 'eikonal'."
            )

    @property
    def components(self) -> list[ModelComponent]:
        return [self.geometry, self.radiance, self.renderer, self.background]

    def set_progress(self, progress: float) -> None:
        """Sets all schedules; the trainer calls it before every step. 0 is the start of training, 1 its end."""
        self.progress.fill_(progress)
        last = self.config.final_loss_coefficients
        self.loss_weights = {
            name: first + progress * (last.get(name, first) - first)
            for name, first in self.config.loss_coefficients.items()
        }
        for part in self.components:
            part.set_progress(progress)
        self.camera_optimizer.set_progress(progress)
        self.matching.set_progress(progress)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False):
        result = super().load_state_dict(state_dict, strict=strict, assign=assign)
        self.set_progress(float(self.progress))
        return result

    def get_param_groups(self) -> dict[str, list[nn.Parameter]]:
        groups: dict[str, list[nn.Parameter]] = {}
        for part in self.components:
            for name, parameters in part.param_groups().items():
                groups.setdefault(name, []).extend(parameters)
        self.camera_optimizer.get_param_groups(groups)
        return {name: parameters for name, parameters in groups.items() if parameters}

    def get_training_callbacks(self, attributes: TrainingCallbackAttributes) -> list[TrainingCallback]:
        def begin(step: int) -> None:
            self.begin(attributes)

        def report(step: int) -> None:
            report_refinement(self.camera_optimizer, attributes.pipeline.datamanager.training_views())  # type: ignore

        def adjust_bundle(step: int) -> None:
            if self.camera_optimizer.bundle_due:
                bundle_step(self.camera_optimizer, attributes.pipeline.datamanager.training_views(), self.trace)  # type: ignore

        def match(step: int) -> None:
            if self.matching.due:
                self.matching.find(self.camera_optimizer.refined_views(self._views(attributes)), self.trace)

        # Step 0 exists in a fresh run only: a resumed one has its start behind it.
        callbacks = [TrainingCallback([TrainingCallbackLocation.BEFORE_TRAIN_ITERATION], begin, iters=(0,))]
        # After the step for which the trainer has set the progress.
        each = [TrainingCallbackLocation.AFTER_TRAIN_ITERATION]
        if self.camera_optimizer.is_on:
            callbacks.append(TrainingCallback([TrainingCallbackLocation.AFTER_TRAIN], report))
            callbacks.append(TrainingCallback(each, adjust_bundle, update_every_num_iters=1))
        if self.matching.is_on:
            warm_up(self.device)
            callbacks.append(TrainingCallback(each, match, update_every_num_iters=1))
        return callbacks

    def begin(self, attributes: TrainingCallbackAttributes) -> None:
        """Before the first step of a fresh run: every part takes its start from the photographs."""
        views = self._views(attributes)
        for part in self.components:
            part.initialise(views)

    def _views(self, attributes: TrainingCallbackAttributes) -> Views:
        """As the method may see them."""
        views = attributes.pipeline.datamanager.training_views()  # type: ignore
        return replace(views, foreground=None) if self.config.masks == "ignored" else views

    def get_outputs_for_camera(self, camera: Cameras, obb_box: OrientedBox | None = None) -> dict[str, Tensor]:
        """The outputs as images; frames of nerfstudio's interpolated paths get the size of the photographs."""
        sized = camera if self.all_cameras is None else with_data_size(camera, self.all_cameras)
        return super().get_outputs_for_camera(sized, obb_box)

    def get_outputs(self, ray_bundle: RayBundle) -> dict[str, Tensor]:
        """Per ray: ``rgb``, ``accumulation``, ``depth`` (along the ray), ``normals`` (in [0, 1]); see the README.

        While training also what the renderer has for the losses.
        """
        origins, directions = ray_bundle.origins, ray_bundle.directions
        if self.training:
            if self.camera_optimizer.is_on and ray_bundle.camera_indices is not None:
                origins, directions = self.camera_optimizer.move(origins, directions, ray_bundle.camera_indices[:, 0])
            return self._render(origins, directions)
        chunks = zip(origins.split(self.config.rays_at_once), directions.split(self.config.rays_at_once), strict=True)
        outputs = [self._render(*chunk) for chunk in chunks]
        return {name: torch.cat([output[name] for output in outputs]) for name in outputs[0]}

    def _render(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> dict[str, Tensor]:
        rays = self.renderer(origins, directions, self.geometry, self.radiance)
        # Trained cameras learn from the surface: what is far behind tells them little.
        behind = self.background(origins.detach(), directions.detach())
        unit_normals = functional.normalize(rays.normals, dim=-1)
        colors = {
            "rgb": rays.over(behind),
            **{name: rgba[:, :3] + (1.0 - rgba[:, 3:]) * behind for name, rgba in rays.further_rgb.items()},
        }
        if not self.training:  # the losses must see what is brighter than white
            colors = {name: color.clamp(0.0, 1.0) for name, color in colors.items()}
        return {
            **colors,
            "accumulation": rays.accumulation,
            "depth": rays.depth,
            # Grey where there is nothing; clamped because exporters insist on [0, 1] to the last bit.
            "normals": (0.5 + 0.5 * unit_normals * rays.accumulation).clamp(0.0, 1.0),
            **(rays.for_losses if self.training else {}),
        }

    def get_loss_dict(self, outputs: dict, batch: dict, metrics_dict: dict | None = None) -> dict[str, Tensor]:
        measured = RayTargets(batch["image"][..., :3].to(self.device), self._foreground(batch))
        losses = {}
        for name, weight in self.loss_weights.items():
            loss = self.loss_terms[name](outputs, measured)
            if loss is not None:
                losses[name] = weight * loss
        if self.training:
            for part in self.components:
                losses |= part.regularisers()
            losses |= self.matching.losses(self.geometry)
            self.camera_optimizer.get_loss_dict(losses)
        return losses

    def _foreground(self, batch: dict) -> Tensor | None:
        if self.config.masks == "ignored":
            return None
        if "foreground" in batch:
            return batch["foreground"].to(self.device)
        if self.config.masks == "required":
            raise UserError(
                "This method needs foreground masks and the scene has none. Add a `mask` folder with one image per "
                "photograph, or train `neus-idr-fast` or `neus-idr-womask`, which need no masks."
            )
        return None

    def get_metrics_dict(self, outputs: dict, batch: dict) -> dict[str, Tensor]:
        error = (outputs["rgb"].detach() - batch["image"][..., :3].to(self.device)).square()
        foreground = self._foreground(batch)
        weights = torch.ones_like(error[..., :1]) if foreground is None else foreground
        mean = (error * weights).sum() / (3.0 * weights.sum()).clamp(min=1e-5)
        metrics = {"psnr": -10.0 * torch.log10(mean.clamp(min=1e-10)), **self.renderer.readouts()}
        if self.training:
            self.panel.history.add(metrics)
        return metrics

    def get_rgba_image(self, outputs: dict[str, Tensor], output_name: str = "rgb") -> Tensor:
        """Colour with the ray's opacity as alpha; where black shows through, it is divided out."""
        color, accumulation = outputs[output_name], outputs["accumulation"]
        if isinstance(self.background, Black):
            color = (color / accumulation.clamp(min=1e-3)).clamp(max=1.0)
        return torch.cat([color, accumulation.clamp(0.0, 1.0)], dim=-1)

    def get_image_metrics_and_images(self, outputs: dict, batch: dict) -> tuple[dict[str, float], dict[str, Tensor]]:
        image = batch["image"][..., :3].to(outputs["rgb"])
        foreground = self._foreground(batch)
        foreground = None if foreground is None else foreground.to(image)
        metrics = image_metrics(outputs["rgb"], outputs["accumulation"], image, foreground)
        if foreground is not None:
            metrics.setdefault("psnr_masked", math.nan)  # nerfstudio's means want every view to have every score
        return metrics, pictures(outputs, image)

    def surface(self, threshold: float | None = None) -> FieldSurface:
        """What the model has learned, without nerfstudio; it changes along with the training.

        Args:
            threshold: the density, per scene unit, at which the surface is to lie, for methods that have none.

        Raises UserError where a threshold is missing or makes no sense.
        """
        level = self.renderer.level(threshold)
        return FieldSurface(self.geometry, self.radiance, self.region, self.world_from_scene, level, self.trace)

    @torch.no_grad()
    def trace(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> SurfaceHits:
        """The surface as it is rendered."""
        training = self.training
        self.eval()
        chunks = zip(*(part.split(self.config.rays_at_once) for part in (origins, directions)), strict=True)
        rays = [self.renderer(*chunk, self.geometry, self.radiance) for chunk in chunks]
        self.train(training)
        depth, accumulation, normals = (
            torch.cat([getattr(part, name) for part in rays]) for name in ("depth", "accumulation", "normals")
        )
        return SurfaceHits(depth[:, 0], accumulation[:, 0] > 0.5, functional.normalize(normals, dim=-1))


def has_masks(metadata: Mapping[str, Any]) -> bool:
    """Whether the scene of this metadata (see ``data.outputs``) comes with foreground masks."""
    return metadata.get("foreground_filenames") is not None or bool(metadata.get("foreground_in_alpha"))
