"""InputViews as angles and as probabilities of these, and images that are framed anew."""

from __future__ import annotations

import math

import pytest
import torch

from idr_neus_plugins.single_view.data.reframing import reframed
from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.pixel_features import pixel_aligned, project
from idr_neus_plugins.single_view.fields.pose import inverted, transformed
from idr_neus_plugins.single_view.fields.viewpoint import (
    BINS,
    ViewAngles,
    bin_middles,
    seen_in_mirror,
    surprise,
    view_angles,
    view_rotations,
)
from idr_neus_plugins.single_view.shapes.photographs import FOCAL, orbit_camera

ANGLES = ViewAngles(torch.tensor([0.3, -2.9]), torch.tensor([0.5, -0.2]), torch.tensor([0.2, -0.4]))


def test_angles_are_those_of_the_camera():
    camera = orbit_camera(0.3, 0.5, 2.6, 64)
    rotation = inverted(torch.from_numpy(camera.camera_to_scene).float()[None])[:, :, :3]
    assert torch.allclose(torch.cat(view_angles(rotation)), torch.tensor([0.3, 0.5, 0.0]), atol=1e-5)
    level = ViewAngles(*(torch.tensor([angle]) for angle in (0.3, 0.5, 0.0)))
    assert torch.allclose(view_rotations(level), rotation, atol=1e-5)


def test_angles_and_rotations_go_back_and_forth():
    rotations = view_rotations(ANGLES)
    assert torch.allclose(torch.linalg.det(rotations), torch.ones(2), atol=1e-5)
    torch.testing.assert_close(torch.stack(view_angles(rotations)), torch.stack(ANGLES))


def test_what_is_certain_does_not_surprise():
    sure = torch.full((1, 3, BINS), -20.0)
    middles = ViewAngles(*(bin_middles(which)[20:21] for which in range(3)))
    sure[:, :, 20] = 0.0
    assert surprise(sure, view_rotations(middles)).item() == pytest.approx(0.0, abs=1e-3)
    off = ViewAngles(middles.azimuth + math.radians(5.0), *middles[1:])
    assert surprise(sure, view_rotations(off)).item() == pytest.approx(10.0, abs=0.05), "half a bin"


def test_a_mirror_shows_the_other_side():
    torch.manual_seed(0)
    told, mirror = torch.randn(2, 3, BINS), torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    rotations = view_rotations(ANGLES)
    there = surprise(seen_in_mirror(told), mirror @ rotations @ mirror)
    torch.testing.assert_close(there, surprise(told, rotations), atol=1e-3, rtol=0)


def a_batch() -> tuple[ShapeQuery, dict[str, torch.Tensor]]:
    """A disc of smooth colours on nothing, and points before it."""
    torch.manual_seed(1)
    axis = torch.linspace(-1, 1, 64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    alpha = ((x + 0.2) ** 2 + 3 * y**2 < 0.25).float()
    image = torch.stack([0.5 + 0.4 * x, 0.5 + 0.4 * y, 0.5 + 0.2 * x * y, alpha])
    camera = orbit_camera(0.3, 0.5, 2.6, 64)
    pose = inverted(torch.from_numpy(camera.camera_to_scene).float()[None]).repeat(2, 1, 1)
    projections = torch.diag(torch.tensor([2 * FOCAL, 2 * FOCAL, 1.0])) @ pose
    points = 0.5 * (torch.rand(2, 200, 3) - 0.5)
    views = InputViews(image.expand(2, -1, -1, -1), projections)
    return ShapeQuery(views, points, points), {"pose": pose, "placed": transformed(points, pose)}


def test_points_see_the_same_colours_in_a_new_frame():
    query, truth = a_batch()
    other, new = reframed(query, truth, torch.tensor([True, False]))
    here, there = (
        pixel_aligned(each.views.images, project(each.points, each.views.projections)[0]) for each in (query, other)
    )
    inside = (here[..., 3] > 0.99) & (there[..., 3] > 0.99)
    assert inside.float().mean() > 0.3 and (here - there)[inside].abs().max() < 0.03
    alpha = other.views.images[:, 3] > 0.5
    across = max(alpha[0].any(0).sum(), alpha[0].any(1).sum()).item() / 64
    assert across == pytest.approx(0.69, abs=0.1) and alpha[1].any(0).sum() < 40
    assert (new["pose"][1] - truth["pose"][1]).abs().max() < 1e-5, "left as it is"
    torch.testing.assert_close(other.views.images[1, 3], query.views.images[1, 3], atol=1e-3, rtol=0)


def test_the_new_pose_shows_the_object_where_the_new_image_does():
    query, truth = a_batch()
    other, new = reframed(query, truth, torch.tensor([True, True]))
    expected, _ = project(other.surface, other.views.projections)
    placed = new["placed"]
    shown = 2 * FOCAL * placed[..., :2] / placed[..., 2:]
    assert (shown - expected).abs().max() < 0.1, "up to perspective"
    origin = project(torch.zeros(2, 1, 3), other.views.projections)[0][:, 0]
    torch.testing.assert_close(2 * FOCAL * new["pose"][:, :2, 3] / new["pose"][:, 2:, 3], origin, atol=1e-4, rtol=0)
