"""Cameras that are trained along with the surface: a rigid motion per training view (IDR, trained cameras).

Each view has six numbers. Three turn the camera where it stands: the picture shifts and rolls. Three move it while it
keeps looking at the same spot: it orbits the scene's origin, or comes nearer. Photographs tell the first at once and
the second slowly, from perspective. With plain translations, as nerfstudio has them, a shift of the picture is both a
turn and a translation, so that an optimiser that divides by the gradient's size, as Adam does, first moves cameras away
because they are turned wrongly, and takes long to bring them back.

Slowest of all is what the cameras have wrong in common: when all have turned to an object that is not where they think,
each alone agrees with the others. So the moves have a part that all share, affine in the cameras' places.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from nerfstudio.cameras.camera_optimizers import CameraOptimizer, CameraOptimizerConfig
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.lie_groups import exp_map_SE3
from nerfstudio.cameras.rays import RayBundle
from torch import Tensor, nn
from torch.nn.functional import pad

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.core.views import Views

MOVE_SCALE = 0.2
"""Scene units per unit of the moves. Adam's steps are as long for what hardly shows as for what shows at once, so that
cameras would wander along their orbits by noise alone before anything corrects them."""


@dataclass
class CameraRefinementConfig(CameraOptimizerConfig):
    _target: type = field(default_factory=lambda: CameraRefinement)
    mode: Literal["off", "SE3"] = "off"  # type: ignore[assignment]
    """SE3: the poses of the training views are refined along with the surface."""
    moves_from: float = 0.3
    """Share of the training after which cameras may move, too; before, they only turn. A camera that is turned wrongly
    by several degrees would else go astray along its orbit, where it finds as good a silhouette."""
    bundle_at: tuple[float, ...] = ()
    """Progress of the training at which cameras and points of the surface are adjusted together (``bundle_step``)."""
    trans_l2_penalty: float = 0.0
    """Weight of the mean length of the moves, MOVE_SCALE scene units."""
    rot_l2_penalty: float = 0.0
    """Weight of the mean angle of the turns, radians."""


class CameraRefinement(CameraOptimizer):
    """nerfstudio's camera optimiser, so that its viewer and exporters show the refined poses."""

    config: CameraRefinementConfig

    start: Float[Tensor, "views 3 4"]
    """Camera-to-scene of the training views before refinement, OpenGL axes; kept with the weights."""
    settled: Float[Tensor, "views 3 4"]
    """Scene-to-scene motions from there to where the last bundle adjustment has put the cameras; what is trained
    comes on top."""

    def __init__(
        self,
        config: CameraRefinementConfig,
        num_cameras: int,
        device: torch.device | str,
        cameras: Cameras | None = None,
        **_,
    ) -> None:
        super().__init__(config, num_cameras, device)
        self.progress = 0.0
        self.bundle_due = False
        poses = torch.eye(4)[None, :3].repeat(num_cameras, 1, 1) if cameras is None else cameras.camera_to_worlds
        if self.is_on:
            self.register_buffer("start", poses.detach().clone().to(device))
            self.register_buffer("settled", torch.eye(4, device=device)[:3].repeat(num_cameras, 1, 1))
            self.shared_moves = nn.Parameter(torch.zeros(3, 4, device=device))

    @property
    def is_on(self) -> bool:
        return self.config.mode != "off"

    def motions(self, views: Int[Tensor, " rays"]) -> Float[Tensor, "rays 3 4"]:
        """[R | t] by which the cameras of training views have been moved in the scene."""
        centres = (self.settled @ _square(self.start))[:, :, 3]
        moves, turns = self.pose_adjustment.split(3, dim=1)
        moves = moves + affine(self.shared_moves, centres / centres.norm(dim=1).mean())
        if self.progress < self.config.moves_from:
            moves = moves.detach()
        return (rigid_motions(moves, turns, centres) @ _square(self.settled))[views]

    @torch.no_grad()
    def settle(self, poses: Float[Tensor, "views 3 4"]) -> None:
        """Puts the cameras at these camera-to-scene poses, OpenGL axes; the training goes on from there."""
        self.settled.copy_((_square(poses) @ torch.linalg.inv(_square(self.start)))[:, :3])
        self.pose_adjustment.zero_()
        self.shared_moves.zero_()

    def set_progress(self, progress: float) -> None:
        """Of the training, in [0, 1]."""
        self.bundle_due = any(self.progress < at <= progress for at in self.config.bundle_at)
        self.progress = progress

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        # Runs of earlier versions have not settled anything. nerfstudio loads a pipeline a second time, without its
        # model's part: that must not undo what the first time has brought.
        if f"{prefix}start" in state_dict:
            state_dict.setdefault(f"{prefix}settled", torch.eye(4)[:3].repeat(self.num_cameras, 1, 1))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def move(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], views: Int[Tensor, " rays"]
    ) -> tuple[Float[Tensor, "rays 3"], Float[Tensor, "rays 3"]]:
        """Rays of the refined cameras from rays of the given ones; differentiable with respect to the poses."""
        motions = self.motions(views)
        turned = (motions[:, :, :3] @ torch.stack([origins, directions], dim=2)).unbind(dim=2)
        return turned[0] + motions[:, :, 3], turned[1]

    def refined(self) -> Float[Tensor, "views 3 4"]:
        """Camera-to-scene of all training views as they are now."""
        motions = _square(self.motions(torch.arange(self.num_cameras, device=self.start.device)))
        return (motions @ _square(self.start))[:, :3]

    def refined_views(self, views: Views) -> Views:
        """The training views with their cameras as they are now."""
        if not self.is_on:
            return views
        return replace(views, camera_to_scene=flip_axes(self.refined().detach()))

    def forward(self, indices: Int[Tensor, " views"]) -> Float[Tensor, "views 3 4"]:
        """From the refined cameras' frames to the given cameras' frames, as nerfstudio's viewer composes them."""
        if not self.is_on:
            return super().forward(indices)
        start = _square(self.start[indices])
        return (torch.linalg.inv(start) @ _square(self.motions(indices)) @ start)[:, :3]

    def apply_to_raybundle(self, raybundle: RayBundle) -> None:
        if self.is_on and raybundle.camera_indices is not None:
            views = raybundle.camera_indices[:, 0]
            raybundle.origins, raybundle.directions = self.move(raybundle.origins, raybundle.directions, views)

    def apply_to_camera(self, camera: Cameras) -> Tensor:
        if not self.is_on or "cam_idx" not in (camera.metadata or {}):
            return camera.camera_to_worlds
        view = torch.tensor([camera.metadata["cam_idx"]], device=self.start.device)  # type: ignore[index]
        return (_square(self.motions(view)) @ _square(camera.camera_to_worlds.to(self.start)))[:, :3]


def rigid_motions(
    moves: Float[Tensor, "views 3"], turns: Float[Tensor, "views 3"], centres: Float[Tensor, "views 3"]
) -> Float[Tensor, "views 3 4"]:
    """[R | t], scene to scene, that turn each camera about its centre by the rotation vector ``turns`` and then move it
    by about ``moves``, in units of MOVE_SCALE: on a circle around the scene's origin, and straight towards it.
    """
    moves = MOVE_SCALE * moves
    squared = centres.square().sum(dim=1, keepdim=True).clamp(min=1e-6)
    turned = _rotations(turns)
    orbited = _rotations(torch.linalg.cross(centres, moves, dim=1) / squared)
    nearer = (moves * centres).sum(dim=1, keepdim=True) / squared * centres
    about_centre = centres - (turned @ centres[:, :, None])[:, :, 0]
    shifts = (orbited @ about_centre[:, :, None])[:, :, 0] + nearer
    return torch.cat([orbited @ turned, shifts[:, :, None]], dim=2)


def affine(matrix: Float[Tensor, "3 4"], points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """``A p + b`` for [A | b]."""
    return points @ matrix[:, :3].T + matrix[:, 3]


def _rotations(vectors: Float[Tensor, "views 3"]) -> Float[Tensor, "views 3 3"]:
    return exp_map_SE3(torch.cat([torch.zeros_like(vectors), vectors], dim=1))[:, :, :3]


def training_cameras(metadata: dict) -> Cameras | None:
    """The cameras of the training views out of a parser's metadata (see ``data.outputs``)."""
    if "all_cameras" not in metadata:
        return None
    return metadata["all_cameras"][torch.tensor(metadata["view_indices"])]


def _square(poses: Float[Tensor, "views 3 4"]) -> Float[Tensor, "views 4 4"]:
    squared = pad(poses, (0, 0, 0, 1))
    squared[:, 3, 3] = 1.0
    return squared
