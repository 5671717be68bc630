"""One of two processes that train one scene on the CPU: ``python two_processes.py RANK FOLDER SCENE``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist
from nerfstudio.configs.base_config import LocalWriterConfig, LoggingConfig, MachineConfig
from nerfstudio.scripts.train import _set_random_seed

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.methods.neus_idr_fast import config as fast


def step_on_marked_rows(ranks: list[int]) -> torch.Tensor:
    """A step after the backward passes of ``ranks``, each of which reaches other rows; averaged by hand if several."""
    values = LatticeParameter(torch.zeros(2, 2, 2, 3))
    values.nodes = MarkedNodes(8, torch.device("cpu"), reference)
    values.grad = torch.zeros_like(values)
    for rank in ranks:
        touched = [rank, rank + 1, 5]
        values.nodes.flat[touched] = 1
        values.grad.view(8, 3)[touched] += (rank + 1.0) / len(ranks) * torch.arange(1.0, 4.0)
    NodeAdam([values], lr=0.1).step()
    return values.detach()


def train(rank: int, folder: Path, scene: Path) -> dict:
    geometry = replace(fast.pipeline.model.geometry, resolutions=(16, 24), starts=(0.0, 0.4), refresh_every=5)
    data = replace(fast.pipeline.datamanager, data=scene, train_num_rays_per_batch=64)
    pipeline = replace(fast.pipeline, datamanager=data, model=replace(fast.pipeline.model, geometry=geometry))
    config = replace(
        fast, pipeline=pipeline, output_dir=folder, experiment_name="two", timestamp="run", max_minutes=0.08,
        vis="tensorboard", machine=MachineConfig(device_type="cpu", num_devices=2),
        logging=LoggingConfig(local_writer=LocalWriterConfig(enable=False)),
    )  # fmt: skip
    _set_random_seed(42 + rank)
    trainer = config.setup(local_rank=rank, world_size=2)
    trainer.setup()
    trainer.train()
    model = trainer.pipeline.model
    weights = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    return {"weights": weights, "last_step": trainer._last_step, "resolution": model.geometry.lattice.resolution}


if __name__ == "__main__":
    rank, folder, scene = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    rows = step_on_marked_rows([rank])
    torch.save({"rows": rows, **train(rank, folder, scene)}, folder / f"rank{rank}.pt")
    dist.destroy_process_group()
