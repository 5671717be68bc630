"""What every trainable part of a model (geometry, radiance, law, background, sampler) may offer to it.

All hooks have a default that does nothing, so a part overrides only what it needs.
"""

from __future__ import annotations

from torch import Tensor, nn

from idr_neus_plugins.core.views import Views


class ModelComponent(nn.Module):
    """Base of a model's parts."""

    group: str = "fields"
    """Name of the optimiser in the method's configuration that trains this part."""

    def set_progress(self, progress: float) -> None:
        """Sets every schedule of the part; called before each step and after loading. 0 is the start, 1 the end."""

    def initialise(self, views: Views) -> None:
        """Called once before the first step of a fresh run (not on resume): a start taken from the photographs."""

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters per optimiser; several names where parts of a part learn at different rates."""
        return {self.group: list(self.parameters())}

    def regularisers(self) -> dict[str, Tensor]:
        """Losses on the part itself, weighted already, added to those of the method at each training step."""
        return {}
