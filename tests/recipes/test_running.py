"""Jobs with programs that only note that they were called: what runs, what is left alone, what is refused."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

import pytest

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes import running
from idr_neus_plugins.recipes.engines import device_environment, run_locally
from idr_neus_plugins.recipes.job import Job, jobs_of
from idr_neus_plugins.recipes.programs import run_program, stop_programs
from idr_neus_plugins.recipes.recipe import Method, Recipe, Scene
from idr_neus_plugins.recipes.results import Result, read_results, spread
from idr_neus_plugins.recipes.running import forget, run_job

PROGRAM = """#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
option = lambda name: words[words.index(name) + 1]
with open("{log}", "a") as log:
    print(os.environ.get("CUDA_VISIBLE_DEVICES"), pathlib.Path(sys.argv[0]).name, *words, file=log)
if os.path.exists("{broken}"):
    sys.exit("the disk is full")
if "--timestamp" in words:
    run = pathlib.Path(option("--output-dir"), option("--experiment-name"), words[0], option("--timestamp"))
    (run / "nerfstudio_models").mkdir(parents=True, exist_ok=True)
    (run / "nerfstudio_models" / "step-000000009.ckpt").touch()
elif "--json" in words:
    pathlib.Path(option("--json")).write_text(json.dumps({{words[1] + "_score": 1.5, "protocol": "cull none"}}))
"""


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The log of all calls; while a file ``broken`` lies beside it, every program fails."""
    log = tmp_path / "calls.txt"
    log.touch()
    for name in ("ns-train", "ns-export", "idr-neus"):
        program = tmp_path / name
        program.write_text(PROGRAM.format(python=sys.executable, log=log, broken=tmp_path / "broken"))
        program.chmod(0o755)
    monkeypatch.setattr(running, "find_program", lambda name: str(tmp_path / name))
    return log


RECIPE = Recipe(
    "r", "about",
    [Scene("ball", "data/ball", {"eval-views": [1, 2]}, {"exact": "ball.ply"})],
    [Method("fast", flags={"max-minutes": 2}), Method("slow", seeds=[0])],
    seeds=[0, 1], export={"resolution": 50},
)  # fmt: skip


def result_of(job: Job) -> Result:
    return Result("r", job.scene.name, job.method.method, "default", job.seed, {}, None, 7, {}, [], {"code": "now"})


def jobs(folder: Path) -> list[Job]:
    return jobs_of(RECIPE, Path("root"), folder / "out")


def run(job: Job, **environment: str):
    return run_job(job, environment, say=lambda _: None)


def calls(log: Path) -> list[str]:
    return [line.split()[1] for line in log.read_text().splitlines()]


def test_the_commands_are_those_a_user_types(tmp_path):
    first = jobs(tmp_path)[0]
    train, export, mesh, images = (" ".join(step.command) for step in first.steps())
    out = tmp_path / "out"
    assert train == (
        f"ns-train fast --data root/data/ball --output-dir {out} --experiment-name ball --timestamp default-seed0 "
        "--vis tensorboard --machine.seed 0 --max-minutes 2 idr-data --eval-views 1 2"
    )
    config = out / "ball" / "fast" / "default-seed0" / "config.yml"
    assert export == f"ns-export mesh --load-config {config} --output-dir {config.parent}/mesh --resolution 50"
    assert mesh.startswith(f"idr-neus eval mesh --mesh {config.parent}/mesh/mesh.ply --exact root/ball.ply --json")
    assert images.startswith(f"idr-neus eval images --load-config {config}")


def test_first_seeds_first():
    assert [(job.method.method, job.seed) for job in jobs(Path())] == [("fast", 0), ("slow", 0), ("fast", 1)]


def test_a_job_is_done_once(tmp_path, programs):
    job = jobs(tmp_path)[0]
    result = run(job, CUDA_VISIBLE_DEVICES="3")
    assert result.scores == {"mesh_score": 1.5, "images_score": 1.5} and result.protocol == "cull none"
    assert result.training_steps == 10
    assert calls(programs) == ["ns-train", "ns-export", "idr-neus", "idr-neus"]
    assert all(line.startswith("3 ") for line in programs.read_text().splitlines())
    run(job)
    assert len(calls(programs)) == 4
    assert read_results([tmp_path])[job.folder].scores == result.scores


def test_it_goes_on_where_it_failed_and_training_from_its_checkpoint(tmp_path, programs):
    job, broken = jobs(tmp_path)[0], tmp_path / "broken"
    broken.touch()
    with pytest.raises(UserError, match="train ended with 1. It said: the disk is full"):
        run(job)
    (job.folder / "nerfstudio_models").mkdir()
    (job.folder / "nerfstudio_models" / "step-000000004.ckpt").touch()
    broken.unlink()
    run(job)
    assert calls(programs) == ["ns-train", "ns-train", "ns-export", "idr-neus", "idr-neus"]
    assert f"--load-dir {job.folder / 'nerfstudio_models'} --vis" in programs.read_text().splitlines()[1]


def test_a_changed_step_is_done_again_with_what_follows(tmp_path, programs):
    job = jobs(tmp_path)[0]
    run(job)
    programs.write_text("")
    run(Job(**{**vars(job), "export": {"resolution": 60}}))
    assert calls(programs) == ["ns-export", "idr-neus", "idr-neus"]
    programs.write_text("")
    run(Job(**{**vars(job), "method": Method("fast", flags={"max-minutes": 9})}))
    assert calls(programs)[0] == "ns-train" and "--load-dir" not in programs.read_text()


def test_versions_are_not_mixed(tmp_path, programs, monkeypatch):
    first, second, third = jobs(tmp_path)
    run(first)
    monkeypatch.setattr(running, "code_version", lambda: "later")
    with pytest.raises(UserError, match="different versions are not mixed"):
        run(first)
    monkeypatch.setattr(running, "provenance", lambda: {"code": "later"})
    run(second)
    with pytest.raises(UserError, match="different versions"):
        read_results([tmp_path])
    assert len(read_results([second.folder])) == 1


def test_results_that_are_missing_or_broken(tmp_path):
    with pytest.raises(UserError, match="no results"):
        read_results([tmp_path])
    (tmp_path / "result.json").write_text(json.dumps({"recipe": "r"}))
    with pytest.raises(UserError, match="cannot be read as a result"):
        read_results([tmp_path])


def test_spread():
    assert spread([1.0, 2.0, 3.0]) == spread([3.0, 2.0, 1.0])
    assert (spread([1.0, 2.0, 3.0]).mean, spread([1.0, 2.0, 3.0]).deviation) == (2.0, 1.0)
    assert spread([4.0]).deviation is None


def test_each_device_has_one_job_at_a_time_and_a_failure_stops_no_other(tmp_path):
    busy: set[str] = set()

    def work(job: Job, environment: dict[str, str]):
        device = environment["CUDA_VISIBLE_DEVICES"]
        assert device not in busy
        busy.add(device)
        try:
            if job.method.method == "slow":
                raise UserError("no luck")
            return result_of(job)
        finally:
            busy.remove(device)

    outcomes = {(o.job.method.method, o.job.seed): o for o in run_locally(jobs(tmp_path) * 5, ["0", "1"], work)}
    assert outcomes["fast", 1].result == result_of(outcomes["fast", 1].job) and outcomes["slow", 0].problem == "no luck"


def test_the_cpu_is_a_device_without_gpus():
    assert device_environment("cpu") == {"CUDA_VISIBLE_DEVICES": ""}
    assert device_environment("2") == {"CUDA_VISIBLE_DEVICES": "2"}


def test_only_a_jobs_own_folder_is_deleted(tmp_path, programs):
    job = jobs(tmp_path)[0]
    forget(job)
    job.folder.mkdir(parents=True)
    (job.folder / "thesis.tex").touch()
    with pytest.raises(UserError, match="is no folder of a job .* and is not deleted"):
        forget(job)
    (job.folder / "thesis.tex").unlink()
    run(job)
    forget(job)
    assert not job.folder.exists() and job.folder.parent.exists()


@pytest.mark.parametrize(
    "record", ["[]", "{}", '{"code": 5, "steps": {}}', '{"code": "x", "steps": {"train": 5}}', "{"]
)
def test_a_record_that_is_none(tmp_path, programs, record):
    job = jobs(tmp_path)[0]
    job.folder.mkdir(parents=True)
    (job.folder / "steps.json").write_text(record)
    with pytest.raises(UserError, match="steps.json"):
        run(job)


@pytest.mark.parametrize(
    "change",
    [
        {"scores": {"chamfer": "small"}},
        {"seconds": [1]},
        {"provenance": {}},
        {"provenance": {"code": "a", "machine": {"processor": "abacus"}}},
        {"provenance": {"code": "a", "libraries": {"torch": 2}}},
    ],
)
def test_results_of_another_kind_are_named(tmp_path, change):
    result = vars(result_of(jobs(tmp_path)[0])) | change
    (tmp_path / "result.json").write_text(json.dumps(result))
    with pytest.raises(UserError, match="result.json cannot be read as a result of this version"):
        read_results([tmp_path])


def test_programs_end_with_the_command_that_started_them(tmp_path):
    with (tmp_path / "log").open("w") as log:
        threading.Timer(1.0, stop_programs).start()
        assert run_program([sys.executable, "-c", "import time; time.sleep(100)"], log, {}) == -signal.SIGTERM
