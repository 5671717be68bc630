"""Chairs and tables of random make."""

from __future__ import annotations

import math

import numpy as np
from manifold3d import Manifold

from idr_neus_plugins.single_view.shapes.paint import Paint, plain, random_color, random_paint
from idr_neus_plugins.single_view.shapes.solids import box, lathe, rod, union

FRONT = -1.0
"""Furniture looks towards -y."""


def chair(rng: np.random.Generator) -> Manifold:
    """Seat, back (a board, slats or a frame), legs or a pedestal, sometimes arms."""
    width, depth = rng.uniform(0.4, 0.65), rng.uniform(0.4, 0.6)
    seat, thickness = rng.uniform(0.38, 0.5), rng.uniform(0.06, 0.14)
    seat_color, frame_color = random_color(rng), random_color(rng)
    cushion = random_paint(rng, seat_color)
    frame = cushion if rng.uniform() < 0.3 else plain(frame_color)
    parts = [box((width, depth, thickness), (0, 0, seat), cushion)]
    parts += _stand(rng, width, depth, seat, frame)
    parts += _back(rng, width, depth, seat, cushion, frame)
    if rng.uniform() < 0.35:
        parts += _arms(rng, width, depth, seat, frame)
    return union(parts)


def table(rng: np.random.Generator) -> Manifold:
    """A rectangular or round top on legs, a pedestal or two boards, sometimes with a shelf."""
    width, depth, height = rng.uniform(0.6, 1.2), rng.uniform(0.45, 0.9), rng.uniform(0.35, 0.75)
    thickness = rng.uniform(0.05, 0.12)
    top, frame = random_paint(rng, random_color(rng)), plain(random_color(rng))
    if rng.uniform() < 0.3:
        radius = width / 2
        profile = [(0, 0), (radius, 0), (radius, thickness), (0, thickness)]
        parts = [lathe(profile, top).translate([0.0, 0.0, height - thickness / 2])]
        width = depth = radius * math.sqrt(2.0)
    else:
        parts = [box((width, depth, thickness), (0, 0, height), top)]
    if rng.uniform() < 0.25:
        board = rng.uniform(0.06, 0.12)
        for side in (-1, 1):
            parts.append(box((board, 0.9 * depth, height), (side * (width - board) / 2, 0, height / 2), frame))
    else:
        parts += _stand(rng, width, depth, height, frame)
        if rng.uniform() < 0.3:
            parts.append(box((0.9 * width, 0.9 * depth, 0.05), (0, 0, height * rng.uniform(0.25, 0.5)), frame))
    return union(parts)


def _stand(rng: np.random.Generator, width: float, depth: float, height: float, paint: Paint) -> list[Manifold]:
    """Four legs, straight or splayed, square or round; or a column on a foot."""
    if rng.uniform() < 0.2:
        column, foot = rng.uniform(0.04, 0.08), 0.45 * min(width, depth)
        profile = [(0, 0), (foot, 0), (foot, 0.04), (column, 0.09), (column, height), (0, height)]
        return [lathe(profile, paint)]
    thickness, splay = rng.uniform(0.055, 0.1), rng.choice([0.0, rng.uniform(0.0, 0.08)])
    square = rng.uniform() < 0.5
    legs = []
    for x in (-1, 1):
        for y in (-1, 1):
            top = np.array([x * (width - thickness) / 2, y * (depth - thickness) / 2, height])
            bottom = np.array([top[0] + x * splay, top[1] + y * splay, 0.0])
            if square and splay == 0.0:
                legs.append(box((thickness, thickness, height), (top + bottom) / 2, paint))
            else:
                legs.append(rod(bottom, top, (0.4 * thickness, 0.55 * thickness), paint))
    return legs


def _back(
    rng: np.random.Generator, width: float, depth: float, seat: float, cushion: Paint, frame: Paint
) -> list[Manifold]:
    height, thickness = rng.uniform(0.35, 0.65), rng.uniform(0.05, 0.1)
    y = -FRONT * (depth - thickness) / 2
    kind = rng.integers(3)
    if kind == 0:
        return [box((width, thickness, height), (0, y, seat + height / 2), cushion)]
    posts = [
        box((thickness, thickness, height), (x * (width - thickness) / 2, y, seat + height / 2), frame) for x in (-1, 1)
    ]
    if kind == 1:
        bar = rng.uniform(0.07, 0.12)
        heights = np.linspace(0.35 * height, height - bar / 2, rng.integers(2, 4))
        return posts + [box((width, thickness, bar), (0, y, seat + z), cushion) for z in heights]
    low = rng.uniform(0.3, 0.5) * height
    return posts + [box((width, thickness, height - low), (0, y, seat + (low + height) / 2), cushion)]


def _arms(rng: np.random.Generator, width: float, depth: float, seat: float, paint: Paint) -> list[Manifold]:
    height, thickness = rng.uniform(0.18, 0.28), rng.uniform(0.055, 0.08)
    arms = []
    for side in (-1, 1):
        x = side * (width - thickness) / 2
        arms.append(box((thickness, 0.9 * depth, thickness), (x, 0, seat + height), paint))
        arms.append(box((thickness, thickness, height), (x, FRONT * 0.4 * depth, seat + height / 2), paint))
    return arms
