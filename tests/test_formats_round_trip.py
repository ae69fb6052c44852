"""Project -> format -> project, for every format that is entered: the same pixels."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conftest import SETS
from exchange_projects import (
    NAMES,
    SHAPES,
    LabelMap,
    awkward_maps,
    by_name,
    final_maps,
    label,
    make_project,
    same,
)
from premask.core.errors import PremaskError
from premask.core.phases import VOID, make_phases
from premask.interchange.formats import FORMATS
from premask.interchange.metaldam import CLASSES as METALDAM
from premask.interchange.microsteel import CLASSES as MICROSTEEL
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.candidates import all_candidates
from premask.project.images import all_images
from premask.project.imports import ImportedMap, store
from premask.project.label_maps import read_version
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images, change_image
from premask.workflow.derive import derive
from premask.workflow.exchange import MANIFEST
from premask.workflow.export_labels import export_label_maps
from premask.workflow.final_maps import final_version
from premask.workflow.import_labels import import_label_maps

HARMLESS = {"empty", "unlabelled", "no label map"}
"""What a round trip may find: void stays void, and images without a label map stay without."""


@dataclass
class Pair:
    """Two projects of the same images: what one exports, the other imports."""

    root: Path
    one: Project
    other: Project

    def there(self, format_: str, maps: dict[str, LabelMap]) -> None:
        """Export, import and compare."""
        label(self.one, maps)
        out = self.root / "out"
        shutil.rmtree(out, ignore_errors=True)
        exported = export_label_maps(self.one, format_, out)
        assert {finding.kind for finding in exported.findings} <= HARMLESS
        imported = import_label_maps(self.other, format_, out)
        assert {finding.kind for finding in imported.findings} <= HARMLESS
        assert sorted(imported.done) == sorted(final_maps(self.one))
        same(final_maps(self.other), maps)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    root = tmp_path_factory.mktemp("pair")
    projects = []
    for name in ("one", "other"):
        (root / name).mkdir()
        projects.append(make_project(root / name))
    return Pair(root, *projects)


@pytest.mark.parametrize("format_", FORMATS)
def test_awkward_maps_come_back_exactly(pair: Pair, format_: str) -> None:
    for maps in awkward_maps():
        pair.there(format_, maps)


PIXELS = st.sampled_from([*range(len(NAMES)), VOID])


@pytest.mark.parametrize("format_", FORMATS)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    maps=st.fixed_dictionaries(
        {
            name: hnp.arrays(np.uint8, shape, elements=PIXELS, fill=PIXELS)
            for name, shape in SHAPES.items()
        }
    )
)
def test_any_map_comes_back_exactly(pair: Pair, format_: str, maps: dict[str, LabelMap]) -> None:
    pair.there(format_, maps)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_zip_holds_the_same(pair: Pair, format_: str) -> None:
    maps = awkward_maps()[-1]
    label(pair.one, maps)
    export_label_maps(pair.one, format_, pair.root / f"{format_}.zip")
    import_label_maps(pair.other, format_, pair.root / f"{format_}.zip")
    same(final_maps(pair.other), maps)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_project_gives_the_same_bytes(pair: Pair, format_: str) -> None:
    label(pair.one, awkward_maps()[-2])
    packed = []
    for name in ("first.zip", "second.zip"):
        export_label_maps(pair.one, format_, pair.root / name)
        packed.append((pair.root / name).read_bytes())
    assert packed[0] == packed[1]


@pytest.mark.parametrize("format_", FORMATS)
def test_phases_are_found_by_name_in_another_order(
    tmp_path: Path, pair: Pair, format_: str
) -> None:
    """The other project has the phases the other way round: names decide, not numbers."""
    maps = awkward_maps()[5]
    label(pair.one, maps)
    export_label_maps(pair.one, format_, tmp_path / "out")
    turned = init_project(tmp_path / "turned", Settings(make_phases(NAMES[::-1])))
    add_images(turned, sorted((pair.root / "one" / "in").iterdir()), crop_bottom=0)
    import_label_maps(turned, format_, tmp_path / "out")
    same(
        {name: len(NAMES) - 1 - found for name, found in final_maps(turned).items()},
        maps,
    )


OWN_CLASSES = {"microsteel": MICROSTEEL, "metaldam": METALDAM}
"""Releases name their values nowhere."""


@pytest.mark.parametrize("format_", FORMATS)
def test_without_the_manifest_names_are_enough(tmp_path: Path, format_: str) -> None:
    """What came through another tool has no manifest any more."""
    shapes = {"a.png": (9, 10), "Gefüge 1.5 kV.png": (7, 8)}
    projects = []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        made = make_project(tmp_path / folder, shapes)
        phases = make_phases(OWN_CLASSES.get(format_, NAMES)[:5])
        projects.append(replace(made, settings=Settings(phases)))
    wanted = {
        name: np.random.default_rng(1).choice(np.array([0, 1, 2, 3, 4, VOID], np.uint8), shape)
        for name, shape in shapes.items()
    }
    label(projects[0], wanted)
    export_label_maps(projects[0], format_, tmp_path / "out")
    (tmp_path / "out" / MANIFEST).unlink()
    done = import_label_maps(projects[1], format_, tmp_path / "out")
    assert {finding.kind for finding in done.findings} == {"unlabelled"}
    same(final_maps(projects[1]), wanted)


@pytest.mark.parametrize("format_", FORMATS)
def test_two_images_of_one_name_are_told_apart(tmp_path: Path, format_: str) -> None:
    project = init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    for i, folder in enumerate(("x", "y")):
        (tmp_path / folder).mkdir()
        image = np.random.default_rng(i).integers(0, 256, (12, 15)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / folder / "same.png"), image)
        add_images(project, [tmp_path / folder / "same.png"], crop_bottom=0)
    images = all_images(project)
    assert [image.name for image in images] == ["same.png", "same.png"]
    wanted = {}
    for i, image in enumerate(images):
        wanted[image.id] = np.full((12, 15), i, np.uint8)
        wanted[image.id][i, i] = 1 - i
    _label_by_id(project, wanted)
    export_label_maps(project, format_, tmp_path / "out")
    import_label_maps(project, format_, tmp_path / "out")
    assert {image: found.tolist() for image, found in _by_id(project).items()} == {
        image: label_map.tolist() for image, label_map in wanted.items()
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_the_original_frame_comes_back_without_the_bar(tmp_path: Path, format_: str) -> None:
    project = make_project(tmp_path, {"a.png": (30, 20)})
    image = by_name(project)["a.png"]
    cropped = change_image(project, image, crop_bottom=9)
    wanted = {"a.png": np.random.default_rng(0).integers(0, 4, (21, 20)).astype(np.uint8)}
    label(project, wanted)
    assert cropped.view_height == 21
    done = export_label_maps(project, format_, tmp_path / "out", frame="original")
    assert done.done == ["a.png"]
    import_label_maps(project, format_, tmp_path / "out")
    same(final_maps(project), wanted)


@pytest.mark.parametrize("format_", FORMATS)
def test_sixty_four_phases(tmp_path: Path, format_: str) -> None:
    names = [f"phase {i}" for i in range(64)]
    projects = []
    for folder in ("a", "b"):
        projects.append(init_project(tmp_path / folder, Settings(make_phases(names))))
        cv2.imwrite(str(tmp_path / "x.png"), np.arange(80, dtype=np.uint8).reshape(8, 10))
        add_images(projects[-1], [tmp_path / "x.png"], crop_bottom=0)
    wanted = {"x.png": np.append(np.arange(64), [VOID] * 16).astype(np.uint8).reshape(8, 10)}
    label(projects[0], wanted)
    export_label_maps(projects[0], format_, tmp_path / "out")
    import_label_maps(projects[1], format_, tmp_path / "out")
    same(final_maps(projects[1]), wanted)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("set_", SETS)
def test_real_maps_come_back_exactly(data: Path, tmp_path: Path, set_: str) -> None:
    stems = sorted(path.stem for path in (data / set_ / "images").glob("*.png"))[:2]
    projects, wanted = [], {}
    for folder in ("one", "other"):
        names = [f"phase {i}" for i in range(SETS[set_])]
        projects.append(init_project(tmp_path / folder, Settings(make_phases(names))))
        for stem in stems:
            add_images(projects[-1], [data / set_ / "images" / f"{stem}.png"], crop_bottom=0)
            mask = cv2.imread(str(data / set_ / "masks" / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
            wanted[f"{stem}.png"] = mask.astype(np.uint8)
    label(projects[0], wanted)
    for format_ in FORMATS:
        export_label_maps(projects[0], format_, tmp_path / format_)
        import_label_maps(projects[1], format_, tmp_path / format_)
        same(final_maps(projects[1]), wanted)
        label(projects[1], {name: np.full_like(found, VOID) for name, found in wanted.items()})
        shutil.rmtree(tmp_path / format_)


def _label_by_id(project: Project, wanted: dict[str, LabelMap]) -> None:
    colours = [phase.colour for phase in project.phases.phases]
    store(
        project,
        [],
        [
            ImportedMap(
                image,
                objects.put(project.root, encode_label_map(wanted[image.id], colours), ".png"),
                "ana",
                "reference",
                "",
            )
            for image in all_images(project)
        ],
    )


def _by_id(project: Project) -> dict[str, LabelMap]:
    found = {}
    for image in all_images(project):
        version = final_version(project, image)
        assert version is not None
        found[image.id] = read_version(project, version)
    return found


HARD_NAMES = ("Größe: 1,5 µm", "#4", "a:1,2,3", "region 2", "0", "background", "NULL", "=1+1")
"""Names that look like something else in some file."""


@pytest.mark.parametrize("format_", FORMATS)
def test_hard_names_come_back_or_are_refused(tmp_path: Path, format_: str) -> None:
    """CVAT has no way to write a colon; nothing else may refuse, and nothing may mix them up."""
    projects = []
    picture = np.arange(90, dtype=np.uint8).reshape(9, 10)
    for folder, names in (("a", HARD_NAMES), ("b", HARD_NAMES[::-1])):
        projects.append(init_project(tmp_path / folder, Settings(make_phases(names))))
        cv2.imwrite(str(tmp_path / "x.png"), picture)
        add_images(projects[-1], [tmp_path / "x.png"], crop_bottom=0)
    wanted = (np.arange(90, dtype=np.uint8) % 8).reshape(9, 10)
    label(projects[0], {"x.png": wanted})
    if format_ == "cvat":
        with pytest.raises(PremaskError, match="cannot stand in CVAT's"):
            export_label_maps(projects[0], format_, tmp_path / "out")
        return
    export_label_maps(projects[0], format_, tmp_path / "out")
    for kind in ("reference", "candidate"):
        import_label_maps(projects[1], format_, tmp_path / "out", kind=kind)
    same(final_maps(projects[1]), {"x.png": 7 - wanted})
    (candidate,) = all_candidates(projects[1])
    assert np.array_equal(derive(projects[1], candidate).label_map, 7 - wanted)
