"""LPIPS, where its weights are at hand: nothing is ever downloaded.

Zhang, Isola, Efros, Shechtman, Wang: The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018,
equation 1, version 0.1 on AlexNet. The five linear heads come with torchmetrics; AlexNet's own weights are
torchvision's file ``alexnet-owt-7be5be79.pth``, which the user names.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from pickle import UnpicklingError

import torch
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.errors import UserError, brief

ENDS = (2, 5, 8, 10, 12)
"""AlexNet's features after its five activations: where each stage ends."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of colours in [-1, 1], as the metric was trained."""


class Lpips(nn.Module):
    """Perceptual distance of two images; 0 for equal ones."""

    def __init__(self, backbone: dict[str, Tensor]) -> None:
        from torchvision.models import alexnet

        super().__init__()
        network = alexnet(weights=None)
        network.load_state_dict(backbone)
        self.stages = nn.ModuleList(network.features[a:b] for a, b in zip((0, *ENDS), ENDS, strict=False))
        self.heads = _heads()
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, rgb: Float[Tensor, "height width 3"], photo: Float[Tensor, "height width 3"]) -> float:
        """Of two images with colours in [0, 1]."""
        first, second = (_normalised(image) for image in (rgb, photo))
        total = 0.0
        for stage, head in zip(self.stages, self.heads, strict=True):
            first, second = stage(first), stage(second)
            difference = (_unit(first) - _unit(second)).square()
            total += float((difference * head).sum(1).mean())
        return total


def load_lpips(path: Path) -> Lpips:
    """The metric with AlexNet's weights from a file. Raises UserError where it is missing or something else."""
    if not path.is_file():
        raise UserError(
            f"There is no file {path}. --lpips-weights wants torchvision's alexnet-owt-7be5be79.pth; download it once, "
            "or leave the option out: all other scores need nothing."
        )
    try:
        return Lpips(torch.load(path, map_location="cpu", weights_only=True))
    except (RuntimeError, UnpicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"{path} does not hold AlexNet's weights as torchvision names them ({brief(error)})."
        ) from error


def _heads() -> list[Float[Tensor, "1 _channels 1 1"]]:
    path = files("torchmetrics").joinpath("functional/image/lpips_models/alex.pth")
    weights = torch.load(str(path), map_location="cpu", weights_only=True)
    return [weights[f"lin{stage}.model.1.weight"] for stage in range(len(ENDS))]


def _normalised(image: Float[Tensor, "height width 3"]) -> Float[Tensor, "1 3 height width"]:
    centred = 2.0 * image.permute(2, 0, 1)[None] - 1.0
    return (centred - centred.new_tensor(SHIFT)[:, None, None]) / centred.new_tensor(SCALE)[:, None, None]


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
