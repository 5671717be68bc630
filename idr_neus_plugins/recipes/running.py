"""Doing a job step by step, so that it can be interrupted at any time and goes on where it stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from typeguard import check_type

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.provenance import code_version, provenance
from idr_neus_plugins.reading import as_data, read_json
from idr_neus_plugins.recipes.job import Job, Step
from idr_neus_plugins.recipes.programs import run_program
from idr_neus_plugins.recipes.results import RESULT, Result
from idr_neus_plugins.writing import write_json

Say = Callable[[str], None]
RECORD = "steps.json"
"""In a job's folder: which steps are done. What has none is not ours to delete."""


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
            write_json(job.folder / RECORD, record)
    return _write_result(job, record)


def _read_record(job: Job) -> dict[str, Any]:
    path = job.folder / RECORD
    if not path.is_file():
        return {"code": code_version(), "steps": {}}
    record = read_json(path)
    with as_data(path, "the record of a job", "Run with --restart to do the job anew."):
        check_type(record, dict[str, Any])
        check_type((record["code"], record["steps"]), tuple[str, dict[str, dict[str, Any]]])
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
            forget(job)  # trained otherwise: its checkpoints are of no use


def forget(job: Job) -> None:
    """Deletes a job's folder, if there is one. Raises UserError where it is none that ``run_job`` has made."""
    if not job.folder.exists():
        return
    if job.folder.is_symlink() or not (job.folder / RECORD).is_file():
        raise UserError(
            f"{job.folder} is no folder of a job (it has no {RECORD}) and is not deleted. Remove it yourself."
        )
    shutil.rmtree(job.folder)


def _resumed(step: Step, job: Job) -> list[str]:
    """The command, told to go on from a checkpoint if an interrupted training has left one."""
    checkpoints = job.folder / "nerfstudio_models"
    if step.name != "train" or not any(checkpoints.glob("step-*.ckpt")):
        return step.command
    at = step.command.index("--vis")
    return [*step.command[:at], "--load-dir", str(checkpoints), *step.command[at:]]


def _run(step: Step, command: list[str], job: Job, environment: Mapping[str, str], say: Say) -> float:
    job.folder.mkdir(parents=True, exist_ok=True)
    write_json(job.folder / RECORD, _read_record(job))  # says whose work this is, even if it is interrupted
    say(f"$ {shlex.join(command)}")
    log, start = job.folder / f"{step.name.replace(' ', '_')}.log", time.monotonic()
    with open(log, "a") as output:
        status = run_program([find_program(command[0]), *command[1:]], output, {**os.environ, **environment})
    if status != 0:
        raise UserError(f"{job.title}: {step.name} ended with {status}. {_last_words(log)} (all of it: {log})")
    return time.monotonic() - start


def find_program(name: str) -> str:
    """The command beside this Python, or else on the PATH. Raises UserError where there is neither."""
    beside = Path(sys.executable).parent / name
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
            scores |= read_json(path)
    seconds = {name: step["seconds"] for name, step in record["steps"].items()}
    commands = [shlex.join(step["command"]) for step in record["steps"].values()]
    protocol = scores.pop("protocol", None)
    scores = {name: score for name, score in scores.items() if score is None or isinstance(score, (int, float))}
    result = Result(
        recipe=job.recipe, scene=job.scene.name, method=job.method.method, label=job.method.label, seed=job.seed,
        scores=scores, protocol=protocol, training_steps=_training_steps(job),
        seconds=seconds, commands=commands, provenance=provenance(),
    )  # fmt: skip
    write_json(job.folder / RESULT, vars(result))
    return result
