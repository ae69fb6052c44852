"""Talking to a server over HTTP: repeated until it answers, with every error in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from premask.core.errors import PremaskError
from premask.interchange.replies import detail, reason_of, seconds_asked
from premask.interchange.runs import shown

ATTEMPTS = 6
LONGEST_WAIT = 60.0
"""Seconds between two attempts at most, whatever the server asks for."""

REFUSED = frozenset({429, 503})
"""The server says that it did nothing, and to come again."""

UNCLEAR = frozenset({500, 502, 504})
"""It may have done what was asked."""

ELSEWHERE = frozenset({404, 405, 410, 501})
"""As the first answer: what is there may be another server."""

UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


class NotAskedError(httpx.TransportError):
    """The server answered, and was not asked for what is wanted yet."""


class Connection:
    """A server, and how it is asked.

    Parameters
    ----------
    url : str
        Of the server, as in the browser.
    auth : httpx.Auth or None
    title : str
        What kind of server it is, for messages.
    transport : httpx.BaseTransport, optional
        What carries the requests; the network by default.
    sleep : callable
        Waits for some seconds between two attempts.
    on_wait : callable
        Is told before each wait what is waited for, on one line.

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
        title: str = "the server",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], None] = lambda _: None,
    ):
        if not url.startswith(("http://", "https://")):
            raise PremaskError(
                f"the server's URL is {url!r}; http://... or https://... is accepted"
            )
        self.url, self.title = url.rstrip("/"), title
        self.sleep, self.on_wait = sleep, on_wait
        self.met = False
        """Whether the server has answered as it should."""
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
            Where the server refuses, or does not answer after :data:`ATTEMPTS`; at once where
            it cannot be reached and never was.
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
        reason, where = "", self._host(path)
        for attempt in range(ATTEMPTS):
            asked = 0.0
            try:
                reply = self.client.request(method, path, **content)
            except httpx.UnsupportedProtocol:
                raise
            except (httpx.LocalProtocolError, UnicodeError):
                raise PremaskError(
                    f"{where} cannot be asked: its address or the token has characters that are"
                    " not allowed in one; check --url and --token"
                ) from None
            except (httpx.DecodingError, httpx.TooManyRedirects) as error:
                raise PremaskError(
                    f"{where} answers with what cannot be read ({reason_of(error)});"
                    f" {self._question('')}"
                ) from None
            except httpx.TransportError as error:
                reason = reason_of(error)
                if not self.met and isinstance(error, UNREACHED):
                    raise PremaskError(self._unreached(reason)) from None
                unclear = not isinstance(error, (*UNREACHED, NotAskedError))
            else:
                if reply.status_code not in REFUSED | UNCLEAR:
                    found = (read or self._content)(reply)
                    self.met = True
                    return found
                reason = f"{reply.status_code} {reply.reason_phrase}"
                unclear = reply.status_code in UNCLEAR
                asked = seconds_asked(reply)
            if unclear and (found := done()) is not None:
                return found
            if attempt + 1 < ATTEMPTS:
                seconds = min(max(2.0**attempt, asked), LONGEST_WAIT)
                again = f"attempt {attempt + 2} of {ATTEMPTS} in {seconds:.0f} s"
                self.on_wait(f"waiting for {where} ({reason}); {again}")
                self.sleep(seconds)
        raise PremaskError(
            f"{where} gives no answer after {ATTEMPTS} attempts ({reason}); "
            + (
                "what has been transferred is remembered: run the command again"
                if self.met
                else "nothing was transferred: run the command again later"
            )
        )

    def _host(self, path: str) -> str:
        """Whom a request goes to: an address of a file may have a secret in it."""
        if not path.startswith(("http://", "https://")):
            return self.url
        try:
            asked = httpx.URL(path)
        except httpx.InvalidURL:
            return self.url  # the request says what is wrong
        return f"{asked.scheme}://{asked.netloc.decode('ascii')}"

    def _unreached(self, reason: str) -> str:
        return (
            f"{self.title} cannot be reached at {self.url} ({reason}); check that this is its"
            " address (--url) and that it is running"
        )

    def _question(self, path: str) -> str:
        """Whether the first address that is asked is the right one."""
        last = path.rstrip("/").rpartition("/")[2]
        also = f", and {last} the number of a project there" if last.isdecimal() else ""
        return f"is {self.url} the address of {self.title}{also}?"

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
                f"{self.url} refuses the token ({reply.status_code}: {detail(reply)}); take a new"
                " one from your account there"
            )
        if reply.is_error:
            asked = reply.request.url
            message = f"{self._host(str(asked))}{asked.path}: {reply.status_code} {detail(reply)}"
            if reply.status_code in ELSEWHERE and not self.met:
                message = f"{message.rstrip('.')}; {self._question(asked.path)}"
            raise PremaskError(message)

    def _content(self, reply: httpx.Response) -> Any:
        self._check(reply)
        if not reply.content:
            return None
        try:
            return reply.json()
        except (ValueError, RecursionError):
            raise PremaskError(
                f"{self.url} answers with something else than JSON ({shown(reply.text[:60])});"
                f" {self._question('')}"
            ) from None
