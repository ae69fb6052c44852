"""Talking to a server over HTTP: repeated until it answers, with every error in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from premask.core.errors import PremaskError
from premask.interchange.runs import shown

ATTEMPTS = 6
LONGEST_WAIT = 60.0
"""Seconds between two attempts at most, whatever the server asks for."""

REFUSED = frozenset({429, 503})
"""The server says that it did nothing, and to come again."""

UNCLEAR = frozenset({500, 502, 504})
"""It may have done what was asked."""


class Connection:
    """A server, and how it is asked.

    Parameters
    ----------
    url : str
        Of the server, as in the browser.
    auth : httpx.Auth or None
    transport : httpx.BaseTransport, optional
        What carries the requests; the network by default.
    sleep : callable
        Waits for some seconds between two attempts.

    Raises
    ------
    PremaskError
        For a URL that is none.
    """

    def __init__(
        self,
        url: str,
        auth: httpx.Auth | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ):
        if not url.startswith(("http://", "https://")):
            raise PremaskError(
                f"the server's URL is {url!r}; http://... or https://... is accepted"
            )
        self.url = url.rstrip("/")
        self.sleep = sleep
        try:
            self.client = httpx.Client(
                base_url=self.url,
                auth=auth,
                headers={"User-Agent": "premask"},
                timeout=httpx.Timeout(120, connect=10),
                transport=transport,
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise PremaskError(f"the server's URL is {url!r}: {error}") from None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON at a path.

        Raises
        ------
        PremaskError
            Where the server refuses, or does not answer after :data:`ATTEMPTS`.
        """
        return self._ask("GET", path, lambda: None, params=params)

    def download(self, url: str) -> bytes:
        """The bytes at an address, which may be of another server."""
        try:
            return bytes(
                self._ask("GET", url, lambda: None, read=self._bytes, follow_redirects=True)
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise PremaskError(f"{self.url}: {shown(url)} is no address of a file") from None

    def post(
        self,
        path: str,
        *,
        done: Callable[[], Any] = lambda: None,
        **content: Any,
    ) -> Any:
        """Send something, and give the JSON of the answer.

        Parameters
        ----------
        done : callable
            Asks the server whether the request has been carried out although its answer was
            lost: what it gives, unless None, stands for the answer. Without it the request is
            one that may be repeated.
        **content
            ``json``, ``files``, ``data``, ``headers`` and ``params`` of httpx.
        """
        return self._ask("POST", path, done, **content)

    def patch(
        self,
        path: str,
        *,
        done: Callable[[], Any] = lambda: None,
        **content: Any,
    ) -> Any:
        """As :meth:`post`, to something that is there."""
        return self._ask("PATCH", path, done, **content)

    def _ask(
        self,
        method: str,
        path: str,
        done: Callable[[], Any],
        read: Callable[[httpx.Response], Any] | None = None,
        **content: Any,
    ) -> Any:
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(min(2.0 ** (attempt - 1), LONGEST_WAIT))
            try:
                reply = self.client.request(method, path, **content)
            except httpx.UnsupportedProtocol:
                raise
            except httpx.TransportError as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                unclear = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if reply.status_code not in REFUSED | UNCLEAR:
                    return (read or self._content)(reply)
                reason = f"{reply.status_code} {reply.reason_phrase}"
                unclear = reply.status_code in UNCLEAR
                self._wait_as_asked(reply)
            if unclear and (found := done()) is not None:
                return found
        raise PremaskError(
            f"{self.url} gives no answer after {ATTEMPTS} attempts ({reason}); what has been"
            " transferred is remembered: run the command again"
        )

    def _wait_as_asked(self, reply: httpx.Response) -> None:
        asked = reply.headers.get("Retry-After", "")
        if asked.isdigit():
            self.sleep(min(float(asked), LONGEST_WAIT))

    def _bytes(self, reply: httpx.Response) -> bytes:
        self._check(reply)
        return reply.content

    def _check(self, reply: httpx.Response) -> None:
        if reply.has_redirect_location:
            raise PremaskError(
                f"{self.url} is at {reply.headers['Location']!r} now; give the URL that the browser"
                " shows"
            )
        if reply.status_code in {401, 403}:
            raise PremaskError(
                f"{self.url} refuses the token ({reply.status_code}: {_detail(reply)}); take a new"
                " one from your account there"
            )
        if reply.is_error:
            raise PremaskError(
                f"{self.url}{reply.request.url.path}: {reply.status_code} {_detail(reply)}"
            )

    def _content(self, reply: httpx.Response) -> Any:
        self._check(reply)
        if not reply.content:
            return None
        try:
            return reply.json()
        except (ValueError, RecursionError):
            raise PremaskError(
                f"{self.url} answers with something else than JSON ({shown(reply.text[:60])}); is"
                " it the right server?"
            ) from None


def _detail(reply: httpx.Response) -> str:
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
