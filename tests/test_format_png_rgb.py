"""Colour masks: exact colours, near colours, colours that are nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import example, kinds, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange.colour_masks import labels_of_colours
from premask.interchange.palette import (
    distinct,
    labelmap_text,
    project_colours,
    read_colours,
    read_labelmap,
)

TABLE = {"Alpha": "#800080", "TiB2": "#ff0000", "TiN": "#ffff00", "void": "#000000"}
COLOURS = np.array([[128, 0, 128], [255, 0, 0], [255, 255, 0]], np.uint8)


def mask(folder: Path, picture: np.ndarray, name: str = "a.png", **how: object) -> Path:
    (folder / "colours.json").write_text(json.dumps(TABLE))
    Image.fromarray(picture).save(folder / name, **how)
    return folder / name


def test_a_mask_of_exact_colours(tmp_path: Path) -> None:
    words = vocabulary()
    assert np.array_equal(read_one("png-rgb", mask(tmp_path, COLOURS[example()]), words), example())
    assert words.report.findings == []


def test_colours_that_are_nothing_are_counted_with_a_place(tmp_path: Path) -> None:
    picture = COLOURS[example()]
    picture[3, 4:7] = (0, 0, 255)
    picture[50, 9] = (1, 2, 3)
    words = vocabulary()
    label_map = read_one("png-rgb", mask(tmp_path, picture), words)
    assert np.count_nonzero(label_map == 255) == 4
    assert [(f.kind, f.count, f.at) for f in words.report.findings] == [
        ("unknown", 3, (3, 4)), ("unknown", 1, (50, 9)),
    ]  # fmt: skip
    assert "#0000ff" in words.report.findings[0].message


def test_many_unknown_colours_are_one_finding(tmp_path: Path) -> None:
    picture = COLOURS[example()]
    picture[5, :50, 2] = np.arange(100, 150)
    picture[5, :50, 0] = 7
    words = vocabulary()
    read_one("png-rgb", mask(tmp_path, picture), words)
    (finding,) = words.report.findings
    assert (finding.kind, finding.count, finding.at) == ("unknown", 50, (5, 0))
    assert "50 px of 50 colours" in finding.message


def test_a_colour_can_be_given_a_meaning(tmp_path: Path) -> None:
    picture = COLOURS[example()]
    picture[0, 0] = (0, 0, 255)
    words = vocabulary(renames={"#0000FF": "TiN", "#ffff00": "void"})
    label_map = read_one("png-rgb", mask(tmp_path, picture), words)
    assert label_map[0, 0] == 2
    assert (label_map[20:40, 70:90] == 255).all()
    assert words.report.findings == []


@pytest.mark.parametrize(
    ("colour", "tolerance", "wanted", "found"),
    [
        ((250, 5, 5), 5, 1, ["near"]),  # 5 off in each channel
        ((250, 5, 6), 5, 255, ["unknown"]),  # 6 off in one
        ((255, 128, 0), 127, 2, ["near"]),  # 127 off TiN, 128 off TiB2
        ((255, 100, 0), 255, 1, ["near"]),  # nearer to red
        ((255, 150, 0), 255, 2, ["near"]),  # nearer to yellow
        ((255, 255, 255), 255, 2, ["near"]),
    ],
)
def test_the_nearest_within_the_tolerance(
    colour: tuple[int, int, int], tolerance: int, wanted: int, found: list[str]
) -> None:
    words = vocabulary(tolerance=tolerance)
    table = {"Alpha": (128, 0, 128), "TiB2": (255, 0, 0), "TiN": (255, 255, 0)}
    label_map = labels_of_colours(np.array([[colour]], np.uint8), table, words, "x")
    assert label_map.tolist() == [[wanted]]
    assert kinds(words) == found


def test_a_tie_goes_to_the_first() -> None:
    words = vocabulary(tolerance=10)
    table = {"TiN": (10, 0, 0), "Alpha": (0, 0, 0)}
    assert labels_of_colours(np.array([[[5, 0, 0]]], np.uint8), table, words, "x").tolist() == [[2]]


def nearest(pixel: list[int], table: dict[str, tuple[int, ...]], tolerance: int) -> int:
    """By brute force, as the documentation says it."""
    best, answer = 10**9, 255
    for i, colour in enumerate(table.values()):
        off = [abs(a - b) for a, b in zip(pixel, colour, strict=True)]
        distance = sum(one**2 for one in off)
        if max(off) <= tolerance and distance < best:
            best, answer = distance, i
    return answer


@pytest.mark.parametrize("tolerance", [0, 20, 90, 255])
def test_every_pixel_gets_the_phase_of_brute_force(tolerance: int) -> None:
    rng = np.random.default_rng(3)
    table = {name: tuple(map(int, rng.integers(0, 256, 3))) for name in ("Alpha", "TiB2", "TiN")}
    picture = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    words = vocabulary(tolerance=tolerance)
    found = labels_of_colours(picture, table, words, "x")
    wanted = [nearest(pixel, table, tolerance) for pixel in picture.reshape(-1, 3).tolist()]
    assert found.ravel().tolist() == wanted
    counted = {finding.kind: finding.count for finding in words.report.findings}
    n_void = wanted.count(255)
    assert (counted.get("near", 0), counted.get("unknown", 0)) == (2000 - n_void, n_void)


def test_a_jpeg_is_read_with_a_tolerance(tmp_path: Path) -> None:
    """JPEG of quality 95 without subsampling: colours are off, and come back within 60."""
    path = mask(tmp_path, COLOURS[example()], "a.jpg", quality=95, subsampling=0)
    words = vocabulary(tolerance=60)
    assert np.array_equal(read_one("png-rgb", path, words), example())
    assert kinds(words) == ["near"]
    strict = vocabulary()
    assert np.count_nonzero(read_one("png-rgb", path, strict) == 255) > 1000
    assert kinds(strict) == ["unknown"]


def test_palette_pictures_show_their_colours(tmp_path: Path) -> None:
    picture = Image.fromarray(COLOURS[example()]).quantize(8)
    (tmp_path / "colours.json").write_text(json.dumps(TABLE))
    picture.save(tmp_path / "a.png")
    assert np.array_equal(read_one("png-rgb", tmp_path / "a.png", vocabulary()), example())


def test_transparent_pixels_are_void(tmp_path: Path) -> None:
    picture = np.dstack([COLOURS[example()], np.full((96, 128), 255, np.uint8)])
    picture[:10, :, 3] = 0
    label_map = read_one("png-rgb", mask(tmp_path, picture), vocabulary())
    assert (label_map[:10] == 255).all()
    assert np.array_equal(label_map[10:], example()[10:])


def test_without_a_table_the_projects_colours_count(tmp_path: Path) -> None:
    phases = make_phases(["Alpha", "TiB2", "TiN"])
    own = np.array(list(project_colours(phases).values()), np.uint8)
    label_map = example()
    label_map[0] = 3  # void, which is white
    Image.fromarray(own[label_map]).save(tmp_path / "a.png")
    label_map[0] = 255
    assert np.array_equal(read_one("png-rgb", tmp_path / "a.png", vocabulary()), label_map)


def test_two_phases_of_one_colour_get_two(tmp_path: Path) -> None:
    names = ["Alpha", "TiB2", "TiN"]
    save("png-rgb", tmp_path, [outgoing(example())], names, colours=["#ffffff"] * 3)
    table = json.loads((tmp_path / "colours.json").read_text())
    assert list(table) == [*names, "void"]
    assert len(set(table.values())) == 4
    written = np.asarray(Image.open(tmp_path / "a.png"))
    assert written.shape == (96, 128, 3)
    assert f"#{bytes(written[0, 0]).hex()}" == table["Alpha"]
    assert np.array_equal(read_one("png-rgb", tmp_path, vocabulary()), example())


def test_colours_of_another_depth_are_refused(tmp_path: Path) -> None:
    Image.fromarray(example().astype(np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(PremaskError, match=r"^a\.png: pixels of type uint16"):
        read_one("png-rgb", tmp_path / "a.png", vocabulary())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "no table of colours"),
        ('{"Alpha": "red"}', "'Alpha' has the colour 'red'"),
        ('{"Alpha": [1, 2, 256]}', "#rrggbb or [r, g, b]"),
        ("{", "no JSON"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "colours.json").write_text(text)
    with pytest.raises(PremaskError, match=r"^colours\.json") as refusal:
        read_colours(tmp_path / "colours.json")
    assert said in str(refusal.value)


def test_labelmap_txt_comes_back(tmp_path: Path) -> None:
    table = {"a:b": (1, 2, 3), "# 4": (0, 0, 0), "x y": (255, 255, 255)}
    path = tmp_path / "labelmap.txt"
    path.write_text(labelmap_text(table))
    assert read_labelmap(path) == list(table.items())
    path.write_text("# a comment\nperson:192,128,128:head,hand:run\nno colour:::\n")
    assert read_labelmap(path) == [("person", (192, 128, 128)), ("no colour", None)]
    for wrong in ("Alpha", "Alpha:1,2::", "Alpha:1,2,300::"):
        path.write_text(f"Beta:0,0,0::\n{wrong}\n")
        with pytest.raises(PremaskError, match=r"labelmap\.txt: line 2 is"):
            read_labelmap(path)


def test_distinct_colours_never_meet() -> None:
    found = distinct(["#ffffff", "#ffffff", "#000000", "#ffffff"], [(0, 0, 0)])
    assert len(set(found)) == 4
    assert found[0] == (255, 255, 255)


def test_what_is_written_is_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save("png-rgb", tmp_path / folder, [outgoing(example())], ["Alpha", "TiB2", "TiN"])
    one, two = (tmp_path / folder / "a.png" for folder in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
    assert Image.open(io.BytesIO(one.read_bytes())).mode == "RGB"
