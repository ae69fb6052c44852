"""What a server says went wrong, or the network does, on one line."""

from __future__ import annotations

import re
import socket

import httpx


def reason_of(error: Exception) -> str:
    """Why there was no answer, in words where the system's are not clear."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "unknown host"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        cause = cause.__cause__ or cause.__context__
    said = re.sub(r"\[(Errno|WinError) -?\d+\] ", "", str(error))
    return " ".join(said.split()) or type(error).__name__


def seconds_asked(reply: httpx.Response) -> float:
    """The seconds after which the server wants to be asked again."""
    seconds = reply.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0


def detail(reply: httpx.Response) -> str:
    """What the server says was wrong, on one line."""
    try:
        content = reply.json()
    except (ValueError, RecursionError):
        return reply.reason_phrase
    if not isinstance(content, dict):
        return reply.reason_phrase
    parts = [content.get("detail") or content.get("message") or reply.reason_phrase]
    errors = content.get("validation_errors")
    parts += (
        [f"{key}: {value}" for key, value in errors.items()] if isinstance(errors, dict) else []
    )
    return " ".join("; ".join(map(str, parts)).split())[:300]
