"""Frames, colours and files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.frames import to_frame, write_mesh


def colored_box() -> trimesh.Trimesh:
    mesh = trimesh.creation.box()
    mesh.visual.vertex_colors = np.arange(24).reshape(8, 3).astype(np.uint8) * 10
    return mesh


def test_to_frame_moves_and_scales():
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[:3, 3] = [10, 20, 30]
    mesh = trimesh.creation.box()
    moved = to_frame(mesh, matrix)
    np.testing.assert_allclose(moved.bounds, [[9, 19, 29], [11, 21, 31]])
    assert moved.volume == pytest.approx(8) and mesh.volume == pytest.approx(1)


def test_mirroring_keeps_the_outside_outside():
    assert to_frame(trimesh.creation.box(), np.diag([1.0, 1.0, -1.0, 1.0])).volume == pytest.approx(1)


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb"])
def test_files_load_again_closed_and_colored(tmp_path, suffix):
    mesh, path = colored_box(), tmp_path / "new" / f"mesh.{suffix}"
    write_mesh(mesh, path)
    loaded = trimesh.load(path, force="mesh", process=False)
    assert loaded.is_watertight and loaded.volume == pytest.approx(1)
    order = [np.linalg.norm(mesh.vertices - vertex, axis=1).argmin() for vertex in loaded.vertices]
    difference = loaded.visual.vertex_colors[:, :3].astype(int) - mesh.visual.vertex_colors[order, :3]
    assert np.abs(difference).max() <= 1
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "mesh.ply"
    write_mesh(colored_box(), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_mesh(trimesh.creation.icosphere(), path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_vertex_colors_in_batches():
    vertices = np.random.default_rng(0).uniform(-1, 2, (1000, 3))
    colors = vertex_colors(lambda p: p, vertices, torch.device("cpu"), batch_size=77, progress=False)
    assert colors.dtype == np.uint8
    np.testing.assert_allclose(colors / 255, np.clip(vertices, 0, 1), atol=0.5 / 255 + 1e-6)
