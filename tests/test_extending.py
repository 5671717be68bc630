"""docs/extending.md: its files are written down, imported, trained with and read with, as they stand there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import yaml
from nerfstudio.data.scene_box import SceneBox
from PIL import Image

from idr_neus_plugins.data.formats import reading
from idr_neus_plugins.errors import UserError
from tests.conftest import REPOSITORY
from tests.models.test_surface_model import batch

FILE = re.compile(r"```python\n# idr_neus_plugins/(\S+)\.py\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Iterator[dict[str, ModuleType]]:
    """The document's modules by path, importable under the names that they would have."""
    folder, made = tmp_path_factory.mktemp("extending"), {}
    for path, source in FILE.findall((REPOSITORY / "docs" / "extending.md").read_text()):
        name = "idr_neus_plugins." + path.replace("/", ".")
        file = folder / f"{path.replace('/', '_')}.py"
        file.write_text(source)
        module = sys.modules[name] = made[path] = ModuleType(name)
        exec(compile(source, str(file), "exec"), vars(module))
    yield made
    for path in made:
        del sys.modules["idr_neus_plugins." + path.replace("/", ".")]


def test_there_is_one_of_each_kind(files):
    assert set(files) == {"laws/naive", "samplers/even", "methods/naive", "data/formats/readers/table"}


def test_the_method_takes_a_step_downhill(files):
    config = files["methods/naive"].config.pipeline.model
    config.geometry.layers, config.geometry.width, config.geometry.features = 2, 64, 8
    config.radiance.layers, config.radiance.width = 1, 16
    config.renderer.sampler.count = 32
    torch.manual_seed(0)
    box = SceneBox(torch.tensor([[-1.0] * 3, [1.0] * 3]))
    model = config.setup(scene_box=box, num_train_data=1, metadata={}).train()
    rays, measured = batch(64)

    def loss() -> torch.Tensor:
        torch.manual_seed(1)
        return torch.stack(list(model.get_loss_dict(model(rays), measured).values())).sum()

    before = loss()
    before.backward()
    groups = model.get_param_groups()
    assert set(groups) == {"geometry", "radiance", "sharpness"}
    torch.optim.SGD([p for group in groups.values() for p in group], lr=1e-4).step()
    assert float(loss().detach()) < float(before.detach())
    assert set(model.renderer.readouts()) == {"inv_s"}


def test_the_method_survives_the_config_file(files):
    config = files["methods/naive"].naive.config
    assert yaml.load(yaml.dump(config), Loader=yaml.Loader) == config


def test_the_reader_reads(files, tmp_path: Path, monkeypatch):
    table = files["data/formats/readers/table"]
    monkeypatch.setattr(reading, "LAYOUTS", (*reading.LAYOUTS, table.LAYOUT))
    lines = []
    for view in range(3):
        Image.new("RGB", (40, 30)).save(tmp_path / f"{view}.png")
        pose = np.concatenate([np.eye(3), [[view], [0.0], [-3.0]]], axis=1)
        lines.append(",".join(map(str, [f"{view}.png", 50.0, 50.0, 20.0, 15.0, *pose.ravel()])))
    (tmp_path / "cameras.csv").write_text("\n".join(lines))
    scene = reading.read_posed_scene(tmp_path)
    assert [view.image.name for view in scene.views] == ["0.png", "1.png", "2.png"]
    assert [view.camera_to_world[0, 3] for view in scene.views] == [0.0, 1.0, 2.0]
    (tmp_path / "cameras.csv").write_text("0.png,1,2,three")
    with pytest.raises(UserError, match="16 numbers"):
        reading.read_posed_scene(tmp_path)
