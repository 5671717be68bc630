"""The command and the brief form at the start of training."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.doctor import Doctor
from idr_neus_plugins.data.doctor.brief import brief_findings, spread_pairs, tell_findings
from idr_neus_plugins.data.doctor.finding import name_views
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from tests.data.scenes import change_cameras, copy_scene


@pytest.fixture
def small_region(tiny_scene, tmp_path):
    """A scene whose unit sphere is half as large as the object."""
    folder = copy_scene(tiny_scene, tmp_path)
    smaller = np.diag([0.4, 0.4, 0.4, 1.0])
    change_cameras(folder, lambda arrays: arrays.update({n: m @ smaller for n, m in arrays.items() if "scale" in n}))
    return folder


def test_a_sound_scene_ends_well(tiny_scene, tmp_path, capsys):
    Doctor(tiny_scene, output_dir=tmp_path / "doctor", json=tmp_path / "found.json").main()
    assert "nothing found" in capsys.readouterr().out
    assert json.loads((tmp_path / "found.json").read_text()) == {"findings": []}
    assert not (tmp_path / "doctor").exists()


def test_severe_findings_are_shown_and_end_with_an_error(small_region, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        Doctor(small_region, output_dir=tmp_path / "doctor", json=tmp_path / "found.json").main()
    assert ended.value.code == 1
    found = json.loads((tmp_path / "found.json").read_text())["findings"]
    assert "region-small" in {finding["check"] for finding in found}
    assert (tmp_path / "doctor" / "region-small.png").is_file()
    assert "region-small.png" in (tmp_path / "doctor" / "findings.md").read_text()
    assert "idr-neus convert" in capsys.readouterr().out


def test_what_cannot_be_read_is_a_finding(tiny_scene, tmp_path, capsys):
    folder = copy_scene(tiny_scene, tmp_path)
    (folder / "image" / "000003.png").unlink()
    with pytest.raises(SystemExit):
        Doctor(folder, output_dir=tmp_path / "doctor").main()
    assert "9 images" in capsys.readouterr().out
    assert not (tmp_path / "doctor").exists()


@pytest.mark.parametrize("shrink", [1.0, 1.6])
def test_brief_form_is_silent_for_a_sound_scene(tiny_scene, shrink, capsys):
    parser = IdrDataParserConfig(data=tiny_scene, downscale_factor=shrink).setup()
    assert brief_findings(parser.get_dataparser_outputs("train"), "scene") == []


def test_brief_form_tells_what_is_wrong(small_region, capsys):
    outputs, _ = read_views(IdrDataParserConfig(data=small_region))
    tell_findings(outputs, small_region)
    printed = capsys.readouterr().out
    assert "region-small" in printed and "idr-neus doctor" in printed


def test_brief_form_names_views_by_their_numbers_in_the_scene(tiny_scene, tmp_path):
    """View 0 is held out, so view 3 is the third of those that are trained on."""
    folder = copy_scene(tiny_scene, tmp_path)
    Image.new("L", (64, 64)).save(folder / "mask" / "003.png")
    change_cameras(folder, lambda arrays: arrays.update(world_mat_6=arrays["world_mat_5"]))
    outputs = IdrDataParserConfig(data=folder).setup().get_dataparser_outputs("train")
    found = {finding.check: finding for finding in brief_findings(outputs, "scene")}
    assert "The mask of view 3 holds 0.0 %" in found["mask-coverage"].evidence
    assert "Views 5 and 6 have the same camera pose" in found["same-camera"].evidence
    assert "000006.png" in found["same-camera"].evidence
    assert found["mask-coverage"].fix.endswith("--drop-views 3")


def test_views_of_the_brief_form_are_neighbours():
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    chosen = spread_pairs(np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1))
    assert len(chosen) == 12
    assert sum(b - a in (1, 39) for a, b in zip(chosen, chosen[1:] + chosen[:1], strict=True)) >= 5


def test_views_are_named_shortly():
    assert name_views((3,)) == "3"
    assert name_views((3, 5, 9)) == "3, 5 and 9"
    assert name_views(tuple(range(10))) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"
