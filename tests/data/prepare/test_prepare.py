"""From photographs to a scene: cameras against the true ones, and steps that are not repeated."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.prepare import Prepare
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.writing import write_posed_scene
from idr_neus_plugins.data.prepare import cameras
from idr_neus_plugins.data.prepare.steps import work_folder
from idr_neus_plugins.errors import UserError
from tests.data.prepare import box

pytest.importorskip("pycolmap", reason="estimating cameras needs pycolmap")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """(photographs, scene) of twelve views of the box, with masks from its plain background."""
    folder = tmp_path_factory.mktemp("prepare")
    photos = box.write_photographs(folder / "photos")
    Prepare(photos=photos, output=folder / "scene", lens="pinhole", masks="plain", threads=1).main()
    return photos, folder / "scene"


def test_cameras_are_the_true_ones(prepared):
    from idr_neus_plugins.evaluation.cameras import camera_errors

    scene = read_posed_scene(prepared[1])
    assert len(scene.views) == 12 and scene.has_masks
    errors = camera_errors(
        np.stack([view.camera_to_world for view in scene.views]), np.stack([box.camera(i) for i in range(12)])
    )
    assert np.median(errors.rotation_deg) < 0.5
    assert np.median(errors.translation) < 0.05, "of a box of 2 x 2 x 2 five units away"
    assert scene.views[0].intrinsics[0, 0] == pytest.approx(box.MATRIX[0, 0], rel=0.05)


def test_region_holds_the_box(prepared):
    scene = read_posed_scene(prepared[1])
    to_scene = np.linalg.inv(scene.world_from_scene)
    scale = np.cbrt(np.linalg.det(to_scene[:3, :3]))
    for view in scene.views:
        distance = scale * np.linalg.norm(view.camera_to_world[:3, 3] - scene.world_from_scene[:3, 3])
        assert 1.1 < distance < 8.0


def test_steps_that_are_done_are_not_repeated(prepared, monkeypatch):
    photos, output = prepared

    def refuse(*arguments):
        raise AssertionError("done before")

    for name in ("extract_features", "match_features", "estimate_cameras"):
        monkeypatch.setattr(cameras, name, refuse)
    options = {"photos": photos, "lens": "pinhole", "masks": "plain", "threads": 1}
    again = output.with_name("again")
    work_folder(output).rename(work_folder(again))
    Prepare(output=again, region=(0.0, 0.0, 0.0, 2.0), **options).main()
    np.testing.assert_allclose(read_posed_scene(again).world_from_scene[:3, 3], 0.0, atol=1e-6)
    with pytest.raises(AssertionError, match="done before"):
        Prepare(output=output.with_name("third"), **options | {"masks": "none"}).main()
    work_folder(again).rename(work_folder(output))
    with pytest.raises(UserError, match="not empty"):
        Prepare(output=output, **options).main()


@pytest.mark.parametrize(("features", "within"), [("everywhere", None), ("object", "masks")])
def test_masks_bound_features_on_demand_only(tmp_path, monkeypatch, features, within):
    """The ground around an object tells cameras as well; around one on a turntable it tells that nothing has moved."""

    def extract(images, masks, *rest):
        used.append(None if masks is None else masks.name)
        raise UserError("enough")

    used: list[str | None] = []
    monkeypatch.setattr(cameras, "extract_features", extract)
    photos = box.write_photographs(tmp_path / "photos", count=5)
    with pytest.raises(UserError, match="enough"):
        Prepare(photos=photos, output=tmp_path / "scene", masks="plain", features=features).main()
    assert used == [within]


def test_photographs_that_do_not_belong_together():
    def model(count: int) -> SimpleNamespace:
        return SimpleNamespace(num_reg_images=lambda: count)

    with pytest.raises(UserError, match="overlap too little"):
        cameras.largest_model([], 20)
    with pytest.raises(UserError, match="holds 9 of 20, others 7, 3"):
        cameras.largest_model([model(3), model(9), model(7)], 20)
    assert cameras.largest_model([model(3), model(17)], 20).num_reg_images() == 17


def test_scenes_with_cameras_are_undistorted_and_kept(tiny_scene, tmp_path):
    scene = read_posed_scene(tiny_scene)
    lens = (-0.05, 0.01, 0.0, 0.0, 0.0, 0.0)
    bent = replace(scene, views=tuple(replace(view, distortion=lens) for view in scene.views))
    write_posed_scene(bent, tmp_path / "bent", "transforms")
    Prepare(photos=tmp_path / "bent", output=tmp_path / "scene").main()
    found = read_posed_scene(tmp_path / "scene")
    for a, b in zip(found.views, scene.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=1e-3)
        assert Image.open(a.image).size == (64, 64) and a.is_pinhole
    np.testing.assert_allclose(found.world_from_scene, scene.world_from_scene, atol=1e-3)


def test_too_few_photographs_and_contradictory_options(tmp_path):
    photos = box.write_photographs(tmp_path / "photos", count=3)
    with pytest.raises(UserError, match="holds 3 photographs.*10 degrees"):
        Prepare(photos=photos, output=tmp_path / "scene").main()
    with pytest.raises(UserError, match="once"):
        Prepare(photos=photos, output=tmp_path / "s", region=(0.0, 0.0, 0.0, 1.0), box=(0.0,) * 6).main()
    with pytest.raises(UserError, match="--masks"):
        Prepare(photos=photos, output=tmp_path / "s", features="object").main()
    (tmp_path / "foreign-work").mkdir()
    (tmp_path / "foreign-work" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="not of idr-neus prepare"):
        Prepare(photos=photos, output=tmp_path / "foreign").main()
