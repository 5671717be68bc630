"""From a sequence of photographs to the path of its camera."""

from __future__ import annotations

from collections.abc import Callable

import torch

from idr_neus_plugins.pose.egomotion.layout import Track
from idr_neus_plugins.pose.egomotion.result import Egomotion
from idr_neus_plugins.pose.egomotion.tracking import TrackingSettings, track
from idr_neus_plugins.pose.estimating import estimate, posed
from idr_neus_plugins.pose.files import Photographs
from idr_neus_plugins.pose.observation import observed
from idr_neus_plugins.pose.shapes import Recognised, known
from idr_neus_plugins.pose.similarity import joined
from idr_neus_plugins.pose.solver import SolverSettings


def estimate_egomotion(
    photographs: Photographs,
    shapes: list[Recognised],
    solver: SolverSettings,
    settings: TrackingSettings,
    tell: Callable[[], None] = lambda: None,
) -> Egomotion:
    """The camera's path past objects of known or predicted ``shapes``, one for each mask of a frame.

    In the first frame every object is found for itself and put onto the ground; from then on all objects stand still.
    ``tell`` is called once for every frame, and for the two refinements. Raises UserError where an object is not
    wholly in a picture.
    """
    ground = photographs.grounds[0]
    ground = ground._replace(height=ground.height or 1.0)
    frames, matrix = photographs.frames, photographs.intrinsics
    first = [
        estimate(shape, frames[0].cut_out(which), matrix, ground, solver, name=_name(photographs, 0, which))
        for which, shape in enumerate(shapes)
    ]
    tell()
    # A predicted shape has other proportions by now.
    shapes = [
        shape if shape.prior is None else known(posed(shape, each).mesh)
        for shape, each in zip(shapes, first, strict=True)
    ]
    tracks = [
        Track(
            shape.grid,
            tuple(observed(frame.cut_out(which), matrix, None, str(frame.image)) for frame in frames),
        )
        for which, shape in enumerate(shapes)
    ]
    poses = joined([each.poses.take(torch.arange(1)) for each in first])
    cameras, layout = track(tracks, poses, settings, tell)
    return Egomotion.of(cameras, layout, shapes, float(poses.scales[0]))


def _name(photographs: Photographs, frame: int, which: int) -> str:
    mask = photographs.frames[frame].masks[which]
    return str(photographs.frames[frame].image if mask is None else mask)
