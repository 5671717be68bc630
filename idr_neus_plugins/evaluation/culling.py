"""Cutting a mesh by the photographs' masks before it is scored; the variants that papers used are in ``protocols``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import trimesh
from jaxtyping import Bool, Float

from idr_neus_plugins.evaluation.protocols import REFERENCE_WIDTH, Cull


def cull_by_masks(
    mesh: trimesh.Trimesh,
    projections: Float[np.ndarray, "views 3 4"],
    masks: Iterable[Bool[np.ndarray, "height width"]],
    cull: Cull,
) -> trimesh.Trimesh:
    """The faces all of whose vertices fall into the grown mask of every photograph that sees them.

    A vertex outside a photograph, or behind its camera, is not cut by it. ``projections`` take world points to pixels
    with their centres on integers. The result may be empty.
    """
    kept = np.ones(len(mesh.vertices), np.bool_)
    for projection, mask in zip(projections, masks, strict=True):
        kept &= _allowed(np.asarray(mesh.vertices), projection, grow(mask, cull))
    faces = mesh.faces[kept[mesh.faces].all(1)]
    used, renumbered = np.unique(faces, return_inverse=True)
    return trimesh.Trimesh(mesh.vertices[used], renumbered.reshape(-1, 3), process=False)


def grow(mask: Bool[np.ndarray, "height width"], cull: Cull) -> Bool[np.ndarray, "height width"]:
    """The mask dilated by a disk or a square; exact, by a distance transform."""
    from scipy.ndimage import distance_transform_cdt, distance_transform_edt

    if not mask.any():
        return mask
    radius = cull.radius * mask.shape[1] / REFERENCE_WIDTH
    distance = distance_transform_cdt(~mask, "chessboard") if cull.square else distance_transform_edt(~mask)
    return np.asarray(distance) <= radius


def _allowed(points: np.ndarray, projection: np.ndarray, mask: np.ndarray) -> Bool[np.ndarray, " n"]:
    image = points @ projection[:, :3].T + projection[:, 3]
    in_front = image[:, 2] > 0
    pixels = np.zeros((len(points), 2), np.int64)
    pixels[in_front] = np.around(image[in_front, :2] / image[in_front, 2:]).clip(-1, 1 << 20)
    column, row = pixels.T
    height, width = mask.shape
    inside = in_front & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    allowed = np.ones(len(points), np.bool_)
    allowed[inside] = mask[row[inside], column[inside]]
    return allowed
