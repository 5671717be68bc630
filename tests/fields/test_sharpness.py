import math

import torch

from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.sharpness import LearnedSharpnessConfig


def test_learned_sharpness_starts_at_exp_three_and_learns():
    sharpness = LearnedSharpnessConfig().setup(GeometryField())
    torch.testing.assert_close(sharpness().detach(), torch.tensor(math.exp(3.0)))
    sharpness().backward()
    assert sharpness.exponent.grad is not None and float(sharpness.exponent.grad) > 0
