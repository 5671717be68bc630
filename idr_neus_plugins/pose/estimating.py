"""From a photograph and a shape to where the object is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.pose.ground import Ground, on_ground
from idr_neus_plugins.pose.observation import observed
from idr_neus_plugins.pose.shapes import Recognised
from idr_neus_plugins.pose.solver import Hypotheses, SolverSettings, find_poses


def estimate(
    shape: Recognised,
    image: UInt8[np.ndarray, "h w 4"],
    intrinsics: Float[np.ndarray, "3 3"],
    ground: Ground,
    settings: SolverSettings,
    depth: Float[np.ndarray, "h w"] | None = None,
    name: str = "The image",
) -> Hypotheses:
    """Hypotheses, the best first; of the object's size where the camera's height over the ground or depths tell it.

    Raises UserError where the image does not show a whole object.
    """
    found = find_poses(shape.grid, observed(image, intrinsics, depth, name, ground.up), settings, shape.prior)
    if ground.height is None or depth is not None:
        return found
    boxes = found.stretches[:, None] * shape.box.to(found.stretches)
    return replace(found, poses=on_ground(found.poses, boxes, ground.height))


def posed(shape: Recognised, found: Hypotheses, which: int = 0) -> PosedMesh:
    """One hypothesis, with its own proportions."""
    mesh = stretched(shape.mesh, found.stretches[which].cpu().double().numpy())
    return PosedMesh(mesh, found.poses.matrices[which].cpu().double().numpy())


def stretched(mesh: Mesh, factors: Float[np.ndarray, " 3"]) -> Mesh:
    """Along its axes."""
    normals = mesh.normals / factors
    lengths = np.linalg.norm(normals, axis=1, keepdims=True).clip(min=1e-12)
    return replace(mesh, vertices=mesh.vertices * factors, normals=normals / lengths)
