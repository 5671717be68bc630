"""What a check found: evidence, a picture and the command that fixes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Severity = Literal["severe", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a scene."""

    check: str
    """Short name; also the picture's file name."""
    severity: Severity
    """severe: training will fail or give a wrong surface. warning: the surface will be worse than it could be."""
    evidence: str
    """What was measured, in one or two sentences."""
    fix: str
    """The command, or what to do where no command can do it."""
    views: tuple[int, ...] = ()
    """Views that it concerns, counted from 0; empty: all."""
    picture: Callable[[], np.ndarray] | None = None
    """Makes an RGB picture [h, w, 3], 8 bits."""


def name_views(views: tuple[int, ...], shown: int = 8) -> str:
    """ "3, 7 and 12", shortened where there are many."""
    names = [str(view) for view in views[:shown]]
    if len(views) > shown:
        return ", ".join(names) + f" and {len(views) - shown} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
