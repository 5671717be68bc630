"""The same seed gives the same weights, and another seed others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from nerfstudio.configs.base_config import LocalWriterConfig, LoggingConfig, MachineConfig
from nerfstudio.scripts.train import _set_random_seed

from idr_neus_plugins.methods.neus_idr_fast import config as fast


def train(folder: Path, scene: Path, seed: int) -> dict[str, torch.Tensor]:
    """The weights after a short training, begun as ``ns-train`` begins it."""
    geometry = replace(fast.pipeline.model.geometry, resolutions=(16, 24), starts=(0.0, 0.5), refresh_every=5)
    data = replace(fast.pipeline.datamanager, data=scene, train_num_rays_per_batch=128)
    config = replace(
        fast, pipeline=replace(fast.pipeline, datamanager=data, model=replace(fast.pipeline.model, geometry=geometry)),
        output_dir=folder, experiment_name="run", timestamp=str(seed), max_num_iterations=24, vis="tensorboard",
        machine=MachineConfig(device_type="cpu", seed=seed),
        logging=LoggingConfig(local_writer=LocalWriterConfig(enable=False)),
    )  # fmt: skip
    _set_random_seed(config.machine.seed)
    trainer = config.setup(local_rank=0, world_size=1)
    trainer.setup()
    trainer.train()
    return {name: weights.detach().clone() for name, weights in trainer.pipeline.model.named_parameters()}


def test_seeds_are_honoured(tmp_path, tiny_scene):
    first, again, other = (train(tmp_path / str(i), tiny_scene, seed) for i, seed in enumerate((3, 3, 4)))
    assert all(torch.equal(weights, again[name]) for name, weights in first.items())
    assert not any(torch.equal(weights, other[name]) for name, weights in first.items() if weights.numel())
