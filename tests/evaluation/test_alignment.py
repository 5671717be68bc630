"""ICP undoes a known shift, and says when there is nothing to align."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation import alignment
from idr_neus_plugins.evaluation.alignment import lay_onto, rotation_angle_deg


def test_a_known_motion_is_undone(monkeypatch):
    monkeypatch.setattr(alignment, "POINTS", 8000)
    box = trimesh.creation.box(extents=[10, 6, 3])
    motion = trimesh.transformations.rotation_matrix(np.radians(2), [1, 2, 3])
    motion[:3, 3] = [0.1, -0.15, 0.05]
    truth = trimesh.sample.sample_surface(box, 20_000, seed=1)[0]
    laid, moved_by = lay_onto(box.copy().apply_transform(motion), truth, reach=1.0)
    np.testing.assert_allclose(laid.vertices, box.vertices, atol=0.03)
    assert moved_by["icp_rotation_deg"] == pytest.approx(2, abs=0.2)
    assert moved_by["icp_shift"] == pytest.approx(np.linalg.norm(motion[:3, 3]), abs=0.03)


def test_angle_of_a_rotation():
    assert rotation_angle_deg(trimesh.transformations.rotation_matrix(np.radians(30), [0, 0, 1])) == pytest.approx(30)


def test_nothing_within_reach():
    with pytest.raises(UserError, match="within 0.5"):
        lay_onto(trimesh.creation.box(), np.full((10, 3), 50.0), reach=0.5)
