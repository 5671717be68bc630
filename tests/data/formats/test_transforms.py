"""transforms.json as programs and people leave it: read as the same scene, or refused with advice that works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.formats.writing import write_posed_scene
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.data.lens import ray_directions
from idr_neus_plugins.errors import UserError
from tests.data.formats.scenes import assert_same

Meta = dict[str, Any]


@pytest.fixture(scope="module")
def original(tiny_scene) -> PosedScene:
    return read_posed_scene(tiny_scene)


@pytest.fixture(scope="module")
def written(original, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("transforms") / "scene"
    write_posed_scene(original, folder, "transforms")
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "scene"))


def change(folder: Path, edit: Callable[[Meta], object]) -> None:
    path = folder / "transforms.json"
    meta = json.loads(path.read_text())
    edit(meta)
    path.write_text(json.dumps(meta))


def frames(edit: Callable[[Meta, int], object]) -> Callable[[Meta], object]:
    return lambda meta: [edit(frame, number) for number, frame in enumerate(meta["frames"])]


def at_root(meta: Meta) -> None:
    """What is the same for all frames stands at the root, and a wrong focal length too: the frames' counts."""
    for key in ("w", "h"):
        meta[key] = meta["frames"][0][key]
        for frame in meta["frames"]:
            del frame[key]
    meta["fl_x"] = 1.0


SAME = {
    "no size": frames(lambda frame, i: [frame.pop(key) for key in ("w", "h")]),
    "sizes as floats": frames(lambda frame, i: frame.update(w=64.0, h=64.0)),
    "no suffix": frames(lambda frame, i: frame.update(file_path=f"images/{i:06d}")),
    "dot before": frames(lambda frame, i: frame.update(file_path=f"./images/{i:06d}.png")),
    "backslashes": frames(lambda frame, i: frame.update(file_path=f".\\images\\{i:06d}.png")),
    "of another computer": frames(lambda frame, i: frame.update(file_path=f"C:\\me\\scan\\images\\{i:06d}.png")),
    "moved": frames(lambda frame, i: frame.update(file_path=f"/home/me/scan/images/{i:06d}.png")),
    "without its folder": frames(lambda frame, i: frame.update(file_path=f"{i:06d}.png")),
    "masks beside": frames(lambda frame, i: frame.pop("mask_path")),
    "root and frames": at_root,
    "scaled rotations": frames(
        lambda frame, i: frame.update(transform_matrix=(np.array(frame["transform_matrix"]) * [3, 3, 3, 1]).tolist())
    ),
    "three rows": frames(lambda frame, i: frame.update(transform_matrix=frame["transform_matrix"][:3])),
    "frame twice, alike": lambda meta: meta["frames"].append(meta["frames"][3]),
    "another order": lambda meta: meta["frames"].reverse(),
}


@pytest.mark.parametrize("how", SAME)
def test_the_same_scene_is_read(how, folder, original):
    change(folder, SAME[how])
    assert_same(read_posed_scene(folder), original)


def test_byte_order_mark_and_files_beside_it(folder, original):
    path = folder / "transforms.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.savez(folder / "depths.npz", depth=np.zeros(3))
    (folder / "colmap" / "sparse" / "0").mkdir(parents=True)
    for name in ("cameras.txt", "images.txt"):
        (folder / "colmap" / "sparse" / "0" / name).write_text("# none\n")
    assert_same(read_posed_scene(folder), original)


def pose_of(number: int, change_pose: Callable[[np.ndarray], np.ndarray]) -> Callable[[Meta], object]:
    def edit(meta: Meta) -> None:
        frame = meta["frames"][number]
        frame["transform_matrix"] = change_pose(np.array(frame["transform_matrix"])).tolist()

    return edit


def sheared(pose: np.ndarray) -> np.ndarray:
    pose[0, 1] += 0.1
    return pose


def other_last_row(pose: np.ndarray) -> np.ndarray:
    pose[3] = [0, 0, 1, 0]
    return pose


def remove_frame(number: int) -> Callable[[Meta], object]:
    return lambda meta: meta["frames"].pop(number)


REFUSED: dict[str, tuple[Callable[[Meta], object], str, Callable[[Meta], object]]] = {
    "NaN": (pose_of(3, lambda pose: pose * np.nan), "000003.png holds NaN.*Remove", remove_frame(3)),
    "no rotation": (pose_of(3, sheared), "000003.png has no rotation.*remove", remove_frame(3)),
    "last row": (pose_of(3, other_last_row), "000003.png has the last row.*Correct", remove_frame(3)),
    "no axes": (pose_of(3, np.zeros_like), "last row|no rotation", remove_frame(3)),
    "one mirrored": (
        pose_of(3, lambda pose: np.diag([1.0, 1, -1, 1]) @ pose),
        "1 of 10 cameras are mirrored.*000003.png.*remove",
        remove_frame(3),
    ),
    "photograph missing": (
        lambda meta: meta["frames"][3].update(file_path="images/lost.png"),
        "lost.png does not exist.*remove",
        remove_frame(3),
    ),
    "frame twice": (
        lambda meta: meta["frames"].append(
            meta["frames"][3] | {"transform_matrix": meta["frames"][7]["transform_matrix"]}
        ),
        "two frames with different poses for images/000003.png.*Remove",
        remove_frame(10),
    ),
    "focal length 0": (
        lambda meta: meta["frames"][3].update(fl_x=0.0, fl_y=0.0),
        "000003.png has the focal lengths 0 and 0.*remove",
        remove_frame(3),
    ),
    "focal length of 2700 widths": (
        lambda meta: meta["frames"][3].update(fl_x=2700 * 64.0),
        "000003.png has the focal lengths 172800",
        remove_frame(3),
    ),
    "principal point far away": (
        lambda meta: meta["frames"][3].update(cx=1e6),
        "000003.png has its principal point",
        remove_frame(3),
    ),
    "a word for a number": (
        lambda meta: meta["frames"][3].update(fl_x="wide"),
        "fl_x of images/000003.png is 'wide'",
        lambda meta: meta["frames"][3].pop("fl_x"),
    ),
    "no mask for one": (
        lambda meta: meta["frames"][3].pop("mask_path"),
        "000003.png has no mask_path",
        lambda meta: [frame.pop("mask_path", None) for frame in meta["frames"]],
    ),
    "panorama": (
        lambda meta: meta.update(camera_model="EQUIRECTANGULAR"),
        "EQUIRECTANGULAR.*perspective",
        lambda meta: meta.update(camera_model="OPENCV"),
    ),
    "split without frame": (
        lambda meta: meta.update(train_filenames=["images/000000.png", "masks/000001.png"]),
        "000001.png for a split.*Remove",
        lambda meta: meta.update(train_filenames=["images/000000.png"], test_filenames=["images/000001.png"]),
    ),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_wrong_is_named_and_the_advice_works(how, folder):
    spoil, said, follow = REFUSED[how]
    change(folder, spoil)
    with pytest.raises(UserError, match=said):
        read_posed_scene(folder)
    change(folder, follow)
    assert len(read_posed_scene(folder).views) in (2, 9, 10)


def test_a_left_handed_world_is_refused_and_can_be_mirrored(folder, original, tmp_path):
    mirror = np.diag([1.0, 1.0, -1.0, 1.0])
    for number in range(10):
        change(folder, pose_of(number, lambda pose: mirror @ pose))
    change(folder, lambda meta: meta.pop("scale_mat"))
    with pytest.raises(UserError, match="left-handed.*convert SCENE NEW --mirror z"):
        read_posed_scene(folder)
    Convert(folder, tmp_path / "new", mirror="z").main()
    found = read_posed_scene(tmp_path / "new")
    for a, b in zip(found.views, original.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=1e-6)


def test_cameras_in_one_place_are_refused(folder):
    first = np.array(json.loads((folder / "transforms.json").read_text())["frames"][0]["transform_matrix"])
    for number in range(10):
        change(folder, pose_of(number, lambda pose: np.c_[pose[:, :3], first[:, 3:]]))
    with pytest.raises(UserError, match="in one place.*parallax"):
        read_posed_scene(folder)


def test_photographs_of_another_size_take_their_cameras_along(folder, original):
    for path in (folder / "images").iterdir():
        Image.open(path).resize((32, 32), Image.Resampling.BOX).save(path)
    change(folder, frames(lambda frame, i: frame.pop("mask_path")))
    shutil.rmtree(folder / "masks")
    view = read_posed_scene(folder).views[2]
    assert view.size == (32, 32)
    np.testing.assert_allclose(view.intrinsics[:2], original.views[2].intrinsics[:2] / 2)
    Image.new("RGB", (32, 40)).save(folder / "images" / "000002.png")
    with pytest.raises(UserError, match="000002.png has 32x40 pixels, but its camera is made for 64x64"):
        read_posed_scene(folder)


def test_nerf_synthetic(original, tmp_path):
    """Three files, one angle of view, names without suffix, the masks in the alpha channel; its own split is kept."""
    angle = 2 * np.arctan(32 / original.views[0].intrinsics[0, 0])
    numbers = {"train": [0, 2, 3, 4, 5, 6, 7], "val": [1], "test": [8, 9]}
    for split, chosen in numbers.items():
        (tmp_path / split).mkdir()
        listed = []
        for number in chosen:
            view = original.views[number]
            picture = Image.open(view.image)
            picture.putalpha(Image.open(view.mask).convert("L"))
            picture.save(tmp_path / split / f"r_{number}.png")
            pose = flip_axes(view.camera_to_world).tolist()
            listed.append({"file_path": f"./{split}/r_{number}", "rotation": 0.01, "transform_matrix": pose})
        (tmp_path / f"transforms_{split}.json").write_text(json.dumps({"camera_angle_x": angle, "frames": listed}))
    scene = read_posed_scene(tmp_path)
    assert scene.has_foreground and not scene.has_masks
    assert [view.image.stem for view in scene.views] == [f"r_{n}" for chosen in numbers.values() for n in chosen]
    assert scene.held_out == (7, 8, 9)
    assert scene.views[0].intrinsics[0, 0] == pytest.approx(original.views[0].intrinsics[0, 0])
    parser = IdrDataParserConfig(data=tmp_path).setup()
    training, held_out = (parser.get_dataparser_outputs(split) for split in ("train", "test"))
    assert len(training.image_filenames) == 7 and len(held_out.image_filenames) == 3
    assert training.metadata["foreground_in_alpha"]


def test_transparency_of_some_photographs_is_refused(original, tmp_path):
    write_posed_scene(original, tmp_path / "scene", "transforms")
    change(tmp_path / "scene", frames(lambda frame, i: frame.pop("mask_path")))
    shutil.rmtree(tmp_path / "scene" / "masks")
    for number, view in enumerate(original.views[1:], start=1):
        picture = Image.open(view.image)
        picture.putalpha(Image.open(view.mask).convert("L"))
        picture.save(tmp_path / "scene" / "images" / f"{number:06d}.png")
    with pytest.raises(UserError, match="000000.png has no transparency.*1 of 10"):
        IdrDataParserConfig(data=tmp_path / "scene").setup().get_dataparser_outputs("train")
    for number, view in enumerate(original.views):
        (tmp_path / "scene" / "masks").mkdir(exist_ok=True)
        shutil.copy(view.mask, tmp_path / "scene" / "masks" / f"{number:06d}.png")
    outputs = IdrDataParserConfig(data=tmp_path / "scene").setup().get_dataparser_outputs("train")
    assert "foreground_filenames" in outputs.metadata


def test_a_world_of_map_coordinates_keeps_its_millimetres(folder, original, tmp_path):
    """Metres in UTM: six digits before the point. In single precision the cameras would be 6 cm off."""
    far = np.array([465123.25, 5248765.5, 512.125])

    def place(pose: np.ndarray) -> np.ndarray:
        pose[:3, 3] = pose[:3, 3] / 1000 + far
        return pose

    for number in range(10):
        change(folder, pose_of(number, place))
    change(folder, lambda meta: meta.pop("scale_mat"))
    outputs = IdrDataParserConfig(data=folder).setup().get_dataparser_outputs("train")
    world_from_scene = outputs.metadata["world_from_scene"].numpy()
    centres = outputs.metadata["all_cameras"].camera_to_worlds[:, :, 3].double().numpy()
    found = centres @ world_from_scene[:3, :3].T + world_from_scene[:3, 3]
    true = np.stack([view.camera_to_world[:3, 3] for view in original.views]) / 1000 + far
    assert np.abs(found - true).max() < 1e-6
    Convert(folder, tmp_path / "idr").main()
    for a, b in zip(read_posed_scene(tmp_path / "idr").views, true, strict=True):
        np.testing.assert_allclose(a.camera_to_world[:3, 3], b, atol=1e-5)


def test_a_ball_through_a_fisheye_lies_in_its_region(tmp_path):
    """A ball of radius 1, 1.6 in front of an equidistant fisheye of 65 degrees either way."""
    size, focal, listed = 100, 50 / np.radians(65), []
    rows, columns = np.mgrid[:size, :size] + 0.5 - size / 2
    ball = np.hypot(rows, columns) / focal < np.arcsin(1 / 1.6)
    for number in range(6):
        around, up = 2 * np.pi * number / 6, 0.5 * np.sin(number)
        outward = np.array([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])
        right = np.cross(-outward, [0, 0, 1.0]) / np.linalg.norm(np.cross(outward, [0, 0, 1.0]))
        pose = np.eye(4)
        pose[:3] = np.stack([right, np.cross(-outward, right), -outward, 1.6 * outward], 1)
        for name, picture in (("i", 128 * ball), ("m", 255 * ball)):
            Image.fromarray(picture.astype(np.uint8)).save(tmp_path / f"{name}{number}.png")
        names = {"file_path": f"i{number}.png", "mask_path": f"m{number}.png"}
        listed.append(names | {"transform_matrix": flip_axes(pose).tolist()})
    camera = {"fl_x": focal, "fl_y": focal, "w": size, "h": size, "camera_model": "OPENCV_FISHEYE"}
    (tmp_path / "transforms.json").write_text(json.dumps(camera | {"frames": listed}))
    scene = read_posed_scene(tmp_path)
    assert all(view.is_fisheye for view in scene.views)
    region = scene.region()
    assert np.linalg.norm(region[:3, 3]) < 0.02 and 1.0 < region[0, 0] < 1.15
    Convert(tmp_path, tmp_path / "copy", to="transforms").main()
    assert_same(read_posed_scene(tmp_path / "copy"), scene, with_region=False)
    Convert(tmp_path, tmp_path / "colmap", to="colmap").main()
    assert_same(read_posed_scene(tmp_path / "colmap"), scene, with_region=False)
    with pytest.raises(UserError, match="--undistort"):
        Convert(tmp_path, tmp_path / "idr").main()
    Convert(tmp_path, tmp_path / "straight", undistort=True).main()
    for view in read_posed_scene(tmp_path / "straight").views:
        assert view.is_pinhole
        inside = ray_directions(view, view.size, 1.0)[..., 2] > np.cos(np.arcsin(1 / 1.6))
        assert ((np.array(Image.open(view.mask)) > 127) == inside).mean() > 0.99
