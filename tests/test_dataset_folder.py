from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_fakes import NO_IMAGE, SIZE, write_metaldam, write_microsteel
from helpers import small_micrograph
from premask.core.errors import PremaskError
from premask.workflow.dataset.folder import read_dataset, read_pair
from premask.workflow.dataset.splits import read_splits


def kinds(dataset) -> list[str]:
    return [remark.kind for remark in dataset.remarks]


def write_plain(root, stems=("a", "b", "c"), labels="masks", **splits):
    for folder in ("images", labels):
        (root / folder).mkdir(parents=True)
    for seed, stem in enumerate(stems):
        image = small_micrograph(seed)
        Image.fromarray(image).save(root / "images" / f"{stem}.png")
        Image.fromarray((image > 120).astype(np.uint8) * 2).save(root / labels / f"{stem}.png")
    if splits:
        (root / "splits.json").write_text(json.dumps(splits))
    return root


def test_microsteel_as_it_was_published(tmp_path):
    found = read_dataset(write_microsteel(tmp_path / "set"))
    assert found.layout == "microsteel"
    assert found.phases.names == ("Alpha", "TiB2", "TiN", "FeTiB", "Fe2B")
    types = {entry.stem: entry.type for entry in found.entries}
    assert len(types) == 8
    # the folder says II, the name says III
    assert types["Class_III_C28F2x10000"] == "III"
    assert [r.where for r in found.remarks if r.kind == "type"] == [
        "images_class2/Class_III_C28F2x10000.jpg"
    ]
    assert {name: sorted(split.parts) for name, split in found.splits.items()} == {
        name: ["test", "train", "val"] for name in ("default", "c1", "c2", "c3")
    }
    # an entry with two endings is found, and told; one without an image is told
    assert found.splits["c1"].parts["val"] == ("Class_I_C103F1x20000",)
    assert [r.where for r in found.remarks if r.kind == "name"] == ["splits (c1, val)"]
    assert found.splits["default"].missing == {"train": (f"{NO_IMAGE}.png",)}
    assert [r.where for r in found.remarks if r.kind == "no image"] == [
        f"labels/labels/{NO_IMAGE}.png"
    ]


def test_the_information_bar_is_cut_off_to_the_label_map(tmp_path):
    for found in (
        read_dataset(write_microsteel(tmp_path / "microsteel")),
        read_dataset(write_metaldam(tmp_path / "metaldam")),
    ):
        for entry in found.labelled:
            image, label_map = read_pair(entry)
            assert image.shape == label_map.shape == SIZE


def test_metaldam_with_its_metadata_and_its_unlabelled_images(tmp_path):
    found = read_dataset(write_metaldam(tmp_path / "archive" / "MetalDAM").parent)
    assert found.layout == "metaldam"
    assert found.root.name == "MetalDAM"
    assert [entry.um_per_px for entry in found.labelled] == [0.04] * 6
    assert found.folds == {"folds": ("folds/0", "folds/1", "folds/2")}
    fold = found.split("folds/1")
    assert fold.parts["val"] == ("micrograph1", "micrograph4")
    assert len(fold.parts["train"]) == 4
    assert [entry.stem for entry in found.entries if not entry.label_map] == ["u1", "u2"]
    assert kinds(found) == ["no label map"] * 2
    # one label map of the release is RGB with R=G=B=index
    label_map = read_pair(found.labelled[2])[1]
    assert sorted(np.unique(label_map)) == [0, 1, 2, 3, 4]


def test_metadata_without_folds_or_that_is_damaged_is_told(tmp_path):
    root = write_metaldam(tmp_path / "MetalDAM")
    with closing(sqlite3.connect(root / "MetalDAM_metadata.sql")) as database, database:
        database.execute("ALTER TABLE micrograph DROP COLUMN fold")
        database.execute("UPDATE micrograph SET pixels_per_micron = 0 WHERE micrograph_id = 0")
    found = read_dataset(root)
    assert found.folds == {}
    assert [entry.um_per_px for entry in found.labelled] == [None] + [0.04] * 5
    (told,) = [remark for remark in found.remarks if remark.kind == "left out"]
    assert told.line == (
        "MetalDAM_metadata.sql: no column fold in its tables (micrograph: micrograph_id,"
        " image_path, height, width, pixels_per_micron); give the folds in splits.json"
    )
    path = root / "MetalDAM_metadata.sql"
    path.write_bytes(path.read_bytes()[:1500])
    found = read_dataset(root)
    assert found.layout == "metaldam"
    assert len(found.labelled) == 6
    assert any("it cannot be read" in remark.line for remark in found.remarks)


def without_fold(root: Path, *statements: str) -> Path:
    """MetalDAM's folder with other tables than a column fold beside the image's name."""
    with closing(sqlite3.connect(root / "MetalDAM_metadata.sql")) as database, database:
        database.execute("ALTER TABLE micrograph DROP COLUMN fold")
        for statement in statements:
            database.execute(statement)
    return root


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            "fold (fold_id INTEGER, micrograph_id INTEGER)",
            "SELECT micrograph_id / 2, micrograph_id",
        ),
        ("cv (k_fold TEXT, micrograph INTEGER)", "SELECT micrograph_id / 2, micrograph_id"),
        ("cv (fold INTEGER, path TEXT)", "SELECT micrograph_id / 2, image_path"),
        (
            "cv (fold INTEGER, micrograph_id INTEGER, part TEXT)",
            (
                "SELECT f.micrograph_id, m.micrograph_id,"
                " CASE m.micrograph_id / 2 WHEN f.micrograph_id THEN 'test' ELSE 'train' END"
                " FROM micrograph f, micrograph m WHERE f.micrograph_id < 3 --"
            ),
        ),
    ],
    ids=["by number", "by number, as text", "by name", "with parts"],
)
def test_folds_in_a_table_of_their_own_are_found(tmp_path, table, rows):
    root = without_fold(
        write_metaldam(tmp_path / "MetalDAM"),
        f"CREATE TABLE {table}",
        f"INSERT INTO {table.split()[0]} {rows} FROM micrograph",
    )
    found = read_dataset(root)
    assert found.folds == {"folds": ("folds/0", "folds/1", "folds/2")}
    assert [found.split(f"folds/{i}").parts["val"] for i in range(3)] == [
        (f"micrograph{2 * i}", f"micrograph{2 * i + 1}") for i in range(3)
    ]


def test_a_table_with_any_name_is_read(tmp_path):
    root = without_fold(write_metaldam(tmp_path / "MetalDAM"), 'CREATE TABLE "a""b" (x INTEGER)')
    (told,) = [one.line for one in read_dataset(root).remarks if one.kind == "left out"]
    assert 'a"b: x' in told


def test_the_folds_of_metaldams_authors_are_places_in_the_names(tmp_path):
    root = without_fold(write_metaldam(tmp_path / "MetalDAM", n=12))
    # names are sorted as text: micrograph0, 1, 10, 11, 2 ...
    places = [[0, 3, 4], [1, 5, 6], [2, 7, 8], [9, 10, 11]]
    folds = {
        f"fold{i}": {"train": [p for p in range(12) if p not in own], "test": own}
        for i, own in enumerate(places)
    }
    (root / "folds.json").write_text(json.dumps(folds))
    found = read_dataset(root)
    assert found.folds == {"folds": tuple(f"folds/{i}" for i in range(4))}
    assert found.split("folds/0").parts["val"] == ("micrograph0", "micrograph11", "micrograph2")
    assert set(found.split("folds/2").parts["val"]) == {
        "micrograph10",
        "micrograph5",
        "micrograph6",
    }
    assert not [one for one in found.remarks if one.kind in {"split", "left out"}]
    # without an image in any test part they are splits of their own
    del folds["fold3"]
    (root / "folds.json").write_text(json.dumps(folds))
    found = read_dataset(root)
    assert found.folds == {}
    assert list(found.splits) == ["fold0", "fold1", "fold2"]
    assert len(found.split("fold1").parts["train"]) == 9


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "the form is"),
        ({}, "the form is"),
        ({"fold0": [1]}, "fold0 cannot be understood"),
        ({"fold0": {"train": [0], "test": ["a"]}}, "fold0 cannot be understood"),
        ({"fold0": {"train": [0], "test": [True]}}, "fold0 cannot be understood"),
        ({"fold0": {"train": [0], "test": [6]}}, "fold0, test: there is no image 6; 0 to 5"),
        ({"fold0": {"train": [-1], "test": [1]}}, "fold0, train: there is no image -1"),
    ],
)
def test_folds_of_another_form_are_refused(tmp_path, content, told):
    root = write_metaldam(tmp_path / "MetalDAM")
    (root / "folds.json").write_text(json.dumps(content))
    with pytest.raises(PremaskError, match=told):
        read_dataset(root)


def test_part_files_beside_the_images_are_a_split(tmp_path):
    root = without_fold(write_metaldam(tmp_path / "MetalDAM"))
    (root / "train.txt").write_text("micrograph0.png\nmicrograph1.png\n\nmicrograph2.png\n")
    (root / "val.txt").write_text("micrograph3.jpg\n")
    (root / "test.txt").write_text("micrograph4\nmicrograph9.png\n")
    (root / "licence.txt").write_text("MIT\n")
    found = read_dataset(root)
    assert dict(found.split().parts) == {
        "train": ("micrograph0", "micrograph1", "micrograph2"),
        "val": ("micrograph3",),
        "test": ("micrograph4",),
    }
    assert found.split().missing == {"test": ("micrograph9.png",)}
    assert not any("licence" in remark.line for remark in found.remarks)


def test_a_csv_of_numbers_is_a_cross_validation(tmp_path):
    file = tmp_path / "uhcs_split.csv"
    file.write_text("name,set\na.tif,10\nb.tif,2\nc.tif,2\n")
    raw = read_splits(file)
    assert raw.splits == {}
    assert raw.folds == {"folds": {"2": ["b", "c"], "10": ["a"]}}


def test_packed_images_of_microsteel_are_told(tmp_path):
    root = write_microsteel(tmp_path / "set")
    shutil.make_archive(str(root / "images_class3"), "zip", root / "images_class3")
    assert "left out" not in kinds(read_dataset(root))
    shutil.rmtree(root / "images_class3")
    (told,) = [r for r in read_dataset(root).remarks if r.kind == "left out"]
    assert told.line == "images_class3.zip: packed images; unpack them"


def test_a_plain_folder_with_types_groups_and_splits(tmp_path):
    root = write_plain(
        tmp_path,
        EBC={"train": ["a.png"], "validate": ["b"], "test": ["gone"], "other": ["c"]},
        six={"0": ["a"], "1": ["b", "c"]},
        note=["a"],
    )
    (root / "types.csv").write_text("stem,type\na,I\nb,II\n")
    (root / "groups.csv").write_text("a,steel 1\nb,steel 1\n")
    found = read_dataset(root, classes=["iron", "rust", "void of it"])
    assert found.phases.names == ("iron", "rust", "void of it")
    assert [(e.stem, e.type, e.group) for e in found.entries] == [
        ("a", "I", "steel 1"),
        ("b", "II", "steel 1"),
        ("c", None, "c"),
    ]
    assert found.splits["EBC"].parts == {
        "train": ("a",),
        "val": ("b",),
        "test": (),
        "other": ("c",),
    }
    assert found.splits["EBC"].missing == {"test": ("gone",)}
    assert found.splits["six/0"].parts == {"train": ("b", "c"), "val": ("a",)}
    assert [e.stem for e in found.part(found.split("six/1"), "val")] == ["b", "c"]
    assert sorted(kinds(found)) == ["left out", "split"]


def test_phases_are_counted_where_nobody_names_them(tmp_path):
    assert read_dataset(write_plain(tmp_path)).phases.names == ("phase 0", "phase 1", "phase 2")


def test_a_split_of_its_own_and_the_only_one(tmp_path):
    found = read_dataset(write_plain(tmp_path / "one", train=["a"], test=["b", "c"]))
    assert found.split().parts == {"train": ("a",), "test": ("b", "c")}
    with pytest.raises(PremaskError, match=r"there is no split 'defaults'.*did you mean default"):
        found.split("defaults")
    two = read_dataset(write_plain(tmp_path / "two", A={"train": ["a"]}, B={"train": ["b"]}))
    with pytest.raises(PremaskError, match="no split was named; the splits are A, B"):
        two.split()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "splits.json").write_text("{"), "splits.json: no JSON"),
        (lambda root: (root / "splits.json").write_text("[]"), "must be an object"),
        (lambda root: (root / "splits.json").write_text('{"a": {"train": "x"}}'), "a, train"),
        (lambda root: [p.unlink() for p in (root / "masks").iterdir()], "none of its 3 images"),
        (lambda root: (root / "masks").rename(root / "m"), "is no data set"),
        (lambda root: (root / "manifest.json").write_text("{}"), "no manifest of a data set"),
        (
            lambda root: (root / "manifest.json").write_text(
                '{"premask_dataset": 99, "images": []}'
            ),
            "written by a newer premask",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(tmp_path, change, message):
    root = write_plain(tmp_path)
    change(root)
    with pytest.raises(PremaskError, match=message) as error:
        read_dataset(root)
    assert "\n" not in str(error.value)


def test_an_image_that_does_not_fit_its_label_map_is_refused(tmp_path):
    root = write_plain(tmp_path)
    Image.fromarray(np.zeros((96, 127), np.uint8)).save(root / "images" / "a.png")
    with pytest.raises(PremaskError, match="a: its image has 127x96 px and its label map 128x96"):
        read_pair(read_dataset(root).entries[0])


@pytest.mark.data
def test_the_real_sets(data):
    sizes = {
        name: {part: len(own) for part, own in split.parts.items()}
        for name, split in read_dataset(data / "nasa_super").splits.items()
    }
    assert sizes == {
        "Super1": {"train": 10, "val": 4, "test": 4},
        "Super2": {"train": 4, "val": 4, "test": 4, "different_test": 5},
        "Super3": {"train": 1, "val": 4, "test": 4, "different_test": 5},
        "Super4": {"train": 4, "val": 4, "test": 5},
    }
    uhcs = read_dataset(data / "uhcs")
    assert len(uhcs.folds["uhcs_segment_6fold_validation_sets"]) == 6
    assert {p: len(own) for p, own in uhcs.split("MatSeg").parts.items()} == {"train": 20, "val": 4}
    assert not uhcs.remarks
    ebc = read_dataset(data / "nasa_ebc")
    # two images are missing in the folder: left out, and told of
    assert len(ebc.split("EBC1").parts["train"]) == 16
    assert len(ebc.split("EBC1").missing["train"]) == 2
    for entry in ebc.entries:
        image, label_map = read_pair(entry)
        assert image.shape == label_map.shape == (1024, 1024)
