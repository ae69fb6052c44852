"""Label Studio's tasks: files of the server, by hand, there and back, and broken ones."""

from __future__ import annotations

import base64
import io
import json
import shutil
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from helpers import answer, premask, refusal
from masks import ANY_JSON, FILES, example_map
from premask.core.errors import PremaskError
from premask.core.exchange import Layer, Report, Target, ToolTime
from premask.core.phases import make_phases
from premask.interchange import label_studio
from premask.interchange.label_studio import (
    load_label_studio,
    save_label_studio,
    save_label_studio_rle,
)
from premask.interchange.label_studio_tasks import image_name
from premask.interchange.vocabulary import Vocabulary
from premask.project.images import all_images
from premask.project.imports import timed_maps
from premask.project.label_maps import image_versions
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps
from travelling import (
    ANY_MAP,
    PHASES,
    candidates_of,
    label,
    labels_of,
    outgoing,
    project_of,
    special_maps,
)

EXAMPLE = make_phases(["Alpha", "TiB2", "TiN"])
EXPORTS = ("labelstudio_1.23.2_bitmask_export.json", "labelstudio_1.23.2_brush_export.json")
SHAPES = ((6, 8), (6, 9))
FORMATS = {"label-studio": save_label_studio, "label-studio-rle": save_label_studio_rle}


def bitmask(alpha: NDArray[np.uint8]) -> str:
    """An RGBA PNG as an address, made by Pillow."""
    pixels = np.zeros((*alpha.shape, 4), np.uint8)
    pixels[..., 3] = alpha
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def region(name: str | None, alpha: NDArray[np.uint8], **more: Any) -> dict[str, Any]:
    value = {"imageDataURL": bitmask(alpha), **({"bitmasklabels": [name]} if name else {})}
    height, width = alpha.shape
    return {"id": f"of {name}", "type": "bitmasklabels", "from_name": "label",
            "to_name": "image", "original_width": width, "original_height": height,
            "value": value, **more}  # fmt: skip


def task(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 5, "data": {"image": "/data/upload/1/2d8b01a9-a.png"},
            "annotations": list(annotations), **more}  # fmt: skip


def square(top: int, left: int, side: int, value: int = 255) -> NDArray[np.uint8]:
    alpha = np.zeros((6, 8), np.uint8)
    alpha[top : top + side, left : left + side] = value
    return alpha


def read(path: Path, content: Any, *, predictions: bool = False) -> tuple[list, Report]:
    """What is loaded of a content, and the report after all was read."""
    path.write_text(json.dumps(content), encoding="utf-8")
    report = Report()
    found = list(load_label_studio(path, Vocabulary(EXAMPLE, report, predictions=predictions)))
    return [(one, one.read()) for one in found], report


@pytest.mark.parametrize("name", EXPORTS)
def test_export_of_the_server_gives_the_map(tmp_path, name) -> None:
    project = project_of(tmp_path / "p", {"a.png": example_map()}, EXAMPLE)
    done = import_label_maps(project, "label-studio", FILES / name, kind="scratch")
    assert np.array_equal(labels_of(project)[0], example_map())
    (version,) = image_versions(project, all_images(project)[0])
    assert (version.annotator, version.strategy) == ("user 1", "scratch")
    rule = "wall clock, tab left open counts"
    assert timed_maps(project)[0].times == (ToolTime("label-studio", "lead_time", 123.4, rule),)
    assert done.times == ["label-studio:lead_time"]
    # two further tasks have predictions alone, told by their numbers
    assert [one.kind for one in done.findings] == ["no label map"] * 2


def test_json_min_of_the_server_gives_the_map(tmp_path) -> None:
    newer, older = json.loads(
        (FILES / "labelstudio_1.23.2_json_min_export.json").read_text("utf-8")
    )
    assert "annotations" not in newer
    ((one, label_map),), report = read(tmp_path / "a.json", [newer, older])
    expected = np.full((96, 128), 255, np.uint8)
    expected[10:50, 20:90] = 0
    assert np.array_equal(label_map, expected)
    assert (one.name, one.annotator) == ("Stahl_7_ü.x.png", "user 1")
    assert [time.seconds for time in one.times] == [33]
    assert [(f.kind, f.where) for f in report.findings] == [("left out", "a.json: entry 2")]
    ((one, label_map),), report = read(tmp_path / "a.json", [older])
    assert [time.seconds for time in one.times] == [12.5]
    assert (label_map == 255).all()
    assert [(f.kind, f.count) for f in report.findings] == [("unknown", 40 * 70)]
    (one,) = load_label_studio(tmp_path / "a.json", Vocabulary(EXAMPLE, renames={"Ti B2 ü": "TiN"}))
    expected[expected == 0] = 2
    assert np.array_equal(one.read(), expected)


def test_pngs_of_the_server_give_the_map_with_the_json_beside(tmp_path) -> None:
    project = project_of(tmp_path / "p", {"a.png": example_map()}, EXAMPLE)
    folder = tmp_path / "pngs"
    with zipfile.ZipFile(FILES / "labelstudio_1.23.2_brush_to_png.zip") as archive:
        archive.extractall(folder)
    with pytest.raises(
        PremaskError, match=r"task-1-annotation-1-by-1-seg-Alpha-0\.png: .*JSON_MIN"
    ):
        import_label_maps(project, "label-studio-rle", folder)
    shutil.copy(FILES / EXPORTS[1], folder)
    done = import_label_maps(project, "label-studio-rle", folder, kind="scratch")
    assert np.array_equal(labels_of(project)[0], example_map())
    assert timed_maps(project)[0].times[0].seconds == 123.4
    assert not done.findings


def test_pngs_whose_names_have_dashes_find_their_labels(tmp_path) -> None:
    phases = make_phases(["Ti-B2", "B2", "a/b"])
    for number, name in enumerate(["seg-x-Ti-B2-0", "seg-x-B2-0", "seg-x-a-b-0", "seg-x-A-1-0"]):
        pixels = np.zeros((2, 4), np.uint8)
        pixels[:, number] = 255
        Image.fromarray(pixels).save(tmp_path / f"task-7-annotation-2-by-ana@x.org-{name}.png")
    tasks = [{"id": 7, "data": {"image": "s3://b/a b.tif"}, "annotations": []}]
    (tmp_path / "names.json").write_text(json.dumps(tasks), encoding="utf-8")
    report = Report()
    (one,) = load_label_studio(tmp_path, Vocabulary(phases, report))
    assert (one.name, one.annotator) == ("a b.tif", "ana@x.org")
    assert one.read().tolist() == [[0, 1, 2, 255]] * 2
    assert ["A-1" in f.message or "x-A-1" in f.message for f in report.findings] == [True]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("a.png", "a.png"),
        ("/data/upload/12/2d8b01a9-Stahl_7_ü.x.png", "Stahl_7_ü.x.png"),
        ("/data/upload/12/2d8b01a9-2d8b01a9-b.png", "2d8b01a9-b.png"),
        ("upload/12/2d8b01a9-b.png", "b.png"),
        ("/data/images/2d8b01a9-b.png", "2d8b01a9-b.png"),
        ("/data/local-files/?d=images/gr%C3%B6%C3%9Fe%202.png", "größe 2.png"),
        ("https://host/x/a%20b.png?X-Amz-Date=1#f", "a b.png"),
        ("s3://bucket/folder/100%25.png", "100%25.png"),
        ("C:\\pictures\\a.png", "a.png"),
        ("https://[host/a.png", ""),
        ("data:image/png;base64,AAAA", ""),
    ],
)
def test_image_is_known_by_the_end_of_its_address(address, name) -> None:
    assert image_name(address) == name


def test_image_is_found_under_other_keys(tmp_path) -> None:
    one = task({"result": [region("TiN", square(0, 0, 2))]})
    one["data"] = {"text": "to do", "picture": "gs://b/a.tif", "note": "b"}
    ((incoming, _),), _ = read(tmp_path / "a.json", [one])
    assert incoming.name == "a.tif"


def test_later_region_wins_and_is_reported(tmp_path) -> None:
    regions = [region("Alpha", square(0, 0, 4)), region("TiN", square(2, 2, 4))]
    ((_, label_map),), report = read(tmp_path / "a.json", [task({"result": regions})])
    expected = np.full((6, 8), 255)
    expected[:4, :4], expected[2:6, 2:6] = 0, 2
    assert np.array_equal(label_map, expected)
    assert [(f.kind, f.count, f.at) for f in report.findings] == [("overlap", 4, (2, 2))]


def test_soft_edges_are_cut_at_half_and_counted(tmp_path) -> None:
    alpha = np.array([[0, 1, 127, 128, 255]], np.uint8)
    content = [task({"result": [region("TiN", alpha)]})]
    ((_, label_map),), report = read(tmp_path / "a.json", content)
    assert label_map.tolist() == [[255, 255, 255, 2, 2]]
    assert [(f.kind, f.count) for f in report.findings] == [("loss", 2)]


def test_each_annotator_is_one_label_map_and_the_newest_counts(tmp_path) -> None:
    ana = {"completed_by": {"id": 3, "email": "ana@x"}, "lead_time": 60}
    content = [
        task(
            {**ana, "updated_at": "2026-11-02", "result": [region("TiB2", square(0, 0, 2))]},
            {**ana, "updated_at": "2026-11-01", "result": [region("TiN", square(0, 0, 2))]},
            {"completed_by": 7, "result": [region("TiN", square(1, 1, 2))], "lead_time": None},
            {"completed_by": 8, "result": [region("TiN", square(1, 1, 2))], "was_cancelled": True},
            {"completed_by": 9, "result": []},
            drafts=[{"result": []}],
            predictions=[4, {"model_version": "kmeans", "result": []}],
        )
    ]
    found, report = read(tmp_path / "a.json", content)
    assert [(one.annotator, int(m[1, 1]), len(one.times)) for one, m in found] == [
        ("ana@x", 1, 1), ("user 7", 2, 0),
    ]  # fmt: skip
    assert sorted((f.kind, f.where) for f in report.findings) == [
        ("left out", "a.json: entry 1"),  # the draft
        ("left out", "a.json: entry 1"),  # the prediction
        ("left out", "a.json: entry 1, annotation 2"),
        ("left out", "a.json: entry 1, annotation 4"),
        ("no label map", "a.json: entry 1, annotation 5"),
    ]


def test_predictions_come_when_they_are_asked_for(tmp_path) -> None:
    mask = square(0, 0, 2)
    content = [
        task(
            {"result": [region("TiN", mask)]},
            predictions=[
                {"model_version": "kmeans", "result": [region("Alpha", mask)]},
                {"model_version": "", "result": [region("TiB2", mask)]},
            ],
        )
    ]
    found, report = read(tmp_path / "a.json", content, predictions=True)
    assert [(one.method, int(m[0, 0])) for one, m in found] == [("kmeans", 0), ("label-studio", 1)]
    assert [f.message for f in report.findings] == ["1 annotation: predictions were asked for"]
    found, _ = read(tmp_path / "a.json", content)
    assert [(one.method, int(m[0, 0])) for one, m in found] == [("", 2)]


def test_regions_without_label_and_other_results_are_reported(tmp_path) -> None:
    regions = [
        region(None, square(0, 0, 2)),
        region(None, square(4, 4, 2), id="twice"),
        region("TiN", square(4, 4, 2), id="twice"),
        {"id": "c", "type": "choices", "value": {"choices": ["good"]}},
    ]
    ((_, label_map),), report = read(tmp_path / "a.json", [task({"result": regions})])
    assert label_map[0, 0] == 255
    assert label_map[4, 4] == 2
    assert [(f.kind, f.count) for f in report.findings] == [("left out", 1), ("unknown", 4)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([3], "entry 1 is 3, and no task of Label Studio"),
        ([{"a": 1}], "entry 1 is no task of Label Studio"),
        ([{"data": 4}], "entry 1: data is 4; an object is accepted"),
        ([task(annotations={})], "entry 1: annotations is {}; a list is accepted"),
        ([task(3)], "entry 1, annotation 1 is 3"),
        ([task({"result": [3]})], "entry 1, annotation 1, region 1 is 3"),
        ([task({"lead_time": "x"})], "entry 1, annotation 1: its lead_time is 'x'"),
        ([task({"lead_time": -1})], "entry 1, annotation 1: its lead_time is -1"),
        ([task({"result": [region("TiN", square(0, 0, 2), original_width=9)]})],
         "region 1: its mask has 8x6 px, its image 9x6 px"),
        ([task({"result": [region("TiN", square(0, 0, 2), original_width=7)]})],
         "region 1: its mask is damaged, or no PNG of 7x6 px"),
        ([task({"result": [region("TiN", square(0, 0, 2), original_width=10**9)]})],
         "region 1: its size is 1000000000x6 px"),
        ([task({"result": [region("TiN", square(0, 0, 2), image_rotation=90)]})],
         "region 1: it was drawn on an image that was turned by 90 degrees"),
        ([task({"result": [region("TiN", square(0, 0, 2), value={"rle": [1], "labels": ["a"]})]})],
         "region 1: the brush mask"),
        ([task({"result": [region("TiN", square(0, 0, 2), value={"rle": [1], "labels": "a"})]})],
         "region 1: its labels are 'a'"),
        ([task({"result": [region("", square(0, 0, 2), value={"rle": 1, "labels": ["a", "b"]})]})],
         "region 1: it has 2 labels"),
        ([task({"result": [region("TiN", square(0, 0, 2), value={"imageDataURL": "x"})]})],
         "region 1: its mask is 'x'; data:image/png;base64,... is accepted"),
        ([task({"result": [{**region("TiN", square(0, 0, 2)), "original_height": None}]})],
         "region 1: its height is None"),
        ([task({"result": [region("TiN", np.ones(shape, np.uint8)) for shape in SHAPES]})],
         "annotation 1: its regions are of images of 8x6 and 9x6 px"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, content, message) -> None:
    with pytest.raises(PremaskError) as refused:
        read(tmp_path / "a.json", content)
    assert message in str(refused.value)
    assert str(refused.value).startswith("a.json: entry 1")
    assert "\n" not in str(refused.value)


def test_mask_without_alpha_is_refused(tmp_path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(square(0, 0, 2)).save(buffer, "PNG")
    grey = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    one = region("TiN", square(0, 0, 2), value={"imageDataURL": grey, "bitmasklabels": ["TiN"]})
    with pytest.raises(PremaskError, match="its mask has no alpha channel"):
        read(tmp_path / "a.json", [task({"result": [one]})])


def saved(folder: Path, form: str, *layers: Layer, **how: Any) -> list[dict[str, Any]]:
    target = Target(folder, PHASES, pictures=False, **how)
    ids = FORMATS[form]([outgoing("a b", *layers)], target)
    assert ids == {"Alpha": "Alpha", "TiB2": "TiB2", "Ti N/ü & <x>": "Ti N/ü & <x>", "void": None}
    tasks: list[dict[str, Any]] = json.loads((folder / "tasks.json").read_text("utf-8"))
    return tasks


def test_saved_tasks_are_as_label_studio_has_them(tmp_path) -> None:
    label_map = np.full((6, 8), 255, np.uint8)
    label_map[1, 2] = 2
    layers = (
        Layer(lambda: label_map, annotator="ana", seconds=61.5),
        Layer(lambda: label_map, method="kmeans"),
    )
    (one,) = saved(tmp_path, "label-studio", *layers)
    assert one["data"] == {
        "image": "/data/local-files/?d=images/a%20b.png",
        "premask": {
            "id": "id of a b", "file": "a b.tif", "width": 8, "height": 6, "annotator": "ana",
        },
    }  # fmt: skip
    (annotation,), (prediction,) = one["annotations"], one["predictions"]
    assert (annotation["lead_time"], annotation["ground_truth"]) == (61.5, False)
    assert prediction["model_version"] == "kmeans"
    assert prediction["result"] == annotation["result"]
    (found,) = prediction["result"]
    url = found["value"].pop("imageDataURL")
    assert found == {
        "id": "phase2", "type": "bitmasklabels", "from_name": "label", "to_name": "image",
        "image_rotation": 0, "original_width": 8, "original_height": 6,
        "value": {"bitmasklabels": ["Ti N/ü & <x>"]},
    }  # fmt: skip
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
        assert picture.mode == "RGBA"
        pixels = np.array(picture)
    assert np.argwhere(pixels).tolist() == [[1, 2, 3]]
    assert pixels[1, 2].tolist() == [0, 0, 0, 255]


def test_saved_brush_masks_are_those_of_the_codec(tmp_path) -> None:
    from premask.interchange.label_studio_rle import decode

    label_map = np.random.default_rng(1).integers(0, 2, (6, 8)).astype(np.uint8)
    (one,) = saved(tmp_path, "label-studio-rle", Layer(lambda: label_map), prefix="https://h/")
    assert one["data"]["image"] == "https://h/a%20b.png"
    values = [found["value"] for found in one["annotations"][0]["result"]]
    assert [value["brushlabels"] for value in values] == [["Alpha"], ["TiB2"]]
    assert np.array_equal(decode(values[1]["rle"], 6, 8), label_map == 1)


@pytest.mark.parametrize(
    ("form", "tag"), [("label-studio", "BitmaskLabels"), ("label-studio-rle", "BrushLabels")]
)
def test_interface_has_the_phases_and_their_colours(tmp_path, form, tag) -> None:
    saved(tmp_path, form, Layer(lambda: np.zeros((6, 8), np.uint8)))
    view = ET.fromstring((tmp_path / "label-config.xml").read_text("utf-8"))
    image, control = view
    assert (image.tag, image.get("value"), control.tag) == ("Image", "$image", tag)
    assert control.get("toName") == image.get("name") == "image"
    labels = [(one.get("value"), one.get("background")) for one in control]
    assert labels == [(one.name, one.colour) for one in PHASES.phases]


def test_long_exports_are_cut_into_files_that_can_be_uploaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(label_studio, "LARGEST_PART", 3000)
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 3, (6, 8)).astype(np.uint8) for _ in range(7)]
    images = [outgoing(f"i{n}", Layer(lambda m=m: m)) for n, m in enumerate(maps)]
    save_label_studio(images, Target(tmp_path, PHASES, pictures=False))
    files = sorted(tmp_path.glob("tasks*.json"))
    assert len(files) > 2
    assert all(file.stat().st_size < 3100 for file in files)
    found = list(load_label_studio(tmp_path, Vocabulary(PHASES)))
    assert {one.name for one in found} == {f"i{n}.png" for n in range(7)}
    for one in found:
        assert np.array_equal(one.read(), maps[int(one.name[1])])


@pytest.mark.parametrize("form", FORMATS)
@given(label_map=ANY_MAP)
@settings(max_examples=60)
def test_any_map_comes_back(tmp_path_factory, form, label_map) -> None:
    folder = tmp_path_factory.mktemp("any")
    image = outgoing("a", Layer(lambda: label_map), shape=label_map.shape)
    FORMATS[form]([image], Target(folder, PHASES, pictures=False))
    report = Report()
    (one,) = load_label_studio(folder, Vocabulary(PHASES, report))
    assert np.array_equal(one.read(), label_map)
    assert (one.id, one.name, one.image_name) == ("id of a", "a.png", "a.tif")
    assert not report.findings


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_labels_of_a_project_come_back(tmp_path, form, packed) -> None:
    maps = special_maps()
    first = project_of(tmp_path / "first", maps)
    label(first, tmp_path / "labels", list(maps.values()))
    out = tmp_path / ("out.zip" if packed else "out")
    export_label_maps(first, form, out)
    second = project_of(tmp_path / "second", maps)
    done = import_label_maps(second, form, out)
    for found, expected in zip(labels_of(second), maps.values(), strict=True):
        assert np.array_equal(found, expected)
    assert {one.kind for one in done.findings} == {"empty", "unlabelled"}
    # and with the pictures into an empty project
    third = project_of(tmp_path / "third", {})
    done = import_label_maps(third, form, out, add_images=True)
    assert sorted(done.added) == sorted(maps)
    by_name = dict(zip((i.name for i in all_images(third)), labels_of(third), strict=True))
    assert all(np.array_equal(by_name[name], expected) for name, expected in maps.items())


@pytest.mark.parametrize("form", FORMATS)
def test_candidates_of_all_methods_come_back(tmp_path, form) -> None:
    maps = special_maps()
    del maps["void.png"]  # a candidate of which nothing is named is none
    expected = {
        (name, method): np.where(label_map == 255, 255, (label_map + turn) % 3)
        for name, label_map in maps.items()
        for turn, method in enumerate(("kmeans", "texture"))
    }
    images = [
        outgoing(
            Path(name).stem,
            *(Layer(lambda m=m: m.astype(np.uint8), method=method)
              for (own, method), m in expected.items() if own == name),
            shape=label_map.shape,
        )
        for name, label_map in maps.items()
    ]  # fmt: skip
    given_ = tmp_path / "given"
    given_.mkdir()
    FORMATS[form](images, Target(given_, PHASES, pictures=False))
    first, second = (project_of(tmp_path / name, maps) for name in ("first", "second"))
    import_label_maps(first, form, given_, kind="candidate")
    export_label_maps(first, form, tmp_path / "out", what="candidates")
    done = import_label_maps(second, form, tmp_path / "out", kind="candidate")
    assert len(done.done) == len(expected)
    for project in (first, second):
        found = candidates_of(project)
        assert found.keys() == expected.keys()
        wrong = [key for key in expected if not np.array_equal(found[key], expected[key])]
        assert not wrong
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text("utf-8"))
    assert not any(one["annotations"] for one in tasks)


def test_two_images_of_one_name_are_told_apart(tmp_path) -> None:
    maps = {"x/a.png": np.zeros((6, 8), np.uint8), "y/a.png": np.ones((6, 8), np.uint8)}
    first = project_of(tmp_path / "first", maps)
    label(first, tmp_path / "labels", list(maps.values()))
    export_label_maps(first, "label-studio", tmp_path / "out")
    second = project_of(tmp_path / "second", maps)
    import_label_maps(second, "label-studio", tmp_path / "out" / "tasks.json")
    assert [int(m[0, 0]) for m in labels_of(second)] == [0, 1]


@pytest.mark.data
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["uhcs", "nasa_ebc", "nasa_super"])
def test_real_maps_come_back(data, tmp_path, form, name) -> None:
    from premask.io.label_maps import read_label_map

    masks = [read_label_map(p) for p in sorted((data / name / "masks").glob("*.png"))[:3]]
    phases = make_phases([f"phase {i}" for i in range(max(m[m < 255].max() for m in masks) + 1)])
    images = [outgoing(f"i{n}", Layer(lambda m=m: m), shape=m.shape) for n, m in enumerate(masks)]
    FORMATS[form](images, Target(tmp_path, phases, pictures=False))
    found = list(load_label_studio(tmp_path, Vocabulary(phases)))
    assert len(found) == len(masks) == 3
    for one, mask in zip(found, masks, strict=True):
        assert np.array_equal(one.read(), mask)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path]
    for key, one in inner:
        deeper = (*path, key)
        found += leaves(one, deeper) if isinstance(one, dict | list) else [deeper]
    return found


def small_tasks(folder: Path, form: str) -> bytes:
    label_map = np.random.default_rng(3).integers(0, 3, (5, 7)).astype(np.uint8)
    layers = (Layer(lambda: label_map, seconds=5.0), Layer(lambda: label_map, method="kmeans"))
    FORMATS[form]([outgoing("a", *layers, shape=(5, 7))], Target(folder, PHASES, pictures=False))
    return (folder / "tasks.json").read_bytes()


def survives(path: Path) -> None:
    """Nothing but a label map or one line that starts with the file's name comes out."""
    said = []
    for predictions in (False, True):
        try:
            for one in load_label_studio(path, Vocabulary(PHASES, predictions=predictions)):
                assert one.read().dtype == np.uint8
        except PremaskError as error:
            said.append(str(error))
    assert all(line.startswith(path.name) and "\n" not in line for line in said)


@pytest.mark.parametrize("form", FORMATS)
@given(drawn=st.data())
@settings(max_examples=150)
def test_damaged_bytes_give_one_error(tmp_path_factory, form, drawn) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    content = bytearray(small_tasks(folder, form))
    for _ in range(drawn.draw(st.integers(0, 3))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    cut = drawn.draw(st.integers(0, len(content)) | st.just(len(content)))
    (folder / "tasks.json").write_bytes(bytes(content[:cut]))
    survives(folder / "tasks.json")


@pytest.mark.parametrize("form", FORMATS)
@given(drawn=st.data())
@settings(max_examples=200)
def test_other_values_give_one_error(tmp_path_factory, form, drawn) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    content = json.loads(small_tasks(folder, form))
    keys = drawn.draw(st.sampled_from([path for path in leaves(content) if path]))
    owner = content
    for key in keys[:-1]:
        owner = owner[key]
    owner[keys[-1]] = drawn.draw(ANY_JSON)
    (folder / "tasks.json").write_text(json.dumps(content), encoding="utf-8")
    survives(folder / "tasks.json")


def test_commands_go_there_and_back(tmp_path) -> None:
    maps = special_maps()
    first = project_of(tmp_path / "first", maps)
    label(first, tmp_path / "labels", list(maps.values()))
    out = tmp_path / "out"
    done = answer("export", tmp_path / "first", out, "--format", "label-studio-rle")
    assert sorted(done["exported"]) == sorted(maps)
    assert {p.name for p in out.iterdir()} == {
        "images", "label-config.xml", "premask.json", "tasks.json",
    }  # fmt: skip
    project_of(tmp_path / "second", maps)
    back = answer("import", tmp_path / "second", out, "--format", "label-studio", "--as", "scratch")
    assert sorted(back["imported"]) == sorted(maps)
    (out / "tasks.json").write_bytes((out / "tasks.json").read_bytes()[:-50])
    line = refusal("import", tmp_path / "second", out, "--format", "label-studio")
    assert "tasks.json: " in line
    assert "cut off" in line
    assert "label-studio-rle" in premask("formats").stdout
