"""Camera poses alone, out of the files that IDR reads and writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.idr_scene import find_camera_file, projections_in
from idr_neus_plugins.data.projection import decompose_projection
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npz


def read_scene_poses(folder: Path, cameras: str = "auto") -> Float[np.ndarray, "views 4 4"]:
    """``read_poses`` of an IDR/NeuS scene; ``cameras`` names its file as in ``find_camera_file``.

    Raises UserError where there is no such folder or no such file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder. Cameras are read from an IDR/NeuS scene.")
    return read_poses(find_camera_file(folder, cameras))


def read_poses(path: Path) -> Float[np.ndarray, "views 4 4"]:
    """Camera-to-world, OpenCV axes, rigid: from ``world_mat_i``, or from ``pose_vecs`` [views, 7], which are a
    quaternion (w, x, y, z; of any length) and the camera's centre.

    Raises UserError for a file that holds neither.
    """
    content = load_npz(path)
    if "pose_vecs" in content and content["pose_vecs"].ndim == 2 and content["pose_vecs"].shape[1:] == (7,):
        vectors = content["pose_vecs"].astype(np.float64)
        if not np.isfinite(vectors).all() or (np.linalg.norm(vectors[:, :4], axis=1) < 1e-9).any():
            raise UserError(f"{path}: pose_vecs holds a pose that is not finite or has no rotation. Remove that view.")
        return _from_quaternions(vectors)
    mats = projections_in(content)
    if mats is None:
        raise UserError(f"{path} holds neither world_mat_0, world_mat_1, … nor pose_vecs [views, 7].")
    return np.stack([decompose_projection(mat)[1] for mat in mats])


def _from_quaternions(vectors: Float[np.ndarray, "views 7"]) -> Float[np.ndarray, "views 4 4"]:
    from scipy.spatial.transform import Rotation

    poses = np.tile(np.eye(4), (len(vectors), 1, 1))
    poses[:, :3, :3] = Rotation.from_quat(np.roll(vectors[:, :4], -1, axis=1)).as_matrix()
    poses[:, :3, 3] = vectors[:, 4:]
    return poses
