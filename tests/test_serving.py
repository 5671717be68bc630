"""Pages answer their own user and nobody else."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
import viser

from idr_neus_plugins.serving import LARGEST_UPLOAD, THIS_MACHINE, is_own_page, start_server, upload_problem


@pytest.mark.parametrize(
    ("listens", "asked", "origin", "answered"),
    [
        ("127.0.0.1", "localhost:8080", "http://localhost:8080", True),
        ("127.0.0.1", "127.0.0.1:8080", None, True),
        ("127.0.0.1", "[::1]:8080", "http://[::1]:8080", True),
        ("127.0.0.1", "localhost:8080", "http://localhost:8081", False),
        ("127.0.0.1", "localhost:8080", "https://evil.example", False),
        ("127.0.0.1", "localhost:8080", "null", False),
        ("127.0.0.1", "evil.example:8080", "http://evil.example:8080", False),  # a name that now leads to 127.0.0.1
        ("127.0.0.1", "", None, False),
        ("0.0.0.0", "workstation:8080", "http://workstation:8080", True),
        ("0.0.0.0", "workstation:8080", "https://evil.example", False),
    ],
)
def test_only_a_servers_own_pages_are_answered(listens, asked, origin, answered):
    headers = {"Host": asked} if origin is None else {"Host": asked, "Origin": origin}
    assert is_own_page(headers, listens) == answered


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = start_server(THIS_MACHINE, 18_080)
    yield server
    server.stop()


def status(server: viser.ViserServer, path: str = "/", **headers: str) -> int:
    connection = http.client.HTTPConnection(THIS_MACHINE, server.get_port(), timeout=60)
    connection.request("GET", path, headers=headers)
    return connection.getresponse().status


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


def test_a_real_server_refuses_other_sites(server):
    own = f"http://{THIS_MACHINE}:{server.get_port()}"
    assert status(server) == 200
    assert status(server, **UPGRADE, Origin=own) == 101
    assert status(server, **UPGRADE, Origin="https://evil.example") == 403
    assert status(server, Host="evil.example") == 403


def test_a_real_server_gives_away_no_other_files(server):
    assert status(server, "/../__init__.py") == 404 and status(server, "/../../_viser.py") == 404


def test_uploads_are_limited():
    assert upload_problem("owl.png", "image/png", 1000) is None
    for name, kind, size, reason in (
        ("owl.txt", "text/plain", 1000, "Only files of kind image"),
        ("owl.png", "image/png", LARGEST_UPLOAD + 1, "64 MB; at most 64"),
        ("owl.png", "image/png", 0, "0 MB"),
        ("é" * 100, "image/png", 1000, "name is longer"),
    ):
        assert reason in upload_problem(name, kind, size)
