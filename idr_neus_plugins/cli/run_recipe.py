"""``idr-neus run``: a recipe's trainings, exports and scores, one plain command after the other."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from idr_neus_plugins.command import if_stopped
from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from idr_neus_plugins.recipes.engines import Outcome
    from idr_neus_plugins.recipes.job import Job

HARMLESS = ("idr-neus", "sample-scene", "{data}")
"""How a preparation begins that writes nothing but the data."""


@dataclass
class RunRecipe:
    """Do all jobs of a recipe (scene × method × seed); what is done already is left alone. Prints every command."""

    recipe: tyro.conf.Positional[Path]
    """YAML file; the project's own are in configs/."""
    data_root: Path = Path(".")
    """Folder below which the recipe's data lie."""
    output: Path = Path("outputs/recipes")
    """The recipe's results go to a folder of its name in here."""
    scenes: tuple[str, ...] = ()
    """Only these scenes."""
    methods: tuple[str, ...] = ()
    """Only these methods."""
    seeds: tuple[int, ...] = ()
    """Only these seeds."""
    engine: Literal["local", "ray"] = "local"
    """local: this machine, one job per device. ray: a Ray cluster, one job per GPU (or CPU)."""
    devices: tuple[str, ...] = ()
    """With the local engine: numbers of GPUs, or cpu; all GPUs by default. `cpu cpu` runs two jobs at a time."""
    ray_address: str | None = None
    """Of a running cluster; without it Ray starts one on this machine."""
    dry_run: bool = False
    """Only print the commands."""
    restart: bool = False
    """Delete what earlier versions of the code have left of these jobs, and begin them anew."""
    trust: bool = False
    """Run the programs that the recipe names to make its data. Read the recipe first: they may do anything."""

    def main(self) -> None:
        from idr_neus_plugins.recipes.job import jobs_of
        from idr_neus_plugins.recipes.recipe import load_recipe
        from idr_neus_plugins.recipes.results import RECIPE_COPY
        from idr_neus_plugins.recipes.running import forget
        from idr_neus_plugins.writing import replace_file

        recipe = load_recipe(self.recipe)
        jobs = [job for job in jobs_of(recipe, self.data_root, self.output / recipe.name) if self._wanted(job)]
        if not jobs:
            raise UserError("No job is left: --scenes, --methods or --seeds name nothing that the recipe has.")
        if self.dry_run:
            _print_commands(jobs)
            return
        replace_file(self.output / recipe.name / RECIPE_COPY, self.recipe.read_bytes())
        for job in jobs:
            _require_trust(job, self.trust)
        for job in jobs:
            if self.restart:
                forget(job)
            _prepare(job)
        with if_stopped("What is done stays done; the same command goes on where it stopped."):
            failed = [outcome for outcome in self._outcomes(jobs) if not _told(outcome)]
        if failed:
            raise UserError(f"{len(failed)} of {len(jobs)} jobs failed:\n" + "\n".join(o.problem for o in failed))

    def _wanted(self, job: Job) -> bool:
        chosen = ((self.scenes, job.scene.name), (self.methods, job.method.method), (self.seeds, job.seed))
        return all(not names or name in names for names, name in chosen)

    def _outcomes(self, jobs: list[Job]) -> Iterator[Outcome]:
        from idr_neus_plugins.recipes.engines import default_devices, run_locally, run_on_ray
        from idr_neus_plugins.recipes.running import run_job

        work = partial(run_job, say=partial(print, flush=True))
        if self.engine == "ray":
            return run_on_ray(jobs, self.ray_address, work)
        return run_locally(jobs, self.devices or default_devices(), work)


def _told(outcome: Outcome) -> bool:
    """Prints how a job ended; whether it ended well."""
    if outcome.result is None:
        print(f"FAILED {outcome.problem}", flush=True)
        return False
    main = ("chamfer", "median", "psnr_masked", "psnr", "mask_iou")
    scores = outcome.result.scores
    shown = [f"{name} {scores[name]:.4g}" for name in main if scores.get(name) is not None]
    print(f"Done: {outcome.job.title}: {', '.join(shown)}", flush=True)
    return True


def _require_trust(job: Job, trust: bool) -> None:
    """Raises UserError for a program of the recipe's author, unless the user trusts it."""
    command = _preparation(job)
    if command and not trust and tuple(job.scene.prepare[: len(HARMLESS)]) != HARMLESS:
        raise UserError(
            f"The recipe makes the data of {job.scene.name} with a program: {shlex.join(command)}. If you know what it "
            "does, run again with --trust; or make the data yourself first."
        )


def _preparation(job: Job) -> list[str]:
    """The command that makes the scene's data; empty where there is none, or the data are there."""
    if job.data.exists():
        return []
    return [word.replace("{data}", str(job.data)) for word in job.scene.prepare]


def _prepare(job: Job) -> None:
    """Makes the scene's data where there is none yet and the recipe says how."""
    from idr_neus_plugins.recipes.running import find_program

    command = _preparation(job)
    if not command:
        return
    print(f"$ {shlex.join(command)}", flush=True)
    if subprocess.run([find_program(command[0]), *command[1:]]).returncode != 0:
        raise UserError(f"The data of {job.scene.name} could not be made; the message is above.")


def _print_commands(jobs: list[Job]) -> None:
    for job in jobs:
        print(f"# {job.title}")
        for step in job.steps():
            print(shlex.join(step.command))
