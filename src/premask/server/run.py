"""Listen, and serve until somebody stops it."""

from __future__ import annotations

import socket
import threading

import numpy as np
import uvicorn
from fastapi import FastAPI

from premask.core.errors import PremaskError
from premask.features.islands import remove_islands
from premask.project.project import Project
from premask.server.app import create_app


def listen(host: str, port: int) -> socket.socket:
    """A socket that the server can take; it is there before the address is printed.

    Raises
    ------
    PremaskError
        If the address is unknown or taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PremaskError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port"
        ) from None
    sock.listen(128)
    return sock


def name_of(host: str) -> str:
    """How others call an address that is listened on, for a URL.

    ``0.0.0.0`` and ``::`` mean all of this machine's addresses and can be opened from none but
    itself: the one by which it reaches its network stands for them, or else its name.
    """
    if host in ("0.0.0.0", "::"):  # noqa: S104  # no address is listened on here
        family, elsewhere = (
            (socket.AF_INET6, "2001:db8::1") if host == "::" else (socket.AF_INET, "192.0.2.1")
        )
        try:
            # Nothing is sent: connecting a datagram socket only looks the way up.
            with socket.socket(family, socket.SOCK_DGRAM) as way:
                way.connect((elsewhere, 9))
                host = str(way.getsockname()[0])
        except OSError:
            host = socket.gethostname()
    return f"[{host}]" if ":" in host else host


def serve(project: Project, sock: socket.socket, token: str | None) -> None:
    """Answer requests to a project on a socket until Ctrl-C."""
    app = create_app(project, token=token)
    threading.Thread(target=_warm, daemon=True).start()
    answer_requests(app, sock)


def answer_requests(app: FastAPI, sock: socket.socket) -> None:
    """Answer requests to an application on a socket until Ctrl-C."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run([sock])


def _warm() -> None:
    """Load the compiled kernels that the first image needs, while the page is being loaded."""
    remove_islands(np.zeros((64, 64), np.uint8), None)
