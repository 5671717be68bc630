"""One image in, a run out that nerfstudio opens, with a textured mesh and a surface to start from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from nerfstudio.utils.eval_utils import eval_setup
from PIL import Image

from idr_neus_plugins.cli.drop import mesh_of
from idr_neus_plugins.cli.make_shapes import MakeShapes
from idr_neus_plugins.cli.reconstruct import Reconstruct, load_single_view
from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.views import pinhole_cameras
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.known_surface import KnownSurface
from idr_neus_plugins.meshing.gltf import to_glb
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.data.shape_set import read_shape_set
from tests.single_view.conftest import STEPS
from tests.single_view.test_shapes import made

RESOLUTION, TEXTURE = 32, 128


def reconstruct(run: Path, output: Path, *images: Path, **options) -> Path:
    """config.yml of the object's run."""
    Reconstruct(run, images, output_dir=output, resolution=RESOLUTION, texture_size=TEXTURE, **options).main()
    (config,) = output.glob("*/disn/*/config.yml")
    return config


@pytest.fixture(scope="module")
def shape(shape_set) -> Path:
    return shape_set / "car" / "0004"


@pytest.fixture(scope="module")
def object_run(single_view_run, shape, tmp_path_factory) -> Path:
    options = {"camera": shape / "samples.npz", "view": (2,), "texture": "field"}
    return reconstruct(single_view_run, tmp_path_factory.mktemp("objects"), shape / "image/002.png", **options)


def test_the_mesh_is_textured_and_of_the_objects_size(object_run):
    mesh = read_mesh(object_run.parent / "mesh.glb")
    assert mesh.texture is not None and mesh.texture.image.std() > 2
    assert 0.2 < np.ptp(mesh.vertices, axis=0).max() < 2


def test_the_start_is_the_mesh(object_run):
    start = KnownSurface.read(object_run.parent / "start.npz")
    vertices = read_mesh(object_run.parent / "mesh.glb").vertices
    distances = start.distances(torch.from_numpy(vertices).float(), torch.eye(4, dtype=torch.float64))
    assert distances.abs().mean() < 0.005


def silhouette(camera: Camera, mesh: Path) -> np.ndarray:
    return MeshRenderer(read_mesh(mesh))(camera).accumulation[..., 0] > 0.5


def test_nerfstudio_opens_the_run_and_renders_the_mesh(object_run):
    _, pipeline, _, step = eval_setup(object_run, test_mode="inference")
    cameras = pipeline.datamanager.eval_dataset.cameras
    assert step == STEPS - 1 and len(cameras) == 8
    outputs = pipeline.model.get_outputs_for_camera(cameras[3:4])
    seen = outputs["accumulation"][..., 0].numpy() > 0.5
    known = silhouette(pinhole_cameras(cameras[3:4])[0], object_run.parent / "mesh.glb")
    assert (seen & known).sum() / (seen | known).sum() > 0.9
    uncertainty = outputs["uncertainty"][..., 0].numpy()
    assert (uncertainty[~seen] == 0).all() and (uncertainty[seen] > 0).all()


def test_without_a_camera_the_pose_head_is_asked(single_view_run, shape, tmp_path):
    config = reconstruct(single_view_run, tmp_path, shape / "image/000.png", texture="photographs")
    assert read_mesh(config.parent / "mesh.glb").texture is not None


def test_several_images_make_one_object(single_view_run, shape, tmp_path):
    images = [shape / "image" / f"{view:03d}.png" for view in (1, 3)]
    config = reconstruct(single_view_run, tmp_path, *images, camera=shape / "samples.npz", view=(1, 3))
    assert read_mesh(config.parent / "mesh.glb").colors is not None


def test_an_image_that_is_not_cut_out_needs_a_mask(single_view_run, shape, tmp_path):
    whole, mask = tmp_path / "whole.png", tmp_path / "mask.png"
    picture = Image.open(shape / "image/001.png")
    picture.convert("RGB").save(whole)
    picture.getchannel("A").save(mask)
    with pytest.raises(UserError, match="--mask"):
        reconstruct(single_view_run, tmp_path / "out", whole)
    assert reconstruct(single_view_run, tmp_path / "out", whole, mask=(mask,)).is_file()


def test_shapes_are_made_of_a_folder_of_meshes(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        path = tmp_path / "meshes" / "cup" / f"{name}.glb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_glb(made("car", seed).look, {}))
    MakeShapes(tmp_path / "set", meshes=tmp_path / "meshes", views=2, points=256, test_share=0.5).main()
    entries = read_shape_set(tmp_path / "set")
    assert [entry.category for entry in entries] == ["cup", "cup"]
    assert all(len(entry.images) == 2 and entry.arrays("sdf")["sdf"].min() < 0 for entry in entries)


def test_what_is_uncertain_is_told_in_shares(single_view_run, shape):
    _, _, model = load_single_view(single_view_run)
    options = MeshOptions(resolution=RESOLUTION, texture="field", texture_size=64, faces=2000)
    mesh = mesh_of(model, shape / "image/000.png", None, options)
    uncertainty = mesh.attributes["uncertainty"]
    assert mesh.texture is not None and uncertainty.shape == (len(mesh.vertices),)
    assert 0 <= uncertainty.min() < uncertainty.max() <= 1
