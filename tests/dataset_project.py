"""A small project whose images are labelled in both ways, with times."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dataset_fakes import with_bar
from helpers import log_of, small_micrograph
from premask.core.micrograph import window
from premask.core.origins import ORIGINS
from premask.core.phases import Phases, make_phases
from premask.core.records import ImageRecord
from premask.io.images import read_micrograph
from premask.project.events import append_events
from premask.project.images import all_images, find_image
from premask.project.label_maps import save_label_map
from premask.project.project import Project, init_project
from premask.project.sessions import add_annotator, replace_base, submit
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.annotate import begin

SHAPE = (300, 320)
NAMES = ("Alpha", "TiB2", "TiN", "FeTiB")
MINUTES = {"scratch": 12.0, "preannotated": 4.0}


def truth(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Discs of TiB2, a speck of TiN in every second image, FeTiB in a corner, one void pixel."""
    labels = (cv2.GaussianBlur(image, (0, 0), 1.5) > 120).astype(np.uint8)
    labels[:30, : 20 + 10 * (seed % 5)] = 3
    if seed % 2 == 0:
        labels[100:104, 100:104] = 2
    labels[-1, -1] = 255
    return labels


def write_sources(folder: Path, n: int) -> None:
    """n micrographs in types I and II: PNGs, JPEGs with a bar, one 16-bit TIFF."""
    for seed in range(n):
        image, name = small_micrograph(seed + 400, SHAPE), f"steel {seed:02}"
        place = folder / ("I" if seed % 2 else "II")
        place.mkdir(parents=True, exist_ok=True)
        if seed % 3 == 0:
            Image.fromarray(with_bar(image)).save(place / f"{name}.jpg", quality=95)
        elif seed == 1:
            Image.fromarray(image.astype(np.uint16) * 200 + 31).save(place / f"{name}.tif")
        else:
            Image.fromarray(image).save(place / f"{name}.png")


def work(
    project: Project,
    image: ImageRecord,
    annotator: str,
    strategy: str,
    labels: NDArray[np.uint8],
    minutes: float,
) -> None:
    """A session from its beginning to its submission, with a log of so many minutes."""
    add_annotator(project, annotator)
    session = begin(project, image, annotator, strategy)
    page = f"{strategy}-{annotator}-{image.id[:8]}"
    append_events(project, session.id, log_of(minutes, page))
    origins = np.full(labels.shape, ORIGINS["expert"], np.uint8)
    revision = replace_base(project, session.id, labels, origins, {}, revision=session.revision)
    submit(project, session.id, revision=revision)


def make_project(root: Path, n: int = 12) -> Project:
    """n images; of the last one nothing is labelled; one map alone is imported."""
    phases = Phases(
        make_phases(NAMES).phases,
        by_type={"I": NAMES, "II": NAMES},
        inside={"TiN": ("TiB2",)},
    )
    project = init_project(root / "project", Settings(phases))
    write_sources(root / "in", n)
    for type_ in ("I", "II"):
        add_images(project, [root / "in" / type_], type_=type_, um_per_px=0.05)
    for seed in range(n - 1):
        (image,) = [one for one in all_images(project) if one.name.startswith(f"steel {seed:02}")]
        labels = truth(small_micrograph(seed + 400, SHAPE), seed)
        if seed == n - 2:
            save_label_map(project, image, labels, annotator="", strategy="reference")
            continue
        rough = labels.copy()
        rough[40:44] = 0
        people = ("Ana Secret", "Ben Secret") if seed % 2 else ("Ben Secret", "Ana Secret")
        work(project, image, people[0], "scratch", rough, MINUTES["scratch"] + seed)
        work(project, image, people[0], "preannotated", labels, MINUTES["preannotated"] + seed / 10)
    return project


def add_copy(
    project: Project, root: Path, of: str, name: str, *, labelled: bool = True
) -> ImageRecord:
    """Another image of the same field, compressed, with or without a label map of its own."""
    source = next(path for path in (root / "in").rglob(f"{of}.*"))
    grey = window(read_micrograph(source).pixels)[: SHAPE[0]]
    target = root / "copies" / f"{name}.jpg"
    target.parent.mkdir(exist_ok=True)
    Image.fromarray((grey * 0.9 + 10).astype(np.uint8)).save(target, quality=60)
    add_images(project, [target], type_="I", crop_bottom=0)
    image = find_image(project, target.name)
    if labelled:
        labels = (grey > 120).astype(np.uint8)
        save_label_map(project, image, labels, annotator="", strategy="reference")
    return image
