"""How commands end: a message, a status, nothing half-written."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from idr_neus_plugins.command import command, if_stopped
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import whole_folder


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_removes_what_is_half_written_and_says_how_to_go_on(tmp_path, capsys, number, status):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop, command(), if_stopped("The same command goes on."):
        with whole_folder(tmp_path / "new") as partial:
            (partial / "half").touch()
            os.kill(os.getpid(), number)
            signal.pause()
    assert stop.value.code == status and not list(tmp_path.iterdir())
    assert capsys.readouterr().err == "\nStopped. The same command goes on.\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_advice_it_is_done_again(capsys):
    with pytest.raises(SystemExit), command():
        raise KeyboardInterrupt
    assert "the same command does it again" in capsys.readouterr().err


def test_a_full_disk_is_told_also_where_a_library_wrapped_it(capsys):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/disk/file")
    with pytest.raises(SystemExit) as stop, command():
        try:
            raise full
        except OSError:
            raise RuntimeError("the archive cannot be closed") from None
    assert stop.value.code == 1
    assert "The disk is full: /disk/file was not written. Make room" in capsys.readouterr().err


def test_other_errors_keep_their_trace():
    with pytest.raises(ZeroDivisionError), command():
        _ = 1 // 0
    with pytest.raises(SystemExit), command():
        raise UserError("bad input")
