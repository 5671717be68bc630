"""Radiance fields: colour from position, normal, viewing direction and the geometry's feature."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding
from idr_neus_plugins.fields.geometry import GeometryField


class RadianceField(ModelComponent):
    """M(x, n, v, z)."""

    group = "radiance"

    def forward(
        self,
        positions: Float[Tensor, "points 3"],
        normals: Float[Tensor, "points 3"],
        directions: Float[Tensor, "points 3"],
        features: Float[Tensor, "points features"] | None,
    ) -> Float[Tensor, "points 3"]:
        """Colours in [0, 1], or a little beyond where a field says so: photographs end at white, light does not.

        Args:
            positions: scene units.
            normals: unit vectors, outward.
            directions: unit vectors from the camera into the scene.
            features: what the geometry offers; fields that have their own ignore them.
        """
        raise NotImplementedError


@dataclass
class RadianceConfig:
    """Base of the radiance fields' configurations."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> RadianceField:
        """Builds the field that goes with a geometry."""
        raise NotImplementedError


@dataclass
class RadianceMLPConfig(RadianceConfig):
    """The released settings of NeuS."""

    layers: int = 4
    """Hidden layers."""
    width: int = 256
    """Channels of a hidden layer."""
    octaves: int = 4
    """Octaves of the encoding of viewing directions."""
    use_normal: bool = True
    """M is told the surface normal n."""
    use_view: bool = True
    """M is told the viewing direction v; without it colour cannot depend on the view."""
    use_feature: bool = True
    """M is told the geometry's feature z."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> RadianceMLP:
        return RadianceMLP(self, geometry.num_features)


class RadianceMLP(RadianceField):
    """ReLU layers with weight norm and a sigmoid, fed with x, the encoded v, n and z (NeuS), or some of them (IDR)."""

    def __init__(self, config: RadianceMLPConfig, num_features: int) -> None:
        super().__init__()
        self.config, self.num_features = config, num_features
        optional = (
            (encoding_width(3, config.octaves), config.use_view),
            (3, config.use_normal),
            (num_features, config.use_feature),
        )
        widths = [3 + sum(width for width, used in optional if used)] + [config.width] * config.layers
        stack: list[nn.Module] = []
        for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
            stack += [weight_norm(nn.Linear(inputs, outputs)), nn.ReLU()]
        self.network = nn.Sequential(*stack, weight_norm(nn.Linear(widths[-1], 3)), nn.Sigmoid())

    def forward(
        self,
        positions: Float[Tensor, "points 3"],
        normals: Float[Tensor, "points 3"],
        directions: Float[Tensor, "points 3"],
        features: Float[Tensor, "points features"] | None,
    ) -> Float[Tensor, "points 3"]:
        inputs = [positions]
        if self.config.use_view:
            inputs.append(positional_encoding(directions, self.config.octaves))
        if self.config.use_normal:
            inputs.append(normals)
        if self.config.use_feature and features is not None:
            inputs.append(features)
        return self.network(torch.cat(inputs, dim=1))
