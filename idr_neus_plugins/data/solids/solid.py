"""What a sample scene has to know of the solid that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Gloss:
    """Highlights (Blinn 1977), and how much of the surroundings the surface mirrors."""

    strength: float
    shininess: float
    mirrored: float = 0.0
    """Share of the surroundings' colour that is seen where one looks along the normal; more at grazing angles."""


@dataclass(frozen=True)
class Solid:
    """An exactly known shape with its paint. Scene units; z is up."""

    sdf: Callable[[Float[Tensor, "points 3"]], Float[Tensor, " points"]]
    """Zero on the surface, negative inside; a lower bound of the distance once divided by ``lipschitz``."""
    paint: Callable[[Float[Tensor, "points 3"]], Float[Tensor, "points 3"]]
    """Diffuse colour in [0, 1]."""
    bound: float
    """Radius of a sphere around the origin that holds it."""
    lipschitz: float
    """No change of ``sdf`` is faster than this."""
    relief: float = float("inf")
    """``sdf`` less this is a lower bound of the distance too: fine relief is steep, but moves the surface by little."""
    gloss: Gloss = Gloss(0.12, 24.0)
    samples: int = 224
    """Along each axis, that its finest detail needs in a mesh."""

    def nearest(self, sdf: Float[Tensor, " points"]) -> Float[Tensor, " points"]:
        """How far away the surface is at least, where ``sdf`` has these values outside of it."""
        return torch.maximum(sdf / self.lipschitz, sdf - self.relief)

    def gradients(self, points: Float[Tensor, "points 3"], step: float = 1e-3) -> Float[Tensor, "points 3"]:
        """Of ``sdf``, by differences over the corners of a tetrahedron."""
        corners = points.new_tensor([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)])
        differences = [corner * self.sdf(points + step * corner)[:, None] for corner in corners]
        return torch.stack(differences).sum(0) / (4.0 * step)
