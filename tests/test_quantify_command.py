"""``premask quantify`` as a user runs it: folders, projects, scales, specimens, files, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from conftest import ROOT
from helpers import answer, premask, refusal, write_images
from premask.core.errors import PremaskError
from premask.io.instances import read_instances
from premask.io.label_maps import encode_label_map, read_colours
from premask.quantify.border import BORDER_RULES
from premask.quantify.field import Settings, measure_field
from premask.quantify.pooled import SHAPE_PX
from premask.workflow.label_folders import read_column
from premask.workflow.quantify.files import fraction_rows, interface_rows, particle_rows
from premask.workflow.quantify.measure import Quantified, find_sources, quantify
from premask.workflow.quantify.pictures import Pictures, counted_map, palette
from premask.workflow.quantify.plots import bin_edges
from premask.workflow.quantify.report import render_quantified
from premask.workflow.quantify.tables import images_table, interfaces_table, specimen_tables
from premask.workflow.tables import render

COLOURS = ["#111111", "#dd2200", "#0044ff"]


def squares(*corners: tuple[int, int], side: int = 10) -> np.ndarray:
    """Squares of phase 1 at (row, column) in 60 x 80 px of phase 0."""
    labels = np.zeros((60, 80), np.uint8)
    for row, column in corners:
        labels[row : row + side, column : column + side] = 1
    return labels


MAPS = {
    "a": squares((10, 10)),
    "b": squares((10, 10), (30, 40)),
    "c": squares((10, 10), (30, 40), (50, 70)),  # the third one at the border
}


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "masks"
    folder.mkdir()
    for name, labels in MAPS.items():
        (folder / f"{name}.png").write_bytes(encode_label_map(labels, COLOURS[:2]))
    return folder


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def measured(masks: Path, settings: Settings | None = None, **given: object) -> Quantified:
    return quantify(find_sources(masks, **given), settings or Settings())


def test_a_folder_alone_is_one_specimen_in_px(masks):
    found = answer("quantify", masks)
    assert (found["unit"], found["phases"]) == ("px", ["0", "1"])
    (specimen,) = found["specimens"]
    assert (specimen["name"], specimen["fields"]) == ("masks", 3)
    phase = specimen["phases"]["1"]
    shares = np.array([100, 200, 300]) / 4800
    assert phase["fraction"]["mean"] == pytest.approx(shares.mean())
    assert phase["fraction"]["ci95"] == pytest.approx(4.302653 * shares.std(ddof=1) / 3**0.5)
    assert phase["fraction"]["pooled"] == pytest.approx(600 / 14400)
    assert (phase["number"], phase["border"], phase["counted"]) == (6, 1, 5)
    assert phase["area"]["mean"] == 100
    assert phase["feret_max"]["mean"] == pytest.approx(200**0.5)
    assert phase["feret_min"]["p50"] == 10
    assert phase["contacts"] == {"0": 1, "1": 0}
    assert [one["name"] for one in found["images"]] == ["a.png", "b.png", "c.png"]
    image = found["images"][1]["phases"]["1"]
    assert image["fraction"]["mean"] == pytest.approx(200 / 4800)
    assert image["fraction"]["n"] == 9, "its own interval is over 3 x 3 parts"
    assert image["nearest_neighbour"]["mean"] == pytest.approx(np.hypot(20, 30))
    assert found["files"] == []


def test_people_get_tables_with_units_and_the_rule_for_the_border(masks):
    plain = premask("quantify", masks, "--classes", "Fe,TiB2")
    assert plain.returncode == 0, plain.stderr
    for words in ("Feret max px", "per Mpx", "TiB2", "no scale is known", "whole particles only",
                  "fields of one specimen", "RA %"):  # fmt: skip
        assert words in plain.stdout
    scaled = premask("quantify", masks, "--um-per-px", "0.5")
    assert "Feret max µm" in scaled.stdout
    assert "7.07" in scaled.stdout, "half of the diagonal of 10 px"
    assert "px" not in scaled.stdout.replace("20 px and more", "").replace("pixels", "")


def test_the_scale_scales(masks):
    px, um = measured(masks), measured(masks, um_per_px=0.5)
    for a, b in zip(px.specimens[0].numbers, um.specimens[0].numbers, strict=True):
        assert b.fraction == a.fraction
        assert b.sizes["feret_max"].mean == pytest.approx(
            a.sizes["feret_max"].mean / 2, nan_ok=True
        )
        assert b.number_per_area.mean == pytest.approx(4 * a.number_per_area.mean)


def test_every_file_is_written_and_says_the_same(masks, tmp_path):
    out = tmp_path / "new" / "out"
    found = answer("quantify", masks, "--um-per-px", 0.5, "--out", out, "--border", "weighted")
    assert found["files"] == [
        "fractions.csv", "interfaces.csv", "particles.csv", "summary.json", "report.html",
    ]  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == sorted(found.pop("files"))
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == found
    with (out / "particles.csv").open(encoding="utf-8", newline="") as file:
        particles = list(csv.DictReader(file))
    own = [row for row in particles if row["phase"] == "1"]
    assert len(own) == found["specimens"][0]["phases"]["1"]["number"] == 6
    assert {float(row["area_um2"]) for row in own} == {25.0}
    assert [row["at_edge"] for row in own] == ["0", "0", "0", "0", "0", "1"]
    weight = 60 * 80 / (69 * 49)
    assert [float(row["weight"]) for row in own] == pytest.approx([weight] * 5 + [0], rel=1e-6)
    assert float(own[0]["x_um"]) == 7.5
    assert own[0]["nearest_neighbour_um"] == "", "alone in its image"
    with (out / "fractions.csv").open(encoding="utf-8", newline="") as file:
        fractions = list(csv.DictReader(file))
    assert [(row["specimen"], row["image"], row["phase"]) for row in fractions[:3]] == [
        ("masks", "", "0"), ("masks", "", "1"), ("masks", "a.png", "0"),
    ]  # fmt: skip
    assert [(row["fields"], row["parts"]) for row in fractions[1:3]] == [("3", ""), ("1", "9")]
    phase = found["specimens"][0]["phases"]["1"]
    assert float(fractions[1]["area_fraction"]) == pytest.approx(phase["fraction"]["mean"])
    # 5, 5, and 295 px on 25 intercepts where the third square is cut: half an intercept a line
    assert float(fractions[1]["mean_intercept_um"]) == pytest.approx((5 + 5 + 295 / 25 / 2) / 3)
    # again, into the folder that is there now, byte for byte
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    answer("quantify", masks, "--um-per-px", 0.5, "--out", out, "--border", "weighted")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.fixture
def grains(masks: Path) -> Path:
    """The squares of phase 1 in two grains each, left and right; the rest in grains of 20 px."""
    folder = masks.parent / "grains"
    folder.mkdir()
    rows, columns = np.mgrid[:60, :80]
    for name, labels in MAPS.items():
        numbers = 1 + rows // 20 * 4 + columns // 20
        own = labels == 1
        numbers[own] = 1000 * (1 + rows[own] // 20) + columns[own] // 5
        cv2.imwrite(str(folder / f"{name}.png"), numbers.astype(np.uint16))
    return folder


def test_instance_maps_give_the_contiguity(masks, grains, tmp_path):
    out = tmp_path / "out"
    found = answer("quantify", masks, "--um-per-px", 0.5, "--instances", grains, "--out", out)
    phase = found["images"][0]["phases"]["1"]
    # 10 rows with a boundary between the halves; 20 + 20 crossings into phase 0
    assert phase["contiguity"]["mean"] == phase["contiguity"]["pooled"] == 20 / (20 + 40)
    length = (60 * 79 + 59 * 80) * 0.5
    assert phase["interfaces"]["1"]["mean"] == pytest.approx(2 * 10 / length)
    assert phase["interfaces"]["0"]["mean"] == pytest.approx(2 * 40 / length)
    # a third square at the border has 29 crossings out and 20 lines with its own two halves
    specimen = found["specimens"][0]["phases"]["1"]
    assert specimen["contiguity"]["n"] == 3
    assert specimen["contiguity"]["pooled"] == pytest.approx(
        2 * (10 + 20 + 30) / (2 * (10 + 20 + 30) + 40 + 80 + 80 + 20)
    )
    with (out / "fractions.csv").open(encoding="utf-8", newline="") as file:
        row = list(csv.DictReader(file))[1]
    assert float(row["contiguity"]) == pytest.approx(specimen["contiguity"]["mean"])
    with (out / "interfaces.csv").open(encoding="utf-8", newline="") as file:
        rows = {(r["image"], r["phase"], r["other"]): r for r in csv.DictReader(file)}
    assert float(rows["a.png", "1", "0"]["surface_per_volume_1_per_um"]) == pytest.approx(
        phase["interfaces"]["0"]["mean"]
    )
    assert rows["a.png", "1", "0"]["share_of_interfaces"] == "1"
    assert rows["a.png", "1", "1"]["share_of_interfaces"] == ""
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Interfaces of the phases" in page
    assert "Contiguity" in page
    assert "in no grain" not in page


def test_without_instance_maps_the_contiguity_is_not_told_and_said_why(masks):
    found = measured(masks)
    phase = found.to_dict()["images"][0]["phases"]["1"]
    assert phase["contiguity"] == {
        "n": 0, "mean": None, "std": None, "ci95": None, "relative_accuracy": None, "pooled": None,
    }  # fmt: skip
    assert list(phase["interfaces"]) == ["0"]
    assert "--instances gives them" in premask("quantify", masks).stdout
    header = interfaces_table(found).header
    assert "Contiguity" not in header
    assert "with 0 1/px" in header


def test_pixels_in_no_grain_are_told(masks, grains):
    for name in MAPS:
        numbers = cv2.imread(str(grains / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        numbers[::20] = 0
        cv2.imwrite(str(grains / f"{name}.png"), numbers)
    (note,) = [n for n in measured(masks, instances=grains).notes if "in no grain" in n]
    assert "5.0 % of the labelled pixels" in note


def test_instance_maps_that_do_not_fit_are_told(masks, grains):
    cv2.imwrite(str(grains / "b.png"), np.ones((60, 81), np.uint16))
    assert "b.png: the map of its grains has 81 x 60 px, the label map 80 x 60" in refusal(
        "quantify", masks, "--instances", grains
    )
    cv2.imwrite(str(grains / "b.png"), np.ones((60, 80, 3), np.uint8) * [[[1, 2, 3]]])
    assert "several channels" in refusal("quantify", masks, "--instances", grains)
    (grains / "b.png").unlink()
    told = refusal("quantify", masks, "--instances", grains)
    assert "no instance map of 1 of 3 label maps (b.png)" in told
    assert "folder of the instance maps" in refusal("quantify", masks, "--instances", masks / "no")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int32, np.float32])
def test_grains_are_numbered_in_any_depth(tmp_path, kind):
    numbers = np.array([[0, 1], [7, 200]], kind)
    tifffile.imwrite(tmp_path / "a.tif", numbers)
    assert read_instances(tmp_path / "a.tif").tolist() == [[0, 1], [7, 200]]


def test_what_are_no_numbers_of_grains_is_told(tmp_path):
    for value in (-1.0, 0.5, np.nan, 3e9):
        tifffile.imwrite(tmp_path / "a.tif", np.array([[0, value]], np.float32))
        with pytest.raises(PremaskError, match=r"^a.tif: .* numbers of grains"):
            read_instances(tmp_path / "a.tif")


def test_specimens_and_scales_come_from_csvs(masks, tmp_path):
    specimens = text(tmp_path / "s.csv", "stem,specimen\nb.png,heat 2\na,heat 1\nz,heat 2\n")
    scales = text(tmp_path / "um.csv", "a;0,5\nb;0,5\nc;0,25\n")
    found = measured(masks, specimens=specimens, scales=scales)
    assert found.unit == "µm"
    assert [(one.name, one.fields) for one in found.specimens] == [("heat 1", 1), ("heat 2", 1)]
    assert [image.specimen for image in found.images] == ["heat 1", "heat 2", None]
    assert [image.field.um_per_px for image in found.images] == [0.5, 0.5, 0.25]
    assert found.unmatched == (
        "1 not in the CSV of specimens, counted in no specimen: c.png",
        "1 in the CSV of specimens, but not there: z",
    )
    assert not any("one specimen" in note for note in found.notes)
    assert found.images[2].numbers[1].sizes["feret_min"].mean == 2.5
    # the scale of the CSV stands above that of the command line
    mixed = measured(masks, um_per_px=1.0, scales=text(tmp_path / "one.csv", "a,0.5\n"))
    assert [image.field.um_per_px for image in mixed.images] == [0.5, 1.0, 1.0]


def test_lengths_are_in_px_where_one_image_has_no_scale(masks, tmp_path):
    found = measured(masks, scales=text(tmp_path / "um.csv", "a,0.5\nb,0.5\n"))
    assert found.unit == "px"
    assert all(image.field.um_per_px is None for image in found.images)
    assert any("1 of 3 images have no scale (c.png)" in note for note in found.notes)


def test_specimens_that_have_no_scale_are_named(masks, tmp_path):
    specimens = text(tmp_path / "of.csv", "a,I\nb,II\nc,II\n")
    one = measured(masks, specimens=specimens, scales=text(tmp_path / "one.csv", "a,0.5\n"))
    assert any("2 of 3 images have no scale (all of II);" in note for note in one.notes)
    two = measured(masks, specimens=specimens, scales=text(tmp_path / "two.csv", "b,0.5\n"))
    assert any("2 of 3 images have no scale (all of I, c.png);" in note for note in two.notes)


def test_a_single_file_is_a_field_without_an_interval_over_fields(masks):
    found = measured(masks / "b.png")
    assert [one.name for one in found.specimens] == ["b"]
    fraction = found.specimens[0].numbers[1].fraction
    assert (fraction.n, fraction.mean) == (1, 200 / 4800)
    assert np.isnan(fraction.ci95)
    page = render_quantified(found, Pictures(("#111111", "#dd2200")))
    assert "one field has no interval over fields" in page


def test_void_is_left_out_and_wholly_void_images_are_told(masks):
    labels = MAPS["a"].copy()
    labels[:, 40:] = 255
    (masks / "d.png").write_bytes(encode_label_map(labels, COLOURS[:2]))
    (masks / "e.png").write_bytes(encode_label_map(np.full((5, 5), 255, np.uint8), COLOURS[:2]))
    (masks / "notes.txt").write_text("x")
    found = measured(masks)
    assert found.images[3].numbers[1].pooled == pytest.approx(100 / 2400)
    assert found.images[3].field.void == 2400
    assert found.specimens[0].fields == 4
    assert found.unmatched == ("1 not a PNG: notes.txt", "1 wholly void, counted nowhere: e.png")
    answer_ = found.to_dict()
    assert json.loads(json.dumps(answer_, allow_nan=False)) == answer_


def test_a_binary_mask_of_0_and_255_is_asked_about(tmp_path):
    cv2.imwrite(str(tmp_path / "m.png"), MAPS["a"] * 255)
    assert any("Where 255 means a phase" in note for note in measured(tmp_path).notes)


def test_colours_come_from_the_files_where_they_tell_the_phases_apart(masks, tmp_path):
    assert find_sources(masks).phases == (("0", "#111111"), ("1", "#dd2200"))
    assert read_colours(masks / "a.png")[:2] == COLOURS[:2]
    cv2.imwrite(str(tmp_path / "grey.png"), MAPS["a"])
    assert read_colours(tmp_path / "grey.png") == []
    assert find_sources(tmp_path / "grey.png").phases == (("0", "#0072b2"), ("1", "#e69f00"))


def test_a_project_has_its_phases_scales_and_types(tmp_path):
    images = write_images(tmp_path / "images", 3)
    project = tmp_path / "steel"
    assert premask("init", project, "--classes", "Fe,TiB2").returncode == 0
    for path, kind in zip(images, ("I", "II", "II"), strict=True):
        done = premask("add", project, path, "--um-per-px", "0.5", "--crop-bottom", "0")
        assert done.returncode == 0, done.stderr
        assert premask("set", project, "--image", path.name, "--type", kind).returncode == 0
    assert "no image of" in refusal("quantify", project)
    truth = tmp_path / "truth"
    truth.mkdir()
    for name in ("a", "b"):
        labels = np.zeros((96, 128), np.uint8)
        labels[20:30, 20:40] = 1
        (truth / f"{name}.png").write_bytes(encode_label_map(labels, COLOURS[:2]))
    assert premask("import", project, "--format", "png", truth).returncode == 0
    out = tmp_path / "out"
    done = premask("quantify", project, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(one["name"], one["fields"]) for one in found["specimens"]] == [("I", 1), ("II", 1)]
    assert (found["unit"], found["phases"]) == ("µm", ["Fe", "TiB2"])
    assert found["images"][0]["phases"]["TiB2"]["feret_min"]["mean"] == 5
    assert "premask: 1 without a label map: c.png" in done.stderr
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 4, "each micrograph, and once more under its particles"
    assert "has its own phases" in refusal("quantify", project, "--classes", "A,B")


def test_a_type_without_a_scale_is_named(tmp_path):
    images, project = write_images(tmp_path / "images", 2), tmp_path / "steel"
    assert premask("init", project, "--classes", "Fe,TiB2").returncode == 0
    for path, *more in (
        (images[0], "--um-per-px", "0.5", "--type", "I"),
        (images[1], "--type", "II"),
    ):
        assert premask("add", project, path, "--crop-bottom", "0", *more).returncode == 0
    truth = tmp_path / "truth"
    truth.mkdir()
    for path in images:
        labels = np.eye(128, dtype=np.uint8)[:96]
        (truth / path.name).write_bytes(encode_label_map(labels, COLOURS[:2]))
    assert premask("import", project, "--format", "png", truth).returncode == 0
    found = answer("quantify", project)
    assert found["unit"] == "px"
    assert any("1 of 2 images have no scale (all of II)" in note for note in found["notes"])


def test_small_shares_are_not_printed_as_nothing(tmp_path):
    labels = np.zeros((500, 500), np.uint8)
    labels[7, 7] = 1
    cv2.imwrite(str(tmp_path / "m.png"), labels)
    done = premask("quantify", tmp_path / "m.png")
    (row,) = [line.split() for line in done.stdout.splitlines() if line.split()[:2] == ["m", "1"]][
        :1
    ]
    assert row[3] == "0.0004"


def test_the_command_line_measures_what_python_measures(masks):
    found = answer("quantify", masks, "--min-px", 2, "--connectivity", 4, "--parts", 2)
    settings = Settings(connectivity=4, min_px=2, parts=2)
    assert found["settings"] == settings.to_dict()
    field, _ = measure_field(MAPS["c"], 2, settings=settings)
    assert found["images"][2]["phases"]["1"]["fraction"]["n"] == len(field.parts) == 4


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\n", "is not stem,specimen"),
        ("a,x\na,y\n", "give each image one specimen"),
        ("z,x\n", "names no label map of masks"),
    ],
)
def test_wrong_csvs_are_told(masks, tmp_path, content, told):
    with pytest.raises(PremaskError, match=told):
        find_sources(masks, specimens=text(tmp_path / "s.csv", content))


@pytest.mark.parametrize("scale", ["x", "0", "-1", "nan", "inf"])
def test_wrong_scales_are_told(masks, tmp_path, scale):
    with pytest.raises(PremaskError, match="the scale"):
        find_sources(masks, scales=text(tmp_path / "um.csv", f"a,{scale}\n"))


def test_an_unreadable_csv_is_told(tmp_path):
    with pytest.raises(PremaskError, match=r"the scales .* cannot be read"):
        read_column(tmp_path / "none.csv", "scale", "a,1")


def test_a_refusal_is_one_line(masks):
    assert "the scale is 0" in refusal("quantify", masks, "--um-per-px", 0)
    assert "a.png is a file, where a folder is needed" in refusal(
        "quantify", masks, "--out", masks / "a.png"
    )
    assert premask("quantify", masks, "--border", "frame").returncode == 2


def test_what_is_no_label_map_is_told(tmp_path):
    with pytest.raises(PremaskError, match="has no PNG"):
        find_sources(tmp_path)
    with pytest.raises(PremaskError, match="none is not there; give a folder of index PNGs"):
        find_sources(tmp_path / "none")
    cv2.imwrite(str(tmp_path / "v.png"), np.full((9, 9), 255, np.uint8))
    with pytest.raises(PremaskError, match=f"every pixel of {tmp_path.name} is void"):
        measured(tmp_path)
    cv2.imwrite(str(tmp_path / "v.png"), np.full((9, 9), 200, np.uint8))
    with pytest.raises(PremaskError, match="holds the value 200"):
        find_sources(tmp_path)
    with pytest.raises(PremaskError, match=r"^v.png: the label map has the value 200"):
        measured(tmp_path, classes="A,B")
    with pytest.raises(PremaskError, match="folder of the micrographs"):
        find_sources(tmp_path, classes="A,B", images=tmp_path / "none")


def test_rows_of_the_csvs_have_one_cell_for_each_heading(masks):
    found = measured(masks)
    for made in (fraction_rows, interface_rows, particle_rows):
        rows = list(made(found))
        assert len(set(rows[0])) == len(rows[0])
        assert {len(row) for row in rows} == {len(rows[0])}


def test_tables_lose_no_column_in_any_form(masks):
    found = measured(masks)
    for table in (*specimen_tables(found), images_table(found)):
        assert len(set(table.header)) == len(table.header)
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len(json.loads(render(table, "json"))["tables"][0]["rows"]) == len(table.rows)


def test_a_picture_tells_what_counts_from_what_does_not():
    labels = np.zeros((12, 12), np.uint8)
    labels[2:5, 2:5] = 1
    labels[0:3, 9:] = 1
    labels[9:, 9:] = 255
    field, index = measure_field(labels, 2)
    made = counted_map(labels, index, field.weights > 0, 2, 100)
    assert made[3, 3] == 1, "counted, in full colour"
    assert made[0, 11] == 3, "at the border: pale"
    assert made[11, 0] == 2, "so is the matrix"
    assert made[10, 10] == 255
    assert made[1, 2] == made[5, 4] == made[2, 1] == 4, "a line around it"
    assert made[1, 1] == 2, "not at its corners"
    colours = palette(["#000000", "#ff0000"])
    assert colours[:2] == ["#000000", "#ff0000"]
    assert colours[3] == "#ffadad"
    assert counted_map(np.zeros((100, 50), np.uint8), np.zeros((100, 50), np.int32),
                       np.array([True]), 1, 20).shape == (20, 10)  # fmt: skip


def test_a_micrograph_of_another_size_is_not_shown(masks, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name, shape in (("a", (70, 80)), ("b", (60, 81)), ("c", (59, 80))):
        cv2.imwrite(str(images / f"{name}.png"), np.zeros(shape, np.uint8))
    pictures = Pictures(("#111111", "#dd2200"))
    found = quantify(find_sources(masks, images=images), seen=pictures.add)
    assert [row[0].caption for row in pictures.rows] == ["a.png"], "cut at the bottom"
    assert pictures.misfits == ["b.png", "c.png"]
    assert "which has another size: b.png, c.png." in render_quantified(found, pictures)


def test_bins_hold_every_value():
    rng = np.random.default_rng(0)
    for logarithmic in (False, True):
        for values in (rng.lognormal(0, 1, 300), np.array([2.0, 2.0]), np.array([0.1, 0.3])):
            edges = bin_edges(values, logarithmic=logarithmic)
            assert np.all(np.diff(edges) > 0)
            assert np.histogram(values, edges)[0].sum() == len(values)


def test_names_of_any_kind_are_shown_as_they_are(masks):
    found = measured(masks, classes="<b>$x$y & 铁,α$")
    page = render_quantified(found, Pictures(("#111111", "#dd2200")))
    assert "&lt;b&gt;$x$y &amp; 铁" in page
    assert "<b>" not in page


def test_the_pages_explain_every_rule_and_every_key(masks):
    explained, howto, formats = (
        (ROOT / "docs" / page).read_text(encoding="utf-8")
        for page in ("explanation/quantify.md", "howto/quantify.md", "reference/formats.md")
    )
    for rule in BORDER_RULES:
        assert f"- `{rule}`: " in explained
        assert f"| `{rule}`" in howto
    assert f"**{SHAPE_PX} px and more**" in explained
    parts = Settings().parts
    assert f"over {parts} × {parts} equal parts" in explained
    answered = measured(masks).to_dict()
    phase = answered["images"][0]["phases"]["1"]
    for key in (*answered, *answered["images"][0], *phase, *phase["nearest_neighbour"]):
        assert f"`{key}`" in formats or f'"{key}"' in formats, key
