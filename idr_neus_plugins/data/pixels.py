"""All pixels of a split in one flat 8-bit tensor, and drawing training pixels from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import torch
from jaxtyping import Int, UInt8
from nerfstudio.data.pixel_samplers import PixelSampler, PixelSamplerConfig
from torch import Tensor
from torch.nn.functional import max_pool2d

from idr_neus_plugins.data.dataset import SurfaceDataset

OUTLINE_PX = 4
"""Pixels on either side of a mask's outline: there the mask loss finds the silhouette."""


@dataclass(frozen=True)
class PixelStore:
    """Pixels of all images, row by row, image after image; sizes may differ. A quarter of the memory of floats."""

    colors: UInt8[Tensor, "pixels 3"]
    foreground: UInt8[Tensor, " pixels"] | None
    useful: Int[Tensor, " useful_pixels"] | None
    """Pixels in the dilated foreground."""
    outline: Int[Tensor, " outline_pixels"] | None
    """Pixels close to the outlines of the masks, on either side."""
    sizes: Int[Tensor, "views 2"]
    """(height, width)."""
    starts: Int[Tensor, " views"]
    """First pixel of each view."""

    @classmethod
    def load(cls, dataset: SurfaceDataset, device: torch.device | str = "cpu") -> PixelStore:
        """Decodes all images. Raises UserError for one that cannot be read."""
        views = range(len(dataset))
        with ThreadPoolExecutor() as pool:
            images = [torch.from_numpy(image) for image in pool.map(dataset.get_numpy_image, views)]
            masks = (
                [torch.from_numpy(mask) for mask in pool.map(dataset.get_numpy_foreground, views)]
                if dataset.has_foreground
                else None
            )
        sizes = torch.tensor([image.shape[:2] for image in images])
        areas = sizes.prod(dim=1)
        return cls(
            colors=torch.cat([image.reshape(-1, 3) for image in images]).to(device),
            foreground=torch.cat([mask.reshape(-1) for mask in masks]).to(device) if masks else None,
            useful=_where([dilate(mask) for mask in masks], device) if masks else None,
            outline=_where([outline(mask) for mask in masks], device) if masks else None,
            sizes=sizes.to(device),
            starts=(areas.cumsum(0) - areas).to(device),
        )

    def __len__(self) -> int:
        return len(self.colors)

    def locate(self, pixels: Int[Tensor, " rays"]) -> Int[Tensor, "rays 3"]:
        """Flat pixel numbers -> (view, row, column)."""
        views = torch.searchsorted(self.starts, pixels, right=True) - 1
        within, widths = pixels - self.starts[views], self.sizes[views, 1]
        return torch.stack([views, within // widths, within % widths], dim=1)


def _where(chosen: list[UInt8[Tensor, "_h _w"]], device: torch.device | str) -> Int[Tensor, " chosen_pixels"] | None:
    """Flat numbers of the pixels that are not 0; None where there are none."""
    pixels = torch.cat([each.reshape(-1) for each in chosen]).nonzero()[:, 0]
    return pixels.int().to(device) if len(pixels) else None


def dilate(mask: UInt8[Tensor, "h w"], radius: int = OUTLINE_PX) -> UInt8[Tensor, "h w"]:
    """Largest value within a square of ``2 * radius + 1`` pixels."""
    pooled = mask[None, None].float()
    for kernel in ((2 * radius + 1, 1), (1, 2 * radius + 1)):
        pooled = max_pool2d(pooled, kernel, stride=1, padding=(kernel[0] // 2, kernel[1] // 2))
    return pooled[0, 0].to(torch.uint8)


def outline(mask: UInt8[Tensor, "h w"], radius: int = OUTLINE_PX) -> UInt8[Tensor, "h w"]:
    """255 where a square of ``2 * radius + 1`` pixels holds both foreground and background, else 0."""
    foreground = 255 * (mask > 127).to(torch.uint8)
    return torch.minimum(dilate(foreground, radius), dilate(255 - foreground, radius))


@dataclass
class SurfacePixelSamplerConfig(PixelSamplerConfig):
    """Where training rays go."""

    _target: type = field(default_factory=lambda: SurfacePixelSampler)
    foreground_fraction: float = 0.75
    """Share of rays drawn from the foreground and a few pixels around it, where there are masks; the others are drawn
    from the whole image, so that the mask loss sees all of the background."""
    outline_fraction: float = 0.0
    """Share of rays drawn from close to the outlines of the masks. They hold the silhouette where the colours tell
    nothing, without the mask loss having to be heavy everywhere."""


class SurfacePixelSampler(PixelSampler):
    """Draws (view, row, column) and what was photographed there."""

    config: SurfacePixelSamplerConfig

    def sample(self, image_batch: PixelStore) -> dict[str, Tensor]:
        """A batch: "indices" [rays, 3], "image" [rays, 3] and, with masks, "foreground" [rays, 1], both in [0, 1]."""
        pixels = self._draw(image_batch)
        batch = {"image": image_batch.colors[pixels].float() / 255.0, "indices": image_batch.locate(pixels)}
        if image_batch.foreground is not None:
            batch["foreground"] = image_batch.foreground[pixels, None].float() / 255.0
        return batch

    def _draw(self, store: PixelStore) -> Int[Tensor, " rays"]:
        shares = ((store.useful, self.config.foreground_fraction), (store.outline, self.config.outline_fraction))
        drawn = [
            pixels[torch.randint(len(pixels), (round(self.num_rays_per_batch * share),), device=pixels.device)].long()
            for pixels, share in shares
            if pixels is not None
        ]
        rest = self.num_rays_per_batch - sum(len(pixels) for pixels in drawn)
        return torch.cat([*drawn, torch.randint(len(store), (rest,), device=store.colors.device)])
