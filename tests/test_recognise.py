"""A format that was given by mistake, or a folder: the error says which one to give."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import DATA, example, outgoing, save
from exchange_projects import final_maps, label, make_project, picture, same
from helpers import answer, refusal
from premask.core.errors import PremaskError
from premask.interchange.formats import FORMATS
from premask.interchange.recognise import recognise, same_reader
from premask.io.archives import pack
from premask.project.project import Project
from premask.workflow.exchange import MANIFEST
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps

LABELS = np.random.default_rng(0).integers(0, 4, (20, 30)).astype(np.uint8)
NAMES = ["Alpha", "TiB2", "TiN"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path, {"a.png": (20, 30)})


@pytest.mark.parametrize(
    ("file", "format_"),
    [
        ("cvat_1.1.xml", "cvat-xml"),
        ("segmentation_mask_1.1", "cvat"),
        ("labelstudio_1.23.2_bitmask_export.json", "label-studio"),
        ("labelstudio_1.23.2_brush_export.json", "label-studio"),
        ("labelstudio_1.23.2_json_min_export.json", "label-studio"),
        ("coco_panoptic_datumaro", "coco"),
        ("coco_instances_datumaro.json", "coco-instances"),
        ("labelme_mask.json", "labelme"),
        ("labelbox_7.17.0_import.ndjson", "labelbox"),
        ("hf_imagefolder", "huggingface"),
        ("x.ome.zarr", "ome-zarr"),
        ("lab.ome.tif", "ome-tiff"),
        ("lab_ij.tif", "imagej"),
        ("p.png", "png"),
    ],
)
def test_files_of_the_tools_are_recognised(file: str, format_: str) -> None:
    assert (DATA / file).exists()
    assert recognise(DATA / file)[0] == format_


@pytest.mark.parametrize("format_", sorted(set(FORMATS) - {"microsteel", "metaldam"}))
def test_no_format_is_taken_for_another(tmp_path: Path, format_: str) -> None:
    """Files without faults and with pictures beside them, as each format writes them."""
    save(format_, tmp_path / "x", [outgoing(example())], NAMES, pictures=True)
    assert any(same_reader(format_, one) for one in recognise(tmp_path / "x"))


@pytest.mark.parametrize("text", ["", "{", "[1", "null", '{"annotations": 1}', "[[1]]", "\0"])
@pytest.mark.parametrize("ending", ["json", "xml"])
def test_what_is_damaged_is_nothing(tmp_path: Path, text: str, ending: str) -> None:
    (tmp_path / f"a.{ending}").write_text(text)
    assert recognise(tmp_path) == recognise(tmp_path / f"a.{ending}") == []


@pytest.mark.parametrize(
    ("file", "given", "right"),
    [
        ("cvat_1.1.xml", "cvat", "cvat-xml"),
        ("segmentation_mask_1.1", "cvat-xml", "cvat"),
        ("coco_instances_datumaro.json", "coco", "coco-instances"),
        ("coco_panoptic_datumaro", "coco-instances", "coco"),
        ("coco_instances_datumaro.json", "label-studio", "coco-instances"),
        ("labelstudio_1.23.2_brush_export.json", "labelme", "label-studio"),
        ("labelme_mask.json", "label-studio-rle", "labelme"),
        ("lab_ij.tif", "npz", "imagej"),
    ],
)
def test_another_format_is_named(project: Project, file: str, given: str, right: str) -> None:
    with pytest.raises(PremaskError, match=rf" \(this looks like --format {right}\)$"):
        import_label_maps(project, given, DATA / file)


def test_an_archive_of_another_format_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    shutil.copy(DATA / "cvat_1.1.xml", tmp_path / "m" / "annotations.xml")
    pack(tmp_path / "m", tmp_path / "x.zip")
    said = refusal("import", project.root, tmp_path / "x.zip", "--format", "cvat")
    assert said.startswith("premask: x.zip: it has 0 labelmap.txt")
    assert said.endswith("(this looks like --format cvat-xml)")


def test_a_fault_of_the_right_format_is_told_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text((DATA / "coco_instances_datumaro.json").read_text()[:-9])
    with pytest.raises(PremaskError, match=r"export it again$"):
        import_label_maps(project, "coco-instances", tmp_path / "a.json")


# -- what the manifest says


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_in_another_format_is_refused(
    project: Project, tmp_path: Path, packed: bool
) -> None:
    label(project, {"a.png": LABELS})
    out = tmp_path / ("out.zip" if packed else "out")
    export_label_maps(project, "imagej", out)
    for given in ("png", "ome-tiff", "cvat"):
        with pytest.raises(PremaskError) as refused:
            import_label_maps(project, given, out)
        assert str(refused.value) == (
            f"premask.json: it says that this is an export in the format imagej, not {given}; give"
            " --format imagej, or move premask.json elsewhere if these are other files"
        )
    import_label_maps(project, "imagej", out)


def test_formats_that_are_read_alike_may_be_given_for_each_other(
    project: Project, tmp_path: Path
) -> None:
    label(project, {"a.png": LABELS})
    export_label_maps(project, "label-studio-rle", tmp_path / "out")
    import_label_maps(project, "label-studio", tmp_path / "out")
    same(final_maps(project), {"a.png": LABELS})


def test_a_manifest_says_nothing_of_files_that_are_not_of_its_export(
    project: Project, tmp_path: Path
) -> None:
    label(project, {"a.png": LABELS})
    export_label_maps(project, "png", tmp_path / "out")
    np.savez(tmp_path / "out" / "a.npz", labels=LABELS)
    import_label_maps(project, "npz", tmp_path / "out" / "a.npz")
    with pytest.raises(PremaskError, match="in the format png, not png-rgb"):
        import_label_maps(project, "png-rgb", tmp_path / "out" / "a.png")
    manifest = tmp_path / "out" / MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": "newer"}))
    import_label_maps(project, "png", tmp_path / "out")


# -- folders inside


def with_folders(root: Path, *masks: str) -> Path:
    for name in ("images", *masks):
        (root / name).mkdir(parents=True)
        pixels = picture(0, (20, 30)) if name == "images" else LABELS
        Image.fromarray(pixels).save(root / name / "a.png")
    return root


@pytest.mark.parametrize("place", ["", "all/train"])
def test_the_folder_that_has_label_maps_is_named(
    project: Project, tmp_path: Path, place: str
) -> None:
    masks = with_folders(tmp_path / "m" / place, "masks") / "masks"
    said = refusal("import", project.root, tmp_path / "m")
    assert said == (
        f"premask: no label maps in {tmp_path / 'm'} in the format png; nothing was imported; its"
        f" folder {masks.relative_to(tmp_path / 'm')} has some: give {masks}"
    )
    assert answer("import", project.root, said.rpartition("give ")[2])["imported"] == ["a.png"]


def test_several_folders_with_label_maps_are_named(project: Project, tmp_path: Path) -> None:
    folder = with_folders(tmp_path / "m", "masks", "older")
    said = re.escape("its folders masks, older have some: give one of them")
    with pytest.raises(PremaskError, match=f"{said}$"):
        import_label_maps(project, "png", folder)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder))
    with pytest.raises(PremaskError, match=f"{said}, unpacked$"):
        import_label_maps(project, "png", tmp_path / "x.zip")


def test_pictures_are_no_label_maps(project: Project, tmp_path: Path) -> None:
    """Grey pixels are no indices, and no colours of phases."""
    folder = with_folders(tmp_path / "m")
    shutil.copytree(folder / "images", folder / "more")
    with pytest.raises(PremaskError, match=r"in the format png; nothing was imported$"):
        import_label_maps(project, "png", folder)
    label(project, {"a.png": LABELS})
    export_label_maps(project, "png-rgb", tmp_path / "colours")
    (folder / "masks").mkdir()
    for name in ("a.png", "colours.json"):
        shutil.copy(tmp_path / "colours" / name, folder / "masks")
    with pytest.raises(PremaskError, match=r"its folder masks has some: give .*masks$"):
        import_label_maps(project, "png-rgb", folder)
