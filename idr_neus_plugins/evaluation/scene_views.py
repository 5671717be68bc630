"""The cameras of a scene, and what they see of a surface: only that can be reconstructed, and only that is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.surface_points import SurfacePoints

STEEPEST = 0.1
"""Cosine between normal and sight from which on a point counts as seen: 84 degrees."""
RAISED = 5e-4
"""Height above the surface, as a share of the size, from which on the way to the camera must be free: what lies closer
is the same surface, seen by a ray of limited precision."""


@dataclass(frozen=True)
class TruthPoints:
    """Points of the exact surface that the photographs show."""

    surface: SurfacePoints
    texture: Float[np.ndarray, " n"] | None
    """How much the photographs show there, in any unit; None where that is not known."""


@dataclass(frozen=True)
class SceneViews:
    """In the frame and units of the surfaces that are judged."""

    cameras: Sequence[Camera]
    grey: Callable[[int], Float[np.ndarray, "h w"]]
    """The photograph of a view, 0 to 255."""
    centre: Float[np.ndarray, " 3"]
    """Of the region of interest."""
    radius: float
    """Of the region of interest; beyond it nothing is judged unless masks tell the object from the rest."""
    masked: bool
    """Whether the photographs come with masks."""
    truth: TruthPoints | None = None
    """Points that came with the scene; None where they have to be found by the cameras."""

    def moved(self, transform: Float[np.ndarray, "4 4"]) -> SceneViews:
        """The same after a similarity."""
        scale = float(np.cbrt(np.linalg.det(transform[:3, :3])))
        turn, centre = transform[:3, :3] / scale, transform[:3, :3] @ self.centre + transform[:3, 3]
        cameras = [_moved_camera(camera, transform, turn) for camera in self.cameras]
        truth = self.truth
        if truth is not None:
            points = truth.surface.points @ transform[:3, :3].T + transform[:3, 3]
            truth = replace(truth, surface=SurfacePoints(points, truth.surface.normals @ turn.T))
        return replace(self, cameras=cameras, centre=centre, radius=scale * self.radius, truth=truth)

    def in_region(self, points: Float[np.ndarray, "n 3"]) -> np.ndarray:
        return np.linalg.norm(points - self.centre, axis=1) < self.radius

    def is_judged(self, points: Float[np.ndarray, "n 3"]) -> np.ndarray:
        """Everywhere where masks tell the object from the rest, in the region of interest elsewhere."""
        return np.ones(len(points), bool) if self.masked else self.in_region(points)

    def judged(self, surface: SurfacePoints) -> SurfacePoints:
        return surface.only(self.is_judged(surface.points))


def _moved_camera(camera: Camera, transform: np.ndarray, turn: np.ndarray) -> Camera:
    place = transform[:3, :3] @ camera.centre + transform[:3, 3]
    return replace(camera, camera_to_scene=np.c_[turn @ camera.camera_to_scene[:, :3], place])


def seen_by_any(caster: RayCaster, surface: SurfacePoints, cameras: Sequence[Camera], size: float) -> SurfacePoints:
    """The points that a camera sees, their normals turned towards the first that does.

    A mesh may be wound either way: both sides of a face can be seen. ``size``: diameter of the surface.
    """
    normals, unseen = surface.normals.copy(), np.arange(len(surface.points))
    for camera in cameras:
        rest = surface.only(unseen)
        seen, cosines = sight(caster, rest, camera, size)
        normals[unseen[seen]] *= np.sign(cosines[seen])[:, None]
        unseen = unseen[~seen]
    kept = np.ones(len(surface.points), bool)
    kept[unseen] = False
    return SurfacePoints(surface.points[kept], normals[kept])


def sight(caster: RayCaster, surface: SurfacePoints, camera: Camera, size: float) -> tuple[np.ndarray, np.ndarray]:
    """(whether the camera sees each point [n], cosine between its normal and the way to the camera [n])."""
    ways = camera.centre - surface.points
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    cosines = np.einsum("ij,ij->i", ways, surface.normals)
    candidates = np.flatnonzero((np.abs(cosines) > STEEPEST) & camera.sees(camera.project(surface.points)[0]))
    raised = RAISED * size / np.abs(cosines[candidates])[:, None] * ways[candidates]
    seen = np.zeros(len(surface.points), bool)
    seen[candidates] = ~caster.blocked(surface.points[candidates] + raised, camera.centre)
    return seen, cosines
