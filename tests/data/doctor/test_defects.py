"""Every finding has a scene with exactly that defect; a sound scene yields none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from idr_neus_plugins.data.doctor.checks import examine
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.half_pixel import principal_shift
from idr_neus_plugins.data.doctor.photographs import SAME, _same
from idr_neus_plugins.data.formats.reading import read_posed_scene
from tests.data.doctor import defects
from tests.data.doctor.defects import examination


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return defects.sound_scene(tmp_path_factory.mktemp("doctor"))


@pytest.fixture(scope="module")
def matched(sound) -> Examination:
    """The sound scene with its pictures read and matched, which takes the time."""
    scene = examination(sound)
    assert len(scene.matches) >= 6
    return scene


def test_a_sound_scene_yields_nothing(matched):
    assert examine(matched) == []


def test_the_sample_scene_yields_nothing(tiny_scene):
    assert examine(examination(read_posed_scene(tiny_scene))) == []


def test_a_real_scan_yields_nothing(shared_data):
    scan = read_posed_scene(shared_data / "dtu" / "scan65")
    assert examine(Examination(scan, "scan65", pairs=10)) == []


def test_principal_points_are_measured(matched):
    """The shift that the pictures tell is the one that was made, within three standard errors."""
    shift, error = principal_shift(matched)
    assert abs(shift) < 3 * error + 0.05 and error < 0.1


DEFECTS: dict[str, tuple[Callable, tuple[str, ...], str]] = {
    "mask-polarity": (defects.inverted_masks, (), "--invert-masks"),
    "mask-empty": (defects.white_masks, (), "--drop-masks"),
    "mask-coverage": (defects.empty_mask, (), "--drop-views 5"),
    "mask-alignment": (defects.shifted_mask, (), "--drop-views 5"),
    "cameras-look-away": (defects.turned_camera, ("mask-alignment", "camera-of-view"), "--drop-views 5"),
    "region-small": (defects.small_region, ("mask-alignment",), "--region"),
    "region-large": (defects.large_region, (), "--region"),
    "region-holds-cameras": (defects.region_with_cameras, (), "--region"),
    "world-far-away": (defects.world_far_away, (), "PLY or OBJ"),
    "camera-axes": (
        defects.flipped_axes,
        ("cameras-look-away", "mask-alignment", "mask-polarity", "region-small"),
        "--flip-axes",
    ),
    "cameras-inaccurate": (defects.noisy_cameras, ("mask-alignment",), "prepare"),
    "camera-order": (defects.text_order, (), "10.png to 002.png"),
    "same-camera": (defects.same_camera, ("mask-alignment", "camera-of-view"), "--drop-views 6"),
    "half-pixel": (defects.half_pixel, (), "--shift-pixels 0.5 0.5"),
    "exposure": (defects.dark_view, (), "--drop-views 5"),
    "blur": (defects.blurred_view, (), "--drop-views 5"),
    "duplicate": (defects.doubled_view, ("same-camera",), "--drop-views 6"),
    "missing-image": (defects.missing_photograph, (), "Put the missing files back"),
}
"""Finding -> (what makes it, what else follows from it, part of the fix)."""


def test_a_small_move_makes_no_duplicate():
    first = np.full((48, 48, 3), 255, np.int16)
    moved = first.copy()
    first[20:24, 20:24] = 0
    moved[20:24, 21:25] = 0
    assert np.abs(first - moved).mean() < SAME and not _same(first, moved)
    noisy = first.copy()
    noisy[::2] -= 1
    assert _same(first, noisy)


@pytest.mark.parametrize("name", DEFECTS)
def test_exactly_the_defect_is_found(sound, name, tmp_path):
    make, follows, fix = DEFECTS[name]
    findings = examine(examination(make(sound, tmp_path)))
    (finding,) = [finding for finding in findings if finding.check == name]
    assert {finding.check for finding in findings} <= {name, *follows}
    assert fix in finding.fix
    if finding.picture is not None:
        picture = finding.picture()
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.std() > 1
    if "--drop-views" in finding.fix:
        assert finding.views == (int(finding.fix.split()[-1]),)
