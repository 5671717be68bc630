"""A tiny set of shapes, and a run that has learned from it that there is something, and little else."""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from pathlib import Path

import pytest
import torch
import yaml

from idr_neus_plugins.methods.disn import disn
from idr_neus_plugins.single_view.fields.encoder import SmallResNetConfig
from idr_neus_plugins.single_view.shapes.writing import ShapeSetOptions, plan, write_record, write_shape
from idr_neus_plugins.training.checkpoints import checkpoint_path

STEPS = 150


@pytest.fixture(scope="session")
def shape_set(tmp_path_factory) -> Path:
    """Five cars: three to learn from, one for validation, one for testing."""
    folder = tmp_path_factory.mktemp("shapes") / "set"
    options = ShapeSetOptions(("car",), count=5, views=4, size=64, points=2048, test_share=0.2, seed=0)
    jobs = plan(options)
    for job in jobs:
        write_shape(folder, job, options)
    write_record(folder, jobs, options)
    return folder


@pytest.fixture(scope="session")
def single_view_run(shape_set, tmp_path_factory) -> Path:
    """config.yml of a run of ``disn`` with a narrow network."""
    config = deepcopy(disn.config)
    config.output_dir, config.experiment_name = tmp_path_factory.mktemp("single_view"), "tiny"
    config.timestamp = "run"
    data, field = config.pipeline.datamanager, config.pipeline.model.geometry.field
    data.data, data.images = shape_set, 4
    field.encoder, field.width = SmallResNetConfig(code=32, channels=16, widths=(8, 16)), 32
    torch.manual_seed(0)
    pipeline = config.pipeline.setup(device="cpu", test_mode="val")
    # The method's own optimiser warms up from a rate of zero.
    optimizer = torch.optim.Adam(chain.from_iterable(pipeline.get_param_groups().values()), lr=5e-3)
    for step in range(STEPS):
        optimizer.zero_grad()
        _, losses, _ = pipeline.get_train_loss_dict(step)
        sum(losses.values()).backward()
        optimizer.step()
    checkpoint = checkpoint_path(config.get_checkpoint_dir(), STEPS - 1)
    checkpoint.parent.mkdir(parents=True)
    torch.save({"step": STEPS - 1, "pipeline": pipeline.state_dict()}, checkpoint)
    path = config.get_base_dir() / "config.yml"
    path.write_text(yaml.dump(config))
    return path
