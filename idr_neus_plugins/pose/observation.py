"""What is known of an object in one photograph: its mask and colours in a square window, and the rays through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.reconstruction.framing import Window, cut_out

SIDE = 96
"""Pixels across the window."""
SHARE = 0.75
"""Longer side of the silhouette in widths of the window."""
CUT_OFF = 2
"""Pixels of the foreground at the image's border from which on the object is taken to be cut off."""


@dataclass(frozen=True)
class Observation:
    """A square picture of the object."""

    mask: Float[Tensor, "side side"]
    """Share of each pixel that is the object."""
    colors: Float[Tensor, "side side 3"]
    """In [0, 1]; black where there is nothing."""
    intrinsics: Float[Tensor, "3 3"]
    """K of the window, its pixels; OpenCV axes."""
    depth: Float[Tensor, "side side"] | None = None
    """Along the optical axis; zero where it is not known."""
    up: Float[Tensor, " 3"] | None = None
    """The object's upright axis in the camera's, where it is known."""

    @property
    def side(self) -> int:
        return len(self.mask)

    @property
    def pixel(self) -> float:
        """Width of a pixel at depth 1."""
        return float(1.0 / self.intrinsics[0, 0])

    @property
    def directions(self) -> Float[Tensor, "rays 3"]:
        """Rays of depth 1 through the pixels' centres, row by row."""
        places = torch.arange(self.side).to(self.mask) + 0.5
        y, x = torch.meshgrid(places, places, indexing="ij")
        pixels = torch.stack([x, y, torch.ones_like(x)], dim=2).view(-1, 3)
        return pixels @ torch.linalg.inv(self.intrinsics).T

    def at(self, side: int) -> Observation:
        """In fewer pixels, each the mean of those it covers; colours and depths of the object's part alone."""
        if side == self.side:
            return self

        def mean(values: Tensor) -> Tensor:
            return functional.interpolate(values[None], (side, side), mode="area")[0]

        mask = mean(self.mask[None])[0]
        colors = mean((self.mask[..., None] * self.colors).movedim(2, 0)).movedim(0, 2) / mask[..., None].clamp(
            min=1e-3
        )
        scale = torch.tensor([side / self.side, side / self.side, 1.0]).to(self.intrinsics)
        depth = None
        if self.depth is not None:
            known = (self.depth > 0).to(self.depth)
            share = mean(known[None])[0]
            # Where a pixel holds the object's edge its mean depth is nowhere.
            depth = torch.where(share > 0.99, mean(self.depth[None])[0], 0.0)
        return Observation(mask, colors, scale[:, None] * self.intrinsics, depth, self.up)

    def to(self, device: torch.device | str) -> Observation:
        return Observation(
            self.mask.to(device),
            self.colors.to(device),
            self.intrinsics.to(device),
            None if self.depth is None else self.depth.to(device),
            None if self.up is None else self.up.to(device),
        )


def observed(
    image: UInt8[np.ndarray, "h w 4"],
    intrinsics: Float[np.ndarray, "3 3"],
    depth: Float[np.ndarray, "h w"] | None = None,
    name: str = "The image",
    up: Float[np.ndarray, " 3"] | None = None,
) -> Observation:
    """The object that the alpha of an image cuts out. ``name`` is for messages.

    Raises UserError where nothing is foreground, and where the object reaches the image's border: of what is cut off no
    silhouette is known.
    """
    window = window_around(image[..., 3], name)
    picture = torch.from_numpy(cut_out(image, window, SIDE) / np.float32(255))
    scale = SIDE / window.side
    to_window = np.array([[scale, 0, -scale * window.left], [0, scale, -scale * window.top], [0, 0, 1.0]])
    matrix = torch.from_numpy(to_window @ intrinsics).float()
    known = None if depth is None else torch.from_numpy(_cut_depth(depth, image[..., 3], window)).float()
    upright = None if up is None else torch.from_numpy(up).float()
    return Observation(picture[..., 3], picture[..., :3] * (picture[..., 3:] > 0), matrix, known, upright)


def window_around(alpha: UInt8[np.ndarray, "h w"], name: str) -> Window:
    """The square window around the foreground; raises as :func:`observed`."""
    inside = alpha > 127
    rows, columns = np.nonzero(inside)
    if not len(rows):
        raise UserError(f"{name} shows no object: its mask is empty.")
    sides = {"upper": inside[0], "lower": inside[-1], "left": inside[:, 0], "right": inside[:, -1]}
    if cut := [side for side, border in sides.items() if border.sum() >= CUT_OFF]:
        raise UserError(
            f"{name} shows the object cut off at the {' and '.join(cut)} border. Its whole silhouette is needed: take "
            "a picture that holds all of it."
        )
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    x, y = (low + high) / 2
    return Window.around(x, y, (high - low).max() / SHARE)


def _cut_depth(depth: np.ndarray, alpha: np.ndarray, window: Window) -> np.ndarray:
    """Depths at the pixels of the window, of the nearest pixels of the image: a mean of two surfaces is none."""
    places = (np.arange(SIDE) + 0.5) * window.side / SIDE
    rows, columns = (np.floor(start + places).astype(int) for start in (window.top, window.left))
    inside = ((rows >= 0) & (rows < len(depth)))[:, None] & ((columns >= 0) & (columns < depth.shape[1]))
    at = np.ix_(rows.clip(0, len(depth) - 1), columns.clip(0, depth.shape[1] - 1))
    return np.where(inside & (alpha[at] > 127) & np.isfinite(depth[at]), depth[at], 0.0)
