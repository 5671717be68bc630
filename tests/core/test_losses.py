import math

import torch

from idr_neus_plugins.core.losses import eikonal, mask_bce, normal_smoothness, rgb_l1


def test_rgb_is_a_sum_over_channels_and_a_mean_over_rays():
    error = torch.tensor([[0.1, 0.2, 0.3], [0.0, 0.0, 0.4]])
    torch.testing.assert_close(rgb_l1(error, torch.zeros(2, 3)), torch.tensor(0.5))


def test_rgb_looks_at_the_foreground_only():
    error = torch.tensor([[0.1, 0.2, 0.3], [9.0, 9.0, 9.0]])
    foreground = torch.tensor([[1.0], [0.0]])
    torch.testing.assert_close(rgb_l1(error, torch.zeros(2, 3), foreground), torch.tensor(0.6), rtol=1e-4, atol=0)
    assert float(rgb_l1(error, torch.zeros(2, 3), torch.zeros(2, 1))) == 0.0


def test_eikonal_is_zero_for_unit_gradients_and_for_no_points():
    assert float(eikonal(torch.eye(3))) == 0.0
    torch.testing.assert_close(eikonal(torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])), torch.tensor(2.0))
    assert float(eikonal(torch.zeros(0, 3))) == 0.0


def test_mask_bce_by_hand_and_bounded():
    loss = mask_bce(torch.tensor([[0.25], [0.25]]), torch.tensor([[1.0], [0.0]]))
    torch.testing.assert_close(loss, torch.tensor(-0.5 * (math.log(0.25) + math.log(0.75))))
    opacity = torch.tensor([[0.0], [1.0000005]], requires_grad=True)
    mask_bce(opacity, torch.tensor([[1.0], [0.0]])).backward()
    assert opacity.grad is not None and opacity.grad.isfinite().all()


def test_normal_smoothness_is_the_mean_distance_of_normals_and_has_a_gradient_where_they_agree():
    alike = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], requires_grad=True)
    other = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    loss = normal_smoothness(torch.stack([alike, other]))
    torch.testing.assert_close(loss, torch.tensor(2.0**0.5 / 2.0), atol=1e-5, rtol=0)
    loss.backward()
    assert alike.grad is not None and alike.grad.isfinite().all()
    assert float(normal_smoothness(torch.zeros(2, 0, 3))) == 0.0
