"""The data of a reconstructed object's run: its photographs to train on, pictures of its mesh to look from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.datamanager import SurfaceDataManager, SurfaceDataManagerConfig
from idr_neus_plugins.data.projection import world_mat
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.reconstruction.predicting import Framed
from idr_neus_plugins.writing import encode_png

ORBIT = 8
"""Pictures from around: nerfstudio's camera paths run between held-out views."""


@dataclass
class ObjectDataManagerConfig(SurfaceDataManagerConfig):
    """Photographs of one object, in a run of a method that was trained on many."""

    def setup(self, **kwargs: Any) -> SurfaceDataManager:
        # Not by _target: nerfstudio's commands put the data manager there that the method was trained with.
        return SurfaceDataManager(self, **kwargs)


def write_object_data(
    folder: Path, photographs: Sequence[Framed], mesh: Mesh, world_from_scene: Float[np.ndarray, "4 4"]
) -> None:
    """A folder in IDR's layout: first the photographs, then :data:`ORBIT` pictures of ``mesh`` (scene frame)."""
    cameras = [photograph.camera for photograph in photographs]
    renderer, around = MeshRenderer(mesh), orbit(cameras[0])
    images = [photograph.image for photograph in photographs] + [picture(renderer, camera) for camera in around]
    (folder / "image").mkdir(parents=True)
    matrices = {}
    for view, (image, camera) in enumerate(zip(images, [*cameras, *around], strict=True)):
        (folder / "image" / f"{view:03d}.png").write_bytes(encode_png(image))
        pose = np.concatenate([camera.camera_to_scene, [[0.0, 0.0, 0.0, 1.0]]])
        matrices[f"world_mat_{view}"] = world_mat(camera.intrinsics, pose, world_from_scene)
        matrices[f"scale_mat_{view}"] = world_from_scene
    np.savez(folder / "cameras_sphere.npz", **matrices)


def orbit(camera: Camera) -> list[Camera]:
    """The camera turned around the upright axis, in even steps that leave out its own place."""
    turned = []
    for angle in 2 * np.pi * np.arange(1, ORBIT + 1) / (ORBIT + 1):
        sine, cosine = np.sin(angle), np.cos(angle)
        turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
        turned.append(Camera(camera.intrinsics, turn @ camera.camera_to_scene, camera.size))
    return turned


def picture(renderer: MeshRenderer, camera: Camera) -> UInt8[np.ndarray, "h w 4"]:
    """A mesh in its own colours, straight alpha."""
    shown = renderer(camera)
    color = shown.rgb / shown.accumulation.clip(min=1e-6)
    return (255 * np.concatenate([color, shown.accumulation], 2).clip(0, 1)).round().astype(np.uint8)
