"""LPIPS against torchmetrics' on the same, random, AlexNet; the real weights are not at hand here."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.lpips import Lpips, load_lpips


@pytest.fixture(scope="module")
def backbone() -> dict[str, torch.Tensor]:
    from torchvision.models import alexnet

    torch.manual_seed(0)
    return alexnet(weights=None).state_dict()


def test_equals_torchmetrics(backbone):
    from torchmetrics.functional.image.lpips import _LPIPS

    theirs, ours = _LPIPS(pretrained=True, net="alex", pnet_rand=True), Lpips(backbone)
    features = {name.removeprefix("features."): value for name, value in backbone.items() if "features" in name}
    names = [name for name in theirs.net.state_dict() if name.startswith("slice")]
    theirs.net.load_state_dict({name: features[name.split(".", 1)[1]] for name in names})
    first, second = torch.rand(2, 70, 90, 3, generator=torch.Generator().manual_seed(1))
    expected = theirs(*(image.permute(2, 0, 1)[None] for image in (first, second)), normalize=True)
    assert ours(first, second) == pytest.approx(float(expected), rel=1e-4)
    assert ours(first, first) == 0 < ours(first, second)


def test_weights_from_a_file(backbone, tmp_path):
    torch.save(backbone, tmp_path / "alexnet.pth")
    assert isinstance(load_lpips(tmp_path / "alexnet.pth"), Lpips)
    with pytest.raises(UserError, match="download it once"):
        load_lpips(tmp_path / "none.pth")
    torch.save({"weights": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="does not hold AlexNet"):
        load_lpips(tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no")
    with pytest.raises(UserError, match="does not hold AlexNet"):
        load_lpips(tmp_path / "text.pth")
