"""Augmented batches are as true as those they are made from."""

from __future__ import annotations

import torch

from idr_neus_plugins.single_view.data.augmentation import mirrored, recolored
from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.pixel_features import pixel_aligned, project
from idr_neus_plugins.single_view.fields.pose import transformed
from tests.single_view.test_pixel_features import a_view


def a_batch() -> tuple[ShapeQuery, dict]:
    torch.manual_seed(0)
    _, projection = a_view()
    points, surface = torch.rand(2, 30, 3) - 0.5, torch.rand(2, 20, 3) - 0.5
    views = InputViews(torch.rand(2, 4, 32, 32), projection.repeat(2, 1, 1))
    pose = torch.cat([torch.linalg.qr(torch.rand(2, 3, 3)).Q, torch.rand(2, 3, 1)], 2)
    truth = {"placed": transformed(surface, pose), "colors": torch.rand(2, 20, 3), "pose": pose}
    return ShapeQuery(views, points, surface), truth


def test_a_mirrored_point_sees_the_same_pixel():
    query, truth = a_batch()
    other, turned = mirrored(query, truth, torch.tensor([True, False]))
    here, there = (
        pixel_aligned(each.views.images, project(each.points, each.views.projections)[0]) for each in (query, other)
    )
    torch.testing.assert_close(here, there, atol=1e-4, rtol=0)
    assert torch.equal(other.points[0], query.points[0] * torch.tensor([-1.0, 1.0, 1.0]))
    assert torch.equal(other.points[1], query.points[1]) and torch.equal(turned["placed"][1], truth["placed"][1])
    assert torch.equal(turned["placed"][0, :, 0], -truth["placed"][0, :, 0])
    torch.testing.assert_close(transformed(other.surface, turned["pose"]), turned["placed"])


def test_colours_are_exchanged_in_the_image_and_on_the_surface():
    query, truth = a_batch()
    other, turned = recolored(query, truth, [2, 0, 1])
    assert torch.equal(other.views.images[:, 0], query.views.images[:, 2])
    assert torch.equal(other.views.images[:, 3], query.views.images[:, 3])
    assert torch.equal(turned["colors"][..., 0], truth["colors"][..., 2])
