"""COLMAP folders as programs leave them: read as the same scene, or refused with advice that works."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from idr_neus_plugins.data.formats.readers.lenses import COLMAP_LENSES
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.formats.writing import write_posed_scene
from idr_neus_plugins.errors import UserError
from tests.data.formats.scenes import assert_same


@pytest.fixture(scope="module")
def original(tiny_scene) -> PosedScene:
    return replace(read_posed_scene(tiny_scene), world_from_scene=None)


@pytest.fixture(scope="module")
def written(original, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("colmap") / "scene"
    write_posed_scene(original, folder, "colmap")
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "scene"))


def same(found: PosedScene, expected: PosedScene) -> None:
    assert_same(found, expected, with_region=False)


def write_text(
    folder: Path,
    views: tuple[View, ...],
    lens: str = "PINHOLE",
    parameters: Callable[[list[float]], list[float]] = lambda pinhole: pinhole,
    names: Callable[[int], str] = "{:06d}.png".format,
    between: str = "\n\n",
    times: float = 1.0,
) -> None:
    """A text model; ``times`` enlarges the cameras' pictures, ``between`` stands after each image's first line."""
    folder.mkdir(parents=True, exist_ok=True)
    cameras, images = [], []
    for number, view in enumerate(views):
        matrix, (height, width) = view.intrinsics, view.size
        pinhole = [times * float(matrix[place]) for place in ((0, 0), (1, 1), (0, 2), (1, 2))]
        values = " ".join(map(repr, parameters(pinhole)))
        cameras.append(f"{number + 1} {lens} {int(times * width)} {int(times * height)} {values}\n")
        from_world = np.linalg.inv(view.camera_to_world)
        x, y, z, w = Rotation.from_matrix(from_world[:3, :3]).as_quat()
        place = " ".join(map(repr, map(float, (w, x, y, z, *from_world[:3, 3]))))
        images.append(f"{number + 1} {place} {number + 1} {names(number)}{between}")
    (folder / "cameras.txt").write_text("# Cameras\n" + "".join(cameras))
    (folder / "images.txt").write_text("# Images\n" + "".join(images))


def as_text(folder: Path, original: PosedScene, **options) -> None:
    shutil.rmtree(folder / "sparse")
    write_text(folder / "sparse" / "0", original.views, **options)


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n1.5 2.5 -1 3.5 4.5 7\n"], ids=["empty", "missing", "points"])
def test_text_models_with_and_without_points(between, folder, original):
    as_text(folder, original, between=between)
    same(read_posed_scene(folder), original)


def test_names_with_spaces(folder, original):
    as_text(folder, original, names="IMG wp-2 ({:d}).png".format)
    for kind, end in (("images", ""), ("masks", ".png")):
        for number in range(10):
            (folder / kind / f"{number:06d}.png{end}").rename(folder / kind / f"IMG wp-2 ({number}).png{end}")
    same(read_posed_scene(folder), original)


def test_the_largest_of_several_models_is_read(folder, original, capsys):
    (folder / "sparse" / "0").rename(folder / "sparse" / "1")
    write_text(folder / "sparse" / "0", original.views[:4])
    same(read_posed_scene(folder), original)
    assert "sparse/0 with 4" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["", "sparse", "colmap", "colmap/sparse/0", "dense/sparse"])
def test_where_programs_put_models(place, folder, original):
    shutil.move(folder / "sparse" / "0", folder / "model")
    shutil.rmtree(folder / "sparse")
    (folder / place).mkdir(parents=True, exist_ok=True)
    for path in (folder / "model").iterdir():
        shutil.move(path, folder / place / path.name)
    same(read_posed_scene(folder), original)


def test_photographs_in_input_or_only_reduced_ones(folder, original):
    (folder / "images").rename(folder / "input")
    same(read_posed_scene(folder), original)
    (folder / "input").rename(folder / "images_4")
    as_text(folder, original, times=4.0)
    same(read_posed_scene(folder), original)


def test_photographs_beside_the_model(folder, original):
    for path in (folder / "images").iterdir():
        path.rename(folder / path.name)
    (folder / "images").rmdir()
    same(read_posed_scene(folder), original)


def test_folders_of_two_cameras(folder, original):
    names = [f"{'front' if number < 5 else 'back'}/{number % 5}.png" for number in range(10)]
    as_text(folder, original, names=names.__getitem__)
    for kind, end in (("images", ""), ("masks", ".png")):
        for number, name in enumerate(names):
            (folder / kind / name).parent.mkdir(exist_ok=True)
            (folder / kind / f"{number:06d}.png{end}").rename(folder / kind / f"{name}{end}")
    same(read_posed_scene(folder), original)


def single(pinhole: list[float]) -> list[float]:
    return [pinhole[0], *pinhole[2:]]


STRAIGHT = {
    "SIMPLE_PINHOLE": single,
    "SIMPLE_RADIAL": lambda pinhole: [*single(pinhole), 0.0],
    "RADIAL": lambda pinhole: [*single(pinhole), 0.0, 0.0],
    "OPENCV": lambda pinhole: [*pinhole, *[0.0] * 4],
    "FULL_OPENCV": lambda pinhole: [*pinhole, *[0.0] * 8],
    "SIMPLE_DIVISION": lambda pinhole: [*single(pinhole), 0.0],
    "DIVISION": lambda pinhole: [*pinhole, 0.0],
}


@pytest.mark.parametrize("lens", STRAIGHT)
def test_lenses_with_all_coefficients_zero_are_pinholes(lens, folder, original):
    as_text(folder, original, lens=lens, parameters=STRAIGHT[lens])
    found = read_posed_scene(folder).views[3]
    assert found.is_pinhole
    assert found.intrinsics[0, 0] == pytest.approx(original.views[3].intrinsics[0, 0])


def test_coefficients_come_to_their_places(folder, original):
    bent = [0.1, 0.02, 0.003, 0.0004]
    as_text(folder, original, lens="OPENCV", parameters=lambda pinhole: [*pinhole, *bent])
    assert read_posed_scene(folder).views[0].distortion == (0.1, 0.02, 0.0, 0.0, 0.003, 0.0004)
    as_text(folder, original, lens="FULL_OPENCV", parameters=lambda pinhole: [*pinhole, *bent, 0.05, 0.0, 0.0, 0.0])
    assert read_posed_scene(folder).views[0].distortion == (0.1, 0.02, 0.05, 0.0, 0.003, 0.0004)
    as_text(folder, original, lens="OPENCV_FISHEYE", parameters=lambda pinhole: [*pinhole, *bent])
    found = read_posed_scene(folder).views[0]
    assert found.is_fisheye and found.distortion == (0.1, 0.02, 0.003, 0.0004, 0.0, 0.0)


def test_all_lenses_of_colmap_are_known():
    pycolmap = pytest.importorskip("pycolmap")
    for identifier in pycolmap.CameraModelId.__members__.values():
        if int(identifier) >= 0:
            number, parameters = COLMAP_LENSES[identifier.name]
            camera = pycolmap.Camera.create_from_model_id(1, identifier, 100.0, 64, 48)
            assert number == int(identifier) and len(parameters.split()) == len(camera.params)


@pytest.mark.parametrize("lens", ["FOV", "FULL_OPENCV", "SIMPLE_DIVISION"])
def test_what_has_no_rays_is_undistorted_by_the_command_that_is_named(lens, folder, original, tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    if lens not in pycolmap.CameraModelId.__members__:
        pytest.skip("a lens of newer COLMAPs")
    bent = {
        "FOV": lambda pinhole: [*pinhole, 0.2],
        "FULL_OPENCV": lambda pinhole: [*pinhole, 0.01, 0.0, 0.0, 0.0, 0.0, 0.02, 0.0, 0.0],
        "SIMPLE_DIVISION": lambda pinhole: [*single(pinhole), -0.01],
    }
    as_text(folder, original, lens=lens, parameters=bent[lens])
    (folder / "sparse" / "0" / "points3D.txt").write_text("# none\n")
    model = folder / "sparse" / "0"
    with pytest.raises(UserError, match=f"lens {lens}.*image_undistorter.*{model}"):
        read_posed_scene(folder)
    pycolmap.undistort_images(str(tmp_path / "undistorted"), str(model), str(folder / "images"))
    found = read_posed_scene(tmp_path / "undistorted")
    assert len(found.views) == 10 and all(view.is_pinhole for view in found.views)
    np.testing.assert_allclose(found.views[2].camera_to_world, original.views[2].camera_to_world, atol=1e-6)


def test_a_lens_newer_than_this_package(folder):
    path = folder / "sparse" / "0" / "cameras.bin"
    content = bytearray(path.read_bytes())
    content[12] = 99
    path.write_bytes(content)
    with pytest.raises(UserError, match="number 99.*image_undistorter"):
        read_posed_scene(folder)


def test_rotations_that_are_none(folder, original):
    as_text(folder, original)
    path = folder / "sparse" / "0" / "images.txt"
    lines = path.read_text().splitlines()
    words = lines[1].split(" ")
    words[1] = "3.5"
    path.write_text("\n".join([lines[0], " ".join(words), *lines[2:]]))
    with pytest.raises(UserError, match="000000.png has no rotation.*quaternion"):
        read_posed_scene(folder)
    words[1] = "nan"
    path.write_text("\n".join([lines[0], " ".join(words), *lines[2:]]))
    with pytest.raises(UserError, match="000000.png holds NaN.*Remove"):
        read_posed_scene(folder)
    path.write_text("\n".join([lines[0], *lines[2:]]))
    assert len(read_posed_scene(folder).views) == 9


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("images.txt", "1 1 0 0 0 0 0 0\n", "images.txt, line 1.*NAME"),
        ("images.txt", "1 1 0 0 0 0 x 0 1 000000.png\n", "images.txt, line 1"),
        ("cameras.txt", "1 PINHOLE 64 64 90 90 32\n", "cameras.txt, line 1.*parameters"),
        ("cameras.txt", "1 WARP 64 64 90\n", "lens WARP"),
        ("cameras.txt", "7 PINHOLE 64 64 90 90 32 32\n", "camera 1, which is not"),
        ("images.txt", "# none\n", "holds no images"),
    ],
)
def test_damaged_text_is_named(file, text, said, folder, original):
    as_text(folder, original)
    (folder / "sparse" / "0" / file).write_text(text)
    with pytest.raises(UserError, match=said):
        read_posed_scene(folder)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["cameras.bin", "images.bin"]),
    cut=st.floats(0, 1),
    place=st.floats(0, 1),
    value=st.binary(min_size=1, max_size=4),
)
def test_cut_and_damaged_binaries_are_read_or_refused(name, cut, place, value, written, tmp_path_factory):
    model = tmp_path_factory.mktemp("cut") / "sparse"
    shutil.copytree(written / "sparse", model)
    (model.parent / "images").symlink_to(written / "images")
    path = model / "0" / name
    content = bytearray(path.read_bytes())
    if cut < 0.5:
        content = content[: int(2 * cut * len(content))]
    else:
        at = int(place * (len(content) - len(value)))
        content[at : at + len(value)] = value
    path.write_bytes(content)
    try:
        found = read_posed_scene(model.parent)
    except UserError:
        return
    for view in found.views:
        rotation = view.camera_to_world[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)


def test_a_photograph_or_its_folder_is_missing(folder):
    (folder / "images" / "000004.png").unlink()
    with pytest.raises(UserError, match="000004.png does not exist"):
        read_posed_scene(folder)
    (folder / "images").rename(folder / "elsewhere")
    with pytest.raises(UserError, match="no folder images/"):
        read_posed_scene(folder)


def test_other_forms_of_a_name(folder, original):
    """Another suffix after a conversion, and the decomposed letters of macOS."""
    as_text(folder, original, names=lambda number: f"é{number}.jpg")
    for number in range(10):
        picture = Image.open(folder / "images" / f"{number:06d}.png")
        picture.save(folder / "images" / f"e\u0301{number}.png")
        (folder / "images" / f"{number:06d}.png").unlink()
        (folder / "masks" / f"{number:06d}.png.png").rename(folder / "masks" / f"é{number}.png")
    same(read_posed_scene(folder), original)
