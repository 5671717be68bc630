"""The least time that a training step over voxels could take on this machine: a roofline (Williams et al. 2009).

Counted are the operations of the formulas and the bytes that have to cross the memory bus once a step, as if all that
is passed from one stage to the next stayed in caches. The machine's rates are measured: a large product of matrices for
operations, a copy for bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from idr_neus_plugins.benchmarks.step_stages import replaced
from idr_neus_plugins.fields.grid.geometry import GridGeometry
from idr_neus_plugins.fields.grid.radiance import GridRadiance

FLOAT = 4
"""Bytes."""
SPLINE_NODES, SPLINE_OUTPUTS = 27, 4
"""A quadratic B-spline's value and gradient."""
CORNERS = 8
"""Of a trilinear look-up."""
ADAM_OPERATIONS, ADAM_ARRAYS = 12, 4
"""For each value; value, gradient and two moments are read and written."""
LAPLACIAN = 2 * 8
"""Operations of the smoothness term for a node: there and back."""


class Work(NamedTuple):
    operations: float
    bytes: float

    def seconds(self, rates: Work) -> float:
        """On a machine that does so many operations and moves so many bytes in a second."""
        return max(self.operations / rates.operations, self.bytes / rates.bytes)


class Counts(NamedTuple):
    """What a step visits, on average."""

    intervals: float
    colored: float
    """Intervals whose colour is asked."""
    feature_nodes: float
    """Nodes of the features' grid that they touch."""
    band: float
    """Nodes of the geometry that training concerns."""


def has_floor(model: Any) -> bool:
    """Whether the counts below describe a model."""
    return isinstance(model.geometry, GridGeometry) and isinstance(model.radiance, GridRadiance)


def counts_of_steps(trainer: Any, train: Callable[[], None], steps: int) -> Counts:
    """Counts while ``train`` makes some steps."""
    model, seen = trainer.pipeline.model, {"intervals": 0, "colored": 0, "nodes": 0}
    features = model.radiance.features.values

    def counting(name: str, function: Callable, size: Callable[[Any, Any], int]) -> Callable:
        def counted(*arguments: Any) -> Any:
            result = function(*arguments)
            seen[name] += size(arguments, result)
            return result

        return counted

    nodes = features.nodes  # of a step before: reads have made it
    with (
        replaced(model.geometry, "forward", lambda own: counting("intervals", own, lambda given, _: len(given[0]))),
        replaced(model.radiance, "forward", lambda own: counting("colored", own, lambda given, _: len(given[0]))),
        replaced(nodes, "take", lambda own: counting("nodes", own, lambda _, lists: sum(map(len, lists)))),
    ):
        train()
    band = float(len(model.geometry.control.values.nodes.nodes))
    return Counts(seen["intervals"] / steps, seen["colored"] / steps, seen["nodes"] / steps, band)


def work_of_step(model: Any, counts: Counts) -> dict[str, Work]:
    """Forward and backward, by stage."""
    channels, every = model.radiance.config.channels, model.geometry.config.smoothness_every
    weights = sum(part.numel() for part in model.radiance.network.parameters())
    features, spline = counts.feature_nodes * channels, SPLINE_NODES * SPLINE_OUTPUTS
    return {
        # A product there, two back; a multiplication and an addition each. Nodes are read, gradients added to.
        "geometry": Work(2 * 2 * spline * counts.intervals, 3 * FLOAT * counts.band),
        "features": Work(2 * 2 * CORNERS * channels * counts.colored, 3 * FLOAT * features),
        "colour network": Work(3 * 2 * weights * counts.colored, 0.0),
        # All nodes of the band have a gradient when smoothness has been asked for. Else the optimiser reads all of the
        # gradient to find the few that have.
        "optimiser, grid": Work(
            ADAM_OPERATIONS * counts.band / every,
            (2 * ADAM_ARRAYS / every + 1 - 1 / every) * FLOAT * counts.band,
        ),
        "optimiser, features": _adam(features),
        # The Laplacian is written and read again.
        "smoothness": Work(LAPLACIAN * counts.band / every, 4 * FLOAT * counts.band / every),
    }


def _adam(values: float) -> Work:
    return Work(ADAM_OPERATIONS * values, 2 * ADAM_ARRAYS * FLOAT * values)


def machine_rates(size: int = 2048, repeats: int = 5) -> Work:
    """Operations a second, in float32, and bytes a second, read and written, of the device that trains; the best of
    some tries."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    square, flat = torch.rand(size, size, device=device), torch.rand(16 * size * size, device=device)
    product, copy = torch.empty_like(square), torch.empty_like(flat)
    products = _fastest(lambda: torch.mm(square, square, out=product), repeats)
    copies = _fastest(lambda: copy.copy_(flat), repeats)
    return Work(2 * size**3 / products, 2 * FLOAT * flat.numel() / copies)


def _fastest(run: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):  # the first one warms up
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times[1:])
