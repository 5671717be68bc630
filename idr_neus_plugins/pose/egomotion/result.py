"""A path and the objects beside it, as files: TUM, nerfstudio's transforms.json, meshes, a plot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.formats.writing import write_posed_scene
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.pose.evaluation.trajectory_plot import plot_paths
from idr_neus_plugins.pose.files import Photographs
from idr_neus_plugins.pose.shapes import Recognised
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.pose.tum import write_tum
from idr_neus_plugins.writing import replace_file

MARGIN = 1.15
"""Of the region of interest around the objects' boxes."""


@dataclass(frozen=True)
class Egomotion:
    """World: axes and origin of the first object, lengths in the unit of the camera's height (1 for an unknown one)."""

    path: Float[np.ndarray, "frames 4 4"]
    """Camera-to-world, OpenCV axes, rigid."""
    objects: tuple[PosedMesh, ...]
    """Object-to-world."""

    @classmethod
    def of(cls, cameras: Poses, layout: Poses, shapes: list[Recognised], unit: float) -> Egomotion:
        """From what ``tracking.track`` finds; ``unit`` is the first object's scale."""
        path = torch.linalg.inv(cameras.matrices.double()).numpy()
        path[:, :3, 3] *= unit
        matrices = layout.matrices.double().numpy()
        matrices[:, :3] *= unit
        posed = tuple(PosedMesh(shape.mesh, matrix) for shape, matrix in zip(shapes, matrices, strict=True))
        return cls(path, posed)

    @property
    def region(self) -> Float[np.ndarray, "4 4"]:
        """Unit sphere to a sphere around all objects."""
        corners = np.concatenate([each.corners for each in self.objects])
        centre = 0.5 * (corners.min(0) + corners.max(0))
        matrix = np.diag([MARGIN * np.linalg.norm(corners - centre, axis=1).max()] * 3 + [1.0])
        matrix[:3, 3] = centre
        return matrix


def write_egomotion(folder: Path, found: Egomotion, photographs: Photographs) -> None:
    """``trajectory.txt``, ``trajectory.png``, ``objects/<n>.ply`` in the world, and ``scene/`` with transforms.json."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tum(folder / "trajectory.txt", found.path)
    plot_paths(folder / "trajectory.png", {"camera": found.path}, [each.corners for each in found.objects])
    for number, each in enumerate(found.objects):
        content = to_frame(each.mesh, each.matrix).shape.export(file_type="ply")
        assert isinstance(content, bytes)
        replace_file(folder / "objects" / f"{number}.ply", content)
    views = tuple(
        View(frame.image, None, image_size(frame.image), photographs.intrinsics, pose)
        for frame, pose in zip(photographs.frames, found.path, strict=True)
    )
    write_posed_scene(PosedScene(views, found.region), folder / "scene", "transforms")
