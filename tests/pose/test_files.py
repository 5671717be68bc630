"""Folders of photographs as they are read and written, and what is said about those that lack something."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.pose.files import read_photographs, read_truth
from idr_neus_plugins.pose.ground import Ground


@pytest.fixture
def copy(single_scene, tmp_path) -> Path:
    return Path(shutil.copytree(single_scene, tmp_path / "copy"))


@pytest.mark.parametrize("kind", ["single_scene", "sequence_scene"])
def test_the_true_poses_show_the_meshes_where_the_photographs_do(kind, request):
    folder = request.getfixturevalue(kind)
    photographs, truth = read_photographs(folder), read_truth(folder)
    for frame, true in zip(photographs.frames[:2], truth[:2], strict=True):
        for which, each in enumerate(true.objects):
            seen = frame.cut_out(which)[..., 3] > 127
            camera = Camera(photographs.intrinsics, np.eye(4)[:3], seen.shape)
            mesh = to_frame(read_mesh(each.mesh), each.object_to_camera)
            known = MeshRenderer(mesh)(camera).accumulation[..., 0] >= 0.5  # as 128 of 255 is
            assert (seen & known).sum() / (seen | known).sum() > 0.97


def test_a_sequence_has_one_mask_for_each_object(sequence_scene):
    photographs = read_photographs(sequence_scene)
    assert photographs.objects == 2 and len(photographs.frames) == 5
    pose = read_truth(sequence_scene)[0].camera_to_world
    assert len(photographs.grounds) == 5 and photographs.grounds[0].height == pose[2, 3]
    np.testing.assert_allclose(pose[:3, :3] @ photographs.grounds[0].up, [0, 0, 1], atol=1e-12)


def test_an_image_alone_is_read_with_the_camera_beside_it(copy):
    shutil.copy(copy / "camera.json", copy / "image")
    (copy / "image/camera.json").write_text(
        json.dumps(
            {name: value for name, value in json.loads((copy / "camera.json").read_text()).items() if name[0] != "c"}
            | {"cx": 56, "cy": 56}
        )
    )
    photographs = read_photographs(copy / "image/000.png")
    assert photographs.objects == 1 and photographs.grounds == (Ground(),)


def test_missing_intrinsics_are_asked_for(copy):
    (copy / "camera.json").unlink()
    with pytest.raises(UserError, match="fl_x"):
        read_photographs(copy)
    with pytest.raises(UserError, match="intrinsics are not known"):
        read_photographs(copy / "image/000.png")


def test_intrinsics_of_other_images_are_refused(copy):
    camera = json.loads((copy / "camera.json").read_text())
    (copy / "camera.json").write_text(json.dumps(camera | {"w": 64, "h": 64}))
    with pytest.raises(UserError, match=r"\(64, 64\)"):
        read_photographs(copy)
    (copy / "camera.json").write_text(json.dumps(camera | {"camera_height": [1.0]}))
    with pytest.raises(UserError, match="1 camera heights for 2 images"):
        read_photographs(copy)

    (copy / "camera.json").write_text(json.dumps(camera | {"camera_up": [0.0, 0.0, 0.0]}))
    with pytest.raises(UserError, match="camera_up is zero"):
        read_photographs(copy)


def test_one_direction_may_be_up_for_all_images(copy):
    camera = json.loads((copy / "camera.json").read_text())
    (copy / "camera.json").write_text(json.dumps(camera | {"camera_up": [0.0, -2.0, 0.0]}))
    for ground in read_photographs(copy).grounds:
        np.testing.assert_allclose(ground.up, [0.0, -1.0, 0.0])


def test_a_missing_mask_is_named(sequence_scene, tmp_path):
    copied = Path(shutil.copytree(sequence_scene, tmp_path / "copy"))
    (copied / "mask/object_1/003.png").unlink()
    with pytest.raises(UserError, match=r"object_1/003.png"):
        read_photographs(copied)


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="neither an image nor a folder"):
        read_photographs(tmp_path)
    with pytest.raises(UserError, match="make-poses"):
        read_truth(tmp_path)
