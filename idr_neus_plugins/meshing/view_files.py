"""How a texture changes with the view, as two files beside the mesh that readers of glTF and OBJ take no notice of.

``<stem>.views.png`` holds one picture for every harmonic, the first on top, each laid out as the texture;
``<stem>.views.json`` says what they mean. docs/meshes.md gives the formula.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from idr_neus_plugins.meshing.mesh import ViewDependence
from idr_neus_plugins.reading import as_data, read_json
from idr_neus_plugins.writing import encode_png

MEANING = (
    "colour(uv, d) = texture(uv) + sum_k limits[k] * (picture_k(uv) - 128) / 127 * Y_k(rotation d): d is the unit "
    "direction from the eye to the surface, Y_k are orthonormal real spherical harmonics in the order 1; x, y, z; "
    "xy, yz, xz, x2-y2, 3z2-1; y(3x2-y2), xyz, y(5z2-1), z(5z2-3), x(5z2-1), z(x2-y2), x(x2-3y2)"
)


def names(stem: str) -> tuple[str, str]:
    """Of the description and of the picture that belong to a mesh file."""
    return f"{stem}.views.json", f"{stem}.views.png"


def encode_views(views: ViewDependence, stem: str) -> dict[str, bytes]:
    """The files' contents by name, the picture first."""
    height, width, count, _ = views.coefficients.shape
    description, picture = names(stem)
    told = {
        "picture": picture,
        "harmonics": count,
        "limits": views.limits.tolist(),
        "rotation": views.rotation.tolist(),
        "meaning": MEANING,
    }
    strip = views.coefficients.transpose(2, 0, 1, 3).reshape(count * height, width, 3)
    return {picture: encode_png(strip), description: (json.dumps(told, indent=2) + "\n").encode()}


def read_views(mesh_file: Path) -> ViewDependence | None:
    """What stands beside a mesh file, if anything does. Raises UserError where it is no work of ``encode_views``."""
    from PIL import Image

    description, picture = (mesh_file.with_name(name) for name in names(mesh_file.stem))
    if not description.is_file():
        return None
    told, advice = read_json(description), "Export the mesh again, or remove it: one colour is then for all views."
    with as_data(picture, "the view-dependent part of a texture", advice):
        strip = np.asarray(Image.open(picture).convert("RGB"))
    with as_data(description, f"what {picture.name} means", advice):
        count = int(told["harmonics"])
        stacked = strip.reshape(count, -1, strip.shape[1], 3)
        coefficients = np.ascontiguousarray(stacked.transpose(1, 2, 0, 3))
        limits, rotation = np.array(told["limits"], float), np.array(told["rotation"], float)
        if limits.shape[:1] != (count,) or rotation.shape != (3, 3):
            raise ValueError(f"limits of the shape {limits.shape} and a rotation of {rotation.shape}")
        return ViewDependence(coefficients, limits, rotation)
