"""datasets, ome-zarr and ome-types themselves read what premask writes.

They are in environments of their own (``make test-others``): their requirements are many, and
not premask's.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exchange_files import outgoing, save
from other_pythons import python_of, run
from premask.core.exchange import Outgoing

NAMES = ["Alpha", "TiB2", "Größe"]


@pytest.fixture(scope="module")
def datasets() -> Path:
    return python_of("PREMASK_HUB_PYTHON", "test-others")


@pytest.fixture(scope="module")
def ome() -> Path:
    return python_of("PREMASK_OME_PYTHON", "test-others")


def maps() -> dict[str, np.ndarray]:
    """Of several sizes, one larger than a level of a pyramid, one of a row, one all void."""
    rng = np.random.default_rng(0)
    return {
        "a b.c": rng.choice(np.array([0, 1, 2, 255], np.uint8), (301, 523)),
        "größe": np.eye(20, dtype=np.uint8),
        "row": rng.integers(0, 3, (1, 40)).astype(np.uint8),
        "void": np.full((9, 7), 255, np.uint8),
    }


def pictures() -> dict[str, np.ndarray]:
    """One of them in colour."""
    rng = np.random.default_rng(1)
    found = {name: rng.integers(0, 256, own.shape).astype(np.uint8) for name, own in maps().items()}
    found["größe"] = rng.integers(0, 256, (20, 20, 3)).astype(np.uint8)
    return found


def images() -> list[Outgoing]:
    return [
        outgoing(
            label_map,
            name,
            lambda name=name: pictures()[name],  # type: ignore[misc]
            type="II" if name == "row" else None,
            um_per_px=0.25 if name == "a b.c" else None,
        )
        for name, label_map in maps().items()
    ]


def test_datasets_reads_the_image_folder(datasets: Path, tmp_path: Path) -> None:
    save("huggingface", tmp_path / "out", images(), NAMES, pictures=True)
    run(datasets, "huggingface_maps.py", tmp_path / "out", tmp_path / "maps.npz")
    found = np.load(tmp_path / "maps.npz")
    assert len(found.files) == 16
    for name, label_map in maps().items():
        np.testing.assert_array_equal(found[f"map {name}"], label_map)
        np.testing.assert_array_equal(found[f"image {name}"], pictures()[name])
    assert found["type row"] == "II"
    assert found["scale a b.c"] == 0.25


def test_datasets_reads_masks_alone(datasets: Path, tmp_path: Path) -> None:
    save("huggingface", tmp_path / "out", images(), NAMES)
    run(datasets, "huggingface_maps.py", tmp_path / "out", tmp_path / "maps.npz")
    found = np.load(tmp_path / "maps.npz")
    for name, label_map in maps().items():
        np.testing.assert_array_equal(found[f"map {name}"], label_map)


def test_ome_zarr_reads_the_stores(ome: Path, tmp_path: Path) -> None:
    """By its reader, after ome-zarr-models has checked them against the standard."""
    save("ome-zarr", tmp_path / "out", images(), NAMES, pictures=True)
    run(ome, "ome_maps.py", "zarr", tmp_path / "out", tmp_path / "maps.npz")
    found = np.load(tmp_path / "maps.npz")
    for name, label_map in maps().items():
        for level in range(2 if name == "a b.c" else 1):
            step = 2**level
            own = label_map[::step, ::step] + np.uint8(1)
            np.testing.assert_array_equal(found[f"map {name} {level}"], own)
        picture = pictures()[name]
        picture = np.moveaxis(picture, -1, 0) if picture.ndim == 3 else picture
        np.testing.assert_array_equal(found[f"image {name} 0"], picture)
        about = json.loads(str(found[f"about {name}"]))
        assert about["names"] == {"0": "void", "1": "Alpha", "2": "TiB2", "3": "Größe"}
        assert about["colours"]["0"] == [0, 0, 0, 0]
        assert about["colours"]["1"] == [0, 0x72 / 255, 0xB2 / 255, 1]
    scales = json.loads(str(found["about a b.c"]))["scales"]
    assert [one[0]["scale"] for one in scales] == [[0.25, 0.25], [0.5, 0.5], [1, 1]][: len(scales)]


def test_ome_types_reads_the_tiffs(ome: Path, tmp_path: Path) -> None:
    """After it has checked them against OME's schema."""
    save("ome-tiff", tmp_path / "out", images(), NAMES)
    run(ome, "ome_maps.py", "tiff", tmp_path / "out", tmp_path / "maps.npz")
    found = np.load(tmp_path / "maps.npz")
    for name, label_map in maps().items():
        np.testing.assert_array_equal(found[f"map {name}"], label_map + np.uint8(1))
        about = json.loads(str(found[f"about {name}"]))
        assert about["name"] == name
        assert about["names"] == {"0": "void", "1": "Alpha", "2": "TiB2", "3": "Größe"}
        assert about["size"] == [0.25 if name == "a b.c" else None, "µm"]
