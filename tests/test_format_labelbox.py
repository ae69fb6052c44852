"""Labelbox's rows: as its SDK writes them, exports by hand, there and back, and broken ones."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from helpers import answer, refusal
from masks import ANY_JSON, FILES
from premask.core.errors import PremaskError
from premask.core.exchange import Layer, Report, Target
from premask.core.phases import make_phases
from premask.interchange.labelbox import load_labelbox, save_labelbox
from premask.interchange.vocabulary import Vocabulary
from premask.project.images import all_images
from premask.project.imports import timed_maps
from premask.project.label_maps import image_versions
from travelling import ANY_MAP, PHASES, labels_of, outgoing, project_of

EXAMPLE = make_phases(["Alpha", "TiB2", "TiN"])
RULE = "stops after 300 s without activity; counted on submit and skip"
MADE = {"created_by": "ana@x", "created_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-02"}


def load(path: Path, report: Report | None = None, **how: Any) -> list[tuple[Any, NDArray]]:
    vocabulary = Vocabulary(EXAMPLE, report or Report(), **how)
    return [(one, one.read()) for one in load_labelbox(path, vocabulary)]


def save(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, "PNG")


def rows(folder: Path, *content: Any) -> Path:
    path = folder / "export.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in content), encoding="utf-8")
    return path


def row(*labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row of an export v2, of an image of 4x2 px."""
    return {
        "data_row": {"id": "cl1", "global_key": "key", "external_id": "a.png"},
        "media_attributes": {"height": 2, "width": 4, "mime_type": "image/png"},
        "projects": {"p1": {"name": "steel", "labels": list(labels)}},
        **more,
    }


def label(*objects: dict[str, Any], details: Any = MADE, performance: Any = None) -> dict[str, Any]:
    return {"id": "l", "label_details": details, "performance_details": performance or {},
            "annotations": {"objects": list(objects), "classifications": []}}  # fmt: skip


def composite(name: str, colour: list[int], feature: str = "f", mask: str = "m1") -> dict[str, Any]:
    url = f"https://api.labelbox.com/api/v1/tasks/t9/masks/{mask}/index/1"
    return {"feature_id": feature, "name": name, "annotation_kind": "ImageSegmentationMask",
            "composite_mask": {"url": url, "color_rgb": colour}}  # fmt: skip


COMPOSITE = [
    [[9, 9, 9], [9, 9, 9], [1, 2, 3], [0, 0, 0]],
    [[9, 9, 9], [0, 0, 0], [1, 2, 3], [7, 7, 7]],
]


def test_rows_of_the_sdk_give_the_map(tmp_path) -> None:
    path = tmp_path / "import.ndjson"
    path.write_bytes((FILES / "labelbox_7.17.0_import.ndjson").read_bytes())
    vocabulary = Vocabulary(EXAMPLE)
    (one,) = load_labelbox(path, vocabulary)
    assert one.name == "a.png"
    with pytest.raises(
        PremaskError, match=r"import\.ndjson: entry 3: its mask .*h/m\.png.* as m\.png"
    ):
        one.read()
    mask = np.zeros((8, 8, 3), np.uint8)
    mask[7, :2] = (255, 0, 0)
    mask[0, 0] = (254, 0, 0)
    save(tmp_path / "masks" / "m.png", mask)
    (one,) = load_labelbox(path, vocabulary)
    expected = np.full((8, 8), 255, np.uint8)
    expected[2:5, 2:6], expected[6, 6], expected[7, :2] = 1, 2, 1
    assert np.array_equal(one.read(), expected)
    assert not vocabulary.report.findings


@pytest.mark.parametrize("named", ["masks/m1.png", "m1.png", "f.png"])
def test_composite_masks_are_found_by_their_id_or_the_features(tmp_path, named) -> None:
    save(tmp_path / named, COMPOSITE)
    path = rows(tmp_path, row(label(
        composite("Alpha", [9, 9, 9]), composite("TiN", [1, 2, 3]), composite("TiN", [7, 7, 7]),
    )))  # fmt: skip
    ((one, label_map),) = load(path)
    assert label_map.tolist() == [[0, 0, 2, 255], [0, 255, 2, 2]]
    assert (one.name, one.annotator) == ("a.png", "ana@x")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_masks_of_one_feature_are_all_that_is_painted(tmp_path, mode) -> None:
    binary = np.array([[0, 255, 0, 0], [0, 255, 255, 0]], np.uint8)
    picture = Image.fromarray(binary).convert(mode)
    if mode == "RGBA":  # white everywhere, and transparent where nothing is painted
        picture = Image.merge("RGBA", [Image.new("L", (4, 2), 255)] * 3 + [Image.fromarray(binary)])
    picture.save(tmp_path / "feat.png")
    url = {"mask": {"url": "https://api.labelbox.com/x/annotations/feat/index/1/mask"}}
    one = {"feature_id": "feat", "name": "TiB2", **url}
    ((_, label_map),) = load(rows(tmp_path, row(label(one))))
    assert label_map.tolist() == [[255, 1, 255, 255], [255, 1, 1, 255]]
    # the same file for an object that has a colour of a composite mask
    ((_, label_map),) = load(rows(tmp_path, row(label(composite("TiB2", [3, 3, 3], "feat")))))
    assert label_map.tolist() == [[255, 1, 255, 255], [255, 1, 1, 255]]


def test_times_come_with_their_rule_and_skipped_labels_do_not(tmp_path) -> None:
    save(tmp_path / "m1.png", COMPOSITE)
    mine = composite("Alpha", [9, 9, 9])
    content = row(
        label(mine, performance={"seconds_to_create": 1234, "seconds_to_review": 56.5}),
        label(mine, details={"created_by": "ben@x"}, performance={"seconds_to_create": None}),
        label(mine, details={"created_by": "eva@x"}, performance={"skipped": True}),
        label(mine, details={**MADE, "updated_at": "2026-10-01"}),
        label(details={"created_by": "tom@x"}),
    )
    report = Report()
    found = load(rows(tmp_path, content), report)
    assert [(one.annotator, [(t.measure, t.seconds, t.rule) for t in one.times])
            for one, _ in found] == [
        ("ana@x", [("labelbox:seconds_to_create", 1234, RULE),
                   ("labelbox:seconds_to_review", 56.5, RULE)]),
        ("ben@x", []),
        ("tom@x", []),
    ]  # fmt: skip
    assert (found[-1][1] == 255).all()
    assert found[-1][1].shape == (2, 4)
    assert sorted((f.kind, f.where) for f in report.findings) == [
        ("left out", "export.ndjson: entry 1, label 3"),
        ("left out", "export.ndjson: entry 1, label 4"),
    ]


def test_export_v1_is_read(tmp_path) -> None:
    save(tmp_path / "masks" / "ckx.png", [[0, 255], [255, 0]])
    objects = [
        {"featureId": "ckx", "title": "TiN", "value": "ti_n", "color": "#ff0000",
         "instanceURI": "https://api.labelbox.com/masks/feature/ckx?token=1"},
        {"featureId": "cky", "title": "TiN", "bbox": {}},
    ]  # fmt: skip
    content = [
        {"ID": "1", "External ID": "a.png", "Label": {"objects": objects}, "Created By": "ana@x",
         "Seconds to Label": 60.5, "Seconds to Review": 4},
        {"ID": "2", "External ID": "b.png", "Label": {}, "Skipped": True},
        {"ID": "3", "External ID": "c.png", "Label": {"objects": []}},
    ]  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    report = Report()
    ((one, label_map),) = load(path, report)
    assert label_map.tolist() == [[255, 2], [2, 255]]
    assert [(t.field, t.seconds) for t in one.times] == [
        ("seconds_to_label", 60.5), ("seconds_to_review", 4),
    ]  # fmt: skip
    assert [(f.kind, f.where[-7:]) for f in report.findings] == [
        ("left out", "entry 1"), ("left out", "entry 2"), ("no label map", "entry 3"),
    ]  # fmt: skip


def test_overlaps_and_unknown_names_are_reported(tmp_path) -> None:
    save(tmp_path / "x.png", [[255, 255, 0, 0], [0, 0, 0, 0]])
    save(tmp_path / "y.png", [[0, 255, 255, 0], [0, 0, 0, 0]])
    objects = [
        {"feature_id": f, "name": n, "mask": {"url": ""}} for f, n in (("x", "TiB2"), ("y", "TiX"))
    ]
    report = Report()
    ((_, label_map),) = load(rows(tmp_path, row(label(*objects))), report)
    assert label_map.tolist()[0] == [1, 255, 255, 255]
    ((_, label_map),) = load(tmp_path, report, renames={"TiX": "TiN"})
    assert label_map.tolist()[0] == [1, 2, 2, 255]
    assert [(f.kind, f.count, f.at) for f in report.findings] == [
        ("unknown", 2, (0, 1)), ("overlap", 1, (0, 1)), ("overlap", 1, (0, 1)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (3, "entry 1 is 3, no row of Labelbox"),
        ({"a": 1}, "no row of Labelbox"),
        ({"dataRow": {}, "mask": {}}, "dataRow is {}; a globalKey or id is accepted"),
        ({"dataRow": {"id": "a"}, "mask": {"png": "!"}}, "name is None; the name of a feature"),
        ({"dataRow": {"id": "a"}, "name": "TiN", "mask": {}}, "mask is {}; png or instanceURI"),
        ({"dataRow": {"id": "a"}, "name": "TiN", "mask": {"png": "!"}}, "its mask is damaged"),
        ({"dataRow": {"id": "a"}, "name": "TiN", "mask": {"instanceURI": "x", "colorRGB": [1]}},
         "colorRGB is [1]; three numbers"),
        (row(label(composite("TiN", [1, 2, 300]))), "color_rgb is [1, 2, 300]"),
        (row(label(composite("TiN", [1, 2, 4]))), "no pixel of m1.png has its colour (1, 2, 4)"),
        (row(label(composite("TiN", [9, 9, 9], mask="m2"))), "as f.png or m2.png into the folder"),
        (row(label(composite("TiN", [9, 9, 9])), media_attributes={"height": 3, "width": 4}),
         "label 1, object 1: its mask has 4x2 px, the image 4x3 px"),
        (row(label(), media_attributes={"height": 10**6, "width": 10**6}), "1000000x1000000 px"),
        (row(label(performance={"seconds_to_create": "1"})), "seconds_to_create is '1'"),
        (row(projects=[]), "projects is []; an object is accepted"),
        (row(projects={"p": 3}), "a project is 3"),
        (row(3), "label 1 is 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, content, message) -> None:
    save(tmp_path / "m1.png", COMPOSITE)
    with pytest.raises(PremaskError) as refused:
        load(rows(tmp_path, content))
    assert message in str(refused.value)
    assert str(refused.value).startswith("export.ndjson: entry 1")
    assert "\n" not in str(refused.value)


def test_masks_of_255_are_refused_as_labelbox_does(tmp_path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode()
    with pytest.raises(PremaskError, match="its mask is no grey PNG of 0 and 1"):
        load(rows(tmp_path, {"dataRow": {"id": "a"}, "name": "TiN", "mask": {"png": png}}))


def test_saved_rows_are_as_labelbox_takes_them(tmp_path) -> None:
    label_map = np.array([[0, 2, 255]], np.uint8)
    images = [outgoing("a b", Layer(lambda: label_map), shape=(1, 3))]
    ids = save_labelbox(images, Target(tmp_path, PHASES, prefix="https://h/x/"))
    assert ids == {**{name: name for name in PHASES.names}, "void": None}
    lines = (tmp_path / "annotations.ndjson").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [(one["name"], one["dataRow"], one["classifications"]) for one in found] == [
        ("Alpha", {"globalKey": "a b.png"}, []), ("Ti N/ü & <x>", {"globalKey": "a b.png"}, []),
    ]  # fmt: skip
    for one, expected in zip(found, ([[1, 0, 0]], [[0, 1, 0]]), strict=True):
        with Image.open(io.BytesIO(base64.b64decode(one["mask"]["png"]))) as picture:
            assert picture.mode == "L"
            assert np.array(picture).tolist() == expected
    (data_row,) = json.loads((tmp_path / "data-rows.json").read_text("utf-8"))
    assert data_row["row_data"] == "https://h/x/a b.png"
    assert (tmp_path / "images" / data_row["global_key"]).is_file()
    tools = json.loads((tmp_path / "ontology.json").read_text("utf-8"))["tools"]
    assert [(one["name"], one["color"]) for one in tools] == [
        (one.name, one.colour) for one in PHASES.phases
    ]


@given(label_map=ANY_MAP.filter(lambda label_map: (label_map < 255).any()))
@settings(max_examples=60)
def test_any_map_comes_back(tmp_path_factory, label_map) -> None:
    folder = tmp_path_factory.mktemp("any")
    image = outgoing("a", Layer(lambda: label_map), shape=label_map.shape)
    save_labelbox([image], Target(folder, PHASES, pictures=False))
    report = Report()
    (one,) = load_labelbox(folder, Vocabulary(PHASES, report))
    assert np.array_equal(one.read(), label_map)
    assert not report.findings


def entries(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            found += entries(one, (*path, key))
    return found


@given(drawn=st.data())
@settings(max_examples=300)
def test_other_values_give_one_error(tmp_path_factory, drawn) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    save(folder / "m1.png", COMPOSITE)
    lines = (FILES / "labelbox_7.17.0_import.ndjson").read_text("utf-8").splitlines()
    mask = {"title": "TiN", "instanceURI": "/m1.png"}
    v1 = {"External ID": "b.png", "Label": {"objects": [mask]}, "Seconds to Label": 3}
    performance = {"seconds_to_create": 5}
    content = [row(label(composite("Alpha", [9, 9, 9]), performance=performance)), v1,
               json.loads(lines[0]), json.loads(lines[2])]  # fmt: skip
    content = json.loads(json.dumps(content))  # nothing that is shared is changed
    keys = drawn.draw(st.sampled_from([path for path in entries(content) if path]))
    owner: Any = content
    for key in keys[:-1]:
        owner = owner[key]
    owner[keys[-1]] = drawn.draw(ANY_JSON)
    path = rows(folder, *content)
    said = []
    try:
        for one in load_labelbox(path, Vocabulary(EXAMPLE)):
            try:
                assert one.read().dtype == np.uint8
            except PremaskError as error:
                said.append(str(error))
    except PremaskError as error:
        said.append(str(error))
    assert all(line.startswith("export.ndjson: ") and "\n" not in line for line in said)


@given(drawn=st.data())
@settings(max_examples=100)
def test_damaged_bytes_give_one_error(tmp_path_factory, drawn) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    content = bytearray((FILES / "labelbox_7.17.0_import.ndjson").read_bytes())
    for _ in range(drawn.draw(st.integers(0, 3))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    path = folder / "a.ndjson"
    path.write_bytes(bytes(content[: drawn.draw(st.integers(1, len(content)))]))
    said = []
    try:
        for one in load_labelbox(path, Vocabulary(EXAMPLE)):
            assert one.read().dtype == np.uint8
    except PremaskError as error:
        said.append(str(error))
    assert all(line.startswith("a.ndjson: ") and "\n" not in line for line in said)


def test_commands_bring_an_export_and_its_times(tmp_path) -> None:
    project = project_of(tmp_path / "p", {"a.png": np.zeros((2, 4), np.uint8)}, EXAMPLE)
    export = tmp_path / "export"
    save(export / "masks" / "m1.png", COMPOSITE)
    performance = {"seconds_to_create": 900, "seconds_to_review": 60}
    rows(export, row(label(composite("TiN", [9, 9, 9]), performance=performance)))
    done = answer("import", project.root, export, "--format", "labelbox", "--as", "scratch")
    assert done["times"] == ["labelbox:seconds_to_create", "labelbox:seconds_to_review"]
    assert labels_of(project)[0].tolist() == [[2, 2, 255, 255], [2, 255, 255, 255]]
    (version,) = image_versions(project, all_images(project)[0])
    assert version.annotator == "ana@x"
    assert len(timed_maps(project)[0].times) == 2
    (export / "masks" / "m1.png").unlink()
    line = refusal("import", project.root, export, "--format", "labelbox", "--as", "scratch")
    assert "object 1: its mask is not there; download" in line
    assert len(image_versions(project, all_images(project)[0])) == 1
