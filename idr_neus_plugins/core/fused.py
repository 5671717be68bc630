"""The small steps of volume rendering through the Numba kernels: CPU, float32.

Each stands for the plain PyTorch beside which it is chosen (:mod:`~idr_neus_plugins.core.engine`), and is tested
against it. Between the geometry and the losses a training step holds some 30,000 intervals; PyTorch walks them in
dozens of passes, forward and backward, each of which costs more in overhead and memory than in arithmetic.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.core import fused_kernels
from idr_neus_plugins.core.numba_setup import as_array

kernels: Any = fused_kernels  # compiled functions, of whose arguments a type checker knows nothing
_ALL = np.empty(0, np.int64)
"""As a list of intervals: all of them."""


def positions(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    ray_indices: Int[Tensor, " intervals"],
    starts: Float[Tensor, " intervals"],
    ends: Float[Tensor, " intervals"],
) -> Float[Tensor, "intervals 3"]:
    """See ``ray_intervals.RayIntervals.positions``; without gradients."""
    out = np.empty((len(starts), 3), np.float32)
    kernels.positions(*(as_array(part) for part in (origins, directions, ray_indices, starts, ends)), out)
    return torch.from_numpy(out)


def spherical_harmonics(directions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 16"]:
    """See ``spherical_harmonics.spherical_harmonics``; without gradients."""
    out = np.empty((len(directions), 16), np.float32)
    kernels.spherical_harmonics(as_array(directions), out)
    return torch.from_numpy(out)


def neus_opacity(
    sdf: Float[Tensor, " intervals"],
    gradients: Float[Tensor, "intervals 3"],
    directions: Float[Tensor, "intervals 3"],
    deltas: Float[Tensor, " intervals"],
    inv_s: Float[Tensor, ""],
    anneal: float,
    epsilon: float,
) -> Float[Tensor, " intervals"]:
    """See ``opacity.neus_opacity``; no gradient reaches the lengths of intervals."""
    return _NeusOpacity.apply(sdf, gradients, directions, inv_s, deltas, anneal, epsilon)


def render_weights(
    alpha: Float[Tensor, " intervals"], offsets: Int[Tensor, " rays_plus_one"], epsilon: float
) -> Float[Tensor, " intervals"]:
    """See ``compositing.render_weights``."""
    return _RenderWeights.apply(alpha, offsets, epsilon)


def accumulate(
    weights: Float[Tensor, " intervals"],
    values: Float[Tensor, "some channels"] | None,
    ray_indices: Int[Tensor, " intervals"],
    num_rays: int,
    of: Int[Tensor, " some"] | None,
) -> Float[Tensor, "rays channels_or_one"]:
    """See ``compositing.accumulate``."""
    values = weights.new_ones(len(weights if of is None else of), 1) if values is None else values
    return _Accumulate.apply(weights, values, ray_indices, num_rays, of)


def unit(
    vectors: Float[Tensor, "all 3"], of: Int[Tensor, " some"] | None, least: float
) -> Float[Tensor, "some_or_all 3"]:
    """See ``compositing.unit``."""
    return _Unit.apply(vectors, of, least)


def eikonal(gradients: Float[Tensor, "points 3"]) -> Float[Tensor, ""]:
    """See ``losses.eikonal``."""
    return _Eikonal.apply(gradients)


@torch.enable_grad()
def warm_up() -> None:
    """Compiles every kernel, or loads it from the disk cache: a time budget must not pay for that step by step."""
    vectors = torch.eye(2, 3, requires_grad=True)
    rays, ends, inv_s = torch.tensor([0, 0]), torch.ones(2), torch.ones(())
    plain = vectors.detach()
    positions(plain, plain, rays, ends, ends)
    spherical_harmonics(plain)
    alpha = neus_opacity(vectors[:, 0], vectors, plain, ends, inv_s, 1.0, 1e-5)
    weights = render_weights(alpha, torch.tensor([0, 2]), 1e-7)
    pixel = accumulate(weights, unit(vectors, rays[:1], 1e-12), rays, 1, rays[:1])
    (pixel.sum() + eikonal(vectors)).backward()


class _NeusOpacity(torch.autograd.Function):
    @staticmethod
    def forward(ctx, sdf, gradients, directions, inv_s, deltas, anneal, epsilon):  # type: ignore[override]
        arrays = (as_array(part) for part in (sdf, gradients, directions, deltas))
        ctx.given = (*arrays, *(np.float32(float(scalar)) for scalar in (inv_s, anneal, epsilon)))
        alpha = np.empty(len(sdf), np.float32)
        kernels.neus_alpha(*ctx.given, alpha)
        return torch.from_numpy(alpha)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        sdf, gradients, directions = ctx.given[:3]
        by_sdf, by_gradients, by_directions = (np.empty_like(part) for part in (sdf, gradients, directions))
        by_inv_s = kernels.neus_alpha_backward(*ctx.given, as_array(grad), by_sdf, by_gradients, by_directions)
        arrays = (torch.from_numpy(part) for part in (by_sdf, by_gradients, by_directions))
        return *arrays, grad.new_tensor(by_inv_s), None, None, None


class _RenderWeights(torch.autograd.Function):
    @staticmethod
    def forward(ctx, alpha: Tensor, offsets: Tensor, epsilon: float):  # type: ignore[override]
        ctx.given = (as_array(alpha), as_array(offsets), np.float32(epsilon))
        weights = np.empty(len(alpha), np.float32)
        kernels.render_weights(*ctx.given, weights)
        return torch.from_numpy(weights)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        by_alpha = np.empty_like(ctx.given[0])
        kernels.render_weights_backward(*ctx.given, as_array(grad), by_alpha)
        return torch.from_numpy(by_alpha), None, None


class _Accumulate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weights: Tensor, values: Tensor, ray_indices: Tensor, num_rays: int, of: Tensor | None):  # type: ignore[override]
        ctx.given = (as_array(weights), as_array(values), as_array(ray_indices), _listed(of))
        out = np.zeros((num_rays, values.shape[1]), np.float32)
        kernels.accumulate(*ctx.given, numba.get_num_threads(), out)
        return torch.from_numpy(out)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        by_weights, by_values = np.zeros_like(ctx.given[0]), np.empty_like(ctx.given[1])
        kernels.accumulate_backward(*ctx.given, as_array(grad), by_weights, by_values)
        return torch.from_numpy(by_weights), torch.from_numpy(by_values), None, None, None


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, vectors: Tensor, of: Tensor | None, least: float):  # type: ignore[override]
        ctx.given = (as_array(vectors), _listed(of), np.float32(least))
        out = np.empty((len(vectors) if of is None else len(of), 3), np.float32)
        kernels.unit(*ctx.given, out)
        return torch.from_numpy(out)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        by_vectors = np.zeros_like(ctx.given[0])
        kernels.unit_backward(*ctx.given, as_array(grad), by_vectors)
        return torch.from_numpy(by_vectors), None, None


class _Eikonal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gradients: Tensor):  # type: ignore[override]
        ctx.slopes = np.empty((len(gradients), 3), np.float32)
        ctx.count = max(len(gradients), 1)
        return gradients.new_tensor(kernels.eikonal(as_array(gradients), ctx.slopes) / ctx.count)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        return torch.from_numpy(ctx.slopes) * (grad / ctx.count)


def _listed(of: Tensor | None) -> np.ndarray:
    """The kernels take an empty list for all intervals; a list that is empty itself reaches them with no values."""
    return _ALL if of is None else as_array(of)
