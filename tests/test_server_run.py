"""The address that is printed is one that can be opened."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from premask.server import run
from premask.server.run import listen, name_of


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "annotate.example"])
def test_an_address_stays_as_it_was_given(host: str) -> None:
    assert name_of(host) == host


def test_all_addresses_are_printed_as_one_that_answers() -> None:
    name = name_of("0.0.0.0")
    assert name not in ("0.0.0.0", "[::]")
    with listen("0.0.0.0", 0) as sock:
        socket.create_connection((name, sock.getsockname()[1]), timeout=10).close()


def test_an_address_of_version_6_is_in_brackets() -> None:
    assert name_of("::1") == "[::1]"
    shown = name_of("::")
    assert shown != "[::]"
    if shown.startswith("["):
        assert ipaddress.ip_address(shown.strip("[]")).version == 6


def test_a_machine_without_a_network_is_called_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(run.socket.socket, "connect", unreachable)
    assert name_of("0.0.0.0") == socket.gethostname()
