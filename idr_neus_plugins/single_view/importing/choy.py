"""Renderings of Choy et al. (2016, 3D-R2N2) with the meshes or the SDF that belong to them (ShapeNet; DISN's SDF).

``<category>/<name>/rendering/``: images and ``rendering_metadata.txt``, per image azimuth, elevation, in-plane rotation
(degrees), distance ratio and field of view. The mesh is an OBJ with y upwards in the shape's folder or in one of the
same category and name elsewhere below the root; DISN's ``isosurf.obj`` is normalised, and ``ori_sample.h5`` beside the
SDF says how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.files import list_images, open_image
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.importing.source import Found, Reader, SourceShape
from idr_neus_plugins.single_view.shapes.foreign import read_shape
from idr_neus_plugins.single_view.shapes.photographs import orbit_camera
from idr_neus_plugins.single_view.shapes.writing import PhotographedView

METADATA = "rendering_metadata.txt"
FARTHEST = 1.75
"""Distance of a camera whose ratio is 1."""
FOCAL = 35.0 / 32.0
"""Widths of the image: a 35 mm lens before a 32 mm sensor. The file's field of view is not that of the images."""


@dataclass(frozen=True)
class ChoyReader(Reader):
    root: Path

    def find(self, root: Path) -> list[Found]:
        found = []
        for metadata in sorted(root.rglob(METADATA)):
            folder = metadata.parent.parent if metadata.parent.name == "rendering" else metadata.parent
            found.append(Found(folder.name, folder.parent.name, folder))
        if not found:
            raise UserError(f"There is no {METADATA} below {root}.")
        return found

    def read(self, found: Found) -> SourceShape:
        path = self._mesh(found)
        shape = read_shape(path)
        if path.name == "isosurf.obj":
            shape = shape.moved(np.linalg.inv(self._disn_normalisation(found)))
        return SourceShape(shape, read_renderings(found.folder))

    def _mesh(self, found: Found) -> Path:
        inner = f"{found.category}/{found.name}"
        named = ("model.obj", "models/model_normalized.obj", "isosurf.obj")
        places = [*sorted(found.folder.glob("*.obj"))]
        places += [
            path for name in named for up in ("", "*/", "*/*/") for path in self.root.glob(f"{up}{inner}/{name}")
        ]
        if not places:
            raise UserError(f"No mesh belongs to {found.folder}: {', '.join(named)} below {self.root}/*/{inner}.")
        return places[0]

    def _disn_normalisation(self, found: Found) -> np.ndarray:
        """z-up frame of the renderings -> that of DISN's meshes."""
        import h5py

        inner = f"{found.category}/{found.name}/ori_sample.h5"
        files = [path for up in ("", "*/", "*/*/") for path in self.root.glob(up + inner)]
        if not files:
            raise UserError(f"isosurf.obj of {found.name} is normalised, and {inner}, which says how, is missing.")
        with h5py.File(files[0]) as content:
            x, y, z, scale = np.asarray(content["norm_params"], float)
        matrix = np.diag([1 / scale, 1 / scale, 1 / scale, 1.0])
        matrix[:3, 3] = -np.array([x, -z, y]) / scale
        return matrix


def read_renderings(folder: Path) -> list[PhotographedView]:
    """Images and cameras (z up). Raises UserError where their numbers differ and for in-plane rotations."""
    place = folder / "rendering" if (folder / "rendering").is_dir() else folder
    rows = np.loadtxt(place / METADATA, ndmin=2)
    images = [np.asarray(open_image(path).convert("RGBA")) for path in list_images(place)]
    if len(images) != len(rows) or rows.shape[1] < 4:
        raise UserError(
            f"{place} has {len(images)} images, and {METADATA} {len(rows)} rows of {rows.shape[1]} numbers."
        )
    if np.abs(rows[:, 2]).max() > 1e-3:
        raise UserError(f"{place / METADATA}: in-plane rotations are not known to this reader.")
    azimuths, elevations, _, ratios = rows[:, :4].T
    placed = zip(azimuths, elevations, ratios, images, strict=True)
    return [(choy_camera(a, e, ratio, (image.shape[0], image.shape[1])), image) for a, e, ratio, image in placed]


def choy_camera(azimuth: float, elevation: float, ratio: float, size: tuple[int, int]) -> Camera:
    """The camera of a row (degrees; share of the farthest distance), z up."""
    height, width = size
    camera = orbit_camera(-math.radians(azimuth), math.radians(elevation), ratio * FARTHEST, height)
    intrinsics = np.array([[FOCAL * width, 0, width / 2], [0, FOCAL * width, height / 2], [0, 0, 1.0]])
    return Camera(intrinsics, camera.camera_to_scene, size)
