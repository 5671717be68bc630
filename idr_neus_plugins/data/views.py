"""The training views as plain tensors, for work that needs whole images: visual hulls, hull-based starts, scoring."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from nerfstudio.cameras.cameras import Cameras, CameraType
from torch import Tensor


@dataclass(frozen=True)
class TrainingViews:
    """Views of one scene. Cameras are OpenCV: x right, y down, z forward; pixel centres are at half-integers, so that
    scene point X is seen in pixel ``floor(K @ (R^T (X - centre)) / depth)`` with ``[R | centre] = camera_to_scene``.

    Images of different sizes are padded with zeros at the right and below; ``sizes`` tells how far a view reaches.
    """

    intrinsics: Float[Tensor, "views 3 3"]
    """K, pixels."""
    camera_to_scene: Float[Tensor, "views 3 4"]
    sizes: Int[Tensor, "views 2"]
    """(height, width)."""
    images: UInt8[Tensor, "views h w 3"]
    foreground: UInt8[Tensor, "views h w"] | None
    """0 to 255, soft at borders where images were shrunk; None for scenes without masks."""
    is_pinhole: bool
    """False where some camera has lens distortion or another projection: then K alone does not tell pixels from points."""

    @property
    def masks(self) -> Bool[Tensor, "views h w"] | None:
        """Foreground, decided at one half."""
        return None if self.foreground is None else self.foreground >= 128


def pinhole_matrices(cameras: Cameras) -> tuple[Float[Tensor, "views 3 3"], Float[Tensor, "views 3 4"]]:
    """(K, camera-to-scene in OpenCV axes) of nerfstudio's cameras, whatever their lens."""
    intrinsics = torch.zeros(len(cameras), 3, 3, device=cameras.device)
    for row, column, value in ((0, 0, cameras.fx), (1, 1, cameras.fy), (0, 2, cameras.cx), (1, 2, cameras.cy)):
        intrinsics[:, row, column] = value[:, 0]
    intrinsics[:, 2, 2] = 1.0
    flip = torch.tensor([1.0, -1.0, -1.0, 1.0], device=cameras.device)
    return intrinsics, cameras.camera_to_worlds * flip


def are_pinhole(cameras: Cameras) -> bool:
    """Whether K and a pose say all there is to know about each camera."""
    perspective = bool((cameras.camera_type == CameraType.PERSPECTIVE.value).all())
    return perspective and (cameras.distortion_params is None or not bool(cameras.distortion_params.any()))
