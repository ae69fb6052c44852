"""``premask dataset build``: what is in the folder, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_project import MINUTES, NAMES, SHAPE, add_copy, make_project
from helpers import answer, premask, refusal, small_micrograph
from premask.core.errors import PremaskError
from premask.io.images import read_micrograph
from premask.project import objects
from premask.project.images import all_images, read_pixels
from premask.project.label_maps import read_version
from premask.project.project import Project, open_project
from premask.workflow.dataset.about import (
    LICENCES,
    About,
    licence_line,
    parse_authors,
    parse_licence,
)
from premask.workflow.dataset.build import build_dataset
from premask.workflow.dataset.check import check_dataset
from premask.workflow.dataset.folder import read_dataset, read_pair
from premask.workflow.dataset.sides import SideOptions, parse_shares
from premask.workflow.evaluate import evaluate_folders
from premask.workflow.final_maps import final_version

ABOUT = About(
    "Steel, a set",
    parse_licence("cc-by-4.0"),
    parse_authors("Ana Ruiz (University of Granada) 0000-0002-1825-0097; Doe, Ben; DaSCI"),
    url="https://doi.org/10.5281/zenodo.1",
    description="Micrographs of a steel.",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("original")
    make_project(root)
    return root


@pytest.fixture(scope="module")
def built(original: Path) -> Path:
    out = original / "set"
    build_dataset(open_project(original / "project"), out, ABOUT, archive=True)
    return out


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Project:
    """A copy that a test may change."""
    shutil.copytree(original / "project", tmp_path / "project")
    shutil.copytree(original / "in", tmp_path / "in")
    return open_project(tmp_path / "project")


def manifest_of(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text())


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_images_and_label_maps_fit_pixel_for_pixel(original: Path, built: Path) -> None:
    project = open_project(original / "project")
    images = {image.name.rpartition(".")[0]: image for image in all_images(project)}
    found = read_dataset(built)
    assert len(found.labelled) == 11
    for entry in found.labelled:
        record = images[entry.stem]
        pixels, labels = read_pair(entry)
        assert np.array_equal(pixels, read_pixels(project, record))
        version = final_version(project, record)
        assert version is not None
        assert np.array_equal(labels, read_version(project, version))
        assert read_micrograph(entry.image).pixels.shape[:2] == labels.shape == SHAPE
        assert entry.um_per_px == 0.05
        assert entry.type == record.type
        with Image.open(entry.label_map) as opened:
            assert opened.mode == "P"


def test_what_needs_no_crop_is_the_untouched_file(original: Path, built: Path) -> None:
    project = open_project(original / "project")
    records = {image.id: image for image in all_images(project)}
    kinds = set()
    for row in manifest_of(built)["images"]:
        record = records[row["source"]["sha256"]]
        stored = objects.existing(project.root, record.content).read_bytes()
        data = (built / row["image"]["file"]).read_bytes()
        assert row["image"]["untouched"] == (record.crop_bottom == 0) == (data == stored)
        kinds.add((Path(row["image"]["file"]).suffix, row["image"]["untouched"]))
    assert kinds == {(".png", True), (".png", False), (".tif", True)}
    # 16 bits stay 16 bits
    assert read_micrograph(built / "images" / "steel 01.tif").pixels.dtype == np.uint16


def test_a_turned_jpeg_is_written_as_it_is_seen(project: Project, tmp_path: Path) -> None:
    from premask.project.label_maps import save_label_map
    from premask.workflow.add import add_images

    picture = Image.fromarray(np.arange(60 * 80, dtype=np.uint8).reshape(60, 80))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    add_images(project, [tmp_path / "turned.jpg"], crop_bottom=0)
    image = next(one for one in all_images(project) if one.name == "turned.jpg")
    labels = np.zeros((80, 60), np.uint8)
    labels[:9] = 1
    save_label_map(project, image, labels, annotator="", strategy="reference")
    build_dataset(project, tmp_path / "set", ABOUT)
    (row,) = [one for one in manifest_of(tmp_path / "set")["images"] if one["stem"] == "turned"]
    assert not row["image"]["untouched"]
    # any reader now sees what premask sees
    with Image.open(tmp_path / "set" / row["image"]["file"]) as opened:
        assert np.array_equal(np.array(opened), read_pixels(project, image))


def test_both_label_maps_are_there_and_told_apart(built: Path) -> None:
    both = 0
    for row in manifest_of(built)["images"]:
        strategies = [one["strategy"] for one in row["label_maps"]]
        assert row["label_map"] == strategies[0]
        if strategies == ["reference"]:
            continue
        assert strategies == ["preannotated", "scratch"]
        final, scratch = (np.array(Image.open(built / one["file"])) for one in row["label_maps"])
        assert row["label_maps"][0]["file"] == f"labels/{row['stem']}.png"
        assert row["label_maps"][1]["file"] == f"labels_scratch/{row['stem']}.png"
        assert (scratch[40:44] == 0).all()
        assert np.array_equal(
            np.delete(final, np.s_[40:44], 0), np.delete(scratch, np.s_[40:44], 0)
        )
        both += 1
    assert both == 10
    entry = read_dataset(built).labelled[0]
    assert set(entry.others) == {"scratch"}


def test_minutes_come_from_the_logs_by_every_measure(built: Path) -> None:
    rows = {row["stem"]: row for row in manifest_of(built)["images"]}
    repaired, scratch = (one["minutes"] for one in rows["steel 03"]["label_maps"])
    assert set(repaired) == {"active", "strict60", "gap100", "wall"}
    assert repaired["active"] == pytest.approx(MINUTES["preannotated"] + 0.3, abs=1e-3)
    assert scratch["active"] == pytest.approx(MINUTES["scratch"] + 3, abs=1e-3)
    # gaps of 200 s count 60 s each by the stricter rule
    assert scratch["strict60"] < scratch["active"]
    assert rows["steel 10"]["label_maps"][0]["minutes"] is None


def test_annotators_have_pseudonyms_everywhere_unless_named(
    project: Project, built: Path, tmp_path: Path
) -> None:
    for name, data in files_of(built).items():
        assert b"Secret" not in data, name
    maps = [one for row in manifest_of(built)["images"] for one in row["label_maps"]]
    assert {one["annotator"] for one in maps} == {"annotator-1", "annotator-2", None}
    build_dataset(project, tmp_path / "named", ABOUT, names=True)
    maps = [one for row in manifest_of(tmp_path / "named")["images"] for one in row["label_maps"]]
    assert {one["annotator"] for one in maps} == {"Ana Secret", "Ben Secret", None}


def test_hashes_and_counts_are_those_of_the_files(built: Path) -> None:
    for row in manifest_of(built)["images"]:
        for one in (row["image"], *row["label_maps"]):
            data = (built / one["file"]).read_bytes()
            assert one["sha256"] == hashlib.sha256(data).hexdigest()
            assert one["bytes"] == len(data)
        for one in row["label_maps"]:
            values = np.array(Image.open(built / one["file"]))
            assert one["pixels"] == [int((values == i).sum()) for i in range(len(NAMES))]
            assert one["void"] == int((values == 255).sum()) == 1
    for line in (built / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest
    named = {line.split("  ", 1)[1] for line in (built / "SHA256SUMS").read_text().splitlines()}
    assert named == set(files_of(built)) - {"SHA256SUMS"}


def test_the_same_project_gives_the_same_bytes(original: Path, built: Path, tmp_path: Path) -> None:
    build_dataset(open_project(original / "project"), tmp_path / "set", ABOUT, archive=True)
    assert files_of(tmp_path / "set") == files_of(built)
    assert (tmp_path / "set.zip").read_bytes() == built.with_name("set.zip").read_bytes()
    build_dataset(open_project(original / "project"), tmp_path / "only" / "set.zip", ABOUT)
    assert [path.name for path in (tmp_path / "only").iterdir()] == ["set.zip"]
    assert (tmp_path / "only" / "set.zip").read_bytes() == (tmp_path / "set.zip").read_bytes()
    with zipfile.ZipFile(built.with_name("set.zip")) as archive:
        assert set(archive.namelist()) == set(files_of(built))
        assert archive.testzip() is None


def test_splits_share_the_images_out_and_folds_hold_all(built: Path) -> None:
    splits = json.loads((built / "splits.json").read_text())
    sizes = {part: len(stems) for part, stems in splits["default"].items()}
    assert sizes == {"train": 7, "val": 2, "test": 2}
    assert len({s for stems in splits["default"].values() for s in stems}) == 11
    assert sorted(len(stems) for stems in splits["folds"].values()) == [2, 2, 2, 2, 3]
    assert len({s for stems in splits["folds"].values() for s in stems}) == 11
    found = read_dataset(built)
    assert len(found.part(found.split(), "train")) == 7
    assert len(found.folds["folds"]) == 5


def test_near_duplicates_are_on_one_side(project: Project, tmp_path: Path) -> None:
    for i, of in enumerate(("steel 01", "steel 02", "steel 03", "steel 04")):
        add_copy(project, tmp_path, of, f"again {i}")
    for seed in range(3):
        out = tmp_path / f"set{seed}"
        made = build_dataset(project, out, ABOUT, SideOptions(seed=seed))
        pairs = [(f"again {i}", f"steel {i + 1:02}") for i in range(4)]
        assert made.duplicates == pairs
        groups = {row["stem"]: row["group"] for row in manifest_of(out)["images"]}
        for name, parts in json.loads((out / "splits.json").read_text()).items():
            side = {stem: part for part, stems in parts.items() for stem in stems}
            for first, second in pairs:
                assert side[first] == side[second], name
                assert groups[first] == groups[second]
    assert [one["overlap"] > 0.95 for one in manifest_of(out)["near_duplicates"]] == [True] * 4


@pytest.fixture
def with_unlabelled(project: Project, tmp_path: Path) -> Path:
    """A data set with two unlabelled images: one that is new, one that repeats steel 03."""
    add_copy(project, tmp_path, "steel 03", "old print", labelled=False)
    built = build_dataset(project, tmp_path / "set", ABOUT, unlabelled=True)
    assert (built.images, built.unlabelled) == (11, 2)
    return tmp_path / "set"


def test_unlabelled_images_are_published_beside_the_others(
    project: Project, with_unlabelled: Path
) -> None:
    rows = {row["stem"]: row for row in manifest_of(with_unlabelled)["unlabelled"]}
    assert list(rows) == ["old print", "steel 11"]
    for row in rows.values():
        data = (with_unlabelled / row["image"]["file"]).read_bytes()
        assert row["image"]["file"].startswith("unlabelled/")
        assert row["image"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert "label_maps" not in row
    image = next(one for one in all_images(project) if one.name == "steel 11.png")
    pixels = read_micrograph(with_unlabelled / rows["steel 11"]["image"]["file"]).pixels
    assert np.array_equal(pixels, read_pixels(project, image))
    found = read_dataset(with_unlabelled)
    assert len(found.entries) == 13
    assert [one.stem for one in found.entries if one.label_map is None] == list(rows)
    # machines that read pairs do not see them; Croissant names them for what they are
    text = "".join(path.read_text() for path in with_unlabelled.glob("metadata*.jsonl"))
    assert "unlabelled/" not in text
    sets = json.loads((with_unlabelled / "croissant.json").read_text())["distribution"]
    assert [one["includes"] for one in sets[1:]] == ["images/*", "labels/*.png", "unlabelled/*"]
    sums = (with_unlabelled / "SHA256SUMS").read_text()
    assert "unlabelled/steel 11.png" in sums


def test_unlabelled_images_are_in_no_split(with_unlabelled: Path) -> None:
    found = read_dataset(with_unlabelled)
    bare = {one.stem for one in found.entries if one.label_map is None}
    for name, split in found.splits.items():
        assert not bare & {stem for part in split.parts.values() for stem in part}, name
        for part in split.parts:
            assert all(entry.label_map for entry in found.part(split, part))
    splits = json.loads((with_unlabelled / "splits.json").read_text())
    splits["default"]["train"].append("steel 11")
    (with_unlabelled / "splits.json").write_text(json.dumps(splits))
    again = read_dataset(with_unlabelled)
    assert all(entry.label_map for entry in again.part(again.split(), "train"))
    assert any("steel 11" in remark.line for remark in again.remarks)


def test_unlabelled_images_that_repeat_labelled_ones_are_told(
    project: Project, with_unlabelled: Path, tmp_path: Path
) -> None:
    manifest = manifest_of(with_unlabelled)
    old, new = manifest["unlabelled"]
    assert (old["repeats"], new["repeats"]) == (["steel 03"], [])
    groups = {row["stem"]: row["group"] for row in manifest["images"]}
    assert old["group"] == groups["steel 03"]
    assert [(p["first"], p["second"]) for p in manifest["near_duplicates"]] == [
        ("steel 03", "old print")
    ]
    splits = json.loads((with_unlabelled / "splits.json").read_text())["default"]
    (part,) = [part for part, stems in splits.items() if "steel 03" in stems]
    card = (with_unlabelled / "README.md").read_text()
    assert "| `unlabelled/` | 2 images without a label map |" in card
    assert (
        f"1 unlabelled image shows the same as labelled ones: old print (steel 03, {part})" in card
    )
    checked = check_dataset(with_unlabelled)
    assert not checked.broken
    (told,) = [remark.line for remark in checked.remarks if remark.kind == "duplicate"]
    assert "old print: shows the same as steel 03 (100 % of it)" in told
    assert "old print is unlabelled: leave it out of what is trained on" in told
    assert not [remark for remark in checked.remarks if remark.kind == "no label map"]


def test_labelled_fields_that_an_unlabelled_one_joins_are_one_group(
    project: Project, tmp_path: Path
) -> None:
    """Two fields that do not overlap each other, and one that overlaps both."""
    from premask.project.label_maps import save_label_map
    from premask.workflow.add import add_images

    wide = small_micrograph(77, (300, 700))
    (tmp_path / "fields").mkdir()
    for name, left in (("left", 0), ("middle", 180), ("right", 360)):
        Image.fromarray(wide[:, left : left + 320]).save(tmp_path / "fields" / f"{name}.png")
    add_images(project, [tmp_path / "fields"], type_="I", crop_bottom=0)
    for image in all_images(project):
        if image.name in {"left.png", "right.png"}:
            labels = (read_pixels(project, image) > 120).astype(np.uint8)
            save_label_map(project, image, labels, annotator="", strategy="reference")
    out = tmp_path / "set"
    for unlabelled, n_groups in ((False, 2), (True, 1)):
        build_dataset(project, out, ABOUT, unlabelled=unlabelled)
        groups = {r["group"] for r in manifest_of(out)["images"] if r["stem"] in {"left", "right"}}
        assert len(groups) == n_groups
    for parts in json.loads((out / "splits.json").read_text()).values():
        assert sum(bool({"left", "right"} & set(stems)) for stems in parts.values()) == 1


def test_building_again_without_them_takes_unlabelled_images_away(
    project: Project, with_unlabelled: Path
) -> None:
    built = build_dataset(project, with_unlabelled, ABOUT)
    assert built.unlabelled == 0
    assert not list(with_unlabelled.glob("unlabelled/*"))
    assert "unlabelled" not in manifest_of(with_unlabelled)
    assert not check_dataset(with_unlabelled).broken


def test_an_unlabelled_image_takes_no_name_from_a_labelled_one(
    project: Project, tmp_path: Path
) -> None:
    from premask.workflow.add import add_images

    (tmp_path / "other").mkdir()
    Image.fromarray(small_micrograph(5, SHAPE)).save(tmp_path / "other" / "STEEL 03.png")
    add_images(project, [tmp_path / "other"], type_="I", crop_bottom=0)
    build_dataset(project, tmp_path / "set", ABOUT, unlabelled=True)
    manifest = manifest_of(tmp_path / "set")
    bare = [row["stem"] for row in manifest["unlabelled"]]
    assert len(bare) == 2
    assert any(stem.startswith("STEEL 03-") for stem in bare)
    assert "steel 03" in {row["stem"] for row in manifest["images"]}


def test_files_of_unlabelled_images_are_checked(with_unlabelled: Path) -> None:
    (with_unlabelled / "unlabelled" / "stray.png").write_bytes(b"x")
    target = with_unlabelled / "unlabelled" / "steel 11.png"
    target.write_bytes(target.read_bytes() + b" ")
    checked = check_dataset(with_unlabelled, compare=False)
    assert [(r.kind, r.where) for r in checked.remarks if r.where.startswith("unlabelled/")] == [
        ("hash", "unlabelled/steel 11.png"),
        ("extra", "unlabelled/stray.png"),
    ]
    target.unlink()
    kinds = {r.kind for r in check_dataset(with_unlabelled, compare=False).broken}
    assert kinds == {"no file"}
    manifest = manifest_of(with_unlabelled)
    manifest["unlabelled"][0]["image"]["file"] = "../secret.png"
    (with_unlabelled / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PremaskError, match=r"unlabelled image 0: .* outside the data set"):
        read_dataset(with_unlabelled)


def test_specimens_stay_together(project: Project, tmp_path: Path) -> None:
    csv = tmp_path / "groups.csv"
    lines = [f"steel {i:02}.png,specimen {i // 3}" for i in range(9)]
    csv.write_text("stem,group\n" + "\n".join([*lines, "gone,specimen 9"]))
    made = build_dataset(project, tmp_path / "set", ABOUT, SideOptions(groups=csv, folds=3))
    rows = manifest_of(tmp_path / "set")["images"]
    assert {row.get("specimen") for row in rows} == {f"specimen {i}" for i in range(3)} | {None}
    for parts in json.loads((tmp_path / "set" / "splits.json").read_text()).values():
        for i in range(3):
            own = {f"steel {k:02}" for k in range(3 * i, 3 * i + 3)}
            assert sum(bool(own & set(stems)) for stems in parts.values()) == 1
    assert any("1 entry of no image in the data set: gone" in line for line in made.remarks)
    assert any("2 images in no group: steel 09, steel 10" in line for line in made.remarks)
    by_name = build_dataset(
        project, tmp_path / "by_name", ABOUT, SideOptions(group_by=r"steel (\d)", folds=2)
    )
    assert by_name.splits["default"] == {"train": 10, "val": 1, "test": 0}
    assert any(
        line == "test is empty: there is no more to share out of 2 groups"
        for line in by_name.remarks
    )


def test_splits_that_exist_are_kept_and_new_images_find_a_side(
    project: Project, tmp_path: Path
) -> None:
    kept = {
        "train": [f"steel {i:02}" for i in range(4)],
        "validate": ["steel 04.png"],
        "test": ["steel 05.jpg.png", "nowhere"],
    }
    file = tmp_path / "splits.json"
    file.write_text(json.dumps({"paper": kept, "five": {"0": ["steel 00"], "1": ["steel 01"]}}))
    made = build_dataset(project, tmp_path / "set", ABOUT, SideOptions(splits=file))
    splits = json.loads((tmp_path / "set" / "splits.json").read_text())
    assert list(splits) == ["default", "five"]
    for part, stems in {"train": kept["train"], "val": ["steel 04"], "test": ["steel 05"]}.items():
        assert set(stems) <= set(splits["default"][part])
    assert sum(len(stems) for stems in splits["default"].values()) == 11
    assert splits["five"] == {"0": ["steel 00"], "1": ["steel 01"]}
    assert any("nowhere" in line for line in made.remarks)
    assert any("second ending" in line for line in made.remarks)


def test_a_kept_split_of_all_images_gets_no_part_that_it_has_not(
    project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "sides.csv"
    file.write_text("".join(f"steel {i:02},{'train' if i < 8 else 'val'}\n" for i in range(11)))
    made = build_dataset(project, tmp_path / "set", ABOUT, SideOptions(splits=file))
    assert made.splits["default"] == {"train": 8, "val": 3}
    assert not any("empty" in line for line in made.remarks)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"default": {"train": ["billet 1"], "test": ["billet 2"]}},
            r"none of its entries is an image here, e.g. not billet 1; .* \(steel 00 \.\.\.\)",
        ),
        ({"five": {"0": ["billet 1"], "1": ["billet 2"]}}, "e.g. not billet 1"),
        ({"default": {"train": [], "test": []}}, "it is empty"),
        ({}, "it is empty"),
    ],
)
def test_splits_of_other_images_are_refused(
    project: Project, tmp_path: Path, content: dict, said: str
) -> None:
    file = tmp_path / "splits.json"
    file.write_text(json.dumps(content))
    with pytest.raises(PremaskError, match=said):
        build_dataset(project, tmp_path / "set", ABOUT, SideOptions(splits=file))
    assert not (tmp_path / "set").exists()


def test_types_that_a_part_lacks_are_told(project: Project, tmp_path: Path) -> None:
    """Odd images are of type I, even ones of type II."""
    file = tmp_path / "sides.csv"
    parts = ["train" if i < 8 else "val" if i % 2 else "test" for i in range(11)]
    file.write_text("".join(f"steel {i:02},{part}\n" for i, part in enumerate(parts)))
    made = build_dataset(project, tmp_path / "set", ABOUT, SideOptions(splits=file, folds=0))
    told = "split default: val has no image of type II; test has no image of type I"
    assert told in made.remarks
    even = build_dataset(project, tmp_path / "even", ABOUT, SideOptions(folds=0))
    assert not any("no image of type" in line for line in even.remarks)


def test_a_leak_in_kept_splits_is_told_and_left(project: Project, tmp_path: Path) -> None:
    add_copy(project, tmp_path, "steel 01", "again")
    file = tmp_path / "sides.csv"
    file.write_text("again,test\nsteel 01,train\n")
    made = build_dataset(project, tmp_path / "set", ABOUT, SideOptions(splits=file))
    assert any("is on several sides (train: steel 01; test: again)" in r for r in made.remarks)
    splits = json.loads((tmp_path / "set" / "splits.json").read_text())
    assert "again" in splits["default"]["test"]
    assert "steel 01" in splits["default"]["train"]


def test_building_again_replaces_what_was_built_and_nothing_else(
    project: Project, tmp_path: Path
) -> None:
    from premask.project.images import remove_image

    out = tmp_path / "set"
    build_dataset(project, out, ABOUT)
    (out / "notes.txt").write_text("mine")
    gone = next(image for image in all_images(project) if image.name == "steel 04.png")
    remove_image(project, gone)
    build_dataset(project, out, ABOUT)
    assert not list(out.rglob("steel 04*"))
    assert (out / "notes.txt").read_text() == "mine"
    assert not check_dataset(out).broken


def test_an_archive_of_an_earlier_build_is_told(project: Project, tmp_path: Path) -> None:
    out, zipped = tmp_path / "set", tmp_path / "set.zip"
    said = f"{zipped} is of an earlier build and was left; build with --zip as well, or remove it"
    build_dataset(project, out, ABOUT, archive=True)
    before = zipped.read_bytes()
    assert said not in build_dataset(project, out, ABOUT).remarks  # the archive holds the same
    other = SideOptions(folds=0)
    assert said in build_dataset(project, out, ABOUT, other).remarks
    assert zipped.read_bytes() == before
    assert said not in build_dataset(project, out, ABOUT, other, archive=True).remarks
    assert zipped.read_bytes() != before
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("thesis.txt", "mine")
    assert said not in build_dataset(project, out, ABOUT).remarks
    zipped.write_text("no archive")
    assert said not in build_dataset(project, out, ABOUT).remarks


def test_a_folder_of_others_is_not_written_into(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("x")
    with pytest.raises(PremaskError, match="not empty and no data set of premask"):
        build_dataset(project, out, ABOUT)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(PremaskError, match="is a file"):
        build_dataset(project, out / "thesis.txt", ABOUT)


def test_a_failure_leaves_nothing_half_built(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from premask.workflow.dataset import build

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build, "_write_about", full)
    with pytest.raises(PremaskError, match=r"disk of .* is full"):
        build_dataset(project, tmp_path / "out" / "set", ABOUT, archive=True)
    assert list((tmp_path / "out").iterdir()) == []


def test_images_of_one_name_are_told_apart(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other" / "STEEL 02.png"
    other.parent.mkdir()
    Image.fromarray(np.arange(96 * 128, dtype=np.uint8).reshape(96, 128)).save(other)
    from premask.project.label_maps import save_label_map
    from premask.workflow.add import add_images

    add_images(project, [other], crop_bottom=0)
    image = next(one for one in all_images(project) if one.name == "STEEL 02.png")
    labels = np.zeros((96, 128), np.uint8)
    labels[:8] = 1
    save_label_map(project, image, labels, annotator="", strategy="reference")
    build_dataset(project, tmp_path / "set", ABOUT)
    stems = [entry.stem for entry in read_dataset(tmp_path / "set").labelled]
    assert f"STEEL 02-{image.id[:8]}" in stems
    assert len({stem.casefold() for stem in stems}) == 12


def test_the_card_says_what_must_be_known(built: Path) -> None:
    text = (built / "README.md").read_text()
    assert "license: cc-by-4.0" in text
    assert "Ana Ruiz, University of Granada (https://orcid.org/0000-0002-1825-0097)" in text
    assert "10 final label maps repaired from a pre-annotation." in text
    assert "1 final label map imported from elsewhere." in text
    assert "10 images with both: one from scratch and one that was repaired." in text
    assert "Derived from the event logs of 20 of the 21 label maps here." in text
    assert "**Table 7: minutes of annotation**" in text
    assert "active: gaps between activities, each at most 300 s" in text
    assert "Simulated" not in text
    # pictures and files that it names are there
    for name in ("figures/shares-0.svg", "figures/shares-1.svg", "figures/shares-2.svg"):
        assert f"]({name})" in text
        assert (built / name).read_text().startswith("<svg")
    tables = json.loads((built / "statistics.json").read_text())["tables"]
    assert [table["title"].split(":")[0] for table in tables[:2]] == ["Table 3", "Table 4"]
    rows = [row for row in tables[1]["rows"] if row["Type"] == "all images"]
    values = np.concatenate([np.array(Image.open(p)).ravel() for p in (built / "labels").iterdir()])
    for i, row in enumerate(rows):
        assert row["Share %"] == pytest.approx(100 * (values == i).sum() / (values < 255).sum())


def test_without_licence_and_authors_it_says_so(project: Project, tmp_path: Path) -> None:
    made = build_dataset(project, tmp_path / "set", About("Bare"))
    assert any("no licence is stated" in line for line in made.remarks)
    assert any("no authors are stated" in line for line in made.remarks)
    text = (tmp_path / "set" / "README.md").read_text()
    assert "license:" not in text
    assert "**No licence is stated:**" in text
    citation = (tmp_path / "set" / "CITATION.cff").read_text()
    assert '- name: "The authors of Bare"' in citation
    assert "license" not in json.loads((tmp_path / "set" / "croissant.json").read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ana Ruiz 0000-0002-1825-0098", "its check digit is wrong"),
        ("Ana (Univ", "cannot be read at 'Ana \\(Univ'"),
        ("(Univ)", "cannot be read"),
    ],
)
def test_authors_that_cannot_be_read_are_refused(text: str, said: str) -> None:
    with pytest.raises(PremaskError, match=said):
        parse_authors(text)


def test_licences_are_known_in_any_spelling() -> None:
    for text in ("CC-BY-4.0", "cc by 4.0", " cc-by-4.0 "):
        found = parse_licence(text)
        assert found is not None
        assert found.url == "https://creativecommons.org/licenses/by/4.0/"
    other = parse_licence("Ours, see LICENCE")
    assert other is not None
    assert (other.name, other.hub) == ("Ours, see LICENCE", "other")
    assert parse_licence("") is None
    assert all(licence_line(one) == "" for one in LICENCES.values())


def test_a_licence_that_programs_do_not_know_is_told(project: Project, tmp_path: Path) -> None:
    about = replace(ABOUT, licence=parse_licence("CC-BY-4"))
    (line,) = (
        line for line in build_dataset(project, tmp_path / "set", about).remarks if "SPDX" in line
    )
    assert line.startswith("the licence 'CC-BY-4' is none of the SPDX identifiers that premask")
    assert line.endswith("; did you mean CC-BY-4.0?")
    assert "license:" not in (tmp_path / "set" / "CITATION.cff").read_text()
    card = (tmp_path / "set" / "README.md").read_text()
    assert 'license: other\nlicense_name: "CC-BY-4"' in card


@pytest.mark.parametrize(
    "text",
    [
        "train",
        "train=0",
        "train=a",
        "val=50,test=50",
        "train=1,train=1",
        "train=-1",
        "",
        "train=80,val=30",
        "train=80",
        "train=0.8,val=0.1",
        "train=1,val=1",
        "train=33,val=33,test=33",
    ],
)
def test_shares_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(PremaskError, match="--shares"):
        parse_shares(text)
    assert parse_shares("train=80,validate=20") == {"train": 80, "val": 20}
    assert parse_shares("train=0.7,val=0.2,test=0.1") == {"train": 0.7, "val": 0.2, "test": 0.1}
    assert list(parse_shares("train=33.3,val=33.3,test=33.3")) == ["train", "val", "test"]
    with pytest.raises(PremaskError, match=r"add up to 110; 100 \(or 1\) is accepted"):
        parse_shares("train=80,val=30")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SideOptions(group_by="("), "is no regular expression"),
        (SideOptions(group_by="steel"), "has 0 groups; one is needed"),
        (
            SideOptions(group_by="(C[0-9]+)F"),
            r"--group-by '\(C\[0-9\]\+\)F' matches none of 11 images, e.g. not steel 00;",
        ),
        (
            SideOptions(folds=12),
            r"--folds 12: 0 \(none\) and 2 to 11, one for each group, are accepted, .* 11 groups",
        ),
        (SideOptions(folds=1), r"--folds 1: 0 \(none\) and 2 to 11, one"),
        (
            SideOptions(folds=2, group_by="(steel)"),
            r"--folds 2: only 0 \(none\) is accepted, for the images make 1 group",
        ),
        (SideOptions(groups=Path("nowhere.csv")), "the groups nowhere.csv cannot be read"),
    ],
)
def test_options_that_make_no_sense_write_nothing(
    project: Project, tmp_path: Path, options: SideOptions, said: str
) -> None:
    with pytest.raises(PremaskError, match=said):
        build_dataset(project, tmp_path / "set", ABOUT, options)
    assert not (tmp_path / "set").exists()


def test_groups_of_other_images_are_refused(project: Project, tmp_path: Path) -> None:
    for text in ("alloy_1,specimen 1\n", "stem,group\n"):
        csv = tmp_path / "groups.csv"
        csv.write_text(text)
        with pytest.raises(PremaskError, match=r"names none of 11 images; .* steel 00,specimen 3"):
            build_dataset(project, tmp_path / "set", ABOUT, SideOptions(groups=csv))
        assert not (tmp_path / "set").exists()


def test_an_archive_is_to_be_unpacked_before_training(built: Path, tmp_path: Path) -> None:
    archive = built.with_name("set.zip")
    told = refusal("train", archive, tmp_path / "run")
    assert told.endswith("set.zip is an archive; unpack it, and give its folder")


def test_label_maps_of_a_built_data_set_are_scored_by_its_types(
    built: Path, tmp_path: Path
) -> None:
    rows = manifest_of(built)["images"]
    types = {row["type"] for row in rows if row["type"]}
    assert types
    n = len(manifest_of(built)["phases"])
    found = evaluate_folders(built / "labels", built / "labels", n)
    assert set(found.scores.types) == types
    assert set(found.untyped) == {row["stem"] for row in rows if not row["type"]}
    assert found.types_unmatched == ()
    csv = tmp_path / "types.csv"
    csv.write_text("".join(f"{row['stem']},other\n" for row in rows))
    given = evaluate_folders(built / "labels", built / "labels", n, types_csv=csv)
    assert set(given.scores.types) == {"other"}, "what is given stands above the manifest"
    shutil.copytree(built / "labels", tmp_path / "labels")
    (tmp_path / "manifest.json").write_text("[]")
    bare = evaluate_folders(built / "labels", tmp_path / "labels", n)
    assert (set(bare.scores.types), bare.untyped) == (set(), ())


def test_the_command_line_builds_and_checks(original: Path, tmp_path: Path) -> None:
    out = tmp_path / "my set"
    told = answer(
        "dataset", "build", original / "project", out,
        "--title", "Steel", "--licence", "CC0-1.0", "--authors", "Ana Ruiz",
        "--shares", "train=60,val=20,test=20", "--folds", 3, "--seed", 5, "--zip",
    )  # fmt: skip
    assert told["images"] == 11
    assert sum(told["splits"]["default"].values()) == 11
    assert len(told["splits"]["folds"]) == 3
    assert told["files"] == [str(out), f"{out}.zip"]
    assert told["remarks"] == ["1 image without a label map, left out: steel 11.png"]
    for place in (out, Path(f"{out}.zip")):
        checked = answer("dataset", "check", place)
        assert checked["broken"] == 0
        assert checked["layout"] == "premask"
        assert checked["labelled"] == 11
    printed = premask("dataset", "build", original / "project", tmp_path / "again", "--unlabelled")
    assert printed.returncode == 0
    assert "11 labelled images written" in printed.stdout
    assert "and 1 without a label map" in printed.stdout
    assert "left out: steel 11" not in printed.stderr
    assert (
        "11 labelled images, 1 unlabelled" in premask("dataset", "check", tmp_path / "again").stdout
    )
    assert "Note: no licence is stated" in printed.stderr
    assert f"premask dataset check {tmp_path / 'again'}" in printed.stdout


def test_a_project_without_label_maps_is_refused(tmp_path: Path) -> None:
    premask("init", tmp_path / "p", "--classes", "A,B")
    said = refusal("dataset", "build", tmp_path / "p", tmp_path / "set")
    assert "has a label map yet" in said
