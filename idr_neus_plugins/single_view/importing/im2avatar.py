"""The data of Im2Avatar (Sun et al. 2018): ``<category>/<name>/`` with

``views/<i>.png`` on one colour; ``models/model_normalized_64.h5``, ``data`` [64, 64, 64, 3]: colours in [0, 1] of the
voxels of the surface, below -0.5 elsewhere, y along the second axis; ``models/64_<i>_coor.h5``, ``data`` [64, 64, 64,
2]: where the view sees each of these voxels, x and y as shares of the image. There are no cameras: they are fitted to
these places.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.files import list_images, open_image
from idr_neus_plugins.data.projection import decompose_projection
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.importing.backgrounds import cut_from_background
from idr_neus_plugins.single_view.importing.solids import Z_UP, solid_of_voxels, upright
from idr_neus_plugins.single_view.importing.source import Found, Reader, SourceShape
from idr_neus_plugins.single_view.shapes.writing import PhotographedView

VOXELS, PLACES = "models/model_normalized_64.h5", "models/64_{view}_coor.h5"
EMPTY = -0.5
NOISE = 2
"""8-bit steps by which the background may differ from the upper left pixel."""
LARGEST_ERROR = 1.0
"""Pixels by which a fitted camera may miss the places it is fitted to, root mean square."""


class Im2AvatarReader(Reader):
    def find(self, root: Path) -> list[Found]:
        folders = sorted(path.parents[1] for path in root.rglob(VOXELS))
        if not folders:
            raise UserError(f"There is no {VOXELS} below {root}.")
        return [Found(folder.name, folder.parent.name, folder) for folder in folders]

    def read(self, found: Found) -> SourceShape:
        colors = _data(found.folder / VOXELS)
        filled = colors[..., 0] > EMPTY
        if not filled.any():
            raise UserError(f"{found.folder / VOXELS}: all voxels are empty.")
        solid = solid_of_voxels((255 * colors.clip(0, 1)).round().astype(np.uint8), filled)
        return SourceShape(upright(solid), _views(found.folder, filled))


def _views(folder: Path, filled: np.ndarray) -> list[PhotographedView]:
    centres, views = (np.argwhere(filled) + 0.5) @ Z_UP.T, []
    for path in list_images(folder / "views"):
        color = np.asarray(open_image(path).convert("RGB"))
        height, width = color.shape[:2]
        shares = _data(folder / PLACES.format(view=path.stem))[filled]
        seen = ((shares > 0) & (shares < 1)).all(1)
        camera = fitted_camera(centres[seen], shares[seen] * [width, height], (height, width))
        if camera is None:
            raise UserError(f"{folder / PLACES.format(view=path.stem)}: these places belong to no camera.")
        views.append((camera, cut_from_background(color, color[0, 0], NOISE)))
    return views


def fitted_camera(
    points: Float[np.ndarray, "points 3"], pixels: Float[np.ndarray, "points 2"], size: tuple[int, int]
) -> Camera | None:
    """The camera that sees ``points`` at ``pixels``, by the direct linear transformation (Hartley and Zisserman 2004,
    7.1); None where none does."""
    if len(points) < 6:
        return None
    height, width = size
    centre, scale = points.mean(0), points.std()
    to_normalised = np.diag([1 / scale, 1 / scale, 1 / scale, 1.0])
    to_normalised[:3, 3] = -centre / scale
    to_pixels = np.array([[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1.0]])
    projection = _linear_fit((points - centre) / scale, 2 * pixels / [width, height] - 1)
    intrinsics, pose = decompose_projection(to_pixels @ projection @ to_normalised)
    intrinsics[0, 1] = 0.0
    camera = Camera(intrinsics, pose[:3], size)
    error = camera.project(points)[0] - pixels
    return camera if np.sqrt(np.square(error).sum(1).mean()) <= LARGEST_ERROR else None


def _linear_fit(
    points: Float[np.ndarray, "points 3"], images: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "3 4"]:
    """The projection of least algebraic error, up to scale."""
    x = np.concatenate([points, np.ones((len(points), 1))], 1)
    zero, (u, v) = np.zeros_like(x), images.T[..., None]
    rows = np.concatenate([np.concatenate([x, zero, -u * x], 1), np.concatenate([zero, x, -v * x], 1)])
    return np.linalg.eigh(rows.T @ rows)[1][:, 0].reshape(3, 4)


def _data(path: Path) -> np.ndarray:
    import h5py

    try:
        with h5py.File(path) as content:
            return np.asarray(content["data"], np.float64)
    except (OSError, KeyError) as error:
        raise UserError(f"{path} cannot be read ({error}).") from error
