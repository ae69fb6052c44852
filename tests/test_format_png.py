"""Index PNGs and NPZ: numbers that are indices, and what else they may be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import DATA, example, kinds, load, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError
from premask.interchange.values import labels_of


def test_the_example_is_read() -> None:
    words = vocabulary()
    assert np.array_equal(read_one("png", DATA / "p.png", words), example())
    assert words.report.findings == []


def test_pillow_reads_what_is_written(tmp_path: Path) -> None:
    label_map = example()
    label_map[0, :5] = 255
    save("png", tmp_path, [outgoing(label_map)], ["Alpha", "TiB2", "TiN"], colours=["#800080"])
    written = Image.open(tmp_path / "a.png")
    assert written.mode == "P"
    assert np.array_equal(np.asarray(written), label_map)
    assert written.getpalette()[:3] == [128, 0, 128]


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_arrays_of_others_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    values = example().astype(np.int64)
    if suffix == ".npz":
        np.savez(path, mask=values, image=np.zeros((96, 128, 3)), note=np.array("x"))
    else:
        np.save(path, values)
    (one,) = load("npz", path, vocabulary())
    assert one.name == "a.png"
    assert np.array_equal(one.read(), example())


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    names = ["Alpha", "Größe", "TiN"]
    save("npz", tmp_path, [outgoing(example())], names, pictures=True)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["labels"], example())
        assert arrays["phases"].tolist() == names
        assert arrays["image"].shape == (96, 128)


def test_names_in_an_npz_decide(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", labels=example(), phases=np.array(["TiN", "alpha", "Rust"]))
    words = vocabulary()
    label_map = read_one("npz", tmp_path / "a.npz", words)
    assert np.array_equal(label_map, np.array([2, 0, 255], np.uint8)[example()])
    (finding,) = words.report.findings
    assert (finding.kind, finding.count, finding.at) == ("unknown", 400, (20, 70))
    assert "'Rust' is no phase" in finding.message


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": np.zeros((2, 2), np.uint8), "b": np.zeros((2, 2), np.uint8)}, "its arrays are a, b"),
        ({"labels": np.zeros((2, 2))}, "whole numbers"),
        ({"labels": np.zeros((2, 2, 2), np.uint8)}, "shape (2, 2, 2)"),
        ({"labels": np.full((2, 2), -1)}, "values from -1 to -1"),
        ({"labels": np.zeros((0, 3), np.uint8)}, "empty"),
        ({"labels": np.full((2, 2), 9, np.uint8)}, "the value 9 (4 px"),
        ({"labels": np.zeros((2, 2), np.uint8), "phases": np.arange(3)}, "a list of names"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(PremaskError, match=r"^a\.npz: ") as refusal:
        read_one("npz", tmp_path / "a.npz", vocabulary())
    assert said in str(refusal.value)


def test_pickles_are_not_run(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[print]], dtype=object), allow_pickle=True)
    with pytest.raises(PremaskError, match="whole numbers"):
        read_one("npz", tmp_path / "a.npy", vocabulary())


def test_an_absurd_size_is_refused_by_its_header(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (900000, 900000), }"
    header = header.ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("labels.npy", data)
    with pytest.raises(PremaskError, match="more than the limit"):
        read_one("npz", tmp_path / "a.npz", vocabulary())


def test_a_number_can_be_given_a_meaning() -> None:
    values = np.array([[0, 1, 7, 255]], np.uint8)
    words = vocabulary(renames={"7": "TiN", "0": "void"})
    assert labels_of(values, "x", words).tolist() == [[255, 1, 2, 255]]


def test_names_that_contradict_the_indices_make_the_rest_unknown() -> None:
    """TiN is 1: then the numbers are not the project's, and 0 is background."""
    words = vocabulary()
    values = np.array([[0, 1, 2, 2]], np.uint8)
    assert labels_of(values, "x", words, {1: "TiN"}).tolist() == [[255, 2, 255, 255]]
    (finding,) = words.report.findings
    assert (finding.kind, finding.count, finding.at) == ("unknown", 2, (0, 2))


def test_names_that_agree_let_the_rest_be_indices() -> None:
    words = vocabulary()
    values = np.array([[0, 1, 2, 2]], np.uint8)
    assert labels_of(values, "x", words, {1: "TiB2"}).tolist() == [[0, 1, 2, 2]]
    assert kinds(words) == ["assumed"]


def test_a_value_that_is_nothing_is_refused_with_its_place() -> None:
    values = np.array([[0, 1], [2, 9]], np.uint8)
    with pytest.raises(PremaskError, match=r"the value 9 \(1 px .* row 1, column 1\)"):
        labels_of(values, "x", vocabulary(), by_definition=True)


def test_files_beside_the_label_maps_are_named(tmp_path: Path) -> None:
    Image.fromarray(example()).save(tmp_path / "a.PNG")
    Image.fromarray(example()).save(tmp_path / "b.jpg")
    (tmp_path / "._a.png").write_bytes(b"macOS")
    words = vocabulary()
    (one,) = load("png", tmp_path, words)
    assert one.name == "a.PNG"
    (finding,) = words.report.findings
    assert (finding.kind, finding.message) == ("left out", "b.jpg: no PNG")
