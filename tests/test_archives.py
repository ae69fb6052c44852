"""Archives of others: none of them writes outside, fills the disk or ends in a traceback."""

from __future__ import annotations

import io
import random
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.io import archives
from premask.io.archives import pack, unpacked


def packed(
    path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, data in members:
            archive.writestr(name, data)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refusal(path: Path) -> str:
    with pytest.raises(PremaskError) as refused, unpacked(path):
        pass
    text = str(refused.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_what_was_packed_comes_out(tmp_path: Path, method: int) -> None:
    members = [("a.txt", b"a" * 1000), ("b/c d.txt", b"\0\1"), ("b/e/f", b"")]
    with unpacked(packed(tmp_path / "x.zip", members, method)) as folder:
        assert contents(folder) == dict(members)
        assert folder.name == "x.zip"
    assert not folder.parent.exists()


def test_folders_and_files_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    for path in (tmp_path, tmp_path / "a.json"):
        with unpacked(path) as found:
            assert found == path


def test_an_npz_is_one_file(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.npz", [("labels.npy", b"x")])
    with unpacked(path) as found:
        assert found == path


def test_packing_gives_the_same_bytes(tmp_path: Path) -> None:
    for order in (("b", "a"), ("a", "b")):
        folder = tmp_path / "".join(order)
        folder.mkdir()
        for name in order:
            (folder / f"{name}.txt").write_text(name)
        pack(folder, tmp_path / f"{folder.name}.zip")
    one, two = tmp_path / "ab.zip", tmp_path / "ba.zip"
    assert one.read_bytes() == two.read_bytes()
    with unpacked(one) as folder:
        assert contents(folder) == {"a.txt": b"a", "b.txt": b"b"}


@pytest.mark.parametrize(
    "name",
    ["../a.png", "/a.png", "a/../../b.png", "..\\a.png", "C:\\a.png", "\\\\host\\share\\a.png"],
)
def test_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = packed(inside / "x.zip", [("good.txt", b"x"), (name, b"evil")])
    assert "points out of the archive" in refusal(path)
    assert contents(tmp_path).keys() == {"inside/x.zip"}


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc")
        archive.writestr("link/passwd", b"x")
    assert "points out of the archive" in refusal(tmp_path / "x.zip")


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of zeros in a kilobyte, by the real rule but for the spare gigabyte."""
    monkeypatch.setattr(archives, "SPARE", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = packed(tmp_path / "x.zip", [("a", bytes(1 << 20))])
    assert archives.MAX_RATIO * path.stat().st_size < (1 << 20)
    assert "unpacks to more than 200 times its size, at 'a'" in refusal(path)
    assert contents(tmp_path).keys() == {"x.zip"}


def test_a_size_that_lies_is_no_way_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header says one byte; what comes out counts."""
    monkeypatch.setattr(archives, "SPARE", 0)
    data = packed(tmp_path / "x.zip", [("a", bytes(1 << 20))]).read_bytes()
    (tmp_path / "x.zip").write_bytes(data.replace((1 << 20).to_bytes(4, "little"), b"\1\0\0\0"))
    refusal(tmp_path / "x.zip")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    path = packed(tmp_path / "x.zip", [(str(i), b"") for i in range(4)])
    assert "has 4 files; at most 3 are accepted" in refusal(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "'a/b' twice" in refusal(packed(tmp_path / "x.zip", [("a/b", b"1"), ("a/b", b"2")]))
    assert "twice" in refusal(packed(tmp_path / "y.zip", [("a/b", b"1"), ("a\\b", b"2")]))


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    assert "cannot be unpacked" in refusal(packed(tmp_path / "x.zip", [("a", b"1"), ("a/b", b"2")]))


def test_encrypted_archives_are_refused(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "x.zip", [("a", b"1")]).read_bytes())
    data[6] |= 1  # the flag in the local header, and in the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    assert "is encrypted; unpack it and give the folder" in refusal(tmp_path / "x.zip")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK but no more")
    assert "no zip archive, or it is cut off" in refusal(tmp_path / "x.zip")
    assert "does not exist" in refusal(tmp_path / "gone.zip")


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_an_archive_inside_is_not_taken_for_one_that_is_cut_off(
    tmp_path: Path, share: float
) -> None:
    """The directory of an NPZ near the end looks like that of the archive."""
    arrays = []
    for number in range(20):
        buffer = io.BytesIO()
        np.savez(buffer, labels=np.full((30, 40), number, np.uint8))
        arrays.append((f"{number}.npz", buffer.getvalue()))
    path = packed(tmp_path / "x.zip", arrays, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with zipfile.ZipFile(path) as found:  # what makes it a trap
        assert found.namelist() == ["labels.npy"]
    assert refusal(path) == (
        f"{path} is cut off: the list of its files is missing at its end; download it again"
    )


def test_an_archive_that_unpacks_itself_is_one(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", [("a.txt", b"1")])
    path.write_bytes(b"MZ, a program" + path.read_bytes())
    with unpacked(path) as folder:
        assert contents(folder) == {"a.txt": b"1"}


def test_names_of_macos_keep_their_umlauts(tmp_path: Path) -> None:
    """Its archives hold UTF-8 without the flag that says so."""
    data = packed(tmp_path / "x.zip", [("Gef\u00fcge.png", b"1")]).read_bytes()
    start = data.index(b"PK\1\2")
    plain = bytearray(data)
    for at in (6, start + 8):
        plain[at + 1] &= ~0x08
    (tmp_path / "x.zip").write_bytes(plain)
    with unpacked(tmp_path / "x.zip") as folder:
        assert contents(folder).keys() == {"Gefüge.png"}


@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(seed=st.integers(0, 2**32))
def test_damaged_archives_are_refused_in_one_line(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2,
                         zipfile.ZIP_LZMA])  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.txt", b"some text " * 30)
        archive.writestr("b/c.txt", bytes(range(256)))
    data = bytearray(buffer.getvalue())
    if rng.random() < 0.4:
        del data[rng.randrange(len(data)) :]
    for _ in range(rng.choice([0, 1, 2, 8])):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    before = sorted(tmp_path.rglob("*"))
    text = ""
    try:
        with unpacked(path):
            pass
    except PremaskError as error:
        text = str(error)
    assert "\n" not in text
    assert sorted(tmp_path.rglob("*")) == before
