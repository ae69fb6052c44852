"""PASCAL VOC: numbers by the lines of labelmap.txt, colours, what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import DATA, example, kinds, load, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError

NAMES = ["Alpha", "TiB2", "TiN"]
LABELMAP = "background:0,0,0::\nAlpha:128,0,128::\nTiB2:255,0,0::\nTiN:255,255,0::\n"
COLOURS = np.array([[0, 0, 0], [128, 0, 128], [255, 0, 0], [255, 255, 0]], np.uint8)


def voc(folder: Path, mask: Image.Image, labelmap: str | None = LABELMAP) -> Path:
    (folder / "SegmentationClass").mkdir(parents=True)
    mask.save(folder / "SegmentationClass" / "a.png")
    if labelmap is not None:
        (folder / "labelmap.txt").write_text(labelmap)
    return folder


def test_the_example_is_read() -> None:
    words = vocabulary()
    (one,) = load("voc", DATA / "segmentation_mask_1.1", words)
    assert one.name == "a.png"
    assert one.image == DATA / "segmentation_mask_1.1" / "JPEGImages" / "a.png"
    assert np.array_equal(one.read(), example())
    assert words.report.findings == []


def test_what_is_written_is_pascals_layout(tmp_path: Path) -> None:
    label_map = example()
    label_map[0, 0] = 255
    save("voc", tmp_path, [outgoing(label_map, "steel 1.5")], NAMES, pictures=True,
         colours=["#000000", "#ffffff", "#ff0000"])  # fmt: skip
    written = Image.open(tmp_path / "SegmentationClass" / "steel 1.5.png")
    assert written.mode == "P"
    numbers = np.asarray(written)
    assert np.array_equal(numbers, np.where(label_map == 255, 255, label_map + 1))
    lines = (tmp_path / "labelmap.txt").read_text().splitlines()
    assert lines == [
        "# label:color_rgb:parts:actions", "background:0,0,0::", "Alpha:0,0,1::",
        "TiB2:0,0,2::", "TiN:255,0,0::", "void:255,255,255::",
    ]  # fmt: skip
    palette = np.array(written.getpalette()).reshape(-1, 3)
    assert palette[[0, 1, 2, 3, 255]].tolist() == [
        [0, 0, 0], [0, 0, 1], [0, 0, 2], [255, 0, 0], [255] * 3,
    ]  # fmt: skip
    assert (tmp_path / "ImageSets/Segmentation/trainval.txt").read_text() == "steel 1.5\n"
    assert (tmp_path / "JPEGImages" / "steel 1.5.png").is_file()


@pytest.mark.parametrize("form", ["numbers", "palette", "own palette", "colours", "transparent"])
def test_masks_of_every_form(tmp_path: Path, form: str) -> None:
    numbers = example() + np.uint8(1)
    numbers[5, 5] = 0
    mask = Image.fromarray(numbers)
    if form == "palette":
        mask.putpalette(COLOURS.tobytes())
    elif form == "own palette":  # in another order than the lines, as programs that optimise do
        order = np.array([3, 1, 0, 2], np.uint8)
        mask = Image.fromarray(order[numbers])
        mask.putpalette(COLOURS[np.argsort(order)].tobytes())
    elif form == "colours":
        mask = Image.fromarray(COLOURS[numbers])
    elif form == "transparent":
        alpha = np.where(numbers == 0, 0, 255).astype(np.uint8)
        mask = Image.fromarray(np.dstack([COLOURS[np.maximum(numbers, 1)], alpha]))
    wanted = example()
    wanted[5, 5] = 255
    words = vocabulary()
    assert np.array_equal(read_one("voc", voc(tmp_path / "v", mask), words), wanted)
    assert words.report.findings == []


def test_ignore_is_void_whatever_its_colour(tmp_path: Path) -> None:
    numbers = example() + np.uint8(1)
    numbers[7, :9] = 255
    mask = Image.fromarray(numbers)
    palette = np.zeros((256, 3), np.uint8)
    palette[:4], palette[255] = COLOURS, (224, 224, 192)
    mask.putpalette(palette.tobytes())
    label_map = read_one("voc", voc(tmp_path / "v", mask), vocabulary())
    assert np.count_nonzero(label_map == 255) == 9
    assert (label_map[7, :9] == 255).all()


def test_a_phase_may_be_called_background(tmp_path: Path) -> None:
    names = ["Background", "TiB2", "TiN"]
    save("voc", tmp_path, [outgoing(example())], names)
    assert (tmp_path / "labelmap.txt").read_text().splitlines()[1] == "ignored:0,0,0::"
    assert np.array_equal(read_one("voc", tmp_path, vocabulary(names)), example())


def test_without_a_labelmap_numbers_begin_behind_the_background(tmp_path: Path) -> None:
    words = vocabulary()
    path = voc(tmp_path / "v", Image.fromarray(example() + np.uint8(1)), None)
    assert np.array_equal(read_one("voc", path, words), example())
    (finding,) = words.report.findings
    assert finding.kind == "assumed"
    assert "0 = background, 1 = Alpha, 2 = TiB2, 3 = TiN" in finding.message


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    path = voc(tmp_path / "v", Image.fromarray(example() + np.uint8(1)))
    (path / "ImageSets/Segmentation").mkdir(parents=True)
    (path / "ImageSets/Segmentation/train.txt").write_text("a\nsteel 2\n")
    (path / "JPEGImages").mkdir()
    Image.fromarray(example()).save(path / "JPEGImages" / "b.jpg")
    (path / "Annotations").mkdir()
    (path / "Annotations" / "a.xml").write_text("<annotation/>")
    words = vocabulary()
    load("voc", path, words)
    assert [(f.kind, f.where) for f in words.report.findings] == [
        ("no label map", "steel 2"), ("no label map", "b"), ("left out", "Annotations"),
    ]  # fmt: skip


def test_labels_that_are_no_phase_are_counted(tmp_path: Path) -> None:
    words = vocabulary(["Alpha", "Rust"])
    path = voc(tmp_path / "v", Image.fromarray(example() + np.uint8(1)))
    read_one("voc", path, words)
    assert [(f.kind, f.count, f.at) for f in words.report.findings] == [
        ("unknown", 96 * 64 - 400, (0, 64)), ("unknown", 400, (20, 70)),
    ]  # fmt: skip
    assert kinds(words) == ["unknown"]


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text(LABELMAP)
    with pytest.raises(PremaskError, match="no folder SegmentationClass"):
        load("voc", tmp_path, vocabulary())
