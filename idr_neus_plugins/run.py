"""A finished run: opened whole or not at all, its surface and its views for whoever asks in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from idr_neus_plugins.errors import UserError, brief

if TYPE_CHECKING:
    from nerfstudio.engine.trainer import TrainerConfig
    from nerfstudio.pipelines.base_pipeline import Pipeline

    from idr_neus_plugins.core.surface import Surface
    from idr_neus_plugins.core.views import Views
    from idr_neus_plugins.data.datamanager import SurfaceDataManager
    from idr_neus_plugins.models.surface_model import SurfaceModel


@dataclass(frozen=True)
class Run:
    """A trained method with its weights, on the GPU where there is one."""

    config: TrainerConfig
    pipeline: Pipeline
    """nerfstudio's."""
    checkpoint: Path
    step: int

    @property
    def model(self) -> SurfaceModel:
        return cast("SurfaceModel", self.pipeline.model)

    def surface(self, threshold: float | None = None) -> Surface:
        """The surface; shapes, units and frame are told by ``core.surface.Surface``.

        Args:
            threshold: the density, per scene unit, at which the surface of a NeRF (nerf-fast) is to lie.

        Raises UserError where a threshold is missing or makes no sense.
        """
        return self.model.surface(threshold)

    def training_views(self) -> Views:
        """The photographs that it was trained on, with their cameras; they are read now."""
        return cast("SurfaceDataManager", self.pipeline.datamanager).training_views()


def load_run(load_config: Path | str) -> Run:
    """Opens the run of a ``config.yml`` that ns-train has written, with its latest weights; cameras are read, images
    are not.

    Raises UserError as :func:`open_run`, and where the run is of a method without a surface.
    """
    path = Path(load_config)
    return open_run(path, read_config(path))


def open_run(
    load_config: Path,
    config: TrainerConfig,
    test_mode: Literal["test", "val", "inference"] = "inference",
    change: Callable[[TrainerConfig], TrainerConfig] | None = None,
) -> Run:
    """A run's pipeline with its latest weights, from the checkpoints beside its ``config.yml``.

    nerfstudio's own ``eval_setup`` accepts weights that fit only in part and leaves the rest random, and ends with an
    IndexError where there are none; here the weights fit exactly.

    Args:
        config: as it was read; ``change`` may alter it before the pipeline is made.
        test_mode: what nerfstudio's pipelines read: "inference" needs the cameras alone.

    Raises UserError where the checkpoint is missing, is broken, or is of another version or method.
    """
    import torch

    from idr_neus_plugins.training.checkpoints import read_checkpoint

    path = latest_checkpoint(load_config.parent / config.relative_model_dir)
    weights = read_checkpoint(path, mmap=True)
    config = config if change is None else change(config)
    try:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        pipeline = config.pipeline.setup(device=device, test_mode=test_mode)
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
    return Run(config, pipeline.eval(), path, weights["step"])


def read_config(load_config: Path) -> TrainerConfig:
    """Configuration of a run that has a surface. Raises UserError where it is none, or of another method."""
    config = read_trainer_config(load_config)
    model = config.pipeline.model._target
    if not hasattr(model, "surface"):
        raise UserError(
            f"{load_config} is a run of '{config.method_name}', which has no surface to offer. "
            "Use a run of a method of this package (neus-idr-fast, unisurf-fast, ...)."
        )
    return config


def read_trainer_config(load_config: Path) -> TrainerConfig:
    """A run's configuration, of any method. Raises UserError where it is none, or asks for anything but its parts."""
    from nerfstudio.engine.trainer import TrainerConfig

    from idr_neus_plugins.training.configuration import read_configuration

    config = read_configuration(load_config)
    if not isinstance(config, TrainerConfig):
        raise UserError(f"{load_config} is no configuration of a run. ns-train writes one as <run>/config.yml.")
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
