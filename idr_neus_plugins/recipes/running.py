"""Doing a job step by step, so that it can be interrupted at any time and goes on where it stopped."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.provenance import code_version, provenance
from idr_neus_plugins.recipes.job import Job, Step
from idr_neus_plugins.recipes.results import RESULT, Result
from idr_neus_plugins.writing import write_json

Say = Callable[[str], None]


def run_job(job: Job, environment: Mapping[str, str], say: Say = print) -> Result:
    """Runs the steps that are not done yet and writes ``result.json`` into the job's folder.

    A step is done when it ended well with the same command; what follows a changed step is done again. An interrupted
    training is resumed from its last checkpoint.

    Args:
        environment: added to this process's, e.g. the device.
        say: told every command before it runs.

    Raises UserError where a step fails, or where the folder holds work of another version of the code.
    """
    record = _read_record(job)
    for step in job.steps():
        done = record["steps"].get(step.name)
        if done is None or done["command"] != step.command:
            _forget_from(step, job, record)
            seconds = _run(step, _resumed(step, job), job, environment, say)
            record["steps"][step.name] = {"command": step.command, "seconds": round(seconds, 1)}
            write_json(job.folder / "steps.json", record)
    return _write_result(job, record)


def _read_record(job: Job) -> dict[str, Any]:
    path = job.folder / "steps.json"
    if not path.is_file():
        return {"code": code_version(), "steps": {}}
    record = json.loads(path.read_text())
    if record["code"] != code_version():
        raise UserError(
            f"{job.folder} was begun by version {record['code']}, this is {code_version()}: results of different "
            "versions are not mixed. Run with another --output, or with --restart to do it anew."
        )
    return record


def _forget_from(step: Step, job: Job, record: dict[str, Any]) -> None:
    names = [other.name for other in job.steps()]
    for name in names[names.index(step.name) :]:
        if record["steps"].pop(name, None) and name == "train":
            shutil.rmtree(job.folder)  # trained otherwise: its checkpoints are of no use


def _resumed(step: Step, job: Job) -> list[str]:
    """The command, told to go on from a checkpoint if an interrupted training has left one."""
    checkpoints = job.folder / "nerfstudio_models"
    if step.name != "train" or not any(checkpoints.glob("step-*.ckpt")):
        return step.command
    at = step.command.index("--vis")
    return [*step.command[:at], "--load-dir", str(checkpoints), *step.command[at:]]


def _run(step: Step, command: list[str], job: Job, environment: Mapping[str, str], say: Say) -> float:
    job.folder.mkdir(parents=True, exist_ok=True)
    write_json(job.folder / "steps.json", _read_record(job))  # says whose work this is, even if it is interrupted
    say(f"$ {shlex.join(command)}")
    log, start = job.folder / f"{step.name.replace(' ', '_')}.log", time.monotonic()
    with open(log, "a") as output:
        line = [find_program(command[0]), *command[1:]]
        ended = subprocess.run(line, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    if ended.returncode != 0:
        raise UserError(
            f"{job.title}: {step.name} ended with {ended.returncode}. {_last_words(log)} (all of it: {log})"
        )
    return time.monotonic() - start


def find_program(name: str) -> str:
    """The command beside this Python, or else on the PATH. Raises UserError where there is neither."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise UserError(f"There is no command {name}: install the project into this environment.")
    return found


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"It said: {lines[-1]}" if lines else "It said nothing"


def _training_steps(job: Job) -> int | None:
    """From the name of the last checkpoint, which counts from 0."""
    last = max((job.folder / "nerfstudio_models").glob("step-*.ckpt"), default=None)
    return None if last is None else int(last.stem.removeprefix("step-")) + 1


def _write_result(job: Job, record: dict[str, Any]) -> Result:
    scores: dict[str, Any] = {}
    for name in job.method.scores:
        path = job.scores_file(name)
        if path.is_file():
            scores |= json.loads(path.read_text())
    seconds = {name: step["seconds"] for name, step in record["steps"].items()}
    commands = [shlex.join(step["command"]) for step in record["steps"].values()]
    protocol = scores.pop("protocol", None)
    result = Result(
        recipe=job.recipe, scene=job.scene.name, method=job.method.method, label=job.method.label, seed=job.seed,
        scores=scores, protocol=protocol, training_steps=_training_steps(job),
        seconds=seconds, commands=commands, provenance=provenance(),
    )  # fmt: skip
    write_json(job.folder / RESULT, vars(result))
    return result
