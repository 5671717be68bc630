"""Cutting by masks in a camera whose projection is known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.evaluation.culling import cull_by_masks, grow
from idr_neus_plugins.evaluation.protocols import CULLS, REFERENCE_WIDTH, Cull

LOOKING_DOWN = np.array([[100.0, 0, 50, 0], [0, 100.0, 50, 0], [0, 0, 1, 0]])
"""100 pixels of focal length, principal point (50, 50), at the origin, looking along +z."""


@pytest.mark.parametrize("square", [True, False])
def test_masks_grow_by_exactly_the_radius(square):
    mask = np.zeros((81, REFERENCE_WIDTH), bool)
    mask[40, 800] = True
    rows, columns = np.nonzero(grow(mask, Cull(12.0, square)))
    reach = np.maximum(abs(rows - 40), abs(columns - 800)) if square else np.hypot(rows - 40, columns - 800)
    assert reach.max() == 12 and len(rows) == (25**2 if square else 441)  # lattice points in a disk of radius 12


def test_radii_scale_with_the_photograph_and_empty_masks_stay_empty():
    mask = np.zeros((100, REFERENCE_WIDTH // 2), bool)
    assert not grow(mask, CULLS["disk-24"]).any()
    mask[50, 400] = True
    assert np.nonzero(grow(mask, CULLS["disk-24"]))[0].max() == 62


def strip() -> trimesh.Trimesh:
    """Faces along x from -2 to 2 at depth 4: pixels 0 to 100 of row 50."""
    return trimesh.creation.box(extents=[4, 0.01, 0.01]).subdivide_to_size(0.05).apply_translation([0, 0, 4])


def test_faces_outside_the_grown_mask_go():
    mask = np.zeros((101, 101), bool)
    mask[:, 45:56] = True
    kept = cull_by_masks(strip(), LOOKING_DOWN[None], [mask], Cull(10 * REFERENCE_WIDTH / 101, True))
    pixels = 100 * kept.vertices[:, 0] / kept.vertices[:, 2] + 50
    assert pixels.min() == pytest.approx(35, abs=1.3) and pixels.max() == pytest.approx(65, abs=1.3)


def test_what_a_photograph_does_not_see_it_does_not_cut():
    empty = np.zeros((101, 20), bool)  # the photograph ends at pixel 19
    mesh = strip()
    kept = cull_by_masks(mesh, LOOKING_DOWN[None], [empty], CULLS["disk-12"])
    assert (100 * kept.vertices[:, 0] / kept.vertices[:, 2] + 50).min() > 19
    behind = LOOKING_DOWN * [[1], [1], [-1]]
    assert len(cull_by_masks(mesh, behind[None], [empty], CULLS["disk-12"]).faces) == len(mesh.faces)


def test_every_view_must_agree():
    full, empty = np.ones((101, 101), bool), np.zeros((101, 101), bool)
    views = np.stack([LOOKING_DOWN] * 2)
    assert len(cull_by_masks(strip(), views, [full, empty], CULLS["square-50"]).faces) == 0
