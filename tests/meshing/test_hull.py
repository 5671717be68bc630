"""The silhouettes' distance, against a sphere's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.clean import face_components
from idr_neus_plugins.meshing.crop import cut
from idr_neus_plugins.meshing.extract import extract_mesh
from idr_neus_plugins.meshing.hull import SilhouetteHull
from tests.meshing.shapes import REGION, sphere, union
from tests.meshing.views import around, painted_sphere, photograph


@pytest.fixture(scope="module")
def views():
    look = painted_sphere(0.5, lambda positions: np.ones_like(positions))
    return photograph(around(30, size=128, focal=160.0), look)


def test_distance_of_a_spheres_hull(views):
    hull = SilhouetteHull(views, tolerance_px=0.0)
    points = torch.tensor([[0.0, 0, 0], [0.4, 0, 0], [0, 0.7, 0], [0, 0, -0.6]])
    np.testing.assert_allclose(hull.sdf(points), [-0.5, -0.1, 0.2, 0.1], atol=0.04)


def test_floaters_and_junk_outside_are_cut_away_and_the_mesh_is_closed(views):
    junk = union(sphere(0.5), sphere(0.1, (0.8, 0, 0)), sphere(0.2, (0, 0.55, 0)))
    dirty = extract_mesh(junk, REGION, 60, progress=False)
    clean = extract_mesh(cut(junk, SilhouetteHull(views)), REGION, 60, progress=False)
    assert face_components(dirty).max() == 1 and face_components(clean).max() == 0
    assert clean.is_watertight and np.linalg.norm(clean.vertices, axis=1).max() < 0.58


def test_points_that_no_view_sees_are_not_judged(views):
    behind_all = torch.tensor([[50.0, 0.0, 0.0]])
    names = ("intrinsics", "camera_to_scene", "sizes", "images", "foreground")
    one = replace(views, **{name: getattr(views, name)[:1] for name in names})
    assert SilhouetteHull(one).sdf(behind_all).item() == -torch.inf


def test_masks_and_pinhole_cameras_are_needed(views):
    with pytest.raises(UserError, match="needs foreground masks"):
        SilhouetteHull(replace(views, foreground=None))
    with pytest.raises(UserError, match="distortion"):
        SilhouetteHull(replace(views, is_pinhole=False))
