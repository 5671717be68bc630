"""Rays against a triangle mesh, by open3d's ray-casting scene (Embree's bounding-volume hierarchy)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import trimesh

BATCH = 1_000_000


class Hits(NamedTuple):
    """Where rays first meet the mesh."""

    distances: np.ndarray
    """Along the ray, in multiples of its direction [n]; infinite where it misses."""
    faces: np.ndarray
    """[n]; -1 where it misses."""
    barycentric: np.ndarray
    """Weights of the face's three vertices [n, 3]; zero where it misses."""

    @property
    def met(self) -> np.ndarray:
        return self.faces >= 0


class Closest(NamedTuple):
    """The closest points of the mesh."""

    distances: np.ndarray
    """To them [n], in the units of the mesh."""
    faces: np.ndarray
    """That hold them [n]."""
    barycentric: np.ndarray
    """Weights of the face's three vertices [n, 3]."""


class RayCaster:
    """Single precision after moving the mesh to the unit box: errors are about 1e-6 of the mesh's size."""

    def __init__(self, mesh: trimesh.Trimesh):
        import open3d

        self._tensor = open3d.core.Tensor.from_numpy
        self._center = mesh.bounds.mean(0)
        self.size = float(np.ptp(mesh.bounds, axis=0).max())
        """Longest side of the mesh's box."""
        self._scene = open3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            self._tensor(self._normalised(mesh.vertices)), self._tensor(np.ascontiguousarray(mesh.faces, np.uint32))
        )

    def first_hits(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        """``origins`` [n, 3] or [3], ``directions`` [n, 3] of any length."""
        origins = np.broadcast_to(origins, directions.shape)
        parts = [
            self._hits(origins[i : i + BATCH], directions[i : i + BATCH]) for i in range(0, len(directions), BATCH)
        ]
        return Hits(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def blocked(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether something lies between ``starts`` [n, 3] and ``ends`` [n, 3] or [3]."""
        ends = np.broadcast_to(ends, starts.shape)
        parts = [
            self._scene.test_occlusions(self._tensor(self._rays(starts[i : i + BATCH], ends[i : i + BATCH])), tfar=1.0)
            for i in range(0, len(starts), BATCH)
        ]
        return np.concatenate([part.numpy() for part in parts]) if parts else np.zeros(0, bool)

    def distances(self, points: np.ndarray) -> np.ndarray:
        """From ``points`` [n, 3] to their closest points of the mesh [n]."""
        parts = [
            self._scene.compute_distance(self._tensor(self._normalised(points[i : i + BATCH]))).numpy()
            for i in range(0, len(points), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64) * self.size

    def closest(self, points: np.ndarray, progress: Callable[[int, int], None] | None = None) -> Closest:
        """Closest points of the mesh for ``points`` [n, 3]; ``progress`` is told (points done, points in all)."""
        parts = []
        for start in range(0, max(len(points), 1), BATCH):
            parts.append(self._closest(points[start : start + BATCH]))
            if progress is not None:
                progress(min(start + BATCH, len(points)), len(points))
        return Closest(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def signed_distances(self, points: np.ndarray) -> np.ndarray:
        """Distances [n], negative inside, by counting crossings in three directions; the mesh must be watertight."""
        parts = [
            self._scene.compute_signed_distance(
                self._tensor(self._normalised(points[i : i + BATCH])), nsamples=3
            ).numpy()
            for i in range(0, len(points), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64) * self.size

    def _hits(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        found = self._scene.cast_rays(self._tensor(self._rays(origins, origins + directions)))
        distances = found["t_hit"].numpy().astype(np.float64)
        met = np.isfinite(distances)
        barycentric = _barycentric(found["primitive_uvs"].numpy()) * met[:, None]
        faces = np.where(met, found["primitive_ids"].numpy().astype(np.int64), -1)
        return Hits(distances, faces, barycentric)

    def _closest(self, points: np.ndarray) -> Closest:
        query = self._normalised(points)
        found = self._scene.compute_closest_points(self._tensor(query))
        offsets = found["points"].numpy().astype(np.float64) - query
        return Closest(
            np.linalg.norm(offsets, axis=1) * self.size,
            found["primitive_ids"].numpy().astype(np.int64),
            _barycentric(found["primitive_uvs"].numpy()),
        )

    def _rays(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """[n, 6]: start and the way to the end, so that the end is at distance 1."""
        return np.concatenate([self._normalised(starts), ((ends - starts) / self.size).astype(np.float32)], 1)

    def _normalised(self, points: np.ndarray) -> np.ndarray:
        return ((points - self._center) / self.size).astype(np.float32)


def _barycentric(uvs: np.ndarray) -> np.ndarray:
    """Weights [n, 3] of a face's vertices from those of the second and third [n, 2]."""
    second, third = uvs.astype(np.float64).T
    return np.stack([1 - second - third, second, third], 1)
