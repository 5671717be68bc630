"""The procedural categories by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manifold3d import Manifold

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.shapes.furniture import chair, table
from idr_neus_plugins.single_view.shapes.vehicles import car
from idr_neus_plugins.single_view.shapes.vessels import lamp, mug

CATEGORIES: dict[str, Callable[[np.random.Generator], Manifold]] = {
    "chair": chair,
    "table": table,
    "car": car,
    "mug": mug,
    "lamp": lamp,
}
"""Each draws one object; z is up."""


def category_maker(name: str) -> Callable[[np.random.Generator], Manifold]:
    """Raises UserError for a name that is none of them."""
    if name not in CATEGORIES:
        raise UserError(f"There is no procedural category '{name}'; known are {', '.join(CATEGORIES)}.")
    return CATEGORIES[name]
