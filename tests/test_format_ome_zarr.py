"""OME-Zarr: with zarr's own reader, with ome-zarr's, stores of others, hostile ones."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from exchange_files import DATA, example, kinds, load, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError

NAMES = ["Alpha", "Größe 2", "TiN"]


def large() -> np.ndarray:
    """Of odd sides, with pixels of their own and void."""
    label_map = np.random.default_rng(0).integers(0, 3, (701, 1033)).astype(np.uint8)
    label_map[:50] = 255
    return label_map


def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (701, 1033)).astype(np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zarr")
    image = outgoing(large(), "steel 1.5", picture, um_per_px=0.5)
    assert save("ome-zarr", folder, [image], NAMES, pictures=True) == []
    return folder / "steel 1.5.ome.zarr"


def test_the_example_is_read() -> None:
    """It names TiB2 alone, at the project's own index: the rest are indices too."""
    words = vocabulary()
    (one,) = load("ome-zarr", DATA / "x.ome.zarr", words)
    assert one.name == "x.png"
    assert np.array_equal(one.read(), example())
    assert kinds(words) == ["assumed"]


def test_in_another_order_the_rest_is_nothing() -> None:
    """TiB2 is the value 1 there and the phase 0 here: 0 is background, 2 means nothing."""
    words = vocabulary(["TiB2", "Alpha", "TiN"])
    label_map = read_one("ome-zarr", DATA / "x.ome.zarr", words)
    assert np.array_equal(label_map, np.array([255, 0, 255], np.uint8)[example()])
    assert [(f.kind, f.count, f.at) for f in words.report.findings] == [("unknown", 400, (20, 70))]


def test_zarr_reads_the_pyramid_of_labels(store: Path) -> None:
    group = zarr.open_group(store, mode="r")
    assert group.metadata.zarr_format == 3
    assert group["labels"].attrs["ome"] == {"version": "0.5", "labels": ["phases"]}
    labels = group["labels/phases"]
    about = labels.attrs["ome"]
    assert about["version"] == "0.5"
    full = large() + np.uint8(1)
    for number, dataset in enumerate(about["multiscales"][0]["datasets"]):
        level = labels[dataset["path"]]
        assert level.metadata.dimension_names == ("y", "x")
        # nearest neighbour: every value is that of a pixel, and of the one on its place
        assert np.array_equal(level[:], full[:: 2**number, :: 2**number])
        scale = {"type": "scale", "scale": [0.5 * 2**number] * 2}
        assert dataset["coordinateTransformations"] == [scale]
    assert max(level.shape) <= 256 < max(labels["s1"].shape)
    assert number == 3


def test_phases_have_names_and_colours(store: Path) -> None:
    about = zarr.open_group(store / "labels" / "phases", mode="r").attrs["ome"]["image-label"]
    assert about["source"] == {"image": "../../"}
    assert about["properties"] == [
        {"label-value": 0, "class": "void"}, {"label-value": 1, "class": "Alpha"},
        {"label-value": 2, "class": "Größe 2"}, {"label-value": 3, "class": "TiN"},
    ]  # fmt: skip
    assert about["colors"][:2] == [
        {"label-value": 0, "rgba": [0, 0, 0, 0]},
        {"label-value": 1, "rgba": [0x00, 0x72, 0xB2, 255]},
    ]


def test_zarr_reads_the_pyramid_of_the_image(store: Path) -> None:
    group = zarr.open_group(store, mode="r")
    (scales,) = group.attrs["ome"]["multiscales"]
    unit = {"type": "space", "unit": "micrometer"}
    assert scales["axes"] == [{"name": "y", **unit}, {"name": "x", **unit}]
    assert np.array_equal(group["s0"][:], picture())
    mean = np.pad(picture(), [(0, 1), (0, 1)], mode="edge").astype(float)
    mean = mean.reshape(351, 2, 517, 2).mean(axis=(1, 3))
    assert np.abs(group["s1"][:] - mean).max() <= 0.5
    shifts = [one["coordinateTransformations"][1:] for one in scales["datasets"]]
    assert shifts[0] == []
    assert shifts[2] == [{"type": "translation", "translation": [0.75, 0.75]}]


def test_a_coloured_image_has_channels(tmp_path: Path) -> None:
    coloured = np.random.default_rng(2).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    save("ome-zarr", tmp_path, [outgoing(large()[:20, :30], picture=lambda: coloured)], NAMES,
         pictures=True)  # fmt: skip
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="r")
    axes = group.attrs["ome"]["multiscales"][0]["axes"]
    assert axes[0] == {"name": "c", "type": "channel"}
    assert np.array_equal(np.moveaxis(group["s0"][:], 0, -1), coloured)


def test_without_pictures_it_has_labels_alone(tmp_path: Path) -> None:
    save("ome-zarr", tmp_path, [outgoing(example())], NAMES)
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="r")
    assert list(group.group_keys()) == ["labels"]
    assert list(group.array_keys()) == []
    assert np.array_equal(read_one("ome-zarr", tmp_path, vocabulary(NAMES)), example())


def test_a_store_that_is_packed_without_its_folder_keeps_its_name(
    store: Path, tmp_path: Path
) -> None:
    shutil.copytree(store, tmp_path / "unpacked")
    (one,) = load("ome-zarr", tmp_path / "unpacked", vocabulary(NAMES))
    assert one.name == "steel 1.5.png"
    assert np.array_equal(one.read(), large())


@pytest.mark.parametrize("how", ["blosc", "sharded", "planes"])
def test_stores_of_others_are_read(tmp_path: Path, how: str) -> None:
    """Version 0.4 with blosc; 0.5 with shards; labels of five axes."""
    version = 2 if how == "blosc" else 3
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    labels = root.create_group("labels").create_group("grains")
    values = example().astype(np.int32)
    more: dict[str, object] = {}
    if how == "planes":
        values = values[None, None, None]
    if how == "sharded":
        more = {"shards": (96, 128), "chunks": (32, 32)}
    array = labels.create_array("0", shape=values.shape, dtype=values.dtype, **more)
    array[...] = values
    names = enumerate(["Alpha", "TiB2", "TiN"])
    about = {
        "multiscales": [{"datasets": [{"path": "0"}]}],
        "image-label": {"properties": [{"label-value": i, "class": name} for i, name in names]},
    }
    if version == 2:
        root["labels"].attrs["labels"] = ["grains"]
        labels.attrs.update(about)
    else:
        root["labels"].attrs["ome"] = {"labels": ["grains"]}
        labels.attrs["ome"] = about
    words = vocabulary()
    assert np.array_equal(read_one("ome-zarr", tmp_path / "a.zarr", words), example())
    assert words.report.findings == []


def mangled(tmp_path: Path, file: str, **changes: object) -> Path:
    """The example with keys of one of its JSON files changed."""
    path = tmp_path / "x.ome.zarr"
    shutil.copytree(DATA / "x.ome.zarr", path)
    content = json.loads((path / file).read_text())
    content.update(changes)
    (path / file).write_text(json.dumps(content))
    return path


ARRAY = "labels/phases/s0/zarr.json"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle"}]}, "'numcodecs.pickle'"),
        ({"shape": [10**9, 10**9]}, "more than the limit"),
        ({"shape": [3, 96, 128]}, "damaged"),  # chunks of two dimensions
        ({"data_type": "float32"}, "whole numbers"),
        (
            {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [96, 10**8]}}},
            "chunks of (96, 100000000)",
        ),
        ({"codecs": 3}, "damaged"),
    ],
)
def test_hostile_arrays_are_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    path = mangled(tmp_path, ARRAY, **changes)
    with pytest.raises(PremaskError, match=r"^x: ") as refusal:
        read_one("ome-zarr", path, vocabulary())
    assert said in str(refusal.value)


def test_pickled_filters_of_old_stores_are_not_run(tmp_path: Path) -> None:
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    root.create_group("labels").attrs["labels"] = ["x"]
    labels = root["labels"].create_group("x")
    labels.attrs["multiscales"] = [{"datasets": [{"path": "0"}]}]
    labels.create_array("0", shape=(4, 4), dtype="u1")[...] = 1
    meta = tmp_path / "a.zarr/labels/x/0/.zarray"
    content = json.loads(meta.read_text())
    content["filters"] = [{"id": "pickle", "protocol": 5}]
    meta.write_text(json.dumps(content))
    with pytest.raises(PremaskError, match="coded as 'pickle' are not read"):
        read_one("ome-zarr", tmp_path / "a.zarr", vocabulary())


@pytest.mark.parametrize("name", ["../../..", "/etc", "a/../../../x", "C:\\x"])
def test_labels_outside_the_store_are_refused(tmp_path: Path, name: str) -> None:
    path = mangled(tmp_path, "labels/zarr.json", attributes={"ome": {"labels": [name]}})
    with pytest.raises(PremaskError, match="no path inside labels"):
        load("ome-zarr", path, vocabulary())


def test_of_several_labels_one_is_taken_and_said(tmp_path: Path) -> None:
    labels = {"ome": {"labels": ["nuclei", "phases"]}}
    path = mangled(tmp_path, "labels/zarr.json", attributes=labels)
    words = vocabulary()
    assert np.array_equal(read_one("ome-zarr", path, words), example())
    assert kinds(words) == ["left out", "assumed"]


def test_a_store_without_labels_is_refused(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "a.zarr", mode="w")
    with pytest.raises(PremaskError, match="a: there are no labels in it"):
        load("ome-zarr", tmp_path, vocabulary())


def test_without_zarr_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(PremaskError, match=r"pip install 'premask\[exchange\]'"):
        save("ome-zarr", tmp_path, [outgoing(example())], NAMES)
    with pytest.raises(PremaskError, match=r"pip install 'premask\[exchange\]'"):
        load("ome-zarr", DATA / "x.ome.zarr", vocabulary())


def test_a_shorter_store_over_a_longer_one_keeps_no_old_chunk(tmp_path: Path) -> None:
    """Chunks of nothing but 0 are written too."""
    save("ome-zarr", tmp_path, [outgoing(np.full((30, 30), 255, np.uint8))], NAMES)
    assert (tmp_path / "a.ome.zarr/labels/phases/s0/c/0/0").is_file()


def test_stacks_are_refused(tmp_path: Path) -> None:
    root = zarr.open_group(tmp_path / "a.zarr", mode="w")
    root.create_group("labels").attrs["ome"] = {"labels": ["x"]}
    labels = root["labels"].create_group("x")
    labels.attrs["ome"] = {"multiscales": [{"datasets": [{"path": "0"}]}]}
    labels.create_array("0", shape=(3, 8, 8), dtype="u1")[...] = 1
    with pytest.raises(PremaskError, match="one plane"):
        read_one("ome-zarr", tmp_path, vocabulary())
