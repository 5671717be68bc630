"""A scene survives every format: what is written is read as what it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.formats.writing import WRITERS, write_posed_scene
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from idr_neus_plugins.errors import UserError
from tests.data.formats.scenes import assert_same

LENS = (-0.05, 0.01, 0.0, 0.0, 2e-4, -1e-4)


@pytest.fixture(scope="module")
def scene(tiny_scene) -> PosedScene:
    """The sample scene, whose region of interest is now turned, too."""
    found = read_posed_scene(tiny_scene)
    turned = found.world_from_scene.copy()
    turned[:3, :3] @= Rotation.from_euler("xyz", [0.3, -0.2, 0.5]).as_matrix()
    return replace(found, world_from_scene=turned)


@pytest.mark.parametrize("name", WRITERS)
def test_round_trip(scene, name, tmp_path):
    write_posed_scene(scene, tmp_path / "written", name)
    assert_same(read_posed_scene(tmp_path / "written"), scene, with_region=name != "colmap")


@pytest.mark.parametrize("names", [("colmap", "sdfstudio", "idr"), ("transforms", "idr", "colmap", "transforms")])
def test_journeys_through_several_formats(scene, names, tmp_path):
    found = scene
    for step, name in enumerate(names):
        write_posed_scene(found, tmp_path / str(step), name)
        found = read_posed_scene(tmp_path / str(step))
    assert_same(found, scene, with_region=False)


@pytest.mark.parametrize("name", WRITERS)
def test_training_reads_what_is_written(scene, name, tmp_path):
    write_posed_scene(scene, tmp_path / "written", name)
    outputs, _ = read_views(IdrDataParserConfig(data=tmp_path / "written"))
    assert len(outputs.cameras) == 10 and len(outputs.metadata["foreground_filenames"]) == 10
    if name != "colmap":
        np.testing.assert_allclose(outputs.metadata["world_from_scene"], scene.world_from_scene, atol=1e-3)


def test_a_missing_region_is_found_from_the_masks(scene, tmp_path):
    write_posed_scene(replace(scene, world_from_scene=None), tmp_path / "written", "idr")
    found = read_posed_scene(tmp_path / "written").world_from_scene
    np.testing.assert_allclose(found[:3, 3], scene.world_from_scene[:3, 3], atol=25.0)
    assert 0.75 < np.cbrt(np.linalg.det(found[:3, :3])) / 137.5 < 1.1


def test_without_masks(scene, tmp_path):
    bare = replace(scene, views=tuple(replace(view, mask=None) for view in scene.views))
    for name in WRITERS:
        write_posed_scene(bare, tmp_path / name, name)
        assert_same(read_posed_scene(tmp_path / name), bare, with_region=name != "colmap")


@pytest.mark.parametrize("name", ["transforms", "colmap"])
def test_lens_distortion_survives_where_the_format_knows_it(scene, name, tmp_path):
    bent = replace(scene, views=tuple(replace(view, distortion=LENS) for view in scene.views))
    write_posed_scene(bent, tmp_path / "written", name)
    assert_same(read_posed_scene(tmp_path / "written"), bent, with_region=False)


@pytest.mark.parametrize("name", ["idr", "sdfstudio"])
def test_lens_distortion_is_refused_where_it_would_be_lost(scene, name, tmp_path):
    bent = replace(scene, views=tuple(replace(view, distortion=LENS) for view in scene.views))
    with pytest.raises(UserError, match="--undistort"):
        write_posed_scene(bent, tmp_path / "written", name)
    assert not list(tmp_path.iterdir()), "nothing half-written stays"


def test_colmap_lacks_higher_terms(scene, tmp_path):
    bent = replace(scene, views=tuple(replace(view, distortion=(0.1, 0.0, 0.2, 0.0, 0.0, 0.0)) for view in scene.views))
    with pytest.raises(UserError, match="k3 or k4"):
        write_posed_scene(bent, tmp_path / "written", "colmap")


def test_several_sizes_are_refused_by_sdfstudio(scene, tmp_path):
    mixed = replace(scene, views=(replace(scene.views[0], size=(32, 64)), *scene.views[1:]))
    with pytest.raises(UserError, match="different sizes"):
        write_posed_scene(mixed, tmp_path / "written", "sdfstudio")


def test_nothing_is_overwritten(scene, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="not empty"):
        write_posed_scene(scene, tmp_path, "idr")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_real_scan_survives(shared_data, tmp_path):
    scan = read_posed_scene(shared_data / "dtu" / "scan65")
    few = replace(scan, views=scan.views[:3])
    for name in WRITERS:
        write_posed_scene(few, tmp_path / name, name)
        assert_same(read_posed_scene(tmp_path / name), few, with_region=name != "colmap")
