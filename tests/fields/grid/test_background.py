import torch
from torch.nn.functional import normalize

from idr_neus_plugins.core.contraction import contract
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.fields.grid.background import GridBackground, GridBackgroundConfig
from idr_neus_plugins.fields.grid.optimizer import NodeAdam


def small(**options) -> GridBackground:
    torch.manual_seed(0)
    return GridBackgroundConfig(resolution=24, engine="reference", **options).setup()


def rays(count: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    origins = 3.0 * normalize(torch.randn(count, 3, generator=generator), dim=1)
    return origins, normalize(-origins + torch.randn(count, 3, generator=generator), dim=1)


def test_sections_begin_where_the_region_ends_and_reach_far():
    background, (origins, directions) = small(), rays()
    edges = background.eval()._edges(origins, directions)
    _, far, hits = ray_sphere(origins, directions)
    torch.testing.assert_close(edges[hits, 0], far[hits])
    assert (edges[~hits, 0] <= far[~hits].clamp(min=0.01)).all() and (edges.diff(dim=1) > 0).all()
    assert (origins + edges[:, -1:] * directions)[far > 1.0].norm(dim=1).min() > 300.0


def test_contracted_lengths_are_those_of_contracted_space():
    background, (origins, directions) = small(), rays(7)
    edges = background.eval()._edges(origins, directions)
    lengths = background._contracted_lengths(edges, origins, directions).view(7, -1)
    points = [contract(origins + edges[:, i, None] * directions) for i in (3, 4)]
    torch.testing.assert_close(lengths[:, 3], (points[1] - points[0]).norm(dim=1))
    assert lengths.sum(dim=1).max() < 4.0 * 3.0**0.5


def test_the_same_colour_everywhere_is_that_colour_whatever_the_density():
    """The weights of every ray add up to one: nothing shows through."""
    background, (origins, directions) = small(), rays()
    with torch.no_grad():
        background.features.values[..., 0].normal_()
        background.features.values[..., 1:] = 0.5
        for layer in background.network:
            if isinstance(layer, torch.nn.Linear) and layer.in_features > 16 + background.config.channels - 1:
                layer.weight[:, background.config.channels :] = 0.0  # blind to the direction
        colors = background(origins, directions)
    torch.testing.assert_close(colors, colors[:1].expand_as(colors), atol=1e-5, rtol=0)


def ground(origins: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """A chequered plane 2 below the centre, white sky above the horizon."""
    distance = (-2.0 - origins[:, 2:]) / directions[:, 2:].clamp(max=-1e-6)
    points = origins + distance * directions
    checks = ((points[:, 0].floor() + points[:, 1].floor()) % 2.0)[:, None].expand(-1, 3)
    return torch.where(directions[:, 2:] < -0.02, 0.8 * checks, torch.ones(3))


def test_it_learns_what_is_behind_and_all_its_parameters_are_trained():
    background = small(samples=12)
    groups = background.param_groups()
    assert {id(p) for group in groups.values() for p in group} == {id(p) for p in background.parameters()}
    grid, network = NodeAdam(groups["background_grid"], lr=0.05), torch.optim.Adam(groups["background"], lr=5e-3)
    origins, directions = rays(1500)
    far, target = slice(1000, None), ground(origins, directions)
    start = (background(origins, directions)[far] - target[far]).abs().mean()
    for step in range(150):
        chosen = torch.arange(step % 4, 1000, 4)
        network.zero_grad()
        error = (background(origins[chosen], directions[chosen]) - target[chosen]).abs().mean()
        error.backward()
        grid.step()
        network.step()
    with torch.no_grad():
        end = (background.eval()(origins, directions)[far] - target[far]).abs().mean()
    assert end < 0.5 * start, (float(start), float(end))
    assert torch.equal(background(origins, directions), background(origins, directions))


def test_a_checkpoint_brings_it_back():
    first, second = small(), small()
    with torch.no_grad():
        first.features.values.normal_()
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.eval()(*rays()), first.eval()(*rays()))
