"""A process beside the training that does the viewer's heavy work, with what the training leaves of the machine.

Not a thread: marching cubes holds the interpreter's lock, and the training would wait for it. Not ``multiprocessing``:
its children import the parent's main module, here all of nerfstudio. Requests and answers are pickled through the
process's standard input and output.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.viewer.requests import Answer, Request

NICENESS = 10
"""The training keeps nine tenths of a core that both want. With a smaller share, or in the idle class of Linux, no mesh
would be finished in useful time where the training leaves no gap."""


class Worker:
    """Starts its process at the first request, and ends it with the program."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def ask(self, request: Request[Answer]) -> Answer:
        """Waits for the answer, in the calling thread. Raises UserError with the worker's message where it failed."""
        with self._one_at_a_time:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            try:
                pickle.dump(request, process.stdin, protocol=5)
                process.stdin.flush()
                succeeded, answer = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
                self.close()
                raise UserError(
                    "The viewer's worker process ended (out of memory?). Try a lower resolution."
                ) from error
        if not succeeded:
            raise UserError(answer)
        return answer

    def close(self) -> None:
        """Ends the process; a later request starts a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Its process stands still meanwhile, in the middle of whatever it does; for measuring."""
        process = self._process
        if process is not None:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if process is not None:
                process.send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            few = {name: "1" for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **few, "CUDA_VISIBLE_DEVICES": ""},
            )
        return self._process


def serve() -> None:
    """The worker's side: answers requests until its input ends."""
    os.nice(NICENESS)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print must not end up among the answers
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(_answered(request), answers, protocol=5)
        answers.flush()


def _answered(request: Request[Any]) -> tuple[bool, Any]:
    try:
        return True, request.answer()
    except UserError as error:
        return False, str(error)
    except Exception as error:  # the viewer shows it, and the next request is answered all the same
        return False, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    serve()
