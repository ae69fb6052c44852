"""ImageJ's labels and ROIs, and OME-TIFF, with tifffile's and roifile's own readers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import roifile
import tifffile
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw

from exchange_files import DATA, example, kinds, load, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError
from premask.interchange.outlines import filled, outlines

NAMES = ["Alpha", 'Größe "1"', "A <&> B"]


def with_void() -> np.ndarray:
    label_map = example()
    label_map[40:60, :30] = 255
    return label_map


@pytest.mark.parametrize(
    ("format_", "file"), [("imagej", "lab_ij.tif"), ("ome-tiff", "lab.ome.tif")]
)
def test_the_example_is_read(format_: str, file: str) -> None:
    """It names no phases: its numbers are taken for the project's, and that is said."""
    words = vocabulary()
    (one,) = load(format_, DATA / file, words)
    assert one.name == {"imagej": "lab_ij.tif", "ome-tiff": "lab.tif"}[format_]
    assert np.array_equal(one.read(), example())
    assert kinds(words) == ["assumed"]
    assert "0 = Alpha, 1 = TiB2, 2 = TiN" in words.report.findings[0].message


def test_its_numbers_can_be_given_other_meanings() -> None:
    words = vocabulary(renames={"0": "void", "1": "Alpha", "2": "TiB2"})
    label_map = read_one("imagej", DATA / "lab_ij.tif", words)
    assert np.array_equal(label_map, example() - np.uint8(1))  # 0 becomes 255
    assert words.report.findings == []


def test_tifffile_reads_labels_of_imagej(tmp_path: Path) -> None:
    save("imagej", tmp_path, [outgoing(with_void(), um_per_px=0.25)], NAMES)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        page = tiff.pages.first
        assert tiff.is_imagej
        assert np.array_equal(page.asarray(), with_void() + np.uint8(1))  # void is 0
        assert tiff.imagej_metadata["unit"] == "um"
        assert tiff.imagej_metadata["Info"].splitlines() == [
            "premask labels", "0 = void", "1 = Alpha", '2 = Größe "1"', "3 = A <&> B",
        ]  # fmt: skip
        numerator, denominator = page.tags["XResolution"].value
        assert numerator / denominator == pytest.approx(4)
        assert page.photometric.name == "PALETTE"
        assert page.colormap[:, 0].tolist() == [0, 0, 0]
        assert page.colormap[:, 1].tolist() == [0, 0x72 * 257, 0xB2 * 257]  # Okabe and Ito's blue


def test_tifffile_reads_ome(tmp_path: Path) -> None:
    save("ome-tiff", tmp_path, [outgoing(with_void(), 'a "1" <µ>', um_per_px=0.1625)], NAMES)
    with tifffile.TiffFile(tmp_path / 'a "1" <µ>.ome.tif') as tiff:
        assert tiff.is_ome
        assert tiff.series[0].axes == "YX"
        assert np.array_equal(tiff.series[0].asarray(), with_void() + np.uint8(1))
        found = tifffile.xml2dict(tiff.ome_metadata)["OME"]
    pixels = found["Image"]["Pixels"]
    assert found["Image"]["Name"] == 'a "1" <µ>'
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == (0.1625, "µm")
    pairs = found["StructuredAnnotations"]["MapAnnotation"]["Value"]["M"]
    assert {pair["K"]: pair["value"] for pair in pairs} == {
        0: "void", 1: "Alpha", 2: 'Größe "1"', 3: "A <&> B",
    }  # fmt: skip


@pytest.mark.parametrize("format_", ["imagej", "ome-tiff"])
def test_no_scale_is_no_scale(tmp_path: Path, format_: str) -> None:
    save(format_, tmp_path, [outgoing(example())], NAMES)
    (file,) = tmp_path.glob("*.tif")
    with tifffile.TiffFile(file) as tiff:
        assert "unit" not in tiff.pages.first.description
        assert "PhysicalSize" not in tiff.pages.first.description


def by_pillow(roi: roifile.ImagejRoi, shape: tuple[int, int]) -> np.ndarray:
    """A composite selection drawn by Pillow at eight times the size: pixels' middles decide."""
    inside = np.zeros(shape, bool)
    for polygon in roi.coordinates(multi=True):
        big = Image.new("1", (shape[1] * 8, shape[0] * 8))
        ImageDraw.Draw(big).polygon([(8 * x, 8 * y) for x, y in polygon], fill=1)
        inside ^= np.asarray(big)[4::8, 4::8]
    return inside


def test_roifile_reads_the_selections(tmp_path: Path) -> None:
    """Holes are part of them: the square of TiN is one in TiB2."""
    findings = save("imagej", tmp_path, [outgoing(with_void())], NAMES)
    assert findings == []  # nothing is lost
    rois = roifile.roiread(tmp_path / "rois" / "a.zip")
    assert [roi.name for roi in rois] == NAMES
    assert [roi.group for roi in rois] == [1, 2, 3]
    for index, roi in enumerate(rois):
        assert roi.composite
        assert np.array_equal(by_pillow(roi, (96, 128)), with_void() == index)
    hole = rois[1].coordinates(multi=True)
    assert sorted(len(polygon) for polygon in hole) == [5, 5]
    box = rois[2]
    assert (box.top, box.left, box.bottom, box.right) == (20, 70, 40, 90)
    assert box.stroke_color == bytes([255, 0x00, 0x9E, 0x73])


def test_names_that_no_file_can_have_are_replaced(tmp_path: Path) -> None:
    save("imagej", tmp_path, [outgoing(example())], ["a/b", "a:b", "a\\b"])
    rois = roifile.roiread(tmp_path / "rois" / "a.zip")
    assert [roi.name for roi in rois] == ["a/b", "a:b", "a\\b"]


def test_a_loss_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ROI whose path loses its last polygon is found to be off by its pixels."""
    from premask.interchange import imagej_rois

    monkeypatch.setattr(imagej_rois, "outlines", lambda mask: outlines(mask)[:1])
    findings = save("imagej", tmp_path, [outgoing(example())], ["Alpha", "TiB2", "TiN"])
    assert [(f.kind, f.where, f.count) for f in findings] == [("loss", "a", 400)]
    assert findings[0].message == "the selection of TiB2 is 400 px off"


SAID = r"and no labels TIFF; ROIs are not read, premask reads the labels TIFF: in ImageJ"


@pytest.mark.parametrize("place", ["a.roi", "rois/a.roi", "RoiSet.zip", "rois/a.zip"])
def test_rois_alone_are_told_what_to_do(tmp_path: Path, place: str) -> None:
    file = tmp_path / "in" / place
    file.parent.mkdir(parents=True)
    roi = roifile.ImagejRoi.frompoints(np.array([[1, 1], [5, 1], [5, 5]]), name="1")
    roifile.roiwrite(file, [roi])
    with pytest.raises(PremaskError, match=rf"^in: it has ROIs \({file.name}\) {SAID}"):
        load("imagej", tmp_path / "in", vocabulary())
    if file.suffix == ".roi":
        with pytest.raises(PremaskError, match=rf"^a\.roi: it has ROIs \(a\.roi\) {SAID}"):
            load("imagej", file, vocabulary())
    tifffile.imwrite(tmp_path / "in" / "a.tif", example())
    assert [one.name for one in load("imagej", tmp_path / "in", vocabulary())] == ["a.tif"]


def test_archives_without_rois_are_no_rois(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK, no more")
    np.savez(tmp_path / "b.npz", labels=example())
    (tmp_path / "b.npz").rename(tmp_path / "b.zip")
    assert load("imagej", tmp_path, vocabulary()) == []


def test_without_roifile_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "roifile", None)
    with pytest.raises(PremaskError, match=r"pip install 'premask\[exchange\]'"):
        save("imagej", tmp_path, [outgoing(example())], NAMES)


MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))


@settings(max_examples=200, deadline=None)
@given(mask=MASKS)
def test_outlines_give_the_mask_back(mask: np.ndarray) -> None:
    polygons = outlines(mask)
    assert np.array_equal(filled(polygons, mask.shape), mask)
    for polygon in polygons:
        steps = np.abs(np.roll(polygon, -1, axis=0) - polygon)
        assert (np.count_nonzero(steps, axis=1) == 1).all()  # straight, and never zero


@settings(max_examples=100, deadline=None)
@given(mask=MASKS)
def test_outlines_turn_right_round_the_mask(mask: np.ndarray) -> None:
    """Each pixel is enclosed once, clockwise: the non-zero rule gives the mask too."""
    winding = np.zeros((mask.shape[0], mask.shape[1] + 1), int)
    for polygon in outlines(mask):
        for (x, y), (_, y_next) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            winding[min(y, y_next) : max(y, y_next), x] += np.sign(y_next - y)
    assert np.array_equal(np.cumsum(winding, axis=1)[:, :-1], -mask.astype(int))


@settings(max_examples=100, deadline=None)
@given(mask=MASKS)
def test_the_area_of_outlines_is_the_masks(mask: np.ndarray) -> None:
    """The shoelace formula, an independent reference, with holes counted negative."""
    area = 0
    for polygon in outlines(mask):
        x, y = polygon[:, 0].astype(int), polygon[:, 1].astype(int)
        area += int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    assert area == 2 * np.count_nonzero(mask)


def test_values_beyond_a_byte_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((3, 4), 256, np.uint16), imagej=True)
    with pytest.raises(PremaskError, match=r"^a\.tif: values from 256 to 256"):
        read_one("imagej", tmp_path / "a.tif", vocabulary())
