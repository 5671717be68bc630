"""Encoders: an image as a global code and a map of local features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.single_view.fields.precision import fast_products


class Encoded(NamedTuple):
    code: Float[Tensor, "images code"]
    """What the whole image says."""
    map: Float[Tensor, "images channels h w"]
    """What is seen where, each place informed by its surroundings."""


class Encoder(nn.Module):
    """RGBA images with straight alpha -> :class:`Encoded`."""

    def __init__(self, code: int, channels: int) -> None:
        super().__init__()
        self.code, self.channels = code, channels

    def forward(self, images: Float[Tensor, "images 4 h w"]) -> Encoded:
        raise NotImplementedError

    def initialise(self) -> None:
        """Called once, before the first step of a training."""


@dataclass
class EncoderConfig:
    """Base of the encoders' configurations."""

    code: int = 256
    """Width of the global code."""
    channels: int = 64
    """Of the map of local features."""

    def setup(self) -> Encoder:
        raise NotImplementedError


@dataclass
class SmallResNetConfig(EncoderConfig):
    """A residual network for small images, trained from scratch on a CPU."""

    widths: tuple[int, ...] = (24, 48, 96, 192)
    """Channels of its stages; the first has half the image's resolution, each other one half of that before."""

    def setup(self) -> Encoder:
        return PyramidEncoder(SmallResNet(self.widths), self.widths, self.code, self.channels)


class PyramidEncoder(Encoder):
    """A backbone's stages, its last one pooled to the code, all fused from coarse to fine to the map.

    Fused like a feature pyramid (Lin et al. 2017): every place of the map knows the object it belongs to, which the
    fine stages alone, as DISN concatenates them, do not tell.
    """

    def __init__(self, backbone: nn.Module, widths: tuple[int, ...], code: int, channels: int) -> None:
        super().__init__(code, channels)
        self.backbone = backbone
        self.to_code = nn.Linear(2 * widths[-1], code)
        self.lateral = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, images: Float[Tensor, "images 4 h w"]) -> Encoded:
        with fast_products(self, images.device):
            code, fused = self._read(images)
        return Encoded(code.float(), fused.float())

    def _read(self, images: Float[Tensor, "images 4 h w"]) -> tuple[Tensor, Tensor]:
        stages = self.backbone(images)
        last = stages[-1].flatten(2)
        # The mean tells what there is, the maximum whether there is any of it, however small.
        code = self.to_code(functional.relu(torch.cat([last.mean(2), last.amax(2)], dim=1)))
        fused = self.lateral[-1](stages[-1])
        for stage, lateral in zip(stages[-2::-1], list(self.lateral)[-2::-1], strict=True):
            fused = lateral(stage) + functional.interpolate(fused, size=stage.shape[2:], mode="nearest")
        return code, self.smooth(functional.relu(fused))


class SmallResNet(nn.Module):
    """Images -> one map per stage. Group normalisation: batch statistics fail for a single image."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4, widths[0], 5, stride=2, padding=2)
        before = (widths[0], *widths[:-1])
        strides = (1, *(2,) * (len(widths) - 1))
        self.stages = nn.ModuleList(ResidualBlock(*each) for each in zip(before, widths, strides, strict=True))

    def forward(self, images: Float[Tensor, "images 4 h w"]) -> list[Tensor]:
        values, maps = self.stem(images - 0.5), []
        for stage in self.stages:
            values = stage(values)
            maps.append(values)
        return maps


class ResidualBlock(nn.Module):
    """Two convolutions beside a short cut, normalised before (He et al. 2016)."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first_norm, self.first = nn.GroupNorm(8, before), nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.second_norm, self.second = nn.GroupNorm(8, width), nn.Conv2d(width, width, 3, 1, 1)
        same = stride == 1 and before == width
        self.short_cut = nn.Identity() if same else nn.Conv2d(before, width, 1, stride, bias=False)

    def forward(self, values: Float[Tensor, "images before h w"]) -> Float[Tensor, "images width h2 w2"]:
        inner = self.first(functional.relu(self.first_norm(values)))
        return self.short_cut(values) + self.second(functional.relu(self.second_norm(inner)))
