"""Who may talk to the server: this machine's own page, or whoever has the token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "premask_token"
SAFE = ("GET", "HEAD", "OPTIONS")
MAX_BODY = 256 * 1024 * 1024
"""Bytes of one request; a save of all tiles of 100 megapixels takes less."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:;"
    " style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Next = Callable[[Request], Awaitable[Response]]


def guard(token: str | None) -> Callable[[Request, Next], Awaitable[Response]]:
    """A middleware that lets in whom it should.

    Without a token the server listens on this machine alone: the page must be asked for
    by one of this machine's names (another name that leads here, as in DNS rebinding, is
    refused). With a token every request but the page's own files needs it, from the cookie
    that ``/?token=...`` sets or as ``Authorization: Bearer``. A request from another
    site's page is refused either way.
    """

    async def check(request: Request, call_next: Next) -> Response:
        refused = _refusal(request, token)
        if refused is not None:
            return refused
        given = request.query_params.get("token")
        if token and given and request.url.path == "/" and hmac.compare_digest(given, token):
            welcome = RedirectResponse("/", status_code=303)
            welcome.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return welcome
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return check


def _refusal(request: Request, token: str | None) -> Response | None:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if token is None and host not in LOOPBACK:
        return _no(403, f"this server answers to 127.0.0.1 and localhost, not to {host!r}")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return _no(403, f"a page of {origin} may not use this server")
    if request.headers.get("sec-fetch-site") == "cross-site" and request.method not in SAFE:
        return _no(403, "a page of another site may not use this server")
    if token is not None and request.url.path.startswith("/api/") and not _has(request, token):
        return _no(401, "the token is missing or wrong; open the address that premask printed")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return _no(413, f"a request of {length} bytes; {MAX_BODY} are accepted")
    return None


def _has(request: Request, token: str) -> bool:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return any(
        hmac.compare_digest(given.encode(), token.encode())
        for given in (bearer, request.cookies.get(COOKIE, ""))
    )


def _no(status: int, why: str) -> JSONResponse:
    return JSONResponse({"detail": why}, status_code=status)


def annotator_of(request: Request) -> str:
    """The name in ``X-Premask-Annotator``, percent-encoded since headers are Latin-1."""
    return unquote(request.headers.get("x-premask-annotator", ""))
