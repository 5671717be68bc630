"""Pictures for findings. All are RGB, 8 bits; coordinates are of the reduced pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8

RED, GREEN, YELLOW = (230, 40, 40), (40, 200, 80), (250, 210, 40)
GAP = 8


def side_by_side(pictures: Sequence[UInt8[np.ndarray, "_h _w 3"]], height: int = 360) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures of one height on white, from left to right."""
    import cv2

    resized = [cv2.resize(p, (max(1, round(p.shape[1] * height / p.shape[0])), height)) for p in pictures]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    parts = [part for picture in resized for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)


def outlined(
    picture: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"], color: tuple[int, int, int] = RED
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with the background darkened and the border of the foreground drawn."""
    import cv2

    shown = np.where(mask[..., None], picture, picture // 3).astype(np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(shown, contours, -1, color, 2)


def with_region(
    picture: UInt8[np.ndarray, "h w 3"], intrinsics: Float[np.ndarray, "3 3"], camera_to_scene: Float[np.ndarray, "4 4"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with three great circles of the unit sphere."""
    import cv2

    angle = np.linspace(0, 2 * np.pi, 181)
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], 1)
    shown = picture.copy()
    for turn in range(3):
        in_camera = (np.roll(circle, turn, axis=1) - camera_to_scene[:3, 3]) @ camera_to_scene[:3, :3]
        seen = in_camera @ intrinsics.T
        if (seen[:, 2] > 1e-3).all():
            pixels = np.clip(seen[:, :2] / seen[:, 2:], -1e4, 1e4).round().astype(np.int32)
            cv2.polylines(shown, [pixels[:, None]], isClosed=True, color=YELLOW, thickness=2)
    return shown


def with_lines(
    picture: UInt8[np.ndarray, "h w 3"], lines: Float[np.ndarray, "points 3"], points: Float[np.ndarray, "points 2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with lines a x + b y + c = 0 (red) and the points that should lie on them (green)."""
    import cv2

    shown, width = picture.copy(), picture.shape[1]
    for (a, b, c), (x, y) in zip(lines, points, strict=True):
        if abs(b) > 1e-9:
            heights = [round(float(np.clip(-(a * column + c) / b, -1e5, 1e5))) for column in (0, width)]
            cv2.line(shown, (0, heights[0]), (width, heights[1]), RED, 1, cv2.LINE_AA)
        cv2.circle(shown, (round(float(x)), round(float(y))), 4, GREEN, -1)
    return shown


def seen_from_above(
    camera_to_scene: Float[np.ndarray, "views 4 4"], marked: Sequence[int], size: int = 480
) -> UInt8[np.ndarray, "h w 3"]:
    """Cameras (marked ones red) and the region of interest, in the plane in which the cameras spread most."""
    import cv2

    centres, forward = camera_to_scene[:, :3, 3], camera_to_scene[:, :3, 2]
    _, _, axes = np.linalg.svd(np.concatenate([centres, -centres]), full_matrices=False)
    reach = 1.25 * max(float(np.abs(centres @ axes[:2].T).max()), 1.0)

    def place(points: np.ndarray) -> np.ndarray:
        return ((points @ axes[:2].T / reach + 1) * size / 2).round().astype(int)

    shown = np.full((size, size, 3), 255, np.uint8)
    cv2.circle(shown, (size // 2, size // 2), max(2, round(size / 2 / reach)), YELLOW, -1)
    for view, (start, end) in enumerate(zip(place(centres), place(centres + 0.12 * reach * forward), strict=True)):
        color = RED if view in marked else (60, 90, 160)
        cv2.line(shown, tuple(start.tolist()), tuple(end.tolist()), color, 2, cv2.LINE_AA)
        cv2.circle(shown, tuple(start.tolist()), 5, color, -1, cv2.LINE_AA)
    return shown
