"""The cameras of a scene's folder, for judging what they see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from idr_neus_plugins.core.pinhole import PinholeCamera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.scene_views import SceneViews, TruthPoints
from idr_neus_plugins.evaluation.surface_points import SurfacePoints

WITHOUT_MASKS = 0.97
"""Of the region's radius: what lies farther out is not judged without masks, as meshes are cut off at the region."""
TRUTH = "visible.npz"
"""Points of the exact surface that the photographs show, where somebody has computed them already."""


def read_scene_views(folder: Path) -> SceneViews:
    """In the world, of an IDR/NeuS scene. Photographs stay on disk until they are asked for.

    Raises UserError that says what is wrong with the folder.
    """
    from idr_neus_plugins.data.files import read_pixels
    from idr_neus_plugins.data.idr_scene import read_idr_scene

    scene = read_idr_scene(folder)
    cameras = [
        PinholeCamera(intrinsics, pose[:3], size)
        for intrinsics, pose, size in zip(scene.intrinsics, scene.camera_to_scene, scene.sizes, strict=True)
    ]

    def grey(view: int) -> np.ndarray:
        return read_pixels(scene.image_filenames[view], "L", scene.sizes[view], 1.0).astype(np.float32)

    masked = scene.mask_filenames is not None
    views = SceneViews(cameras, grey, np.zeros(3), 1.0 if masked else WITHOUT_MASKS, masked)
    return replace(views.moved(scene.world_from_scene), truth=_truth(folder / TRUTH))


def _truth(path: Path) -> TruthPoints | None:
    from idr_neus_plugins.data.idr_scene import load_npz

    if not path.is_file():
        return None
    content = load_npz(path)
    if missing := {"xyz", "normals", "texture"} - set(content):
        raise UserError(f"{path} lacks {', '.join(sorted(missing))}. Remove the file: its points are found without it.")
    points, normals, texture = (content[name].astype(np.float64) for name in ("xyz", "normals", "texture"))
    return TruthPoints(SurfacePoints(points, normals / np.linalg.norm(normals, axis=1, keepdims=True)), texture)
