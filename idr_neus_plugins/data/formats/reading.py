"""Any known layout -> a :class:`PosedScene`. The files are read by the same code that training uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from nerfstudio.cameras.cameras import CameraType

from idr_neus_plugins.data.files import first_folder
from idr_neus_plugins.data.formats.scene import NO_DISTORTION, PosedScene, View
from idr_neus_plugins.data.handed_over import ForeignScene, find_reader
from idr_neus_plugins.data.idr_scene import IdrScene, read_idr_scene
from idr_neus_plugins.data.projection import split_similarity
from idr_neus_plugins.data.views import pinhole_matrices
from idr_neus_plugins.errors import UserError


def read_posed_scene(path: Path, cameras: str = "auto") -> PosedScene:
    """The scene in a folder or json file. ``cameras`` names the npz of an IDR/NeuS folder that holds several.

    Raises UserError where nothing known is there or it cannot be read.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist.")
    is_idr_scene = first_folder(path, "image", "images") is not None and any(path.glob("*.npz"))
    read_foreign_scene = None if is_idr_scene else find_reader(path)
    if read_foreign_scene is None:
        return from_idr_scene(read_idr_scene(path, cameras))
    return from_foreign_scene(read_foreign_scene())


def from_idr_scene(scene: IdrScene) -> PosedScene:
    views = tuple(
        View(
            image=scene.image_filenames[i],
            mask=None if scene.mask_filenames is None else scene.mask_filenames[i],
            size=scene.sizes[i],
            intrinsics=scene.intrinsics[i],
            camera_to_world=move_camera(scene.world_from_scene, scene.camera_to_scene[i]),
        )
        for i in range(len(scene.image_filenames))
    )
    return PosedScene(views, scene.world_from_scene)


def from_foreign_scene(scene: ForeignScene) -> PosedScene:
    """Raises UserError for fisheye and other projections that only nerfstudio itself can express."""
    cameras, images = scene.outputs.cameras, scene.outputs.image_filenames
    if bool((cameras.camera_type != CameraType.PERSPECTIVE.value).any()):
        raise UserError(f"The cameras of {images[0].parent} are no perspective cameras. Undistort the images first.")
    intrinsics, poses = (part.double().numpy() for part in pinhole_matrices(cameras))
    bottom = np.broadcast_to([[0.0, 0.0, 0.0, 1.0]], (len(poses), 1, 4))
    poses = np.concatenate([poses, bottom], axis=1)
    lenses = cameras.distortion_params
    views = tuple(
        View(
            image=image,
            mask=scene.masks[i] if scene.masks else None,
            size=(int(cameras.height[i]), int(cameras.width[i])),
            intrinsics=intrinsics[i],
            camera_to_world=move_camera(scene.world_from_parsed, poses[i]),
            distortion=NO_DISTORTION if lenses is None else tuple(lenses[i].tolist()),
        )
        for i, image in enumerate(images)
    )
    region = None if scene.parsed_from_scene is None else scene.world_from_parsed @ scene.parsed_from_scene
    return PosedScene(views, region)


def move_camera(
    to_world: Float[np.ndarray, "4 4"], camera_to_scene: Float[np.ndarray, "4 4"]
) -> Float[np.ndarray, "4 4"]:
    """Rigid camera-to-world pose of a camera in a frame that a similarity takes to the world."""
    scale, _, _ = split_similarity(to_world, "The transformation from scene to world")
    pose = to_world @ camera_to_scene
    pose[:3, :3] /= scale
    return pose
