"""How large an object is that stands on the ground, once it is known how high the camera is above it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.similarity import Poses


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
