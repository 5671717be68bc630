"""Half the digits in training say nearly the same; what is shown afterwards has them all."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.single_view.fields import precision
from idr_neus_plugins.single_view.fields.conditioned import ConditionedField, InputViews
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.encoder import SmallResNetConfig
from idr_neus_plugins.single_view.fields.onet import OnetFieldConfig
from tests.single_view.test_pixel_features import a_view


@pytest.fixture(params=[DisnFieldConfig, OnetFieldConfig])
def field(request) -> ConditionedField:
    torch.manual_seed(0)
    return request.param(encoder=SmallResNetConfig(code=32, channels=16, widths=(8, 16)), width=32).setup()


def asked(field: ConditionedField):
    torch.manual_seed(1)
    views, points = InputViews(torch.rand(1, 4, 32, 32), a_view()[1]), torch.rand(1, 500, 3) * 1.6 - 0.8
    return field(points, field.condition(views))


@pytest.mark.parametrize("gain", [True, False])
def test_training_differs_only_by_rounding(field, monkeypatch, gain):
    monkeypatch.setattr(precision, "gains", lambda device_type: gain)
    exact, rounded = asked(field.eval()), asked(field.train())
    for true, value in zip(exact, rounded, strict=True):
        assert value.dtype == torch.float32
        assert torch.equal(true, value) is not gain
        assert (true - value).abs().max() < 0.1 * true.std()


def test_weights_learn_in_full_precision(field, monkeypatch):
    monkeypatch.setattr(precision, "gains", lambda device_type: True)
    gradients = {}
    for training in (True, False):
        values = asked(field.train(training))
        field.zero_grad()
        (values.sdf.square().mean() + values.rgb.square().mean()).backward()
        gradients[training] = torch.cat([each.grad.flatten() for each in field.parameters() if each.grad is not None])
    assert gradients[True].dtype == torch.float32
    assert torch.cosine_similarity(gradients[True], gradients[False], dim=0) > 0.999
