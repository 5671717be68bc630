"""From a photograph and a shape to where the object is."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.pose.ground import on_ground
from idr_neus_plugins.pose.observation import observed
from idr_neus_plugins.pose.shapes import Recognised
from idr_neus_plugins.pose.solver import Hypotheses, SolverSettings, find_poses


def estimate(
    shape: Recognised,
    image: UInt8[np.ndarray, "h w 4"],
    intrinsics: Float[np.ndarray, "3 3"],
    camera_height: float | None,
    settings: SolverSettings,
    depth: Float[np.ndarray, "h w"] | None = None,
    name: str = "The image",
) -> Hypotheses:
    """Hypotheses, the best first; of the object's size where the camera's height over the ground or depths tell it.

    Raises UserError where the image does not show a whole object.
    """
    found = find_poses(shape.grid, observed(image, intrinsics, depth, name), settings, shape.guesses)
    if camera_height is None or depth is not None:
        return found
    return Hypotheses(on_ground(found.poses, shape.box, camera_height), found.losses, found.ious)


def posed(shape: Recognised, found: Hypotheses, which: int = 0) -> PosedMesh:
    return PosedMesh(shape.mesh, found.poses.matrices[which].cpu().double().numpy())
