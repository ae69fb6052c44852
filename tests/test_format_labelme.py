"""labelme: its files, and traps."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masks import FILES, example_map
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange.labelme import load_labelme
from premask.interchange.vocabulary import Vocabulary
from premask.workflow.export_labels import export_label_maps
from travelling import label, project_of

PHASES = make_phases(["Alpha", "TiB2", "TiN"])


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(PHASES)


def test_the_example_is_read_as_it_was_drawn(vocabulary):
    (one,) = load_labelme(FILES / "labelme_mask.json", vocabulary)
    assert (one.name, one.source) == ("a.png", "labelme_mask.json")
    np.testing.assert_array_equal(one.read(), np.where(example_map() == 2, 2, 255))
    assert not vocabulary.report.findings


def test_a_small_map_is_written_as_labelme_wants_it(tmp_path):
    label_map = np.array([[0, 0, 255], [1, 0, 1]], np.uint8)
    project = project_of(tmp_path / "steel", {"größe 1.png": label_map}, PHASES)
    label(project, tmp_path / "labels", [label_map])
    export_label_maps(project, "labelme", tmp_path / "out")
    content = json.loads((tmp_path / "out" / "größe 1.json").read_text())
    assert (tmp_path / "out" / content["imagePath"]).is_file()
    assert (content["imageHeight"], content["imageWidth"]) == (2, 3)
    assert content["imageData"] is None
    first, second = content["shapes"]
    assert (first["label"], first["points"]) == ("Alpha", [[0.0, 0.0], [1.0, 1.0]])
    assert (second["label"], second["points"]) == ("TiB2", [[0.0, 1.0], [2.0, 1.0]])
    mask = Image.open(io.BytesIO(base64.b64decode(first["mask"])))
    assert np.array(mask).tolist() == [[1, 1], [0, 1]]
    labels = (tmp_path / "out" / "labels.txt").read_text().splitlines()
    assert labels == ["__ignore__", "Alpha", "TiB2", "TiN"]


def file_of(tmp_path: Path, *shapes, **entries) -> Path:
    content = {"imagePath": "..\\pictures\\a.png", "imageHeight": 4, "imageWidth": 6,
               "shapes": list(shapes), **entries}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(content))
    return tmp_path


def png(rows) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.array(rows, np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def polygon(name, *points, **more):
    return {"label": name, "points": [list(point) for point in points], **more}


def test_later_shapes_win_and_polygons_take_the_pixels_whose_centres_lie_inside(
    tmp_path, vocabulary
):
    folder = file_of(
        tmp_path,
        polygon("Alpha", (0, 0), (6, 0), (6, 2), (0, 2)),
        polygon("TiB2", (3, 4), (1, 0.6), shape_type="rectangle"),
        polygon("TiN", (5, 1), (5, 2), shape_type="mask", mask=png([[1], [255]])),
        polygon("TiN", (5, 1), shape_type="point"),
        polygon("TiN", (0, 0), (1, 1), shape_type="line"),
        polygon("TiN", (0, 0), (1, 1), shape_type="line"),
    )
    (folder / "other.json").write_text('{"a": 1}')
    (one,) = load_labelme(folder, vocabulary)
    assert (one.name, one.image) == ("../pictures/a.png", None)
    assert one.read().tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 2],
        [255, 1, 1, 255, 255, 2],
        [255, 1, 1, 255, 255, 255],
    ]
    assert [finding.line for finding in vocabulary.report.findings] == [
        "other.json: it has no shapes of labelme",
        "a.json: 3 px belong to several regions; the later region wins, e.g. at row 1, column 1",
        "a.json: 1 of the shape 'point'; mask, polygon and rectangle are read",
        "a.json: 2 of the shape 'line'; mask, polygon and rectangle are read",
    ]


def mask_of(points, mask) -> dict:
    return {"label": "TiN", "points": points, "shape_type": "mask", "mask": mask}


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (mask_of([[0, 0], [1, 1]], png([[1]])), "its mask is of shape (1, 1), its box of (2, 2)"),
        (mask_of([[0, 0], [0, 0]], png([[1, 1]])), "its mask is no PNG of 1x1 px"),
        (mask_of([[0, 0], [6, 0]], png([[1] * 7])), "not within the image of 6x4 px"),
        (mask_of([[0, 0], [-1, 0]], png([[1]])), "not within"),
        (mask_of([[0, 0]], png([[1]])), "1 points"),
        (mask_of([[0, 0], [1, "x"]], png([[1]])), "coordinate 4"),
        (mask_of([[0, 0], [1]], png([[1]])), "its points are"),
        (mask_of([[0, 0], [0, 0]], "?"), "its mask is no PNG"),
        (mask_of([[0, 0], [0, 0]], "abcd"), "its mask is no PNG"),
        (mask_of([[0, 0], [0, 0]], None), "its 'mask' is None; text is accepted"),
        (mask_of([[0, 0], [0, 0]], png([[[1, 1, 1]]])), "its mask is of shape (1, 1, 3)"),
        ({"label": 5}, "its 'label' is 5"),
        ({"label": "TiN", "shape_type": ["mask"]}, "its 'shape_type' is ['mask']"),
        ({"label": "TiN"}, "it has no 'points'"),
        (polygon("TiN", (0, 0), (1, 1)), "4 coordinates"),
        (polygon("TiN", (0, 0), shape_type="rectangle"), "2 coordinates"),
        (7, "it is 7; an object is accepted"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_their_number(tmp_path, vocabulary, shape, said):
    (one,) = load_labelme(file_of(tmp_path, shape), vocabulary)
    with pytest.raises(PremaskError, match=r"^a.json: shape 1: ") as caught:
        one.read()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "entries",
    [{"imageHeight": None}, {"imageWidth": 10**9}, {"imageHeight": -4}, {"shapes": {}}],
)
def test_files_that_are_none_of_labelme_are_refused(tmp_path, vocabulary, entries):
    (one,) = load_labelme(file_of(tmp_path, **entries), vocabulary)
    with pytest.raises(PremaskError, match=r"^a.json: its "):
        one.read()
