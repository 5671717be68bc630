import math

import torch

from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.sharpness import LearnedSharpnessConfig, ScheduledSharpnessConfig


def test_learned_sharpness_starts_at_exp_three_and_learns():
    sharpness = LearnedSharpnessConfig().setup(GeometryField())
    torch.testing.assert_close(sharpness().detach(), torch.tensor(math.exp(3.0)))
    sharpness().backward()
    assert sharpness.exponent.grad is not None and float(sharpness.exponent.grad) > 0


def test_scheduled_sharpness_rises_by_the_same_factor_in_equal_shares():
    sharpness = ScheduledSharpnessConfig(start=10.0, end=1000.0).setup(GeometryField())
    found = []
    for progress in (0.0, 0.5, 1.0):
        sharpness.set_progress(progress)
        found.append(float(sharpness()))
    assert found == [10.0, 100.0, 1000.0] and not list(sharpness.parameters())
