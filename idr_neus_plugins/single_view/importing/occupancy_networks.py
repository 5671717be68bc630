"""The data of Occupancy Networks (Mescheder et al. 2019): ``<category>/<name>/`` with

``pointcloud.npz`` (``points``, ``normals``: the surface, normalised; ``loc``, ``scale``: the way back),
``img_choy2016/000.jpg`` ... on white, and ``img_choy2016/cameras.npz`` (``world_mat_i`` [3, 4], ``camera_mat_i`` [3, 3]
to image coordinates between -1 and 1). The solid is made anew from the oriented points; it has no colours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.files import list_images, open_image
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npz
from idr_neus_plugins.single_view.importing.backgrounds import cut_from_background
from idr_neus_plugins.single_view.importing.solids import Z_UP, solid_of_points, upright
from idr_neus_plugins.single_view.importing.source import Found, Reader, SourceShape
from idr_neus_plugins.single_view.shapes.writing import PhotographedView

IMAGES, CLOUD, CAMERAS = "img_choy2016", "pointcloud.npz", "cameras.npz"
WHITE = np.full(3, 255, np.uint8)
NOISE = 16
"""8-bit steps by which compression may darken the white."""


class OccupancyNetworksReader(Reader):
    def find(self, root: Path) -> list[Found]:
        folders = sorted(path.parent for path in root.rglob(CLOUD) if (path.parent / IMAGES).is_dir())
        if not folders:
            raise UserError(f"There is no {CLOUD} with {IMAGES} beside it below {root}.")
        return [Found(folder.name, folder.parent.name, folder) for folder in folders]

    def read(self, found: Found) -> SourceShape:
        points, normals, scale, loc = _arrays(found.folder / CLOUD, "points", "normals", "scale", "loc")
        shape = upright(solid_of_points(points * float(scale) + loc, normals))
        return SourceShape(shape, _views(found.folder / IMAGES))


def _views(folder: Path) -> list[PhotographedView]:
    views = []
    for number, path in enumerate(list_images(folder)):
        color = np.asarray(open_image(path).convert("RGB"))
        matrices = _arrays(folder / CAMERAS, f"world_mat_{number}", f"camera_mat_{number}")
        camera = _camera(*matrices, size=(color.shape[0], color.shape[1]))
        views.append((camera, cut_from_background(color, WHITE, NOISE)))
    return views


def _camera(world_mat: np.ndarray, camera_mat: np.ndarray, size: tuple[int, int]) -> Camera:
    """From matrices (scene with y upwards -> camera -> image between -1 and 1), z upwards."""
    height, width = size
    pixels_from_ndc = np.array([[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1.0]])
    rotation, shift = world_mat[:3, :3], world_mat[:3, 3]
    pose = Z_UP @ np.concatenate([rotation.T, -rotation.T @ shift[:, None]], 1)
    return Camera(pixels_from_ndc @ camera_mat[:3, :3], pose, size)


def _arrays(path: Path, *names: str) -> list[np.ndarray]:
    content = load_npz(path)
    if missing := [name for name in names if name not in content]:
        raise UserError(f"{path} holds {', '.join(sorted(content)[:8])}, and not {', '.join(missing)}.")
    return [content[name].astype(float) for name in names]
