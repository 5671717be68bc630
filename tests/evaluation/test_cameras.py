"""Alignment and errors of cameras, against moves that are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from idr_neus_plugins.cli.eval_cameras import EvalCameras
from idr_neus_plugins.core.similarity import align_points
from idr_neus_plugins.data.pose_files import read_poses, read_scene_poses
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.camera_plot import plot_camera_errors
from idr_neus_plugins.evaluation.cameras import camera_errors, rotation_angles, summary

P = Path("absent")


def random_poses(count: int = 12, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.random(count, random_state=seed).as_matrix()
    poses[:, :3, 3] = 100.0 * generator.normal(size=(count, 3))
    return poses


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100.0))
def test_a_similarity_of_the_whole_world_is_no_error(seed, scale):
    truth, turn = random_poses(seed=seed), Rotation.random(random_state=seed + 1).as_matrix()
    moved = truth.copy()
    moved[:, :3, :3] = turn @ truth[:, :3, :3]
    moved[:, :3, 3] = scale * truth[:, :3, 3] @ turn.T + [3.0, -20.0, 7.0]
    errors = camera_errors(moved, truth)
    assert errors.rotation_deg.max() < 1e-4 and errors.translation.max() < 1e-6
    assert align_points(moved[:, :3, 3], truth[:, :3, 3]).scale == pytest.approx(1.0 / scale)


def test_a_turned_camera_is_off_by_its_angle():
    truth = random_poses()
    turned = truth.copy()
    turned[3, :3, :3] = Rotation.from_rotvec([0.0, np.radians(2.0), 0.0]).as_matrix() @ turned[3, :3, :3]
    errors = camera_errors(turned, truth)
    assert errors.rotation_deg[3] == pytest.approx(2.0) and np.delete(errors.rotation_deg, 3).max() < 1e-4
    assert summary(errors, "_start") == pytest.approx(
        {
            "rotation_deg_mean_start": 2.0 / 12,
            "rotation_deg_median_start": 0.0,
            "translation_mean_start": 0.0,
            "translation_median_start": 0.0,
        },
        abs=1e-4,
    )


def test_the_alignment_is_the_best_one():
    """No small change of it has a smaller sum of squares."""
    source, target = random_poses(seed=1)[:, :3, 3], random_poses(seed=2)[:, :3, 3]
    best = align_points(source, target)

    def cost(scale: float, rotation: np.ndarray, shift: np.ndarray) -> float:
        return float(((scale * source @ rotation.T + shift - target) ** 2).sum())

    least = cost(*best)
    for change in np.vstack([np.eye(7), -np.eye(7)]) * 1e-3:
        turn = Rotation.from_rotvec(change[:3]).as_matrix() @ best.rotation
        assert cost(best.scale * (1 + change[3]), turn, best.translation + change[4:]) >= least


def test_small_angles_are_exact():
    angles = np.array([1e-5, 1e-3, 1.0, 179.0])
    rotations = Rotation.from_rotvec(np.radians(angles)[:, None] * [[0.6, 0.0, 0.8]]).as_matrix()
    assert rotation_angles(rotations) == pytest.approx(angles, rel=1e-6)


def test_cameras_on_a_line_are_refused():
    poses = random_poses(5)
    poses[:, :3, 3] = np.arange(5)[:, None] * [1.0, 2.0, 3.0]
    with pytest.raises(UserError, match="on a line"):
        camera_errors(poses, poses)


def test_pose_files(tmp_path, tiny_scene):
    """A quaternion of any length, and the same cameras as projection matrices."""
    poses = read_poses(tiny_scene / "cameras.npz")
    quaternions = np.roll(Rotation.from_matrix(poses[:, :3, :3]).as_quat(), 1, axis=1)
    np.savez(tmp_path / "trained.npz", pose_vecs=np.concatenate([-2.5 * quaternions, poses[:, :3, 3]], axis=1))
    assert read_poses(tmp_path / "trained.npz") == pytest.approx(poses, abs=1e-4)
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    with pytest.raises(UserError, match="neither"):
        read_poses(tmp_path / "other.npz")


def test_poses_of_a_scene(tiny_scene):
    given = read_scene_poses(tiny_scene, "cameras_linear_init")
    assert np.array_equal(given, read_poses(tiny_scene / "cameras_linear_init.npz"))
    assert not np.array_equal(given, read_scene_poses(tiny_scene))
    with pytest.raises(UserError, match="surface.ply is no folder"):
        read_scene_poses(tiny_scene / "surface.ply")


def test_the_command_scores_a_file_of_poses(tmp_path, tiny_scene, capsys):
    """The noise of the tiny scene's poses is 1 degree and 3 mm; alignment takes some of it away."""
    noisy, out = tiny_scene / "cameras_linear_init.npz", tmp_path / "out"
    EvalCameras(poses=noisy, data=tiny_scene, json=out / "scores.json", plot=out / "errors.png").main()
    scores = json.loads((out / "scores.json").read_text())
    assert set(scores) == {"rotation_deg_mean", "rotation_deg_median", "translation_mean", "translation_median"}
    assert 0.5 < scores["rotation_deg_median"] < 1.2 and 1.5 < scores["translation_median"] < 3.2
    assert "10 cameras" in capsys.readouterr().out and (out / "errors.png").stat().st_size > 1000


@pytest.mark.parametrize("arguments", [{}, {"poses": P}, {"load_config": P, "poses": P}])
def test_the_command_says_what_it_needs(arguments):
    with pytest.raises(UserError, match="either --load-config"):
        EvalCameras(**arguments).main()


def test_the_plot_shows_every_set(tmp_path):
    poses = random_poses(4)
    errors = camera_errors(poses, random_poses(4, seed=3))
    plot_camera_errors(tmp_path / "one.png", {"given": errors})
    plot_camera_errors(tmp_path / "two.png", {"given": errors, "refined": errors})
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "two.png").read_bytes()


def test_published_poses_of_scan65(shared_data):
    """IDR's released model of scan65: about 0.46 degrees and 3.2 mm in the mean, from 1.8 degrees and 4.5 mm."""
    scan = shared_data / "dtu" / "scan65"
    truth = read_poses(scan / "cameras.npz")
    published = summary(camera_errors(read_poses(scan / "idr_published_poses.npz"), truth))
    start = summary(camera_errors(read_poses(scan / "cameras_linear_init.npz"), truth))
    assert (published["rotation_deg_mean"], published["translation_mean"]) == pytest.approx((0.455, 3.20), abs=0.01)
    assert (start["rotation_deg_mean"], start["translation_mean"]) == pytest.approx((1.79, 4.53), abs=0.01)
