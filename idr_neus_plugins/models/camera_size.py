"""The image size of cameras that come from nerfstudio's interpolated and spiral paths."""

from __future__ import annotations

from dataclasses import replace

import torch
from nerfstudio.cameras.cameras import Cameras

SAME_RATIO = 1e-5
"""Float32 intrinsics that were only scaled agree to this relative difference."""


def with_data_size(camera: Cameras, data_cameras: Cameras) -> Cameras:
    """One camera of a path, with the image size of the data camera whose principal point it has.

    nerfstudio's path generators keep the principal point and drop the image size, which is then guessed as twice the
    principal point: a frame is cut where the optical axis is off-centre. A camera with exactly the guessed size and
    the principal point of a data camera, up to one scale, gets that camera's size in the same scale (rounded down,
    as nerfstudio does it). All others, the viewer's among them, are returned as they are.
    """
    guessed = torch.cat([camera.cx, camera.cy], -1).view(2) * 2.0
    size = torch.cat([camera.width, camera.height], -1).view(2)
    scales = guessed / (2.0 * torch.cat([data_cameras.cx, data_cameras.cy], -1).to(guessed))
    difference = (scales[:, 0] / scales[:, 1] - 1.0).abs()
    nearest = int(difference.argmin())
    if bool(((size - guessed).abs() >= 2.0).any()) or float(difference[nearest]) > SAME_RATIO:
        return camera
    scale = scales[nearest].mean()
    width, height = (
        (of_data[nearest].to(scale) * scale + 1e-3).long().expand_as(of_camera)
        for of_data, of_camera in ((data_cameras.width, camera.width), (data_cameras.height, camera.height))
    )
    return replace(camera, width=width, height=height)
