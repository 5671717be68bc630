"""Volume rendering of a surface: sections and fields in, pixels out. The same for every geometry, law and sampler."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.compositing import accumulate, render_weights
from idr_neus_plugins.core.sections import RaySections
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.radiance import RadianceField
from idr_neus_plugins.renderers.law import OpacityLaw


@dataclass(frozen=True)
class RenderedRays:
    rgb: Float[Tensor, "rays 3"]
    """Colour of what was met, not of what is behind: multiplied by ``accumulation`` already."""
    accumulation: Float[Tensor, "rays 1"]
    """Opacity of the ray."""
    depth: Float[Tensor, "rays 1"]
    """Mean distance along the unit ray, scene units; 0 where nothing was met."""
    normals: Float[Tensor, "rays 3"]
    """Weighted sum of unit normals; short where little was met."""
    gradients: Float[Tensor, "sections 3"]
    """Of the sdf at every section's midpoint, for the losses on the field."""

    def over(self, background: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        """Colour with what is behind showing through the left transmittance."""
        return self.rgb + (1.0 - self.accumulation) * background


def render_volume(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    sections: RaySections,
    geometry: GeometryField,
    radiance: RadianceField,
    law: OpacityLaw,
    weight_threshold: float = 0.0,
) -> RenderedRays:
    """Renders rays with unit ``directions``, asking the fields at the midpoints of sections.

    Args:
        weight_threshold: colour is asked only of sections that weigh more in their pixel; 0 asks all of them.
    """
    positions = sections.positions(origins, directions)
    views = directions[sections.ray_indices]
    output = geometry(positions)
    normals = functional.normalize(output.gradients, dim=-1)
    weights = render_weights(law(output, views, sections.deltas), sections.offsets)

    def gather(values: Tensor | None) -> Tensor:
        return accumulate(weights, values, sections.ray_indices, sections.num_rays)

    accumulation = gather(None)
    return RenderedRays(
        rgb=gather(_colors(positions, normals, views, output, radiance, weights, weight_threshold)),
        accumulation=accumulation,
        depth=gather(sections.midpoints[:, None]) / accumulation.clamp(min=1e-6),
        normals=gather(normals),
        gradients=output.gradients,
    )


def _colors(
    positions: Tensor,
    normals: Tensor,
    views: Tensor,
    output: GeometryOutput,
    radiance: RadianceField,
    weights: Tensor,
    threshold: float,
) -> Float[Tensor, "sections 3"]:
    """Colours of the sections that count, black for the others."""
    if threshold == 0.0:
        return radiance(positions, normals, views, output.features)
    seen = (weights > threshold).nonzero().squeeze(1)
    features = None if output.features is None else output.features[seen]
    colors = radiance(positions[seen], normals[seen], views[seen], features)
    return torch.zeros_like(positions).index_put((seen,), colors.to(positions.dtype))
