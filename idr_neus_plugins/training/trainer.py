"""nerfstudio's trainer, with schedules that follow a clock, honest time budgets and checkpoints that stay whole."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import torch
import yaml
from nerfstudio.engine.trainer import Trainer, TrainerConfig
from nerfstudio.utils import writer
from nerfstudio.utils.decorators import check_main_thread
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.command import end_stopped
from idr_neus_plugins.errors import UserError, brief, user_errors
from idr_neus_plugins.serving import guard_viser
from idr_neus_plugins.training.checkpoints import checkpoint_path, find_checkpoint, prune, read_checkpoint, save_whole
from idr_neus_plugins.training.clock import TrainingClock
from idr_neus_plugins.training.distributed import agreed
from idr_neus_plugins.training.pace import SavingPace
from idr_neus_plugins.training.run_folder import claim
from idr_neus_plugins.training.schedulers import ProgressLR
from idr_neus_plugins.training.sparse import pack, unpack
from idr_neus_plugins.training.stopping import StopRequest, resume_command
from idr_neus_plugins.writing import full_disk, replace_file

STEPS_BEFORE_ESTIMATE = 20
LONG_RUN_HOURS = 6.0
UNLIMITED_STEPS = 10**9
"""Of a run that a time budget ends."""


@dataclass
class SurfaceTrainerConfig(TrainerConfig):
    """nerfstudio's trainer and a time budget."""

    _target: type = field(default_factory=lambda: SurfaceTrainer)
    max_minutes: Optional[float] = None  # noqa: UP045 - nerfstudio reads the annotations at run time
    """Wall-clock budget of the training in minutes, instead of a number of steps; every schedule is fitted to it."""

    def save_config(self) -> None:
        """Writes ``config.yml`` into the run's folder, which belongs to this training from here on.

        A scene that is not there is refused before: it leaves no folder.
        """
        with user_errors():
            if (require_data := getattr(self.pipeline.datamanager, "require_data", None)) is not None:
                require_data()
            claim(self.get_base_dir())
            replace_file(self.get_base_dir() / "config.yml", yaml.dump(self).encode())


class SurfaceTrainer(Trainer):
    """Drives ``model.set_progress`` and every :class:`ProgressLR` from one :class:`TrainingClock`."""

    config: SurfaceTrainerConfig

    def __init__(self, config: SurfaceTrainerConfig, local_rank: int = 0, world_size: int = 1) -> None:
        if config.machine.device_type == "cuda" and not torch.cuda.is_available():
            CONSOLE.print("No CUDA device here: training on the CPU.")
            config.machine.device_type = "cpu"
        self.clock = TrainingClock(config.max_num_iterations, config.max_minutes)
        self._pace, self._stop = SavingPace(), StopRequest()
        guard_viser()
        super().__init__(config, local_rank, world_size)

    @property
    def training_state(self) -> str:
        return self._training_state

    @training_state.setter
    def training_state(self, state: str) -> None:
        self._training_state = state  # set by the viewer's buttons, too: a pause is not training time
        self.clock.skip()

    def setup(self, test_mode: str = "val") -> None:
        try:
            with user_errors():
                super().setup(test_mode)  # type: ignore
        except KeyboardInterrupt as stop:  # nerfstudio would show where it was
            end_stopped(stop, "The training had not begun; nothing was saved.")

    def train(self) -> None:
        configured = self.config.max_num_iterations
        total = configured if self.config.max_minutes is None else UNLIMITED_STEPS
        self._last_step = self._start_step - 1
        # The base class runs this many *more* steps; the user means that many altogether.
        self.config.max_num_iterations = max(total - self._start_step, 0)
        self._pace.restart()
        try:
            with user_errors(), self._stop.heeded(self._tell_stop):
                self._train_until_stopped()
        finally:
            self.config.max_num_iterations = configured
        if self._stop.signal is not None and self._stop.is_patient:
            CONSOLE.print(f"Stopped after step {self.step}. {self.how_to_resume()}", soft_wrap=True)
            raise SystemExit(self._stop.exit_status)

    def _train_until_stopped(self) -> None:
        try:
            super().train()
        except KeyboardInterrupt:
            if self._stop.is_patient:
                CONSOLE.print(f"Stopped at once. {self.how_to_resume()}", soft_wrap=True)
                raise SystemExit(self._stop.exit_status) from None
        except Exception as error:
            full = None if isinstance(error, UserError) else full_disk(error)
            if full is None:
                raise
            raise UserError(f"{full} {self.how_to_resume()}") from error

    def _tell_stop(self) -> None:
        """Called in the midst of anything, so it neither prints nor decides for other processes."""
        os.write(2, b"\nStopping after this step, with a checkpoint. Once more stops at once.\n")
        self.stop_training = self.world_size == 1  # ends a pause as well

    def how_to_resume(self) -> str:
        """A sentence with the command that goes on from the newest checkpoint."""
        newest = max(self.checkpoint_dir.glob("step-*.ckpt"), default=None)
        if newest is None:
            return "There is no checkpoint yet: the same command begins anew."
        return f"{newest.name} is whole. To go on from it:\n\n    {resume_command(sys.argv, self.checkpoint_dir)}\n"

    def train_iteration(self, step: int):
        if self._pace.is_due and step > self._start_step:
            self.save_checkpoint(step - 1)  # which callbacks have completed since
        progress = agreed(self.clock.progress(step), self.device)
        self.pipeline.model.set_progress(progress)  # type: ignore[operator]
        for scheduler in self.optimizers.schedulers.values():
            if isinstance(scheduler, ProgressLR):
                scheduler.progress = progress
        loss, losses, metrics = super().train_iteration(step)
        loss, losses = loss.detach(), {name: value.detach() for name, value in losses.items()}
        if not math.isfinite(float(loss)):
            raise self._not_finite(step, losses)
        self._last_step = step
        self.clock.tick()
        self._tell_duration(step)
        asked = agreed(float(self._stop.signal is not None), self.device) > 0
        self.stop_training = self.stop_training or progress >= 1.0 or asked
        return loss, losses, metrics

    def _not_finite(self, step: int, losses: dict[str, torch.Tensor]) -> UserError:
        broken = [name for name, loss in losses.items() if not math.isfinite(float(loss))]
        return UserError(
            f"Step {step}: loss {', '.join(broken)} is not a finite number. The last good checkpoint is in "
            f"{self.checkpoint_dir}; resume from it with --load-dir, or with a lower learning rate."
        )

    def _tell_duration(self, step: int) -> None:
        left = self.clock.seconds_left(step)
        if self.config.max_minutes is not None and self.clock.steps and writer.is_initialized():
            # nerfstudio's table derives its percentage and ETA from the expected number of steps.
            writer.GLOBAL_BUFFER["max_iter"] = step + 1 + round(left / max(self.clock.seconds_per_step, 1e-9))
        if self.clock.steps == STEPS_BEFORE_ESTIMATE:
            CONSOLE.print(duration_message(left, self.clock.seconds_per_step, self.config.method_name or ""))

    def _after_train(self) -> None:
        self.step = max(self._last_step, 0)  # the base class has counted one further when the clock stopped it
        if self._stop.signal is None:
            self._stop.is_patient = False  # from here on the viewer waits for Ctrl-C, and nothing is lost by it
            super()._after_train()
        elif self._last_step >= self._start_step:
            self.save_checkpoint(self.step)
            writer.write_out_storage()

    @check_main_thread
    def save_checkpoint(self, step: int) -> None:
        """Writes the checkpoint whole, then deletes older ones if only the latest is wanted.

        Raises UserError, and keeps the older ones, if a parameter is not a number.
        """
        broken = [name for name, value in self.pipeline.model.named_parameters() if value.isnan().any()]
        if broken:
            raise UserError(f"Step {step}: {', '.join(broken)} is not a number; no checkpoint was written.")
        path = checkpoint_path(self.checkpoint_dir, step)
        with self._pace.saving():
            save_whole(self._state(step), path, workspace=self.base_dir)
        if self.config.save_only_latest_checkpoint:
            prune(keep=path)

    def _state(self, step: int) -> dict:
        """nerfstudio's checkpoint, and the time spent; optimisers' states without their zeros."""
        pipeline = self.pipeline.module if hasattr(self.pipeline, "module") else self.pipeline
        weights = pipeline.state_dict()  # type: ignore
        return {
            "step": step,
            # Without the prefix that several devices bring: a run is read the same however it was trained.
            "pipeline": {name.replace("_model.module.", "_model.", 1): value for name, value in weights.items()},
            "optimizers": pack(_states(self.optimizers.optimizers)),
            "schedulers": _states(self.optimizers.schedulers),
            "scalers": self.grad_scaler.state_dict(),
            "seconds": self.clock.seconds,
        }

    def _load_checkpoint(self) -> None:
        path = find_checkpoint(self.config.load_dir, self.config.load_step, self.config.load_checkpoint)
        if path is None:
            return
        state = read_checkpoint(path)
        try:
            self._restore(state)
        except (KeyError, ValueError, RuntimeError) as error:
            raise UserError(
                f"{path} does not fit this method or this version of idr_neus_plugins ({brief(error)}). "
                "Train again, or use the version that wrote it."
            ) from error
        CONSOLE.print(f"Resuming {path} at step {self._start_step} of {self.config.max_num_iterations}")

    def _restore(self, state: dict[str, Any]) -> None:
        self._start_step = state["step"] + 1
        self.pipeline.model.update_to_step(state["step"])  # type: ignore[operator]
        # nerfstudio's load_pipeline would leave at random whatever a checkpoint of another version lacks.
        self.pipeline.load_state_dict(state["pipeline"], strict=True)
        self.optimizers.load_optimizers(unpack(state["optimizers"]))
        if self.config.load_scheduler:
            self.optimizers.load_schedulers(state["schedulers"])
        self.grad_scaler.load_state_dict(state["scalers"])
        self.clock.resume(state["seconds"])


def _states(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part.state_dict() for name, part in parts.items()}


def duration_message(seconds: float, seconds_per_step: float, method: str) -> str:
    """What the user should know after the first steps."""
    hours, minutes = divmod(math.ceil(seconds / 60.0), 60)
    message = f"Training will take about {hours} h {minutes} min more ({seconds_per_step:.2f} s a step)."
    if seconds < 3600.0 * LONG_RUN_HOURS:
        return message
    if method == "neus-idr-fast":
        return f"{message} Use --max-minutes to fit it into less."
    return f"{message} On this machine `ns-train neus-idr-fast --max-minutes 10` gives a surface in minutes."
