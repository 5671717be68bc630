"""Rays of pixels through lenses: the polynomial's inverse, and what nerfstudio trains with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from idr_neus_plugins.data.formats.scene import NO_DISTORTION, PosedScene, View
from idr_neus_plugins.data.lens import ray_directions, unproject
from idr_neus_plugins.data.outputs import nerfstudio_cameras
from idr_neus_plugins.data.region import find_region, views_without_region

PINHOLE = View(
    image=Path("none.png"),
    mask=None,
    size=(60, 80),
    intrinsics=np.array([[70.0, 0, 41.0], [0, 68.0, 29.0], [0, 0, 1]]),
    camera_to_world=np.eye(4),
)
BENT = replace(PINHOLE, distortion=(-0.2, 0.05, -0.01, 0.002, 1e-3, -2e-3))
FISHEYE = replace(PINHOLE, is_fisheye=True)
BENT_FISHEYE = replace(FISHEYE, distortion=(0.05, -0.01, 0.002, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("view", [PINHOLE, BENT, FISHEYE, BENT_FISHEYE])
def test_rays_are_those_that_are_trained_with(view):
    camera = nerfstudio_cameras((view,), np.eye(4)[None])
    rows, columns = np.mgrid[: view.size[0], : view.size[1]] + 0.5
    coords = torch.from_numpy(np.stack([rows, columns], -1)).float()
    trained = camera.generate_rays(camera_indices=0, coords=coords, keep_shape=True).directions.numpy()
    np.testing.assert_allclose(ray_directions(view, view.size, 1.0), trained, atol=2e-4)


def test_the_polynomial_is_inverted():
    """OpenCV's formula applied to the rays' slopes gives the pixels back."""
    k1, k2, k3, k4, p1, p2 = BENT.distortion
    pixels = np.stack(np.meshgrid(np.arange(5.5, 75.0, 10.0), np.arange(5.5, 55.0, 10.0)), -1)
    rays = unproject(BENT, pixels)
    x, y = (rays[..., axis] / rays[..., 2] for axis in (0, 1))
    square = x * x + y * y
    radial = 1 + square * (k1 + square * (k2 + square * (k3 + square * k4)))
    bent = np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        ],
        -1,
    )
    np.testing.assert_allclose(bent * [70.0, 68.0] + [41.0, 29.0], pixels, atol=1e-6)


def test_a_fisheyes_angle_is_its_distance_from_the_middle():
    rays = unproject(FISHEYE, np.array([[41.0 + 70.0 * np.radians(80), 29.0]]))
    np.testing.assert_allclose(rays, [[np.sin(np.radians(80)), 0, np.cos(np.radians(80))]], atol=1e-12)


def looking_at_origin(turn: float, view: View) -> View:
    pose = np.eye(4)
    pose[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    pose[:3, 3] = -3.0 * pose[:3, 2]
    return replace(view, camera_to_world=pose)


def test_what_a_fisheye_sees_beside_itself_counts():
    """The region lies 80 degrees from the optical axis: a pinhole with the same K would not see it."""
    aside = np.eye(4)
    aside[:3, 3] = -8.0 * np.array([np.sin(np.radians(80)), 0.0, np.cos(np.radians(80))])
    wide = replace(FISHEYE, size=(60, 240), intrinsics=np.array([[70.0, 0, 120.0], [0, 70.0, 30.0], [0, 0, 1]]))
    assert views_without_region([wide], aside[None]) == []
    assert views_without_region([replace(wide, is_fisheye=False)], aside[None]) == [0]


@pytest.mark.parametrize("distortion", [NO_DISTORTION, (-0.3, 0.0, 0.0, 0.0, 0.0, 0.0)])
def test_the_region_without_masks_is_what_the_lens_shows(distortion, tmp_path):
    """Barrel distortion shows more of the scene in the same pixels, so the region is larger."""
    from PIL import Image

    Image.new("RGB", (80, 60)).save(tmp_path / "none.png")
    view = replace(PINHOLE, image=tmp_path / "none.png", distortion=distortion)
    region = find_region(PosedScene(tuple(looking_at_origin(turn, view) for turn in (0.0, 1.0, 2.0)), None))
    assert np.linalg.norm(region[:3, 3]) < 1e-6
    edge = unproject(view, np.array([41.0, 29.0 + 30.0]))
    assert region[0, 0] == pytest.approx(3.0 * np.sin(np.arccos(edge[2])), rel=1e-6)
