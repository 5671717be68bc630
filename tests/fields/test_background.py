import torch
from torch.nn.functional import normalize

from idr_neus_plugins.fields.background import BackgroundConfig, InvertedSphereConfig


def rays() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    origins = 3.0 * normalize(torch.randn(50, 3), dim=1)
    return origins, normalize(-origins + torch.randn(50, 3), dim=1)


def test_nothing_is_black():
    assert BackgroundConfig().setup()(*rays()).abs().max() == 0.0


def test_inverted_sphere_starts_outside_the_region_and_reaches_far():
    background, (origins, directions) = InvertedSphereConfig(layers=2, width=16).setup(), rays()
    edges = background._edges(origins, directions)
    assert (edges.diff(dim=1) > 0).all() and edges.shape[1] == 33
    first, last = (origins + edges[:, i, None] * directions for i in (0, -1))
    assert (first.norm(dim=1) > 1.0 - 1e-5).all() and (last.norm(dim=1) > 500).all()


def test_inverted_sphere_gives_colours_that_learn():
    background = InvertedSphereConfig(layers=4, width=32).setup()
    rgb = background(*rays())
    assert rgb.shape == (50, 3) and (rgb >= 0).all() and (rgb <= 1.0 + 1e-5).all()
    rgb.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in background.parameters())
    background.eval()
    assert torch.equal(background(*rays()), background(*rays()))
