"""What a reconstruction is held against. Each kind of truth answers the same questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import trimesh
from jaxtyping import Float

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.chamfer import compare_with_points
from idr_neus_plugins.evaluation.dtu import CAP_MM, DtuScan, score_against_scan
from idr_neus_plugins.evaluation.error_colors import ColoredShape, colored_mesh, colored_points
from idr_neus_plugins.evaluation.exact import compare_with_mesh
from idr_neus_plugins.evaluation.nearest import Progress, nearest_distances
from idr_neus_plugins.evaluation.roughness import FINE, roughness_deg
from idr_neus_plugins.evaluation.scene_views import SceneViews
from idr_neus_plugins.evaluation.scores import Scores
from idr_neus_plugins.evaluation.surface_points import sample_surface


@dataclass(frozen=True)
class Truth(ABC):
    """Known geometry in the frame and units of the mesh that it judges."""

    name: str
    """For titles of tables."""
    thresholds: tuple[float, ...]
    """Distances for precision, recall, F-score and the fractions within."""

    @abstractmethod
    def scores(self, mesh: trimesh.Trimesh, progress: Progress | None = None) -> Scores: ...

    @abstractmethod
    def points(self) -> Float[np.ndarray, "n 3"]:
        """Points on the true surface, to align by."""

    @abstractmethod
    def colored(self, mesh: trimesh.Trimesh, limit: float) -> ColoredShape:
        """A picture of the error in 3-D: 0 … ``limit`` as colours, blue to red."""

    @abstractmethod
    def moved(self, transform: Float[np.ndarray, "4 4"]) -> Truth:
        """The same truth after a similarity. Raises UserError where its protocol is bound to one frame."""


@dataclass(frozen=True)
class ExactMesh(Truth):
    """The true surface as a mesh."""

    exact: trimesh.Trimesh
    samples: int
    """Points drawn on each surface."""
    seed: int
    views: SceneViews | None = None
    """With them, only what the cameras see is judged, and also along the rays of their pixels."""

    def scores(self, mesh: trimesh.Trimesh, progress: Progress | None = None) -> Scores:
        return compare_with_mesh(mesh, self.exact, self.thresholds, self.samples, self.seed, self.views, progress)

    def points(self) -> Float[np.ndarray, "n 3"]:
        return sample_surface(self.exact, self.samples, self.seed)[0]

    def colored(self, mesh: trimesh.Trimesh, limit: float) -> ColoredShape:
        return colored_mesh(mesh, RayCaster(self.exact).closest(np.asarray(mesh.vertices)).distances, limit)

    def moved(self, transform: Float[np.ndarray, "4 4"]) -> Truth:
        views = None if self.views is None else self.views.moved(transform)
        return replace(self, exact=self.exact.copy().apply_transform(transform), views=views)


@dataclass(frozen=True)
class ReferencePoints(Truth):
    """Scattered points on the surface: judged from them to the mesh only, as between them nothing is known."""

    xyz: Float[np.ndarray, "n 3"]
    roughness_radius: float | None = None
    """Within which roughness is measured; 1 % of the diagonal of the mesh's box where it is None."""

    def scores(self, mesh: trimesh.Trimesh, progress: Progress | None = None) -> Scores:
        """Of the points' distances, and ``roughness_deg`` of the mesh: points cannot tell of the surface between."""
        radius = self.roughness_radius
        if radius is None:
            radius = FINE * float(np.linalg.norm(mesh.extents))
        scores = compare_with_points(mesh, self.xyz, self.thresholds, progress)
        return scores | {"roughness_deg": roughness_deg(mesh, radius), "roughness_radius": radius}

    def points(self) -> Float[np.ndarray, "n 3"]:
        return self.xyz

    def colored(self, mesh: trimesh.Trimesh, limit: float) -> ColoredShape:
        """The points, not the mesh, carry the colours."""
        return colored_points(self.xyz, RayCaster(mesh).closest(self.xyz).distances, limit)

    def moved(self, transform: Float[np.ndarray, "4 4"]) -> Truth:
        return replace(self, xyz=np.asarray(trimesh.transform_points(self.xyz, transform)))


@dataclass(frozen=True)
class StructuredLight(Truth):
    """A scan of DTU, scored by its official protocol."""

    scan: DtuScan
    seed: int

    def scores(self, mesh: trimesh.Trimesh, progress: Progress | None = None) -> Scores:
        return score_against_scan(mesh, self.scan, self.thresholds, self.seed, progress)

    def points(self) -> Float[np.ndarray, "n 3"]:
        return self.scan.points

    def colored(self, mesh: trimesh.Trimesh, limit: float) -> ColoredShape:
        """Vertices that the protocol leaves out, because the scanner could not see there, are grey."""
        vertices = np.asarray(mesh.vertices)
        distances = nearest_distances(self.scan.points, vertices, CAP_MM)
        distances[~self.scan.is_observed(vertices)] = np.nan
        return colored_mesh(mesh, distances, limit)

    def moved(self, transform: Float[np.ndarray, "4 4"]) -> Truth:
        raise UserError("DTU's protocol counts millimetres in DTU's world: leave --frame at world.")
