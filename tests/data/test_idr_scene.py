"""IDR/NeuS folders: what is read, and one clear message for each thing that can be wrong."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from idr_neus_plugins.data.idr_scene import find_camera_file, read_idr_scene
from idr_neus_plugins.errors import UserError
from tests.data.scenes import change_cameras, copy_scene


@pytest.fixture
def folder(tiny_scene, tmp_path):
    return copy_scene(tiny_scene, tmp_path)


def refusal(folder, **options) -> str:
    with pytest.raises(UserError) as error:
        read_views(IdrDataParserConfig(data=folder, **options))
    return str(error.value)


def test_reads_what_was_photographed(tiny_scene):
    from idr_neus_plugins.data.sample_camera import cameras_around
    from idr_neus_plugins.data.sample_scene import WORLD_FROM_SCENE

    scene = read_idr_scene(tiny_scene)
    intrinsics, poses = cameras_around(10, 64, lowest_deg=-40.0)
    assert np.allclose(scene.intrinsics, intrinsics, atol=2e-3)
    assert np.allclose(scene.camera_to_scene, poses, atol=2e-5)
    assert np.allclose(scene.world_from_scene, WORLD_FROM_SCENE)
    assert scene.sizes == [(64, 64)] * 10


def test_layout_of_blendedmvs(folder, capsys):
    """images/ with jpg, no masks, names that only sort by number, one npz with its own name."""
    (folder / "image").rename(folder / "images")
    shutil.rmtree(folder / "mask")
    for path in (folder / "images").iterdir():
        Image.open(path).save(folder / "images" / f"view{int(path.stem) + 1}.jpg")
        path.unlink()
    for name in ("cameras.npz", "cameras_linear_init.npz"):
        (folder / name).unlink()
    (folder / "cameras_sphere.npz").rename(folder / "mine.npz")
    np.savez(folder / "other.npz", points=np.zeros(3))
    scene = read_idr_scene(folder)
    read_posed_scene(folder)
    assert "order of the numbers: view1.jpg, view2.jpg" in capsys.readouterr().out
    assert [path.name for path in scene.image_filenames] == [f"view{i}.jpg" for i in range(1, 11)]
    assert scene.mask_filenames is None
    assert scene.camera_file.name == "mine.npz"


def test_camera_file_by_name_and_by_order(folder):
    assert find_camera_file(folder).name == "cameras_sphere.npz"
    assert find_camera_file(folder, "cameras").name == "cameras.npz"
    assert find_camera_file(folder, "cameras.npz").name == "cameras.npz"
    assert "cameras_sphere.npz" in refusal(folder, cameras="cameras_large")


def test_missing_things_are_named(folder, tmp_path):
    assert "does not exist" in refusal(tmp_path / "nowhere")
    assert "name one of them, as" in refusal(tmp_path)
    assert "--region" in refusal(folder, region=(0.0, 0.0, 0.0, 1.0))
    for path in folder.glob("*.npz"):
        path.unlink()
    assert "cameras_sphere.npz" in refusal(folder)
    shutil.rmtree(folder / "image")
    assert "No images" in refusal(folder)


def test_numbers_must_agree(folder):
    (folder / "mask" / "009.png").unlink()
    assert "no mask for 000009.png: 9 of 10" in refusal(folder)
    (folder / "image" / "000003.png").unlink()
    assert "no mask for 000009.png: 8 of 9" in refusal(folder)
    shutil.rmtree(folder / "mask")
    assert "10 cameras" in refusal(folder) and "9 images" in refusal(folder)


def test_mask_of_another_size(folder):
    Image.new("L", (64, 32)).save(folder / "mask" / "005.png")
    assert "005.png has 64x32 pixels" in refusal(folder)


@pytest.mark.parametrize("where", ["image/000004.png", "mask/004.png"])
def test_unreadable_image(folder, where):
    (folder / where).write_bytes(b"no picture")
    assert where.split("/")[1] in refusal(folder) and "cannot be read" in refusal(folder)


def test_npz_without_scale_mat(folder):
    change_cameras(folder, lambda arrays: [arrays.pop(name) for name in list(arrays) if "scale" in name])
    assert "lacks scale_mat_0" in refusal(folder)


def test_npz_that_is_none(folder):
    (folder / "cameras_sphere.npz").write_bytes(b"PK no archive")
    assert "cannot be read as an npz" in refusal(folder)


def test_one_scale_mat_is_enough_but_they_must_agree(folder):
    change_cameras(folder, lambda arrays: [arrays.pop(f"scale_mat_{i}") for i in range(1, 10)])
    assert len(read_idr_scene(folder).sizes) == 10
    change_cameras(folder, lambda arrays: arrays.update(scale_mat_3=np.eye(4)))
    assert "scale_mat_3 differs" in refusal(folder)


def test_nan_camera(folder):
    change_cameras(folder, lambda arrays: arrays["world_mat_2"].fill(np.nan))
    assert "world_mat_2 holds NaN" in refusal(folder)


def test_skew_that_matters(folder):
    shear = np.eye(4)
    shear[0, 1] = 0.02
    change_cameras(folder, lambda arrays: arrays.update(world_mat_1=shear @ arrays["world_mat_1"]))
    assert "camera of 000001.png has a skew" in refusal(folder)


def test_cameras_that_do_not_see_the_region(folder):
    aside = np.eye(4)
    aside[:3, 3] = [900.0, 0.0, 0.0]

    def displace(arrays):
        arrays.update({name: aside @ mat for name, mat in arrays.items() if "scale" in name})

    change_cameras(folder, displace)
    assert "do not see the region" in refusal(folder)


def test_cameras_of_larger_images(folder):
    double = np.diag([8.0, 8.0, 1.0, 1.0])
    change_cameras(folder, lambda a: a.update({n: double @ m for n, m in a.items() if "world" in n}))
    assert "--downscale-factor" in refusal(folder)


def drop_photographs(folder, numbers) -> None:
    for number in numbers:
        (folder / "image" / f"{number:06d}.png").unlink()
        (folder / "mask" / f"{number:03d}.png").unlink()


def drop_cameras(folder, numbers) -> None:
    keys = [f"{kind}_mat_{number}" for kind in ("world", "scale") for number in numbers]
    change_cameras(folder, lambda arrays: [arrays.pop(key) for key in keys])


def test_cameras_keep_their_photographs_where_views_were_deleted(folder, tiny_scene):
    """The message for cameras of deleted photographs says to remove them, which helps."""
    drop_photographs(folder, (3, 7))
    assert "10 cameras" in refusal(folder) and "8 images" in refusal(folder) and "keep the numbers" in refusal(folder)
    drop_cameras(folder, (3, 7))
    found, whole = read_idr_scene(folder), read_idr_scene(tiny_scene)
    kept = [0, 1, 2, 4, 5, 6, 8, 9]
    assert [path.name for path in found.image_filenames] == [f"{number:06d}.png" for number in kept]
    assert np.array_equal(found.camera_to_scene, whole.camera_to_scene[kept])


def test_gaps_that_names_do_not_explain_are_refused(folder):
    drop_cameras(folder, (3,))
    (folder / "image" / "000009.png").unlink()
    (folder / "mask" / "009.png").unlink()
    assert "lacks world_mat_3" in refusal(folder) and "Number the cameras 0 to 8" in refusal(folder)
    change_cameras(
        folder, lambda arrays: arrays.update({f"world_mat_{i}": arrays.pop(f"world_mat_{i + 1}") for i in range(3, 9)})
    )
    assert len(read_idr_scene(folder).sizes) == 9


def test_padded_numbers(folder, tiny_scene):
    def pad(arrays):
        for key in list(arrays):
            kind, number = key.rsplit("_", 1)
            arrays[f"{kind}_{int(number):03d}"] = arrays.pop(key)

    change_cameras(folder, pad)
    assert np.array_equal(read_idr_scene(folder).camera_to_scene, read_idr_scene(tiny_scene).camera_to_scene)


def test_cameras_in_text_order_are_put_in_order(tmp_path, capsys):
    """Photographs 0.png … 11.png whose cameras were written as 0, 1, 10, 11, 2, …: the silhouettes tell."""
    from idr_neus_plugins.data.sample_scene import SampleSceneOptions, write_sample_scene

    write_sample_scene(tmp_path / "scene", SampleSceneOptions(views=12, size=64, mesh_resolution=64))
    true = read_posed_scene(tmp_path / "scene")
    for kind in ("image", "mask"):
        for path in (tmp_path / "scene" / kind).iterdir():
            path.rename(path.with_name(f"{int(path.stem)}.png"))
    assert np.array_equal(read_posed_scene(tmp_path / "scene").views[3].camera_to_world, true.views[3].camera_to_world)
    order = sorted(range(12), key=str)
    for path in (tmp_path / "scene").glob("*.npz"):
        change_cameras(
            tmp_path / "scene",
            lambda arrays: arrays.update(
                {f"world_mat_{i}": a for i, a in enumerate([arrays[f"world_mat_{n}"] for n in order])}
            ),
            path.name,
        )
    capsys.readouterr()
    found = read_posed_scene(tmp_path / "scene")
    for a, b in zip(found.views, true.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world)
    assert "text order" in capsys.readouterr().out


def test_a_mirrored_world_is_refused_and_can_be_mirrored(folder, tiny_scene, tmp_path):
    mirror = np.diag([1.0, 1.0, -1.0, 1.0])

    def turn_round(arrays):
        for name, mat in arrays.items():
            arrays[name] = mat @ mirror if "world" in name else mirror @ mat @ mirror

    change_cameras(folder, turn_round)
    assert "left-handed" in refusal(folder) and "--mirror z" in refusal(folder)
    Convert(folder, tmp_path / "new", mirror="z").main()
    found, true = read_posed_scene(tmp_path / "new"), read_posed_scene(tiny_scene)
    for a, b in zip(found.views, true.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=1e-4)


def test_masks_between_the_photographs(folder):
    for path in (folder / "mask").iterdir():
        path.rename(folder / "image" / f"{int(path.stem):06d}_mask.png")
    (folder / "mask").rmdir()
    scene = read_idr_scene(folder)
    assert len(scene.image_filenames) == len(scene.mask_filenames) == 10
    assert scene.mask_filenames[3].name == "000003_mask.png"


def test_an_archive_that_was_unpacked_too_deep(folder):
    for kind in ("image", "mask"):
        (folder / kind).rename(folder / "moved")
        (folder / kind).mkdir()
        (folder / "moved").rename(folder / kind / kind)
    assert len(read_idr_scene(folder).mask_filenames) == 10


def test_an_npz_of_other_things_is_no_scene(folder):
    """It lies beside a transforms.json, which is the scene then."""
    from idr_neus_plugins.data.idr_scene import camera_files

    for path in folder.glob("*.npz"):
        path.unlink()
    np.savez(folder / "depths.npz", depth=np.zeros(3))
    (folder / "broken.npz").write_bytes(b"PK broken")
    assert camera_files(folder) == []
    assert "no cameras" in refusal(folder)
    np.savez(folder / "cameras.npz", K=np.eye(3))
    assert "holds K, and no cameras as world_mat_i" in refusal(folder) and "normalize" in refusal(folder)
