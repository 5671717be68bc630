"""Mugs and lamps of random make."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from idr_neus_plugins.single_view.shapes.paint import Paint, plain, random_color, random_paint
from idr_neus_plugins.single_view.shapes.solids import box, lathe, ring, rod, union


def mug(rng: np.random.Generator) -> Manifold:
    """A hollow vessel, straight, flared or bulged, with a round or a square handle towards -y."""
    radius, height, wall = rng.uniform(0.3, 0.42), rng.uniform(0.6, 0.95), rng.uniform(0.05, 0.08)
    foot, belly = radius * rng.uniform(0.7, 1.05), radius * rng.uniform(0.95, 1.15)
    color = random_color(rng)
    outside, inside = random_paint(rng, color), plain(random_color(rng))
    outer = [(0, 0), (foot, 0), (belly, 0.5 * height), (radius, height), (0, height)]
    hollow = [(0, 0.1), (foot - wall, 0.1), (belly - wall, 0.5 * height), (radius - wall, height), (0, height)]
    hollow[-2:] = [(radius - wall, height + 0.01), (0, height + 0.01)]
    # The handle grows out of the wall and must not show inside.
    handle = _handle(rng, belly, height, plain(color) if rng.uniform() < 0.6 else plain(random_color(rng)))
    # Like all categories symmetric in x, so that a mirrored photograph shows one of its kind.
    return (union([lathe(outer, outside), handle]) - lathe(hollow, inside)).rotate([0.0, 0.0, -90.0])


def _handle(rng: np.random.Generator, belly: float, height: float, paint: Paint) -> Manifold:
    thickness, reach = rng.uniform(0.045, 0.065), rng.uniform(0.22, 0.3)
    if rng.uniform() < 0.6:
        upright = ring(reach, thickness, paint).rotate([90.0, 0.0, 0.0])
        return upright.scale([1.0, 1.0, rng.uniform(0.9, 1.2)]).translate([belly, 0.0, 0.52 * height])
    low, high, far = 0.25 * height, 0.8 * height, belly + 0.8 * reach
    bars = [
        box((far - belly + 0.1, 2 * thickness, 2 * thickness), ((belly + far) / 2, 0, z), paint) for z in (low, high)
    ]
    upright = box((2 * thickness, 2 * thickness, high - low + 2 * thickness), (far, 0, (low + high) / 2), paint)
    return union([*bars, upright])


def lamp(rng: np.random.Generator) -> Manifold:
    """A foot, a pole or a turned body, and a shade over it, closed or open below."""
    height = rng.uniform(0.9, 1.3)
    foot, pole = rng.uniform(0.16, 0.28), rng.uniform(0.03, 0.06)
    metal = plain(random_color(rng))
    body = [lathe([(0, 0), (foot, 0), (0.9 * foot, 0.06), (pole, 0.1), (pole, 0.9 * height), (0, 0.9 * height)], metal)]
    if rng.uniform() < 0.5:
        bulge, middle = rng.uniform(0.09, 0.18), rng.uniform(0.25, 0.4) * height
        turned = [(0, 0.02), (0.7 * bulge, 0.02), (bulge, middle), (pole, 0.6 * height), (0, 0.6 * height)]
        body.append(lathe(turned, random_paint(rng, random_color(rng))))
    return union([*body, _shade(rng, height, pole, random_paint(rng, random_color(rng)))])


def _shade(rng: np.random.Generator, height: float, pole: float, paint: Paint) -> Manifold:
    low, high = rng.uniform(0.24, 0.4), rng.uniform(0.12, 0.3)
    bottom = height * rng.uniform(0.6, 0.72)
    cone = lathe([(0, bottom), (low, bottom), (high, height), (0, height)], paint)
    if rng.uniform() < 0.5:
        return cone
    wall, lid = 0.06, height - 0.07
    hollow = lathe([(0, bottom - 0.01), (low - wall, bottom - 0.01), (high - wall, lid), (0, lid)], paint)
    return union([cone - hollow, rod((0, 0, bottom), (0, 0, height), (pole, pole), paint)])
