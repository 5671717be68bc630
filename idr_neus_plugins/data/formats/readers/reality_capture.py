"""RealityCapture's table of cameras (Internal/External camera parameters, CSV) beside the photographs.

Columns: name, x, y, alt, heading, pitch, roll (degrees), f (mm of a 36 mm wide picture), px, py, k1 … k4, t1, t2.
World: x, y, alt of the table.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.files import first_folder, image_size
from idr_neus_plugins.data.formats.readers.colmap import IMAGE_FOLDERS
from idr_neus_plugins.data.formats.readers.lenses import pinhole
from idr_neus_plugins.data.formats.readers.named import find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import number, read_text

PLACE = ("x", "y", "alt")
ANGLES = ("heading", "pitch", "roll")
LENS = ("k1", "k2", "k3", "k4", "t1", "t2")
FILM = 36.0
"""Width, in mm, to which f refers."""


def find_reality_capture(folder: Path) -> Path | None:
    """The only table in the folder that has the angles of cameras."""
    tables = [path for path in sorted(folder.glob("*.csv")) if path.is_file() and _is_table(path)]
    return tables[0] if len(tables) == 1 else None


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(512).lower()
    return all(word in start for word in (b"name", b"heading", b"pitch", b"roll"))


def read_reality_capture(path: Path) -> PosedScene:
    """Raises UserError for a table without the columns, and for rows that are no cameras."""
    lines = read_text(path).splitlines()
    rows = list(csv.DictReader([lines[0].lstrip("#").strip().lower(), *lines[1:]], skipinitialspace=True))
    missing = [key for key in ("name", *PLACE, *ANGLES, "f") if not rows or key not in rows[0]]
    if missing:
        raise UserError(
            f"{path} has no column {missing[0]}, or no rows. Export Internal/External camera parameters from "
            "RealityCapture, or use `ns-process-data realitycapture`."
        )
    image_folder = first_folder(path.parent, *IMAGE_FOLDERS) or path.parent
    views = tuple(_view(row, image_folder, path) for row in rows if row["name"])
    return with_masks(PosedScene(views, None), path.parent, image_folder)


def _view(row: Mapping[str, str], image_folder: Path, path: Path) -> View:
    def of(key: str) -> float:
        return number(row.get(key) or 0.0, f"{path}: {key} of {row['name']}")

    image = find_named(row["name"], [image_folder])
    height, width = image_size(image)
    longest = max(height, width)
    focal = of("f") / FILM * longest
    intrinsics = pinhole(focal, focal, width / 2 + of("px") * longest, height / 2 + of("py") * longest)
    pose = np.eye(4)
    pose[:3, :3] = _rotation(*np.radians([of(key) for key in ANGLES]))
    pose[:3, 3] = [of(key) for key in PLACE]
    return View(image, None, (height, width), intrinsics, flip_axes(pose), tuple(of(key) for key in LENS))


def _rotation(heading: float, pitch: float, roll: float) -> np.ndarray:
    """Camera (OpenGL axes) to world: turned about the view's axes by roll and pitch, then clockwise by the heading."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("ZXY", [-heading, pitch, roll]).as_matrix()
