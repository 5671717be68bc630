"""Torchvision's encoders, with and without weights."""

from __future__ import annotations

import pytest
import torch
import tyro
from torchvision.models import get_model

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods.disn import disn_large
from idr_neus_plugins.single_view.fields.torchvision_encoder import TorchvisionEncoderConfig


@pytest.mark.parametrize(("architecture", "across"), [("resnet18", 16), ("vgg16", 32)])
def test_a_single_image_is_encoded_as_it_is_in_a_batch(architecture, across):
    torch.manual_seed(0)
    encoder = TorchvisionEncoderConfig(code=32, channels=8, architecture=architecture).setup().train()
    images = torch.rand(2, 4, 64, 64)
    both, alone = encoder(images), encoder(images[:1])
    assert both.map.shape == (2, 8, across, across) and both.code.shape == (2, 32)
    torch.testing.assert_close(both.code[:1], alone.code, atol=1e-4, rtol=1e-3)


def test_weights_of_a_local_file_give_the_published_features(tmp_path):
    torch.manual_seed(0)
    published = get_model("resnet18", weights=None).eval()
    torch.save(published.state_dict(), tmp_path / "resnet18.pth")
    encoder = TorchvisionEncoderConfig(weights=tmp_path / "resnet18.pth").setup().train()
    encoder.initialise()
    backbone = encoder.backbone
    images = torch.rand(2, 4, 64, 64)
    images[:, 3] = 1.0
    colors = (images[:, :3] - backbone.mean[:3]) / backbone.deviation[:3]
    first = published.maxpool(published.relu(published.bn1(published.conv1(colors))))
    torch.testing.assert_close(backbone(images)[0], published.layer1(first), atol=1e-5, rtol=1e-4)
    assert not any("running" in name for name, _ in backbone.named_parameters())


def test_other_files_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "few.pth")
    torch.save(get_model("resnet34", weights=None).state_dict(), tmp_path / "deeper.pth")
    (tmp_path / "text.pth").write_text("no weights")
    for name in ("few.pth", "deeper.pth", "text.pth", "nowhere.pth"):
        with pytest.raises(UserError, match=name):
            TorchvisionEncoderConfig(weights=tmp_path / name).setup().initialise()


def test_the_flag_has_a_short_name(tmp_path):
    config = tyro.cli(type(disn_large.config), default=disn_large.config, args=["--encoder-weights", "a.pth"])
    assert str(config.pipeline.model.geometry.field.encoder.weights) == "a.pth"
