"""The trainer over a pipeline of one parameter: what it does to schedules, budgets and checkpoints."""

import errno
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from nerfstudio.configs.base_config import LocalWriterConfig, LoggingConfig, MachineConfig
from nerfstudio.engine.optimizers import AdamOptimizerConfig
from torch import nn

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.training.pace import EVERY_S, MOST, SavingPace
from idr_neus_plugins.training.schedulers import WarmupCosineConfig
from idr_neus_plugins.training.trainer import SurfaceTrainer, SurfaceTrainerConfig, duration_message


class TinyModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(1))
        self.seen: list[float] = []

    def update_to_step(self, step: int) -> None:
        pass

    def set_progress(self, progress: float) -> None:
        self.seen.append(progress)


class TinyPipeline(nn.Module):
    """As much of a nerfstudio pipeline as its trainer asks for."""

    fail_at: int | None = None
    error: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.model = TinyModel()
        self.datamanager = SimpleNamespace(
            train_dataset=object(), eval_dataset=None, get_train_rays_per_batch=lambda: 1
        )

    def get_param_groups(self) -> dict:
        return {"fields": list(self.parameters())}

    def get_training_callbacks(self, attributes) -> list:
        return []

    def get_train_loss_dict(self, step: int) -> tuple[dict, dict, dict]:
        if self.error is not None:
            raise self.error
        scale = float("nan") if step == self.fail_at else 1.0
        return {}, {"rgb": (scale * self.model.value).square().sum()}, {}


@dataclass
class TinyPipelineConfig:
    datamanager: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(data=Path("scene")))

    def setup(self, **_) -> TinyPipeline:
        return TinyPipeline()


def trainer(folder: Path, steps: int, **changes) -> SurfaceTrainer:
    adam = {"optimizer": AdamOptimizerConfig(lr=0.1), "scheduler": WarmupCosineConfig(warmup=0.2)}
    config = SurfaceTrainerConfig(
        method_name="tiny", output_dir=folder, timestamp="run", max_num_iterations=steps, vis="tensorboard",
        pipeline=TinyPipelineConfig(), optimizers={"fields": adam}, machine=MachineConfig(device_type="cpu"),
        logging=LoggingConfig(local_writer=LocalWriterConfig(enable=False)), **changes,
    )  # fmt: skip
    built = config.setup()
    built.setup()
    return built


def checkpoints(run: SurfaceTrainer) -> list[str]:
    return sorted(path.name for path in run.checkpoint_dir.iterdir())


def test_every_step_is_told_its_progress_up_to_one(tmp_path):
    run = trainer(tmp_path, steps=11)
    run.train()
    torch.testing.assert_close(run.pipeline.model.seen, [step / 10 for step in range(11)])
    assert checkpoints(run) == ["step-000000010.ckpt"]
    torch.testing.assert_close(run.optimizers.optimizers["fields"].param_groups[0]["lr"], 0.1 * 0.05)


def test_resuming_runs_up_to_the_number_of_steps_and_not_that_many_more(tmp_path):
    first = trainer(tmp_path, steps=6)
    first.train()
    again = trainer(tmp_path, steps=11, load_dir=first.checkpoint_dir)
    assert torch.equal(again.pipeline.model.value, first.pipeline.model.value)
    again.train()
    torch.testing.assert_close(again.pipeline.model.seen, [0.6, 0.7, 0.8, 0.9, 1.0])
    assert checkpoints(again) == ["step-000000010.ckpt"] and again.config.max_num_iterations == 11


def test_resuming_a_finished_run_trains_nothing_and_keeps_its_checkpoint(tmp_path):
    first = trainer(tmp_path, steps=4)
    first.train()
    again = trainer(tmp_path, steps=4, load_dir=first.checkpoint_dir)
    again.train()
    assert again.pipeline.model.seen == [] and checkpoints(again) == ["step-000000003.ckpt"]


@pytest.mark.parametrize("change", [{"pipeline": {}}, {"optimizers": {"other": {}}}, {"seconds": None}])
def test_a_checkpoint_of_another_version_is_told_and_not_loaded_in_part(tmp_path, capsys, change):
    first = trainer(tmp_path, steps=2)
    first.train()
    path = first.checkpoint_dir / "step-000000001.ckpt"
    state = torch.load(path, weights_only=True) | change
    torch.save({name: part for name, part in state.items() if part is not None}, path)
    with pytest.raises(SystemExit):
        trainer(tmp_path, steps=3, load_dir=first.checkpoint_dir)
    assert "step-000000001.ckpt does not fit this method or this version" in capsys.readouterr().err


def test_a_time_budget_ends_the_run_with_the_schedule_at_its_end(tmp_path):
    run = trainer(tmp_path, steps=10**9, max_minutes=0.3 / 60)
    run.train()
    assert run.pipeline.model.seen[-1] == 1.0 and run.pipeline.model.seen[-2] < 1.0
    assert checkpoints(run) == [f"step-{len(run.pipeline.model.seen) - 1:09d}.ckpt"]
    saved = torch.load(next(run.checkpoint_dir.iterdir()), weights_only=True)
    assert saved["seconds"] == pytest.approx(0.3, abs=0.1)


def test_nan_is_named_with_its_step_and_leaves_the_last_good_checkpoint(tmp_path, capsys):
    run = trainer(tmp_path, steps=50, steps_per_save=3)
    run.pipeline.fail_at = 5
    with pytest.raises(SystemExit):
        run.train()
    assert "Step 5: loss rgb" in capsys.readouterr().err
    assert checkpoints(run) == ["step-000000003.ckpt"]
    assert run.pipeline.model.value.isnan().all()
    with pytest.raises(UserError, match="no checkpoint was written"):
        run.save_checkpoint(6)
    assert checkpoints(run) == ["step-000000003.ckpt"]


def test_a_full_disk_at_the_end_leaves_the_last_checkpoint_and_a_message(tmp_path, capsys, monkeypatch):
    run, save = trainer(tmp_path, steps=6, steps_per_save=3), torch.save

    def save_while_there_is_room(state, file):
        if state["step"] > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save(state, file)

    monkeypatch.setattr(torch, "save", save_while_there_is_room)
    with pytest.raises(SystemExit):
        run.train()
    message = capsys.readouterr().err
    assert "step-000000005.ckpt was not written" in message and str(run.checkpoint_dir) in message
    assert checkpoints(run) == ["step-000000003.ckpt"]


def test_bad_input_ends_with_its_message_alone(tmp_path, capsys):
    run = trainer(tmp_path, steps=3)
    run.pipeline.error = UserError("the masks are inverted")
    with pytest.raises(SystemExit) as stop:
        run.train()
    assert stop.value.code == 1 and "the masks are inverted" in capsys.readouterr().err


def test_a_gpu_configuration_trains_on_the_cpu_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run = trainer(tmp_path, steps=2)
    run.config.machine.device_type = "cuda"
    assert SurfaceTrainer(run.config).device == "cpu"


def test_long_runs_are_told_of_the_fast_method():
    assert "2 h 0 min" in duration_message(7200.0, 0.5, "neus-idr") and "fast" not in duration_message(7200.0, 0.5, "x")
    assert "neus-idr-fast --max-minutes" in duration_message(1e6, 3.0, "neus-idr")
    assert "--max-minutes" in duration_message(1e6, 3.0, "neus-idr-fast")


class SignalAt:
    """A pipeline's step that sends signals to this process."""

    def __init__(self, run: SurfaceTrainer, step: int, *signals: int) -> None:
        self.loss, self.step, self.signals = run.pipeline.get_train_loss_dict, step, signals

    def __call__(self, step: int):
        if step == self.step:
            for number in self.signals:
                os.kill(os.getpid(), number)
        return self.loss(step)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_training_with_a_checkpoint_and_the_command_that_resumes(
    tmp_path, monkeypatch, capsys, number, status
):
    typed = ["/env/bin/ns-train", "tiny", "--load-dir", "old one", "--max-num-iterations=50", "idr-data", "--data", "x"]
    monkeypatch.setattr(sys, "argv", typed)
    run = trainer(tmp_path, steps=50)
    run.pipeline.get_train_loss_dict = SignalAt(run, 7, number)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as stop:
        run.train()
    assert stop.value.code == status and signal.getsignal(number) is before
    assert checkpoints(run) == ["step-000000007.ckpt"]
    told = capsys.readouterr()
    assert f"ns-train tiny --load-dir {run.checkpoint_dir} --max-num-iterations=50 idr-data --data x" in told.out
    assert "Traceback" not in told.out + told.err
    again = trainer(tmp_path / "again", steps=50, load_dir=run.checkpoint_dir)
    again.train()
    assert len(again.pipeline.model.seen) == 42


def test_a_signal_ends_a_pause(tmp_path):
    run = trainer(tmp_path, steps=50)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    run.callbacks = [SimpleNamespace(run_callback_at_location=lambda step, location: pause(run, step))]
    with pytest.raises(SystemExit):
        run.train()
    assert checkpoints(run) == ["step-000000004.ckpt"]


def pause(run: SurfaceTrainer, step: int) -> None:
    if step == 4:
        run.training_state = "paused"


def test_a_second_signal_ends_it_at_once(tmp_path, monkeypatch, capsys):
    run = trainer(tmp_path, steps=50, steps_per_save=5)
    monkeypatch.setattr("idr_neus_plugins.training.stopping.SAME_S", 0.0)
    run.pipeline.get_train_loss_dict = SignalAt(run, 7, signal.SIGINT, signal.SIGINT)
    with pytest.raises(SystemExit) as stop:
        run.train()
    assert stop.value.code == 130 and checkpoints(run) == ["step-000000005.ckpt"]
    assert "Stopped at once. step-000000005.ckpt is whole" in capsys.readouterr().out


def test_a_checkpoint_is_written_every_minute(tmp_path):
    run = trainer(tmp_path, steps=9, save_only_latest_checkpoint=False)
    run._last_step = -1
    run._pace = SavingPace(now=lambda: 25.0 * (run._last_step + 1))
    run.train()
    kept = [int(name[5:14]) for name in checkpoints(run)]
    assert kept == [2, 5, 8], "a step takes 25 s"
    for step in kept[:-1]:
        saved = torch.load(run.checkpoint_dir / f"step-{step:09d}.ckpt", weights_only=True)
        assert saved["step"] == step


def test_saving_takes_a_small_share_of_the_time():
    now = [0.0]
    pace = SavingPace(now=lambda: now[0])
    now[0] = EVERY_S
    assert pace.is_due
    with pace.saving():
        now[0] += 3.0
    now[0] += 3.0 / MOST - 1.0
    assert not pace.is_due
    now[0] += 1.0
    assert pace.is_due


CLAIM = """
import pathlib, sys
from idr_neus_plugins.training.run_folder import claim
claim(pathlib.Path(sys.argv[1]))
print("mine", flush=True)
sys.stdin.read()
"""


def test_a_folder_belongs_to_one_training(tmp_path, capsys):
    config = trainer(tmp_path, steps=2).config
    line = [sys.executable, "-c", CLAIM, str(config.get_base_dir())]
    other = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "mine\n"
    (config.get_base_dir() / ".unfinished-123.ckpt").touch()
    with pytest.raises(SystemExit):
        config.save_config()
    assert "Another training is writing into" in capsys.readouterr().err
    assert not (config.get_base_dir() / "config.yml").exists()
    other.kill()
    other.wait()
    config.save_config()
    assert (config.get_base_dir() / "config.yml").is_file()
    assert not (config.get_base_dir() / ".unfinished-123.ckpt").exists(), "what a killed training left half-written"
