"""Opening a finished run: its pipeline with the trained weights, or a clear message why not."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idr_neus_plugins.errors import UserError, brief

if TYPE_CHECKING:
    from nerfstudio.engine.trainer import TrainerConfig
    from nerfstudio.pipelines.base_pipeline import Pipeline


def load_run(load_config: Path) -> Pipeline:
    """Pipeline of a run with its latest weights; cameras are read, images are not.

    nerfstudio's own ``eval_setup`` accepts weights that fit only in part and leaves the rest random, and ends with an
    IndexError where there are none; here the weights fit exactly.

    Raises UserError where the run or its checkpoint is missing, is broken, was made by another version, or is not of
    one of our methods.
    """
    import torch

    from idr_neus_plugins.training.checkpoints import read_checkpoint

    config = read_config(load_config)
    weights = read_checkpoint(latest_checkpoint(load_config.parent / config.relative_model_dir), mmap=True)
    try:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        pipeline = config.pipeline.setup(device=device, test_mode="inference")
        pipeline.model.update_to_step(weights["step"])
        pipeline.load_state_dict(weights["pipeline"], strict=True)
    except AttributeError as error:
        if not is_dataclass(error.obj):
            raise
        raise _other_version(load_config, error) from error
    except RuntimeError as error:
        if "loading state_dict" not in str(error):
            raise
        raise _other_version(load_config, error) from error
    return pipeline.eval()


def read_config(load_config: Path) -> TrainerConfig:
    """A run's configuration. Raises UserError as :func:`load_run`."""
    import yaml

    if not load_config.is_file():
        raise UserError(f"There is no run configuration {load_config}. ns-train writes it as <run>/config.yml.")
    try:
        config = yaml.load(load_config.read_text(), Loader=yaml.Loader)
        method, model = config.method_name, config.pipeline.model._target
    except (yaml.YAMLError, AttributeError) as error:
        raise _other_version(load_config, error) from error
    if not hasattr(model, "surface"):
        raise UserError(
            f"{load_config} is a run of '{method}', which has no surface to offer. "
            "Use a run of a method of this package (neus-idr-fast, unisurf-fast, ...)."
        )
    return config


def latest_checkpoint(folder: Path) -> Path:
    """Raises UserError where there is none."""
    checkpoint = max(folder.glob("step-*.ckpt"), default=None)
    if checkpoint is None:
        raise UserError(
            f"The run has no checkpoint: there is no step-*.ckpt in {folder}. It was stopped before the first one was "
            "saved, or config.yml was moved away from its run."
        )
    return checkpoint


def _other_version(load_config: Path, error: Exception) -> UserError:
    return UserError(
        f"{load_config} or its checkpoint does not fit this version of idr_neus_plugins; another one probably wrote it "
        f"({brief(error)}). Train again, or use the version that made the run."
    )
