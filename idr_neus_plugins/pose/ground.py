"""The ground that objects stand on: which way is up, and how large an object is once the camera's height is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.similarity import Poses


class Ground(NamedTuple):
    """What is known of it."""

    height: float | None = None
    """Of the camera over it; sizes are then known in its unit."""
    up: Float[np.ndarray, " 3"] | None = None
    """Unit vector away from it, camera axes: the objects' upright axis."""


def upright_rotations(up: Float[Tensor, " 3"], count: int) -> Float[Tensor, "count 3 3"]:
    """Object-to-camera rotations of objects that stand upright, evenly around."""
    across = torch.linalg.cross(up, torch.eye(3).to(up)[up.abs().argmin()])
    across = across / across.norm()
    angles = 2 * torch.pi * torch.arange(count).to(up)[:, None] / count
    ahead = angles.cos() * across + angles.sin() * torch.linalg.cross(up, across)
    return torch.stack([ahead, torch.linalg.cross(up.expand_as(ahead), ahead), up.expand_as(ahead)], dim=2)


def without_tilt(twists: Float[Tensor, "poses 6"], up: Float[Tensor, " 3"]) -> Float[Tensor, "poses 6"]:
    """Twists (see ``Poses.moved``) without what turns an object about another axis than ``up``."""
    return torch.cat([twists[:, :3], (twists[:, 3:] @ up)[:, None] * up], dim=1)


def on_ground(poses: Poses, boxes: Float[Tensor, "#poses 2 3"], height: float) -> Poses:
    """The poses rescaled so that the bottom of the object's box (lowest and highest corner, object frame) is
    ``height`` below the camera, measured along the object's upright axis.

    The paper puts the objects of a sequence onto the ground in this way. A pose whose bottom is not below the camera
    keeps its scale.
    """
    bottoms = boxes.mean(1)
    bottoms[:, 2] = boxes[:, 0, 2]
    places = poses.scales[:, None] * (poses.rotations @ bottoms[..., None])[..., 0] + poses.translations
    below = -(places * poses.rotations[:, :, 2]).sum(1)
    return poses.rescaled(poses.scales * (height / below).where(below > 0, below.new_ones(())))
