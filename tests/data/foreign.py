"""The tiny scene written in the formats that nerfstudio reads, from its own cameras."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from idr_neus_plugins.data.idr_scene import IdrScene

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def camera_to_world(scene: IdrScene) -> np.ndarray:
    """Rigid poses [views, 4, 4] in the world of the sample scene (mm), OpenCV axes."""
    poses = scene.world_from_scene @ scene.camera_to_scene
    poses[:, :3, :3] /= scene.world_from_scene[0, 0]
    return poses


def write_transforms(scene: IdrScene, folder: Path, masks: bool = True, **extra) -> Path:
    height, width = scene.sizes[0]
    frames = []
    for view, pose in enumerate(camera_to_world(scene)):
        frame = {"file_path": str(scene.image_filenames[view]), "transform_matrix": (pose @ OPENGL).tolist()}
        frames.append(frame | ({"mask_path": str(scene.mask_filenames[view])} if masks else {}))
    fx, fy, (cx, cy) = scene.intrinsics[0, 0, 0], scene.intrinsics[0, 1, 1], scene.intrinsics[0, :2, 2]
    meta = {"w": width, "h": height, "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy, "frames": frames, **extra}
    folder.mkdir(exist_ok=True)
    (folder / "transforms.json").write_text(json.dumps(meta))
    return folder


def write_sdfstudio(scene: IdrScene, folder: Path, masks: bool = True) -> Path:
    height, width = scene.sizes[0]
    frames = []
    for view, pose in enumerate(scene.camera_to_scene):
        intrinsics = np.eye(4)
        intrinsics[:3, :3] = scene.intrinsics[view]
        frame = {"rgb_path": str(scene.image_filenames[view]), "camtoworld": pose.tolist()}
        frame |= {"intrinsics": intrinsics.tolist()}
        frames.append(frame | ({"foreground_mask": str(scene.mask_filenames[view])} if masks else {}))
    meta = {"camera_model": "OPENCV", "height": height, "width": width, "has_mono_prior": False, "frames": frames}
    meta |= {"worldtogt": scene.world_from_scene.tolist(), "scene_box": {"aabb": [[-1, -1, -1], [1, 1, 1]]}}
    folder.mkdir()
    (folder / "meta_data.json").write_text(json.dumps(meta))
    return folder


def write_colmap(scene: IdrScene, folder: Path, distortion: float | None = None) -> Path:
    """A text reconstruction; with a distortion, its camera is SIMPLE_RADIAL."""
    height, width = scene.sizes[0]
    (folder / "sparse" / "0").mkdir(parents=True)
    cameras, images = [], []
    for view, pose in enumerate(camera_to_world(scene)):
        fx, fy, (cx, cy) = scene.intrinsics[view, 0, 0], scene.intrinsics[view, 1, 1], scene.intrinsics[view, :2, 2]
        model = f"PINHOLE {width} {height} {fx} {fy} {cx} {cy}"
        if distortion is not None:
            model = f"SIMPLE_RADIAL {width} {height} {fx} {cx} {cy} {distortion}"
        cameras.append(f"{view + 1} {model}")
        camera_from_world = np.linalg.inv(pose)
        x, y, z, w = Rotation.from_matrix(camera_from_world[:3, :3]).as_quat()
        place = " ".join(map(str, (w, x, y, z, *camera_from_world[:3, 3])))
        images.append(f"{view + 1} {place} {view + 1} {scene.image_filenames[view].name}\n")
    (folder / "sparse" / "0" / "cameras.txt").write_text("\n".join(cameras) + "\n")
    (folder / "sparse" / "0" / "images.txt").write_text("\n".join(images) + "\n")
    (folder / "images").symlink_to(scene.image_filenames[0].parent)
    (folder / "masks").mkdir()
    for image, mask in zip(scene.image_filenames, scene.mask_filenames, strict=True):
        Image.open(mask).save(folder / "masks" / f"{image.name}.png")
    return folder
