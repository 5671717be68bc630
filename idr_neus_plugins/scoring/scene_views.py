"""The cameras of a scene's folder, for judging what they see."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.scene_views import SceneViews, TruthPoints
from idr_neus_plugins.evaluation.surface_points import SurfacePoints

WITHOUT_MASKS = 0.97
"""Of the region's radius: what lies farther out is not judged without masks, as meshes are cut off at the region."""
TRUTH = "visible.npz"
"""Points of the exact surface that the photographs show, where somebody has computed them already."""


def read_scene_views(folder: Path) -> SceneViews:
    """In the world, of a scene in any known layout. Photographs stay on disk until they are asked for.

    Raises UserError that says what is wrong with the folder, or that its photographs are distorted.
    """
    from idr_neus_plugins.core.similarity import Similarity
    from idr_neus_plugins.data.files import read_pixels
    from idr_neus_plugins.data.formats.reading import read_posed_scene

    scene = read_posed_scene(folder)
    if not all(view.is_pinhole for view in scene.views):
        raise UserError(
            f"The lenses of {folder} are distorted. `idr-neus convert --undistort` makes a scene to judge by."
        )
    cameras = [Camera(view.intrinsics, view.camera_to_world[:3], view.size) for view in scene.views]
    radius, _, centre = Similarity.of(scene.region(), str(folder))

    def grey(view: int) -> np.ndarray:
        return read_pixels(scene.views[view].image, "L", scene.views[view].size, 1.0).astype(np.float32)

    masked = scene.has_foreground
    return SceneViews(
        cameras, grey, centre, radius * (1.0 if masked else WITHOUT_MASKS), masked, _truth(folder / TRUTH)
    )


def _truth(path: Path) -> TruthPoints | None:
    from idr_neus_plugins.reading import load_npz

    if not path.is_file():
        return None
    content = load_npz(path)
    if missing := {"xyz", "normals", "texture"} - set(content):
        raise UserError(f"{path} lacks {', '.join(sorted(missing))}. Remove the file: its points are found without it.")
    points, normals, texture = (content[name].astype(np.float64) for name in ("xyz", "normals", "texture"))
    return TruthPoints(SurfacePoints(points, normals / np.linalg.norm(normals, axis=1, keepdims=True)), texture)
