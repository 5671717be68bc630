"""Opening a finished run: its pipeline with the trained weights, or a clear message why not."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from nerfstudio.pipelines.base_pipeline import Pipeline

SURFACE = ("sdf", "surface_colors", "region", "world_from_scene")
"""What a model of ours offers for meshing."""


def load_run(load_config: Path, test_mode: Literal["test", "inference"]) -> Pipeline:
    """Pipeline of a run with its latest checkpoint; ``inference`` opens no image.

    Raises UserError where the run is missing, was made by another version, or is not of one of our methods.
    """
    from nerfstudio.utils.eval_utils import eval_setup

    method = _require_run(load_config)
    try:
        _, pipeline, _, _ = eval_setup(load_config, test_mode=test_mode)
    except AttributeError as error:
        if not is_dataclass(error.obj):
            raise
        raise _other_version(load_config, error) from error
    except RuntimeError as error:
        if "loading state_dict" not in str(error):
            raise
        raise _other_version(load_config, error) from error
    missing = [name for name in SURFACE if not hasattr(pipeline.model, name)]
    if missing:
        raise UserError(
            f"{load_config} is a run of '{method}', which has no surface to offer (no {', '.join(missing)}). "
            "Use a run of neus-idr, neus-idr-womask or neus-idr-fast."
        )
    return pipeline


def _require_run(load_config: Path) -> str:
    """Name of the run's method. Checks what nerfstudio would answer with an IndexError or a bare exit."""
    import yaml

    if not load_config.is_file():
        raise UserError(f"There is no run configuration {load_config}. ns-train writes it as <run>/config.yml.")
    try:
        config = yaml.load(load_config.read_text(), Loader=yaml.Loader)
        folder, method = Path(config.get_checkpoint_dir()).resolve(), config.method_name
    except (yaml.YAMLError, AttributeError) as error:
        raise _other_version(load_config, error) from error
    if not any(folder.glob("step-*.ckpt")):
        raise UserError(
            f"The run has no checkpoint in {folder}. Either it was stopped before the first one was saved, "
            "or this command must be started in the folder where ns-train was."
        )
    return method


def _other_version(load_config: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())[:200]
    return UserError(
        f"{load_config} or its checkpoint does not fit this version of idr_neus_plugins; another one probably wrote it "
        f"({reason}). Train again, or use the version that made the run."
    )
