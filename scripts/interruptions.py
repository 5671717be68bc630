"""Kills real trainings, exports, renderings, preparations at random moments, and fills their disk: what is left?

    python scripts/interruptions.py train --trials 20           # SIGKILL
    python scripts/interruptions.py export --trials 20 --full   # a disk of random size; needs root, to mount a tmpfs

Whatever bears a final name must be whole, and a full disk must be told with one message. A trial is a fork of this
process, which has loaded the command's libraries once; so one command per call.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STEPS, SAVE_EVERY, VIEWS, SIZE = 60, 10, 10, 64


@dataclass(frozen=True)
class Command:
    """A command, with the function behind its console script."""

    words: Callable[[Path], list[str]]
    """Command line that writes into a folder."""
    look: Callable[[Path], bool]
    """Whether the folder holds the finished result. Raises where something with a final name is not whole."""


def in_a_fork(words: list[str], log: Path) -> int:
    """Starts a command line in a process of its own; its number."""
    process = os.fork()
    if process:
        return process
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    status = 1
    try:
        sys.argv = words
        entrypoint(words[0])()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def entrypoint(program: str) -> Callable[[], None]:
    """As the console script gets it: by the first import of its module."""
    if program == "ns-train":
        from nerfstudio.scripts.train import entrypoint
    elif program == "ns-export":
        from nerfstudio.scripts.exporter import entrypoint
    elif program == "ns-render":
        from nerfstudio.scripts.render import entrypoint
    else:
        from idr_neus_plugins.cli.main import entrypoint
    return entrypoint


def finish(words: list[str], log: Path) -> float:
    """Runs a command line to its end, which must be a good one; seconds."""
    start = time.monotonic()
    _, status = os.waitpid(in_a_fork(words, log), 0)
    if status:
        sys.exit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}:\n{log.read_text()[-3000:]}")
    return time.monotonic() - start


def commands(work: Path) -> dict[str, Command]:
    """All of them, on the scene and the run in ``work``."""
    run = work / "out" / "tiny" / "neus-idr-fast" / "run"
    train = [
        "ns-train",
        "neus-idr-fast",
        "--data",
        str(work / "scene"),
        "--vis",
        "tensorboard",
        "--experiment-name",
        "tiny",
    ]
    train += ["--timestamp", "run", "--max-num-iterations", str(STEPS), "--steps-per-save", str(SAVE_EVERY)]
    of_run = ["--load-config", str(run / "config.yml")]
    return {
        "train": Command(lambda out: [*train, "--output-dir", str(out)], look_at_training),
        "export": Command(
            lambda out: ["ns-export", "mesh", *of_run, "--output-dir", str(out / "mesh"), "--resolution", "96"],
            look_at_mesh,
        ),
        "render": Command(
            lambda out: [
                "ns-render",
                "interpolate",
                *of_run,
                "--output-path",
                str(out / "film.mp4"),
                "--pose-source",
                "train",
                "--interpolation-steps",
                "10",
            ],
            look_at_film,
        ),  # fmt: skip
        "prepare": Command(
            lambda out: ["idr-neus", "prepare", str(work / "scene"), "--output", str(out / "new")], look_at_scene
        ),
    }


def look_at_training(folder: Path) -> bool:
    from idr_neus_plugins.training.checkpoints import read_checkpoint
    from idr_neus_plugins.training.configuration import read_configuration

    run = folder / "tiny" / "neus-idr-fast" / "run"
    if (run / "config.yml").exists():
        read_configuration(run / "config.yml")
    saved = sorted((run / "nerfstudio_models").iterdir()) if (run / "nerfstudio_models").is_dir() else []
    steps = [read_checkpoint(path)["step"] for path in saved]
    assert [path.name for path in saved] == [f"step-{step:09d}.ckpt" for step in steps], saved
    return bool(steps) and steps[-1] == STEPS - 1


def look_at_mesh(folder: Path) -> bool:
    from idr_neus_plugins.meshing.reading import read_mesh

    mesh, record = folder / "mesh" / "mesh.ply", folder / "mesh" / "mesh.json"
    told = json.loads(record.read_text()) if record.exists() else None
    if mesh.exists():
        faces = len(read_mesh(mesh).faces)
        assert told is None or told["faces"] == faces
    return told is not None


def look_at_film(folder: Path) -> bool:
    film = folder / "film.mp4"
    if not film.exists():
        return False
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"]
    frames = int(subprocess.run([*probe, str(film)], capture_output=True, check=True, text=True).stdout)
    assert frames > VIEWS, frames
    return True


def look_at_scene(folder: Path) -> bool:
    from PIL import Image

    from idr_neus_plugins.data.formats.reading import read_posed_scene

    if not (folder / "new").exists():
        return False
    scene = read_posed_scene(folder / "new")
    assert len(scene.views) == VIEWS and scene.has_masks
    for view in scene.views:
        Image.open(view.image).load()
    return True


def kill_at_random(command: Command, out: Path, seconds: float) -> str:
    """What became of it, after SIGKILL within the time that it would have taken."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    process = in_a_fork(command.words(out), out.with_suffix(".log"))
    time.sleep(seconds * random.random() ** 2)  # early more often: it was measured once, and may be faster
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "finished before" if command.look(out) else "killed"


def fill_at_random(command: Command, out: Path, size: int) -> str:
    """What became of it on a disk that may be too small."""
    out.mkdir(exist_ok=True)
    room = random.randint(4096, int(1.3 * size))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", out], check=True)
    try:
        log = out.with_suffix(".log")
        _, status = os.waitpid(in_a_fork(command.words(out), log), 0)
        finished, said = command.look(out), log.read_text(errors="replace")
        assert "Traceback" not in said, said[-3000:]
        assert finished == (status == 0), f"ended with {status}:\n{said[-3000:]}"
        assert finished or "disk is full" in said or "room on the disk" in said, said[-3000:]
        return "finished" if finished else "told"
    finally:
        subprocess.run(["umount", out], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("train", "export", "render", "prepare"))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--full", action="store_true", help="fill the disk instead of killing the process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder whose scene and run are used again")
    options = parser.parse_args()
    random.seed(options.seed)
    work = options.work or Path(tempfile.mkdtemp(prefix="interruptions-"))
    work.mkdir(exist_ok=True)
    prepare_work(work)
    command, out = commands(work)[options.command], work / f"{options.command}-trial"
    entrypoint(command.words(out)[0])
    whole = work / f"{options.command}-whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    finish(command.words(whole), whole.with_suffix(".log"))  # also compiles what is compiled once
    shutil.rmtree(whole)
    whole.mkdir()
    seconds = finish(command.words(whole), whole.with_suffix(".log"))
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    assert command.look(whole), "the undisturbed command left no result"
    print(f"undisturbed: {seconds:.1f} s, {size / 1e6:.1f} MB", flush=True)
    outcomes: Counter[str] = Counter()
    for trial in range(options.trials):
        disturb = (
            (lambda: fill_at_random(command, out, size))
            if options.full
            else (lambda: kill_at_random(command, out, seconds))
        )
        outcome = disturb()
        outcomes[outcome] += 1
        print(f"{trial + 1}: {outcome}", flush=True)
    how = "full disk" if options.full else "kill -9"
    print(f"{options.command}, {how}: {dict(outcomes)}; everything with a final name was whole")


def prepare_work(work: Path) -> None:
    """A small scene and a finished training on it, by the commands themselves."""
    if not (work / "scene").exists():
        line = ["idr-neus", "sample-scene", str(work / "scene"), "--views", str(VIEWS), "--size", str(SIZE)]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    if not list((work / "out").rglob("step-*.ckpt")):
        line = commands(work)["train"].words(work / "out")
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
