"""Known gains are found again."""

from __future__ import annotations

import numpy as np

from idr_neus_plugins.meshing.texture.exposure import align_exposures


def seen(random, gains, points=400):
    truth = random.uniform(0.2, 0.6, (points, 3))
    weights = random.uniform(0.2, 1, (len(gains), points)) * (random.uniform(size=(len(gains), points)) < 0.6)
    return truth[None] / gains[:, None, :], weights


def test_gains_are_found_up_to_a_common_factor():
    random = np.random.default_rng(0)
    gains = np.exp(random.normal(0, 0.15, (8, 3)))
    gains /= np.median(gains, axis=0)
    colors, weights = seen(random, gains)
    np.testing.assert_allclose(align_exposures(colors, weights), gains, rtol=0.02)


def test_equal_exposures_stay_and_a_lonely_view_keeps_its_own():
    random = np.random.default_rng(1)
    colors, weights = seen(random, np.ones((5, 3)))
    weights[4] = 0
    np.testing.assert_allclose(align_exposures(colors, weights), 1, atol=1e-6)


def test_clipped_colours_say_nothing():
    random = np.random.default_rng(2)
    gains = np.array([[1.0] * 3, [1.0] * 3, [1.0] * 3])
    colors, weights = seen(random, gains)
    colors[0, :200] = 1.0
    np.testing.assert_allclose(align_exposures(colors, weights), 1, atol=1e-6)
