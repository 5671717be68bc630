"""Fast rays are nerfstudio's rays."""

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.model_components.ray_generators import RayGenerator

from idr_neus_plugins.data.rays import PinholeRayGenerator, ray_generator


@pytest.fixture
def cameras() -> Cameras:
    generator = torch.Generator().manual_seed(3)
    rotations = torch.linalg.qr(torch.randn(4, 3, 3, generator=generator, dtype=torch.float64))[0]
    rotations = (rotations * torch.linalg.det(rotations)[:, None, None]).float()
    return Cameras(
        camera_to_worlds=torch.cat([rotations, torch.randn(4, 3, 1, generator=generator)], 2),
        fx=torch.tensor([60.0, 80.0, 70.0, 55.0]),
        fy=torch.tensor([61.0, 79.0, 72.0, 55.0]),
        cx=torch.tensor([20.0, 31.0, 25.5, 30.0]),
        cy=24.25,
        width=48,
        height=40,
    )


def test_equal_to_the_general_generator(cameras):
    indices = torch.cartesian_prod(torch.arange(4), torch.arange(40), torch.arange(48))
    fast, general = ray_generator(cameras)(indices), RayGenerator(cameras)(indices)
    assert isinstance(ray_generator(cameras), PinholeRayGenerator)
    torch.testing.assert_close(fast.origins, general.origins)
    torch.testing.assert_close(fast.directions, general.directions, atol=1e-6, rtol=0)
    torch.testing.assert_close(fast.metadata["directions_norm"], general.metadata["directions_norm"])
    torch.testing.assert_close(fast.camera_indices, general.camera_indices)
    torch.testing.assert_close(fast.pixel_area, general.pixel_area, rtol=0.05, atol=0)


@pytest.mark.parametrize(
    "lens", [{"distortion_params": torch.tensor([0.1, 0, 0, 0, 0, 0])}, {"camera_type": CameraType.FISHEYE}]
)
def test_other_lenses_go_to_the_general_generator(cameras, lens):
    bent = Cameras(cameras.camera_to_worlds, 60.0, 60.0, 24.0, 20.0, 48, 40, **lens)
    assert isinstance(ray_generator(bent), RayGenerator)
