"""DTU's structured-light truth and the official score.

Aanæs, Jensen, Vogiatzis, Tola, Dahl: Large-Scale Data for Multiple-View Stereopsis, IJCV 2016, section 4. Units are
millimetres in the world of the released cameras.

What the protocol does, in its order: the mesh becomes points about 0.2 mm apart; these are thinned to 0.2 mm; those
farther than 60 mm outside the box of the observability mask are dropped. *Accuracy* is the mean distance to the scan
from the points where the mask says that the scanner saw something. *Completeness* is the mean distance to the points
from the scanned points above the table's plane. In both, distances of 20 mm and more do not count: a point that far off
is ignored, not punished, which is why the far fractions are scores of their own here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from jaxtyping import Bool, Float

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.downsampling import downsample
from idr_neus_plugins.evaluation.nearest import Progress, nearest_distances
from idr_neus_plugins.evaluation.sampling import sample_evenly
from idr_neus_plugins.evaluation.scores import Scores, chamfer, f_scores
from idr_neus_plugins.reading import as_data

SPACING_MM = 0.2
"""Between samples of the mesh, and the radius of the thinning."""
CAP_MM = 20.0
"""Distances from here on do not enter the means."""
MARGIN_MM = 60.0
"""Of the box outside which points of the mesh are dropped; twice this on the upper side, as in the released code."""


@dataclass(frozen=True)
class DtuScan:
    """The truth of one scan."""

    points: Float[np.ndarray, "n 3"]
    """Scanned points, mm."""
    observed: Bool[np.ndarray, "x y z"]
    """Voxels that the scanner observed."""
    box: Float[np.ndarray, "2 3"]
    """Lower and upper corner of the voxels, mm; the voxel with index i has its centre at lower + i · voxel."""
    voxel: float
    """Size of a voxel, mm."""
    plane: Float[np.ndarray, " 4"]
    """Points x above the table have plane · (x, 1) > 0."""

    def is_observed(self, points: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        index = np.around((points - self.box[0]) / self.voxel).astype(np.int64)
        inside = ((index >= 0) & (index < self.observed.shape)).all(1)
        seen = np.zeros(len(points), np.bool_)
        seen[inside] = self.observed[tuple(index[inside].T)]
        return seen

    def near_box(self, points: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        return ((points >= self.box[0] - MARGIN_MM) & (points < self.box[1] + 2 * MARGIN_MM)).all(1)

    def above_table(self) -> Float[np.ndarray, "m 3"]:
        return self.points[self.points @ self.plane[:3] + self.plane[3] > 0]


def score_against_scan(
    mesh: trimesh.Trimesh,
    scan: DtuScan,
    thresholds: Sequence[float] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Scores:
    """``accuracy``, ``completeness``, ``chamfer`` ("overall") in mm; ``far_accuracy``, ``far_completeness``: fractions
    left out of the means because they are 20 mm off or more; precision, recall, F-score, where far points are misses.

    Raises UserError where no part of the mesh is where the scanner looked, as for a mesh in another frame.
    """
    points = sample_evenly(np.asarray(mesh.vertices), np.asarray(mesh.triangles), SPACING_MM)
    points = points[downsample(points, SPACING_MM, seed)]
    points = points[scan.near_box(points)]
    seen = points[scan.is_observed(points)]
    if len(seen) == 0:
        raise UserError(
            "No part of the mesh lies where DTU's scanner looked. The mesh must be in the world of the cameras, in "
            "millimetres: export it with --frame world, and check the number of the scan."
        )
    to_scan = nearest_distances(scan.points, seen, CAP_MM, progress)
    to_mesh = nearest_distances(points, scan.above_table(), CAP_MM, progress)
    scores = chamfer(_capped_mean(to_scan), _capped_mean(to_mesh))
    scores |= {"far_accuracy": float((to_scan >= CAP_MM).mean()), "far_completeness": float((to_mesh >= CAP_MM).mean())}
    return scores | f_scores(to_scan, to_mesh, thresholds)


def _capped_mean(distances: np.ndarray) -> float:
    counted = distances[distances < CAP_MM]
    return float(counted.mean()) if len(counted) else CAP_MM


def load_dtu_scan(folder: Path, number: int) -> DtuScan:
    """The truth of a scan from ``stlNNN_total.ply``, ``ObsMaskNN_10.mat`` and ``PlaneNN.mat``.

    The files may lie in the folder or in DTU's own subfolders (``Points/stl``, ``ObsMask``).
    Raises UserError for files that are missing or hold something else.
    """
    from scipy.io import loadmat

    mask_file = _find(folder, f"ObsMask{number}_10.mat")
    mask, plane = loadmat(mask_file), loadmat(_find(folder, f"Plane{number}.mat"))
    missing = [name for name in ("ObsMask", "BB", "Res") if name not in mask] + ([] if "P" in plane else ["P"])
    if missing:
        raise UserError(f"{mask_file} and Plane{number}.mat lack {', '.join(missing)}; are they DTU's own files?")
    return DtuScan(
        points=_read_points(_find(folder, f"stl{number:03d}_total.ply")),
        observed=np.asarray(mask["ObsMask"]).astype(np.bool_),
        box=np.asarray(mask["BB"], dtype=np.float64),
        voxel=float(np.squeeze(mask["Res"])),
        plane=np.asarray(plane["P"], dtype=np.float64).reshape(4),
    )


def _find(folder: Path, name: str) -> Path:
    found = [path for sub in ("", "Points/stl", "stl", "ObsMask") if (path := folder / sub / name).is_file()]
    if not found:
        raise UserError(
            f"There is no {name} in {folder} or its Points/stl and ObsMask. It is part of DTU's evaluation data "
            "(SampleSet.zip and Points.zip)."
        )
    return found[0]


def _read_points(path: Path) -> Float[np.ndarray, "n 3"]:
    with as_data(path, "a point cloud"):
        content = trimesh.load(path, process=False)
        points = np.asarray(getattr(content, "vertices", np.empty((0, 3))), dtype=np.float64)
    if len(points) == 0:
        raise UserError(f"{path} holds no points.")
    return points
