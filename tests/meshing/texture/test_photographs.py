"""Looking up a surface in photographs of it."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.meshing.texture.photographs import MARGIN_PX, colors_in, prepare
from tests.meshing.views import looking_at_origin, painted_sphere, photograph


def paint(positions: np.ndarray) -> np.ndarray:
    return 0.5 + 0.4 * np.sin(4 * positions)


@pytest.fixture(scope="module")
def prepared():
    ball = trimesh.creation.icosphere(5, radius=0.5)
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]), size=96, focal=240.0)
    views = photograph([camera], painted_sphere(0.5, paint))
    return ball, prepare(RayCaster(ball), camera, views.images[0].numpy(), views.masks[0].numpy())


def test_colours_are_those_of_the_paint_where_it_is_seen(prepared):
    ball, view = prepared
    colors, weights = colors_in(view, ball.vertices, ball.vertices / 0.5)
    seen = weights > 0
    assert 0.2 < seen.mean() < 0.5 and ball.vertices[seen, 2].min() > 0
    assert np.abs(colors[seen] - paint(ball.vertices[seen])).max() < 0.02


def test_weights_fall_towards_the_silhouette(prepared):
    ball, view = prepared
    _, weights = colors_in(view, ball.vertices, ball.vertices / 0.5)
    pixels, _ = view.camera.project(ball.vertices)
    column, row = pixels.astype(int).T
    assert weights[ball.vertices[:, 2].argmax()] == pytest.approx(1, abs=0.01)
    assert (weights[(view.inside[row, column] <= MARGIN_PX) & (ball.vertices[:, 2] > 0)] == 0).all()


def test_what_stands_before_is_not_painted_on_what_is_behind():
    wall = trimesh.creation.box([2, 2, 0.1])
    ball = trimesh.creation.icosphere(3, radius=0.2)
    ball.apply_translation([0, 0, 0.8])
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]), size=96, focal=120.0)
    view = prepare(
        RayCaster(trimesh.util.concatenate([wall, ball])),
        camera,
        np.zeros((96, 96, 3), np.uint8),
        np.ones((96, 96), bool),
    )
    x = np.linspace(-0.6, 0.6, 61)
    points = np.stack([x, 0 * x, 0 * x + 0.05], 1)
    _, weights = colors_in(view, points, np.tile([0.0, 0, 1], (61, 1)))
    shadow = 0.2 * 2.95 / np.sqrt(2.2**2 - 0.2**2)
    margin = (MARGIN_PX + 1.5) * 3 / 120
    assert (weights[np.abs(x) < shadow] == 0).all() and (weights[np.abs(x) > shadow + margin] > 0).all()
