"""How far a camera's path is from the true one (Sturm et al. 2012)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity, align_points
from idr_neus_plugins.evaluation.cameras import rotation_angles

CameraPath = Float[np.ndarray, "frames 4 4"]
"""Camera-to-world, OpenCV axes, rigid."""


def aligned(path: CameraPath, truth: CameraPath) -> tuple[CameraPath, Similarity]:
    """The path laid onto the truth by the similarity of the least squares over the camera centres (Umeyama 1991).

    Raises UserError where the centres lie on a line or in a point.
    """
    alignment = align_points(path[:, :3, 3], truth[:, :3, 3])
    return alignment.cameras(path), alignment


def trajectory_scores(path: CameraPath, truth: CameraPath) -> dict[str, float]:
    """``ate`` (root mean square distance of the aligned centres, units of the truth), ``ate_share`` of the extent of
    the true path, ``rpe`` and ``rpe_deg`` (root mean square over the motions between neighbours), ``scale``.
    """
    laid, alignment = aligned(path, truth)
    apart = np.linalg.norm(laid[:, :3, 3] - truth[:, :3, 3], axis=1)
    wrong = np.linalg.inv(motions(truth)) @ motions(laid)
    return {
        "ate": _rms(apart),
        "ate_share": _rms(apart) / extent(truth),
        "rpe": _rms(np.linalg.norm(wrong[:, :3, 3], axis=1)),
        "rpe_deg": _rms(rotation_angles(wrong[:, :3, :3])),
        "scale": alignment.scale,
    }


def motions(path: CameraPath) -> Float[np.ndarray, "motions 4 4"]:
    """From each frame to the next, in the axes of the first."""
    return np.linalg.inv(path[:-1]) @ path[1:]


def extent(path: CameraPath) -> float:
    """Diagonal of the box around the centres."""
    return float(np.linalg.norm(np.ptp(path[:, :3, 3], axis=0)))


def _rms(values: Float[np.ndarray, " frames"]) -> float:
    return float(np.sqrt(np.square(values).mean()))
