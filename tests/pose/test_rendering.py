"""Silhouettes, colours and depths of known bodies, and the derivatives of what is rendered."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.pose.losses import ObservedRays, PoseLossWeights, pose_losses
from idr_neus_plugins.pose.march import march, march_reference
from idr_neus_plugins.pose.rendering import object_rays, render
from idr_neus_plugins.pose.similarity import Poses
from tests.pose.shapes import ball, pixel_rays, poses, waves

SIDE, FOCAL = 24, 30.0
PIXEL = torch.tensor([1 / FOCAL])


def before(distance: float) -> Poses:
    return Poses(torch.eye(3)[None], torch.tensor([[0.0, 0.0, distance]]), torch.ones(1))


def test_a_ball_is_as_large_and_as_far_as_it_should_be():
    radius, distance = 0.6, 2.5
    rays = pixel_rays(96, 120.0, torch.float32)
    shown = render(ball(radius), before(distance), rays[None], torch.tensor([0.2 / 120.0]))
    sine = rays[:, :2].norm(dim=1) / rays.norm(dim=1)
    inside = sine < radius / distance
    clear = (sine - radius / distance).abs() > 0.006
    assert ((shown.silhouettes[0] > 0.5) == inside)[clear].all()
    assert shown.silhouettes[0].sum().item() == pytest.approx(inside.sum().item(), rel=0.02)
    central = rays[:, :2].norm(dim=1) < 0.02
    assert torch.allclose(
        shown.depths[0, central], torch.full_like(shown.depths[0, central], distance - radius), atol=0.01
    )
    assert shown.met[0, central].all() and not shown.met[0, sine > 0.3].any()


def test_colours_are_those_of_the_surface_that_faces_the_camera():
    rays = pixel_rays(3, 120.0, torch.float32)[4:5]
    shown = render(ball(), before(2.5), rays[None], PIXEL)
    assert torch.allclose(shown.colors[0, 0], torch.tensor([0.5, 0.5, 0.5 - 0.4 * 0.6]), atol=0.01)


def test_size_and_distance_cannot_be_told_apart():
    near, rays = poses(), pixel_rays(SIDE, FOCAL)
    far = near.rescaled(3.0 * near.scales)
    first, second = (render(waves(), each, rays[None], PIXEL.double()) for each in (near, far))
    assert torch.allclose(first.silhouettes, second.silhouettes, atol=1e-4)
    assert torch.allclose(3.0 * first.depths, second.depths, atol=1e-3)


def test_a_stretched_ball_is_longer_along_its_axis():
    rays, stretch = pixel_rays(96, 120.0, torch.float32), torch.tensor([[1.4, 1.0, 1.0]])
    shown = render(ball(0.5), before(3.0), rays[None], torch.tensor([0.2 / 120.0]), stretches=stretch)
    seen = shown.silhouettes[0].view(96, 96) > 0.5
    width, height = seen.any(0).sum().item(), seen.any(1).sum().item()
    assert width / height == pytest.approx(1.4, abs=0.06)


def test_the_kernel_finds_what_even_steps_find():
    shape, some = waves(), poses()
    origins, rays = object_rays(some, pixel_rays(SIDE, FOCAL)[None])
    everywhere = torch.full((len(origins),), torch.inf)
    fast, even = march(shape, origins, rays, everywhere), march_reference(shape, origins, rays)
    crosses = (origins[:, None] + even.closest[..., None] * rays).norm(dim=2) < 1.0
    assert (fast.values < even.values + 2e-3)[crosses].all(), "at least as close"
    asked = shape.distances(origins[:, None] + fast.closest[..., None] * rays)
    assert torch.allclose(fast.values[crosses], asked[crosses], atol=1e-5)
    assert (fast.met.isfinite() != even.met.isfinite()).float().mean() < 0.01
    both = fast.met.isfinite() & even.met.isfinite()
    assert both.float().mean() > 0.1
    assert (fast.met - even.met)[both].abs().median() < 2e-3


def test_what_is_deep_inside_or_far_outside_is_not_followed_on():
    shape, some = waves(), poses()
    origins, rays = object_rays(some, pixel_rays(SIDE, FOCAL)[None])
    whole, short = (march(shape, origins, rays, torch.full((2,), deep)) for deep in (torch.inf, 0.1))
    differs = short.values != whole.values
    assert 0.05 < differs.float().mean() and (~differs & (whole.values.abs() < 0.1)).any()
    assert (short.values.abs() > 0.1)[differs].all() and (whole.values <= short.values)[differs].all()
    assert (short.values.sign() == whole.values.sign())[whole.values.abs() > 0.1].all()
    assert torch.equal(short.met, whole.met)


@pytest.fixture(scope="module")
def scene():
    """A body, its poses, rays and what is measured from slightly other poses."""
    shape, some, rays = waves(), poses(), pixel_rays(SIDE, FOCAL)
    twists = torch.tensor([[0.02, -0.01, 0.05, 0.1, -0.05, 0.08]], dtype=torch.float64).repeat(2, 1)
    shown = render(shape, some.moved(twists, torch.full((2,), 0.1, dtype=torch.float64)), rays[None], PIXEL.double())
    return shape, some, rays, ObservedRays(shown.silhouettes, shown.colors, shown.depths)


def test_derivatives_of_a_held_march_are_exact(scene):
    shape, some, rays, _ = scene
    one, few = some.take(torch.arange(1)), rays[None, ::5]
    found = march(shape, *object_rays(one, few), torch.full((1,), torch.inf))

    def shown(twists, log_scales):
        return render(shape, one.moved(twists, log_scales), few, PIXEL.double(), found).silhouettes

    inputs = (torch.full((1, 6), 1e-3, dtype=torch.float64), torch.full((1,), 1e-3, dtype=torch.float64))
    assert torch.autograd.gradcheck(shown, tuple(each.requires_grad_() for each in inputs), eps=1e-7, atol=1e-4)


def test_derivatives_of_the_loss_are_those_of_finite_differences(scene):
    """With the march done anew at every pose: pose and, at a given place, scale. Colours and depths jump with what a
    ray meets and are left to the next test."""
    shape, some, rays, measured = scene
    weights = PoseLossWeights(color=0.0, depth=0.0)

    def loss(twists, log_scales):
        moved = some.moved(twists, log_scales)
        return pose_losses(render(shape, moved, rays[None], PIXEL.double()), measured, moved, weights)

    start = torch.zeros(2, 7, dtype=torch.float64, requires_grad=True)
    loss(start[:, :6], start[:, 6]).sum().backward()
    assert start.grad is not None
    for parameter in range(7):
        step = torch.zeros(2, 7, dtype=torch.float64)
        step[:, parameter] = 2e-3
        ahead, behind = (loss(sign * step[:, :6], sign * step[:, 6]).detach() for sign in (1, -1))
        expected = (ahead - behind) / 4e-3
        scale = start.grad.abs().max(dim=1).values
        assert ((start.grad[:, parameter] - expected).abs() < 0.02 * scale).all(), parameter


@pytest.mark.parametrize("term", ["color", "depth"])
def test_a_step_against_the_gradient_lowers_the_loss(scene, term):
    shape, some, rays, measured = scene
    weights = PoseLossWeights(**{"silhouette": 0.0, "color": 0.0, "depth": 0.0, term: 10.0})

    def loss(moves):
        moved = some.moved(moves[:, :6], moves[:, 6])
        return pose_losses(render(shape, moved, rays[None], PIXEL.double()), measured, moved, weights)

    start = torch.zeros(2, 7, dtype=torch.float64, requires_grad=True)
    at_start = loss(start)
    at_start.sum().backward()
    assert start.grad is not None
    step = 0.02 * start.grad / start.grad.norm(dim=1, keepdim=True)
    assert (loss(-step) < at_start.detach()).all()
