"""The camera of an image, guessed from its code: for images that come without one."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

DISTANCE = 2.7
"""From the camera to the object at the start of the training, scene units."""


class PoseHead(nn.Module):
    """Rotation as six numbers, which is continuous (Zhou et al. 2019), and the object's place before the camera."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(code, 128), nn.ReLU(), nn.Linear(128, 9))

    def forward(self, code: Float[Tensor, "images code"]) -> Float[Tensor, "images 3 4"]:
        """Scene to camera, OpenCV axes, scene units."""
        six, place = self.layers(code).split([6, 3], dim=1)
        return torch.cat([rotation_from_six(six), (place + place.new_tensor([0.0, 0.0, DISTANCE]))[:, :, None]], dim=2)


def rotation_from_six(six: Float[Tensor, "images 6"]) -> Float[Tensor, "images 3 3"]:
    """The rotation whose first two columns come from two vectors by Gram and Schmidt."""
    first = functional.normalize(six[:, :3] + six.new_tensor([1e-6, 0.0, 0.0]), dim=1)
    second = six[:, 3:] - (first * six[:, 3:]).sum(1, keepdim=True) * first
    second = functional.normalize(second + six.new_tensor([0.0, 1e-6, 0.0]), dim=1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=2)


def inverted(pose: Float[Tensor, "images 3 4"]) -> Float[Tensor, "images 3 4"]:
    """Camera to scene from scene to camera, and back."""
    rotation = pose[:, :, :3].mT
    return torch.cat([rotation, -rotation @ pose[:, :, 3:]], dim=2)


def transformed(
    points: Float[Tensor, "images points 3"], pose: Float[Tensor, "images 3 4"]
) -> Float[Tensor, "images points 3"]:
    """``pose`` applied to points, for each image its own."""
    return points @ pose[:, :, :3].mT + pose[:, None, :, 3]
