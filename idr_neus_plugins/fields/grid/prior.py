"""How much smoothness a place needs: the less photographs say about the surface there, the more."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from idr_neus_plugins.fields.geometry import Evidence

RESOLUTION = 64
"""Cells of the region along an axis."""
SPREAD = 1.0
"""Cells over which evidence is averaged."""
EXPECTED = 0.5
"""Share of places where photographs agree, at which smoothness weighs 1 ..."""
DOUBT = 0.5
"""... as it does without any evidence: so many places, half of them agreed on, are assumed in every cell."""
EXPONENT = 3.0
BOUNDS = (0.1, 4.0)


class Prior(nn.Module):
    """Weights of smoothness over the region of interest."""

    region: Float[Tensor, "2 3"]
    weights: Float[Tensor, "x y z"]

    def __init__(self, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.register_buffer("region", region.clone(), persistent=False)
        # Not kept with the weights: a resumed training hears the photographs again.
        self.register_buffer("weights", torch.ones((RESOLUTION,) * 3, device=region.device), persistent=False)

    def hear(self, evidence: Evidence) -> None:
        """Weights for the shares of agreement around every cell."""
        cells = (self._within(evidence.places) * RESOLUTION).long().clamp(0, RESOLUTION - 1)
        flat = (cells[:, 0] * RESOLUTION + cells[:, 1]) * RESOLUTION + cells[:, 2]
        asked, agreed = (
            _blurred(torch.bincount(flat, weights, RESOLUTION**3).float()).to(flat.device)
            for weights in (torch.ones_like(flat, dtype=torch.float32), evidence.agreed.float())
        )
        share = (agreed + EXPECTED * DOUBT) / (asked + DOUBT)
        self.weights = ((EXPECTED / share) ** EXPONENT).clamp(*BOUNDS)

    def at(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Trilinear between the middles of cells."""
        places = (2.0 * self._within(positions) - 1.0).flip(-1)[None, None, None]
        return grid_sample(self.weights[None, None], places, padding_mode="border", align_corners=False).view(-1)

    def _within(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """In [0, 1] across the region."""
        return (positions - self.region[0]) / (self.region[1] - self.region[0])


def _blurred(counts: Float[Tensor, " cells"]) -> Float[Tensor, "x y z"]:
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(counts.view((RESOLUTION,) * 3).cpu().numpy(), SPREAD))
