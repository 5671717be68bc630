"""Torchvision's networks as encoders, from a random start or from published weights in a local file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Annotated, Any, Literal

import torch
import tyro
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.single_view.fields.encoder import EncoderConfig, PyramidEncoder

Architecture = Literal["resnet18", "resnet34", "vgg16"]

RESNET = {"layer1": 64, "layer2": 128, "layer3": 256, "layer4": 512}
STAGES: dict[Architecture, dict[str, int]] = {
    "resnet18": RESNET,
    "resnet34": RESNET,
    "vgg16": {"features.8": 128, "features.15": 256, "features.22": 512, "features.29": 512},
}
"""Torchvision's names of the layers whose output is a stage, and how many channels it has."""
FIRST: dict[Architecture, str] = {"resnet18": "conv1", "resnet34": "conv1", "vgg16": "features.0"}
HEADS = ("fc.", "classifier.")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours that published weights were trained on."""


@dataclass
class TorchvisionEncoderConfig(EncoderConfig):
    """For large sets and images of 128 pixels and more."""

    architecture: Architecture = "resnet18"
    """VGG-16 is DISN's own. The residual ones have a quarter of the image's resolution at first, it has one half."""
    weights: Annotated[Path | None, tyro.conf.arg(name="encoder-weights", prefix_name=False)] = None
    """State dict of torchvision's network of that name (.pth), read once, when the training begins. Without it the
    training starts at random; nothing is ever downloaded."""

    def setup(self) -> TorchvisionEncoder:
        return TorchvisionEncoder(self)


class TorchvisionEncoder(PyramidEncoder):
    def __init__(self, config: TorchvisionEncoderConfig) -> None:
        self.weights = config.weights
        backbone = Backbone(config.architecture, frozen_statistics=config.weights is not None)
        super().__init__(backbone, tuple(STAGES[config.architecture].values()), config.code, config.channels)

    def initialise(self) -> None:
        if self.weights is not None:
            assert isinstance(self.backbone, Backbone)
            self.backbone.load(self.weights)


class Backbone(nn.Module):
    """RGBA images -> one map per stage. Colours are seen over white, the alpha as a fourth channel beside them.

    Published weights keep the batch statistics that they were trained with; a random start has groups instead, as the
    statistics of a batch say nothing about a single image.
    """

    mean: Float[Tensor, "4 1 1"]
    deviation: Float[Tensor, "4 1 1"]

    def __init__(self, architecture: Architecture, frozen_statistics: bool) -> None:
        super().__init__()
        from torchvision.models import get_model
        from torchvision.models.feature_extraction import create_feature_extractor
        from torchvision.ops import FrozenBatchNorm2d

        norm: Any = FrozenBatchNorm2d if frozen_statistics else lambda width: nn.GroupNorm(16, width)
        options = {} if architecture == "vgg16" else {"norm_layer": norm}
        network = get_model(architecture, weights=None, **options)
        _accept_alpha(network, FIRST[architecture])
        whole = {"leaf_modules": [FrozenBatchNorm2d]}
        self.network = create_feature_extractor(network, list(STAGES[architecture]), tracer_kwargs=whole)
        self.architecture: Architecture = architecture
        self.register_buffer("mean", torch.tensor([*MEAN, 0.5]).view(4, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([*DEVIATION, 0.5]).view(4, 1, 1), persistent=False)

    def load(self, path: Path) -> None:
        """Published weights; the alpha says nothing at first. Raises UserError for another file."""
        name, first = self.architecture, f"{FIRST[self.architecture]}.weight"
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = {key: value for key, value in state.items() if not key.startswith(HEADS)}
            state[first] = torch.cat([state[first], torch.zeros_like(state[first][:, :1])], dim=1)
            self.network.load_state_dict(state)
        except (OSError, RuntimeError, AttributeError, KeyError, EOFError, UnpicklingError) as error:
            raise UserError(
                f"{path} cannot be read as weights of {name} ({brief(error)}). A state dict of torchvision's {name} is "
                "expected; leave --encoder-weights out to start at random."
            ) from error

    def forward(self, images: Float[Tensor, "images 4 h w"]) -> list[Tensor]:
        color, alpha = images.split([3, 1], dim=1)
        over_white = torch.cat([color * alpha + 1.0 - alpha, alpha], dim=1)
        return list(self.network((over_white - self.mean) / self.deviation).values())


def _accept_alpha(network: nn.Module, name: str) -> None:
    """Puts a layer for four channels, at random, in the place of the first one."""
    parent, _, last = name.rpartition(".")
    first: Any = network.get_submodule(name)
    wider = nn.Conv2d(
        4, first.out_channels, first.kernel_size, first.stride, first.padding, bias=first.bias is not None
    )
    setattr(network.get_submodule(parent), last, wider)
