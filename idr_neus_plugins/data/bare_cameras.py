"""Cameras of new data, before anybody has said where the object is: projection matrices, or K, R and t.

Known are npz files with ``world_mat_i`` (IDR, NeuS), npz files with ``K``, ``R`` and ``t``, and the text files of the
Middlebury multi-view data sets.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.formats.readers.checks import rigid
from idr_neus_plugins.data.idr_scene import find_camera_file, projections_in
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npz, read_text

FORMATS = (
    "world_mat_0, world_mat_1, … (4x4 projection matrices), or K, R and t (arrays [views, 3, 3], [views, 3, 3] and "
    "[views, 3]; x = K (R X + t), pixel centres on integers; one K [3, 3] may serve all views)"
)


def find_bare_cameras(folder: Path, name: str = "auto") -> Path:
    """The file called ``name``, or the only one that may hold cameras. Raises UserError where there is none."""
    if name != "auto":
        path = folder / name
        return path if path.is_file() else find_camera_file(folder, name)
    found = sorted([*folder.glob("*.npz"), *folder.glob("*_par.txt")])
    if len(found) != 1:
        listed = f"several ({', '.join(path.name for path in found)})" if found else "none"
        raise UserError(
            f"{folder} needs one file of cameras, found {listed}: an npz with {FORMATS}, or a Middlebury *_par.txt. "
            "Choose one with --cameras NAME."
        )
    return found[0]


def read_projections(path: Path) -> Float[np.ndarray, "views 3 4"]:
    """World to pixels (centres on integers) of all views, in the file's order. Raises UserError for other content."""
    if path.suffix == ".txt":
        return _read_middlebury(path)
    arrays = load_npz(path)
    mats = projections_in(arrays)
    if mats is not None:
        return mats
    if all(name in arrays for name in ("K", "R", "t")):
        if any(arrays[name].dtype.kind not in "fiu" for name in ("K", "R", "t")):
            raise UserError(f"{path}: K, R and t must hold numbers.")
        intrinsics, rotations, translations = (arrays[name].astype(np.float64) for name in ("K", "R", "t"))
        return _compose(intrinsics, rotations, translations, path)
    raise UserError(f"{path} holds {', '.join(sorted(arrays))}. Expected are {FORMATS}.")


def _compose(intrinsics: np.ndarray, rotations: np.ndarray, translations: np.ndarray, path: Path) -> np.ndarray:
    views = len(rotations) if rotations.ndim else 0
    shapes = (
        rotations.shape == (views, 3, 3),
        intrinsics.shape in ((3, 3), (views, 3, 3)),
        translations.size == 3 * views,
    )
    if not all(shapes):
        raise UserError(
            f"{path}: K, R and t have the shapes {intrinsics.shape}, {rotations.shape} and {translations.shape}. "
            "Expected are [views, 3, 3] (or [3, 3]), [views, 3, 3] and [views, 3]."
        )
    for view, rotation in enumerate(rotations):
        pose = np.eye(4)
        pose[:3, :3] = rotation
        rigid(pose, f"{path}: R of view {view}")
    return intrinsics @ np.concatenate([rotations, translations.reshape(views, 3, 1)], axis=2)


def _read_middlebury(path: Path) -> Float[np.ndarray, "views 3 4"]:
    """A count, then per view: name, K, R (row by row) and t, 22 words."""
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    views = lines[1:] if lines and len(lines[0]) == 1 else lines
    try:
        numbers = np.array([[float(word) for word in line[1:]] for line in views])
    except ValueError:
        numbers = np.empty((0, 0))
    if numbers.ndim != 2 or len(numbers) == 0 or numbers.shape[1] != 21:
        raise UserError(f"{path} is not in Middlebury's format: each line after the count is a name and 21 numbers.")
    rows = numbers.shape[0]
    return _compose(numbers[:, :9].reshape(rows, 3, 3), numbers[:, 9:18].reshape(rows, 3, 3), numbers[:, 18:], path)
