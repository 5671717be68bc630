"""Which views are trained on and which are held out. No view is ever both."""

from __future__ import annotations

from collections.abc import Sequence

from idr_neus_plugins.errors import UserError


def split_views(num_views: int, eval_views: Sequence[int], eval_interval: int) -> tuple[list[int], list[int]]:
    """(training views, held-out views): the listed ones are held out or, without a list, 0, k, 2k, ... for interval k.

    Raises UserError where a listed view does not exist or nothing would be left on one side.
    """
    if eval_views:
        unknown = [view for view in eval_views if not 0 <= view < num_views]
        if unknown:
            raise UserError(f"--eval-views names {unknown}, but the scene's views are 0 to {num_views - 1}.")
        held_out = sorted(set(eval_views))
    elif eval_interval < 2:
        raise UserError(f"--eval-interval is {eval_interval}; it must be at least 2, or no view is left to train on.")
    else:
        held_out = list(range(0, num_views, eval_interval))
    training = [view for view in range(num_views) if view not in held_out]
    if not training:
        raise UserError(f"All {num_views} views are held out. Name fewer in --eval-views, or add photographs.")
    return training, held_out
