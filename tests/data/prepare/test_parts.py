"""The steps that need no COLMAP: photographs, masks, region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image, ImageFilter, ImageOps

from idr_neus_plugins.data.prepare.masks import make_masks, plain_background
from idr_neus_plugins.data.prepare.photographs import gather
from idr_neus_plugins.data.prepare.region import sphere_around_box, sphere_around_interest, sphere_around_points
from idr_neus_plugins.data.region import sphere_to_matrix
from idr_neus_plugins.errors import UserError
from tests.data.prepare import box


def silent(done: int, total: int) -> None:
    pass


def test_photographs_are_turned_upright_reduced_and_in_order(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(5):
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: rows are columns
        picture = Image.new("RGB", (200, 100), (40 * number, 0, 0))
        picture.paste((0, 0, 255), (0, 0, 100, 100))
        picture.save(tmp_path / "photos" / f"p{number + 8}.jpg", exif=exif)
    names = gather(tmp_path / "photos", tmp_path / "out", 100, 80, silent)
    assert names == [f"p{number}.jpg" for number in range(8, 13)], "by number, not by letter"
    first = np.array(Image.open(tmp_path / "out" / "000000.png"))
    assert first.shape[:2] == (100, 50)
    assert first[10, 25, 2] > 200 and first[90, 25, 2] < 60, "what was left is above"


def test_frames_of_a_video_are_the_sharp_ones(tmp_path):
    import cv2

    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, box.SIZE[::-1])
    sharp = Image.fromarray(box.photograph(box.camera(2)))
    for frame in range(30):
        picture = sharp if frame % 5 == 3 else sharp.filter(ImageFilter.GaussianBlur(3))
        writer.write(np.array(picture)[..., ::-1])
    writer.release()
    names = gather(tmp_path / "v.avi", tmp_path / "out", 1600, 6, silent)
    assert names == [f"frame {frame}" for frame in range(3, 30, 5)]


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match="cannot be read as a video"):
        gather(tmp_path / "v.mp4", tmp_path / "out", 100, 5, silent)


def test_plain_background_is_cut_away():
    picture = np.full((90, 120, 3), (60, 200, 70), np.uint8)
    picture += np.random.default_rng(0).integers(0, 4, picture.shape, dtype=np.uint8)
    inside = np.zeros((90, 120), bool)
    inside[30:70, 40:90] = True
    picture[inside] = (180, 40, 30)
    picture[48:52, 60:64] = (60, 200, 70)  # a fleck of the background's colour on the object
    picture[12:14, 12:14] = (180, 40, 30)  # a crumb
    assert np.array_equal(plain_background(picture, "it") > 127, inside)


def test_backgrounds_that_are_not_plain_or_hold_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    with pytest.raises(UserError, match="it: the background is not plain"):
        plain_background(noise, "it")
    with pytest.raises(UserError, match="it: nothing differs"):
        plain_background(np.full((90, 120, 3), 80, np.uint8), "it")


def test_masks_are_taken_from_alpha_or_a_folder(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:20] = 255
    picture = Image.new("RGB", (30, 20), (9, 9, 9))
    (tmp_path / "given").mkdir()
    Image.fromarray(mask).save(tmp_path / "given" / "IMG_7.png")
    transparent = picture.copy()
    transparent.putalpha(Image.fromarray(mask))
    transparent.save(tmp_path / "000000.png")
    for kind in ("alpha", str(tmp_path / "given")):
        make_masks(kind, [tmp_path / "000000.png"], ["IMG_7.jpg"], tmp_path / "masks", silent)
        assert np.array_equal(np.array(Image.open(tmp_path / "masks" / "000000.png.png")), mask)
    make_masks("none", [tmp_path / "000000.png"], ["IMG_7.jpg"], tmp_path / "masks", silent)
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize(
    ("kind", "said"), [("alpha", "no transparency"), ("given", "no mask for IMG_7"), ("x", "none of")]
)
def test_masks_that_cannot_be_made(tmp_path, kind, said):
    (tmp_path / "given").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "000000.png")
    with pytest.raises(UserError, match=said):
        name = str(tmp_path / kind) if kind == "given" else kind
        make_masks(name, [tmp_path / "000000.png"], ["IMG_7.jpg"], tmp_path / "masks", silent)


def turned_photographs(folder: Path, orientation: int, size: tuple[int, int]) -> list[Image.Image]:
    """Five photographs that lie on their side; returns the masks of their stored pixels."""
    folder.mkdir()
    masks = []
    for number in range(5):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.new("RGB", size, (30 * number, 9, 9)).save(folder / f"IMG.{number}.jpg", exif=exif)
        mask = Image.new("L", size)
        mask.paste(255, (0, 0, 20 + number, 15))
        masks.append(mask)
    return masks


@pytest.mark.parametrize("knows_exif", [True, False])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_masks_are_turned_with_their_photographs(orientation, knows_exif, tmp_path):
    """Whether their tool turned them or not: their shape tells. Names have dots, and are no numbers in a list."""
    masks = turned_photographs(tmp_path / "photos", orientation, (64, 48))
    (tmp_path / "given").mkdir()
    upright = []
    for number, mask in enumerate(masks):
        mask.getexif()[0x0112] = orientation
        upright.append(np.array(ImageOps.exif_transpose(mask)))
        saved = Image.fromarray(upright[-1]) if knows_exif else Image.fromarray(np.array(mask))
        saved.resize((2 * saved.width, 2 * saved.height), Image.Resampling.NEAREST).save(
            tmp_path / "given" / f"IMG.{number}.png"
        )
    names = gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)
    made = sorted((tmp_path / "out").iterdir())
    make_masks(str(tmp_path / "given"), made, names, tmp_path / "masks", silent)
    for path, expected in zip(made, upright, strict=True):
        found = np.array(Image.open(tmp_path / "masks" / f"{path.name}.png"))
        assert ((found > 127) == (expected > 127)).mean() > 0.99


def test_masks_of_square_photographs_that_are_turned_are_refused_and_the_advice_works(tmp_path):
    masks = turned_photographs(tmp_path / "photos", 6, (48, 48))
    (tmp_path / "given").mkdir()
    for number, mask in enumerate(masks):
        mask.save(tmp_path / "given" / f"IMG.{number}.png")
    names = gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)
    made = sorted((tmp_path / "out").iterdir())
    with pytest.raises(UserError, match="IMG.0.jpg is turned by its EXIF.*without EXIF"):
        make_masks(str(tmp_path / "given"), made, names, tmp_path / "masks", silent)
    assert not (tmp_path / "masks").exists(), "all or none"
    for path in (tmp_path / "photos").iterdir():
        ImageOps.exif_transpose(Image.open(path)).save(path, exif=Image.Exif())
    gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)
    make_masks(str(tmp_path / "given"), made, names, tmp_path / "masks", silent)


def test_masks_of_another_shape_are_refused(tmp_path):
    turned_photographs(tmp_path / "photos", 1, (64, 48))
    (tmp_path / "given").mkdir()
    for number in range(5):
        Image.new("L", (64, 40)).save(tmp_path / "given" / f"IMG.{number}.png")
    names = gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)
    with pytest.raises(UserError, match="64x40.*64x48"):
        make_masks(str(tmp_path / "given"), sorted((tmp_path / "out").iterdir()), names, tmp_path / "masks", silent)


def test_a_broken_photograph_leaves_nothing_half_done(tmp_path):
    turned_photographs(tmp_path / "photos", 1, (64, 48))
    path = tmp_path / "photos" / "IMG.3.jpg"
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(UserError, match="IMG.3.jpg cannot be read.*Replace"):
        gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["photos"]
    Image.new("RGB", (64, 48)).save(path)
    assert len(gather(tmp_path / "photos", tmp_path / "out", 1600, 80, silent)) == 5


def test_region_shrinks_to_the_object_and_leaves_the_surroundings():
    generator = np.random.default_rng(0)
    ball = generator.normal(size=(2000, 3))
    ball = 0.8 * ball / np.linalg.norm(ball, axis=1, keepdims=True) + [1.0, 2.0, 3.0]
    far = generator.uniform(-40, 40, size=(3000, 3)) + [1.0, 2.0, 3.0]
    cameras = 5.0 * generator.normal(size=(20, 3)) + [1.0, 2.0, 3.0]
    cameras = cameras[np.linalg.norm(cameras - [1.0, 2.0, 3.0], axis=1) > 4]
    found = sphere_around_points(np.concatenate([ball, far]), sphere_to_matrix((1.3, 1.8, 3.1, 2.0)), cameras)
    np.testing.assert_allclose(found[:3, 3], [1, 2, 3], atol=0.08)
    assert 0.8 < found[0, 0] < 1.0


@pytest.mark.parametrize("on_the_object", [400, 0])
def test_region_holds_an_object_on_a_sheet_that_has_nearly_all_the_features(on_the_object):
    generator = np.random.default_rng(0)
    centre, radius = np.array([0.4, 0.0, 0.5]), 0.5
    sheet = np.c_[generator.uniform(-3, 3, size=(4000, 2)) - [1.0, 0.5], generator.normal(0, 1e-3, 4000)]
    ball = generator.normal(size=(on_the_object, 3))
    ball = radius * ball / np.linalg.norm(ball, axis=1, keepdims=True) + centre
    turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    cameras = 4.0 * generator.normal(size=(30, 3))
    cameras[:, 2] = 2.0 + np.abs(cameras[:, 2])
    start = sphere_to_matrix((*(turn @ [0.35, 0.05, 0.45]), 1.4))
    found = sphere_around_points(np.concatenate([ball, sheet]) @ turn.T, start, cameras @ turn.T)
    assert np.linalg.norm(found[:3, 3] - turn @ centre) + radius < found[0, 0]
    assert found[0, 0] < (0.95 if on_the_object else 1.41)


def test_region_from_a_box_or_a_cleaned_point_cloud(tmp_path):
    corners = np.array([[x, y, z] for x in (0.0, 2.0) for y in (0.0, 4.0) for z in (0.0, 4.0)])
    expected = sphere_to_matrix((1.0, 2.0, 2.0, 3.0))
    np.testing.assert_allclose(sphere_around_box((0.0, 0.0, 0.0, 2.0, 4.0, 4.0)), expected)
    trimesh.PointCloud(corners).export(tmp_path / "interest.ply")
    np.testing.assert_allclose(sphere_around_interest(tmp_path / "interest.ply"), expected, atol=1e-6)
    with pytest.raises(UserError, match="lower corner"):
        sphere_around_box((0.0, 0.0, 0.0, 2.0, -4.0, 4.0))
    (tmp_path / "broken.ply").write_bytes(b"no points")
    with pytest.raises(UserError, match="point cloud"):
        sphere_around_interest(tmp_path / "broken.ply")
