"""Projects and images on their way out, for the tests of formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from premask.core.exchange import Layer, Outgoing
from premask.core.phases import Phases, make_phases
from premask.io.label_maps import encode_label_map
from premask.project.candidates import all_candidates
from premask.project.images import all_images
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.derive import derive
from premask.workflow.final_maps import final_version
from premask.workflow.import_labels import import_label_maps

PHASES = make_phases(["Alpha", "TiB2", "Ti N/ü & <x>"])

ANY_MAP = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=24) | st.sampled_from([(1, 31), (31, 1)]),
    elements=st.sampled_from([0, 1, 2, 255]),
)


def special_maps() -> dict[str, NDArray[np.uint8]]:
    """Maps that formats stumble over, by names that they stumble over."""
    rng = np.random.default_rng(7)
    one = np.zeros((40, 50), np.uint8)
    one[13, 17] = 2
    holes = np.ones((40, 50), np.uint8)
    holes[10:30, 10:30] = 0
    holes[15:20, 15:20] = 255
    return {
        "one pixel.png": one,
        "holes.v2.png": holes,
        "größe.png": rng.integers(0, 3, (40, 50)).astype(np.uint8),
        "single.png": np.full((40, 50), 1, np.uint8),
        "void.png": np.full((40, 50), 255, np.uint8),
        "line.png": rng.choice([0, 1, 2, 255], (1, 50)).astype(np.uint8),
    }


def project_of(
    root: Path, maps: Mapping[str, NDArray[np.uint8]], phases: Phases = PHASES
) -> Project:
    """A project of images with these names and sizes, without labels."""
    project = init_project(root, Settings(phases))
    for number, (name, label_map) in enumerate(maps.items()):
        folder = root.parent / f"{root.name} images" / str(number)
        folder.mkdir(parents=True)
        picture = np.random.default_rng(number).integers(0, 256, label_map.shape)
        done, data = cv2.imencode(".png", picture.astype(np.uint8))
        assert done
        (folder / Path(name).name).write_bytes(data.tobytes())
        added = add_images(project, [folder / Path(name).name], crop_bottom=0)
        assert len(added.added) == 1, added
    return project


def label(project: Project, folder: Path, maps: Sequence[NDArray[np.uint8]], **how: str) -> None:
    """Give the images of a project, in their order, these labels."""
    for number, (image, label_map) in enumerate(zip(all_images(project), maps, strict=True)):
        path = folder / str(number) / f"{Path(image.name).stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_label_map(label_map, ["#000000"]))
        import_label_maps(project, "png", path, images=[image], **how)


def labels_of(project: Project) -> list[NDArray[np.uint8] | None]:
    """The final label maps, in the order of the images."""
    from premask.project.label_maps import read_version

    versions = [final_version(project, image) for image in all_images(project)]
    return [None if one is None else read_version(project, one) for one in versions]


def candidates_of(project: Project) -> dict[tuple[str, str], NDArray[np.uint8]]:
    """The candidates' label maps by image and method."""
    images = all_images(project)
    names = {image.id: image.name for image in images}
    return {
        (names[one.image], one.parameters.method): derive(project, one).label_map
        for one in all_candidates(project, images)
    }


def outgoing(name: str, *layers: Layer, shape: tuple[int, int] = (6, 8)) -> Outgoing:
    """An image on its way out, with a flat grey picture."""
    return Outgoing(
        name, f"{name}.tif", f"id of {name}", shape[1], shape[0], layers,
        lambda: np.full(shape, 99, np.uint8),
    )  # fmt: skip
