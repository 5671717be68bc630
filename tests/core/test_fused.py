"""The fused kernels against the plain PyTorch beside them: values and gradients.

The plain code is what runs in float64, and is differentiated by autograd (``test_compositing`` has it gradcheck).
"""

import numba
import pytest
import torch

from idr_neus_plugins.core.compositing import accumulate, render_weights, unit
from idr_neus_plugins.core.losses import eikonal
from idr_neus_plugins.core.opacity import neus_opacity
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.core.spherical_harmonics import spherical_harmonics

COUNTS = torch.tensor([0, 5, 1, 0, 40, 7, 3, 0])
RAYS = torch.arange(len(COUNTS)).repeat_interleave(COUNTS)
OFFSETS = torch.cat([torch.zeros(1, dtype=torch.long), COUNTS.cumsum(0)])
SECTIONS = len(RAYS)
SOME = (torch.arange(SECTIONS) % 3 > 0).nonzero()[:, 0]


@pytest.fixture(autouse=True, params=[1, 2])
def threads(request):
    before = numba.get_num_threads()
    numba.set_num_threads(min(request.param, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)


def agree(function, *inputs: torch.Tensor, tolerance: float = 1e-5) -> None:
    """In float32, which takes the kernels, and in float64, which does not: values, and gradients of a random sum."""

    def run(dtype: torch.dtype) -> list[torch.Tensor]:
        given = [part.to(dtype).requires_grad_() for part in inputs]
        out = function(*given)
        assert ("Backward" in type(out.grad_fn).__name__) and out.dtype == dtype
        factors = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)
        return [out.detach(), *torch.autograd.grad((out * factors).sum(), given)]

    for fused, plain in zip(run(torch.float32), run(torch.float64), strict=True):
        torch.testing.assert_close(fused, plain.float(), atol=tolerance, rtol=tolerance)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("anneal", [1.0, 0.0, 0.4])
def test_opacity_of_neus(anneal):
    directions = unit(random(SECTIONS, 3, seed=2))
    deltas = {dtype: 0.01 + 0.02 * random(SECTIONS).abs().to(dtype) for dtype in (torch.float32, torch.float64)}

    def opacity(sdf, gradients, directions, inv_s):
        return neus_opacity(sdf, gradients, directions, deltas[sdf.dtype], inv_s, anneal)

    # Away from where a cosine of 0 or 1 has a bend, which rounding decides.
    gradients = unit(random(SECTIONS, 3, seed=3)) * 0.97
    agree(opacity, 0.02 * random(SECTIONS, seed=4), gradients, directions, torch.tensor(80.0), tolerance=2e-5)


def test_opacity_far_inside_and_outside_is_finite():
    sdf, ahead = torch.tensor([-5.0, 5.0]), torch.tensor([[0.0, 0.0, 1.0]] * 2)
    alpha = neus_opacity(sdf, -ahead, ahead, torch.full((2,), 0.01), torch.tensor(1e4), 1.0)
    torch.testing.assert_close(alpha, torch.tensor([1.0, 0.0]), atol=2e-5, rtol=0)


def test_weights():
    alpha = torch.rand(SECTIONS, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    agree(lambda alpha: render_weights(alpha, OFFSETS), alpha)


def test_weights_behind_an_opaque_section_have_finite_gradients():
    alpha = torch.tensor([0.3, 1.0, 0.5, 1.0], requires_grad=True)
    render_weights(alpha, torch.tensor([0, 4])).square().sum().backward()
    assert alpha.grad is not None and alpha.grad.isfinite().all()


@pytest.mark.parametrize("of", [None, SOME])
def test_sums_along_rays(of):
    count = SECTIONS if of is None else len(of)
    agree(lambda w, values: accumulate(w, values, RAYS, len(COUNTS), of), random(SECTIONS).abs(), random(count, 4))
    agree(lambda w: accumulate(w, None, RAYS, len(COUNTS), of), random(SECTIONS).abs())


@pytest.mark.parametrize("of", [None, SOME])
def test_unit_vectors(of):
    agree(lambda vectors: unit(vectors, of), random(SECTIONS, 3))
    assert unit(torch.zeros(2, 3)).abs().max() == 0.0


def test_none_of_the_sections():
    nothing = torch.zeros(0, dtype=torch.long)
    weights = torch.ones(SECTIONS, requires_grad=True)
    sums = accumulate(weights, unit(torch.ones(SECTIONS, 3), nothing), RAYS, len(COUNTS), nothing)
    sums.sum().backward()
    assert sums.abs().max() == 0.0 and weights.grad is not None and weights.grad.abs().max() == 0.0


def test_eikonal():
    agree(eikonal, random(SECTIONS, 3))


def test_positions_and_harmonics_have_no_gradient_and_the_same_values():
    origins, directions = random(len(COUNTS), 3), unit(random(len(COUNTS), 3, seed=1))
    starts = random(SECTIONS).abs()
    exact = RayIntervals(RAYS, OFFSETS, starts, starts + 0.1).positions(origins, directions)
    there = RayIntervals(RAYS, OFFSETS, starts.float(), starts.float() + 0.1).positions(
        origins.float(), directions.float()
    )
    torch.testing.assert_close(there, exact.float())
    torch.testing.assert_close(spherical_harmonics(directions.float()), spherical_harmonics(directions).float())
