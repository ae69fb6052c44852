"""COCO's two forms: files of others, what pycocotools makes of ours, traps."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from masks import FILES, example_map
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange.coco import load_coco
from premask.interchange.coco_instances import load_coco_instances
from premask.interchange.vocabulary import Vocabulary
from premask.workflow.export_labels import export_label_maps
from travelling import ANY_MAP, label, project_of

PHASES = make_phases(["Alpha", "TiB2", "TiN"])
PANOPTIC = FILES / "coco_panoptic_datumaro"
INSTANCES = FILES / "coco_instances_datumaro.json"


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(PHASES)


def written(folder: Path, name: str, label_map) -> Path:
    project = project_of(folder / "steel", {"a.png": label_map}, PHASES)
    label(project, folder / "labels", [label_map])
    export_label_maps(project, name, folder / "out")
    return folder / "out"


# --- panoptic ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PANOPTIC, PANOPTIC / "panoptic_annotations.json"])
def test_the_example_is_read_as_it_was_drawn(vocabulary, path):
    (one,) = load_coco(path, vocabulary)
    assert one.name == "a.png"
    np.testing.assert_array_equal(one.read(), example_map())
    assert not vocabulary.report.findings


def test_a_small_map_is_written_as_coco_wants_it(tmp_path):
    out = written(tmp_path, "coco", np.array([[0, 1, 255], [2, 2, 0]], np.uint8))
    pixels = np.array(Image.open(out / "annotations/panoptic_default/a.png"))
    assert pixels[..., 0].tolist() == [[1, 2, 0], [3, 3, 1]]
    assert not pixels[..., 1:].any()
    content = json.loads((out / "annotations/panoptic_default.json").read_text())
    assert [(c["id"], c["name"], c["isthing"]) for c in content["categories"]] == [
        (1, "Alpha", 0), (2, "TiB2", 0), (3, "TiN", 0),
    ]  # fmt: skip
    assert content["images"] == [{"id": 1, "file_name": "a.png", "width": 3, "height": 2}]
    (annotation,) = content["annotations"]
    assert (annotation["image_id"], annotation["file_name"]) == (1, "a.png")
    assert annotation["segments_info"] == [
        {"id": 1, "category_id": 1, "area": 2, "bbox": [0, 0, 3, 2], "iscrowd": 0},
        {"id": 2, "category_id": 2, "area": 1, "bbox": [1, 0, 1, 1], "iscrowd": 0},
        {"id": 3, "category_id": 3, "area": 2, "bbox": [0, 1, 2, 1], "iscrowd": 0},
    ]


def panoptic(tmp_path: Path, change) -> Path:
    """The example with a change, whose segment ids need all three channels."""
    content = json.loads((PANOPTIC / "panoptic_annotations.json").read_text())
    ids = np.array([[1, 258], [65536 + 3, 0]])
    segments = content["annotations"][0]["segments_info"]
    for segment, number in zip(segments, (1, 258, 65539), strict=True):
        segment["id"] = number
    content["images"][0].update(width=2, height=2)
    pixels = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
    change(content, pixels)
    folder = tmp_path / "panoptic_x"
    folder.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(folder / "a.png")
    (tmp_path / "panoptic_x.json").write_text(json.dumps(content))
    return tmp_path


def test_ids_are_of_three_bytes_and_0_is_void(tmp_path, vocabulary):
    (one,) = load_coco(panoptic(tmp_path, lambda *_: None), vocabulary)
    assert one.read().tolist() == [[0, 1], [2, 255]]


def no_segment(content, pixels):
    pixels[1, 1] = (7, 0, 0)


def two_of_an_id(content, _):
    content["annotations"][0]["segments_info"][0]["id"] = 258


def no_category(content, _):
    content["annotations"][0]["segments_info"][0]["category_id"] = 9


def no_image(content, _):
    content["annotations"][0]["image_id"] = 9


def other_size(content, _):
    content["images"][0]["width"] = 3


def outside(content, _):
    content["annotations"][0]["file_name"] = "../a.png"


def absolute(content, _):
    content["annotations"][0]["file_name"] = "/etc/passwd"


def too_long(content, _):
    content["annotations"][0]["file_name"] = "é" * 200


def missing(content, _):
    content["annotations"][0]["file_name"] = "b.png"


def twice(content, _):
    content["categories"][0]["id"] = 2


def no_segments(content, _):
    content["annotations"][0]["segments_info"] = 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_segment, "a.png: the id 7 at row 1, column 1 (1 px) is no segment"),
        (two_of_an_id, "annotation 1: segment 2: its id is 258"),
        (no_category, "annotation 1: segment 1: there is no category 9"),
        (no_image, "annotation 1: there is no image 9"),
        (other_size, "annotation 1: its PNG has 2x2 px, its image 3x2 px"),
        (outside, "annotation 1: its file name '../a.png' leads out of the folder"),
        (absolute, "annotation 1: its file name '/etc/passwd' leads out of the folder"),
        (too_long, "is too long for any file"),
        (missing, "b.png: there is no such file"),
        (twice, "category 2: the id 2 is there twice"),
        (no_segments, "annotation 1: its 'segments_info' is 7; a list is accepted"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, vocabulary, change, said):
    folder = panoptic(tmp_path, change)
    with pytest.raises(PremaskError) as caught:
        [one.read() for one in load_coco(folder, vocabulary)]
    assert said in str(caught.value)


# --- instances ---------------------------------------------------------------------------


def test_the_example_of_instances_is_read_as_it_was_drawn(vocabulary):
    (one,) = load_coco_instances(INSTANCES, vocabulary)
    assert one.name == "a.png"
    np.testing.assert_array_equal(one.read(), example_map())
    assert not vocabulary.report.findings


def pycocotools_map(path: Path, shape: tuple[int, int]) -> np.ndarray:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    label_map = np.full(shape, 255, np.uint8)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[1])):
        mask = coco.annToMask(annotation).astype(bool)
        label_map[mask] = annotation["category_id"] - 1
        assert annotation["area"] == mask.sum()
        assert annotation["bbox"] == coco_mask.toBbox(coco.annToRLE(annotation)).tolist()
        assert annotation["iscrowd"] == 1
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == list(PHASES.names)
    return label_map


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(max_examples=10, deadline=None)
@given(label_map=ANY_MAP)
def test_pycocotools_reads_what_was_written(tmp_path_factory, label_map):
    out = written(tmp_path_factory.mktemp("coco"), "coco-instances", label_map)
    found = pycocotools_map(out / "annotations/instances_default.json", label_map.shape)
    np.testing.assert_array_equal(found, label_map)


def test_compressed_and_plain_counts_and_polygons_are_read(tmp_path, vocabulary):
    content = json.loads(INSTANCES.read_text())
    for annotation, form in zip(content["annotations"], ("text", "list", "polygon"), strict=True):
        if form == "text":
            rle = coco_mask.frPyObjects(annotation["segmentation"], 96, 128)
            annotation["segmentation"]["counts"] = rle["counts"].decode()
        if form == "polygon":
            annotation["segmentation"] = [[70, 20, 80, 20, 80, 40, 70, 40],
                                          [80, 20, 90, 20, 90, 40, 80, 40]]  # fmt: skip
    (tmp_path / "instances_a.json").write_text(json.dumps(content))
    (tmp_path / "captions_a.json").write_text('{"annotations": [{"caption": "steel"}]}')
    (tmp_path / "notes.json").write_text("[]")
    (one,) = load_coco_instances(tmp_path, vocabulary)
    np.testing.assert_array_equal(one.read(), example_map())
    assert [finding.kind for finding in vocabulary.report.findings] == ["left out"]
    assert vocabulary.report.findings[0].where == "notes.json"


def changed(tmp_path: Path, *path_and_value) -> Path:
    *path, value = path_and_value
    content = json.loads(INSTANCES.read_text())
    record = content
    for key in path[:-1]:
        record = record[key]
    record[path[-1]] = copy.deepcopy(value)
    (tmp_path / "a.json").write_text(json.dumps(content))
    return tmp_path / "a.json"


SEGMENTATION = ("annotations", 1, "segmentation")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((*SEGMENTATION, "counts", [96 * 128 + 1]), "annotation 2: the COCO mask: run 1 of 1"),
        ((*SEGMENTATION, "counts", [1, 2]), "annotation 2: the COCO mask: its 2 runs end after"),
        ((*SEGMENTATION, "counts", "~"), "annotation 2: the COCO mask: character 1"),
        ((*SEGMENTATION, "counts", 5), "annotation 2: its 'counts' is 5; a list"),
        ((*SEGMENTATION, "size", [128, 96]), "annotation 2: its mask is of height and width"),
        ((*SEGMENTATION, "size", [10**9, 10**9]), "annotation 2: its size is"),
        ((*SEGMENTATION, "size", [96]), "annotation 2: its mask is of height and width [96]"),
        ((*SEGMENTATION, [[1, 2, 3]]), "annotation 2: polygon 1: its 3 coordinates"),
        ((*SEGMENTATION, [7]), "annotation 2: polygon 1: its points are 7"),
        ((*SEGMENTATION, "x"), "annotation 2: it is 'x'; an object"),
        (("annotations", 1, "category_id", 9), "annotation 2: there is no category 9"),
        (("annotations", 1, "image_id", 9), "annotation 2: there is no image 9"),
        (("annotations", 1, "image_id", True), "annotation 2: its 'image_id' is True"),
        (("annotations", 1, 5), "annotation 2: it is 5, without a segmentation"),
        (("images", 0, "file_name", None), "image 1: its 'file_name' is None; text"),
        (("images", 0, "height", None), "a.png: its height and width are missing"),
        (("images", 0, "height", 0), "its size is 128x0 px"),
        (("images", 0, "id", 2), "a.json: annotation 1: there is no image 1"),
        (("images", []), "a.json: it has no 'images'"),
        (("images", 5), "a.json: 'images' is no array, at byte"),
        (("annotations", {}), "a.json: 'annotations' is no array, at byte"),
        (("categories", {}), "a.json: its 'categories' is {}; a list"),
    ],
)
def test_instances_that_do_not_fit_are_refused(tmp_path, vocabulary, change, said):
    with pytest.raises(PremaskError) as caught:
        [one.read() for one in load_coco_instances(changed(tmp_path, *change), vocabulary)]
    assert str(caught.value).startswith("a.json: ")
    assert said in str(caught.value)


def test_boxes_without_a_mask_are_reported(tmp_path, vocabulary):
    (one,) = load_coco_instances(changed(tmp_path, *SEGMENTATION, []), vocabulary)
    one.read()
    (finding,) = vocabulary.report.findings
    assert (finding.kind, finding.count) == ("left out", 1)


@pytest.mark.parametrize(
    ("load", "path"), [(load_coco, INSTANCES), (load_coco_instances, PANOPTIC)]
)
def test_each_form_says_which_the_other_is(vocabulary, load, path):
    with pytest.raises(PremaskError, match="--format coco"):
        list(load(path, vocabulary))


def test_masks_stay_in_the_file_until_they_are_read(tmp_path, vocabulary):
    """What is held of an image is its place."""
    path = tmp_path / "a.json"
    path.write_text(INSTANCES.read_text())
    (one,) = load_coco_instances(path, vocabulary)
    path.unlink()
    with pytest.raises(PremaskError, match=r"^a.json: "):
        one.read()
