"""The nerfstudio model of a pose: several hypotheses under one optimiser, and the best of them to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.engine.callbacks import TrainingCallback, TrainingCallbackAttributes, TrainingCallbackLocation
from nerfstudio.models.base_model import Model, ModelConfig
from torch import Tensor, nn

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.data.views import nerfstudio_camera, pinhole_cameras
from idr_neus_plugins.pose.comparison import Comparison
from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.pose.ground import on_ground, without_tilt
from idr_neus_plugins.pose.losses import PoseLossWeights
from idr_neus_plugins.pose.method.data import scene_from_camera
from idr_neus_plugins.pose.method.trace import PoseTrace
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.prior import ViewPrior
from idr_neus_plugins.pose.rendering import render
from idr_neus_plugins.pose.shape_grid import NODES, ShapeGrid
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.pose.solver import Hypotheses
from idr_neus_plugins.pose.starts import ViewSpread, best_starts, joined_candidates
from idr_neus_plugins.single_view.fields.viewpoint import BINS
from idr_neus_plugins.viewer.initial_view import InitialView
from idr_neus_plugins.writing import replace_file

if TYPE_CHECKING:
    from idr_neus_plugins.pose.shapes import Recognised

SHOW_EVERY = 5
"""Steps."""
INITIAL_VIEW = (1.4, -3.2, 1.3)
"""Where the viewer begins: beside the photograph, which would else hide what it shows."""
BEHIND = 10.0
"""Depth of what is not the object, scene units: behind all boxes, which the viewer would else hide."""
ROWS = 1 << 15
"""Rays that are shown at a time."""


@dataclass
class PoseModelConfig(ModelConfig):
    _target: type = field(default_factory=lambda: PoseModel)
    enable_collider: bool = False
    hypotheses: int = 8
    """Poses that are optimised beside each other, from starts that differ."""
    hold: float = 0.15
    """Share of the steps at the beginning in which nothing is turned (the paper's 30 of 200)."""
    sides: tuple[int, ...] = (32, 48, 96)
    """Pixels across the pictures that are compared, one after the other."""
    softness: float = 0.4
    """Width of the silhouettes' borders, pixels."""
    color_weight: float = 2.0
    """Of colours beside the silhouette's 10; 0 for the silhouette alone."""


class PoseModel(Model):
    """Its weights are the poses; the shape and where they started are kept with them."""

    config: PoseModelConfig
    sdf: Tensor
    colors: Tensor
    box: Float[Tensor, "2 3"]
    views: Float[Tensor, "1 3 bins"]
    up: Float[Tensor, " 3"]
    rotations: Float[Tensor, "hypotheses 3 3"]
    translations: Float[Tensor, "hypotheses 3"]
    scales: Float[Tensor, " hypotheses"]
    losses: Float[Tensor, " hypotheses"]
    ious: Float[Tensor, " hypotheses"]

    def populate_modules(self) -> None:
        super().populate_modules()
        count = self.config.hypotheses
        self.twists = nn.Parameter(torch.zeros(count, 6))
        self.log_scales = nn.Parameter(torch.zeros(count))
        self.log_stretches = nn.Parameter(torch.zeros(count, 3))
        # Of the prior; zeros, and so no surprise, where there is none.
        self.register_buffer("views", torch.zeros(1, 3, BINS))
        # Which way is up in the camera's axes; zeros where that is not known.
        self.register_buffer("up", torch.zeros(3))
        grids = {"sdf": (NODES,) * 3, "colors": (3, *(NODES,) * 3), "box": (2, 3)}
        starts = {"rotations": (count, 3, 3), "translations": (count, 3), "scales": (count,)}
        for name, size in {**grids, **starts, "losses": (count,), "ious": (count,)}.items():
            self.register_buffer(name, torch.ones(size))
        beside = look_at(np.array(INITIAL_VIEW), np.zeros(3), np.array([0.0, 0.0, 1.0]))
        self.initial_view = InitialView(nerfstudio_camera(Camera(np.eye(3), beside[:3], (1, 1))))
        self.weights = PoseLossWeights(color=self.config.color_weight)
        self.trace, self.progress, self._seen = PoseTrace(), 0.0, 0
        self.truth: PosedMesh | None = None
        self.camera_height: float | None = None

    def begin(self, shape: Recognised, observation: Observation, truth: PosedMesh | None, height: float | None) -> None:
        """Before the first step: the shape, and the starts that suit the photograph best.

        Args:
            truth: only to be shown.
            height: of the camera over the ground that the object stands on, if it is known.
        """
        grid = shape.grid.to(observation.mask)
        self.sdf, self.colors, self.box = grid.sdf, grid.colors, shape.box.to(observation.mask)
        compare = Comparison(grid, observation, self.weights, shape.prior)
        starts = best_starts(compare, joined_candidates(compare, ViewSpread()), self.config.hypotheses)
        chosen = starts.take(torch.arange(self.config.hypotheses) % len(starts.scales))
        self.rotations, self.translations, self.scales = chosen
        # Without depths the size of things is not in the image.
        self.log_scales.requires_grad_(observation.depth is not None)
        # A shape with a prior of its view is a guess, too.
        self.log_stretches.requires_grad_(shape.prior is not None)
        if shape.prior is not None:
            self.views = shape.prior.log_probabilities.to(observation.mask)
        if observation.up is not None:
            self.up = observation.up
        self.truth, self.camera_height = truth, height

    def set_progress(self, progress: float) -> None:
        """Of the optimisation, in [0, 1]."""
        self.progress = progress

    @property
    def shape(self) -> ShapeGrid:
        return ShapeGrid(self.sdf, self.colors)

    @property
    def poses(self) -> Poses:
        """Object to camera as they are now."""
        twists = without_tilt(self.twists, self.up) if self.up.any() else self.twists
        if self.progress < self.config.hold:
            twists = torch.cat([twists[:, :3], twists[:, 3:].detach()], dim=1)
        return Poses(self.rotations, self.translations, self.scales).moved(twists, self.log_scales)

    def hypotheses(self) -> Hypotheses:
        """The best first; of the object's size where the camera's height is known."""
        order, poses, stretches = self.losses.argsort(), self.poses.detach(), self.log_stretches.detach().exp()
        if self.camera_height is not None and not self.log_scales.requires_grad:
            poses = on_ground(poses, stretches[:, None] * self.box, self.camera_height)
        return Hypotheses(poses.take(order), self.losses[order], self.ious[order], stretches[order])

    def get_param_groups(self) -> dict[str, list[nn.Parameter]]:
        return {"pose": [self.twists, self.log_scales, self.log_stretches]}

    def get_training_callbacks(self, attributes: TrainingCallbackAttributes) -> list[TrainingCallback]:
        def write(step: int) -> None:
            assert attributes.trainer is not None
            self.write(attributes.trainer.base_dir / "poses.json")

        return [TrainingCallback([TrainingCallbackLocation.AFTER_TRAIN], write)]

    def get_outputs(self, ray_bundle: Observation) -> dict[str, Tensor]:  # type: ignore[override]
        """``losses`` and ``iou`` [hypotheses] of an observation, in the pixels that it is the time for."""
        sides = self.config.sides
        small = ray_bundle.at(sides[min(int(self.progress * len(sides)), len(sides) - 1)])
        compare = Comparison(self.shape, small, self.weights, ViewPrior(self.views))
        losses, ious = compare(self.poses, self.config.softness, self.log_stretches.exp())
        return {"losses": losses, "iou": ious}

    def get_loss_dict(self, outputs: dict, batch: dict, metrics_dict: dict | None = None) -> dict[str, Tensor]:
        return {"pose": outputs["losses"].sum()}

    def get_metrics_dict(self, outputs: dict, batch: dict) -> dict[str, Tensor]:
        self.losses, self.ious = outputs["losses"].detach(), outputs["iou"].detach()
        best = self.losses.argmin()
        if self.training and self._seen % SHOW_EVERY == 0:
            self._show()
        self._seen += 1
        return {"loss_best": self.losses[best], "iou_best": self.ious[best]}

    @torch.no_grad()
    def get_outputs_for_camera(self, camera: Cameras, obb_box: OrientedBox | None = None) -> dict[str, Tensor]:
        """The best pose's object from any camera: ``rgb`` over white, ``accumulation``, ``depth``."""
        (pinhole,) = pinhole_cameras(camera)
        directions = torch.from_numpy(_camera_rays(pinhole)).to(self.sdf)
        pose, pixel = self._before(pinhole), self.sdf.new_tensor([0.4 / pinhole.intrinsics[0, 0]])
        stretch = self.log_stretches.detach()[self.losses.argmin()].exp()[None]
        parts = [render(self.shape, pose, rays[None], pixel, stretches=stretch) for rays in directions.split(ROWS)]
        alpha = torch.cat([part.silhouettes[0] for part in parts])[:, None]
        met = torch.cat([part.met[0] for part in parts])[:, None]
        rgb = torch.cat([part.colors[0] for part in parts])
        outputs = {
            "rgb": torch.where(met, rgb, 1.0),
            "accumulation": alpha,
            "depth": torch.where(met, torch.cat([part.depths[0] for part in parts])[:, None], BEHIND),
        }
        return {name: values.view(*pinhole.size, -1) for name, values in outputs.items()}

    def get_image_metrics_and_images(self, outputs: dict, batch: dict) -> tuple[dict[str, float], dict[str, Tensor]]:
        image = batch["image"].to(self.device)
        return {}, {"img": torch.cat([image, outputs["rgb"]], dim=1)}

    def write(self, path: Path) -> None:
        """All hypotheses, the best first, with losses and scores."""
        found = self.hypotheses()
        rows: list[dict[str, Any]] = [
            {
                "object_to_camera": matrix.tolist(),
                "stretch": stretch.tolist(),
                "loss": float(loss),
                "iou": float(iou),
                "score": float(score),
            }
            for matrix, stretch, loss, iou, score in zip(
                found.poses.matrices, found.stretches, found.losses, found.ious, found.scores, strict=True
            )
        ]
        replace_file(path, (json.dumps({"box": self.box.tolist(), "hypotheses": rows}, indent=2) + "\n").encode())

    def _before(self, camera: Camera) -> Poses:
        """The best pose before another camera of the scene."""
        from_photograph = scene_from_camera()
        relative = np.linalg.inv(np.vstack([camera.camera_to_scene, [0, 0, 0, 1.0]])) @ from_photograph
        matrix, best = torch.from_numpy(relative).to(self.sdf), self.poses.detach().take(self.losses.argmin()[None])
        places = best.translations @ matrix[:3, :3].T + matrix[:3, 3]
        return Poses(matrix[:3, :3] @ best.rotations, places, best.scales)

    def _show(self) -> None:
        found = self.hypotheses()
        low, high = self.box
        corners = torch.cartesian_prod(*torch.stack([low, high], dim=1)).to(self.sdf)
        scene = scene_from_camera()
        order = self.losses.argsort()
        stretches, poses = self.log_stretches.detach().exp()[order], self.poses.detach().take(order)
        stretched = [poses.take(torch.tensor([n])).points(stretches[n] * corners)[0] for n in range(len(order))]
        boxes = torch.stack(stretched).cpu().double().numpy()
        boxes = boxes @ scene[:3, :3].T + scene[:3, 3]
        true = None
        if self.truth is not None:
            # As large and as far as the photograph would show it at scale 1.
            true = self.truth.corners / self.truth.scale @ scene[:3, :3].T + scene[:3, 3]
        self.trace.show(boxes, true, f"loss {float(found.losses[0]):.4f}, silhouette IoU {float(found.ious[0]):.3f}")


def _camera_rays(camera: Camera) -> np.ndarray:
    """Directions of depth 1 through all pixels, camera axes."""
    return Camera(camera.intrinsics, np.eye(4)[:3], camera.size).rays(camera.pixel_centres())
