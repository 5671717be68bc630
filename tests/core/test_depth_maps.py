"""Depths of painted planes and of a painted sphere, whose truth is known in every pixel."""

import math

import pytest
import torch

from idr_neus_plugins.core.depth_maps import RADIUS, aggregated, correlate, depth_maps, depths_at, points_of
from idr_neus_plugins.core.patches import MOST_SATURATED, SATURATED, normalised, sample, square_offsets
from idr_neus_plugins.core.photographs import Photographs
from tests.core.test_plane_sweep import HEIGHT, NORMAL, WIDTH, scene

WHOLE = (slice(0, HEIGHT), slice(0, WIDTH))
INNER = (slice(RADIUS, HEIGHT - RADIUS), slice(RADIUS, WIDTH - RADIUS))


def anywhere(points: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(points), dtype=torch.bool)


def correlations_reference(photographs: Photographs, view: int, other: int, depth: float) -> torch.Tensor:
    """Of windows with what one other view shows through a plane of that depth, by plain projection."""
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pixels = torch.stack([columns, rows], dim=-1).view(-1, 1, 2) + square_offsets(RADIUS)
    camera = photographs.camera(view)
    there = photographs.camera(other).project(camera.pose[:, 3] + depth * camera.directions(pixels))
    own, seen = (
        normalised(sample(photographs.pictures[index][None], places)[0])
        for index, places in ((view, pixels), (other, there))
    )
    return (own * seen).sum(dim=1).view(HEIGHT, WIDTH)


def test_correlations_are_those_of_the_reference():
    photographs = scene()
    depths = torch.tensor([1.8, 2.0, 2.3])
    found = correlate(photographs, 0, torch.tensor([1]), 1.0 / depths, WHOLE)
    for plane, depth in enumerate(depths.tolist()):
        expected = correlations_reference(photographs, 0, 1, depth)[INNER]
        seen = found[plane][INNER] > -1.0
        assert float(seen.float().mean()) > 0.5
        torch.testing.assert_close(found[plane][INNER][seen], expected[seen], atol=5e-3, rtol=0)


def test_a_window_of_a_view_is_the_same_window_of_the_whole():
    photographs = scene()
    others, inverse = torch.tensor([1, 2, 3]), torch.tensor([0.5, 0.45])
    part = (slice(10, 40), slice(20, 70))
    whole = correlate(photographs, 0, others, inverse, WHOLE)[:, part[0], part[1]]
    inner = (slice(None), slice(RADIUS, -RADIUS), slice(RADIUS, -RADIUS))
    torch.testing.assert_close(correlate(photographs, 0, others, inverse, part)[inner], whole[inner], atol=1e-3, rtol=0)


def test_highlights_and_cameras_that_look_away_show_nothing():
    photographs = scene()
    others, inverse = torch.tensor([1, 2, 3]), torch.tensor([0.5])
    pictures = photographs.pictures.clone()
    pictures[0, 20:40, 20:40] = 0.5 * (1.0 + SATURATED)
    bright = correlate(photographs._replace(pictures=pictures), 0, others, inverse, WHOLE)
    assert MOST_SATURATED < 0.5 and float(bright[0, 25:35, 25:35].max()) == -1.0
    turned = photographs.poses.clone()
    turned[1:, :, [0, 2]] *= -1.0
    assert float(correlate(photographs._replace(poses=turned), 0, others, inverse, WHOLE).max()) == -1.0


def aggregated_reference(costs: torch.Tensor, small: float, large: float) -> torch.Tensor:
    height, width, planes = costs.shape
    total = torch.zeros_like(costs)
    jump = (torch.arange(planes)[:, None] - torch.arange(planes)).abs()
    price = torch.where(jump == 0, 0.0, torch.where(jump == 1, small, large))
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        path = torch.zeros_like(costs)
        for y in range(height) if dy >= 0 else reversed(range(height)):
            for x in range(width) if dx >= 0 else reversed(range(width)):
                before = (y - dy, x - dx)
                path[y, x] = costs[y, x]
                if 0 <= before[0] < height and 0 <= before[1] < width:
                    step = (path[before] + price).min(dim=1).values
                    path[y, x] += step - path[before].min()
        total += path
    return total


def test_aggregation_is_that_of_the_paper():
    from idr_neus_plugins.core.depth_maps import LARGE, SMALL

    costs = torch.rand(7, 9, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(aggregated(costs), aggregated_reference(costs, SMALL, LARGE), atol=1e-4, rtol=1e-4)


def test_a_tilted_plane_is_found_between_the_planes():
    photographs = scene()
    everywhere = torch.ones(5, HEIGHT, WIDTH, dtype=torch.bool)
    maps = depth_maps(photographs, torch.tensor([[1.2, 3.5]] * 5), anywhere, everywhere)
    points, _, _ = points_of(photographs, maps[0], 0)
    assert len(points) > 0.5 * HEIGHT * WIDTH
    errors = (points @ NORMAL).abs()
    assert float(errors.median()) < 0.02 and float(errors.quantile(0.9)) < 0.05  # a pixel is 0.02 wide there
    there, own = depths_at(photographs, maps[1], 1, points)
    both = there > 0
    assert float(both.float().mean()) > 0.4
    assert float((there - own)[both].abs().median()) < 0.03


@pytest.mark.parametrize("ranges", [[2.0, 1.0], [math.nan, math.nan]])
def test_nothing_is_looked_for_where_the_range_is_empty(ranges):
    photographs = scene()
    everywhere = torch.ones(5, HEIGHT, WIDTH, dtype=torch.bool)
    maps = depth_maps(photographs, torch.tensor([ranges] * 5), lambda p: p[:, 0] > 0, everywhere)
    assert all(not known.depth.any() and known.spacing == 0 for known in maps)


def test_what_neighbours_deny_is_left_out():
    """A view whose picture is noise agrees with none."""
    photographs = scene()
    pictures = photographs.pictures.clone()
    pictures[0] = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    everywhere = torch.ones(5, HEIGHT, WIDTH, dtype=torch.bool)
    spoilt = photographs._replace(pictures=pictures)
    maps = depth_maps(spoilt, torch.tensor([[1.2, 3.5]] * 5), anywhere, everywhere)
    assert float((maps[0].depth > 0).float().mean()) < 0.5 * float((maps[1].depth > 0).float().mean())
