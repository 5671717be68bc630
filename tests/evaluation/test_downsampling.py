"""Thinning against its literal definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist

from idr_neus_plugins.evaluation.downsampling import downsample


def literal(points: np.ndarray, radius: float, seed: int) -> np.ndarray:
    """As the protocol is written: whoever is kept strikes out everyone within the radius."""
    standing = np.ones(len(points), bool)
    for i in np.random.default_rng(seed).permutation(len(points)):
        if standing[i]:
            standing[cdist(points[i : i + 1], points)[0] <= radius] = False
            standing[i] = True
    return np.nonzero(standing)[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 400), st.floats(0.01, 0.8))
def test_equals_the_literal_rule(seed, count, radius):
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 3))
    np.testing.assert_array_equal(downsample(points, radius, seed), literal(points, radius, seed))


def test_far_from_the_origin_and_with_equal_points():
    points = np.repeat(np.random.default_rng(1).normal(size=(50, 3)), 3, axis=0) + [5000, -9000, 700]
    kept = downsample(points, 0.05, seed=2)
    np.testing.assert_array_equal(kept, literal(points, 0.05, 2))
    assert len(kept) <= 50


def test_no_two_are_close_and_none_could_be_added():
    points = np.random.default_rng(3).uniform(size=(3000, 3)) * [1, 1, 0]
    kept = points[downsample(points, 0.05)]
    assert pdist(kept).min() > 0.05
    assert cdist(points, kept).min(1).max() <= 0.05


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_thin(count):
    assert len(downsample(np.zeros((count, 3)), 1.0)) == count
