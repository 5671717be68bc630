"""nerfstudio's cameras as the plain matrices that core and fields work with."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras, CameraType
from torch import Tensor

from idr_neus_plugins.core.camera import Camera, flip_axes


def pinhole_matrices(cameras: Cameras) -> tuple[Float[Tensor, "views 3 3"], Float[Tensor, "views 3 4"]]:
    """(K, camera-to-scene in OpenCV axes) of nerfstudio's cameras, whatever their lens."""
    intrinsics = torch.zeros(len(cameras), 3, 3, device=cameras.device)
    for row, column, value in ((0, 0, cameras.fx), (1, 1, cameras.fy), (0, 2, cameras.cx), (1, 2, cameras.cy)):
        intrinsics[:, row, column] = value[:, 0]
    intrinsics[:, 2, 2] = 1.0
    return intrinsics, flip_axes(cameras.camera_to_worlds)


def are_pinhole(cameras: Cameras) -> bool:
    """Whether K and a pose say all there is to know about each camera."""
    perspective = bool((cameras.camera_type == CameraType.PERSPECTIVE.value).all())
    return perspective and (cameras.distortion_params is None or not bool(cameras.distortion_params.any()))


def pinhole_cameras(cameras: Cameras) -> list[Camera]:
    """nerfstudio's cameras one by one, for work on meshes; without their lens distortion."""
    intrinsics, poses = (part.double().cpu().numpy() for part in pinhole_matrices(cameras))
    sizes = zip(cameras.height.flatten().tolist(), cameras.width.flatten().tolist(), strict=True)
    return [Camera(*view) for view in zip(intrinsics, poses, sizes, strict=True)]


def nerfstudio_camera(camera: Camera) -> Cameras:
    """The other way, as one camera: OpenGL axes."""
    return nerfstudio_cameras([camera])


def nerfstudio_cameras(cameras: list[Camera]) -> Cameras:
    """Several of them."""
    poses = flip_axes(np.stack([camera.camera_to_scene for camera in cameras]))
    intrinsics = torch.from_numpy(np.stack([camera.intrinsics for camera in cameras])).float()
    heights, widths = torch.tensor([camera.size for camera in cameras]).T
    return Cameras(
        torch.from_numpy(poses).float(),
        intrinsics[:, 0, 0],
        intrinsics[:, 1, 1],
        intrinsics[:, 0, 2],
        intrinsics[:, 1, 2],
        width=widths,
        height=heights,
    )
