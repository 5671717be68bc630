"""Small changes to a copy of a scene, to see what the parser says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np


def copy_scene(scene: Path, folder: Path) -> Path:
    """A copy in which every file may be changed."""
    return Path(shutil.copytree(scene, folder / "scene"))


def change_cameras(folder: Path, change, name: str = "cameras_sphere.npz") -> None:
    """Rewrites the npz after ``change(arrays)``, a dictionary of all its matrices."""
    arrays = dict(np.load(folder / name))
    change(arrays)
    np.savez(folder / name, **arrays)
