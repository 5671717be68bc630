"""Weights of smoothness follow the share of places on which photographs agree."""

import torch

from idr_neus_plugins.fields.geometry import Evidence
from idr_neus_plugins.fields.grid.prior import BOUNDS, EXPECTED, Prior

REGION = torch.tensor([[-1.0] * 3, [1.0] * 3])
LEFT, RIGHT = torch.tensor([[-0.5, 0.1, 0.0]]), torch.tensor([[0.5, 0.1, 0.0]])


def heard(left: float, right: float) -> Prior:
    prior = Prior(REGION)
    shares = torch.tensor([left] * 100 + [right] * 100)
    agreed = torch.arange(200) % 100 < 100 * shares
    prior.hear(Evidence(torch.cat([LEFT.expand(100, 3), RIGHT.expand(100, 3)]), agreed))
    return prior


def test_much_agreement_little_smoothness():
    prior = heard(left=1.0, right=0.1)
    assert float(prior.at(LEFT)) < 0.3 and float(prior.at(RIGHT)) > 3.0


def test_weights_keep_within_their_bounds():
    prior = heard(left=1.0, right=0.0)
    assert float(prior.weights.min()) >= BOUNDS[0] and float(prior.weights.max()) <= BOUNDS[1]


def test_without_evidence_it_weighs_one():
    silent = Prior(REGION)
    silent.hear(Evidence(torch.zeros(0, 3), torch.zeros(0, dtype=torch.bool)))
    assert bool((silent.weights == 1.0).all())
    prior = heard(left=1.0, right=0.0)
    far = torch.tensor([[0.0, -0.9, 0.9]])
    assert float(prior.at(far)) == 1.0 == float(Prior(REGION).at(LEFT))
    torch.testing.assert_close(heard(EXPECTED, EXPECTED).at(LEFT), torch.ones(1), atol=0.05, rtol=0)
