"""Nearest points against all pairs."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from idr_neus_plugins.evaluation import nearest
from idr_neus_plugins.evaluation.nearest import nearest_distances, spatial_order


def test_equals_all_pairs_and_tells_its_progress(monkeypatch):
    monkeypatch.setattr(nearest, "BATCH", 70)
    generator, told = np.random.default_rng(0), []
    points, queries = generator.normal(size=(300, 3)), generator.normal(size=(200, 3))
    distances = nearest_distances(points, queries, progress=lambda *state: told.append(state))
    np.testing.assert_allclose(distances, cdist(queries, points).min(1))
    assert told == [(70, 200), (140, 200), (200, 200)]


def test_far_queries_are_infinitely_far():
    distances = nearest_distances(np.zeros((1, 3)), np.array([[0.5, 0, 0], [2.0, 0, 0]]), limit=1.0)
    np.testing.assert_array_equal(distances, [0.5, np.inf])


def test_the_order_is_a_permutation_also_of_equal_points():
    points = np.random.default_rng(0).normal(size=(100, 3))
    np.testing.assert_array_equal(np.sort(spatial_order(points)), np.arange(100))
    np.testing.assert_array_equal(spatial_order(np.ones((4, 3))), np.arange(4))
    assert len(spatial_order(np.empty((0, 3)))) == 0
