"""Pages in the browser that only their user reaches: viser's servers, kept to this machine and away from strangers.

viser answers whoever asks. Any page that is open in the same browser may ask, too: browsers let scripts of all sites
open websockets to localhost, and a site may even give its own name the address 127.0.0.1. What such a page cannot do is
to hide where it comes from.
"""

from __future__ import annotations

import http
import ipaddress
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import viser
import viser.infra._infra as viser_server
import websockets.exceptions
from viser._messages import FileTransferPart, FileTransferStart
from websockets.legacy.server import serve

THIS_MACHINE = "127.0.0.1"
LARGEST_UPLOAD = 64 * 2**20
"""Bytes. A photograph of 100 megapixels takes less as JPEG; larger ones as PNG can be shrunk first."""
LONGEST_NAME = 120
MOST_UPLOADS = 4
"""At a time."""


def start_server(host: str, port: int) -> viser.ViserServer:
    """A guarded server at the port or the next that is free. It runs until ``stop()`` is called."""
    guard_viser()
    return viser.ViserServer(host=host, port=port, verbose=False)


def serve_until_stopped(server: viser.ViserServer, what: str) -> None:
    """Tells where the page is, and returns when the user stops the command."""
    host = server.get_host()
    shown = "localhost" if host in (THIS_MACHINE, "0.0.0.0") else host
    reach = "" if host == THIS_MACHINE else f" (reachable by others: it listens on {host})"
    print(f"http://{shown}:{server.get_port()} {what}{reach}. Ctrl-C ends it.", flush=True)
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        server.stop()


def guard_viser() -> None:
    """Servers that viser starts from now on, in this process, refuse the pages of other sites."""
    names = {"server": SimpleNamespace(serve=_serve), "exceptions": websockets.exceptions}
    viser_server.websockets = SimpleNamespace(**names)  # type: ignore[assignment]


def _serve(handler: Any, host: str, port: int, process_request: Any = None) -> Any:
    """websockets' ``serve``, as viser calls it."""

    async def answer(path: str, headers: Mapping[str, str]) -> Any:
        if not is_own_page(headers, host):
            return http.HTTPStatus.FORBIDDEN, {}, b"This page is not of this server.\n"
        if ".." in path:
            return http.HTTPStatus.NOT_FOUND, {}, b"404"
        return None if process_request is None else await process_request(path, headers)

    return serve(handler, host, port, process_request=answer)


def is_own_page(headers: Mapping[str, str], host: str) -> bool:
    """Whether a request comes from a page of this server, or from no page at all.

    Args:
        headers: of the request: "Host" is what the browser calls this server, "Origin" whose page it is.
        host: the address that the server listens on. On this machine's own, nobody but this machine has a name for it.
    """
    asked = urlsplit(f"//{headers.get('Host', '')}")
    if _is_loopback(host) and not _is_loopback(asked.hostname or ""):
        return False
    origin = headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == asked.netloc


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def limit_uploads(server: viser.ViserServer, tell: Callable[[str], None], kind: str = "image/") -> None:
    """Takes no file that is of another kind, too large, or named too long, and no more bytes than were announced.

    Args:
        tell: given the reason where a file is not taken.
    """
    gui, interface = server.gui, server._websock_server
    waiting = gui._current_file_upload_states

    def start(client: Any, message: FileTransferStart) -> None:
        reason = upload_problem(message.filename, message.mime_type, message.size_bytes, kind)
        if reason is None and len(waiting) >= MOST_UPLOADS:
            reason = "Other files are still on their way. Wait for them, and upload it again."
        if reason is not None:
            tell(reason)
            return
        gui._handle_file_transfer_start(client, message)

    def part(client: Any, message: FileTransferPart) -> None:
        state = waiting.get(message.transfer_uuid)
        if state is not None and state["transferred_bytes"] + len(message.content) > state["total_bytes"]:
            del waiting[message.transfer_uuid]
            return
        gui._handle_file_transfer_part(client, message)

    interface.unregister_handler(FileTransferStart, gui._handle_file_transfer_start)
    interface.register_handler(FileTransferStart, start)
    interface.unregister_handler(FileTransferPart, gui._handle_file_transfer_part)
    interface.register_handler(FileTransferPart, part)


def upload_problem(name: str, mime_type: str, size: int, kind: str = "image/") -> str | None:
    """Why a file is not taken; None where it is."""
    if not mime_type.startswith(kind):
        return f"Only files of kind {kind}* are taken, not {mime_type[:40] or 'one of no kind'}. Upload a photograph."
    if not 0 < size <= LARGEST_UPLOAD:
        return f"The file has {size / 2**20:.0f} MB; at most {LARGEST_UPLOAD / 2**20:.0f} are taken. Shrink it first."
    if len(name.encode(errors="replace")) > LONGEST_NAME:
        return f"The file's name is longer than {LONGEST_NAME} letters. Rename it."
    return None
