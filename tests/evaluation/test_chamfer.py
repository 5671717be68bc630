"""From reference points to a box."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.evaluation.chamfer import compare_with_points


def test_points():
    box = trimesh.creation.box(extents=[10, 10, 2])
    points = np.array([[0, 0, 1 + height] for height in (0.1, 0.2, 0.3, 0.4, 5.0)])
    scores = compare_with_points(box, points, (0.25, 1.0))
    assert scores["median"] == pytest.approx(0.3, abs=1e-5) and scores["mean"] == pytest.approx(1.2, abs=1e-5)
    assert scores["p90"] == pytest.approx(0.4 + 0.6 * 4.6, abs=1e-4)
    assert scores["within_0.25"] == pytest.approx(0.4) and scores["within_1"] == pytest.approx(0.8)
