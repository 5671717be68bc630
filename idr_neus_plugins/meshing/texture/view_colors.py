"""What cameras tell about a surface: by the colour field, or by photographs and the field where they show nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from idr_neus_plugins.meshing.texture.photographs import Photograph, colors_in

FILL = 0.1
"""Weight of the field beside a photograph's: it blurs, but knows something of every direction."""


class ViewColors(NamedTuple):
    """Of one camera."""

    centre: np.ndarray
    """Of the camera [3], scene units."""
    ask: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    """Positions and unit normals [t, 3] of surface points -> their colours [t, 3] float32 in [0, 1] as the camera sees
    them, and the weights of that [t]; 0 where it says nothing about them."""


Radiance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Positions on the surface and directions into the scene of any length [n, 3] -> colours [n, 3]."""


def field_view_colors(radiance: Radiance, centre: np.ndarray) -> ViewColors:
    """A field's colours for whatever faces the camera, hidden or not: it is smooth in the direction."""
    return ViewColors(centre, partial(_by_field, radiance, centre))


def photograph_view_colors(photograph: Photograph, radiance: Radiance) -> ViewColors:
    """A photograph's colours, and the field's, with less weight, for what faces the camera and is not seen there."""
    return ViewColors(photograph.camera.centre, partial(_by_photograph, radiance, photograph))


def _by_field(
    radiance: Radiance, centre: np.ndarray, positions: np.ndarray, normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    cosines = _cosines(centre, positions, normals)
    colors, facing = np.zeros((len(positions), 3), np.float32), cosines > 0
    colors[facing] = radiance(positions[facing], positions[facing] - centre)
    return colors, cosines


def _by_photograph(
    radiance: Radiance, photograph: Photograph, positions: np.ndarray, normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    centre = photograph.camera.centre
    colors, clarity = colors_in(photograph, positions, normals)
    cosines, seen = _cosines(centre, positions, normals), clarity > 0
    hidden = ~seen & (cosines > 0)
    colors[hidden] = radiance(positions[hidden], positions[hidden] - centre)
    return colors, np.where(seen, cosines, FILL * cosines)


def _cosines(centre: np.ndarray, positions: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Between the normals and the ways to the camera, 0 where they face away [t] float32."""
    ways = centre - positions
    cosines = np.einsum("ij,ij->i", ways, normals) / np.linalg.norm(ways, axis=1)
    return cosines.clip(min=0).astype(np.float32)
