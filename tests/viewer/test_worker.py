"""The worker's process: one real one for all tests here."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from dataclasses import replace

import numpy as np
import pytest

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.crop import Box
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.viewer.requests import LIGHT, ExportRequest, LiveMeshRequest, Request, light_of, scale_colors
from idr_neus_plugins.viewer.snapshot import Snapshot
from idr_neus_plugins.viewer.worker import NICENESS, Worker, _answered
from tests.meshing.views import around
from tests.viewer.test_snapshot import grid_model


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.take(grid_model())


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.close()


def test_a_mesh_comes_back_from_the_other_process(worker, snapshot, tmp_path):
    live = worker.ask(LiveMeshRequest(snapshot, "colours", 24, None, []))
    (tmp_path / "live.glb").write_bytes(live.glb)
    mesh = read_mesh(tmp_path / "live.glb")
    assert len(mesh.faces) == live.faces > 100 and mesh.colors is not None and live.seconds > 0


def test_it_lets_the_training_go_first(worker, snapshot):
    worker.ask(LiveMeshRequest(snapshot, "mesh", 16, None, []))
    assert os.getpriority(os.PRIO_PROCESS, worker._running().pid) == min(
        os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19
    )


def test_it_stands_still_on_demand(worker, snapshot):
    with ThreadPoolExecutor(1) as pool:
        with worker.at_rest():
            answer = pool.submit(worker.ask, LiveMeshRequest(snapshot, "mesh", 16, None, []))
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.5)
        assert answer.result().faces > 0


def test_failures_are_told_and_the_next_request_is_answered(worker, snapshot):
    nowhere = Box(np.array([9.0, 9.0, 9.0]), np.ones(3))
    with pytest.raises(UserError, match="outside of"):
        worker.ask(LiveMeshRequest(snapshot, "mesh", 24, nowhere, []))
    assert worker.ask(LiveMeshRequest(snapshot, "normals", 16, None, [])).faces > 0


def test_a_worker_that_died_is_replaced(worker, snapshot):
    process = worker._running()
    process.kill()
    process.wait()
    assert worker.ask(LiveMeshRequest(snapshot, "mesh", 16, None, [])).faces > 0
    assert worker._process is not process


def colors_of(look: str, snapshot, tmp_path, cameras=()) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and their colours, answered in this process."""
    succeeded, live = _answered(LiveMeshRequest(snapshot, look, 24, None, list(cameras)))
    assert succeeded, live
    (tmp_path / "live.glb").write_bytes(live.glb)
    mesh = read_mesh(tmp_path / "live.glb")
    return mesh.vertices, mesh.colors.astype(float)


def test_normals_light_and_confidence_are_painted(snapshot, tmp_path):
    vertices, colors = colors_of("normals", snapshot, tmp_path)
    outward = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    np.testing.assert_allclose(colors / 255, 0.5 + 0.5 * outward, atol=0.1)
    vertices, colors = colors_of("mesh", snapshot, tmp_path)
    assert np.ptp(colors, axis=1).max() <= 1 and colors[vertices[:, 2].argmax(), 0] > colors[vertices[:, 2].argmin(), 0]
    vertices, colors = colors_of("confidence", snapshot, tmp_path, around(1))
    seen = vertices @ around(1)[0].centre > 0.5 * 3 * 0.5
    assert colors[seen, 1].mean() > colors[~seen, 1].mean() + 30


def test_light_comes_from_where_the_photographs_were_taken(snapshot, tmp_path):
    camera = around(1)[0]
    vertices, colors = colors_of("mesh", snapshot, tmp_path, [camera])
    towards = vertices @ camera.centre
    assert colors[towards.argmax(), 0] > colors[towards.argmin(), 0] + 100
    behind = replace(
        camera, camera_to_scene=camera.camera_to_scene * [[-1, 1, -1, -1], [-1, 1, -1, -1], [-1, 1, -1, -1]]
    )
    np.testing.assert_array_equal(light_of([camera, behind]), LIGHT)
    np.testing.assert_array_equal(light_of([]), LIGHT)


def test_export_writes_into_the_folder(snapshot, tmp_path):
    path = tmp_path / "meshes" / "step.glb"
    crop = Box(np.zeros(3), np.array([0.3, 1, 1]))
    record = ExportRequest(snapshot, MeshOptions(resolution=24), crop, None, path, "world").answer()
    assert record["watertight"] and path.is_file() and path.with_suffix(".json").is_file()
    assert np.abs(read_mesh(path).vertices[:, 0]).max() < 0.33


def test_programming_errors_are_answers_too():
    class Broken(Request[int]):
        def answer(self) -> int:
            return 1 // 0

    succeeded, message = _answered(Broken())
    assert not succeeded and "ZeroDivisionError" in message


def test_the_scale_runs_from_dark_to_bright():
    colors = scale_colors(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])).sum(1)
    assert colors[0] == colors[1] < colors[2] < colors[3] == colors[4]
