import torch
from torch.nn.functional import normalize

from idr_neus_plugins.core.intersection import ray_sphere


def test_near_and_far_lie_on_the_sphere():
    torch.manual_seed(0)
    origins = 3.0 * normalize(torch.randn(200, 3, dtype=torch.float64), dim=1)
    directions = normalize(-origins + torch.randn_like(origins), dim=1)
    near, far, hits = ray_sphere(origins, directions, radius=0.8)
    assert 20 < int(hits.sum()) < 200
    for distances in (near, far):
        points = origins + distances[:, None] * directions
        torch.testing.assert_close(points[hits].norm(dim=1), torch.full_like(points[hits, 0], 0.8))
    closest = (origins + near[:, None] * directions)[~hits & (near > 0)]
    assert (closest.norm(dim=1) >= 0.8).all()


def test_from_inside_and_behind():
    origins = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, -3.0]])
    near, far, hits = ray_sphere(origins, torch.tensor([[0.0, 0.0, 1.0]]).expand(3, 3))
    assert hits.tolist() == [True, False, True]
    torch.testing.assert_close(near[[0, 2]], torch.tensor([0.0, 2.0]))
    torch.testing.assert_close(far[[0, 2]], torch.tensor([1.0, 4.0]))
    assert (far >= near).all()
