"""Checks of masks: polarity, coverage, and whether they are the silhouettes of one object."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.doctor.pictures import outlined, side_by_side
from idr_neus_plugins.data.masks import masks_are_useful
from idr_neus_plugins.errors import UserError

LEAST_FOREGROUND, MOST_FOREGROUND = 0.002, 0.98
LEAST_AGREEMENT = 0.9
"""Of a view's foreground rays, so many must meet the foreground of the other views."""
RAYS, SAMPLES, OTHERS = 64, 48, 8


def check_polarity(scene: Examination) -> list[Finding]:
    """Masks that are inverted, empty throughout, or say nothing at all."""
    if scene.foreground is None:
        return []
    try:
        useful = masks_are_useful(scene.scene, scene.world_from_scene)
    except UserError as error:
        option = "--invert-masks" if "inverted" in str(error) else "--drop-masks"
        return [Finding("mask-polarity", "severe", str(error), scene.convert(option), picture=_sample(scene))]
    if useful:
        return []
    evidence = "The masks are all foreground; they say nothing and training leaves them out."
    return [Finding("mask-empty", "warning", evidence, scene.convert("--drop-masks"), picture=_sample(scene))]


def check_coverage(scene: Examination) -> list[Finding]:
    """Single views whose mask is empty or full, while the others' are not."""
    if scene.foreground is None:
        return []
    shares = np.array([mask.mean() for mask in scene.foreground])
    empty, full = shares < LEAST_FOREGROUND, shares > MOST_FOREGROUND
    if 2 * full.sum() > len(shares):  # they say where photographs are valid, or nothing
        full = np.zeros_like(full)
    odd = tuple(np.flatnonzero(empty | full).tolist())
    if not odd or empty.all():
        return []
    evidence = (
        f"The mask of view {scene.names(odd)} holds {100 * shares[odd[0]]:.1f} % of the picture; the median is "
        f"{100 * np.median(shares):.0f} %."
    )
    fix = scene.drop(odd)
    return [Finding("mask-coverage", "severe", evidence, fix, odd, _sample(scene, odd[0]))]


def check_alignment(scene: Examination) -> list[Finding]:
    """Views whose silhouette the other views contradict: a shifted, swapped or wrong mask, or a wrong camera.

    A ray of the foreground meets the object, so somewhere within the region it must be foreground in every other view
    too (the epipolar constraint of silhouettes; Hernandez, Schmitt and Cipolla 2007).
    """
    if scene.foreground is None or len(scene) < 3 or check_polarity(scene):
        return []
    agreement = silhouette_agreement(scene)
    scores = np.nanmedian(np.minimum(agreement, agreement.T), axis=1)
    wrong = tuple(np.flatnonzero(scores < LEAST_AGREEMENT).tolist())
    if not wrong:
        return []
    worst = int(np.nanargmin(scores))
    evidence = (
        f"{100 * (1 - scores[worst]):.0f} % of the foreground of view {scene.names([worst])} is contradicted by the "
        f"masks of other views; so is that of {len(wrong)} of {len(scene)} views ({scene.names(wrong)})."
    )
    if 2 * len(wrong) > len(scene):
        fix = "Masks and cameras do not belong together: make the masks again, or estimate the cameras again."
    else:
        fix = scene.drop(wrong)
    return [Finding("mask-alignment", "severe", evidence, fix, wrong, _sample(scene, worst))]


def silhouette_agreement(scene: Examination) -> Float[np.ndarray, "views views"]:
    """[i, j]: share of view i's foreground rays that meet the foreground of view j within the unit sphere.

    Each view is held against up to eight others, evenly spread; NaN elsewhere and where view j sees too little.
    """
    count = len(scene)
    agreement = np.full((count, count), np.nan)
    steps = np.unique(np.linspace(1, count // 2, OTHERS // 2).astype(int))
    wide = [_widened(mask) for mask in scene.foreground or []]
    for view in range(count):
        points = _foreground_samples(scene, view)
        for other in {(view + sign * int(step)) % count for step in steps for sign in (1, -1)} - {view}:
            if len(points):
                agreement[view, other] = _share_met(scene, points, other, wide[other])
    return agreement


def _foreground_samples(scene: Examination, view: int) -> Float[np.ndarray, "rays samples 3"]:
    """Points within the unit sphere on rays through evenly chosen foreground pixels."""
    assert scene.foreground is not None
    rows, columns = np.nonzero(scene.foreground[view])
    chosen = np.random.default_rng(view).permutation(len(rows))[:RAYS]
    pixels = np.stack([columns[chosen] + 0.5, rows[chosen] + 0.5, np.ones(len(chosen))], 1)
    pose = scene.camera_to_scene[view]
    directions = pixels @ np.linalg.inv(scene.intrinsics[view]).T @ pose[:3, :3].T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    closest = -(directions @ pose[:3, 3])
    inside = 1.0 - (pose[:3, 3] @ pose[:3, 3] - closest**2)
    directions, closest, half = directions[inside > 0], closest[inside > 0], np.sqrt(inside[inside > 0])
    depths = closest[:, None] + half[:, None] * np.linspace(-1, 1, SAMPLES)
    return pose[:3, 3] + depths[..., None] * directions[:, None]


def _share_met(
    scene: Examination, points: Float[np.ndarray, "rays samples 3"], other: int, wide: Bool[np.ndarray, "h w"]
) -> float:
    """Rays that leave the other picture somewhere say nothing: the object may be there."""
    pose, (height, width) = scene.camera_to_scene[other], scene.sizes[other]
    seen = (points - pose[:3, 3]) @ pose[:3, :3] @ scene.intrinsics[other].T
    pixels = np.floor(seen[..., :2] / np.maximum(seen[..., 2:], 1e-6)).astype(int)
    visible = ((pixels >= 0) & (pixels < [width, height])).all(-1) & (seen[..., 2] > 0)
    whole = visible.all(1)
    if whole.sum() < RAYS // 4:
        return float("nan")
    pixels = pixels[whole]
    return float(wide[pixels[..., 1], pixels[..., 0]].any(1).mean())


def _widened(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Foreground and what is next to it, so that sampling along rays does not miss thin parts."""
    import cv2

    across = max(3, round(max(mask.shape) / 100)) | 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((across, across))) > 0


def _sample(scene: Examination, view: int = 0):
    def picture() -> np.ndarray:
        assert scene.foreground is not None
        others = [v for v in (view, (view + 1) % len(scene)) if scene.sizes[v] == scene.sizes[view]]
        return side_by_side([outlined(scene.pictures[v], scene.foreground[v]) for v in others])

    return picture
