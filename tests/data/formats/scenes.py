"""Scenes to convert, and what makes two of them the same."""

from __future__ import annotations

import numpy as np
from PIL import Image

from idr_neus_plugins.data.formats.scene import PosedScene


def assert_same(found: PosedScene, expected: PosedScene, with_region: bool = True) -> None:
    """The same cameras in the same world, the same pixels, and the same region of interest."""
    assert len(found.views) == len(expected.views)
    for a, b in zip(found.views, expected.views, strict=True):
        np.testing.assert_allclose(a.intrinsics, b.intrinsics, atol=2e-4)
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=2e-4)
        np.testing.assert_allclose(a.distortion, b.distortion, atol=1e-8)
        assert a.size == b.size
        assert np.array_equal(np.array(Image.open(a.image)), np.array(Image.open(b.image)))
        assert (a.mask is None) == (b.mask is None)
        assert a.mask is None or np.array_equal(np.array(Image.open(a.mask)), np.array(Image.open(b.mask)))
    if with_region:
        np.testing.assert_allclose(found.world_from_scene, expected.world_from_scene, rtol=1e-5, atol=1e-4)
