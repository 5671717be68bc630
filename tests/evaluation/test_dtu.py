"""DTU's protocol against a literal, slow form of it on a synthetic scan in DTU's own files, and on known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.io import savemat
from scipy.spatial.distance import cdist

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.dtu import load_dtu_scan, score_against_scan
from idr_neus_plugins.evaluation.sampling import sample_evenly

CENTRE = np.array([30.0, -20.0, 640.0])


def fibonacci(radius: float, spacing: float) -> np.ndarray:
    """Points evenly on a sphere around CENTRE."""
    count = int(4 * np.pi * radius**2 / spacing**2)
    i = np.arange(count) + 0.5
    height, angle = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    ring = np.sqrt(1 - height**2)
    return CENTRE + radius * np.stack([ring * np.cos(angle), ring * np.sin(angle), height], 1)


def write_scan(folder: Path, points: np.ndarray, half: float = 4.0, voxel: float = 0.5, plane_z: float | None = None):
    """A scan in DTU's formats; the mask covers a cube but not its part with the lowest x; the table is at plane_z."""
    cells = int(2 * half / voxel) + 1
    observed = np.ones((cells, cells, cells), np.uint8)
    observed[: cells // 4] = 0
    box = np.stack([CENTRE - half, CENTRE + half])
    (folder / "ObsMask").mkdir(parents=True)
    (folder / "Points" / "stl").mkdir(parents=True)
    savemat(folder / "ObsMask" / "ObsMask7_10.mat", {"ObsMask": observed, "BB": box, "Res": np.array([[voxel]])})
    low = CENTRE[2] - 1e6 if plane_z is None else plane_z
    savemat(folder / "ObsMask" / "Plane7.mat", {"P": np.array([[0.0], [0.0], [1.0], [-low]])})
    trimesh.PointCloud(points).export(folder / "Points" / "stl" / "stl007_total.ply")
    return folder


def sphere(radius: float, subdivisions: int = 3) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return mesh.apply_translation(CENTRE)


def literal_samples(mesh: trimesh.Trimesh, spacing: float) -> np.ndarray:
    points = list(mesh.vertices)
    for a, b, c in mesh.triangles:
        e1, e2 = b - a, c - a
        area = np.linalg.norm(np.cross(e1, e2))
        if area == 0:
            continue
        step = spacing * np.sqrt(np.linalg.norm(e1) * np.linalg.norm(e2) / area)
        n1, n2 = int(np.linalg.norm(e1) / step), int(np.linalg.norm(e2) / step)
        for i in range(n1 + 1):
            for j in range(n2 + 1):
                u, v = (i + 0.5) / max(n1, 1e-7), (j + 0.5) / max(n2, 1e-7)
                if u + v < 1:
                    points.append(a + u * e1 + v * e2)
    return np.array(points)


def literal_score(mesh: trimesh.Trimesh, folder: Path, seed: int) -> dict[str, float]:
    """Step by step as the released evaluation does it, with all pairs instead of trees."""
    from scipy.io import loadmat

    mask = loadmat(folder / "ObsMask" / "ObsMask7_10.mat")
    plane = loadmat(folder / "ObsMask" / "Plane7.mat")["P"]
    scan = np.asarray(trimesh.load(folder / "Points" / "stl" / "stl007_total.ply").vertices)
    points = literal_samples(mesh, 0.2)
    standing = np.ones(len(points), bool)
    for i in np.random.default_rng(seed).permutation(len(points)):
        if standing[i]:
            standing[cdist(points[i : i + 1], points)[0] <= 0.2] = False
            standing[i] = True
    points = points[standing]
    lower, upper = mask["BB"]
    points = points[((points >= lower - 60) & (points < upper + 120)).all(1)]
    seen = []
    for point in points:
        index = np.around((point - lower) / mask["Res"][0, 0]).astype(int)
        if (index >= 0).all() and (index < mask["ObsMask"].shape).all() and mask["ObsMask"][tuple(index)]:
            seen.append(point)
    above = scan[(np.c_[scan, np.ones(len(scan))] @ plane)[:, 0] > 0]
    to_scan = np.array([cdist([point], scan).min() for point in seen])
    to_mesh = np.array([cdist([point], points).min() for point in above])
    accuracy, completeness = to_scan[to_scan < 20].mean(), to_mesh[to_mesh < 20].mean()
    return {"accuracy": accuracy, "completeness": completeness, "chamfer": (accuracy + completeness) / 2}


def test_equals_the_literal_protocol(tmp_path):
    points = np.concatenate([fibonacci(3.0, 0.25), CENTRE + [[0, 0, 30.0]]])  # one point that is too far to count
    folder = write_scan(tmp_path, points, plane_z=CENTRE[2] - 2)
    mesh = trimesh.util.concatenate([sphere(3.1, 2), sphere(0.3, 1).apply_translation([0, 3.2, 0])])
    scores = score_against_scan(mesh, load_dtu_scan(tmp_path, 7), (0.2,), seed=5)
    exact = literal_score(mesh, folder, seed=5)
    assert {name: scores[name] for name in exact} == pytest.approx(exact, rel=1e-9)
    assert scores["far_completeness"] == pytest.approx(1 / (points[:, 2] > CENTRE[2] - 2).sum())


def test_concentric_spheres(tmp_path):
    scan = load_dtu_scan(write_scan(tmp_path, fibonacci(3.0, 0.02)), 7)
    scores = score_against_scan(sphere(3.5, 5), scan, (0.45, 0.55))
    assert scores["accuracy"] == pytest.approx(0.5, abs=0.005)
    assert scores["completeness"] == pytest.approx(0.5, abs=0.02)  # the mesh's points are 0.2 mm apart
    assert scores["precision_0.45"] == 0 and scores["precision_0.55"] == 1 and scores["far_accuracy"] == 0


def test_floaters_beyond_the_cap_do_not_count_and_are_told(tmp_path):
    scan = load_dtu_scan(write_scan(tmp_path, fibonacci(3.0, 0.05), half=40.0, voxel=2.0), 7)
    floater = sphere(1.0).apply_translation([25, 0, 0])
    clean = score_against_scan(sphere(3.0, 5), scan, (1.0,))
    with_floater = score_against_scan(trimesh.util.concatenate([sphere(3.0, 5), floater]), scan, (1.0,))
    assert with_floater["accuracy"] == pytest.approx(clean["accuracy"], abs=2e-3)
    assert with_floater["far_accuracy"] > 0.05 and with_floater["precision_1"] < 0.95


def test_what_the_scanner_could_not_see_is_not_judged(tmp_path):
    scan = load_dtu_scan(write_scan(tmp_path, fibonacci(3.0, 0.05)), 7)
    hidden = sphere(0.4).apply_translation([-3.4, 0, 0])  # where the mask is 0
    scores = score_against_scan(trimesh.util.concatenate([sphere(3.0, 5), hidden]), scan)
    assert scores["accuracy"] == pytest.approx(score_against_scan(sphere(3.0, 5), scan)["accuracy"], abs=2e-3)


def test_the_table_is_not_missed(tmp_path):
    table = CENTRE + np.stack(
        [*np.meshgrid(np.linspace(-4, 4, 30), np.linspace(-4, 4, 30)), np.full((30, 30), -3.5)], -1
    )
    points = np.concatenate([fibonacci(3.0, 0.05), table.reshape(-1, 3)])
    below = load_dtu_scan(write_scan(tmp_path / "with", points, plane_z=CENTRE[2] - 3.2), 7)
    without = load_dtu_scan(write_scan(tmp_path / "without", fibonacci(3.0, 0.05)), 7)
    with_table = score_against_scan(sphere(3.0, 5), below)["completeness"]
    assert with_table == pytest.approx(score_against_scan(sphere(3.0, 5), without)["completeness"], abs=1e-6)


def test_samples_of_a_triangle_have_the_spacing_and_stay_inside():
    triangle = np.array([[[0.0, 0, 0], [10, 0, 0], [3, 7, 0]]])
    points = sample_evenly(triangle[0], triangle, 0.2)
    assert len(points) == pytest.approx(35 / 0.2**2, rel=0.05)
    weights = np.linalg.solve(np.c_[triangle[0][:, :2], np.ones(3)].T, np.c_[points[:, :2], np.ones(len(points))].T)
    assert weights.min() > -1e-9
    mesh = trimesh.creation.icosphere(subdivisions=1, radius=2)
    np.testing.assert_allclose(
        np.sort(sample_evenly(mesh.vertices, mesh.triangles, 0.2), 0),
        np.sort(literal_samples(mesh, 0.2), 0),
        atol=1e-12,
    )
    flat = np.array([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0]]])
    assert len(sample_evenly(flat[0], flat, 0.1)) == 3


def test_missing_or_foreign_files_are_named(tmp_path):
    with pytest.raises(UserError, match="ObsMask7_10.mat"):
        load_dtu_scan(tmp_path, 7)
    folder = write_scan(tmp_path, fibonacci(3.0, 0.5))
    savemat(folder / "ObsMask" / "Plane7.mat", {"Q": 1})
    with pytest.raises(UserError, match="lack P"):
        load_dtu_scan(folder, 7)


def test_a_mesh_in_another_frame_is_refused(tmp_path):
    scan = load_dtu_scan(write_scan(tmp_path, fibonacci(3.0, 0.5)), 7)
    with pytest.raises(UserError, match="millimetres"):
        score_against_scan(trimesh.creation.icosphere(), scan)
