"""How long scoring takes and how much memory, on shapes of a given size."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import trimesh

from idr_neus_plugins.evaluation.chamfer import compare_with_points
from idr_neus_plugins.evaluation.dtu import DtuScan, score_against_scan

RADIUS_MM = 90.0
"""Of the sphere: its area, 0.1 m², is that of a large object of DTU."""


def time_scoring(faces: int, points: int) -> dict[str, float]:
    """Scores a sphere of at least ``faces`` triangles against noisy ``points``, by DTU's protocol and one-sided.

    ``dtu_seconds``, ``points_seconds``; ``peak_gb`` of the whole process; ``faces`` and ``points`` as they were.
    """
    subdivisions = int(np.ceil(np.log(faces / 20) / np.log(4)))
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=RADIUS_MM)
    scan = scanned_sphere(points)
    start = time.perf_counter()
    score_against_scan(mesh, scan)
    middle = time.perf_counter()
    compare_with_points(mesh, scan.points)
    end = time.perf_counter()
    return {
        "faces": float(len(mesh.faces)),
        "points": float(points),
        "dtu_seconds": middle - start,
        "points_seconds": end - middle,
        "peak_gb": peak_bytes() / 1e9,
    }


def scanned_sphere(points: int, seed: int = 0) -> DtuScan:
    """A scan with 0.1 mm of noise, all of it observed and above the table."""
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(points, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = RADIUS_MM + 0.1 * generator.normal(size=(points, 1))
    corner = RADIUS_MM + 5.0
    cells = int(2 * corner) + 1
    return DtuScan(
        points=directions * distances,
        observed=np.ones((cells, cells, cells), np.bool_),
        box=np.array([[-corner] * 3, [corner] * 3]),
        voxel=1.0,
        plane=np.array([0.0, 0.0, 0.0, 1.0]),
    )


def peak_bytes() -> int:
    """Most memory that this process has held."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else 1024 * kilobytes
