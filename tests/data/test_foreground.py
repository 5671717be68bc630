"""What counts as foreground in mask files of every kind; what may mean two things is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.data.foreground import read_foreground, read_mask
from idr_neus_plugins.errors import UserError

SIZE = (40, 60)


@pytest.fixture(scope="module")
def disc() -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(rows - 18, columns - 25) < 12


def painted(disc: np.ndarray) -> np.ndarray:
    """A photograph: colours change from pixel to pixel, on the object and behind it."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([40 + 3 * columns, 60 + 4 * rows, 200 - 2 * columns - 60 * disc], 2).astype(np.uint8)


def grey(value: int):
    return lambda disc: Image.fromarray((value * disc).astype(np.uint8))


def palette(disc: np.ndarray) -> Image.Image:
    picture = Image.fromarray(disc.astype(np.uint8))
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    return picture


def faint_palette(disc: np.ndarray) -> Image.Image:
    picture = Image.fromarray(disc.astype(np.uint8))
    picture.putpalette([0, 0, 0, 1, 0, 0])
    return picture


def white_first_palette(disc: np.ndarray) -> Image.Image:
    picture = Image.fromarray((~disc).astype(np.uint8))
    picture.putpalette([255, 255, 255, 0, 0, 0])
    return picture


def cut_out(disc: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([painted(disc), 255 * disc.astype(np.uint8)]))


def white_cut_out(disc: np.ndarray) -> Image.Image:
    picture = Image.new("LA", SIZE[::-1], (255, 255))
    picture.putalpha(Image.fromarray((255 * disc).astype(np.uint8)))
    return picture


def opaque(disc: np.ndarray) -> Image.Image:
    return Image.fromarray((255 * disc).astype(np.uint8)).convert("RGBA")


def red(disc: np.ndarray) -> Image.Image:
    return Image.fromarray(disc[..., None] * np.array([200, 0, 0], np.uint8))


KINDS = {
    "white": (grey(255), "png"),
    "one": (grey(1), "png"),
    "label": (grey(38), "png"),
    "one-bit": (lambda disc: Image.fromarray(disc), "png"),
    "bmp": (grey(255), "bmp"),
    "gif": (grey(255), "gif"),
    "palette": (palette, "png"),
    "webp-label": (lambda disc: Image.fromarray(disc.astype(np.uint8)), "webp"),
    "palette-nearly-black": (faint_palette, "png"),
    "palette-white-first": (white_first_palette, "png"),
    "cut-out": (cut_out, "png"),
    "cut-out-tiff": (cut_out, "tif"),
    "white-cut-out": (white_cut_out, "png"),
    "opaque": (opaque, "png"),
    "red": (red, "png"),
    "16-bit": (lambda disc: Image.fromarray((65535 * disc).astype(np.uint16)), "png"),
    "16-bit-label": (lambda disc: Image.fromarray((7 * disc).astype(np.uint16)), "png"),
    "float": (lambda disc: Image.fromarray(disc.astype(np.float32)), "tif"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_object_is_found(kind, disc, tmp_path):
    make, suffix = KINDS[kind]
    path = tmp_path / f"mask.{suffix}"
    make(disc).save(path, **({"lossless": True} if suffix == "webp" else {}))
    found, _ = read_mask(path)
    assert found.dtype == np.uint8
    assert np.array_equal(found, 255 * disc.astype(np.uint8))


@pytest.mark.parametrize("make", [grey(255), red], ids=["white", "red"])
def test_noise_of_a_jpeg_does_not_matter(make, disc, tmp_path):
    make(disc).convert("RGB").save(tmp_path / "mask.jpg", quality=90)
    found, _ = read_mask(tmp_path / "mask.jpg")
    assert ((found > 127) == disc).mean() > 0.99


def test_soft_edges_stay_soft(disc, tmp_path):
    soft = Image.fromarray((255 * disc).astype(np.uint8)).resize((30, 20), Image.Resampling.BOX)
    soft.save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png")[0], np.array(soft))


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (255, 255), (38, 255)])
def test_a_mask_of_one_value(value, expected, tmp_path):
    Image.new("L", (8, 6), value).save(tmp_path / "mask.png")
    assert (read_mask(tmp_path / "mask.png")[0] == expected).all()


def test_the_first_picture_of_an_animation_counts(disc, tmp_path):
    grey(255)(disc).save(tmp_path / "mask.gif", save_all=True, append_images=[Image.new("L", SIZE[::-1])])
    assert np.array_equal(read_mask(tmp_path / "mask.gif")[0] > 0, disc)


def several_labels(disc):
    labels = disc.astype(np.uint8)
    labels[:, 45:] = 2
    return Image.fromarray(labels)


def void_border(disc):
    """Labels of VOC: the object is 1, a band around it 255."""
    labels = disc.astype(np.uint8)
    labels[18, :] = 255
    return Image.fromarray(labels)


def two_masks(disc):
    half = np.zeros(SIZE, np.uint8)
    half[:, 30:] = 255
    return Image.fromarray(np.dstack([(255 * disc).astype(np.uint8)] * 3 + [half]))


REFUSED = {
    "several labels": (several_labels, "values 0, 1, 2"),
    "void border": (void_border, "values 0, 1, 255"),
    "no black": (lambda disc: Image.fromarray((1 + disc).astype(np.uint8)), "values 1, 2"),
    "photograph": (lambda disc: Image.fromarray(painted(disc)), "colours of a photograph"),
    "mask in colours and alpha": (two_masks, "without transparency"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_mean_two_things_is_refused_and_what_to_do_works(name, disc, tmp_path):
    make, said = REFUSED[name]
    make(disc).save(tmp_path / "mask.png")
    with pytest.raises(UserError, match=said) as error:
        read_mask(tmp_path / "mask.png")
    assert "mask.png" in str(error.value) and "Save it" in str(error.value)
    grey(255)(disc).save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png")[0] > 0, disc)


def test_upright_masks_of_a_photograph_that_lies_on_its_side(disc, tmp_path):
    """The cameras are those of the stored pixels; EXIF data tell how an upright mask lies on them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "photo.jpg", exif=exif)
    stored = Image.fromarray((255 * disc).astype(np.uint8))
    for mask in (stored, stored.transpose(Image.Transpose.ROTATE_270)):
        mask.save(tmp_path / "mask.png")
        assert np.array_equal(read_foreground(tmp_path / "photo.jpg", tmp_path / "mask.png", SIZE) > 0, disc)
