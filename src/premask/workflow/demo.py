"""The first look: make or take micrographs, pre-annotate, name, write the page."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.words import count
from premask.evaluate.confusion import joint_counts
from premask.evaluate.matching import match
from premask.io.files import write_atomically
from premask.io.label_maps import encode_label_map
from premask.naming.table import make_table
from premask.project.candidates import all_candidates, read_regions, set_names
from premask.project.images import all_images, stem
from premask.project.label_maps import latest
from premask.project.project import Project, init_project, open_project
from premask.project.settings import FILE_NAME, Settings, preset
from premask.synthetic.micrograph import synthesize
from premask.workflow.add import add_images
from premask.workflow.import_labels import import_label_maps
from premask.workflow.name import name_by_prototypes
from premask.workflow.preannotate import Progress, preannotate
from premask.workflow.project_gallery import write_gallery

PER_TYPE = 2
"""Micrographs of each type: the first is named by its truth, the others by prototypes."""


@dataclass
class Demo:
    """What the demo made."""

    gallery: Path
    images: int
    candidates: int
    seconds: float
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run_demo(
    out: Path,
    *,
    images: Path | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = lambda _line: None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Demo:
    """Make a project in ``out`` and show it; a second run goes on with what is there.

    Parameters
    ----------
    images : Path, optional
        A folder of micrographs; six synthetic ones by default.

    Raises
    ------
    PremaskError
        If ``out`` is a folder with something else in it.
    """
    started = time.monotonic()
    if out.exists() and not (out / FILE_NAME).exists() and any(out.iterdir()):
        raise PremaskError(f"{out} is a folder with other files in it; name a new one")
    project = _own(out, images, say) if images else _synthetic(out, say)
    say("Making candidates with every method that can run here ...")
    summary = preannotate(project, jobs=jobs, on_progress=on_progress)
    for reason in summary.left_out:
        say(f"  left out: {reason}")
    if summary.stopped:
        raise KeyboardInterrupt
    if not images:
        say("Naming the first micrograph of each type by its truth, the others by prototypes ...")
        _name(project)
    gallery = out / "gallery.html"
    write_gallery(project, gallery)
    return Demo(
        gallery,
        len(all_images(project)),
        len(all_candidates(project)),
        time.monotonic() - started,
        summary.left_out,
        summary.failed,
    )


def _own(out: Path, images: Path, say: Callable[[str], None]) -> Project:
    if (out / FILE_NAME).exists():
        project = open_project(out)
    else:
        project = init_project(out, Settings(make_phases(["Phase A", "Phase B", "Phase C"])))
    added = add_images(project, [images])
    for line in added.refused:
        say(f"  not added: {line}")
    if added.label_maps:
        say(f"  {added.label_maps_line}")
    if not all_images(project):
        raise PremaskError(f"no micrograph in {images} could be read; see the lines above")
    say(f"{count(len(all_images(project)), 'micrograph')} from {images}")
    return project


def _synthetic(out: Path, say: Callable[[str], None]) -> Project:
    settings = preset("microsteel")
    exists = (out / FILE_NAME).exists()
    project = open_project(out) if exists else init_project(out, settings)
    say(f"Six micrographs of three steels, made by premask with their exact truth, in {out}")
    colours = [phase.colour for phase in settings.phases.phases]
    for type_, i in itertools.product(settings.phases.by_type, range(PER_TYPE)):
        name = f"steel-{type_}-{i + 1}"
        if any(stem(image.name) == name for image in all_images(project)):
            continue
        made = synthesize(type_, seed=i, with_bar=i == 1)
        image, truth = out / "made" / f"{name}.png", out / "made" / "truth" / f"{name}.png"
        truth.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(image, cv2.imencode(".png", made.image)[1].tobytes())
        write_atomically(truth, encode_label_map(made.truth, colours))
        added = add_images(project, [image], type_=type_, um_per_px=made.um_per_px).added
        import_label_maps(project, "png", truth, images=added)
    return project


def _name(project: Project) -> None:
    first = {image.type: image for image in reversed(all_images(project))}
    for image in first.values():
        truth = latest(project, image, "reference")
        for candidate in all_candidates(project, [image]):
            if truth is not None and not candidate.table:
                regions = read_regions(project, candidate)
                joint = joint_counts(regions, truth)
                table = match(joint, len(project.phases), "many-to-one").table
                names = [table.get(region) for region in range(int(regions.max()) + 1)]
                set_names(project, candidate, make_table(names, "truth").to_dict())
    name_by_prototypes(project)
