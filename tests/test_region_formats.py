"""CVAT, COCO and labelme: what every one of them must do, through the real commands."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import SETS
from premask.core.errors import PremaskError
from premask.core.phases import VOID, make_phases
from premask.interchange.formats import find_format
from premask.interchange.vocabulary import Vocabulary
from premask.project import objects
from premask.project.images import all_images
from premask.project.project import Project, init_project, open_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps
from travelling import ANY_MAP, label, labels_of, project_of, special_maps

NAMES = ("cvat", "cvat-xml", "coco", "coco-instances", "labelme")
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def special(tmp_path_factory) -> Path:
    """A project of the maps that formats stumble over."""
    folder = tmp_path_factory.mktemp("special")
    maps = special_maps()
    project = project_of(folder / "steel", maps)
    label(project, folder / "labels", list(maps.values()))
    return folder / "steel"


def copy_of(root: Path, where: Path) -> tuple[Project, Project]:
    """The project, and the same again without its labels."""
    source = open_project(root)
    project = init_project(where, source.settings)
    for image in all_images(source):
        path = where.parent / f"{where.name} images" / image.id[:8] / image.name
        path.parent.mkdir(parents=True)
        shutil.copy(objects.existing(source.root, image.content), path)
        add_images(project, [path], crop_bottom=0)
    return source, project


@pytest.mark.parametrize("out", ["folder", "packed.zip"])
@pytest.mark.parametrize("name", NAMES)
def test_maps_that_formats_stumble_over_come_back_exactly(special, tmp_path, name, out):
    source, project = copy_of(special, tmp_path / "again")
    exported = export_label_maps(source, name, tmp_path / out)
    assert {one.kind for one in exported.findings} == {"empty", "unlabelled"}
    imported = import_label_maps(project, name, tmp_path / out)
    assert {one.kind for one in imported.findings} == {"empty", "unlabelled"}
    for wanted, found in zip(special_maps().values(), labels_of(project), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_images_come_along_and_are_added(special, tmp_path, name):
    source, _ = copy_of(special, tmp_path / "again")
    export_label_maps(source, name, tmp_path / "out", pictures=True)
    empty = init_project(tmp_path / "empty", source.settings)
    imported = import_label_maps(empty, name, tmp_path / "out", add_images=True)
    assert sorted(imported.added) == sorted(special_maps())
    assert {image.id for image in all_images(empty)} == {image.id for image in all_images(source)}


@pytest.mark.parametrize("name", NAMES)
def test_two_images_of_one_name_keep_their_maps(tmp_path, name):
    maps = {"x/a.png": np.zeros((5, 7), np.uint8), "y/a.png": np.ones((5, 7), np.uint8)}
    project = project_of(tmp_path / "steel", maps)
    label(project, tmp_path / "labels", list(maps.values()))
    export_label_maps(project, name, tmp_path / "out")
    imported = import_label_maps(project, name, tmp_path / "out")
    assert imported.done == ["a.png", "a.png"]
    for wanted, found in zip(maps.values(), labels_of(project), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", NAMES)
@SLOW
@given(label_map=ANY_MAP)
def test_any_map_comes_back_exactly(name, label_map):
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder) / "steel", {"a b.png": label_map})
        label(project, Path(folder) / "labels", [label_map])
        export_label_maps(project, name, Path(folder) / "out")
        import_label_maps(project, name, Path(folder) / "out", annotator="again")
        np.testing.assert_array_equal(labels_of(project)[0], label_map)


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("set_", SETS)
def test_real_maps_come_back_exactly(data, tmp_path, set_, name):
    folder = data / set_
    files = sorted((folder / "images").iterdir())[:4]
    phases = make_phases([f"P{i}" for i in range(SETS[set_])])
    project = init_project(tmp_path / "steel", Settings(phases))
    add_images(project, files, crop_bottom=0)
    masks = tmp_path / "masks"
    masks.mkdir()
    for file in files:
        shutil.copy(folder / "masks" / f"{file.stem}.png", masks)
    import_label_maps(project, "png", masks)
    wanted = labels_of(project)
    export_label_maps(project, name, tmp_path / "out.zip")
    import_label_maps(project, name, tmp_path / "out.zip", annotator="again")
    for one, again in zip(wanted, labels_of(project), strict=True):
        np.testing.assert_array_equal(again, one)


@pytest.mark.parametrize("name", NAMES)
def test_black_and_equal_colours_stay_apart(tmp_path, name):
    phases = make_phases(["A", "B", "background"], ["#000000", "#000000", "#000001"])
    label_map = np.array([[0, 1, 2, 255], [2, 1, 0, 255]], np.uint8)
    project = project_of(tmp_path / "steel", {"a.png": label_map}, phases)
    label(project, tmp_path / "labels", [label_map])
    export_label_maps(project, name, tmp_path / "out")
    import_label_maps(project, name, tmp_path / "out")
    np.testing.assert_array_equal(labels_of(project)[0], label_map)


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_tells_what_stands_for_each_phase(special, tmp_path, name):
    source, _ = copy_of(special, tmp_path / "again")
    export_label_maps(source, name, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "premask.json").read_text(encoding="utf-8"))
    ids = [phase["id"] for phase in manifest["phases"]]
    wanted = {
        "cvat": [[0x00, 0x72, 0xB2], [0xE6, 0x9F, 0x00], [0x00, 0x9E, 0x73]],
        "coco": [1, 2, 3],
        "coco-instances": [1, 2, 3],
    }
    assert ids == wanted.get(name, [phase["name"] for phase in manifest["phases"]])
    assert manifest["void"] == {"cvat": [0, 0, 0], "coco": 0}.get(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_name_is_reported_with_its_pixels_and_can_be_given_a_meaning(tmp_path, name):
    label_map = np.array([[0, 0, 1], [1, 1, 1]], np.uint8)
    project = project_of(tmp_path / "steel", {"a.png": label_map}, make_phases(["A", "B"]))
    label(project, tmp_path / "labels", [label_map])
    export_label_maps(project, name, tmp_path / "out")
    other = project_of(tmp_path / "other", {"a.png": label_map}, make_phases(["A", "Boride"]))
    first = import_label_maps(other, name, tmp_path / "out")
    (unknown,) = [one for one in first.findings if one.kind == "unknown"]
    assert (unknown.count, unknown.at) == (4, (0, 2))
    assert "'B'" in unknown.message
    np.testing.assert_array_equal(labels_of(other)[0], np.where(label_map == 1, 255, 0))
    import_label_maps(other, name, tmp_path / "out", renames={"b": "boride"}, annotator="again")
    np.testing.assert_array_equal(labels_of(other)[0], label_map)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_something_else_is_refused_in_one_line(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("nothing")
    project = project_of(tmp_path / "steel", {"a.png": np.zeros((5, 7), np.uint8)})
    with pytest.raises(PremaskError) as caught:
        import_label_maps(project, name, tmp_path / "out")
    assert "\n" not in str(caught.value)


def exported(name: str, folder: Path) -> list[Path]:
    """The text files of an export, and its PNGs."""
    label_map = np.array([[0, 0, 1, 255], [1, 2, 2, 1], [1, 2, 0, 1]], np.uint8)
    project = project_of(folder / "steel", {"a.png": label_map})
    label(project, folder / "labels", [label_map])
    export_label_maps(project, name, folder / "out", pictures=False)
    (folder / "out" / "premask.json").unlink()
    return sorted(path for path in (folder / "out").rglob("*") if path.is_file())


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@st.composite
def damaged(draw, data: bytes) -> bytes:
    """Cut off, with some bytes replaced, or with one value of its JSON replaced."""
    way = draw(st.sampled_from(["cut", "bytes", "json", "numbers"]))
    if way == "cut":
        return data[: draw(st.integers(0, max(len(data) - 1, 0)))]
    if way == "json" and data[:1] == b"{":
        content = json.loads(data)
        record, key = draw(st.sampled_from(list(places(content))))
        record[key] = draw(JSON_VALUE)
        return json.dumps(content).encode()
    changed = bytearray(data)
    if way == "numbers":
        digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
        if digits:
            at = draw(st.sampled_from(digits))
            changed[at : at + 1] = draw(st.sampled_from([b"-1", b"99999999999", b"", b"1.5", b"x"]))
            return bytes(changed)
    for _ in range(draw(st.integers(1, 4))):
        if changed:
            changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


def places(content: object) -> Iterator[tuple[object, object]]:
    """Every value within JSON, by what holds it and its key there."""
    keys = range(len(content)) if isinstance(content, list) else list(content)
    for key in keys:
        yield content, key
        if isinstance(content[key], list | dict):
            yield from places(content[key])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_give_one_line_and_nothing_else(name, data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / f"fuzz-{name}"
    if not folder.exists():
        folder.mkdir()
        exported(name, folder)
    out = folder / "out"
    files = sorted(path for path in out.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    intact = file.read_bytes()
    try:
        file.write_bytes(data.draw(damaged(intact)))
        said = refusal(name, out)
    finally:
        file.write_bytes(intact)
    if said is not None:
        assert "\n" not in said
        assert len(said) < 600
        assert said.startswith(tuple(f"{path.name}: " for path in [*files, out])), said


def refusal(name: str, path: Path) -> str | None:
    """What an import is refused with; its label maps are well-formed if it is not."""
    vocabulary = Vocabulary(make_phases(["Alpha", "TiB2", "Ti N/ü & <x>"]))
    try:
        maps = [one.read() for one in find_format(name).load(path, vocabulary)]
    except PremaskError as error:
        return str(error)
    for label_map in maps:
        assert label_map.dtype == np.uint8
        assert set(np.unique(label_map)) <= {0, 1, 2, VOID}
    return None
