"""A process beside the training that does the viewer's heavy work, with what the training leaves of the machine.

Not a thread: marching cubes holds the interpreter's lock, and the training would wait for it. Not ``multiprocessing``:
its children import the parent's main module, here all of nerfstudio. Requests and answers are pickled through the
process's standard input and output.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from typing import Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.viewer.requests import Answer, Request


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
    give_way()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print must not end up among the answers
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(_answered(request), answers, protocol=5)
        answers.flush()


def give_way() -> None:
    """Takes what nobody else wants of the machine: Linux's idle class, which never makes a training step wait for its
    turn; elsewhere the lowest priority. Threads that are started later inherit it."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def _answered(request: Request[Any]) -> tuple[bool, Any]:
    try:
        return True, request.answer()
    except UserError as error:
        return False, str(error)
    except Exception as error:  # the viewer shows it, and the next request is answered all the same
        return False, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    serve()
