"""Projects with label maps of every awkward kind, for the tests of the formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import small_micrograph
from premask.core.phases import VOID, make_phases
from premask.core.records import ImageRecord
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.images import all_images
from premask.project.imports import ImportedMap, store
from premask.project.label_maps import read_version
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.final_maps import final_version

LabelMap = NDArray[np.uint8]

NAMES = (
    "Alpha",
    "TiB2 fine",
    "Größe 1,5 µm",
    "Martensite/Austenite",
    "4 #4",
    "a.b <&> \"c'",
    "ab|c",
)
"""Names that file formats have to escape."""

COLOURS = ("#000000", "#ffffff", "#ff0000", "#ff0000", "#800080", "#e0e0c0", "#010101")
"""Black, white, and one that stands twice."""

SHAPES = {
    "one.png": (1, 1),
    "row.png": (1, 23),
    "column.png": (19, 1),
    "steel 1.5 kV.png": (17, 29),
    "Gefüge-µ.png": (40, 33),
    "a.jpg.png": (8, 8),
}
"""Images of a project: names and (height, width), px."""


def make_project(root: Path, shapes: Mapping[str, tuple[int, int]] = SHAPES) -> Project:
    """A project of seven phases and an image of each shape, without label maps."""
    project = init_project(root / "project", Settings(make_phases(NAMES, COLOURS)))
    (root / "in").mkdir()
    for seed, (name, shape) in enumerate(shapes.items()):
        path = root / "in" / name
        path.write_bytes(cv2.imencode(".png", picture(seed, shape))[1].tobytes())
        add_images(project, [path], crop_bottom=0, um_per_px=0.1625)
    return project


def picture(seed: int, shape: tuple[int, int]) -> LabelMap:
    """A micrograph of a shape, with noise, so that no two are the same."""
    full = small_micrograph(seed, (max(shape[0], 40), max(shape[1], 40)))
    return full[: shape[0], : shape[1]]


def label(project: Project, label_maps: Mapping[str, LabelMap]) -> None:
    """Give images of a project new label maps, by their names."""
    colours = [phase.colour for phase in project.phases.phases]
    maps = []
    for name, label_map in label_maps.items():
        data = encode_label_map(label_map, colours)
        key = objects.put(project.root, data, ".png")
        maps.append(ImportedMap(by_name(project)[name], key, "ana", "reference", ""))
    store(project, [], maps)


def by_name(project: Project) -> dict[str, ImageRecord]:
    """The images of a project by their names."""
    return {image.name: image for image in all_images(project)}


def final_maps(project: Project) -> dict[str, LabelMap]:
    """The label maps of a project by the names of their images."""
    found = {}
    for image in all_images(project):
        version = final_version(project, image)
        if version is not None:
            found[image.name] = read_version(project, version)
    return found


def awkward_maps(shapes: Mapping[str, tuple[int, int]] = SHAPES) -> list[dict[str, LabelMap]]:
    """Label maps by image: void all over, one phase, single pixels, holes, noise."""
    kinds = [_void, _first, _last, _pixels, _rings, _noise, _noise_with_void, _half_void]
    return [
        {
            name: kind(np.random.default_rng(i), shape)
            for i, (name, shape) in enumerate(shapes.items())
        }
        for kind in kinds
    ]


def _void(_rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    return np.full(shape, VOID, np.uint8)


def _first(_rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    return np.zeros(shape, np.uint8)


def _last(_rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    return np.full(shape, len(NAMES) - 1, np.uint8)


def _pixels(rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    """Every phase is one pixel in the first, as far as there is room."""
    label_map = np.zeros(shape, np.uint8)
    places = rng.permutation(label_map.size)[1 : len(NAMES)]
    label_map.ravel()[places] = np.arange(1, places.size + 1)
    return label_map


def _rings(_rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    """Holes in holes: each ring of one pixel lies inside another."""
    y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in shape)
    return (np.minimum(y[:, None], x[None]) % len(NAMES)).astype(np.uint8)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    return rng.integers(0, len(NAMES), shape).astype(np.uint8)


def _noise_with_void(rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    return rng.choice(np.array([*range(len(NAMES)), VOID], np.uint8), shape)


def _half_void(rng: np.random.Generator, shape: tuple[int, int]) -> LabelMap:
    label_map = _noise(rng, shape)
    label_map[:, shape[1] // 2 :] = VOID
    return label_map


def same(found: Mapping[str, LabelMap], wanted: Mapping[str, LabelMap]) -> None:
    """All label maps of some names are equal to the pixel."""
    assert found.keys() >= wanted.keys()
    for name, label_map in wanted.items():
        assert found[name].shape == label_map.shape, name
        differ = np.argwhere(found[name] != label_map)
        assert not differ.size, (name, differ[:3].tolist())


def listed(kinds: Sequence[str]) -> list[str]:
    """Kinds of findings, each once, in order."""
    return list(dict.fromkeys(kinds))
