"""How large an object is that stands on the ground, once it is known how high the camera is above it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.similarity import Poses


def on_ground(poses: Poses, box: Float[Tensor, "2 3"], height: float) -> Poses:
    """The poses rescaled so that the bottom of the object's ``box`` (lowest and highest corner, object frame) is
    ``height`` below the camera, measured along the object's upright axis.

    The paper puts the objects of a sequence onto the ground in this way. A pose whose bottom is not below the camera
    keeps its scale.
    """
    bottom = 0.5 * (box[0] + box[1])
    bottom = bottom.new_tensor([bottom[0], bottom[1], box[0, 2]])
    below = -(poses.points(bottom[None])[:, 0] * poses.rotations[:, :, 2]).sum(1)
    return poses.rescaled(poses.scales * (height / below).where(below > 0, below.new_ones(())))
