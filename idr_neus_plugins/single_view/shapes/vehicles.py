"""Cars of random make: saloons, estates, vans and pick-ups."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from idr_neus_plugins.single_view.shapes.paint import DARK, GLASS, STEEL, Paint, plain, random_color, random_paint
from idr_neus_plugins.single_view.shapes.solids import box, prism, rod, union


def car(rng: np.random.Generator) -> Manifold:
    """A body with a cabin on four wheels, driving towards -y."""
    length, width, height = rng.uniform(1.1, 1.4), rng.uniform(0.46, 0.58), rng.uniform(0.17, 0.26)
    wheel, clearance = rng.uniform(0.09, 0.13), rng.uniform(0.05, 0.09)
    color = random_color(rng)
    body = random_paint(rng, color) if rng.uniform() < 0.3 else plain(color)
    front, rear, belt = -length / 2, length / 2, clearance + height
    nose, tail = rng.uniform(0.6, 0.95), rng.uniform(0.8, 1.0)
    profile = [
        (front, clearance),
        (rear, clearance),
        (rear, clearance + tail * height),
        (rear - 0.04, belt),
        (front + 0.25 * length, belt),
        (front, clearance + nose * height),
    ]
    parts = [prism(profile, width, body)]
    parts += _cabin(rng, length, width, belt, plain(color))
    parts += _wheels(rng, length, width, wheel)
    parts.append(box((0.9 * width, 0.03, 0.05), (0, front, clearance + 0.45 * height), plain(STEEL)))
    return union(parts)


def _cabin(rng: np.random.Generator, length: float, width: float, belt: float, roof: Paint) -> list[Manifold]:
    """Windows all around under a roof; where it ends makes a saloon, an estate, a van or a pick-up."""
    height = rng.uniform(0.15, 0.3)
    start, end = [(-0.22, 0.32), (-0.2, 0.49), (-0.44, 0.49), (-0.22, 0.08)][rng.integers(4)]
    slope_front, slope_rear = rng.uniform(0.3, 0.8) * height, rng.uniform(0.1, 0.7) * height
    low, high = (start * length, end * length), (start * length + slope_front, end * length - slope_rear)
    windows = [(low[0], belt - 0.02), (low[1], belt - 0.02), (high[1], belt + height), (high[0], belt + height)]
    # A roof that overlaps and overhangs: faces that merely touch leave slivers in the union.
    under, over = belt + height - 0.015, belt + height + 0.035
    top = [(high[0], under), (high[1], under), (high[1], over), (high[0], over)]
    return [prism(windows, 0.86 * width, plain(GLASS)), prism(top, 0.9 * width, roof)]


def _wheels(rng: np.random.Generator, length: float, width: float, radius: float) -> list[Manifold]:
    axle, thickness = rng.uniform(0.28, 0.34) * length, 0.2 * width
    wheels = []
    for side in (-1, 1):
        for y in (-axle, axle):
            outer = side * (0.5 * width + 0.01)
            inner, middle, hub = outer - side * thickness, outer - side * 0.02, outer + side * 0.01
            wheels.append(rod((inner, y, radius), (outer, y, radius), (radius, radius), plain(DARK)))
            wheels.append(rod((middle, y, radius), (hub, y, radius), (0.5 * radius, 0.5 * radius), plain(STEEL)))
    return wheels
