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

DILATION_PX = 4
"""Pixels around the foreground that count as useful: there the mask loss finds the silhouette."""


@dataclass(frozen=True)
class PixelStore:
    """Pixels of all images, row by row, image after image; sizes may differ. A quarter of the memory of floats."""

    colors: UInt8[Tensor, "pixels 3"]
    foreground: UInt8[Tensor, " pixels"] | None
    useful: Int[Tensor, " candidates"] | None
    """Pixels in the dilated foreground."""
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
        foreground = torch.cat([mask.reshape(-1) for mask in masks]).to(device) if masks else None
        useful = torch.cat([dilate(mask).reshape(-1) for mask in masks]).nonzero()[:, 0] if masks else None
        return cls(
            colors=torch.cat([image.reshape(-1, 3) for image in images]).to(device),
            foreground=foreground,
            useful=useful.int().to(device) if useful is not None and len(useful) else None,
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


def dilate(mask: UInt8[Tensor, "h w"], radius: int = DILATION_PX) -> UInt8[Tensor, "h w"]:
    """Largest value within a square of ``2 * radius + 1`` pixels."""
    pooled = mask[None, None].float()
    for kernel in ((2 * radius + 1, 1), (1, 2 * radius + 1)):
        pooled = max_pool2d(pooled, kernel, stride=1, padding=(kernel[0] // 2, kernel[1] // 2))
    return pooled[0, 0].to(torch.uint8)


@dataclass
class SurfacePixelSamplerConfig(PixelSamplerConfig):
    """Where training rays go."""

    _target: type = field(default_factory=lambda: SurfacePixelSampler)
    foreground_fraction: float = 0.75
    """Share of rays drawn from the foreground and a few pixels around it, where there are masks; the others are drawn
    from the whole image, so that the mask loss sees all of the background."""


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
        useful, device = store.useful, store.colors.device
        from_useful = 0 if useful is None else round(self.num_rays_per_batch * self.config.foreground_fraction)
        anywhere = torch.randint(len(store), (self.num_rays_per_batch - from_useful,), device=device)
        if useful is None:
            return anywhere
        chosen = useful[torch.randint(len(useful), (from_useful,), device=device)].long()
        return torch.cat([chosen, anywhere])
