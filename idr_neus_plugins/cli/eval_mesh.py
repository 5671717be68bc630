"""``idr-neus eval mesh``: how far a reconstructed surface is from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.cli.messages import print_scores
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import write_json


@dataclass
class EvalMesh:
    """Distances between a mesh and the exact surface, or from reference points to the mesh, in the mesh's units."""

    mesh: Path
    """The reconstructed mesh."""
    exact: Path | None = None
    """The true surface as a mesh, in the same frame: accuracy, completeness, chamfer, normal_consistency, fscore."""
    points: Path | None = None
    """Reference points as npz (`xyz` [N, 3], optionally `views` [N]): median, mean, p90, within."""
    min_views: int = 0
    """Use only reference points that were seen in at least this many views."""
    thresholds: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Distances for fscore_<t> and within_<t>, in the mesh's units."""
    samples: int = 500_000
    """Points sampled on each surface for --exact."""
    seed: int = 0
    """Seed of that sampling."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        if self.exact is None and self.points is None:
            raise UserError("Nothing to compare with: give --exact MESH or --points NPZ.")
        from idr_neus_plugins.evaluation.chamfer import compare_with_mesh, compare_with_points
        from idr_neus_plugins.evaluation.distance import load_mesh, load_points

        mesh, scores = load_mesh(self.mesh), {}
        if self.exact is not None:
            exact = load_mesh(self.exact)
            against = compare_with_mesh(mesh, exact, self.thresholds, self.samples, self.seed)
            print_scores(f"{self.mesh.name} against {self.exact.name}", against)
            if against["accuracy_relative"] > 1:
                print("The surfaces lie further apart than they are large: are both in the world frame?")
            scores |= against
        if self.points is not None:
            points = load_points(self.points, self.min_views)
            against = compare_with_points(mesh, points, self.thresholds)
            print_scores(f"{len(points):,} points of {self.points.name} to {self.mesh.name}", against)
            scores |= against
        if self.json is not None:
            write_json(self.json, scores)
