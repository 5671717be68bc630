"""The frames of a mesh: the world of the input cameras, and the normalised scene that is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from idr_neus_plugins.meshing.mesh import Mesh, Texture

Frame = Literal["world", "scene"]

UNITS: dict[Frame, str] = {
    "world": "those of the input cameras (millimetres for DTU)",
    "scene": "normalised: the region of interest is the unit sphere",
}


def to_frame(mesh: Mesh, target_from_scene: np.ndarray) -> Mesh:
    """Moved by a 4×4 similarity; a mirroring one turns the faces, so that they still look outwards."""
    linear = target_from_scene[:3, :3]
    determinant = np.linalg.det(linear)
    normals = mesh.normals @ linear.T
    return replace(
        mesh,
        vertices=mesh.vertices @ linear.T + target_from_scene[:3, 3],
        faces=mesh.faces[:, ::-1] if determinant < 0 else mesh.faces,
        normals=normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(min=1e-12),
        texture=mesh.texture and _turned(mesh.texture, linear / np.cbrt(np.abs(determinant))),
    )


def _turned(texture: Texture, rotation: np.ndarray) -> Texture:
    """The same colours for the same looks, in a frame that is turned, or mirrored."""
    if texture.views is None:
        return texture
    return replace(texture, views=replace(texture.views, rotation=texture.views.rotation @ rotation.T))


def frame_record(frame: Frame, world_from_scene: np.ndarray) -> dict[str, Any]:
    """What a reader needs to move a mesh between the frames."""
    return {"frame": frame, "units": UNITS[frame], "world_from_scene": world_from_scene.tolist()}
