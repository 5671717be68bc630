import pytest
import torch

from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.radiance import BEYOND, GridRadianceConfig

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize(("bias", "expected"), [(-50.0, -BEYOND), (0.0, 0.5), (50.0, 1.0 + BEYOND)])
def test_colours_may_leave_what_a_photograph_can_show(bias, expected):
    geometry = GridGeometryConfig(resolutions=(8,), starts=(0.0,), engine="reference").setup(REGION)
    radiance = GridRadianceConfig().setup(geometry, REGION)
    last = radiance.network[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, bias)
    points = torch.zeros(4, 3)
    torch.testing.assert_close(radiance(points, points, points, None), torch.full((4, 3), expected))
