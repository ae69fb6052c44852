"""Label maps and micrographs are told apart by how many values they have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from helpers import answer, premask, small_micrograph, small_truth, write_images
from premask.core.phases import make_phases, neutral_colours
from premask.features.few_values import few_values
from premask.io.images import read_micrograph
from premask.io.label_maps import encode_label_map
from premask.project.images import all_images
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images


@pytest.mark.data
@pytest.mark.parametrize("name", ["uhcs", "nasa_super", "nasa_ebc"])
def test_real_micrographs_and_their_truths_are_told_apart(data: Path, name: str) -> None:
    for path in (data / name / "images").glob("*.png"):
        assert few_values(read_micrograph(path).pixels) is None, path
    for path in (data / name / "masks").glob("*.png"):
        assert few_values(read_micrograph(path).pixels) is not None, path


def wedge(levels: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return (rng.integers(0, levels, (40, 50)) * (255 // (levels - 1))).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixels", "n"),
    [
        (wedge(8), 8),
        (wedge(16), None),  # a micrograph of 4 bits
        (wedge(8).astype(np.uint16) * 257, 8),
        (np.zeros((9, 9), np.uint8), 1),
        (np.dstack([wedge(16), wedge(16), 255 - wedge(16)]), 16),
        (np.dstack([wedge(52), wedge(52), 255 - wedge(52)]), None),
    ],
)
def test_few_values_are_counted(pixels: NDArray[np.uint8], n: int | None) -> None:
    assert few_values(pixels) == n


def test_one_odd_pixel_is_counted() -> None:
    pixels = np.zeros((64, 64), np.uint8)
    pixels[0, 1:10] = range(1, 10)  # all of them beside the coarse grid
    assert few_values(pixels) is None


def save(path: Path, pixels: NDArray[np.uint8], palette: list[int]) -> None:
    image = Image.fromarray(pixels)
    image.putpalette(palette)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def test_label_maps_in_a_folder_are_left_out_and_added_by_name(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    folder = tmp_path / "in"
    write_images(folder, 2)
    greys = [level for level in range(256) for _ in "rgb"]
    save(folder / "grey-palette.png", small_micrograph(5), greys)
    truth = small_truth(small_micrograph(0))
    (folder / "masks").mkdir()
    for name, colours in (("m.png", ["#800080", "#ff0000"]), ("n.png", neutral_colours(2))):
        (folder / "masks" / name).write_bytes(encode_label_map(truth, colours))
    Image.fromarray(truth).save(folder / "masks" / "plain.png")
    result = add_images(project, [folder])
    assert [image.name for image in result.added] == ["a.png", "b.png", "grey-palette.png"]
    assert [path.name for path in result.label_maps] == ["m.png", "n.png", "plain.png"]
    assert result.refused == []
    named = folder / "masks" / "m.png"
    assert [image.name for image in add_images(project, [named]).added] == ["m.png"]
    again = add_images(project, [folder])
    assert "m.png" in again.present
    assert len(again.label_maps) == 2
    assert len(add_images(project, [folder, folder / "masks" / "n.png"]).added) == 1
    assert len(all_images(project)) == 5


def test_the_command_says_what_it_left_out_in_one_line_and_ends_with_0(tmp_path: Path) -> None:
    write_images(tmp_path / "in", 1)
    masks = tmp_path / "in" / "masks"
    masks.mkdir()
    for i in range(5):
        truth = small_truth(small_micrograph(i))
        (masks / f"m{i}.png").write_bytes(encode_label_map(truth, ["#800080", "#ff0000"]))
    answer("init", tmp_path / "p", "--classes", "A,B")
    answer("init", tmp_path / "q", "--classes", "A,B")
    done = premask("add", tmp_path / "p", tmp_path / "in")
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if "look like label maps" in line]
    assert line.startswith("5 look like label maps (at most 8 grey levels or 32 colours) and were")
    assert "m0.png, m1.png, m2.png and 2 more" in line
    assert "name a file itself" in line
    assert done.stdout.startswith("1 image added")
    told = answer("add", tmp_path / "q", tmp_path / "in")
    assert told["label_maps"] == [str(masks / f"m{i}.png") for i in range(5)]
    assert told["refused"] == []
