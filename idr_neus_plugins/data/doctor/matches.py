"""Points that two pictures have in common, and how well cameras explain them.

Pairs are found by SIFT (Lowe 2004) and kept where one fundamental matrix explains them (RANSAC): no camera is asked.
Cameras are then judged by the distance of matched points from their epipolar lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, UInt8

FEATURES = 1500
RATIO = 0.75
"""Lowe's ratio test."""
MIN_INLIERS = 25
"""Fewer agree by chance."""


@dataclass(frozen=True)
class PairMatches:
    """Matched points of views ``first`` and ``second``, in pixels with centres on half-integers."""

    first: int
    second: int
    in_first: Float[np.ndarray, "points 2"]
    in_second: Float[np.ndarray, "points 2"]


def match_neighbours(
    pictures: Sequence[UInt8[np.ndarray, "_h _w 3"]],
    foreground: Sequence[Bool[np.ndarray, "_h _w"]] | None,
    rotations: Float[np.ndarray, "views 3 3"],
    most: int,
) -> list[PairMatches]:
    """Verified matches of up to ``most`` pairs of views that look in similar directions or follow each other."""
    import cv2

    cv2.setRNGSeed(0)
    # Without precise upscaling all points are off by a quarter of a pixel.
    sift = cv2.SIFT.create(nfeatures=FEATURES, enable_precise_upscale=True)

    @cache
    def features(view: int):
        gray = cv2.cvtColor(pictures[view], cv2.COLOR_RGB2GRAY)
        # SIFT's contrast threshold is absolute: dark photographs would have no points.
        gray = cv2.convertScaleAbs(gray, alpha=250.0 / max(float(np.quantile(gray, 0.995)), 16.0))
        everywhere = np.ones(gray.shape, np.uint8)
        mask = everywhere if foreground is None else cv2.dilate(foreground[view].astype(np.uint8), np.ones((3, 3)))
        return sift.detectAndCompute(gray, mask)

    found = [_match(i, j, features(i), features(j)) for i, j in neighbours(rotations, most)]
    return [pair for pair in found if pair is not None]


def neighbours(rotations: Float[np.ndarray, "views 3 3"], most: int) -> list[tuple[int, int]]:
    """Pairs of views, evenly chosen: each view with the two turned least from it, and with its successor.

    The angle between two orientations stays what it is when axes are flipped or poses inverted, so that wrong
    conventions do not spoil the choice.
    """
    angles = np.arccos(np.clip((np.einsum("aij,bij->ab", rotations, rotations) - 1) / 2, -1, 1))
    np.fill_diagonal(angles, np.inf)
    pairs = set()
    for view, row in enumerate(angles):
        others = [*np.argsort(row)[:2], (view + 1) % len(rotations)]
        pairs |= {(min(view, int(other)), max(view, int(other))) for other in others if other != view}
    ordered = sorted(pairs)
    chosen = np.unique(np.linspace(0, len(ordered) - 1, most).astype(int)) if len(ordered) > most else None
    return ordered if chosen is None else [ordered[i] for i in chosen]


def _match(first: int, second: int, a, b) -> PairMatches | None:
    import cv2

    (keys_a, descriptors_a), (keys_b, descriptors_b) = a, b
    if min(len(keys_a), len(keys_b)) < MIN_INLIERS:
        return None
    candidates = cv2.BFMatcher().knnMatch(descriptors_a, descriptors_b, k=2)
    good = [best for best, second_best in candidates if best.distance < RATIO * second_best.distance]
    if len(good) < MIN_INLIERS:
        return None
    # OpenCV's key points count pixel centres from zero.
    in_first = np.array([keys_a[match.queryIdx].pt for match in good]) + 0.5
    in_second = np.array([keys_b[match.trainIdx].pt for match in good]) + 0.5
    _, inliers = cv2.findFundamentalMat(in_first, in_second, cv2.FM_RANSAC, 1.0, 0.999)
    if inliers is None or inliers.sum() < MIN_INLIERS:
        return None
    kept = inliers[:, 0] > 0
    return PairMatches(first, second, in_first[kept], in_second[kept])


def fundamental(
    intrinsics: Float[np.ndarray, "2 3 3"], camera_to_scene: Float[np.ndarray, "2 4 4"]
) -> Float[np.ndarray, "3 3"]:
    """F with x2^T F x1 = 0 for two cameras (Hartley and Zisserman 2004, 9.2)."""
    second_from_first = np.linalg.inv(camera_to_scene[1]) @ camera_to_scene[0]
    rotation, (x, y, z) = second_from_first[:3, :3], second_from_first[:3, 3]
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.linalg.inv(intrinsics[1]).T @ cross @ rotation @ np.linalg.inv(intrinsics[0])


def epipolar_distances(
    matrix: Float[np.ndarray, "3 3"], in_first: Float[np.ndarray, "points 2"], in_second: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, " points"]:
    """Signed Sampson distances, pixels (Hartley and Zisserman 2004, 11.4.3)."""
    one = np.ones((len(in_first), 1))
    a, b = np.concatenate([in_first, one], 1), np.concatenate([in_second, one], 1)
    lines_b, lines_a = a @ matrix.T, b @ matrix
    gradient = np.sqrt((lines_b[:, :2] ** 2).sum(1) + (lines_a[:, :2] ** 2).sum(1))
    return (b * lines_b).sum(1) / np.maximum(gradient, 1e-12)


def distances_of(
    pairs: Sequence[PairMatches], intrinsics: Float[np.ndarray, "views 3 3"], poses: Float[np.ndarray, "views 4 4"]
) -> list[Float[np.ndarray, " _points"]]:
    """Per pair, the signed distances of its points from the epipolar lines of these cameras, pixels."""
    found = []
    for pair in pairs:
        both = [pair.first, pair.second]
        found.append(epipolar_distances(fundamental(intrinsics[both], poses[both]), pair.in_first, pair.in_second))
    return found
