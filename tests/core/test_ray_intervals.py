import torch

from idr_neus_plugins.core.ray_intervals import RayIntervals


def test_edges_become_packed_sections():
    intervals = RayIntervals.from_edges(torch.tensor([[0.0, 1.0, 3.0], [2.0, 2.5, 3.5]]))
    assert intervals.num_rays == 2 and intervals.offsets.tolist() == [0, 2, 4]
    assert intervals.ray_indices.tolist() == [0, 0, 1, 1]
    assert intervals.midpoints.tolist() == [0.5, 2.0, 2.25, 3.0]
    assert intervals.deltas.tolist() == [1.0, 2.0, 0.5, 1.0]


def test_rays_that_miss_have_no_sections():
    hits = torch.tensor([False, True, False, True])
    intervals = RayIntervals.from_edges(torch.tensor([[0.0, 1.0, 2.0], [4.0, 5.0, 6.0]]), hits)
    assert intervals.num_rays == 4 and intervals.offsets.tolist() == [0, 0, 2, 2, 4]
    assert intervals.ray_indices.tolist() == [1, 1, 3, 3]
    positions = intervals.positions(torch.eye(4, 3), torch.tensor([[0.0, 0.0, 1.0]]).expand(4, 3))
    torch.testing.assert_close(positions[2], torch.tensor([0.0, 0.0, 4.5]))
