"""Every kind of file that a user can hand in: how a whole one is made, and who reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import trimesh
import yaml
from PIL import Image

from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.writing import WRITERS
from idr_neus_plugins.data.idr_scene import find_photographs
from idr_neus_plugins.data.pose_files import read_poses
from idr_neus_plugins.evaluation.reading import load_mesh, load_points
from idr_neus_plugins.fields.grid.known_surface import KnownSurface
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.meshing.crop import read_cloud
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.pose.files import read_photographs, read_truth
from idr_neus_plugins.pose.tum import read_tum, write_tum
from idr_neus_plugins.recipes.recipe import load_recipe
from idr_neus_plugins.recipes.results import read_results
from idr_neus_plugins.single_view.data.shape_set import read_shape_set
from idr_neus_plugins.single_view.reconstruction.inputs import read_camera, read_cut_out
from idr_neus_plugins.training.checkpoints import read_checkpoint
from idr_neus_plugins.training.configuration import read_configuration
from tests.data.formats.test_programs import LAYOUTS
from tests.reports.finished import RECIPE, write_result


@dataclass(frozen=True)
class Format:
    name: str
    write: Callable[[Path, Path], None]
    """(tiny scene, folder): whole files."""
    read: Callable[[Path], object]
    """The folder's, one of which is damaged."""
    damaged: str = "*"
    """Which files may be."""


def _ball() -> trimesh.Trimesh:
    ball = trimesh.creation.icosphere(subdivisions=1)
    ball.visual.vertex_colors = np.tile(np.uint8([220, 10, 10, 255]), (len(ball.vertices), 1))
    return ball


def _mesh(suffix: str) -> Format:
    return Format(
        suffix,
        lambda _, folder: (folder / f"mesh.{suffix}").write_bytes(_encoded(_ball().export(file_type=suffix))) and None,
        lambda folder: (read_mesh(folder / f"mesh.{suffix}"), load_mesh(folder / f"mesh.{suffix}")),
    )


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _written(name: str, content: str | bytes) -> Callable[[Path, Path], None]:
    return lambda _, folder: (folder / name).write_bytes(_encoded(content)) and None  # type: ignore[return-value]


def _copy(scene: Path, folder: Path) -> None:
    shutil.copytree(scene, folder, dirs_exist_ok=True)
    for path in folder.rglob("*"):  # three views are enough
        if path.is_file() and path.suffix == ".png" and int(path.stem) > 2:
            path.unlink()
    for path in folder.glob("*.npz"):
        arrays = {name: matrix for name, matrix in np.load(path).items() if int(name.rpartition("_")[2]) < 3}
        np.savez(path, **arrays)


def _read_pixels(folder: Path) -> None:
    images, masks = find_photographs(folder)
    for image, mask in zip(images, masks or [None] * len(images), strict=True):
        read_foreground(image, mask, image_size(image))


def _layout(name: str, damaged: str) -> Format:
    def write(scene: Path, folder: Path) -> None:
        LAYOUTS[name][0](read_posed_scene(scene), folder)

    return Format(name, write, read_posed_scene, damaged)


def _convert(name: str, damaged: str) -> Format:
    def write(scene: Path, folder: Path) -> None:
        WRITERS[name](read_posed_scene(scene), folder)  # type: ignore[index]

    return Format(name, write, read_posed_scene, damaged)


def _write_configuration(_: Path, folder: Path) -> None:
    from idr_neus_plugins.methods.neus_idr_fast import config

    (folder / "config.yml").write_text(yaml.dump(config))


def _write_checkpoint(_: Path, folder: Path) -> None:
    state = {"step": 7, "pipeline": {"_model.values": torch.rand(5, 4)}, "optimizers": {}, "seconds": 2.0}
    torch.save(state, folder / "step-000000007.ckpt")


def _write_start(_: Path, folder: Path) -> None:
    lattice = Lattice((-1.0, -1.0, -1.0), 0.5, (5, 5, 5))
    surface = KnownSurface(torch.rand(5, 5, 5), lattice, torch.eye(4, dtype=torch.float64))
    (folder / "start.npz").write_bytes(surface.content())


def _write_poses(_: Path, folder: Path) -> None:
    np.savez(folder / "poses.npz", pose_vecs=np.random.default_rng(0).normal(size=(3, 7)))


def _write_trajectory(_: Path, folder: Path) -> None:
    write_tum(folder / "camera.txt", np.tile(np.eye(4), (3, 1, 1)))


def _write_points(_: Path, folder: Path) -> None:
    np.savez(folder / "points.npz", xyz=np.random.default_rng(0).random((50, 3)), views=np.full(50, 5))


def _write_cloud(_: Path, folder: Path) -> None:
    trimesh.PointCloud(np.random.default_rng(0).random((50, 3))).export(folder / "points.ply")


def _write_object(_: Path, folder: Path) -> None:
    (folder / "image").mkdir()
    Image.fromarray(np.full((16, 24, 4), 90, np.uint8)).save(folder / "image" / "000.png")
    camera = {"fl_x": 20.0, "fl_y": 20.0, "cx": 12.0, "cy": 8.0, "w": 24, "h": 16, "camera_height": 1.5}
    (folder / "camera.json").write_text(json.dumps(camera | {"camera_up": [0.0, -1.0, 0.0]}))
    pose = np.eye(4).tolist()
    truth = {"frames": [{"camera_to_world": pose, "objects": [{"mesh": "a.ply", "object_to_camera": pose}]}]}
    (folder / "truth.json").write_text(json.dumps(truth))


def _write_cut_out(_: Path, folder: Path) -> None:
    Image.fromarray(np.full((16, 24, 4), 90, np.uint8)).save(folder / "photo.png")
    np.savez(folder / "camera.npz", intrinsics=np.eye(3), camera_to_scene=np.eye(4)[:3])


def _write_shapes(_: Path, folder: Path) -> None:
    (folder / "shapes.json").write_text(
        json.dumps({"shapes": [{"name": "chair/0", "category": "chair", "split": "train"}]})
    )
    (folder / "chair" / "0").mkdir(parents=True)
    np.savez(folder / "chair" / "0" / "samples.npz", points=np.zeros((4, 3)), sdf=np.zeros(4))


def _write_result(_: Path, folder: Path) -> None:
    write_result(folder, "ball", "fast", 0, 0.5)


def _read_cut_out(folder: Path) -> object:
    return read_cut_out(folder / "photo.png", None), read_camera(folder / "camera.npz", 0, (16, 24))


def _read_start(folder: Path) -> object:
    surface = KnownSurface.read(folder / "start.npz")
    return surface.distances(torch.zeros(2, 3), torch.eye(4, dtype=torch.float64))


FORMATS = [
    Format("idr cameras", _copy, read_posed_scene, "cameras_sphere.npz"),
    Format("photographs", _copy, lambda folder: (read_posed_scene(folder), _read_pixels(folder)), "image/*"),
    Format("masks", _copy, lambda folder: (read_posed_scene(folder), _read_pixels(folder)), "mask/*"),
    _convert("transforms", "*.json"),
    _convert("sdfstudio", "*.json"),
    _convert("colmap", "sparse/*"),
    _layout("llff", "*.npy"),
    _layout("metashape", "*.xml"),
    _layout("reality capture", "*.csv"),
    _layout("polycam", "*.json"),
    _layout("bundle-sdf, camera in object", "*.txt"),
    *(_mesh(suffix) for suffix in ("ply", "obj", "glb", "stl", "off")),
    Format("points", _write_points, lambda folder: load_points(folder / "points.npz", 3)),
    Format("cloud", _write_cloud, lambda folder: read_cloud(folder / "points.ply")),
    Format("poses", _write_poses, lambda folder: read_poses(folder / "poses.npz")),
    Format("trajectory", _write_trajectory, lambda folder: read_tum(folder / "camera.txt")),
    Format("object and its truth", _write_object, lambda folder: (read_photographs(folder), read_truth(folder))),
    Format("cut-out", _write_cut_out, _read_cut_out),
    Format("shapes", _write_shapes, lambda folder: [entry.arrays("points", "sdf") for entry in read_shape_set(folder)]),
    Format("configuration", _write_configuration, lambda folder: read_configuration(folder / "config.yml")),
    Format("checkpoint", _write_checkpoint, lambda folder: read_checkpoint(folder / "step-000000007.ckpt")),
    Format("start", _write_start, _read_start),
    Format("recipe", _written("r.yaml", yaml.safe_dump(RECIPE)), lambda folder: load_recipe(folder / "r.yaml")),
    Format("result", _write_result, lambda folder: read_results([folder])),
]
