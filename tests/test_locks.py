"""A lock file: held by one, let go when its process dies, gone when it is not needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from premask.core.errors import PremaskError
from premask.io.locks import hold

HOLDER = """
import sys
from pathlib import Path
from premask.io.locks import hold
with hold(Path(sys.argv[1]), "busy here"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, "busy here"):
        assert path.read_text() == f"{os.getpid()}\n"
        wanted = rf"{tmp_path.name}: another premask is busy here \(process {os.getpid()}\)"
        with pytest.raises(PremaskError, match=wanted), hold(path, "busy here"):
            raise AssertionError
        assert path.exists()
    assert list(tmp_path.iterdir()) == []
    with hold(path, "busy here"):
        assert path.exists()


def test_the_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout as lines:
        assert lines.readline().strip() == b"held"
        with pytest.raises(PremaskError, match=str(process.pid)), hold(path, "busy here"):
            raise AssertionError
        process.kill()
        process.wait()
    assert path.exists()
    with hold(path, "busy here"):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_a_file_removed_while_it_was_opened_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "lock", list[int]()
    real = os.open

    def open_and_lose(*given: object) -> int:
        descriptor = real(*given)  # type: ignore[call-overload]
        opened.append(descriptor)
        if len(opened) == 1:
            path.unlink()
        return int(descriptor)

    monkeypatch.setattr(os, "open", open_and_lose)
    with hold(path, "busy here"):
        assert len(opened) == 2
        assert path.read_text() == f"{os.getpid()}\n"


def test_folders_made_for_it_go_unless_something_is_in_them(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), hold(tmp_path / "a" / "b" / "lock", "busy here"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with hold(tmp_path / "a" / "b" / "lock", "busy here"):
        (tmp_path / "a" / "kept").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "kept"]
