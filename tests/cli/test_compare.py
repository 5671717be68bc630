"""``idr-neus compare``: everything but the trainings themselves, whose commands other tests run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.compare import Compare
from idr_neus_plugins.errors import UserError


def test_table_scores_and_picture_of_all_methods(tiny_scene, tmp_path, jobs, capsys):
    methods = ("neus-idr-fast", "nerf-fast")
    compare = Compare(tiny_scene, tmp_path, methods=methods, max_minutes=0.5)
    compare.main()
    assert [job.method.method for job in jobs] == list(methods)
    table = (tmp_path / "compare.md").read_text()
    assert "0.5 minutes" in table and "| 1.250 |" in table and "| 2.250 |" in table
    assert json.loads((tmp_path / "compare.json").read_text())["nerf-fast"]["psnr"] == 30.0
    picture = np.asarray(Image.open(tmp_path / "compare.png"))
    exact, first, second = np.split(picture[18 : 18 + 64], 3, axis=1)
    assert (exact < 250).any() and (np.abs(exact.astype(int) - first) < 30).mean() > 0.99
    np.testing.assert_array_equal(first, second)
    printed = capsys.readouterr().out
    assert "--max-minutes 0.5" in printed and printed.count("--threshold 50.0") == 1

    Compare(tiny_scene, tmp_path, methods=(*methods, "volsdf-fast"), max_minutes=0.5).main()
    assert [job.method.method for job in jobs] == [*methods, "volsdf-fast"], "what was done is done"


def test_truth_is_the_scenes_own_unless_points_are_given(tiny_scene, tmp_path):
    assert Compare(tiny_scene)._truth() == {"exact": str(tiny_scene / "surface.ply")}
    points = tmp_path / "points.npz"
    assert Compare(tiny_scene, points=points)._truth() == {"points": str(points), "min-views": 4}
    assert Compare(tmp_path)._truth() == {}


def test_bad_input_is_one_message(tiny_scene, tmp_path, jobs):
    with pytest.raises(UserError, match="does not exist"):
        Compare(tmp_path / "nowhere").main()
    with pytest.raises(UserError, match="held-out views"):
        Compare(tiny_scene, tmp_path, methods=("volsdf-fast",), picture=7).main()
