"""Where a function along rays passes through zero: the first change of sign between samples, then regula falsi.

``distances`` are along the ray; ``values`` are those of the function there, positive in free space and not positive
in the solid (an sdf; for UNISURF the negative logit of the occupancy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Brackets(NamedTuple):
    """One interval per ray: free at its near end, solid at its far end."""

    near: Float[Tensor, " rays"]
    far: Float[Tensor, " rays"]
    near_values: Float[Tensor, " rays"]
    """Positive."""
    far_values: Float[Tensor, " rays"]
    """Not positive."""

    def of(self, rays: Bool[Tensor, " rays"]) -> Brackets:
        """The intervals of some of the rays."""
        return Brackets(*(part[rays] for part in self))


def first_sign_change(
    distances: Float[Tensor, "rays samples"], values: Float[Tensor, "rays samples"]
) -> tuple[Brackets, Bool[Tensor, " rays"]]:
    """The first pair of neighbouring samples on each ray of which only the second is solid.

    A ray that begins in the solid is met where it enters it again, if it does. A value that is not a number is neither
    free nor solid.

    Returns:
        The intervals, and which rays have one; the intervals of the others mean nothing.
    """
    enters = (values[:, :-1] > 0) & (values[:, 1:] <= 0)
    found, first = enters.any(dim=1), enters.byte().argmax(dim=1)[:, None]
    ends = [table.gather(1, at)[:, 0] for table in (distances, values) for at in (first, first + 1)]
    return Brackets(*ends), found


@torch.no_grad()
def regula_falsi(
    function: Callable[[Float[Tensor, " rays"]], Float[Tensor, " rays"]], brackets: Brackets, steps: int = 8
) -> Float[Tensor, " rays"]:
    """Distance of the root in each interval, after ``steps`` evaluations of ``function`` on all rays.

    The secant through both ends replaces one of them, so that the root stays enclosed. Where the same end is replaced
    twice in a row, the value of the other counts half (Illinois method, Dowell and Jarratt 1971): it would never move
    else, and the plain method, IDR's and UNISURF's, creep towards the root.

    Args:
        function: values at one distance on each ray.
    """
    near, far, near_values, far_values = brackets
    before = torch.zeros_like(near_values)
    for _ in range(steps):
        middle = _secant(near, far, near_values, far_values)
        values = function(middle)
        free = values > 0
        side = torch.where(free, 1.0, -1.0).to(values)
        again = side == before
        near_values = torch.where(free, values, torch.where(again, 0.5 * near_values, near_values))
        far_values = torch.where(free, torch.where(again, 0.5 * far_values, far_values), values)
        near, far, before = torch.where(free, middle, near), torch.where(free, far, middle), side
    return _secant(near, far, near_values, far_values)


def _secant(near: Tensor, far: Tensor, near_values: Tensor, far_values: Tensor) -> Float[Tensor, " rays"]:
    share = near_values / (near_values - far_values).clamp(min=torch.finfo(near.dtype).tiny)
    return near + share * (far - near)
