"""Paths, their files and their errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.evaluation.trajectory import trajectory_scores
from idr_neus_plugins.pose.tum import read_tum, write_tum


def path(frames: int = 12) -> np.ndarray:
    angles = np.linspace(0, 1.5, frames)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = Rotation.from_euler("z", angles[:, None]).as_matrix()
    poses[:, :3, 3] = np.stack([np.cos(angles), np.sin(angles), 0.1 * angles**2], 1)
    return poses


def test_a_path_in_another_world_is_without_error():
    similar = Rotation.from_euler("xyz", [0.3, 0.5, 1.0]).as_matrix()
    moved = path()
    moved[:, :3, :3] = similar @ moved[:, :3, :3]
    moved[:, :3, 3] = 2.5 * moved[:, :3, 3] @ similar.T + [1, 2, 3]
    scores = trajectory_scores(moved, path())
    assert scores.pop("scale") == pytest.approx(0.4)
    assert all(value < 1e-6 for value in scores.values())


def test_noise_of_known_size_is_found():
    noisy, rng = path(200), np.random.default_rng(0)
    noisy[:, :3, 3] += rng.normal(0, 0.01, (200, 3))
    turns = Rotation.from_rotvec(rng.normal(0, 0.02, (200, 3)))
    noisy[:, :3, :3] = turns.as_matrix() @ noisy[:, :3, :3]
    scores = trajectory_scores(noisy, path(200))
    assert scores["ate"] == pytest.approx(0.01 * np.sqrt(3), rel=0.1)
    between = np.degrees((turns[:-1].inv() * turns[1:]).magnitude())
    assert scores["rpe_deg"] == pytest.approx(np.sqrt(np.square(between).mean()))


def test_files_keep_the_path(tmp_path):
    write_tum(tmp_path / "t.txt", path())
    assert np.allclose(read_tum(tmp_path / "t.txt"), path(), atol=1e-6)


def test_another_file_is_no_path(tmp_path):
    (tmp_path / "t.txt").write_text("1 2 3\n")
    with pytest.raises(UserError, match="cannot be read as a trajectory .1 lines of 3 numbers"):
        read_tum(tmp_path / "t.txt")
