"""Scenes in nerfstudio's formats see the world where the cameras that they were written from see it."""

from __future__ import annotations

import copy
import json
import shutil

import numpy as np
import pytest
import torch
from nerfstudio.model_components.ray_generators import RayGenerator
from PIL import Image

from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.data.datamanager import SurfaceDataManagerConfig
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from idr_neus_plugins.data.idr_scene import read_idr_scene
from idr_neus_plugins.data.views import pinhole_matrices
from idr_neus_plugins.errors import UserError
from tests.data.foreign import write_colmap, write_sdfstudio, write_transforms

WRITERS = {"transforms": write_transforms, "sdfstudio": write_sdfstudio, "colmap": write_colmap}


@pytest.fixture(scope="module")
def scene(tiny_scene):
    return read_idr_scene(tiny_scene)


def read(path, **options):
    return read_views(IdrDataParserConfig(data=path, **options))


def project_from_world(outputs, points):
    """Pixels [views, points, 2] of world points through the cameras of parser outputs."""
    intrinsics, poses = (part.double() for part in pinhole_matrices(outputs.cameras))
    world = torch.cat([points, torch.ones(len(points), 1)], 1).double()
    in_scene = (world @ torch.linalg.inv(outputs.metadata["world_from_scene"]).T)[:, :3]
    in_camera = (in_scene - poses[:, None, :, 3]) @ poses[:, :, :3]
    pixels = in_camera @ intrinsics.transpose(1, 2)
    return pixels[..., :2] / pixels[..., 2:]


@pytest.mark.parametrize("layout", WRITERS)
def test_world_points_are_seen_in_the_same_pixels(layout, scene, tiny_scene, tmp_path):
    foreign, held_out = read(WRITERS[layout](scene, tmp_path / "scene"))
    own, _ = read(tiny_scene)
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 60.0 + torch.tensor([35.2, -21.8, 610.4])
    assert (project_from_world(foreign, points) - project_from_world(own, points)).abs().max() < 0.01
    assert held_out == ()
    assert len(foreign.metadata["foreground_filenames"]) == 10


@pytest.mark.parametrize("layout", ["transforms", "colmap"])
def test_region_from_masks_holds_the_solid_and_little_else(layout, scene, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    foreign, _ = read(WRITERS[layout](scene, tmp_path / "scene"))
    surface = trimesh.load(scene.camera_file.parent / "surface.ply")
    vertices = np.c_[surface.vertices, np.ones(len(surface.vertices))]
    in_scene = (vertices @ np.linalg.inv(foreign.metadata["world_from_scene"].numpy()).T)[:, :3]
    assert 0.75 < np.linalg.norm(in_scene, axis=1).max() < 1.0


def test_region_without_masks_is_where_the_cameras_look(scene, tmp_path):
    foreign, _ = read(write_transforms(scene, tmp_path / "scene", masks=False))
    assert "foreground_filenames" not in foreign.metadata
    offset = np.linalg.inv(scene.world_from_scene) @ foreign.metadata["world_from_scene"].numpy()
    assert np.linalg.norm(offset[:3, 3]) < 0.1
    assert 0.7 < offset[0, 0] < 1.2
    assert foreign.cameras.camera_to_worlds[:, :, 3].norm(dim=1).min() > 1.0


def test_region_can_be_said(scene, tmp_path):
    foreign, _ = read(write_transforms(scene, tmp_path / "scene"), region=(35.2, -21.8, 610.4, 137.5))
    assert np.allclose(foreign.metadata["world_from_scene"], scene.world_from_scene, atol=1e-3)
    own = torch.from_numpy(scene.camera_to_scene[:, :3, 3]).float()
    assert torch.allclose(foreign.cameras.camera_to_worlds[:, :, 3], own, atol=1e-4)


def test_applied_transform_and_scale_lead_back_to_the_original_world(scene, tmp_path):
    saved_from_world = np.array([[0.0, 1, 0, 3], [1, 0, 0, -2], [0, 0, -1, 5], [0, 0, 0, 1]])
    extra = {"applied_transform": saved_from_world[:3].tolist(), "applied_scale": 0.01}
    folder = write_transforms(scene, tmp_path / "scene", **extra)
    meta = json.loads((folder / "transforms.json").read_text())
    for frame in meta["frames"]:
        saved = saved_from_world @ np.array(frame["transform_matrix"])
        saved[:3, 3] *= 0.01
        frame["transform_matrix"] = saved.tolist()
    (folder / "transforms.json").write_text(json.dumps(meta))
    points = torch.tensor([[35.2, -21.8, 610.4], [90.0, 0.0, 640.0]])
    seen, expected = (project_from_world(read(path)[0], points) for path in (folder, scene.camera_file.parent))
    assert (seen - expected).abs().max() < 0.01


def test_a_json_file_can_be_named(scene, tmp_path):
    folder = write_transforms(scene, tmp_path / "scene")
    shutil.move(folder / "transforms.json", folder / "cameras_v2.json")
    assert len(read(folder / "cameras_v2.json")[0].cameras) == 10
    sdfstudio = write_sdfstudio(scene, tmp_path / "sdfstudio")
    assert len(read(sdfstudio / "meta_data.json")[0].cameras) == 10


def test_views_that_the_data_holds_out_are_held_out(scene, tmp_path):
    names = [str(name) for name in scene.image_filenames]
    lists = {"train_filenames": names[:7], "val_filenames": names[7:9], "test_filenames": names[8:]}
    folder = write_transforms(scene, tmp_path / "scene", **lists)
    outputs, held_out = read(folder)
    assert len(outputs.cameras) == len(outputs.metadata["foreground_filenames"]) == 10
    assert [outputs.image_filenames[view] for view in held_out] == scene.image_filenames[7:]
    parser = IdrDataParserConfig(data=folder).setup()
    training, evaluation = (set(parser.get_dataparser_outputs(split).image_filenames) for split in ("train", "val"))
    assert len(training) == 7 and len(evaluation) == 3 and not training & evaluation


def test_sdfstudio_evaluates_on_views_it_does_not_train_on(scene, tmp_path):
    parser = IdrDataParserConfig(data=write_sdfstudio(scene, tmp_path / "scene"), eval_interval=5).setup()
    training, evaluation = (set(parser.get_dataparser_outputs(split).image_filenames) for split in ("train", "test"))
    assert len(evaluation) == 2 and len(training) == 8 and not training & evaluation


def test_sdfstudio_box_becomes_the_unit_cube(scene, tmp_path):
    folder = write_sdfstudio(scene, tmp_path / "scene")
    meta = json.loads((folder / "meta_data.json").read_text())
    meta["scene_box"]["aabb"] = [[-0.5, -1.0, -1.0], [1.5, 1.0, 0.0]]
    (folder / "meta_data.json").write_text(json.dumps(meta))
    outputs, _ = read(folder)
    corner = outputs.metadata["world_from_scene"].numpy() @ [0.0, 0.0, 0.0, 1.0]
    assert np.allclose(corner, scene.world_from_scene @ [0.5, 0.0, -0.5, 1.0])


def test_alpha_reaches_the_loss_and_leaves_the_colours(scene, tmp_path):
    folder = write_transforms(scene, tmp_path / "scene", masks=False)
    meta = json.loads((folder / "transforms.json").read_text())
    for view, frame in enumerate(meta["frames"]):
        image, mask = Image.open(scene.image_filenames[view]), Image.open(scene.mask_filenames[view])
        image.putalpha(mask)
        frame["file_path"] = f"{view:03d}.png"
        image.save(folder / frame["file_path"])
    (folder / "transforms.json").write_text(json.dumps(meta))
    manager = SurfaceDataManagerConfig(data=folder, dataparser=IdrDataParserConfig()).setup(device="cpu")
    item = manager.train_dataset[0]
    assert torch.equal(item["image"] * 255, torch.tensor(np.array(Image.open(scene.image_filenames[1]))).float())
    assert torch.equal(
        item["foreground"][..., 0] * 255, torch.tensor(np.array(Image.open(scene.mask_filenames[1]))).float()
    )
    assert "foreground" in manager.next_train(0)[1]


def test_distorted_cameras_use_nerfstudio_rays(scene, tmp_path):
    folder = write_colmap(scene, tmp_path / "scene", distortion=0.05)
    manager = SurfaceDataManagerConfig(data=folder, dataparser=IdrDataParserConfig()).setup(device="cpu")
    assert isinstance(manager.train_ray_generator, RayGenerator)
    assert not manager.training_views().is_pinhole
    rays, batch = manager.next_train(0)
    expected = manager.train_dataset.cameras.generate_rays(
        batch["indices"][:, :1], coords=batch["indices"][:, 1:].float() + 0.5
    )
    assert torch.allclose(rays.directions, expected.directions, atol=1e-5)


def test_bad_files_are_named(scene, tmp_path):
    folder = write_transforms(scene, tmp_path / "scene")
    good = json.loads((folder / "transforms.json").read_text())

    def refusal(meta) -> str:
        (folder / "transforms.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
        with pytest.raises(UserError) as error:
            read(folder)
        return str(error.value)

    assert "cannot be read" in refusal("{")
    assert "frames" in refusal({"w": 64})
    assert "camera_angle_x" in refusal({key: value for key, value in good.items() if not key.startswith("fl_")})
    assert "made for 128x64" in refusal({**good, "w": 128})
    assert "NaN" in refusal({**good, "frames": [{**good["frames"][0], "transform_matrix": [[float("nan")] * 4] * 4}]})
    lost = [{**frame, "file_path": "lost.png"} for frame in good["frames"]]
    assert "lost.png does not exist" in refusal({**good, "frames": lost})
    here = [{**frame, "transform_matrix": np.eye(4).tolist()} for frame in good["frames"]]
    assert "in one place" in refusal({**good, "frames": here})
    ahead = copy.deepcopy(here)
    for number, frame in enumerate(ahead):
        frame["transform_matrix"][0][3] = float(number)
    assert "--region" in refusal({**good, "frames": ahead})


def test_a_missing_mask_is_named(scene, tmp_path):
    folder = write_colmap(scene, tmp_path / "scene")
    (folder / "masks" / f"{scene.image_filenames[3].name}.png").unlink()
    with pytest.raises(UserError, match="no mask for 000003.png"):
        read(folder)


def test_poses_with_other_axes_are_refused_and_can_be_flipped(scene, tmp_path):
    """OpenGL's where SDFStudio expects OpenCV's; the message's command puts it right."""
    folder = write_sdfstudio(scene, tmp_path / "scene")
    meta = json.loads((folder / "meta_data.json").read_text())
    for frame in meta["frames"]:
        frame["camtoworld"] = (np.array(frame["camtoworld"]) @ np.diag([1.0, -1.0, -1.0, 1.0])).tolist()
    (folder / "meta_data.json").write_text(json.dumps(meta))
    with pytest.raises(UserError, match="10 of 10 cameras do not see.*convert SCENE NEW --flip-axes"):
        read(folder)
    Convert(folder, tmp_path / "new", flip_axes=True).main()
    flipped, _ = read(tmp_path / "new")
    own = torch.from_numpy(scene.camera_to_scene[:, :3, 3]).float()
    assert torch.allclose(flipped.cameras.camera_to_worlds[:, :, 3], own, atol=1e-4)
