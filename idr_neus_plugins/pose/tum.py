"""Trajectories in the text format of the TUM RGB-D benchmark: ``time tx ty tz qx qy qz qw``, camera-to-world."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.reading import as_data, read_text
from idr_neus_plugins.writing import replace_file


def write_tum(path: Path, poses: Float[np.ndarray, "frames 4 4"]) -> None:
    """Times are the frames' numbers."""
    from scipy.spatial.transform import Rotation

    quaternions = Rotation.from_matrix(poses[:, :3, :3]).as_quat()
    rows = np.concatenate([np.arange(len(poses))[:, None], poses[:, :3, 3], quaternions], axis=1)
    replace_file(path, "".join(" ".join(f"{value:.9g}" for value in row) + "\n" for row in rows).encode())


def read_tum(path: Path) -> Float[np.ndarray, "frames 4 4"]:
    """Poses in the order of the file. Raises UserError for a file that is none."""
    from scipy.spatial.transform import Rotation

    lines = read_text(path).splitlines()
    with as_data(path, "a trajectory", "Lines of time tx ty tz qx qy qz qw are expected."):
        rows = np.loadtxt(lines, comments="#", ndmin=2)
        if not np.isfinite(rows).all() or rows.shape[1] != 8 or not len(rows):
            raise ValueError(f"{rows.shape[0]} lines of {rows.shape[1]} numbers, or some that are not finite")
        poses = np.tile(np.eye(4), (len(rows), 1, 1))
        poses[:, :3, :3] = Rotation.from_quat(rows[:, 4:8]).as_matrix()
        poses[:, :3, 3] = rows[:, 1:4]
        return poses
