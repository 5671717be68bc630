"""What is stored in bricks reads as a dense grid whose distances end at ± reach."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.bricks import INSIDE, OUTSIDE, SHARED, Bricks, probes
from idr_neus_plugins.fields.grid.lattice import Lattice
from tests.fields.grid import ball

FROM_PROBE = 3.5
"""Voxels from a node to the nearest probe, at most."""
NODES = torch.cartesian_prod(*[torch.arange(n) for n in ball.LATTICE.shape])


def test_every_node_has_the_truncated_distance():
    """Where all are stored, at least, and the right sign everywhere."""
    values, bricks = ball.in_bricks()
    at_nodes, exact = values[bricks.row(*NODES.T)], ball.dense().view(-1).clamp(-ball.REACH, ball.REACH)
    near = exact.abs() < ball.REACH - FROM_PROBE
    torch.testing.assert_close(at_nodes[near], exact[near])
    torch.testing.assert_close(at_nodes, exact, atol=FROM_PROBE, rtol=0)
    assert bricks.shape == ball.LATTICE.shape and len(values) == bricks.rows < 0.8 * len(NODES)


def test_rows_and_nodes_belong_together():
    _, bricks = ball.in_bricks()
    rows = torch.arange(SHARED, bricks.rows)
    assert torch.equal(bricks.row(*bricks.nodes(rows).T), rows)


def test_what_is_not_stored_shares_two_bricks():
    _, bricks = ball.in_bricks()
    assert bricks.first[0, 0, 0] == OUTSIDE and bricks.first[3, 3, 3] == INSIDE
    assert torch.equal(Bricks.of(bricks.first).lowest, bricks.lowest)


@settings(max_examples=20, deadline=None)
@given(radius=st.floats(4.0, 40.0), reach=st.floats(4.0, 12.0))
def test_no_node_within_reach_is_missed(radius: float, reach: float):
    lattice = Lattice((-32.0, -32.0, -32.0), 1.0, (64, 64, 64))

    def distance(positions: torch.Tensor) -> torch.Tensor:
        return (positions - torch.tensor([3.0, -1.0, 2.0])).norm(dim=1) - radius

    asked = probes(lattice)
    bricks = Bricks.near(distance(asked.positions()).view(asked.shape), reach)
    positions = lattice.positions()
    rows = bricks.row(*(positions + 32.0).round().long().T)
    assert bool((rows[distance(positions).abs() < reach - FROM_PROBE] >= SHARED).all())


def test_the_engine_reads_bricks_as_it_reads_a_dense_grid():
    """Where no node is truncated, and marching everywhere."""
    values, bricks = ball.in_bricks()
    points = ball.LATTICE.coords(ball.RADIUS * torch.nn.functional.normalize(torch.randn(300, 3), dim=1))
    for one, other in zip(
        reference.spline(values, points, bricks), reference.spline(ball.dense(), points), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    origins = torch.nn.functional.normalize(torch.randn(50, 3), dim=1) * 2.5
    rays = (origins, torch.nn.functional.normalize(0.3 * torch.randn(50, 3) - origins, dim=1), torch.rand(50))
    grid = (ball.LATTICE.lower, ball.LATTICE.voxel)
    (dense, active), (states, rows) = reference.classify(ball.dense(), 2.0), reference.classify(values, 2.0, bricks)
    for one, other in zip(
        reference.march(*rays, *grid, states, 0.03, bricks), reference.march(*rays, *grid, dense, 0.03), strict=True
    ):
        torch.testing.assert_close(one, other)
    i, j, k = bricks.nodes(rows.long()).T
    flat = (i * dense.shape[1] + j) * dense.shape[2] + k
    assert torch.equal(flat.sort().values, active.long())
    torch.testing.assert_close(
        reference.smoothness(values, rows, bricks), reference.smoothness(ball.dense(), active), atol=1e-4, rtol=1e-3
    )


@pytest.mark.parametrize("far", [2.0, -2.0])
def test_where_there_is_no_surface_nothing_is_stored(far: float):
    bricks = Bricks.near(torch.full((5, 5, 5), far), 1.0)
    assert bricks.rows == SHARED and bool((bricks.first == (OUTSIDE if far > 0 else INSIDE)).all())
