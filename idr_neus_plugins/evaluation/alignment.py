"""Laying a reconstruction onto the truth: iterative closest points, for scores that shall not count a rigid shift."""

from __future__ import annotations

import numpy as np
import trimesh
from jaxtyping import Float

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.scores import Scores
from idr_neus_plugins.evaluation.surface_points import sample_surface

POINTS = 200_000
"""Of either cloud are used at most."""


def lay_onto(
    mesh: trimesh.Trimesh, truth: Float[np.ndarray, "m 3"], reach: float, seed: int = 0
) -> tuple[trimesh.Trimesh, Scores]:
    """The mesh moved onto the truth, and by how much: ``icp_rotation_deg``, ``icp_shift`` of the mesh's middle."""
    transform = rigid_alignment(sample_surface(mesh, POINTS, seed)[0], truth, reach, seed)
    middle = mesh.bounds.mean(0)
    shift = transform[:3, :3] @ middle + transform[:3, 3] - middle
    moved = mesh.copy().apply_transform(transform)
    return moved, {"icp_rotation_deg": rotation_angle_deg(transform), "icp_shift": float(np.linalg.norm(shift))}


def rigid_alignment(
    points: Float[np.ndarray, "n 3"], truth: Float[np.ndarray, "m 3"], reach: float, seed: int = 0
) -> Float[np.ndarray, "4 4"]:
    """Rotation and translation that take ``points`` to ``truth``, by point-to-point ICP (Besl and McKay 1992).

    Args:
        reach: pairs farther apart are no pairs, so that floaters and holes do not pull; units of the points.

    Raises UserError where nothing of the two lies within reach.
    """
    import open3d

    generator = np.random.default_rng(seed)
    source, target = (_cloud(_some(cloud, generator)) for cloud in (points, truth))
    registration = open3d.pipelines.registration
    criteria = registration.ICPConvergenceCriteria(relative_fitness=1e-7, relative_rmse=1e-7, max_iteration=100)
    found = registration.registration_icp(source, target, reach, np.eye(4), criteria=criteria)
    if found.fitness == 0:
        raise UserError(f"No point of the mesh is within {reach:g} of the truth, so there is nothing to align it by.")
    return np.array(found.transformation)


def rotation_angle_deg(transform: Float[np.ndarray, "4 4"]) -> float:
    cosine = (np.trace(transform[:3, :3]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _some(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return points if len(points) <= POINTS else points[generator.choice(len(points), POINTS, replace=False)]


def _cloud(points: np.ndarray):
    import open3d

    return open3d.geometry.PointCloud(open3d.utility.Vector3dVector(np.ascontiguousarray(points, dtype=np.float64)))
