import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.compositing import accumulate, render_weights, transmittance

rays_of_alphas = st.lists(st.lists(st.floats(0.0, 1.0), max_size=6), min_size=1, max_size=5)


def naive_transmittance(rays: list[list[float]]) -> list[float]:
    """The definition as a loop."""
    result = []
    for alphas in rays:
        left = 1.0
        for alpha in alphas:
            result.append(left)
            left *= 1.0 - alpha
    return result


def packed(rays: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    alpha = torch.tensor([a for ray in rays for a in ray], dtype=torch.float64)
    counts = torch.tensor([len(ray) for ray in rays])
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), counts.cumsum(0)])
    return alpha, offsets, torch.arange(len(rays)).repeat_interleave(counts)


@settings(max_examples=60, deadline=None)
@given(rays=rays_of_alphas)
def test_transmittance_equals_the_loop_for_any_packing(rays):
    alpha, offsets, _ = packed(rays)
    expected = torch.tensor(naive_transmittance(rays), dtype=torch.float64)
    torch.testing.assert_close(transmittance(alpha, offsets), expected, rtol=0.0, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(rays=rays_of_alphas)
def test_weights_and_what_is_left_add_up_to_one(rays):
    alpha, offsets, ray_indices = packed(rays)
    weights = render_weights(alpha, offsets)
    assert (weights >= 0.0).all()
    left = torch.tensor([float(torch.tensor(ray).double().neg().add(1.0).prod()) if ray else 1.0 for ray in rays])
    total = accumulate(weights, None, ray_indices, len(rays))[:, 0]
    torch.testing.assert_close(total + left.double(), torch.ones(len(rays), dtype=torch.float64), rtol=0.0, atol=1e-5)


def test_the_nearer_section_hides_the_farther():
    weights = render_weights(torch.tensor([0.75, 0.75]), torch.tensor([0, 2]))
    torch.testing.assert_close(weights, torch.tensor([0.75, 0.1875]))


def test_rays_do_not_see_each_other():
    alpha, offsets, _ = packed([[0.3, 1.0], [], [0.4], [0.2, 0.1, 0.6]])
    alone = torch.cat([render_weights(ray, torch.tensor([0, ray.numel()])) for ray in alpha.split([2, 1, 3])])
    torch.testing.assert_close(render_weights(alpha, offsets), alone)


def test_gradients_are_right_and_finite_behind_an_opaque_section():
    alpha, offsets, _ = packed([[0.3, 0.6, 0.1], [0.5]])
    assert torch.autograd.gradcheck(lambda a: render_weights(a, offsets), alpha.requires_grad_(True))
    opaque = torch.tensor([0.5, 1.0, 1.0, 0.3], requires_grad=True)
    render_weights(opaque, torch.tensor([0, 4])).square().sum().backward()
    assert opaque.grad is not None and opaque.grad.isfinite().all()


def test_no_sections_at_all_render_to_nothing():
    nothing, rays = torch.zeros(0), torch.zeros(0, dtype=torch.long)
    assert render_weights(nothing, torch.zeros(4, dtype=torch.long)).numel() == 0
    torch.testing.assert_close(accumulate(nothing, torch.zeros(0, 3), rays, 3), torch.zeros(3, 3))


def test_accumulate_sums_weighted_values_per_ray():
    weights, values = torch.tensor([0.5, 0.25, 1.0]), torch.tensor([[2.0], [4.0], [3.0]])
    sums = accumulate(weights, values, torch.tensor([0, 0, 2]), 3)
    torch.testing.assert_close(sums, torch.tensor([[2.0], [0.0], [3.0]]))
