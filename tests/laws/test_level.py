import math

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryOutput
from idr_neus_plugins.laws.nerf import NerfLawConfig
from idr_neus_plugins.laws.unisurf import UnisurfLawConfig
from tests.analytic import Sphere


def test_a_density_has_the_level_that_is_asked_for():
    law = NerfLawConfig().setup(Sphere(0.5))
    assert law.level(50.0) == pytest.approx(-math.log(50.0))
    for nothing in (None, 0.0, -3.0):
        with pytest.raises(UserError, match="--threshold 50"):
            law.level(nothing)


def test_on_that_level_the_law_is_as_opaque_as_the_density_says():
    law = NerfLawConfig().setup(Sphere(0.5))
    on_level = GeometryOutput(torch.full((1,), law.level(25.0)), torch.zeros(1, 3), None)
    alpha = law(on_level, torch.zeros(1, 3), torch.tensor([0.02]))
    assert float(alpha) == pytest.approx(1.0 - math.exp(-0.5), rel=1e-5)


def test_a_surface_needs_no_threshold():
    law = UnisurfLawConfig().setup(Sphere(0.5))
    assert law.level(None) == 0.0
    with pytest.raises(UserError, match="leave --threshold away"):
        law.level(50.0)
