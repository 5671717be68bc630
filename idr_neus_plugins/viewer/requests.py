"""What the viewer asks of its worker, and how the worker answers: plain data in, plain data out."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.meshing.crop import Box
from idr_neus_plugins.meshing.frames import Frame
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.viewer.snapshot import Snapshot

MeshStyle = Literal["mesh", "colours", "normals", "confidence"]
"""How a live mesh is painted: grey and lit, by the colour field, by its normals, by how well it was seen."""

LIGHT = np.array([0.5, 0.3, 0.8]) / np.linalg.norm([0.5, 0.3, 0.8])
"""Where the light of the grey mesh comes from, scene axes, if the cameras do not say (see ``light_of``)."""
ONE_SIDED = 0.1
"""Cameras whose mean direction is shorter stand all around."""
GREY, SHADE = 0.85, 0.3
"""Colour of the grey mesh in full light, and the share of it that is left in the shade."""


Answer = TypeVar("Answer")


class Request(ABC, Generic[Answer]):
    """Something to do in the worker's process."""

    @abstractmethod
    def answer(self) -> Answer:
        """Does it there. A UserError's message is told to the user."""


@dataclass(frozen=True)
class LiveMesh:
    """Scene frame."""

    glb: bytes
    faces: int
    seconds: float
    """That the worker took."""


@dataclass(frozen=True)
class LiveMeshRequest(Request[LiveMesh]):
    snapshot: Snapshot
    look: MeshStyle
    resolution: int
    crop: Box | None
    """Scene units."""
    cameras: list[Camera]
    """Of the photographs, for the confidence and the light."""

    def answer(self) -> LiveMesh:
        """Raises UserError where there is no surface yet."""
        from idr_neus_plugins.meshing.build import build_mesh
        from idr_neus_plugins.meshing.gltf import to_glb

        start = time.monotonic()
        options = MeshOptions(resolution=self.resolution, refine=False, smallest_piece=0.0)
        surface = self.snapshot.surface()
        paint = self.look == "colours"
        mesh = build_mesh(surface, options, crop=self.crop, paint=paint, progress=False).mesh
        if not paint:
            mesh = replace(mesh, colors=self._colors(mesh))
        return LiveMesh(to_glb(mesh, {"frame": "scene"}), len(mesh.faces), time.monotonic() - start)

    def _colors(self, mesh: Mesh) -> np.ndarray:
        if self.look == "normals":
            return _bytes(0.5 + 0.5 * mesh.normals)
        if self.look == "confidence":
            from idr_neus_plugins.core.raycasting import RayCaster
            from idr_neus_plugins.meshing.visibility import visibility

            sight = visibility(RayCaster(mesh.shape), mesh.vertices, mesh.normals, self.cameras, progress=False)
            return scale_colors(sight.confidence)
        lit = SHADE + (1 - SHADE) * (mesh.normals @ light_of(self.cameras)).clip(min=0)
        return _bytes(GREY * np.repeat(lit[:, None], 3, 1))


@dataclass(frozen=True)
class ExportRequest(Request[dict[str, Any]]):
    snapshot: Snapshot
    options: MeshOptions
    crop: Box | None
    """Scene units."""
    views: Views | None
    path: Path
    frame: Frame

    def answer(self) -> dict[str, Any]:
        """Writes the mesh; returns the record that stands beside it."""
        from idr_neus_plugins.meshing.build import build_mesh
        from idr_neus_plugins.meshing.output import write_built

        built = build_mesh(self.snapshot.surface(), self.options, self.views, self.crop, progress=False)
        return write_built(built, self.path, self.frame, self.snapshot.world_from_scene)


def light_of(cameras: Sequence[Camera]) -> Float[np.ndarray, " 3"]:
    """Unit direction to the light: on the photographers' side, where one looks first. Cameras all around have none."""
    towards = -np.sum([camera.camera_to_scene[:, 2] for camera in cameras], axis=0) if cameras else np.zeros(3)
    length = float(np.linalg.norm(towards))
    return towards / length if length > ONE_SIDED * len(cameras) > 0 else LIGHT


def scale_colors(values: np.ndarray) -> np.ndarray:
    """Colours [n, 3] uint8 of values [n] in [0, 1]: dark blue is low, yellow is high."""
    from matplotlib import colormaps

    return _bytes(colormaps["viridis"](np.clip(values, 0, 1))[:, :3])


def _bytes(colors: np.ndarray) -> np.ndarray:
    return (255 * colors.clip(0, 1)).round().astype(np.uint8)
