"""Imports and exports as a whole: what matches, what is refused, what stays as it was."""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from exchange_projects import by_name, final_maps, label, make_project, picture, same
from helpers import answer, premask, refusal
from premask.core.errors import DiskFullError, PremaskError
from premask.core.phases import VOID, make_phases
from premask.core.records import Cost, Parameters
from premask.interchange.formats import FORMATS
from premask.naming.table import NameTable
from premask.project.candidates import all_candidates, save_candidate, set_names
from premask.project.images import all_images, remove_image
from premask.project.label_maps import image_versions
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images, change_image
from premask.workflow.derive import derive
from premask.workflow.exchange import MANIFEST
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import Imported, import_label_maps

SHAPES = {"a.png": (20, 30), "b.png": (20, 30)}
COST = Cost(0.1, 0.1, 1.0, 1, "a machine")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path, SHAPES)


def labels(seed: int = 0, shape: tuple[int, int] = (20, 30)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, shape).astype(np.uint8)


def masks(folder: Path, **maps: np.ndarray) -> Path:
    """Index PNGs; names end in .png, two underscores stand for a dot."""
    folder.mkdir(exist_ok=True)
    for name, label_map in maps.items():
        Image.fromarray(label_map).save(folder / f"{name.replace('__', '.')}.png")
    return folder


def everything(root: Path) -> dict[str, bytes]:
    """All files of a project but the database's journal."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("premask.db-")
    }


def kinds(done: Imported) -> dict[str, int]:
    found: dict[str, int] = {}
    for finding in done.findings:
        found[finding.kind] = found.get(finding.kind, 0) + 1
    return found


# -- all of an import, or nothing of it


def test_one_bad_map_keeps_all_out(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), b=np.full((20, 30), 99, np.uint8))
    before = everything(project.root)
    with pytest.raises(PremaskError, match=r"^b\.png: its label map has the value 99"):
        import_label_maps(project, "png", folder)
    assert everything(project.root) == before
    assert final_maps(project) == {}


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        ({"a": labels()}, "b.png: it has no label map among these"),
        ({"a": labels(), "b": labels(1), "c": labels(2)}, "no image c.png in the project"),
        ({"a": labels(), "b": np.full((20, 30), VOID, np.uint8)}, "600 px (100 %) are void"),
        ({"a": labels(), "b__jpg": labels(1)}, "b.jpg.png is taken for b.png"),
    ],
)
def test_strict_makes_every_finding_an_error(
    project: Project, tmp_path: Path, maps: dict[str, np.ndarray], said: str
) -> None:
    folder = masks(tmp_path / "m", **maps)
    before = everything(project.root)
    with pytest.raises(PremaskError, match="under --strict; nothing was imported") as refused:
        import_label_maps(project, "png", folder, strict=True)
    assert said in str(refused.value)
    assert everything(project.root) == before
    done = import_label_maps(project, "png", folder)
    assert any(said in finding.line for finding in done.findings)


def test_a_whole_import_has_no_findings(project: Project, tmp_path: Path) -> None:
    wanted = {"a.png": labels(0), "b.png": labels(1)}
    folder = masks(tmp_path / "m", a=wanted["a.png"], b=wanted["b.png"])
    assert import_label_maps(project, "png", folder, strict=True).findings == []
    same(final_maps(project), wanted)


def test_nothing_that_fits_is_an_error(project: Project, tmp_path: Path) -> None:
    before = everything(project.root)
    with pytest.raises(PremaskError, match=r"none of the 1 label map .* did you mean a\.png"):
        import_label_maps(project, "png", masks(tmp_path / "m", aa=labels()))
    (tmp_path / "empty").mkdir()
    with pytest.raises(PremaskError, match=r"no label maps in .*empty in the format png"):
        import_label_maps(project, "png", tmp_path / "empty")
    assert everything(project.root) == before


COLOURED = np.full((20, 30, 3), (1, 2, 3), np.uint8)
UNKNOWN = r"no name, colour or value there is one of the project's; nothing was imported \(a\.png: "


@pytest.mark.parametrize(
    ("format_", "picture_", "said"),
    [
        ("png-rgb", COLOURED, f"{UNKNOWN}'#010203' is no phase"),
        ("png-rgb", np.full((20, 30, 3), (0, 0, 1)), "void alone; nothing was imported; where"),
        ("png-rgb", np.random.default_rng(0).integers(2, 250, (20, 30, 3)), f"{UNKNOWN}600 px"),
        ("voc", np.zeros((20, 30, 3)), "void alone; nothing was imported"),
        ("voc", COLOURED - (1, 2, 2), r"'stone' is no phase"),
    ],
)
@pytest.mark.parametrize("kind", ["reference", "candidate"])
def test_an_import_of_void_alone_is_refused(
    project: Project, tmp_path: Path, format_: str, picture_: np.ndarray, said: str, kind: str
) -> None:
    folder = tmp_path / "m"
    inner = folder / "SegmentationClass" if format_ == "voc" else folder
    inner.mkdir(parents=True)
    Image.fromarray(picture_.astype(np.uint8)).save(inner / "a.png")
    if format_ == "voc":
        (folder / "labelmap.txt").write_text("background:0,0,0::\nstone:0,0,1::\n")
    before = everything(project.root)
    with pytest.raises(PremaskError, match="^nothing in the 1 label map in .*" + said) as refused:
        import_label_maps(project, format_, folder, kind=kind)
    assert "--format" in str(refused.value)
    assert everything(project.root) == before


def test_an_import_of_labels_in_the_bar_alone_is_refused(project: Project, tmp_path: Path) -> None:
    change_image(project, by_name(project)["a.png"], crop_bottom=5)
    picture_ = np.full((20, 30, 3), (0, 0, 1), np.uint8)
    picture_[-1] = (255, 0, 0)
    (tmp_path / "m").mkdir()
    Image.fromarray(picture_).save(tmp_path / "m" / "a.png")
    with pytest.raises(PremaskError, match=r"void alone; .*30 labelled px lie in the information"):
        import_label_maps(project, "png-rgb", tmp_path / "m")


def test_void_alone_is_taken_where_it_is_written(project: Project, tmp_path: Path) -> None:
    wanted = {"a.png": np.full((20, 30), VOID, np.uint8)}
    found = [
        import_label_maps(project, "png", masks(tmp_path / "m", a=wanted["a.png"])),
        import_label_maps(
            project,
            "png",
            masks(tmp_path / "n", a=np.zeros((20, 30), np.uint8)),
            renames={"0": "void"},
        ),
    ]
    export_label_maps(project, "png-rgb", tmp_path / "out")
    found.append(import_label_maps(project, "png-rgb", tmp_path / "out"))
    assert [kinds(done) for done in found] == [{"empty": 1, "no label map": 1}] * 3
    same(final_maps(project), wanted)
    (tmp_path / "out" / MANIFEST).unlink()
    for renames in ({}, {"#123456": "void"}):  # a colour that is nowhere
        with pytest.raises(PremaskError, match="void alone"):
            import_label_maps(project, "png-rgb", tmp_path / "out", renames=renames)


def test_an_export_of_other_phases_is_refused_with_its_manifest(
    project: Project, tmp_path: Path
) -> None:
    label(project, {"a.png": labels()})
    export_label_maps(project, "png", tmp_path / "out")
    other = init_project(tmp_path / "other", Settings(make_phases(["Stone", "Sand"])))
    add_images(other, [tmp_path / "in" / "a.png"], crop_bottom=0)
    with pytest.raises(PremaskError, match=r"is one of the project's; .*'Alpha' is no phase"):
        import_label_maps(other, "png", tmp_path / "out")
    assert final_maps(other) == {}


def test_one_void_map_among_others_is_reported(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), b=np.full((20, 30), VOID, np.uint8))
    done = import_label_maps(project, "png", folder)
    (finding,) = done.findings
    assert (finding.kind, finding.count) == ("empty", 600)
    said = "b.png: 600 px (100 %) are void"
    assert finding.line == said


def test_nothing_is_overwritten(project: Project, tmp_path: Path) -> None:
    for seed in (0, 1):
        import_label_maps(project, "png", masks(tmp_path / "m", a=labels(seed)))
    versions = image_versions(project, by_name(project)["a.png"])
    assert len(versions) == 2
    same(final_maps(project), {"a.png": labels(1)})


# -- sizes


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((20, 31), "31x20 px, the image 30x20 px; they must be equal$"),
        ((19, 30), r"premask set PROJECT --image a\.png --crop-bottom 1\)$"),
        ((21, 30), "30x21 px, the image 30x20 px; they must be equal$"),
        ((30, 20), "20x30 px, the image 30x20 px; they must be equal$"),
    ],
)
def test_wrong_sizes_are_refused(
    project: Project, tmp_path: Path, shape: tuple[int, int], said: str
) -> None:
    before = everything(project.root)
    with pytest.raises(PremaskError, match=said):
        import_label_maps(project, "png", masks(tmp_path / "m", a=labels(0, shape)))
    assert everything(project.root) == before


def test_a_map_of_the_whole_image_is_cut_to_the_crop(project: Project, tmp_path: Path) -> None:
    change_image(project, by_name(project)["a.png"], crop_bottom=6)
    whole = labels()
    done = import_label_maps(project, "png", masks(tmp_path / "m", a=whole))
    (finding,) = [one for one in done.findings if one.kind == "size"]
    assert finding.count == 6 * 30
    same(final_maps(project), {"a.png": whole[:14]})


# -- names


def test_two_images_of_one_name_cannot_be_told_apart(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cv2.imwrite(str(tmp_path / "other" / "a.png"), picture(7, (20, 30)))
    add_images(project, [tmp_path / "other" / "a.png"], crop_bottom=0)
    with pytest.raises(PremaskError, match=r"^a\.png: 2 images of the project have the name"):
        import_label_maps(project, "png", masks(tmp_path / "m", a=labels()))


def test_two_maps_of_one_image_are_refused(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), a__tif=labels(1))
    with pytest.raises(PremaskError, match=r"a second label map of a\.png by imported"):
        import_label_maps(project, "png", folder)


def test_endings_are_taken_off_in_order(tmp_path: Path) -> None:
    """The nearest name wins: as it is, without an ending, without all endings."""
    project = make_project(
        tmp_path, {"x.jpg": (4, 5), "y.tif": (5, 5), "steel 1.5": (6, 5), "z.png.png": (7, 5)}
    )
    wanted = {"x.jpg": (4, 5), "y.tif": (5, 5), "z.png.png": (7, 5), "steel 1.5": (6, 5)}
    maps = {name: labels(i, shape) for i, (name, shape) in enumerate(wanted.items())}
    folder = tmp_path / "m"
    folder.mkdir()
    for file, name in {
        "x.jpg.png": "x.jpg", "y.png": "y.tif", "z.png": "z.png.png", "steel 1.5.png": "steel 1.5",
    }.items():  # fmt: skip
        Image.fromarray(maps[name]).save(folder / file)
    done = import_label_maps(project, "png", folder)
    same(final_maps(project), maps)
    assert sorted(one.where for one in done.findings) == ["x.jpg.png", "z.png"]
    assert kinds(done) == {"name": 2}


def test_umlauts_match_in_both_spellings(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"Gef\u00fcge.png": (4, 5)})
    Image.fromarray(labels(0, (4, 5))).save(tmp_path / "Gefu\u0308ge.png")
    done = import_label_maps(project, "png", tmp_path / "Gefu\u0308ge.png")
    assert done.done == ["Gef\u00fcge.png"]


def test_a_number_behind_a_dot_is_no_ending(tmp_path: Path) -> None:
    """steel 1.5 kV is not steel 1."""
    project = make_project(tmp_path, {"steel 1.png": (4, 5), "b.png": (4, 5)})
    np.savez(tmp_path / "steel 1.5.npz", labels=labels(0, (4, 5)))
    with pytest.raises(PremaskError, match="belongs to an image of the project"):
        import_label_maps(project, "npz", tmp_path / "steel 1.5.npz")


def test_the_manifest_tells_images_whatever_their_names(project: Project, tmp_path: Path) -> None:
    label(project, {"a.png": labels(0), "b.png": labels(1)})
    export_label_maps(project, "png", tmp_path / "out")
    content = json.loads((tmp_path / "out" / MANIFEST).read_text())
    swapped = dict(zip("ab", list(content["images"].values())[::-1], strict=True))
    (tmp_path / "out" / MANIFEST).write_text(json.dumps({**content, "images": swapped}))
    import_label_maps(project, "png", tmp_path / "out")
    same(final_maps(project), {"a.png": labels(1), "b.png": labels(0)})


@pytest.mark.parametrize("text", ["[]", '{"images": []}', '{"phases": {}}', "{"])
def test_a_manifest_that_is_none_is_refused(project: Project, tmp_path: Path, text: str) -> None:
    folder = masks(tmp_path / "m", a=labels())
    (folder / MANIFEST).write_text(text)
    with pytest.raises(PremaskError, match=r"^premask\.json: "):
        import_label_maps(project, "png", folder)


def test_an_export_in_a_folder_of_its_own_is_found_in_the_archive(
    project: Project, tmp_path: Path
) -> None:
    """What people make by packing the folder and not its content, on a Mac."""
    label(project, {"a.png": labels(0), "b.png": labels(1)})
    export_label_maps(project, "png", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in sorted((tmp_path / "out").iterdir()):
            archive.write(file, f"out/{file.name}")
            archive.writestr(f"__MACOSX/out/._{file.name}", b"resource fork")
    label(project, {"a.png": labels(5), "b.png": labels(6)})
    import_label_maps(project, "png", tmp_path / "x.zip")
    same(final_maps(project), {"a.png": labels(0), "b.png": labels(1)})


def test_what_stands_behind_the_names_is_taken_off(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a.tif": (4, 5), "b_mask.png": (5, 5), "c.png": (6, 5),
                                      "d.jpg": (7, 5)})  # fmt: skip
    files = {"a_mask.png": "a.tif", "b_mask_mask.png": "b_mask.png", "c.png": "c.png",
             "d.jpg_mask.png": "d.jpg"}  # fmt: skip
    wanted = {name: labels(i, (4 + i, 5)) for i, name in enumerate(files.values())}
    (tmp_path / "m").mkdir()
    for file, name in files.items():
        Image.fromarray(wanted[name]).save(tmp_path / "m" / file)
    for suffix in ("_mask", "_mask.png"):
        done = import_label_maps(project, "png", tmp_path / "m", suffix=suffix)
        same(final_maps(project), wanted)
        assert [one.where for one in done.findings] == ["d.jpg_mask.png"]  # a second ending


def test_a_suffix_that_no_name_has_is_told(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), b=labels(1))
    done = import_label_maps(project, "png", folder, suffix="_mask")
    (finding,) = done.findings
    assert finding.line == "--suffix: no name in the files ends with '_mask'"


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("a_mask", "--suffix _mask takes it for a.png"),
        ("a-labels", "--suffix -labels takes it for a.png"),
        ("a.png (labels)", "--suffix ' (labels)' takes it for a.png"),
        ("Labels", "--image NAME says whose it is"),
        ("a_2", "--image NAME says whose it is; did you mean a.png?"),
    ],
)
def test_the_option_that_would_match_is_told(
    project: Project, tmp_path: Path, file: str, hint: str
) -> None:
    folder = masks(tmp_path / "m", **{file.replace(".", "__"): labels()})
    with pytest.raises(PremaskError, match="belongs to an image of the project") as refused:
        import_label_maps(project, "png", folder)
    assert str(refused.value).endswith(f"in the project, left out; {hint})")


def test_the_option_that_would_match_is_told_beside_what_matches(
    project: Project, tmp_path: Path
) -> None:
    done = import_label_maps(project, "png", masks(tmp_path / "m", a=labels(), b_gt=labels(1)))
    (finding,) = [one for one in done.findings if one.kind == "no image"]
    assert finding.line.endswith("left out; --suffix _gt takes it for b.png")


def test_one_label_map_is_of_the_image_that_is_named(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", Labels=labels())
    wanted = by_name(project)["b.png"].id
    for image in ("b.png", "b", wanted[:8]):
        done = answer("import", project.root, folder, "--image", image, "--strict")
        assert done["imported"] == ["b.png"]
    same(final_maps(project), {"b.png": labels()})


def test_an_image_is_named_for_one_label_map_alone(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), c=labels(1))
    for options, said in {
        ("--image", "a"): "has label maps of 2 images, e.g. a.png, c.png; --image a takes those of"
        " one: give one file",
        ("--image", "a", "--suffix", "_x"): "leave out --suffix",
        ("--image", "z"): "no image 'z' in",
    }.items():
        assert said in refusal("import", project.root, folder, *options)
    assert final_maps(project) == {}


def test_a_suffix_on_the_command_line_may_begin_with_a_dash(
    project: Project, tmp_path: Path
) -> None:
    folder = masks(tmp_path / "m", **{"a-labels": labels(), "b-labels": labels(1)})
    done = answer("import", project.root, folder, "--suffix", "-labels", "--strict")
    assert done["imported"] == ["a.png", "b.png"]
    same(final_maps(project), {"a.png": labels(), "b.png": labels(1)})


# -- what they are taken as


@pytest.mark.parametrize("kind", ["reference", "scratch", "preannotated"])
def test_they_are_what_they_were_said_to_be(project: Project, tmp_path: Path, kind: str) -> None:
    folder = masks(tmp_path / "m", a=labels())
    import_label_maps(project, "png", folder, kind=kind, annotator="ana")
    (version,) = image_versions(project, by_name(project)["a.png"])
    assert (version.strategy, version.annotator, version.session) == (kind, "ana", None)
    assert version.note == f"png: {folder}"


def test_candidates_come_with_their_names(project: Project, tmp_path: Path) -> None:
    wanted = labels()
    wanted[:3] = VOID
    folder = masks(tmp_path / "m", a=wanted)
    import_label_maps(project, "png", folder, kind="candidate")
    (candidate,) = all_candidates(project)
    derived = derive(project, candidate)
    assert derived.named
    assert np.array_equal(derived.label_map, wanted)
    assert candidate.parameters.method == "imported"
    assert final_maps(project) == {}
    before = everything(project.root)
    again = import_label_maps(project, "png", folder, kind="candidate")
    assert [one.message for one in again.findings if one.kind == "left out"] == [
        "a.png has this very candidate of imported already"
    ]
    assert everything(project.root) == before


def test_an_unknown_kind_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match="did you mean reference"):
        import_label_maps(project, "png", masks(tmp_path / "m", a=labels()), kind="references")


# -- candidates without names


def regions_of(project: Project, name: str, method: str, n: int, *, named: bool) -> np.ndarray:
    """Give an image a candidate of n regions."""
    image = by_name(project)[name]
    regions = np.random.default_rng(n).permutation(np.arange(600) % n).astype(np.uint8)
    regions = regions.reshape(20, 30)
    made = save_candidate(project, image, Parameters(method, n), regions, COST)
    assert made
    if named:
        (candidate,) = all_candidates(project, [image], [method])
        table = NameTable(tuple(3 - i for i in range(n)), (1.0,) * n)
        set_names(project, candidate, table.to_dict())
        return (3 - regions).astype(np.uint8)
    return regions


def derived_maps(project: Project) -> dict[tuple[str, bool], np.ndarray]:
    names = {image.id: image.name for image in all_images(project)}
    found = {}
    for candidate in all_candidates(project):
        derived = derive(project, candidate)
        found[names[candidate.image], derived.named] = derived.label_map
    return found


@pytest.mark.parametrize("format_", ["png", "npz", "voc", "ome-tiff"])
def test_regions_without_names_travel_as_regions(
    project: Project, tmp_path: Path, format_: str
) -> None:
    regions = regions_of(project, "a.png", "kmeans", 5, named=False)
    done = export_label_maps(project, format_, tmp_path / "out", what="candidates")
    assert [finding.kind for finding in done.findings] == ["no label map", "unnamed"]
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert [one["name"] for one in manifest["phases"]] == [f"region {i}" for i in range(5)]
    assert manifest["images"]["a"]["methods"] == ["kmeans"]
    (tmp_path / "fresh").mkdir()
    fresh = make_project(tmp_path / "fresh", SHAPES)
    import_label_maps(fresh, format_, tmp_path / "out", kind="candidate")
    assert [*derived_maps(fresh)] == [("a.png", False)]
    assert np.array_equal(derived_maps(fresh)["a.png", False], regions)
    # as the truth they mean nothing, unless somebody says what
    with pytest.raises(PremaskError, match=r"was read as a phase: .*'region 0' is no phase"):
        import_label_maps(fresh, format_, tmp_path / "out")
    assert final_maps(fresh) == {}
    named = import_label_maps(
        fresh, format_, tmp_path / "out", renames={f"region {i}": "ab|c" for i in range(5)}
    )
    assert "unknown" not in kinds(named)
    assert (final_maps(fresh)["a.png"] == 6).all()


@pytest.mark.parametrize("format_", ["png", "npz", "voc", "ome-tiff"])
def test_named_and_unnamed_side_by_side(project: Project, tmp_path: Path, format_: str) -> None:
    phases = regions_of(project, "a.png", "kmeans", 4, named=True)
    regions = regions_of(project, "b.png", "kmeans", 5, named=False)
    export_label_maps(project, format_, tmp_path / "out", what="candidates")
    (tmp_path / "fresh").mkdir()
    fresh = make_project(tmp_path / "fresh", SHAPES)
    import_label_maps(fresh, format_, tmp_path / "out", kind="candidate")
    found = derived_maps(fresh)
    assert np.array_equal(found["a.png", True], phases)
    assert np.array_equal(found["b.png", False], regions)
    done = import_label_maps(fresh, format_, tmp_path / "out")
    assert kinds(done)["unknown"] == 5
    same(final_maps(fresh), {"a.png": phases, "b.png": np.full((20, 30), VOID, np.uint8)})


def methods_of(project: Project) -> dict[str, str]:
    names = {image.id: image.name for image in all_images(project)}
    return {names[one.image]: one.parameters.method for one in all_candidates(project)}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("format_", FORMATS)
def test_methods_of_candidates_come_back(tmp_path: Path, format_: str, packed: bool) -> None:
    shapes = {"steel 1.5 kV.png": (20, 30), "Gefüge-µ.png": (20, 30), "a.jpg.png": (20, 30)}
    wanted = dict(zip(shapes, ["texture", "model:my net", "kmeans"], strict=True))
    one, fresh = (tmp_path / "one"), (tmp_path / "fresh")
    for folder in (one, fresh):
        folder.mkdir()
    project, other = make_project(one, shapes), make_project(fresh, shapes)
    for name, method in wanted.items():
        regions_of(project, name, method, 4, named=True)
    out = tmp_path / ("out.zip" if packed else "out")
    export_label_maps(project, format_, out, what="candidates")
    import_label_maps(other, format_, out, kind="candidate")
    assert methods_of(other) == wanted


def test_a_method_that_is_given_goes_before_that_of_the_files(
    project: Project, tmp_path: Path
) -> None:
    regions_of(project, "a.png", "kmeans", 4, named=True)
    for format_ in ("png", "label-studio"):
        out = tmp_path / format_
        export_label_maps(project, format_, out, what="candidates", method="kmeans")
        (tmp_path / f"{format_} fresh").mkdir()
        fresh = make_project(tmp_path / f"{format_} fresh", SHAPES)
        import_label_maps(fresh, format_, out, kind="candidate", method="mine")
        assert methods_of(fresh) == {"a.png": "mine"}
    premask("import", fresh.root, tmp_path / "png", "--as", "candidate", "--method", "other")
    assert {one.parameters.method for one in all_candidates(fresh)} == {"mine", "other"}
    said = refusal("import", fresh.root, tmp_path / "png", "--method", "other")
    assert "only candidates have a method; add --as candidate" in said


@pytest.mark.parametrize(
    "change",
    [
        {"methods": None}, {"methods": []}, {"methods": ["a", "b"]}, {"methods": [7]},
        {"methods": [" "]}, {"methods": "kmeans"},
    ],
)  # fmt: skip
def test_a_manifest_without_one_method_names_none(
    project: Project, tmp_path: Path, change: dict[str, object]
) -> None:
    regions_of(project, "a.png", "kmeans", 4, named=True)
    export_label_maps(project, "png", tmp_path / "out", what="candidates")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    manifest["images"]["a"].update(change)
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / "fresh").mkdir()
    fresh = make_project(tmp_path / "fresh", SHAPES)
    import_label_maps(fresh, "png", tmp_path / "out", kind="candidate")
    assert methods_of(fresh) == {"a.png": "imported"}


def test_region_indices_are_what_an_index_png_holds(project: Project, tmp_path: Path) -> None:
    regions = regions_of(project, "a.png", "kmeans", 5, named=False)
    regions_of(project, "b.png", "kmeans", 4, named=True)
    export_label_maps(project, "png", tmp_path / "out", what="candidates")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "a.png")), regions)


# -- images that come along


def with_pictures(project: Project, tmp_path: Path) -> Path:
    label(project, {"a.png": labels(0), "b.png": labels(1)})
    export_label_maps(project, "huggingface", tmp_path / "out")
    return tmp_path / "out"


def test_images_come_along(project: Project, tmp_path: Path) -> None:
    out = with_pictures(project, tmp_path)
    fresh = init_project(tmp_path / "fresh", Settings(project.phases))
    with pytest.raises(PremaskError, match="it came along: --add-images adds it"):
        import_label_maps(fresh, "huggingface", out)
    done = import_label_maps(fresh, "huggingface", out, add_images=True, strict=True)
    assert done.added == ["a.png", "b.png"]
    same(final_maps(fresh), {"a.png": labels(0), "b.png": labels(1)})
    assert [image.um_per_px for image in all_images(fresh)] == [0.1625, 0.1625]
    assert {image.id for image in all_images(fresh)} == {image.id for image in all_images(project)}


@pytest.mark.parametrize("format_", ["png", "png-rgb", "imagej", "ome-tiff", "voc", "metaldam"])
def test_images_beside_the_label_maps_come_along(
    project: Project, tmp_path: Path, format_: str
) -> None:
    wanted = {"a.png": labels(0), "b.png": labels(1)}
    label(project, wanted)
    export_label_maps(project, format_, tmp_path / "out", pictures=True)
    fresh = init_project(tmp_path / "fresh", Settings(project.phases))
    done = import_label_maps(fresh, format_, tmp_path / "out", add_images=True, strict=True)
    assert done.added == ["a.png", "b.png"]
    same(final_maps(fresh), wanted)


def test_a_bad_image_keeps_all_out(project: Project, tmp_path: Path) -> None:
    out = with_pictures(project, tmp_path)
    (out / MANIFEST).unlink()
    picture_ = out / "train/images/b.png"
    picture_.write_bytes(picture_.read_bytes()[:200])
    fresh = init_project(tmp_path / "fresh", Settings(project.phases))
    before = everything(fresh.root)
    with pytest.raises(PremaskError, match=r"^b\.png: "):
        import_label_maps(fresh, "huggingface", out, add_images=True)
    assert everything(fresh.root) == before
    assert all_images(fresh) == []


def test_an_image_under_another_name_is_the_same_image(project: Project, tmp_path: Path) -> None:
    out = with_pictures(project, tmp_path)
    (out / MANIFEST).unlink()
    fresh = init_project(tmp_path / "fresh", Settings(project.phases))
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "first.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    add_images(fresh, [tmp_path / "named" / "first.png"], crop_bottom=0)
    done = import_label_maps(fresh, "huggingface", out, add_images=True)
    assert done.added == ["b.png"]
    assert kinds(done) == {"name": 1}
    same(final_maps(fresh), {"first.png": labels(0), "b.png": labels(1)})


def test_an_image_that_was_taken_out_comes_back_in_its_crop(
    project: Project, tmp_path: Path
) -> None:
    out = with_pictures(project, tmp_path)
    image = change_image(project, by_name(project)["a.png"], crop_bottom=5)
    remove_image(project, image)
    done = import_label_maps(project, "huggingface", out, add_images=True)
    assert done.added == ["a.png"]
    assert by_name(project)["a.png"].crop_bottom == 0
    same(final_maps(project), {"a.png": labels(0), "b.png": labels(1)})


def test_a_type_that_the_project_does_not_have_is_refused(project: Project, tmp_path: Path) -> None:
    out = with_pictures(project, tmp_path)
    table = out / "train/metadata.jsonl"
    table.write_text(table.read_text().replace('"type": null', '"type": "IV"'))
    phases = make_phases(project.phases.names)
    fresh = init_project(
        tmp_path / "fresh", Settings(type(phases)(phases.phases, by_type={"I": ("Alpha",)}))
    )
    with pytest.raises(PremaskError, match="no processing type 'IV'"):
        import_label_maps(fresh, "huggingface", out, add_images=True)
    assert all_images(fresh) == []


# -- exports


def test_strict_exports_nothing_where_something_is_found(project: Project, tmp_path: Path) -> None:
    label(project, {"a.png": labels()})
    with pytest.raises(PremaskError, match=r"b\.png: nothing to export .* nothing was exported"):
        export_label_maps(project, "png", tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".premask-*"))


def test_nothing_to_export_is_an_error(project: Project, tmp_path: Path) -> None:
    for what in ("labels", "candidates"):
        with pytest.raises(PremaskError, match=f"nothing to export \\({what}\\)"):
            export_label_maps(project, "png", tmp_path / "out", what=what)
    assert not (tmp_path / "out").exists()


def test_names_that_other_systems_refuse_are_changed_and_come_back(tmp_path: Path) -> None:
    names = {'a"b.png': (4, 5), "c\\d.png": (5, 5), "e:f?.png": (6, 5)}
    project = make_project(tmp_path, names)
    wanted = {name: labels(i, shape) for i, (name, shape) in enumerate(names.items())}
    label(project, wanted)
    export_label_maps(project, "png", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert sorted(archive.namelist()) == ["a_b.png", "c_d.png", "e_f_.png", MANIFEST]
    label(project, {name: np.zeros_like(found) for name, found in wanted.items()})
    import_label_maps(project, "png", tmp_path / "out.zip")
    same(final_maps(project), wanted)


def test_names_that_differ_only_in_case_are_told_apart(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a.png": (4, 5), "A.png": (5, 5)})
    label(project, {"a.png": labels(0, (4, 5)), "A.png": labels(1, (5, 5))})
    export_label_maps(project, "png", tmp_path / "out")
    written = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert len({name.casefold() for name in written}) == 2


def test_the_command_line_says_it_all(project: Project, tmp_path: Path) -> None:
    folder = masks(tmp_path / "m", a=labels(), c=labels(1))
    told = answer("import", project.root, "--format", "png", folder, "--as", "scratch")
    assert told["imported"] == ["a.png"]
    assert [one["kind"] for one in told["findings"]] == ["no image", "no label map"]
    shown = premask("import", project.root, "--format", "png", folder).stdout
    assert "label maps without an image in the project, left out: 1\n  c.png: no image c" in shown
    line = refusal("import", project.root, "--format", "png", folder, "--strict")
    assert "(2 findings under --strict; nothing was imported)" in line
    told = answer("export", project.root, "--format", "npz", tmp_path / "out")
    assert told["exported"] == ["a.png"]
    assert [one["kind"] for one in told["findings"]] == ["no label map"]


# -- a full disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(disk: Path, room: int = 0) -> None:
    """Leave some bytes."""
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (65_536, 4096):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
        file.truncate(file.tell() - room)


def noisy(project: Project) -> dict[str, np.ndarray]:
    return {image.name: labels(i, (200, 300)) for i, image in enumerate(all_images(project))}


@pytest.mark.parametrize("format_", ["png", "npz", "ome-tiff", "ome-zarr", "imagej"])
def test_an_export_to_a_full_disk_leaves_nothing(disk: Path, tmp_path: Path, format_: str) -> None:
    project = make_project(tmp_path, {"a.png": (200, 300), "b.png": (200, 300)})
    label(project, noisy(project))
    fill(disk, 12_000)
    for out in (disk / "out", disk / "out.zip"):
        with pytest.raises(DiskFullError, match="is full"):
            export_label_maps(project, format_, out)
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_an_import_on_a_full_disk_leaves_the_project_as_it_was(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    project = init_project(disk / "p", Settings(make_phases(["A", "B", "C", "D"])))
    for i in range(2):
        cv2.imwrite(str(tmp_path / "in" / f"{i}.png"), picture(i, (200, 300)))
        add_images(project, [tmp_path / "in" / f"{i}.png"], crop_bottom=0)
    folder = tmp_path / "m"
    folder.mkdir()
    for i in range(2):
        Image.fromarray(labels(i, (200, 300))).save(folder / f"{i}.png")
    fill(disk, 24_000)  # one label map has room
    before = everything(project.root)
    with pytest.raises(DiskFullError, match="is full"):
        import_label_maps(project, "png", folder)
    assert everything(project.root) == before
    (disk / "filler").unlink()
    import_label_maps(project, "png", folder)
    same(final_maps(project), {f"{i}.png": labels(i, (200, 300)) for i in range(2)})
    project.engine.dispose()


def test_an_archive_that_does_not_fit_says_so(
    disk: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masks(tmp_path / "m", a=labels())
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "m" / "a.png", "a.png")
        archive.writestr("big.bin", np.random.default_rng(0).bytes(3_000_000))
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(DiskFullError, match="could not be unpacked; make room"):
        import_label_maps(project, "png", tmp_path / "x.zip")
    assert list(disk.iterdir()) == []
