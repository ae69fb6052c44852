"""Writing a file: all of it, or nothing and a reason."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from premask.core.errors import PremaskError
from premask.io.files import sha256_of, write_atomically


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_sha256_of_is_the_digest_in_hexadecimal() -> None:
    assert sha256_of(b"") == hashlib.sha256(b"").hexdigest()
    assert sha256_of(b"abc").startswith("ba7816bf")


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    write_atomically(path, b"old")
    write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert names_in(tmp_path) == ["map.png"]


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_atomically(path, b"data")
    assert path.read_bytes() == b"data"


def test_the_file_belongs_to_the_group_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(PremaskError) as raised:
        write_atomically(path, b"x" * 2_000_000)
    for part in (str(tmp_path), "2.0 MB", "full"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["map.png"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["map.png"]


def test_a_folder_that_cannot_be_synced_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def no_folders(path: str, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "as on Windows")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", no_folders)
    write_atomically(tmp_path / "map.png", b"data")
    assert (tmp_path / "map.png").read_bytes() == b"data"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match=r"map\.png .* no folder .*nowhere"):
        write_atomically(tmp_path / "nowhere" / "map.png", b"")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.png").mkdir()
    with pytest.raises(PremaskError, match=r"map\.png could not be written"):
        write_atomically(tmp_path / "map.png", b"")
    assert names_in(tmp_path) == ["map.png"]
