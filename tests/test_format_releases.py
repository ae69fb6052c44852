"""MicroSteel and MetalDAM as they are released, in small: bars, types, strays, splits."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import kinds, load, vocabulary
from exchange_projects import by_name, final_maps, picture, same
from premask.core.phases import make_phases
from premask.interchange.metaldam import CLASSES as METALDAM
from premask.interchange.microsteel import CLASSES as MICROSTEEL
from premask.project.project import Project, init_project
from premask.project.settings import PRESETS, Settings, preset
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps

BAR = 13
LabelMaps = dict[str, np.ndarray]


def maps(stems: Sequence[str], shape: tuple[int, int] = (40, 56)) -> LabelMaps:
    return {
        stem: np.random.default_rng(i).integers(0, 5, shape).astype(np.uint8)
        for i, stem in enumerate(stems)
    }


def save_picture(folder: Path, stem: str, shape: tuple[int, int], *, seed: int, rgb: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    grey = picture(seed, shape)
    Image.fromarray(np.dstack([grey] * 3) if rgb else grey).save(folder / f"{stem}.jpg", quality=95)


STEMS = ("Class_I_C1x100", "Class_II_C2x100", "Class_III_C3x100", "Class_III_C4x100")


def microsteel(root: Path) -> LabelMaps:
    """A release: the third lies in the wrong folder, the fourth has no picture."""
    found = maps(STEMS)
    (root / "labels/labels").mkdir(parents=True)
    (root / "labels/coloured_labels").mkdir()
    for i, (stem, label_map) in enumerate(found.items()):
        Image.fromarray(label_map).save(root / "labels/labels" / f"{stem}.png")
        Image.fromarray(label_map * 50).save(root / "labels/coloured_labels" / f"{stem}.png")
        if i < 3:
            save_picture(root / f"images_class{min(i + 1, 2)}", stem, (40 + BAR, 56), seed=i,
                         rgb=i == 1)  # fmt: skip
    save_picture(root / "images_class3", "Class_III_C9x100", (53, 56), seed=9, rgb=False)
    (root / "images_class4.zip").write_bytes(b"PK")
    (root / "splits").mkdir()
    (root / "splits/train.txt").write_text(f"{STEMS[0]}.png\n{STEMS[1]}.png\n")
    (root / "splits/val_c1.txt").write_text(f"{STEMS[2]}.jpg.png\nClass_I_gone.png\n")
    return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "project", preset("microsteel"))


def test_microsteel_comes_in_with_its_images(tmp_path: Path, project: Project) -> None:
    wanted = microsteel(tmp_path / "release")
    done = import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    images = by_name(project)
    assert sorted(done.added) == sorted(images) == sorted(f"{stem}.jpg" for stem in STEMS[:3])
    assert {name: (one.type, one.crop_bottom) for name, one in images.items()} == {
        f"{stem}.jpg": (stem.split("_")[1], BAR) for stem in STEMS[:3]
    }
    same(final_maps(project), {f"{stem}.jpg": wanted[stem] for stem in STEMS[:3]})


def test_what_does_not_fit_in_microsteel_is_told(tmp_path: Path, project: Project) -> None:
    microsteel(tmp_path / "release")
    done = import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    assert [(f.kind, f.where, f.message.split(";")[0]) for f in done.findings] == [
        ("left out", "images_class4.zip", "packed pictures"),
        ("name", "splits/val_c1.txt",
         f"{STEMS[2]}.jpg.png is taken for {STEMS[2]}: it has a second ending"),
        ("no label map", "splits/val_c1.txt", "there is no label map of Class_I_gone.png"),
        ("left out", "splits", "the split into parts is not kept"),
        ("no label map", "Class_III_C9x100.jpg", "the release has no label map of it"),
        ("no image", f"{STEMS[3]}.png", f"no image {STEMS[3]}.png in the project, left out"),
    ]  # fmt: skip


def test_images_that_are_in_the_project_need_no_pictures(tmp_path: Path, project: Project) -> None:
    """With the bar cropped or not, by name alone."""
    wanted = microsteel(tmp_path / "release")
    import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    for i in (1, 2):
        for file in (tmp_path / "release" / f"images_class{i}").iterdir():
            file.unlink()
    again = import_label_maps(project, "microsteel", tmp_path / "release")
    assert again.added == []
    assert len(again.done) == 3
    same(final_maps(project), {f"{stem}.jpg": wanted[stem] for stem in STEMS[:3]})


def test_classes_are_found_by_name(tmp_path: Path) -> None:
    """Another project has other indices, and calls one phase by another name."""
    wanted = microsteel(tmp_path / "release")
    names = ["Fe2B", "FeTiB", "Nitride", "TiB2", "Alpha"]
    project = init_project(tmp_path / "p", Settings(make_phases(names)))
    done = import_label_maps(
        project, "microsteel", tmp_path / "release", add_images=True, renames={"TiN": "Nitride"}
    )
    assert "unknown" not in {finding.kind for finding in done.findings}
    same(final_maps(project), {f"{s}.jpg": np.uint8(4) - wanted[s] for s in STEMS[:3]})


def test_microsteel_is_written_as_it_is_released(tmp_path: Path, project: Project) -> None:
    wanted = microsteel(tmp_path / "release")
    import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    export_label_maps(project, "microsteel", tmp_path / "out")
    files = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")
    }
    assert (
        files
        == {
            "premask.json",
            *(f"images_class{i + 1}/{stem}.png" for i, stem in enumerate(STEMS[:3])),  # cropped
            *(f"labels/labels/{stem}.png" for stem in STEMS[:3]),
            *(f"labels/coloured_labels/{stem}.png" for stem in STEMS[:3]),
        }
    )
    for stem in STEMS[:3]:
        written = Image.open(tmp_path / "out/labels/labels" / f"{stem}.png")
        assert np.array_equal(np.asarray(written), wanted[stem])
        coloured = np.asarray(Image.open(tmp_path / "out/labels/coloured_labels" / f"{stem}.png"))
        assert (coloured[wanted[stem] == 1] == (255, 0, 0)).all()
    fresh = init_project(tmp_path / "fresh", preset("microsteel"))
    done = import_label_maps(fresh, "microsteel", tmp_path / "out", add_images=True)
    assert done.findings == []
    assert {image.type for image in by_name(fresh).values()} == {"I", "II", "III"}
    assert {image.crop_bottom for image in by_name(fresh).values()} == {0}


def test_the_original_frame_keeps_the_pictures(tmp_path: Path, project: Project) -> None:
    """The JPEGs go out untouched, and the label maps with void where the bar is."""
    microsteel(tmp_path / "release")
    import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    export_label_maps(project, "microsteel", tmp_path / "out", frame="original")
    for folder, stem in (("images_class1", STEMS[0]), ("images_class2", STEMS[1])):
        one, two = (tmp_path / top / folder / f"{stem}.jpg" for top in ("release", "out"))
        assert one.read_bytes() == two.read_bytes()
    label_map = np.asarray(Image.open(tmp_path / f"out/labels/labels/{STEMS[0]}.png"))
    assert label_map.shape == (53, 56)
    assert (label_map[40:] == 255).all()


def test_values_are_the_releases_whatever_the_order_of_the_phases(tmp_path: Path) -> None:
    wanted = microsteel(tmp_path / "release")
    project = init_project(tmp_path / "p", Settings(make_phases(MICROSTEEL[::-1])))
    import_label_maps(project, "microsteel", tmp_path / "release", add_images=True)
    export_label_maps(project, "microsteel", tmp_path / "out")
    for stem in STEMS[:3]:
        written = Image.open(tmp_path / "out/labels/labels" / f"{stem}.png")
        assert np.array_equal(np.asarray(written), wanted[stem])


def metaldam(root: Path) -> LabelMaps:
    """A release, in a folder of its own; one label map is stored as RGB."""
    found = maps(["micrograph1", "micrograph26"])
    top = root / "MetalDAM"
    (top / "labels").mkdir(parents=True)
    for i, (stem, label_map) in enumerate(found.items()):
        stored = np.dstack([label_map] * 3) if stem == "micrograph26" else label_map
        Image.fromarray(stored).save(top / "labels" / f"{stem}.png")
        save_picture(top / "images", stem, (40 + BAR, 56), seed=i, rgb=False)
    database = sqlite3.connect(top / "MetalDAM_metadata.sql")
    with database:
        database.execute("CREATE TABLE micrograph (image_path TEXT, pixels_per_micron REAL)")
        database.executemany(
            "INSERT INTO micrograph VALUES (?, ?)",
            [("images/micrograph1.jpg", 40.0), ("images/micrograph26.jpg", 0.0), (None, "x")],
        )
    database.close()
    return found


def test_metaldam_comes_in_with_its_images(tmp_path: Path) -> None:
    wanted = metaldam(tmp_path / "release")
    project = init_project(tmp_path / "p", preset("metaldam"))
    done = import_label_maps(project, "metaldam", tmp_path / "release", add_images=True)
    assert done.findings == []
    same(final_maps(project), {f"{stem}.jpg": label_map for stem, label_map in wanted.items()})
    images = by_name(project)
    assert images["micrograph1.jpg"].um_per_px == pytest.approx(1 / 40)
    assert images["micrograph26.jpg"].um_per_px is None
    assert {image.crop_bottom for image in images.values()} == {BAR}


@pytest.mark.parametrize(
    "content",
    [
        b"CREATE TABLE micrograph;",
        b"SQLite format 3\0" + bytes(200),
        None,
    ],
)
def test_metadata_that_is_no_table_is_left_out(tmp_path: Path, content: bytes | None) -> None:
    metaldam(tmp_path / "release")
    file = tmp_path / "release/MetalDAM/MetalDAM_metadata.sql"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    else:  # a view that never ends
        database = sqlite3.connect(file)
        database.execute(
            "CREATE VIEW micrograph AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"
            " SELECT 'a' AS image_path, i AS pixels_per_micron FROM n WHERE i = 2"
        )
        database.commit()
        database.close()
    words = vocabulary(METALDAM)
    found = load("metaldam", tmp_path / "release", words)
    assert kinds(words) == ["left out"]
    assert [one.um_per_px for one in found] == [None, None]


def test_metaldam_is_written_as_it_is_released(tmp_path: Path) -> None:
    wanted = metaldam(tmp_path / "release")
    project = init_project(tmp_path / "p", Settings(make_phases(METALDAM[::-1])))
    import_label_maps(project, "metaldam", tmp_path / "release", add_images=True)
    export_label_maps(project, "metaldam", tmp_path / "out", frame="original")
    for stem, label_map in wanted.items():
        written = np.asarray(Image.open(tmp_path / "out/labels" / f"{stem}.png"))
        assert np.array_equal(written[:40], label_map)
        assert (tmp_path / "out/images" / f"{stem}.jpg").is_file()


def test_the_presets_have_the_classes_of_the_releases() -> None:
    for name, classes in (("microsteel", MICROSTEEL), ("metaldam", METALDAM)):
        assert tuple(row["name"] for row in PRESETS[name]["phases"]) == classes
