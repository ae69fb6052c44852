"""CVAT's two formats: files of others, traps, times."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from masks import FILES, example_map
from premask.core.errors import PremaskError
from premask.core.exchange import Report, Target
from premask.core.phases import make_phases
from premask.interchange.cvat import load_cvat, save_cvat
from premask.interchange.cvat_time import MAX_FIELD, RULE, Job, working_times
from premask.interchange.cvat_xml import load_cvat_xml, save_cvat_xml
from premask.interchange.palette import voc_colour
from premask.interchange.vocabulary import Vocabulary
from premask.project.imports import timed_maps
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps
from travelling import label, project_of

PHASES = make_phases(["Alpha", "TiB2", "TiN"], ["#800080", "#ff0000", "#ffff00"])


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(PHASES)


# --- Segmentation mask 1.1 ---------------------------------------------------------------


def test_the_example_is_read_as_it_was_drawn(vocabulary):
    (one,) = load_cvat(FILES / "segmentation_mask_1.1", vocabulary)
    assert one.name == "a.png"
    assert one.image == FILES / "segmentation_mask_1.1" / "JPEGImages" / "a.png"
    np.testing.assert_array_equal(one.read(), example_map())
    assert not vocabulary.report.findings


def written(tmp_path: Path, label_map, phases=PHASES, **how) -> Path:
    project = project_of(tmp_path / "steel", {"a.png": label_map}, phases)
    label(project, tmp_path / "labels", [label_map])
    export_label_maps(project, how.pop("format_", "cvat"), tmp_path / "out", **how)
    return tmp_path / "out"


def test_a_small_map_is_written_as_cvat_wants_it(tmp_path):
    out = written(tmp_path, np.array([[0, 1, 255], [2, 2, 0]], np.uint8))
    assert (out / "labelmap.txt").read_text().splitlines() == [
        "# label:color_rgb:parts:actions",
        "background:0,0,0::",
        "Alpha:128,0,128::",
        "TiB2:255,0,0::",
        "TiN:255,255,0::",
    ]
    assert (out / "ImageSets/Segmentation/default.txt").read_text() == "a\n"
    classes = Image.open(out / "SegmentationClass/a.png")
    assert classes.mode == "RGB"
    assert np.array(classes).tolist() == [
        [[128, 0, 128], [255, 0, 0], [0, 0, 0]],
        [[255, 255, 0], [255, 255, 0], [128, 0, 128]],
    ]
    # one object a phase, in the colours of Pascal VOC, black where there is none
    assert np.array(Image.open(out / "SegmentationObject/a.png")).tolist() == [
        [[128, 0, 0], [0, 128, 0], [0, 0, 0]],
        [[128, 128, 0], [128, 128, 0], [128, 0, 0]],
    ]


def test_the_colours_of_voc_are_those_of_its_development_kit():
    colours = [voc_colour(number) for number in range(256)]
    assert colours[:5] == [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
    assert colours[20:22] == [(0, 64, 128), (128, 64, 128)]
    assert colours[255] == (224, 224, 192)
    assert len(set(colours)) == 256


def test_folders_before_the_name_are_kept_and_read(tmp_path):
    label_map = np.array([[0, 1, 2]], np.uint8)
    out = written(tmp_path, label_map, prefix="batch 1/", pictures=True)
    assert (out / "ImageSets/Segmentation/default.txt").read_text() == "batch 1/a\n"
    (one,) = load_cvat(out, Vocabulary(PHASES))
    assert one.image == out / "JPEGImages/batch 1/a.png"
    np.testing.assert_array_equal(one.read(), label_map)
    with pytest.raises(PremaskError, match="leads out"):
        written(tmp_path / "again", label_map, prefix="../")


def folder_of(tmp_path: Path, labels: str, pixels) -> Path:
    (tmp_path / "SegmentationClass").mkdir(exist_ok=True)
    (tmp_path / "labelmap.txt").write_text(labels)
    Image.fromarray(np.array(pixels, np.uint8)).save(tmp_path / "SegmentationClass" / "a.png")
    return tmp_path


def test_grey_values_are_the_lines_of_the_list(tmp_path, vocabulary):
    lines = "# a\nbackground:::\nTiN:1,2,3::\n\nAlpha:4,5,6\n"
    (one,) = load_cvat(folder_of(tmp_path, lines, [[0, 1, 2]]), vocabulary)
    assert one.read().tolist() == [[255, 2, 0]]
    (one,) = load_cvat(folder_of(tmp_path, lines, [[0, 1, 3]]), vocabulary)
    with pytest.raises(PremaskError, match=r"^a.png: the value 3 at row 0, column 2 has no line"):
        one.read()


def test_lists_without_any_colour_mean_the_colours_of_voc(tmp_path, vocabulary):
    lines = "background:::\nTiN:::\nAlpha:::\n"
    pixels = [[[0, 0, 0], [128, 0, 0], [0, 128, 0]]]
    (one,) = load_cvat(folder_of(tmp_path, lines, pixels), vocabulary)
    assert one.read().tolist() == [[255, 2, 0]]


def test_palettes_are_read_by_their_colours(tmp_path, vocabulary):
    folder = folder_of(tmp_path, "TiN:9,9,9::\nAlpha:8,8,8::\n", [[0]])
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8))
    picture.putpalette([8, 8, 8, 9, 9, 9])
    picture.save(folder / "SegmentationClass" / "a.png")
    (one,) = load_cvat(folder, vocabulary)
    assert one.read().tolist() == [[0, 2], [2, 0]]


def test_a_phase_may_be_called_background(tmp_path):
    folder = folder_of(tmp_path, "background:0,0,0::\nB:9,9,9::\n", [[[0, 0, 0], [9, 9, 9]]])
    (one,) = load_cvat(folder, Vocabulary(make_phases(["B", "Background"])))
    assert one.read().tolist() == [[1, 0]]


def test_colours_that_are_not_declared_are_refused_with_the_place(tmp_path, vocabulary):
    folder = folder_of(tmp_path, "TiN:9,9,9::\n", [[[9, 9, 9], [9, 9, 8]]])
    (one,) = load_cvat(folder, vocabulary)
    with pytest.raises(PremaskError, match=r"^a.png: the colour 9,9,8 at row 0, column 1 \(1 px"):
        one.read()


@pytest.mark.parametrize("line", ["TiN", "TiN:1,2,256::", "TiN:1,2,-3"])
def test_lines_without_a_colour_are_refused(tmp_path, vocabulary, line):
    folder = folder_of(tmp_path, f"Alpha:1,2,3::\n{line}\n", [[0]])
    with pytest.raises(PremaskError, match=r"^labelmap.txt: line 2 is"):
        list(load_cvat(folder, vocabulary))


@pytest.mark.parametrize("name", ["a:b", "#a"])
def test_names_that_the_list_cannot_hold_are_refused(tmp_path, name):
    target = Target(tmp_path, make_phases([name, "b"]))
    with pytest.raises(PremaskError, match="export as cvat-xml"):
        save_cvat([], target)


# --- CVAT for images 1.1 -----------------------------------------------------------------


def test_the_example_of_the_xml_is_read_as_it_was_drawn(vocabulary):
    (one,) = load_cvat_xml(FILES / "cvat_1.1.xml", vocabulary)
    assert (one.name, one.annotator, one.times) == ("a.png", "", ())
    np.testing.assert_array_equal(one.read(), example_map())
    assert not vocabulary.report.findings


def test_the_xml_of_the_example_map_has_the_masks_of_the_example(tmp_path):
    out = written(tmp_path, example_map(), format_="cvat-xml")
    text = (out / "annotations.xml").read_text()
    example = (FILES / "cvat_1.1.xml").read_text()
    for name in PHASES.names:
        line = next(line for line in text.splitlines() if f'<mask label="{name}"' in line)
        wanted = next(line for line in example.splitlines() if f'<mask label="{name}"' in line)
        assert attributes(line) - {"source"} == attributes(wanted) - {"source"}
    assert "<color>#800080</color>" in text


def attributes(line: str) -> set[str]:
    from xml.etree import ElementTree

    found = ElementTree.fromstring(line.strip().removesuffix("</mask>") + "</mask>").attrib
    return {f"{key}={value}" for key, value in found.items() if key != "source"}


def xml(tmp_path: Path, shapes: str, meta: str = "", size: str = 'width="6" height="4"') -> Path:
    path = tmp_path / "annotations.xml"
    path.write_text(
        f"<annotations><meta>{meta}</meta><image id='0' name='a.png' {size}>{shapes}</image>"
        "</annotations>"
    )
    return path


def read(tmp_path: Path, shapes: str, vocabulary: Vocabulary) -> np.ndarray:
    (one,) = load_cvat_xml(xml(tmp_path, shapes), vocabulary)
    return one.read()


def test_polygons_and_boxes_become_the_pixels_whose_centres_lie_inside(tmp_path, vocabulary):
    shapes = """
      <polygon label="TiB2" points="0.0,0.0;3.0,0.0;3.0,2.0;0.0,2.0"/>
      <box label="TiN" xtl="4.4" ytl="1.6" xbr="5.6" ybr="3.0"/>
    """
    assert read(tmp_path, shapes, vocabulary).tolist() == [
        [1, 1, 1, 255, 255, 255],
        [1, 1, 1, 255, 255, 255],
        [255, 255, 255, 255, 2, 2],
        [255, 255, 255, 255, 255, 255],
    ]
    turned = '<box label="TiN" xtl="1" ytl="1" xbr="5" ybr="3" rotation="90"/>'
    found = read(tmp_path, turned, vocabulary)
    assert found.tolist() == [[255, 255, 2, 2, 255, 255]] * 4


def test_z_order_and_then_the_order_in_the_file_decide(tmp_path, vocabulary):
    box = '<box label="{}" xtl="0" ytl="0" xbr="{}" ybr="1" z_order="{}"/>'
    shapes = box.format("Alpha", 1, 2) + box.format("TiB2", 2, 0) + box.format("TiN", 3, 0)
    assert read(tmp_path, shapes, vocabulary)[0].tolist() == [0, 2, 2, 255, 255, 255]
    (finding,) = vocabulary.report.findings
    assert (finding.kind, finding.count, finding.at) == ("overlap", 2, (0, 0))


def test_what_has_no_area_is_reported(tmp_path, vocabulary):
    shapes = """<tag label="bad"/><polyline label="TiN" points="0,0;1,1"/><tag label="worse"/>
      <box label="TiN" xtl="1" ytl="1" xbr="1.2" ybr="1.2"/>"""
    assert (read(tmp_path, shapes, vocabulary) == 255).all()
    lines = [finding.line for finding in vocabulary.report.findings]
    assert lines == [
        "annotations.xml: a.png: 2 of <tag>, which is no area",
        "annotations.xml: a.png: 1 of <polyline>, which is no area",
        "annotations.xml: a.png: 1 of 'TiN' cover no pixel of the image",
    ]


def test_an_unknown_label_of_several_shapes_is_one_finding(tmp_path, vocabulary):
    shapes = """<box label="pore" xtl="1" ytl="1" xbr="2" ybr="3"/>
      <box label="pore" xtl="3" ytl="0" xbr="4" ybr="1"/>"""
    read(tmp_path, shapes, vocabulary)
    (finding,) = vocabulary.report.findings
    assert (finding.kind, finding.count, finding.at) == ("unknown", 3, (1, 1))


MASK = '<mask label="TiN" rle="{}" left="{}" top="{}" width="{}" height="{}"/>'


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (MASK.format("0, 5", 0, 0, 2, 2), "run 2 of 2 is 5 px"),
        (MASK.format("0, 3", 0, 0, 2, 2), "end after pixel 3 of 4"),
        (MASK.format("0, x", 0, 0, 2, 2), "run 2 of 2 is ' x'"),
        (MASK.format("0, 4", 5, 0, 2, 2), "not within the image of 6x4 px"),
        (MASK.format("0, 4", 0, 0, 10**9, 10**9), "not within"),
        (MASK.format("0, 4", 0, 0, -1, 2), "not within"),
        (MASK.format("0, 4", 0, 0, "x", 2), "its width is 'x'"),
        ('<mask label="TiN"/>', "its left is None"),
        ('<mask rle="0, 4"/>', "it has no label"),
        ('<polygon label="TiN" points="0,0;1,1"/>', "4 coordinates"),
        ('<polygon label="TiN" points="0,0;1,1;x,2"/>', "its points is 'x'"),
        ('<box label="TiN" xtl="0" ytl="0" xbr="1"/>', "its ybr is None"),
        ('<box label="TiN" z_order="1.5"/>', "its z_order is '1.5'"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_their_number(tmp_path, vocabulary, shapes, said):
    with pytest.raises(PremaskError, match=r"^annotations.xml: a.png: \w+ 1: ") as caught:
        read(tmp_path, shapes, vocabulary)
    assert said in str(caught.value)


@pytest.mark.parametrize("size", ["", 'width="0" height="4"', 'width="99999" height="99999"'])
def test_sizes_that_are_none_are_refused(tmp_path, vocabulary, size):
    (one,) = load_cvat_xml(xml(tmp_path, "", size=size), vocabulary)
    with pytest.raises(PremaskError, match=r"^annotations.xml: a.png: its "):
        one.read()


def test_videos_are_refused(tmp_path, vocabulary):
    path = tmp_path / "a.xml"
    path.write_text("<annotations><track id='0'/></annotations>")
    with pytest.raises(PremaskError, match=r"^a.xml: it has tracks"):
        list(load_cvat_xml(path, vocabulary))


def test_names_that_xml_cannot_hold_are_refused(tmp_path):
    target = Target(tmp_path, make_phases(["a\x01b", "c"]))
    with pytest.raises(PremaskError, match=r"XML cannot hold the character '\\x01'"):
        save_cvat_xml([], target)


# --- the working time of CVAT's events ---------------------------------------------------

HEAD = (
    "scope,obj_name,obj_id,obj_val,source,timestamp,count,duration,project_id,task_id,job_id,"
    "user_id,user_name,user_email,org_id,org_slug,payload"
)


def event(scope, duration, task, job, user=1, payload="") -> str:
    quoted = '"' + payload.replace('"', '""') + '"'
    return (
        f"{scope},,,,server,2026-01-01T10:00:00,1,{duration},,{task},{job},{user},ana,,,,{quoted}"
    )


def events(folder: Path, *lines: str) -> None:
    (folder / "events.csv").write_text("\n".join([HEAD, *lines, ""]))


def test_the_time_of_a_job_is_shared_among_its_images(tmp_path):
    events(
        tmp_path,
        event("send:working_time", 60_000, 1, 7),
        event("draw:object", 99_000, 1, 7),
        event("send:working_time", 30_000, 1, 7, user=2),
        event("send:working_time", "", 1, 8, payload='{"working_time": 5000}'),
    )
    frames = [("1", 0), ("1", 1), ("1", 2)]
    jobs = [Job("1", "7", 0, 1), Job("1", "8", 2, 2)]
    report = Report()
    first, second, third = working_times([tmp_path], frames, jobs, report)
    assert first == second
    assert (first[0].measure, first[0].seconds) == ("cvat:working_time", 45.0)
    assert first[0].rule == f"{RULE}; all of job 7 by 2 people, shared evenly among 2 images"
    assert (third[0].seconds, third[0].rule) == (5.0, f"{RULE}; all of job 8")
    assert not report.findings


def test_time_of_a_task_is_shared_among_all_its_images_and_other_time_is_reported(tmp_path):
    events(
        tmp_path,
        event("send:working_time", 8000, 1, ""),
        event("send:working_time", 1000, 2, 9),
        event("send:working_time", 2000, "", ""),
    )
    report = Report()
    frames = [("1", 0), ("1", 1)]
    times = working_times([tmp_path], frames, [Job("1", "7", 0, 0)], report)
    assert [own[0].seconds for own in times] == [4.0, 4.0]
    assert times[0][0].rule.endswith("all of task 1, shared evenly among 2 images")
    assert [one.line for one in report.findings] == [
        "send:working_time: 1 s of job 9 belong to none of these images",
        "send:working_time: 2 s of no job belong to none of these images",
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_log_that_a_spreadsheet_has_saved_gives_the_same_times(tmp_path, delimiter):
    payload = '{"working_time": 5000, "note": "a;b"}'
    lines = [event("send:working_time", 60_000, 1, 7), event("send:working_time", "", 1, 8)]
    lines.append(event("send:working_time", "", 1, 8, user=2, payload=payload))
    frames, jobs = [("1", 0), ("1", 1)], [Job("1", "7", 0, 0), Job("1", "8", 1, 1)]
    found = []
    for folder, mark in ((tmp_path / "cvat", ","), (tmp_path / "spreadsheet", delimiter)):
        folder.mkdir()
        with (folder / "Events.CSV").open("w", encoding="cp1252", newline="") as file:
            writer = csv.writer(file, delimiter=mark)
            rows = [row.replace(",ana,", ",Jürgen,") for row in [HEAD, *lines]]
            writer.writerows(csv.reader(rows))
        report = Report()
        found.append(working_times([folder], frames, jobs, report))
        assert not report.findings
    assert found[0] == found[1]
    assert [own[0].seconds for own in found[0]] == [60.0, 5.0]


WORKED = f"{HEAD}\n{event('send:working_time', 60_000, 1, 7)}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"stem,type\na,I\n", "it is no event log of CVAT"),
        (b"", "it is no event log of CVAT"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is no event log of CVAT|it is no CSV file"),
        (HEAD.encode("utf-16"), "it is no event log of CVAT|it is no CSV file"),
        (HEAD.encode(), "it has no event send:working_time"),
        (HEAD.encode() + b"\n\xff\xfe", "line 2 is cut off; download the events again"),
        (
            f"{WORKED}\n{event('send:working_time', 'soon', 1, 7)}".encode(),
            "line 3: a working time of 'soon'; milliseconds, 0 or more, are accepted",
        ),
        (f'{WORKED}\n"{"x" * (MAX_FIELD + 1)}"'.encode(), "it is no CSV file"),
    ],
)
def test_a_file_that_no_times_can_be_taken_from_is_reported(tmp_path, content, said):
    (tmp_path / "events.csv").write_bytes(content)
    report = Report()
    assert working_times([tmp_path], [("1", 0)], [Job("1", "7", 0, 0)], report) == [()]
    (finding,) = report.findings
    assert (finding.kind, finding.where) == ("left out", "events.csv")
    assert re.match(f"(?:{said}).*; no times are taken from it$", finding.message)


def test_a_log_that_lies_there_twice_counts_once(tmp_path):
    events(tmp_path, event("send:working_time", 60_000, 1, 7))
    text = (tmp_path / "events.csv").read_text()
    (tmp_path / "resaved.csv").write_text(text.replace(",", ";"))
    other = event("send:working_time", 30_000, 1, 7)
    (tmp_path / "later.csv").write_text(f"{HEAD}\n{other}\n")
    report = Report()
    (times,) = working_times([tmp_path], [("1", 0)], [Job("1", "7", 0, 0)], report)
    assert [time.seconds for time in times] == [90.0]
    assert [one.line for one in report.findings] == [
        "resaved.csv: it has the same working times as events.csv; no times are taken from it"
    ]


META = """<task><id>1</id><assignee><username>ana</username></assignee>
  <segments><segment><id>7</id><start>0</start><stop>0</stop></segment></segments></task>"""


def test_time_and_annotator_come_into_the_project(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    xml(folder, '<box label="TiN" xtl="0" ytl="0" xbr="6" ybr="4"/>', META)
    events(folder, event("send:working_time", 90_000, 1, 7))
    project = project_of(tmp_path / "steel", {"a.png": np.zeros((4, 6), np.uint8)}, PHASES)
    imported = import_label_maps(project, "cvat-xml", folder, kind="preannotated")
    assert imported.times == ["cvat:working_time"]
    (timed,) = timed_maps(project)
    assert timed.annotator == "ana"


def test_a_log_anywhere_in_the_folder_is_found(tmp_path, vocabulary):
    for name in ("task", "times"):
        (tmp_path / name).mkdir()
    xml(tmp_path / "task", "", META)
    events(tmp_path / "times", event("send:working_time", 5000, 1, 7))
    (one,) = load_cvat_xml(tmp_path, vocabulary)
    assert [time.seconds for time in one.times] == [5.0]


def test_pictures_beside_the_xml_are_found_with_their_subset(tmp_path, vocabulary):
    path = tmp_path / "annotations.xml"
    path.write_text(
        "<annotations><image id='0' name='x/a.png' subset='train' width='6' height='4'/>"
        "<image id='1' name='../b.png' width='6' height='4'/></annotations>"
    )
    (tmp_path / "images" / "train" / "x").mkdir(parents=True)
    (tmp_path.parent / "b.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "images/train/x/a.png"), np.zeros((4, 6), np.uint8))
    first, second = load_cvat_xml(path, vocabulary)
    assert first.image == tmp_path / "images/train/x/a.png"
    assert second.image is None


def test_several_exports_of_jobs_have_each_their_own_time(tmp_path, vocabulary):
    for job in (7, 8):
        path = xml(tmp_path, "", f"<job><id>{job}</id></job>")
        path.rename(tmp_path / f"{job}.xml")
    events(
        tmp_path,
        event("send:working_time", 5000, 1, 7),
        event("send:working_time", 9000, 1, 8),
    )
    found = {one.source: one.times[0].seconds for one in load_cvat_xml(tmp_path, vocabulary)}
    assert found == {"7.xml: a.png": 5.0, "8.xml: a.png": 9.0}
    assert not vocabulary.report.findings


def test_several_xml_files_are_read_one_after_the_other(tmp_path, vocabulary):
    for name in ("a.xml", "b.xml"):
        shutil.copy(FILES / "cvat_1.1.xml", tmp_path / name)
    sources = [one.source for one in load_cvat_xml(tmp_path, vocabulary)]
    assert sources == ["a.xml: a.png", "b.xml: a.png"]
