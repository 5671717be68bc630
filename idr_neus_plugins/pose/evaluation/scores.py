"""Errors of one pose of a shape, and what they say over many."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.evaluation.cameras import rotation_angles
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.pose.evaluation.symmetry import Symmetry, closest_equivalent

POINTS = 1000
"""Of the true surface, for ADD-S."""
FLIPPED = 30.0
"""Degrees within which an error is a half turn about the upright axis: front and back exchanged."""


class PosedMesh(NamedTuple):
    """A mesh in its object frame, and where it is."""

    mesh: Mesh
    matrix: Float[np.ndarray, "4 4"]
    """Object to camera, a similarity."""

    @property
    def scale(self) -> float:
        return Similarity.of(self.matrix).scale

    def of_diameter(self, diameter: float) -> PosedMesh:
        """Of another size and at another distance, with the same image."""
        matrix = np.diag([diameter / self.diameter] * 3 + [1.0]) @ self.matrix
        return PosedMesh(self.mesh, matrix)

    @property
    def rotation(self) -> Float[np.ndarray, "3 3"]:
        return self.matrix[:3, :3] / self.scale

    @property
    def box(self) -> Float[np.ndarray, "2 3"]:
        """Lowest and highest corner, object frame."""
        return np.stack([self.mesh.vertices.min(0), self.mesh.vertices.max(0)])

    @property
    def middle(self) -> Float[np.ndarray, " 3"]:
        """Of the box, before the camera."""
        return self.matrix[:3, :3] @ self.box.mean(0) + self.matrix[:3, 3]

    @property
    def diameter(self) -> float:
        return self.scale * float(np.linalg.norm(np.ptp(self.box, axis=0)))

    @property
    def corners(self) -> Float[np.ndarray, "8 3"]:
        """Of the box, before the camera; the last axis fastest."""
        low, high = self.box
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), -1).reshape(-1, 3)
        return corners @ self.matrix[:3, :3].T + self.matrix[:3, 3]


def pose_errors(found: PosedMesh, true: PosedMesh, symmetry: Symmetry) -> dict[str, float]:
    """``rotation_deg`` (geodesic), ``translation`` of the box's middle in the truth's diameters, ``scale_ratio``,
    ``box_iou``, ``add_s`` in diameters, ``flipped`` (0 or 1).

    All but ADD-S, which needs no help, are of the pose closest to the truth among those that the symmetry makes equal.
    """
    rotation = closest_equivalent(found.rotation, true.rotation, symmetry)
    matrix = found.matrix.copy()
    matrix[:3, :3] = found.scale * rotation
    same = PosedMesh(found.mesh, matrix)
    relative = true.rotation.T @ rotation
    turned_back = float(rotation_angles((np.diag([-1.0, -1.0, 1.0]) @ relative)[None])[0])
    return {
        "rotation_deg": float(rotation_angles(relative[None])[0]),
        "translation": float(np.linalg.norm(same.middle - true.middle)) / true.diameter,
        "scale_ratio": same.scale / true.scale,
        "box_iou": box_iou(same, true),
        "add_s": add_s(found, true) / true.diameter,
        "flipped": float(turned_back < FLIPPED),
    }


def box_iou(first: PosedMesh, second: PosedMesh) -> float:
    """Volume of the intersection of two oriented boxes over that of their union."""
    one, other = _solid_box(first), _solid_box(second)
    both = (one ^ other).volume()
    return both / (one.volume() + other.volume() - both)


def add_s(found: PosedMesh, true: PosedMesh) -> float:
    """Mean distance from points of the true surface to the found one (Xiang et al. 2018, to the surface itself)."""
    from idr_neus_plugins.evaluation.surface_points import sample_surface

    points, _ = sample_surface(true.mesh.shape, POINTS, 0)
    surface = to_frame(found.mesh, found.matrix).shape
    return float(RayCaster(surface).distances(points @ true.matrix[:3, :3].T + true.matrix[:3, 3]).mean())


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """What is reported of :func:`pose_errors` of many photographs."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    turned = columns["rotation_deg"]
    return {
        "rotation_deg_median": float(np.median(turned)),
        **{f"accuracy_{limit}": float((turned <= limit).mean()) for limit in (10, 15, 30)},
        "flipped": float(columns["flipped"].mean()),
        "translation_median": float(np.median(columns["translation"])),
        "scale_error_median": float(np.median(np.abs(columns["scale_ratio"] - 1))),
        "box_iou": float(columns["box_iou"].mean()),
        "add_s_median": float(np.median(columns["add_s"])),
        "add_s_10": float((columns["add_s"] < 0.1).mean()),
    }


def _solid_box(posed: PosedMesh):
    from manifold3d import Manifold

    low, high = posed.box
    return Manifold.cube(list(high - low)).translate(list(low)).transform(posed.matrix[:3])
