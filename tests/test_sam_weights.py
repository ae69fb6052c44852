"""Where weights are looked for, and what becomes of files that changed; no torch needed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from premask.core.errors import PremaskError
from premask.io.pins import cache_folder
from premask.preannotators import sam_weights
from premask.preannotators.sam_weights import find_weights, pinned_checksum, weights_status


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREMASK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PREMASK_SAM_WEIGHTS", raising=False)
    return tmp_path / "cache" / "sam"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "my_sam.pth"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "config.json").write_bytes(b"{}")
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def new_process() -> None:
    sam_weights._checked_checksum.cache_clear()


def test_the_message_without_weights_says_which_file_from_where_and_what_to_run() -> None:
    message = weights_status()
    assert message is not None
    for part in (
        "sam_vit_b_01ec64.pth",
        "375 MB",
        "facebookresearch/segment-anything",
        "facebook/sam-vit-base",
        "premask preannotate PROJECT --method sam --option sam.weights=",
        "PREMASK_SAM_WEIGHTS",
    ):
        assert part in message
    assert "\n" not in message


def test_a_file_and_a_folder_are_ready(checkpoint: Path, folder: Path) -> None:
    assert weights_status(str(checkpoint)) is None
    assert weights_status(str(folder)) is None


def test_what_is_given_goes_before_the_environment(
    checkpoint: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREMASK_SAM_WEIGHTS", str(folder))
    assert find_weights() == folder
    assert find_weights("") == folder
    assert find_weights(str(checkpoint)) == checkpoint


def test_status_tells_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    for name, message in (
        ("nowhere.pth", "there are no weights at"),
        ("empty", "has no config.json and no model.safetensors"),
        ("notes.txt", "neither a .pth or .pt file nor a folder"),
    ):
        assert message in str(weights_status(str(tmp_path / name)))


def test_an_incomplete_download_of_an_official_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sam_vit_b_01ec64.pth"
    path.write_bytes(b"x" * 1000)
    assert "1,000 bytes, the published ViT-B file 375,042,383" in str(weights_status(str(path)))


def test_an_official_name_with_other_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = sam_weights.Checkpoint("ViT-B", 1000, "0" * 64)
    monkeypatch.setitem(sam_weights.OFFICIAL, "sam_vit_b_01ec64.pth", published)
    path = tmp_path / "sam_vit_b_01ec64.pth"
    path.write_bytes(b"x" * 1000)
    with pytest.raises(PremaskError, match=r"has the SHA-256 .* the published ViT-B file 000"):
        pinned_checksum(path)


def test_the_checksum_of_a_file_is_its_sha_256(checkpoint: Path) -> None:
    assert pinned_checksum(checkpoint) == hashlib.sha256(b"weights").hexdigest()


def test_unchanged_weights_are_taken_in_every_process(checkpoint: Path, folder: Path) -> None:
    for path in (checkpoint, folder):
        first = pinned_checksum(path)
        new_process()
        assert pinned_checksum(path) == first


def test_a_file_that_changed_is_refused_until_its_pin_is_deleted(
    checkpoint: Path, cache: Path
) -> None:
    pinned_checksum(checkpoint)
    checkpoint.write_bytes(b"weights, changed")
    with pytest.raises(PremaskError, match="changed since it was first used"):
        pinned_checksum(checkpoint)
    new_process()
    with pytest.raises(PremaskError, match="changed since it was first used") as caught:
        pinned_checksum(checkpoint)
    (pin,) = (cache / "pins").iterdir()
    assert str(pin) in str(caught.value)
    pin.unlink()
    assert pinned_checksum(checkpoint) == hashlib.sha256(b"weights, changed").hexdigest()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_with_one_changed_file_is_refused(folder: Path, name: str) -> None:
    pinned_checksum(folder)
    (folder / name).write_bytes(b"something else")
    with pytest.raises(PremaskError, match="changed since it was first used"):
        pinned_checksum(folder)


def test_a_damaged_pin_is_an_error_and_no_new_start(checkpoint: Path, cache: Path) -> None:
    pinned_checksum(checkpoint)
    (pin,) = (cache / "pins").iterdir()
    for content in ("", "{", "[]", "{}"):
        pin.write_text(content)
        new_process()
        with pytest.raises(PremaskError, match=r"record of .*my_sam.pth is damaged"):
            pinned_checksum(checkpoint)


def test_a_cache_that_cannot_be_made_is_an_error(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PREMASK_CACHE", str(tmp_path / "file"))
    with pytest.raises(PremaskError, match="set PREMASK_CACHE to a folder"):
        pinned_checksum(checkpoint)


def test_the_cache_follows_the_system_s_convention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREMASK_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder(sam_weights.KIND) == tmp_path / "premask" / "sam"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder(sam_weights.KIND) == tmp_path / "local" / "premask" / "sam"
