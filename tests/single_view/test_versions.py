"""Versions of an image that are as true as itself, and what a field that they confuse is told to be: uncertain."""

from __future__ import annotations

import torch

from idr_neus_plugins.single_view.fields.conditioned import ConditionedField, ConditionedFieldConfig, InputViews
from idr_neus_plugins.single_view.fields.encoder import Encoded, Encoder
from idr_neus_plugins.single_view.fields.geometry import ConditionedGeometry, ConditionedGeometryConfig
from idr_neus_plugins.single_view.fields.pixel_features import pixel_aligned, project
from idr_neus_plugins.single_view.fields.versions import all_versions
from tests.single_view.test_pixel_features import a_view


class Means(Encoder):
    def forward(self, images):
        return Encoded(images.mean((2, 3))[:, :2], images)


class Ball(ConditionedField):
    """Of a radius that follows the mean red, or else of radius 0.5."""

    def __init__(self, follows_red: bool) -> None:
        super().__init__(Means(code=2, channels=4))
        self.follows_red = follows_red

    def sdf(self, points, condition):
        red = condition.code[:, :1] if self.follows_red else 0.5
        return points.norm(dim=2) - red


def shown(follows_red: bool) -> ConditionedGeometry:
    class BallConfig(ConditionedFieldConfig):
        def setup(self) -> Ball:
            return Ball(follows_red)

    geometry = ConditionedGeometryConfig(field=BallConfig()).setup(torch.tensor([[-1.0] * 3, [1.0] * 3])).eval()
    image = torch.tensor([0.2, 0.5, 0.8, 1.0])[None, :, None, None].expand(1, 4, 32, 32)
    geometry.show(InputViews(image, a_view()[1]))
    return geometry


def test_every_version_sees_the_same_pixel_behind_a_point():
    torch.manual_seed(0)
    views, points = InputViews(torch.rand(1, 4, 32, 32), a_view()[1]), torch.rand(1, 50, 3) - 0.5
    versions = all_versions(views)
    assert len(versions) == 6 and torch.equal(versions[0][0].images, views.images)
    seen = [pixel_aligned(each.images, project(points * sign[:, None], each.projections)[0]) for each, sign in versions]
    for pixels in seen[1:]:
        torch.testing.assert_close(pixels.sort(dim=2)[0], seen[0].sort(dim=2)[0], atol=1e-4, rtol=0)


def test_the_spread_is_that_of_what_the_field_says():
    points = torch.rand(20, 3) - 0.5
    assert shown(follows_red=False).spread(points).max() < 1e-6
    expected = torch.tensor([0.2, 0.5, 0.8]).std(correction=0)
    torch.testing.assert_close(shown(follows_red=True).spread(points), expected.expand(20))
    assert shown(follows_red=True).spread(points[:0]).shape == (0,)
