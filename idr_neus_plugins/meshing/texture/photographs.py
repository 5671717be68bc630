"""Blending photographs on a surface: who sees a texel, how well, and how brightly each photograph was exposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from idr_neus_plugins.core.camera import Camera, cameras_of
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.texture.atlas import Texels, parts_of
from idr_neus_plugins.meshing.texture.exposure import align_exposures
from idr_neus_plugins.meshing.texture.lookup import bilinear
from idr_neus_plugins.progress import progress_bar

GRAZING = 0.2
"""Cosine below which a view says nothing: a pixel then covers five times its width of surface."""
SHARPNESS = 3
"""Power of the cosine in a view's weight."""
MARGIN_PX = 2
"""Pixels around silhouettes and occluding edges that are not used: they show two surfaces at once."""
FEATHER_PX = 8.0
"""A view's weight rises over this distance from its silhouette, so that no seam shows where it ends."""
DOUBT = 0.1
"""Colour difference to the mean at which a view counts half: highlights, and what the geometry got wrong."""
ROUNDS = 2
"""Times that the mean is formed anew with those weights."""
BATCH = 100_000
"""Texels blended at once: their colours in all views are held together."""
SAMPLES = 20_000
"""Texels that the exposures are aligned on."""


class Blend(NamedTuple):
    colors: np.ndarray
    """[t, 3] uint8."""
    weights: np.ndarray
    """Sum of the views' weights [t]; 0 where no photograph looks."""
    gains: np.ndarray
    """By which each photograph was multiplied [views, 3]."""


@dataclass(frozen=True)
class Photograph:
    """One view, prepared for looking up points of the surface."""

    camera: Camera
    image: np.ndarray
    """[height, width, 3] uint8."""
    nearest: np.ndarray
    """Smallest depth of the mesh within MARGIN_PX of each pixel [height, width]."""
    inside: np.ndarray
    """Pixels to the silhouette, 0 outside [height, width] float32."""


def prepare(caster: RayCaster, camera: Camera, image: np.ndarray, mask: np.ndarray | None) -> Photograph:
    """Depths of the mesh in the view, and its silhouette: that of the mesh, and of the ``mask`` where there is one."""
    from scipy.ndimage import distance_transform_edt, minimum_filter

    height, width = camera.size
    depth = caster.first_hits(camera.centre, camera.rays(camera.pixel_centres())).distances.reshape(height, width)
    silhouette = np.isfinite(depth) if mask is None else np.isfinite(depth) & mask[:height, :width]
    inside = np.asarray(distance_transform_edt(silhouette), np.float32)
    nearest = np.asarray(minimum_filter(depth, size=2 * MARGIN_PX + 1), np.float32)
    return Photograph(camera, image[:height, :width], nearest, inside)


def colors_in(photograph: Photograph, positions: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours [t, 3] float32 in [0, 1] of surface points [t, 3] in one photograph, and their weights [t]."""
    camera = photograph.camera
    colors, weights = np.zeros((len(positions), 3), np.float32), np.zeros(len(positions), np.float32)
    way = camera.centre - positions
    cosines = np.einsum("ij,ij->i", way, normals) / np.linalg.norm(way, axis=1)
    facing = np.nonzero(cosines > GRAZING)[0]
    if not len(facing):
        return colors, weights
    pixels, depths = camera.project(positions[facing])
    seen = camera.sees(pixels)
    facing, pixels, depths = facing[seen], pixels[seen], depths[seen]
    column, row = pixels.astype(np.int64).T
    slope = np.sqrt(1 - cosines[facing] ** 2) / cosines[facing]
    footprint = depths / camera.intrinsics[0, 0]
    # Within the margin a slanting surface comes nearer by its own slope; anything beyond that stands before it.
    free = depths - photograph.nearest[row, column] < footprint * (2 + 1.5 * MARGIN_PX * slope)
    border = np.clip((photograph.inside[row, column] - MARGIN_PX) / FEATHER_PX, 0, 1)
    weights[facing] = free * border * cosines[facing] ** SHARPNESS
    colors[facing] = bilinear(photograph.image, pixels) / np.float32(255)
    return colors, weights


def prepare_all(mesh: Mesh, views: Views, progress: bool = True) -> list[Photograph]:
    """All training views, prepared for looking up points of the ``mesh``."""
    caster, cameras = RayCaster(mesh.shape), cameras_of(views)
    images = views.images.cpu().numpy()
    masks = [None] * len(cameras) if views.masks is None else list(views.masks.cpu().numpy())
    with progress_bar(progress) as bar:
        triples = bar.track(list(zip(cameras, images, masks, strict=True)), description="Depths of the photographs")
        return [prepare(caster, *triple) for triple in triples]


def blend(photographs: list[Photograph], texels: Texels, progress: bool = True) -> Blend:
    """Colours of texels from all photographs, exposures aligned, doubtful views held down."""
    gains = _gains(photographs, texels)
    colors, weights = np.empty((len(texels.rows), 3), np.float32), np.empty(len(texels.rows), np.float32)
    with progress_bar(progress) as bar:
        for part in bar.track(parts_of(texels, BATCH), description="Blending photographs (parts)"):
            of_part = _blend_part(photographs, gains, texels.positions[part], texels.normals[part])
            colors[part], weights[part] = of_part
    return Blend((colors.clip(0, 1) * 255).round().astype(np.uint8), weights, gains)


def _gains(photographs: list[Photograph], texels: Texels) -> np.ndarray:
    some = np.random.default_rng(0).permutation(len(texels.rows))[:SAMPLES]
    seen = [colors_in(photograph, texels.positions[some], texels.normals[some]) for photograph in photographs]
    colors, weights = (np.stack(columns) for columns in zip(*seen, strict=True))
    return align_exposures(colors, weights)


def _blend_part(
    photographs: list[Photograph], gains: np.ndarray, positions: np.ndarray, normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colours [t, 3] and sums of weights [t]."""
    pairs = zip(photographs, gains, strict=True)
    views = [(*colors_in(photograph, positions, normals), gain) for photograph, gain in pairs]
    views = [view for view in views if view[1].any()]
    if not views:
        return np.zeros((len(positions), 3), np.float32), np.zeros(len(positions), np.float32)
    colors = np.stack([seen * gain.astype(np.float32) for seen, _, gain in views])
    weights = np.stack([weight for _, weight, _ in views])
    total = weights.sum(0)
    mean = _mean(colors, weights)
    for _ in range(ROUNDS):
        difference = np.square(colors - mean).mean(-1) / DOUBT**2
        mean = _mean(colors, weights / (1 + difference))
    return mean, total


def _mean(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("vt,vtc->tc", weights, colors) / weights.sum(0).clip(min=1e-9)[:, None]
