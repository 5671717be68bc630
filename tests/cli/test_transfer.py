"""``idr-neus transfer`` on two untrained models: which files it writes, and what it refuses."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.scene_box import SceneBox
from PIL import Image

from idr_neus_plugins.cli.transfer import Transfer
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.models.surface_model import SurfaceModelConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig


def model(seed: int):
    torch.manual_seed(seed)
    poses = torch.eye(4)[:3].repeat(6, 1, 1)
    poses[:, 2, 3] = 3.0
    poses[:, 0, 3] = torch.linspace(-0.3, 0.3, 6)
    cameras = Cameras(poses, fx=24.0, fy=24.0, cx=8.0, cy=8.0, width=16, height=16)
    config = SurfaceModelConfig(
        geometry=SdfMLPConfig(layers=4, width=64, octaves=2, features=8),
        radiance=RadianceMLPConfig(layers=2, width=16),
        renderer=SurfaceRendererConfig(),
    )
    box = SceneBox(torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
    metadata = {"all_cameras": cameras, "view_indices": list(range(6))}
    return config.setup(scene_box=box, num_train_data=6, metadata=metadata).eval()


@pytest.fixture
def runs(monkeypatch) -> tuple[Path, Path]:
    """Two configurations whose models are at hand."""
    models = {Path("a/config.yml"): model(0), Path("b/config.yml"): model(1)}
    monkeypatch.setattr("idr_neus_plugins.run.load_run", lambda path: SimpleNamespace(model=models[path]))
    return Path("a/config.yml"), Path("b/config.yml")


def test_images_and_a_video(runs, tmp_path, capsys):
    Transfer(*runs, output_dir=tmp_path, views=3, frames=4).main()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "transfer.mp4",
        "view_000.png",
        "view_001.png",
        "view_002.png",
    ]
    assert Image.open(tmp_path / "view_000.png").size == (32, 16)
    assert "own appearance | that of b" in capsys.readouterr().out


def test_what_is_refused(runs, tmp_path):
    with pytest.raises(UserError, match="--views"):
        Transfer(*runs, output_dir=tmp_path, views=0).main()
    with pytest.raises(UserError, match="at least two"):
        Transfer(*runs, output_dir=tmp_path, views=1, frames=5).main()
    Transfer(*runs, output_dir=tmp_path / "small", views=1, frames=0, downscale=2.0).main()
    assert Image.open(tmp_path / "small" / "view_000.png").size == (16, 8)
