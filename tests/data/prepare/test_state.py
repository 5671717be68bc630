"""A preparation that goes on: what depends on a change is done again, and only that."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.prepare import Prepare
from idr_neus_plugins.data.prepare import cameras, masks, photographs, steps
from idr_neus_plugins.data.prepare.state import Workshop, what_changed
from idr_neus_plugins.errors import UserError
from tests.data.prepare import box


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """(photographs, masks, prepare): the last one prepares and tells which steps were done."""
    photos = box.write_photographs(tmp_path / "photos", count=6)
    given = tmp_path / "given"
    given.mkdir()
    for path in photos.iterdir():
        Image.new("L", Image.open(path).size, 255).save(given / f"{path.stem}.png")
    did: list[str] = []

    def watch(module, name: str, step: str, instead=None) -> None:
        real = instead or getattr(module, name)

        def watched(*arguments):
            did.append(step)
            return real(*arguments)

        monkeypatch.setattr(module, name, watched)

    watch(photographs, "gather", "photographs")
    watch(masks, "make_masks", "masks")
    watch(cameras, "extract_features", "features", lambda *arguments: None)
    watch(cameras, "match_features", "matches", lambda *arguments: None)
    watch(cameras, "estimate_cameras", "cameras", lambda *arguments: [])
    monkeypatch.setattr(steps, "read_posed_scene", lambda path: (_ for _ in ()).throw(UserError("enough")))

    def prepare(**options) -> list[str]:
        did.clear()
        with pytest.raises(UserError, match="enough"):
            Prepare(photos=photos, output=tmp_path / "scene", **{"masks": str(given)} | options).main()
        return list(did)

    assert prepare() == ["photographs", "masks", "features", "matches", "cameras"]
    return photos, given, prepare


def change_pixel(path) -> None:
    pixels = np.array(Image.open(path))
    pixels[0, 0] = 255 - pixels[0, 0]
    Image.fromarray(pixels).save(path)


ALL = ["photographs", "masks", "features", "matches", "cameras"]
CHANGES = {
    "nothing": (lambda photos, given: None, {}, []),
    "times": (lambda photos, given: [os.utime(path, (1, 1)) for path in photos.iterdir()], {}, []),
    "a mask": (lambda photos, given: change_pixel(min(given.iterdir())), {}, ["masks"]),
    "a photograph": (lambda photos, given: change_pixel(min(photos.iterdir())), {}, ALL),
    "one removed": (lambda photos, given: min(photos.iterdir()).unlink(), {}, ALL),
    "one added": (
        lambda photos, given: [shutil.copy(min(f.iterdir()), f / "z9.png") for f in (photos, given)],
        {},
        ALL,
    ),
    "size": (lambda photos, given: None, {"max_size": 100}, ALL),
    "lens": (lambda photos, given: None, {"lens": "pinhole"}, ["features", "matches", "cameras"]),
    "matching": (lambda photos, given: None, {"matching": "sequential"}, ["matches", "cameras"]),
    "region": (lambda photos, given: None, {"region": (0.0, 0.0, 0.0, 1.0)}, []),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_depends_on_the_change_is_done_again(what, prepared, capsys):
    photos, given, prepare = prepared
    change, options, expected = CHANGES[what]
    change(photos, given)
    capsys.readouterr()
    assert prepare(**options) == expected
    said = capsys.readouterr().out
    assert (f"Done again: {expected[0]}" in said) if expected else ("Done again" not in said)
    assert prepare(**options) == []


def test_masks_that_bound_features_count_for_them(prepared):
    photos, given, prepare = prepared
    assert prepare(features="object") == ["features", "matches", "cameras"]
    change_pixel(min(given.iterdir()))
    assert prepare(features="object") == ["masks", "features", "matches", "cameras"]


def test_an_interruption_leaves_no_step_that_used_old_results(tmp_path):
    said: list[str] = []
    shop = Workshop.open(tmp_path / "work", said.append)
    for step, after in (("photographs", ()), ("features", ("photographs",)), ("matches", ("features",))):
        assert shop.needs(step, {"size": 1})
        shop.done(step, {"size": 1}, after)
    assert Workshop.open(tmp_path / "work", said.append).needs("photographs", {"size": 2})  # and then the power failed
    again = Workshop.open(tmp_path / "work", said.append)
    assert all(again.needs(step, {"size": 1}) for step in ("photographs", "features", "matches"))
    assert said == ["Done again: photographs, as size (1 before, 2 now) changed."]


def test_a_change_in_words():
    before = {"contents": {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}, "size": 1}
    assert what_changed(before, before | {"contents": {"a": "0", "b": "2"}}) == "a, c, d and 1 more"


def test_a_refused_preparation_leaves_no_folder(tmp_path):
    photos = box.write_photographs(tmp_path / "photos", count=6)
    path = min(photos.iterdir())
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(UserError, match="Replace"):
        Prepare(photos=photos, output=tmp_path / "scene").main()
    with pytest.raises(UserError, match="neither a folder"):
        Prepare(photos=tmp_path / "nowhere", output=tmp_path / "scene").main()
    assert [each.name for each in tmp_path.iterdir()] == ["photos"]


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.txt").touch()
    with pytest.raises(UserError, match="not of idr-neus prepare.*another --output"):
        Workshop.open(tmp_path / "work")
