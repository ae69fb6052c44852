"""datumaro and labelme themselves: they read what premask writes, and the other way round.

Each is in an environment of its own (``make test-others``): their
requirements are many, and not premask's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import SETS
from other_pythons import python_of, run
from premask.core.phases import make_phases
from premask.interchange.formats import find_format
from premask.interchange.vocabulary import Vocabulary
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps
from travelling import PHASES, label, labels_of, project_of, special_maps


@pytest.fixture(scope="module")
def datumaro() -> Path:
    return python_of("PREMASK_DATUMARO_PYTHON", "test-others")


@pytest.fixture(scope="module")
def labelme() -> Path:
    return python_of("PREMASK_LABELME_PYTHON", "test-others")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("readers")
    made = project_of(folder / "steel", special_maps())
    label(made, folder / "labels", list(special_maps().values()))
    return made


WRITTEN = [
    ("cvat", "voc_segmentation", "background"),
    ("cvat-xml", "cvat", None),
    ("coco", "coco_panoptic", None),
    ("coco-instances", "coco_instances", None),
    ("voc", "voc_segmentation", "background"),
]


def same_maps(found: np.lib.npyio.NpzFile, background: str | None) -> None:
    names = [str(name) for name in found["names"]]
    shift = 1 if background else 0
    assert names[:shift] == ([background] if background else [])
    assert names[shift:] in ([*PHASES.names], [*PHASES.names, "void"])  # VOC has it as a label
    for name, wanted in special_maps().items():
        read = found[f"map {name.removesuffix('.png')}"]
        np.testing.assert_array_equal(phases_of(read, shift, len(PHASES)), wanted)


def phases_of(read: np.ndarray, shift: int, n_phases: int) -> np.ndarray:
    return np.where(read < shift + n_phases, read - shift, 255)


@pytest.mark.parametrize(("format_", "theirs", "background"), WRITTEN)
def test_datumaro_reads_what_was_written(datumaro, project, tmp_path, format_, theirs, background):
    export_label_maps(project, format_, tmp_path / "out", pictures=True)
    run(datumaro, "datumaro_maps.py", "read", theirs, tmp_path / "out", tmp_path / "maps.npz")
    same_maps(np.load(tmp_path / "maps.npz"), background)


def maps_file(path: Path, **more) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    maps = {
        "a": rng.choice([0, 1, 2, 255], (20, 30)).astype(np.uint8),
        "b c": np.full((9, 7), 1, np.uint8),
        "d.e": np.eye(12, dtype=np.uint8) * 2,
    }
    named = {f"map {name}": label_map for name, label_map in maps.items()}
    np.savez(path, names=np.array(["Alpha", "TiB2", "TiN"]), **named, **more)
    return maps


READ = [
    ("cvat", "voc_segmentation", {}),
    ("cvat", "voc_segmentation", {"colours": np.array([[9, 9, 9], [255, 0, 0], [0, 0, 9]])}),
    ("cvat", "voc", {}),
    ("cvat-xml", "cvat", {}),
    ("coco", "coco_panoptic", {}),
    ("coco", "coco", {}),
    ("coco-instances", "coco_instances", {}),
    ("voc", "voc_segmentation", {}),
]


@pytest.mark.parametrize(("format_", "theirs", "more"), READ)
def test_what_datumaro_writes_is_read(datumaro, tmp_path, format_, theirs, more):
    maps = maps_file(tmp_path / "maps.npz", **more)
    run(datumaro, "datumaro_maps.py", "write", theirs, tmp_path / "maps.npz", tmp_path / "out")
    vocabulary = Vocabulary(make_phases(["Alpha", "TiB2", "TiN"]))
    found = {
        one.name.removesuffix(".jpg").removesuffix(".png"): one
        for one in find_format(format_).load(tmp_path / "out", vocabulary)
    }
    assert found.keys() == maps.keys()
    for name, one in found.items():
        np.testing.assert_array_equal(one.read(), maps[name])
        assert one.image is not None
    assert {one.kind for one in vocabulary.report.findings} <= {"left out"}  # objects, of VOC


@pytest.mark.data
@pytest.mark.parametrize(("format_", "theirs", "background"), WRITTEN)
@pytest.mark.parametrize("set_", SETS)
def test_datumaro_reads_real_maps(datumaro, data, tmp_path, set_, format_, theirs, background):
    phases = make_phases([f"P{i}" for i in range(SETS[set_])])
    project = init_project(tmp_path / "steel", Settings(phases))
    files = sorted((data / set_ / "images").iterdir())[:2]
    add_images(project, files, crop_bottom=0)
    import_label_maps(project, "png", data / set_ / "masks")
    export_label_maps(project, format_, tmp_path / "out", pictures=True)
    run(datumaro, "datumaro_maps.py", "read", theirs, tmp_path / "out", tmp_path / "maps.npz")
    found = np.load(tmp_path / "maps.npz")
    for file, wanted in zip(files, labels_of(project), strict=True):
        read = found[f"map {file.stem}"]
        shift = 1 if background else 0
        np.testing.assert_array_equal(phases_of(read, shift, len(phases)), wanted)


def test_labelme_reads_what_was_written(labelme, project, tmp_path):
    export_label_maps(project, "labelme", tmp_path / "out")
    run(labelme, "labelme_maps.py", tmp_path / "out", tmp_path / "maps.npz", *PHASES.names)
    found = np.load(tmp_path / "maps.npz")
    assert sorted(found) == sorted(name.removesuffix(".png") for name in special_maps())
    for name, wanted in special_maps().items():
        np.testing.assert_array_equal(found[name.removesuffix(".png")], wanted)
