"""A reconstructed object as a run, laid out as ``ns-train`` does: what nerfstudio's commands take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
import yaml
from nerfstudio.engine.trainer import TrainerConfig

from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.meshing.build import Built
from idr_neus_plugins.meshing.output import write_built
from idr_neus_plugins.single_view.model import SingleViewModel
from idr_neus_plugins.single_view.reconstruction.object_data import ORBIT, ObjectDataManagerConfig, write_object_data
from idr_neus_plugins.single_view.reconstruction.predicting import Framed
from idr_neus_plugins.single_view.reconstruction.start import start_surface
from idr_neus_plugins.training.checkpoints import checkpoint_path
from idr_neus_plugins.writing import whole_folder

SCENE, MESH, START = "scene", "mesh.glb", "start.npz"


def write_object_run(
    training: TrainerConfig,
    step: int,
    model: SingleViewModel,
    photographs: Sequence[Framed],
    built: Built,
    output_dir: Path,
    name: str,
) -> Path:
    """Writes ``<output_dir>/<name>/<method>/<time>`` whole: config, weights with the photographs, data, mesh,
    and ``start.npz``, from which a training on more photographs may start.

    Args:
        training: configuration of the run that ``model`` was trained in, and its last ``step``.
        built: the mesh of what the model shows.

    Returns:
        The path of the new run's config.yml.
    """
    config = replace(
        training,
        output_dir=output_dir.resolve(),
        experiment_name=name,
        timestamp=datetime.now().strftime("%Y-%m-%d_%H%M%S"),
        data=None,
        load_dir=None,
        load_checkpoint=None,
    )
    run = config.get_base_dir()
    views = tuple(range(len(photographs), len(photographs) + ORBIT))
    data = ObjectDataManagerConfig(dataparser=IdrDataParserConfig(data=run / SCENE, eval_views=views))
    config.pipeline = replace(training.pipeline, datamanager=data)
    world_from_scene = model.world_from_scene.cpu().numpy().astype(np.float64)
    with whole_folder(run) as folder:
        write_object_data(folder / SCENE, photographs, built.mesh, world_from_scene)
        (folder / "config.yml").write_text(yaml.dump(config))
        checkpoint = checkpoint_path(folder / config.relative_model_dir, step)
        checkpoint.parent.mkdir()
        weights = {f"_model.{key}": value for key, value in model.state_dict().items()}
        torch.save({"step": step, "pipeline": weights}, checkpoint)
        write_built(built, folder / MESH, "world", world_from_scene)
        (folder / START).write_bytes(start_surface(built.mesh, world_from_scene).content())
    return run / "config.yml"
