"""``idr-neus bench live``: how much a live mesh beside the training slows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    from idr_neus_plugins.training.trainer import SurfaceTrainer
    from idr_neus_plugins.viewer.worker import Worker


@dataclass
class BenchLive:
    """Time training steps while the viewer's worker makes one mesh after the other, and while it stands still, by turns
    that are short, so that whatever else the machine does slows both alike."""

    data: Path
    """The scene."""
    method: str = "neus-idr-fast"
    """A method of ours."""
    resolution: int = 128
    """Of the mesh."""
    steps: int = 10
    """Steps of a turn."""
    turns: int = 20
    """Turns beside the worker, and as many without."""
    progress: float = 0.9
    """At which progress of the training: grids are coarse at 0 and fine at 1."""
    json: Path | None = None
    """Write the figures to this file too: ``step_ms step_ms_live ratio meshes``."""

    def main(self) -> None:
        from idr_neus_plugins.benchmarks.step_timing import config_of, started
        from idr_neus_plugins.provenance import provenance
        from idr_neus_plugins.viewer.worker import Worker

        if min(self.steps, self.turns, self.resolution) < 1 or not 0 <= self.progress <= 1:
            raise UserError("--steps, --turns and --resolution are at least 1, --progress between 0 and 1.")
        worker = Worker()
        try:
            with started(config_of(self.method), self.data, self.progress) as trainer:
                figures = self._alternate(trainer, _Meshing(worker, trainer.pipeline.model, self.resolution))
        finally:
            worker.close()
        print_scores(f"{self.method} on {self.data.name}, live mesh of {self.resolution}", figures)
        if self.json is not None:
            write_json(self.json, {**figures, "provenance": provenance()})

    def _alternate(self, trainer: SurfaceTrainer, meshing: _Meshing) -> dict[str, float]:
        """Mean wall time of a step without and beside the worker, pauses for snapshots included."""
        meshing.make_one()  # starts its process
        step, _ = _take(trainer, meshing.lock, 0, self.steps)
        seconds = {True: 0.0, False: 0.0}
        with meshing.again_and_again():
            for turn in range(self.turns):
                # By turns the one first and the other: some work comes every so many steps.
                for resting in (turn % 2 == 0, turn % 2 == 1):
                    with meshing.worker.at_rest() if resting else nullcontext():
                        step, taken = _take(trainer, meshing.lock, step, self.steps)
                    seconds[resting] += taken
        each = 1e3 / (self.turns * self.steps)
        return {
            "step_ms": each * seconds[True],
            "step_ms_live": each * seconds[False],
            "ratio": seconds[False] / seconds[True],
            "meshes": meshing.made,
        }


@dataclass
class _Meshing:
    """What the viewer's thread does for a live mesh, without a browser."""

    worker: Worker
    model: Any
    resolution: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held by every step, and by snapshots."""
    made: int = 0
    """Meshes beside the training so far."""

    def make_one(self) -> None:
        """Raises UserError where there is no surface."""
        from idr_neus_plugins.viewer.requests import LiveMeshRequest
        from idr_neus_plugins.viewer.snapshot import Snapshot

        with self.lock:
            snapshot = Snapshot.take(self.model, colors=False)
        self.worker.ask(LiveMeshRequest(snapshot, "mesh", self.resolution, None, []))

    @contextmanager
    def again_and_again(self) -> Iterator[None]:
        """Beside whatever is done meanwhile; the last mesh is finished before it ends."""
        enough = threading.Event()

        def work() -> None:
            while not enough.is_set():
                self.make_one()
                self.made += 1

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()


def _take(trainer: SurfaceTrainer, lock: threading.Lock, step: int, steps: int) -> tuple[int, float]:
    """Takes ``steps`` from ``step`` on; returns the next one, and the seconds."""
    start = time.perf_counter()
    for each in range(step, step + steps):
        with lock:
            trainer.train_iteration(each)
    return step + steps, time.perf_counter() - start
