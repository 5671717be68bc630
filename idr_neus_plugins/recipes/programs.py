"""The programs that jobs run: stopped with the command that started them, and given the time to save what they have."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

_running: set[subprocess.Popen[bytes]] = set()


def run_program(line: Sequence[str], output: IO[str], environment: Mapping[str, str]) -> int:
    """Waits for a program whose words go to a file; its exit status."""
    with subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, env=environment) as program:
        _running.add(program)
        try:
            return program.wait()
        finally:
            _running.discard(program)


def stop_programs() -> None:
    """Asks all programs to end; a training then saves its checkpoint."""
    for program in list(_running):
        program.terminate()
