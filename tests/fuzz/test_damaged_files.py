"""Damaged files of every kind are read or refused with a message; nothing else, and nothing for long.

    pytest tests/fuzz --examples 10000

tries that many; they are the same ones every time.
"""

from __future__ import annotations

import shutil
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from idr_neus_plugins.errors import UserError
from tests.fuzz.damage import damages

LONGEST_S = 20.0
MOST_BYTES = 2 * 2**30


class TooLong(BaseException):
    """No reader may take it for an error of its file."""


@contextmanager
def within_limits() -> Iterator[None]:
    """Raises where it takes longer than LONGEST_S, or more memory than MOST_BYTES."""

    def stop(*_: object) -> None:
        raise TooLong

    before, handler = _peak_memory(), signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert _peak_memory() - before < MOST_BYTES, "too much memory"


def _peak_memory() -> int:
    """Bytes that this process has had at most since the last call."""
    status = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_whole_files_are_read(kind, whole_files, tmp_path):
    lay(whole_files(kind), tmp_path)
    kind.read(tmp_path)


def test_damaged_files_are_read_or_refused(kind, whole_files, outcomes, examples, tmp_path):
    files = whole_files(kind)
    names = [name for name in files if fnmatch(name, kind.damaged)]
    assert names, "nothing to damage"

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(which=st.sampled_from(names), misfortunes=damages)
    def one(which: str, misfortunes: list) -> None:
        content = files[which]
        for misfortune in misfortunes:
            content = misfortune(content)
        folder = tmp_path / "files"
        lay(files | {which: content}, folder)
        try:
            with within_limits(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kind.read(folder)
            outcomes["read"] += 1
        except UserError as error:
            assert str(error), "a message without words"
            outcomes["refused"] += 1

    one()


def lay(files: dict[str, bytes], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
